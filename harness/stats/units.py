"""What is resampled, and whether there is enough of it.

Mentions within one document are not independent, so documents are what is drawn from 8 on; fewer
cannot carry it (two-sided, five documents never get below p = 2/2^5), so paragraphs are drawn
within their documents there, and what comes out speaks of these documents alone. Intervals and
tests of one table use the same units: they are made here, once.

Sources: Kish 1965, "Survey Sampling", §11.7 (the effective number of units of unequal weight);
docs/statistics.md has the simulations behind both limits.
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
    "SampleSize",
    "UnitKind",
    "Units",
    "sampling_unit",
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


def sampling_unit(documents: int) -> UnitKind:
    """What is resampled of a gold set with so many documents."""
    return "document" if documents >= LEAST_DOCUMENTS else "paragraph"


@dataclass(frozen=True, slots=True)
class SampleSize:
    """How much stands behind a number: units that hold something, and what they are worth.

    `effective` is Kish's number of units, which is smaller where some are much larger than others;
    `degrees` are the degrees of freedom of a Student interval, at least 1.
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
        self._documents = np.unique(numbers, return_inverse=True)[1]
        self.documents = int(self._documents.max()) + 1 if len(numbers) else 0
        self.unit: UnitKind = sampling_unit(self.documents)
        self._folds = self.unit == "document"
        self.strata: list[Any] = [np.arange(self.documents)] if self._folds else self._split()
        """Indices of the units that are drawn from each other: all documents, or the paragraphs of
        one document. Documents of one paragraph, which alone would not vary, share a stratum."""

    def __len__(self) -> int:
        return self.documents if self._folds else len(self._documents)

    def fold(self, counts: Any) -> Array:
        """Counts per unit, `(units, k)`, from counts per paragraph, `(paragraphs, k)`."""
        import numpy as np

        table = np.asarray(counts, dtype=np.float64)
        if not self._folds:
            return table
        folded = np.zeros((self.documents, table.shape[1]))
        np.add.at(folded, self._documents, table)
        return folded

    def evidence(self, *counts: Any) -> SampleSize:
        """What stands behind numbers made of these counts per paragraph, taken together."""
        import numpy as np

        tables = [np.asarray(table, dtype=np.float64) for table in counts]
        weight = self.fold(sum(table.sum(axis=1, keepdims=True) for table in tables))[:, 0]
        total = float(weight.sum())
        effective = total**2 / float((weight**2).sum()) if total else 0.0
        degrees = max(1.0, effective - max(1, len(self.strata)))
        return SampleSize(self.unit, int((weight > 0).sum()), effective, degrees)

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
