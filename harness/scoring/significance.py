"""Bootstrap intervals and paired randomisation tests on sufficient statistics.

Nothing is scored again: a score is a function of summed counts, so resampling adds up counts.
One *unit* is what is resampled (a paragraph or a document); its counts are integers
`(tp, predicted, gold)`. numpy is imported when a function is called.

Sources: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", ch. 13 (percentile
interval); Noreen 1989 and Yeh 2000, "More accurate tests for the statistical significance of
result differences" (approximate randomisation); Davison and Hinkley 1997, §4.2 (the `+1` of a
Monte Carlo p-value); Holm 1979 (correction for many pairs).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = [
    "FEW_DOCUMENTS",
    "Interval",
    "PairedTest",
    "Resampler",
    "detectable_difference",
    "f1",
    "holm",
    "interval",
    "paired_interval",
    "precision",
    "randomisation_test",
    "recall",
    "sampling_unit",
    "tie_groups",
]

FEW_DOCUMENTS = 30
"""Below this many documents paragraphs are resampled within their documents."""

_GRID_WORK = 400_000_000
_Z_95 = 1.959964
_Z_80_POWER = 0.841621

Statistic = Callable[["Array"], "Array"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A percentile bootstrap interval; `low`/`high` are `None` where the score is undefined."""

    low: float | None
    high: float | None
    standard_error: float | None
    resamples: int
    seed: int
    level: float = 0.95

    def excludes_zero(self) -> bool:
        """Whether 0 lies outside; `False` when the interval is undefined."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


@dataclass(frozen=True, slots=True)
class PairedTest:
    """A two-sided paired randomisation test. `exact` says that every assignment was counted."""

    difference: float | None
    p_value: float | None
    exact: bool
    assignments: int
    units: int


def precision(counts: Array) -> Array:
    """tp / predicted; NaN where nothing is predicted. `counts` is (..., 3)."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(counts[..., 0] / counts[..., 1])


def recall(counts: Array) -> Array:
    """tp / gold; NaN where nothing is gold. `counts` is (..., 3)."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(counts[..., 0] / counts[..., 2])


def f1(counts: Array) -> Array:
    """2 tp / (predicted + gold); NaN where both are 0. `counts` is (..., 3)."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(2 * counts[..., 0] / (counts[..., 1] + counts[..., 2]))


def sampling_unit(documents: int) -> str:
    """`paragraph` below 30 documents (five cannot carry a document-level test), else `document`."""
    return "paragraph" if documents < FEW_DOCUMENTS else "document"


