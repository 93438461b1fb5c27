"""What is lost of very many units, of which all that are alike are drawn together.

Of m units with the same counts as many are lost as a binomial draw of m says: the sums have the
distribution that they have where each is drawn for itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.stats.units import Units
from harness.tasks.parts import PartCounts

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = ["Lost", "alike", "lost_together"]

_BLOCK = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Lost:
    """What was lost in each of some draws, `n` of them."""

    gone: Array
    """The counts, `(n, 4 x groups)`."""
    largest: Array
    """The largest portions, in any measure, where they are all; `(n, most)`."""
    number: Array
    """How many portions there are, `(n,)`."""
    total: Array
    """Their sum, `(n,)`."""
    squares: Array
    """The sum of the squares of what single units lost, `(n,)`."""


def alike(counts: PartCounts, units: Units) -> tuple[Array, Any]:
    """The distinct counts of units, and how many units have them."""
    import numpy as np

    if counts.pattern is not None and units.single:
        table, uses = counts.distinct, np.bincount(counts.pattern, minlength=len(counts.distinct))
    else:
        table = units.fold(counts.rows)
        uses = np.ones(len(table), dtype=np.int64)
    distinct, places = np.unique(table, axis=0, return_inverse=True)
    return distinct, np.bincount(places.reshape(-1), uses, len(distinct)).astype(np.int64)


def lost_together(
    lost: Array,
    right: Array,
    worth: Array,
    uses: Any,
    *,
    share: float,
    whole: bool,
    draws: int,
    most: int,
    seed: int,
) -> Lost:
    """Draw what is lost where each unit, or each of its mentions, is lost with a probability.

    `lost`, `right` and `worth` are as in `PossibleDrops`, a row for the units that are alike;
    `uses` says how many these are. Up to `most` portions are told one by one.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    gone = np.zeros((draws, *lost.shape[1:]))
    number, total, squares = (np.zeros(draws) for _ in range(3))
    single: list[list[Array]] = [[] for _ in range(draws)]
    for start in range(0, len(lost), _BLOCK):
        block = slice(start, start + _BLOCK)
        if whole:
            drawn = rng.binomial(uses[block, None], share, (draws, len(uses[block]), 1))
            portions = worth[block].sum(axis=1)
            gone += np.einsum("du,ugk->dgk", drawn[..., 0], lost[block])
        else:
            sizes = np.ceil(right[block]).astype(np.int64)  # Half a credit is a mention too.
            each = np.maximum(1, sizes)
            drawn = rng.binomial(uses[block, None] * sizes, share, (draws, *sizes.shape))
            portions = (worth[block] / each).reshape(-1)
            gone += np.einsum("dug,ugk->dgk", drawn / each, lost[block])
            # Mentions that one unit loses together: as many pairs of them as are expected.
            pairs = worth[block].sum(axis=1) ** 2 - (worth[block] ** 2 / each).sum(axis=1)
            squares += share**2 * float(pairs @ uses[block])
        flat = drawn.reshape(draws, -1)
        number += flat @ (portions > 0)
        total += flat @ portions
        squares += flat @ portions**2
        for draw in np.flatnonzero(number <= most):
            some = np.flatnonzero(flat[draw])
            single[draw].append(np.repeat(portions[some], flat[draw, some]))
    largest = np.zeros((draws, most))
    for draw in np.flatnonzero(number <= most):
        portions = np.sort(np.concatenate(single[draw]))[::-1][:most]
        largest[draw, : len(portions)] = portions
    return Lost(gone.reshape(draws, -1), largest, number, total, squares)
