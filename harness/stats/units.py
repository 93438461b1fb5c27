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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    """Counts, or what is made of them; only for those who check types."""

__all__ = [
    "COMPARE_SUPPORT",
    "DEFAULT_RESAMPLES",
    "LEAST_DOCUMENTS",
    "LEAST_UNITS",
    "MOST_UNITS",
    "SampleSize",
    "UnitKind",
    "Units",
    "added",
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


def spread(number: int, groups: int, rng: Any) -> Any:
    """Labels that put so many things into groups at random; the first groups have one more."""
    import numpy as np

    return rng.permutation(np.arange(number, dtype=np.int32) % groups)


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


class Units:
    """The units of one gold set: `documents[i]` is the document in which paragraph `i` stands."""

    def __init__(self, documents: Sequence[int]) -> None:
        import numpy as np

        numbers = np.asarray(documents, dtype=np.int64)
        steps = np.diff(numbers, prepend=numbers[:1])
        in_order = bool((steps >= 0).all())  # As they come: nothing has to be sorted.
        self._documents = (
            np.cumsum(steps > 0) if in_order else np.unique(numbers, return_inverse=True)[1]
        )
        self.documents = int(self._documents.max()) + 1 if len(numbers) else 0
        self.unit: UnitKind = sampling_unit(self.documents)
        self._folds = self.unit == "document"
        self.single = in_order and len(numbers) == self.documents
        """Whether each paragraph is a document, in order: the counts are the same."""
        self.strata: list[Any] = [np.arange(self.documents)] if self._folds else self._split()
        """Indices of the units that are drawn from each other: all documents, or the paragraphs of
        one document. Documents of one paragraph, which alone would not vary, share a stratum."""
        self.grouped = len(self) > MOST_UNITS
        """Whether units are drawn in random groups."""
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

        table = np.asarray(counts, dtype=np.float64)
        if not self._folds or self.single:
            return table
        return added(table, self._documents, self.documents)

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
        labels, first = np.empty(len(self), dtype=np.int32), 0
        for stratum, groups in zip(self.strata, self._groups, strict=True):
            labels[stratum] = first + spread(len(stratum), groups, rng)
            first += groups
        return labels[self._documents] if self._folds else labels

    def evidence(self, *counts: Any) -> SampleSize:
        """What stands behind numbers made of these counts per paragraph, taken together."""
        import numpy as np

        tables = [np.asarray(table, dtype=np.float64) for table in counts]
        # A product, since to sum rows of few columns takes ten times as long; the same number.
        weight = self.fold(sum(table @ np.ones((table.shape[1], 1)) for table in tables))[:, 0]
        total = float(weight.sum())
        effective = total**2 / float((weight**2).sum()) if total else 0.0
        if self.grouped and effective:
            # Kish's formula on the groups: by chance two units share one.
            together = (len(self) / sum(self.sizes) - 1) / (len(self) - 1)
            effective = 1 / (1 / effective + (1 - 1 / effective) * together)
        degrees = max(1.0, effective - max(1, len(self.sizes)))
        return SampleSize(self.unit, int((weight > 0).sum()), effective, degrees)

    def _number_of_groups(self, size: int) -> int:
        if not self.grouped:
            return size
        groups = min(size, max(_LEAST_GROUPS, _GROUPS * size // len(self)))
        while groups > 1 and 1 in (size % groups, groups - size % groups):
            groups -= 1  # The only one of its size would not vary.
        return groups

    def _split(self) -> list[Any]:
        import numpy as np

        groups = [np.flatnonzero(self._documents == number) for number in range(self.documents)]
        strata = [group for group in groups if len(group) > 1]
        single = [group for group in groups if len(group) == 1]
        if len(single) == 1 and strata:
            strata[-1] = np.concatenate([strata[-1], single[0]])
        elif single:
            strata.append(np.concatenate(single))
        return strata