class Resampler:
    """Draws the same bootstrap resamples for everything that is to be compared.

    `documents[i]` is the document of unit `i`. With fewer than `FEW_DOCUMENTS` documents, units
    (paragraphs) are drawn with replacement within each document; otherwise whole documents are.
    """

    def __init__(self, documents: Sequence[int], *, resamples: int = 10_000, seed: int = 0) -> None:
        import numpy as np

        self.resamples = resamples
        self.seed = seed
        self._documents = np.asarray(documents, dtype=np.int64)
        self._count = int(self._documents.max()) + 1 if len(self._documents) else 0
        self.unit = sampling_unit(self._count)

    def sums(self, counts: Any) -> Array:
        """Summed counts of every resample: `(units, k)` in, `(resamples, k)` out."""
        import numpy as np

        table = np.asarray(counts, dtype=np.float64)
        if self.unit == "document":
            folded = np.zeros((self._count, table.shape[1]))
            np.add.at(folded, self._documents, table)
            return self._draw(folded, np.random.default_rng(self.seed))
        total = np.zeros((self.resamples, table.shape[1]))
        rng = np.random.default_rng(self.seed)
        for document in range(self._count):
            # Every document consumes the generator alike, whatever its counts: resamples pair up.
            total += self._draw(table[self._documents == document], rng)
        return total

    def _draw(self, table: Array, rng: Any) -> Array:
        import numpy as np

        size = len(table)
        out = np.zeros((self.resamples, table.shape[1]))
        if size == 0:
            return out
        step = max(1, min(self.resamples, 2_000_000 // size))
        for start in range(0, self.resamples, step):
            rows = min(step, self.resamples - start)
            picks = rng.integers(0, size, size=(rows, size), dtype=np.int32)
            picks += (np.arange(rows, dtype=np.int32) * size)[:, None]
            weights = np.bincount(picks.ravel(), minlength=rows * size).reshape(rows, size)
            # Counts are small integers: float32 sums them exactly up to 2^24 and is twice as fast.
            out[start : start + rows] = weights.astype(np.float32) @ table.astype(np.float32)
        return out


def interval(
    counts: Any, resampler: Resampler, statistic: Statistic = f1, *, level: float = 0.95
) -> Interval:
    """Percentile interval of `statistic` over units' counts of shape `(units, 3)`.

    Resamples in which the statistic is undefined are left out; if all are, the interval is
    undefined.
    """
    return _percentiles(statistic(resampler.sums(counts)), resampler, level)


def paired_interval(
    reference: Any, other: Any, resampler: Resampler, statistic: Statistic = f1
) -> Interval:
    """Percentile interval of `statistic(other) - statistic(reference)` on the same resamples."""
    difference = statistic(resampler.sums(other)) - statistic(resampler.sums(reference))
    return _percentiles(difference, resampler, 0.95)


def _percentiles(values: Array, resampler: Resampler, level: float) -> Interval:
    import numpy as np

    known = values[~np.isnan(values)]
    if len(known) == 0:
        return Interval(None, None, None, resampler.resamples, resampler.seed, level)
    tail = (1 - level) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    error = float(known.std(ddof=1)) if len(known) > 1 else 0.0
    return Interval(float(low), float(high), error, resampler.resamples, resampler.seed, level)


def randomisation_test(
    reference: Any,
    other: Any,
    statistic: Statistic = f1,
    *,
    trials: int = 10_000,
    seed: int = 0,
) -> PairedTest:
    """Two-sided paired randomisation test of `statistic(other) - statistic(reference)`.

    Under the null hypothesis each unit's two outcomes could as well be swapped. `reference` and
    `other` are `(units, 3)` integer counts with equal gold. All 2^n assignments are counted
    exactly where that is feasible: units swap a pair of small integers, so the distribution of
    the summed swaps is a convolution over a small grid, whatever n is. Otherwise Monte Carlo with
    `(hits + 1) / (trials + 1)`. Equal systems, and a single differing unit, have p = 1. The
    p-value is `None` where the difference is undefined.
    """
    import numpy as np

    first = np.rint(np.asarray(reference, dtype=np.float64) * 2).astype(np.int64)
    second = np.rint(np.asarray(other, dtype=np.float64) * 2).astype(np.int64)
    total_first, total_second = first.sum(axis=0), second.sum(axis=0)
    observed = float(statistic(total_second / 2.0) - statistic(total_first / 2.0))
    if np.isnan(observed):
        return PairedTest(None, None, True, 0, 0)
    swaps = (second - first)[np.any(second != first, axis=1)]
    units = len(swaps)

    def difference(moved: Array) -> Array:
        return np.asarray(
            statistic((total_second - moved) / 2.0) - statistic((total_first + moved) / 2.0)
        )

    def extreme(moved: Array) -> Any:
        # The tolerance keeps assignments that tie with the observed difference on its side.
        return np.abs(difference(moved)) >= abs(observed) - 1e-12

    if not np.any(swaps[:, 2]):
        spans = np.abs(swaps[:, :2]).sum(axis=0) + 1
        if int(spans[0]) * int(spans[1]) * max(units, 1) <= _GRID_WORK:
            probability, moved = _swap_distribution(swaps[:, :2])
            p_value = float(probability[extreme(moved)].sum())
            return PairedTest(observed, min(1.0, p_value), True, 2**units, units)
    rng = np.random.default_rng(seed)
    hits = 0
    step = max(1, 4_000_000 // max(units, 1))
    for start in range(0, trials, step):
        rows = min(step, trials - start)
        chosen = rng.integers(0, 2, size=(rows, units), dtype=np.int8).astype(np.float64)
        hits += int(extreme(chosen @ swaps).sum())
    return PairedTest(observed, (hits + 1) / (trials + 1), False, trials, units)


def _swap_distribution(swaps: Any) -> tuple[Array, Array]:
    """Probability of every sum of randomly chosen swaps, as a grid, and the sums themselves."""
    import numpy as np

    lowest = np.minimum(swaps, 0).sum(axis=0)
    shape = np.abs(swaps).sum(axis=0) + 1
    grid = np.zeros(tuple(int(side) for side in shape))
    grid[tuple(-lowest)] = 1.0
    for step in swaps:
        shifted = np.roll(grid, tuple(int(move) for move in step), axis=(0, 1))
        grid = (grid + shifted) / 2.0
    rows, columns = np.indices(grid.shape)
    moved = np.stack([rows + lowest[0], columns + lowest[1], np.zeros_like(rows)], axis=-1)
    return grid, moved


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment: adjusted p-values in the order given, each at most 1."""
    ranked = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(ranked):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def detectable_difference(standard_error: float | None) -> float | None:
    """The smallest true difference found with 80 % power by a two-sided 5 % test.

    `(z_.975 + z_.80) * SE` of the paired difference (normal approximation; Cohen 1988, ch. 1).
    """
    return None if standard_error is None else (_Z_95 + _Z_80_POWER) * standard_error


def tie_groups(names: Sequence[str], tied: Callable[[str, str], bool]) -> list[tuple[str, ...]]:
    """Maximal runs of neighbours in a ranking of which no two differ significantly.

    `names` is in ranked order. A name may stand in several groups (A ties with B, B with C, A
    beats C), which is what a bare rank would hide.
    """
    groups: list[tuple[str, ...]] = []
    for start in range(len(names)):
        stop = start + 1
        while stop < len(names) and all(
            tied(names[inner], names[stop]) for inner in range(start, stop)
        ):
            stop += 1
        group = tuple(names[start:stop])
        if not groups or not set(group) <= set(groups[-1]):
            groups.append(group)
    return groups
