"""Where a course of comparable records has stepped, and where it has drifted.

A course is searched as a whole; where it has a change, it is cut at its place, and both sides are
searched again (binary segmentation, Scott and Knott 1974). The error rate is shared out by length,
so that all searches of a series together have no more than was asked for (Meinshausen 2008,
"Hierarchical testing of variable importance", Biometrika 95). A change that fits a slope better
than a step is a drift, and is not cut. The records since the last step are looked at for a slow
fall as somebody would who looks at each new record, and a fall that goes on is told by that alone.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    """Every step and drift; of each kind a false one comes with a probability of `alpha` at most.

    `share` is the share of `alpha` that searches for steps have in this course; `last` says that it
    is the latest of its series, in which slow falls are looked for, too. Intervals are 95 %, by
    paired bootstrap, and speak of the place that was chosen.
    """
    import numpy as np

    counts = course.counts
    if len(counts) < 2:
        return Found()
    resampler = Resampler(course.numbers, resamples=resamples, seed=seed)
    evidence = resampler.units.evidence(*(one.basis for one in counts))
    if evidence.lacking is not None:
        return Found(lacking=evidence.lacking)
    folded = np.stack([resampler.units.fold(one.rows) for one in counts])
    values = influences(folded, counts[0].score)
    if values is None:
        return Found(lacking="the score is undefined")
    places: dict[int, tuple[float, bool]] = {}
    slopes: list[_Slope] = []
    waiting = [(0, len(counts))]
    while waiting:
        first, end = waiting.pop()
        if end - first < 2:
            continue
        part = share * (end - first - 1) / (len(counts) - 1)
        test = change_test(values[:, first:end], level=alpha * part, seed=seed)
        if test is None or test.p_value >= alpha * part:
            continue
        if test.slope:
            slopes.append(_Slope(first + test.place, end - 1))
        else:
            cut = first + test.place
            places[cut] = test.p_value / part, test.exact
            waiting += [(first, cut), (cut, end)]
    if last:
        slopes = _with_slow_fall(values, max(places, default=0), slopes, alpha, seed)
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


def _with_slow_fall(
    values: Array, first: int, slopes: list[_Slope], alpha: float, seed: int
) -> list[_Slope]:
    """The slopes with that of the records from `first` on, if somebody who looks has told a fall.

    A fall up to the last record that no look has told is none yet: whoever looks at each record
    would otherwise be told falls at a rate that nothing limits.
    """
    last = values.shape[1] - 1
    whole = values.sum(axis=0)
    kept = [one for one in slopes if one.until < last or whole[last] > whole[one.since]]
    seen = fall_seen(values[:, first:], alpha=alpha, seed=seed)
    if seen is None or any(one.until == last for one in kept):
        return kept
    place, is_slope = best_shape(values[:, first:])
    # A step that is not found yet is no drift.
    return [*kept, _Slope(first + place, last, seen + first - 1)] if is_slope else kept


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

    return replace(counts[0], rows=np.mean([one.rows for one in counts], axis=0))
