"""Where a course of comparable records has stepped, and where it has drifted.

A course is searched as a whole; where it has a change, it is cut at its place, and both sides are
searched again (binary segmentation, Scott and Knott 1974). The error rate is shared out by length,
so that all searches of a series together have no more than was asked for (Meinshausen 2008,
"Hierarchical testing of variable importance", Biometrika 95). A change that fits a slope better
than a step is a drift, and is not cut. The records since the last step are looked at for a slow
fall as somebody would who looks at each new record, and a fall that goes on is called a drift by
that alone. Slopes that the test finds and falls that looks tell have half of the error rate each.
A change that is there and may not be called a drift is told as the step that fits best.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.decide.draws import resample
from harness.stats.changes import best_shape, change_test, fall_seen, influences
from harness.stats.resample import Resampler, percentile_interval
from harness.stats.units import DEFAULT_RESAMPLES
from harness.tasks.parts import PartCounts

if TYPE_CHECKING:
    from harness.stats.resample import Interval
    from harness.stats.units import Array

__all__ = ["Course", "Found", "FoundDrift", "FoundStep", "search"]


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Records that can be compared, in order."""

    counts: Sequence[PartCounts]
    """Of each record; of the same units, with the same columns."""
    numbers: Sequence[int]
    """The document of every unit."""


@dataclass(frozen=True, slots=True)
class FoundStep:
    """`place` is the first record after it; both sides reach to the next change."""

    place: int
    change: float | None
    """The score of all records after less that of all before."""
    interval: Interval
    p_value: float
    """Of no change at all where it was looked for, over the share of the error rate there."""
    exact: bool
    """Whether it was counted over all flips, not sampled."""


@dataclass(frozen=True, slots=True)
class FoundDrift:
    """From the record `since`, the last before it, to the record `until`."""

    since: int
    until: int
    change: float | None
    """The score of the record `until` less that of all up to `since`."""
    interval: Interval
    seen: int | None
    """The record at which a slow fall was told first; `None` of a rise, and of one that ended."""


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that was found; `lacking` says why nothing could be."""

    steps: tuple[FoundStep, ...] = ()
    drifts: tuple[FoundDrift, ...] = ()
    lacking: str | None = None


@dataclass(frozen=True, slots=True)
class _Slope:
    since: int
    until: int
    seen: int | None = None


def search(
    course: Course,
    *,
    alpha: float,
    share: float = 1.0,
    last: bool = True,
    seed: int = 0,
    resamples: int = DEFAULT_RESAMPLES,
) -> Found:
    """Every step and drift.

    Where there is no change, the search finds a step or a slope with a probability of `alpha` at
    most, a slope with half of it: one search, of all records at once. Of the records since the last
    step the looks tell a fall, at any record, with a probability of `alpha / 2` at most.

    `share` is the share of `alpha` that the search has in this course; `last` says that it is the
    latest of its series, in which slow falls are looked for, too. Intervals are 95 %, by paired
    bootstrap, and speak of the place that was chosen.
    """
    import numpy as np

    counts = course.counts
    if len(counts) < 2:
        return Found()
    resampler = Resampler(course.numbers, resamples=resamples, seed=seed)
    evidence = resampler.units.evidence(*(one.basis for one in counts))
    if evidence.lacking is not None:
        return Found(lacking=evidence.lacking)
    units = resampler.units
    # Where there are many, the signs of their groups are flipped: a unit is in the same in all.
    table = [
        np.concatenate(resampler.drawn(one.rows)) if units.grouped else units.fold(one.rows)
        for one in counts
    ]
    values = influences(np.stack(table), counts[0].score)
    if values is None:
        return Found(lacking="the score is undefined")
    places, slopes = _changes(values, alpha, share, last, seed)
    edges = [0, *sorted(places), len(counts)]
    steps = tuple(
        FoundStep(cut, *_change(course, resampler, (before, cut), (cut, after)), *places[cut])
        for before, cut, after in zip(edges, edges[1:-1], edges[2:], strict=False)
    )
    drifts = []
    for slope in sorted(slopes, key=lambda one: one.since):
        before = (max(edge for edge in edges if edge <= slope.since), slope.since + 1)
        change = _change(course, resampler, before, (slope.until, slope.until + 1))
        drifts.append(FoundDrift(slope.since, slope.until, *change, slope.seen))
    return Found(steps, tuple(drifts))


def _changes(
    values: Array, alpha: float, share: float, last: bool, seed: int
) -> tuple[dict[int, tuple[float, bool]], list[_Slope]]:
    """Places of steps, each with its p-value and whether that is exact; and slopes.

    A fall up to the last record is a slope if a look has told it: whoever looks at each record
    would otherwise be told falls at a rate that nothing limits. Any other slope is one at half of
    the error rate, as are all searches that led to it.
    """
    records = values.shape[1]
    places: dict[int, tuple[float, bool]] = {}
    slopes: list[_Slope] = []
    waiting = [(0, records, 0.0)]
    while waiting:
        first, end, worst = waiting.pop()
        if end - first < 2:
            continue
        part = share * (end - first - 1) / (records - 1)
        test = change_test(values[:, first:end], level=alpha * part, seed=seed)
        if test is None or test.p_value >= alpha * part:
            continue
        place, p_value = test.place, test.p_value / part
        worst = max(worst, p_value)
        if test.slope:
            slope = _Slope(first + place, end - 1)
            if last and end == records and _falls(values, slope):
                seen = fall_seen(values[:, first:], alpha=alpha / 2, seed=seed)
                slope = replace(slope, seen=None if seen is None else first + seen - 1)
                told = seen is not None
            else:
                told = worst < alpha / 2
            if told:
                slopes.append(slope)
                continue
            place, _ = best_shape(values[:, first:end], steps_only=True)
        cut = first + place
        places[cut] = p_value, test.exact
        waiting += [(first, cut, worst), (cut, end, worst)]
    if last and not any(slope.until == records - 1 for slope in slopes):
        slopes += _slow_fall(values, max(places, default=0), alpha / 2, seed)
    return places, slopes


def _slow_fall(values: Array, first: int, alpha: float, seed: int) -> Iterator[_Slope]:
    """The slope of the records from `first` on, if somebody who looks has told a fall."""
    seen = fall_seen(values[:, first:], alpha=alpha, seed=seed)
    if seen is not None:
        place, is_slope = best_shape(values[:, first:])
        slope = _Slope(first + place, values.shape[1] - 1, first + seen - 1)
        if is_slope and _falls(values, slope):  # A step that is not found yet is no drift.
            yield slope


def _falls(values: Array, slope: _Slope) -> bool:
    whole = values.sum(axis=0)
    return bool(whole[slope.until] < whole[slope.since])


def _change(
    course: Course, resampler: Resampler, before: tuple[int, int], after: tuple[int, int]
) -> tuple[float | None, Interval]:
    """The score of some records together less that of others, with its paired interval."""
    sides = [_mean(course.counts[first:end]) for first, end in (before, after)]
    old, new = resample(resampler, sides)
    evidence = resampler.units.evidence(*(side.basis for side in sides))
    values = [side.value for side in sides]
    difference = None if None in values else values[1] - values[0]  # type: ignore[operator]
    return difference, percentile_interval(new.values - old.values, evidence)


def _mean(counts: Sequence[PartCounts]) -> PartCounts:
    import numpy as np

    return replace(counts[0], distinct=np.mean([one.rows for one in counts], axis=0), pattern=None)
