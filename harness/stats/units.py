"""What is resampled, and whether there is enough of it.

Mentions within one document are not independent, so documents are what is drawn from 8 on; fewer
cannot carry it (two-sided, five documents never get below p = 2/2^5), so paragraphs are drawn
within their documents there, and what comes out speaks of these documents alone. Intervals and
tests of one table use the same units: they are made here, once. More than 20,000 are drawn in
random groups, so that a resample of a million documents costs what one of 2,000 does.

Sources: Kish 1965, "Survey Sampling", §11.7 (the effective number of units of unequal weight);
Wolter 2007, "Introduction to Variance Estimation", ch. 2 (random groups); docs/statistics.md has
the simulations behind the limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    """Counts, or what is made of them; only for those who check types."""

__all__ = [
    "COMPARE_SUPPORT",
    "CountTable",
    "DEFAULT_RESAMPLES",
    "LEAST_DOCUMENTS",
    "LEAST_UNITS",
    "MOST_UNITS",
    "Rows",
    "SampleSize",
    "UnitKind",
    "Units",
    "added",
    "blocks",
    "drawn_of",
    "sampling_unit",
    "spread",
]

UnitKind: TypeAlias = Literal["paragraph", "document"]

DEFAULT_RESAMPLES = 10_000
"""Of a bootstrap; and random assignments of a test, where they are not all counted."""

COMPARE_SUPPORT = 20
"""Parts with fewer gold mentions than this are not compared on their own."""

LEAST_DOCUMENTS = 8
"""From this many documents on documents are resampled; below, paragraphs within them."""

LEAST_UNITS = 6
"""With fewer units that hold anything there is no interval and no test: not even the lowest and
the highest of n values hold a median more often than in 1 - 2^(1-n) of cases, which is 94 % for 5;
and no test over 5 units ever gives less than p = 0.06."""

MOST_UNITS = 20_000
"""So many units are drawn, or swapped, one by one; more in random groups."""

_GROUPS = 2_000
"""A standard error from so many has a coefficient of variation of 1 / sqrt(2 x 2,000) = 1.6 %."""
_ROWS = 32_768
"""Of a block: columns of few rows lie close together."""
_LEAST_GROUPS = 100
"""Of a stratum, however small its part of all units is."""


def sampling_unit(documents: int) -> UnitKind:
    """What is resampled of a gold set with so many documents."""
    return "document" if documents >= LEAST_DOCUMENTS else "paragraph"


def drawn_of(units: int) -> int:
    """How many units, or groups of them, a resample draws of so many."""
    return units if units <= MOST_UNITS else _GROUPS


def added(table: Array, labels: Any, size: int) -> Array:
    """Sums of the rows of each label from 0 up: `(n, k)` and `(n,)` in, `(size, k)` out."""
    import numpy as np

    sums = np.empty((size, table.shape[1]))
    for column in range(table.shape[1]):
        sums[:, column] = np.bincount(labels, table[:, column], size)
    return sums


class Rows:
    """A table of which many rows are alike: row `i` is `distinct[pattern[i]]`. Rows, and columns of
    them, are made when they are asked for; to numpy it is the whole table."""

    __slots__ = ("distinct", "pattern")

    def __init__(self, distinct: Array, pattern: Any) -> None:
        self.distinct = distinct
        self.pattern = pattern

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.pattern), self.distinct.shape[1]

    def __len__(self) -> int:
        return len(self.pattern)

    def __getitem__(self, chosen: Any) -> Array:
        rows, *columns = chosen if isinstance(chosen, tuple) else (chosen,)
        found: Array = self.distinct[self.pattern[rows]]
        return found[(..., *columns)] if columns else found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self[:].astype(dtype or self.distinct.dtype, copy=False)


CountTable: TypeAlias = "Array | Rows"
"""Counts, a row for each unit or paragraph."""


def _table(counts: Any) -> Any:
    """Counts as a table whose blocks are arrays; of whatever numbers, for it may be large."""
    import numpy as np

    return counts if isinstance(counts, Rows) else np.asarray(counts)


def blocks(rows: int, step: int) -> Iterator[slice]:
    """All rows, in blocks of so many."""
    return (slice(start, start + step) for start in range(0, rows, step))


def spread(number: int, groups: int, rng: Any) -> Any:
    """Labels that put so many things into groups at random; the first groups have one more. Of at
    most 65,536 groups."""
    import numpy as np

    labels = np.resize(np.arange(groups, dtype=np.uint16), number)
    rng.shuffle(labels)
    return labels


@dataclass(frozen=True, slots=True)
class SampleSize:
    """How much stands behind a number: units that hold something, and what they are worth.

    `effective` is Kish's number of units, which is smaller where some are much larger than others,
    or of the groups that they are drawn in; `degrees` are the degrees of freedom of a Student
    interval, at least 1.
    """

    unit: UnitKind
    units: int
    effective: float
    degrees: float

    @property
    def lacking(self) -> str | None:
        """Why there can be no interval and no test, `None` where there can."""
        if self.units >= LEAST_UNITS:
            return None
        if not self.units:
            return f"no {self.unit} holds anything of it"
        holders = f"one {self.unit} holds" if self.units == 1 else f"{self.units} {self.unit}s hold"
        return f"only {holders} anything of it, and it takes {LEAST_UNITS}"


def _numbered(documents: Sequence[int]) -> tuple[bool, int, Any]:
    """Whether each paragraph is a document, in order; how many documents there are; and that of
    each paragraph, numbered from 0, where there is more to it."""
    import numpy as np

    if isinstance(documents, range):
        return True, len(documents), documents
    numbers = np.asarray(documents, dtype=np.int64)
    steps = np.diff(numbers, prepend=numbers[:1])
    in_order = bool((steps >= 0).all())  # As they come: nothing has to be sorted.
    own = np.cumsum(steps > 0) if in_order else np.unique(numbers, return_inverse=True)[1]
    count = int(own.max()) + 1 if len(numbers) else 0
    return in_order and len(numbers) == count, count, own


class Units:
    """The units of one gold set: `documents[i]` is the document in which paragraph `i` stands."""

    def __init__(self, documents: Sequence[int]) -> None:
        self.single, self.documents, self._documents = _numbered(documents)
        """Whether each paragraph is a document, in order: the counts are the same."""
        self.unit: UnitKind = sampling_unit(self.documents)
        self._folds = self.unit == "document"
        self.strata: list[Any] = [range(self.documents)] if self._folds else self._split()
        """Indices of the units that are drawn from each other: all documents, or the paragraphs of
        one document. Documents of one paragraph, which alone would not vary, share a stratum."""
        self.grouped = len(self) > MOST_UNITS
        """Whether units are drawn in random groups."""
        self._drawn: tuple[int, Any] | None = None
        self._groups = [self._number_of_groups(len(stratum)) for stratum in self.strata]
        self.sizes: list[int] = [
            number
            for stratum, groups in zip(self.strata, self._groups, strict=True)
            for number in (len(stratum) % groups, groups - len(stratum) % groups)
            if number
        ]
        """How many units are drawn from each other, by stratum; or how many groups of them."""

    def __len__(self) -> int:
        return self.documents if self._folds else len(self._documents)

    def fold(self, counts: Any) -> Array:
        """Counts per unit, `(units, k)`, from counts per paragraph, `(paragraphs, k)`."""
        import numpy as np

        table: Array = np.asarray(counts, dtype=np.float64)
        if not self._folds or self.single:
            return table
        return added(table, self._documents, self.documents)

    def drawn(self, counts: Any, seed: int) -> list[Array]:
        """Counts per paragraph, `(paragraphs, k)`, of the units of each stratum, or of the groups
        that the seed makes of them: what is drawn from each other."""
        import numpy as np

        if not self.grouped:
            folded = self.fold(counts)
            return [folded] if self._folds else [folded[stratum] for stratum in self.strata]
        if self._drawn is None or self._drawn[0] != seed:
            self._drawn = seed, self.groups(seed)
        groups, table = self._drawn[1], _table(counts)
        sums = np.zeros((sum(self.sizes), table.shape[1]))
        for rows in blocks(len(table), _ROWS):
            sums += added(table[rows], groups[rows], len(sums))
        return np.split(sums, np.cumsum(self.sizes)[:-1])

    def groups(self, seed: int) -> Any:
        """The random group of each paragraph, from 0 up, in the order of `sizes`.

        Of all units some 2,000 groups are made, shared out between strata by their numbers of
        units, at least 100 each; by the seed, whatever the counts are, so that all that is compared
        has the same groups. The variance that groups show is then that of their units, on average
        over all ways to make them. Groups of a stratum differ by one unit at most, and those of a
        size are drawn from each other alone: what the larger ones have more of adds no variance.
        """
        import numpy as np

        rng = np.random.default_rng((seed, 1))  # Not what the resamples are drawn with.
        if self._folds:
            labels = spread(len(self), self._groups[0], rng)
            return labels if self.single else labels[self._documents]
        labels, first = np.empty(len(self), dtype=np.int32), 0
        for stratum, groups in zip(self.strata, self._groups, strict=True):
            labels[stratum] = first + spread(len(stratum), groups, rng).astype(np.int32)
            first += groups
        return labels

    def evidence(self, *counts: Any) -> SampleSize:
        """What stands behind numbers made of these counts per paragraph, taken together."""
        import numpy as np

        tables = [_table(table) for table in counts]

        def weigh(rows: slice) -> Array:
            # A product, since to sum rows of few columns takes ten times as long; the same number.
            parts = [table[rows] for table in tables]
            weight: Array = sum(part @ np.ones(part.shape[1]) for part in parts)
            return weight

        total = squares = 0.0
        holding = 0
        apart = self.single or not self._folds
        for rows in blocks(len(tables[0]), _ROWS) if apart else (slice(None),):
            weight = weigh(rows) if apart else self.fold(weigh(rows)[:, None])[:, 0]
            total, squares = total + float(weight.sum()), squares + float(weight @ weight)
            holding += int((weight > 0).sum())
        effective = total**2 / squares if total else 0.0
        if self.grouped and effective:
            # Kish's formula on the groups: by chance two units share one.
            together = (len(self) / sum(self.sizes) - 1) / (len(self) - 1)
            effective = 1 / (1 / effective + (1 - 1 / effective) * together)
        degrees = max(1.0, effective - max(1, len(self.sizes)))
        return SampleSize(self.unit, holding, effective, degrees)

    def _number_of_groups(self, size: int) -> int:
        if not self.grouped:
            return size
        groups = min(size, max(_LEAST_GROUPS, _GROUPS * size // len(self)))
        while groups > 1 and 1 in (size % groups, groups - size % groups):
            groups -= 1  # The only one of its size would not vary.
        return groups

    def _split(self) -> list[Any]:
        import numpy as np

        of = np.asarray(self._documents)
        groups = [np.flatnonzero(of == number) for number in range(self.documents)]
        strata = [group for group in groups if len(group) > 1]
        single = [group for group in groups if len(group) == 1]
        if len(single) == 1 and strata:
            strata[-1] = np.concatenate([strata[-1], single[0]])
        elif single:
            strata.append(np.concatenate(single))
        return strata
