"""Counts per unit as a line of the history holds them: small, and readable without the gold.

From 8 documents on a unit is a document, below a paragraph, as everywhere (`harness.stats.units`):
nothing finer is ever resampled. Of more than 20,000 documents there are the sums of 2,000 random
groups, the same in every line: with a row for each document a line would have megabytes.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.coding import EXACT, compact, decode, parse_json
from harness.stats.units import Units, added, drawn_of, sampling_unit
from harness.tasks.parts import PartCounts
from harness.tasks.tally import Part, TallyKey, Weights

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = ["in_groups", "pack", "paragraphs_of", "part_counts", "random_codes", "unpack"]

_MOST = 1 << 26
"""Bytes that the counts of a line may unpack to; what is larger is not written."""


def paragraphs_of(numbers: Sequence[int]) -> tuple[int, ...]:
    """How many paragraphs each document has; of documents that are units themselves, none."""
    documents = numbers[-1] + 1 if numbers else 0
    if sampling_unit(documents) == "document":
        return ()
    counts = [0] * documents
    for number in numbers:
        counts[number] += 1
    return tuple(counts)


def pack(counts: PartCounts, numbers: Sequence[int]) -> str:
    """The counts of every unit: columns in JSON, zlib, Base64. They are halves, and doubled.

    `numbers` are the documents of the rows. Of a mean, groups without gold are left out: they are
    in no mean.
    """
    import numpy as np

    units = Units(numbers)
    rows = units.fold(counts.rows)
    table = np.rint(2 * (rows if units.unit == "paragraph" else in_groups(rows))).astype(np.int64)
    if counts.part.over is not None:
        groups = np.flatnonzero(table[:, 1::4].sum(axis=0))
        table = table[:, (4 * groups[:, None] + np.arange(4)).ravel()]
    text = compact(table.T.tolist())
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def in_groups(rows: Array) -> Array:
    """Counts of documents, `(documents, k)`, or sums of random groups of them, where they are more
    than 20,000."""
    import numpy as np

    groups = drawn_of(len(rows))
    if groups == len(rows):
        return rows
    labels = np.empty(len(rows), dtype=np.int32)
    labels[np.argsort(random_codes(len(rows)))] = np.arange(len(rows)) % groups
    return added(rows, labels, groups)


def random_codes(number: int) -> Any:
    """So many numbers, no two of them equal: the first that SplitMix64 (Steele, Lea and Flood 2014)
    gives after 0. Unlike draws of numpy they are the same in every version, so that lines which
    were written years apart have the same groups."""
    import numpy as np

    codes = np.arange(1, number + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    codes = (codes ^ (codes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    codes = (codes ^ (codes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return codes ^ (codes >> np.uint64(31))


def unpack(packed: str) -> Array:
    """The inverse, `(units, 4 x groups)`. Raises `ValueError` for what `pack` cannot have made."""
    import numpy as np

    try:
        opener = zlib.decompressobj()
        data = opener.decompress(base64.b64decode(packed, validate=True), _MOST)
    except (ValueError, zlib.error) as error:
        raise ValueError(f"its counts cannot be unpacked: {error}") from None
    if not opener.eof:
        if len(data) >= _MOST:
            raise ValueError(f"its counts are larger than {_MOST >> 20} MiB")
        raise ValueError("its counts cannot be unpacked: they are cut off")
    columns = decode(tuple[tuple[int, ...], ...], parse_json(data.decode()), "counts")
    if not columns:
        raise ValueError("it is a mean over types of which none has gold")
    if len(columns) % 4 or len({len(column) for column in columns}) > 1:
        raise ValueError("its counts are no table of found, gold, right and predicted")
    if any(not 0 <= n <= EXACT for column in columns for n in column):
        raise ValueError("one of its counts is below 0 or too large")
    table = np.asarray(columns, dtype=np.float64).T / 2
    found, gold, right, predicted = (table[:, side::4] for side in range(4))
    if (found > gold).any() or (right > predicted).any():
        raise ValueError("more is found than there is, or more right than predicted")
    return table


def part_counts(rows: Array, name: str, *, mean: bool, beta: float) -> PartCounts:
    """The counts as a measure; `mean` says that it is one over groups of four columns."""
    one = Part(name, _no_key, beta=beta)
    part = one._replace(over=(one,) * (rows.shape[1] // 4)) if mean else one
    return PartCounts(rows, part, weights=part.weights)


def _no_key(key: TallyKey) -> Weights:
    raise AssertionError(f"counts of a history have no keys, asked for {key}")
