"""Bootstrap intervals and paired randomisation tests on sufficient statistics.

Nothing is scored again: a score is a function of summed counts, so resampling adds up counts.
One *unit* is what is resampled (a paragraph or a document); its counts are a row of integers or
halves, for most scores `(tp, predicted, gold)`. numpy is imported when a function is called.

Sources: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", ch. 13 (percentile
interval); Rao and Wu 1988, "Resampling inference with complex survey data", JASA 83 (n - 1 draws
weighted n / (n - 1), without which strata of few units give intervals that are too narrow);
Hesterberg 2015, "What teachers should know about the bootstrap", American Statistician 69
(percentiles moved outwards as Student's t is wider than the normal distribution);
Noreen 1989 and Yeh 2000, "More accurate tests for the statistical significance of result
differences" (approximate randomisation); Davison and Hinkley 1997, §4.2 (the `+1` of a Monte
Carlo p-value); Holm 1979 (correction for many pairs).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
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
    "percentile_interval",
    "precision",
    "randomisation_test",
    "recall",
    "sampling_unit",
    "tie_groups",
]

FEW_DOCUMENTS = 30
"""Below this many documents paragraphs are resampled within their documents."""

_GRID_WORK = 20_000_000
_KEPT_WEIGHTS = 4_000_000  # 16 MB
_ENUMERATED_UNITS = 16
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
    (paragraphs) are drawn within each document; otherwise whole documents are. Of `n` units
    `n - 1` are drawn with replacement and weighted by `n / (n - 1)` (Rao and Wu 1988). Documents
    of a single paragraph, which would seem to have no variance, share one stratum.
    `degrees_of_freedom` is the number of units less that of the strata.
    """

    def __init__(self, documents: Sequence[int], *, resamples: int = 10_000, seed: int = 0) -> None:
        import numpy as np

        self.resamples = resamples
        self.seed = seed
        self._kept: list[list[Array]] | None = None
        self._documents = np.unique(np.asarray(documents, dtype=np.int64), return_inverse=True)[1]
        self._count = int(self._documents.max()) + 1 if len(self._documents) else 0
        self.unit = sampling_unit(self._count)
        self.degrees_of_freedom = (
            max(0, self._count - 1)
            if self.unit == "document"
            else len(self._documents) - len(self._strata())
        )

    def sums(self, counts: Any) -> Array:
        """Summed counts of every resample: `(units, k)` in, `(resamples, k)` out.

        Columns of many backends and types side by side cost little more than one.
        """
        import numpy as np

        table = np.asarray(counts, dtype=np.float64)
        if self.unit == "document":
            folded = np.zeros((self._count, table.shape[1]))
            np.add.at(folded, self._documents, table)
            table, strata = folded, [np.arange(self._count)]
        else:
            strata = self._strata()
        total = np.zeros((self.resamples, table.shape[1]))
        # Every stratum consumes the generator alike, whatever its counts: resamples pair up.
        for stratum, blocks in zip(strata, self._draws(strata), strict=True):
            total += self._weighted(table[stratum], blocks)
        return total

    def _draws(self, strata: list[Any]) -> Iterator[Iterable[Array]]:
        """How often each unit of each stratum is drawn, in blocks of resamples.

        The draws of few units are kept: a table of many backends asks for them again and again.
        """
        import numpy as np

        if self._kept is None and len(self._documents) * self.resamples <= _KEPT_WEIGHTS:
            rng = np.random.default_rng(self.seed)
            self._kept = [list(self._draw(len(stratum), rng)) for stratum in strata]
        if self._kept is not None:
            yield from self._kept
            return
        rng = np.random.default_rng(self.seed)
        for stratum in strata:
            yield self._draw(len(stratum), rng)

    def _strata(self) -> list[Any]:
        import numpy as np

        groups = [np.flatnonzero(self._documents == number) for number in range(self._count)]
        strata = [group for group in groups if len(group) > 1]
        single = [group for group in groups if len(group) == 1]
        if len(single) == 1 and strata:
            strata[-1] = np.concatenate([strata[-1], single[0]])
        elif single:
            strata.append(np.concatenate(single))
        return strata

    def _draw(self, size: int, rng: Any) -> Iterator[Array]:
        import numpy as np

        draws = max(1, size - 1)
        step = max(1, min(self.resamples, 2_000_000 // max(1, size)))
        for start in range(0, self.resamples if size else 0, step):
            rows = min(step, self.resamples - start)
            picks = rng.integers(0, size, size=(rows, draws), dtype=np.int32)
            picks += (np.arange(rows, dtype=np.int32) * size)[:, None]
            weights = np.bincount(picks.ravel(), minlength=rows * size).reshape(rows, size)
            yield weights.astype(np.float32)

    def _weighted(self, table: Array, blocks: Iterable[Array]) -> Array:
        import numpy as np

        size = len(table)
        out = np.zeros((self.resamples, table.shape[1]))
        # float32 adds up integers and halves exactly below 2^23 and is twice as fast.
        exact = float(np.abs(table).max(initial=0.0)) * size < 2**23
        kind = np.float32 if exact else np.float64
        start = 0
        for weights in blocks:
            end = start + len(weights)
            out[start:end] = weights.astype(kind, copy=False) @ table.astype(kind)
            start = end
        return out * (size / max(1, size - 1))


def interval(
    counts: Any, resampler: Resampler, statistic: Statistic = f1, *, level: float = 0.95
) -> Interval:
    """Percentile interval of `statistic` over units' counts of shape `(units, k)`.

    Resamples in which the statistic is undefined are left out; if all are, the interval is
    undefined.
    """
    return percentile_interval(statistic(resampler.sums(counts)), resampler, level=level)


def paired_interval(
    reference: Any,
    other: Any,
    resampler: Resampler,
    statistic: Statistic = f1,
    *,
    level: float = 0.95,
) -> Interval:
    """Percentile interval of `statistic(other) - statistic(reference)` on the same resamples."""
    difference = statistic(resampler.sums(other)) - statistic(resampler.sums(reference))
    return percentile_interval(difference, resampler, level=level)


def percentile_interval(values: Array, resampler: Resampler, *, level: float = 0.95) -> Interval:
    """The interval of values that were computed from `resampler.sums`; NaN is left out."""
    import numpy as np

    known = values[~np.isnan(values)]
    if len(known) == 0:
        return Interval(None, None, None, resampler.resamples, resampler.seed, level)
    tail = _tail(level, resampler.degrees_of_freedom)
    low, high = np.quantile(known, [tail, 1 - tail])
    error = float(known.std(ddof=1)) if len(known) > 1 else 0.0
    return Interval(float(low), float(high), error, resampler.resamples, resampler.seed, level)


def _tail(level: float, degrees: int) -> float:
    """The share to cut off at each end so that few units give the width of Student's t.

    The t quantile by the expansion of Abramowitz and Stegun 1964, 26.7.5: at 95 % within 1 % from 5
    degrees of freedom on, within 0.2 % from 10 on.
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    if degrees < 1:
        return (1 - level) / 2
    t = z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)
    return NormalDist().cdf(-t)


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
    `other` are `(units, k)` counts, integers or halves. All 2^n assignments are counted exactly
    where that is feasible: units swap small integers, so where no more than two columns differ
    (with equal gold: right and predicted) the distribution of the summed swaps is a convolution
    over a small grid, whatever n is; up to 16 differing units are enumerated. Otherwise Monte
    Carlo with `(hits + 1) / (trials + 1)`. Equal systems, and a single differing unit, have
    p = 1. The p-value is `None` where the difference is undefined.
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

    def extreme(moved: Array) -> Any:
        difference = statistic((total_second - moved) / 2.0) - statistic(
            (total_first + moved) / 2.0
        )
        # The tolerance keeps assignments that tie with the observed difference on its side.
        return np.abs(difference) >= abs(observed) - 1e-12

    exact = _all_assignments(swaps)
    if exact is not None:
        probability, moved = exact
        p_value = min(1.0, float(probability[extreme(moved)].sum()))
        return PairedTest(observed, p_value, True, 2**units, units)
    rng = np.random.default_rng(seed)
    hits = 0
    step = max(1, 4_000_000 // max(units, 1))
    for start in range(0, trials, step):
        rows = min(step, trials - start)
        chosen = rng.integers(0, 2, size=(rows, units), dtype=np.int8).astype(np.float64)
        hits += int(extreme(chosen @ swaps).sum())
    return PairedTest(observed, (hits + 1) / (trials + 1), False, trials, units)


def _all_assignments(swaps: Any) -> tuple[Array, Array] | None:
    """Every sum of chosen swaps with its probability, or `None` when there are too many."""
    import numpy as np

    units, width = swaps.shape
    columns = np.flatnonzero(np.any(swaps, axis=0))
    if len(columns) <= 2:
        # One or two columns of zeros are added so that the grid always has two sides.
        columns = np.concatenate([columns, np.setdiff1d(np.arange(width), columns)])[:2]
        unit = np.maximum(np.gcd.reduce(np.abs(swaps[:, columns]), axis=0), 1)
        steps = swaps[:, columns] // unit
        sides = np.abs(steps).sum(axis=0) + 1
        if int(sides[0]) * int(sides[1]) * max(units, 1) <= _GRID_WORK:
            probability, sums = _swap_distribution(steps)
            moved = np.zeros((*probability.shape, width))
            moved[..., columns] = sums * unit
            return probability, moved
    if units > _ENUMERATED_UNITS:
        return None
    chosen = (np.arange(2**units)[:, None] >> np.arange(units)) & 1
    return np.full(2**units, 0.5**units), (chosen @ swaps).astype(np.float64)


def _swap_distribution(steps: Any) -> tuple[Array, Array]:
    """Probability of every sum of randomly chosen steps, as a grid, and the sums themselves."""
    import numpy as np

    lowest = np.minimum(steps, 0).sum(axis=0)
    shape = tuple(int(side) for side in np.abs(steps).sum(axis=0) + 1)
    grid = np.zeros(shape)
    grid[tuple(-lowest)] = 1.0
    for step in steps:
        moved = grid / 2.0
        source, target = zip(*(_overlap(int(move)) for move in step), strict=True)
        moved[target] += grid[source] / 2.0
        grid = moved
    rows, columns = np.indices(shape)
    return grid, np.stack([rows + lowest[0], columns + lowest[1]], axis=-1).astype(np.float64)


def _overlap(move: int) -> tuple[slice, slice]:
    """Where a side of the grid comes from and goes to when it moves; nothing is ever lost."""
    if move >= 0:
        return slice(None, -move or None), slice(move, None)
    return slice(-move, None), slice(None, move)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment: adjusted p-values in the order given, each at most 1."""
    ranked = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(ranked):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def detectable_difference(standard_error: float | None, *, level: float = 0.95) -> float | None:
    """The smallest true difference found with 80 % power by a two-sided test at `1 - level`.

    `(z_(1+level)/2 + z_.80) * SE` of the paired difference (normal approximation; Cohen 1988,
    ch. 1). `None` where the standard error is unknown.
    """
    if standard_error is None:
        return None
    return (NormalDist().inv_cdf((1 + level) / 2) + _Z_80_POWER) * standard_error


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
