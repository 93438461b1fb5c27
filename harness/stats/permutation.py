"""Paired randomisation tests on the units that intervals resample, and corrections for many.

Sources: Noreen 1989 and Yeh 2000, "More accurate tests for the statistical significance of result
differences" (approximate randomisation); Davison and Hinkley 1997, §4.2 (the `+1` of a Monte
Carlo p-value); Holm 1979, "A simple sequentially rejective multiple test procedure".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.stats.swaps import compared, differences, random_swaps
from harness.stats.units import DEFAULT_RESAMPLES, MOST_UNITS, Rows, SampleSize, Units

if TYPE_CHECKING:
    from harness.stats.units import Array, CountTable

__all__ = [
    "ALPHA",
    "PairedTest",
    "holm",
    "holm_factors",
    "holm_steps",
    "randomisation_test",
    "swap_test",
]

ALPHA = 0.05
"""Differences with a smaller corrected p-value are differences."""

_GRID_WORK = 60_000_000
_ENUMERATED_UNITS = 16
# A sampled p-value of which fewer assignments than this speak is sampled again, with more.
_FEW_HITS = 20
_MORE = 20

Statistic = Callable[["Array"], "Array"]


@dataclass(frozen=True, slots=True)
class PairedTest:
    """A two-sided paired randomisation test. `exact` says that every assignment was counted."""

    difference: float | None
    p_value: float | None
    exact: bool
    assignments: int
    units: int
    """How many units differ."""
    lacking: str | None = None
    """Why there is no p-value."""


def randomisation_test(
    reference: Any,
    other: Any,
    units: Units,
    statistic: Statistic,
    *,
    evidence: SampleSize | None = None,
    seed: int = 0,
) -> PairedTest:
    """`swap_test` over the units that intervals resample, of counts per paragraph.

    `reference` and `other` have the shape `(paragraphs, k)`. There is no p-value where too few
    units hold anything: by `evidence`, or else by any of the counts.
    """
    first, second = (side if units.single else units.fold(side) for side in (reference, other))
    test = swap_test(first, second, statistic, seed=seed)
    lacking = (evidence or units.evidence(reference, other)).lacking
    if lacking is None or test.difference is None:
        return test
    return replace(test, p_value=None, exact=True, assignments=0, lacking=lacking)


def swap_test(
    reference: CountTable,
    other: CountTable,
    statistic: Statistic,
    *,
    trials: int = DEFAULT_RESAMPLES,
    seed: int = 0,
) -> PairedTest:
    """Two-sided paired randomisation test of `statistic(other) - statistic(reference)`.

    Under the null hypothesis each unit's two outcomes could as well be swapped; p is the share of
    all swaps whose difference is at least as large, or undefined. Counts are integers or halves, a
    row per unit.
    All 2^n assignments are counted exactly where that is feasible: units swap small integers, so
    where no more than two columns differ (with equal gold: right and predicted) the distribution of
    the summed swaps is a convolution over a small grid, whatever n is; up to 16 differing units are
    enumerated. Otherwise `trials` assignments are drawn, 20 times as many where fewer than 20 of
    them are as extreme, and p is (hits + 1) / (drawn + 1). Equal backends, and a single differing
    unit, have p = 1. There is none where the difference is undefined. More than 20,000 units that
    differ are swapped together where they differ alike (`random_swaps`).
    """
    import numpy as np

    first, second = (
        side if isinstance(side, Rows) else np.asarray(side, dtype=np.float64)
        for side in (reference, other)
    )
    total_first, total_second, places = compared(first, second)
    observed = float(statistic(total_second / 2.0) - statistic(total_first / 2.0))
    if np.isnan(observed):
        return PairedTest(None, None, True, 0, 0, "the difference is undefined")
    count = len(places)

    def extreme(moved: Array) -> Any:
        difference = statistic((total_second - moved) / 2.0) - statistic(
            (total_first + moved) / 2.0
        )
        # The tolerance keeps assignments that tie with the observed difference on its side. One
        # that leaves a score undefined is no evidence for a difference.
        return np.isnan(difference) | (np.abs(difference) >= abs(observed) - 1e-12)

    if count <= MOST_UNITS:  # Of more there are always too many.
        exact = _all_assignments(differences(first, second, places))
        if exact is not None:
            probability, moved = exact
            p_value = min(1.0, float(probability[extreme(moved)].sum()))
            return PairedTest(observed, p_value, True, 2**count, count)
    rng = np.random.default_rng(seed)
    swaps = random_swaps(first, second, places, rng)
    hits = sum(int(extreme(moved).sum()) for moved in swaps(trials, rng))
    if hits < _FEW_HITS:
        # Drawn anew, so that p does not depend on why it was drawn again.
        trials *= _MORE
        hits = sum(int(extreme(moved).sum()) for moved in swaps(trials, rng))
    return PairedTest(observed, (hits + 1) / (trials + 1), False, trials, count)


def _all_assignments(swaps: Any) -> tuple[Array, Array] | None:
    """Every sum of chosen swaps with its probability, or `None` when there are too many."""
    import numpy as np

    # Columns that swap alike, as found and right nearly always do, are one.
    swaps, places = np.unique(swaps, axis=1, return_inverse=True)
    exact = _distinct_assignments(swaps)
    return None if exact is None else (exact[0], exact[1][..., places.reshape(-1)])


def _distinct_assignments(swaps: Any) -> tuple[Array, Array] | None:
    """The same of columns that all differ."""
    import numpy as np

    columns = np.flatnonzero(np.any(swaps, axis=0))
    if len(columns) <= 2 and swaps.shape[1] < 2:
        swaps = np.concatenate([swaps, np.zeros_like(swaps)], axis=1)
        exact = _distinct_assignments(swaps)
        return None if exact is None else (exact[0], exact[1][..., :1])
    units, width = swaps.shape
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
    # What has been reached so far is a rectangle that grows; the rest is still 0.
    first, last = -lowest, -lowest + 1
    grid[tuple(-lowest)] = 1.0
    for step in steps:
        reached = grid[first[0] : last[0], first[1] : last[1]] / 2.0
        grid[first[0] : last[0], first[1] : last[1]] = reached
        to = (first + step, last + step)
        grid[to[0][0] : to[1][0], to[0][1] : to[1][1]] += reached
        first, last = np.minimum(first, to[0]), np.maximum(last, to[1])
    rows, columns = np.indices(shape)
    return grid, np.stack([rows + lowest[0], columns + lowest[1]], axis=-1).astype(np.float64)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment: adjusted p-values in the order given, each at most 1."""
    return [value for value, _ in holm_steps(p_values)]


def holm_steps(p_values: Sequence[float]) -> list[tuple[float, int]]:
    """Each adjusted p-value with the index of the p-value that it comes from.

    That is its own, or a smaller one which a larger factor has raised above it.
    """
    adjusted = [(0.0, 0)] * len(p_values)
    largest = (0.0, 0)
    for rank, index in enumerate(_ranked(p_values)):
        value = min(1.0, (len(p_values) - rank) * p_values[index])
        largest = (value, index) if value >= largest[0] else largest
        adjusted[index] = largest
    return adjusted


def holm_factors(p_values: Sequence[float]) -> list[int]:
    """By how much each p-value would be multiplied for its own verdict to change.

    That is Holm's factor for those that differ, and for the others the number of all that do not:
    each of them had to pass that first.
    """
    adjusted = holm(p_values)
    ties = sum(p >= ALPHA for p in adjusted)
    factors = [max(1, ties)] * len(p_values)
    for rank, index in enumerate(_ranked(p_values)):
        if adjusted[index] < ALPHA:
            factors[index] = len(p_values) - rank
    return factors


def _ranked(p_values: Sequence[float]) -> list[int]:
    return sorted(range(len(p_values)), key=lambda index: p_values[index])
