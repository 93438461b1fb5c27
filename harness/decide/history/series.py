"""The history as series: one measure of one backend on one gold set over time, for tables and
figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.decide.history.line import HistoryLine, when
from harness.decide.history.named import Named, apart, commit_name, named
from harness.decide.history.search import Course, Found, search
from harness.errors import UsageError
from harness.results.finder import fits
from harness.stats.permutation import ALPHA
from harness.stats.resample import Interval
from harness.stats.units import DEFAULT_RESAMPLES
from harness.table import plural
from harness.tasks.parts import f_name
from harness.tasks.registry import task_named

__all__ = ["Break", "Drift", "Point", "Series", "Step", "chosen_lines", "series_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One record of a series."""

    id: str
    date: str
    """When its run began; UTC, ISO 8601."""
    commit: str
    """The project's, or else harness's own; `+` behind one with changes, empty without any."""
    f1: float | None
    low: float | None
    high: float | None
    """The 95 % interval, where there is one."""
    marks: tuple[str, ...]
    """What is to be known of it: documents that failed, answers from the store."""
    searched: bool
    """Whether steps and drifts are looked for among such records; marks say why not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Between a point and the one before no difference can be computed; `at` is its place."""

    at: int
    why: tuple[Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The score stepped between the points `before` and `at`."""

    before: int
    at: int
    change: float | None
    """On the scale of the score: all searched points up to the next change, against those before
    back to the last one."""
    low: float | None
    high: float | None
    p_value: float
    """Corrected for every place and search of the series."""
    exact: bool
    """Whether it was counted, not sampled."""
    named: tuple[Named, ...]
    """What is not the same in the two records: one of these, or nothing that a record knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The score went on changing a little, from the point `since` on to the point `until`."""

    since: int
    until: int
    records: int
    """How many searched points came after `since`, up to `until`."""
    change: float | None
    """The point `until` against those up to `since`, back to the last change."""
    low: float | None
    high: float | None
    seen: int | None
    """The point at which a slow fall was told first, looking at each; `None` of a rise, and of one
    that ended."""
    named: tuple[Named, ...]
    """What is not the same in the records `since` and `until`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One measure over time. Places are those of points."""

    backend: str
    gold: str
    task: str
    part: str
    headline: bool
    measure: str
    """What F is called: `F1`."""
    points: tuple[Point, ...]
    """By date."""
    breaks: tuple[Break, ...]
    steps: tuple[Step, ...]
    drifts: tuple[Drift, ...]
    untested: tuple[str, ...]
    """Why records were not searched."""
    since_first: float | None
    """The last score less the first; `None` across a break, and where it is the same."""
    since_step: float | None
    """The same of the first one behind the last step or break."""


def chosen_lines(
    lines: Sequence[HistoryLine],
    *,
    gold: Sequence[str] = (),
    backend: Sequence[str] = (),
    part: Sequence[str] = (),
    task: str | None = None,
) -> list[HistoryLine]:
    """The lines that fit names or patterns; nothing said, all of them.

    Raises `UsageError` where none does, with what there is.
    """
    wanted = {"gold": gold, "backend": backend, "part": part, "task": [task] if task else []}
    chosen = list(lines)
    for name, patterns in wanted.items():
        there = sorted({getattr(line, name) for line in chosen})
        chosen = [line for line in chosen if fits(getattr(line, name), patterns)]
        if lines and not chosen:
            asked = ", ".join(patterns)
            raise UsageError(f"the history has no {name} {asked}; there is: {', '.join(there)}")
    return chosen


def series_of(
    lines: Iterable[HistoryLine], *, alpha: float = ALPHA, resamples: int = DEFAULT_RESAMPLES
) -> list[Series]:
    """Every series of the lines with what is found in it, by gold set, task, backend and part.

    What `alpha` bounds of each is said by `harness.decide.history.search.search`; breaks share it.
    """
    groups: dict[tuple[str, str, str, str], list[HistoryLine]] = {}
    for line in lines:
        groups.setdefault(line.key, []).append(line)
    # Runs that began in the same second are in the order in which they were added.
    made = [_series(sorted(group, key=when), alpha, resamples) for group in groups.values()]
    return sorted(made, key=_order)


def _order(series: Series) -> tuple[object, ...]:
    order = task_named(series.task).order
    return series.gold, order, series.task, series.backend, not series.headline, series.part


def _series(lines: Sequence[HistoryLine], alpha: float, resamples: int) -> Series:
    breaks = tuple(
        Break(at=place, why=why)
        for place, (old, new) in enumerate(pairwise(lines), 1)
        if (why := apart(old, new))
    )
    edges = [0, *(one.at for one in breaks), len(lines)]
    usual = [_usual(lines[first:end]) for first, end in pairwise(edges)]
    courses = [
        [place for place in range(first, end) if lines[place].missing == failed]
        for (first, end), failed in zip(pairwise(edges), usual, strict=True)
    ]
    pairs = sum(max(0, len(course) - 1) for course in courses)
    steps: list[Step] = []
    drifts: list[Drift] = []
    untested: dict[str, None] = {}
    for number, course in enumerate(courses):
        if len(course) < 2:
            continue
        last = number == len(courses) - 1
        found = _found(
            [lines[place] for place in course], alpha, (len(course) - 1) / pairs, last, resamples
        )
        steps += _steps_of(found, course, lines)
        drifts += _drifts_of(found, course, lines)
        if found.lacking is not None:
            untested[found.lacking] = None
    searched = {place for course in courses for place in course}
    newest = lines[-1]
    begin = max([edges[-2], *(step.at for step in steps)])
    return Series(
        backend=newest.backend,
        gold=newest.gold,
        task=newest.task,
        part=newest.part,
        headline=newest.headline,
        measure=f_name(newest.beta),
        points=tuple(_point(line, place in searched) for place, line in enumerate(lines)),
        breaks=breaks,
        steps=tuple(steps),
        drifts=tuple(drifts),
        untested=tuple(untested),
        since_first=None if breaks or len(lines) < 2 else _less(newest, lines[0]),
        since_step=None if begin == len(lines) - 1 else _less(newest, lines[begin]),
    )


def _usual(lines: Sequence[HistoryLine]) -> tuple[int, str]:
    """Which documents fail in most of the records, in the latest of those that are as many."""
    counts = Counter(line.missing for line in lines)
    most = max(counts.values())
    return next(line.missing for line in reversed(lines) if counts[line.missing] == most)


def _found(
    lines: Sequence[HistoryLine], alpha: float, share: float, last: bool, resamples: int
) -> Found:
    counts = [line.unit_counts for line in lines]
    course = Course(counts, lines[0].numbers(len(counts[0].rows)))
    return search(course, alpha=alpha, share=share, last=last, resamples=resamples)


def _steps_of(found: Found, course: Sequence[int], lines: Sequence[HistoryLine]) -> Iterable[Step]:
    for step in found.steps:
        before, at = course[step.place - 1], course[step.place]
        low, high = _ends(step.interval)
        yield Step(
            before=before,
            at=at,
            change=step.change,
            low=low,
            high=high,
            p_value=step.p_value,
            exact=step.exact,
            named=named(lines[before], lines[at]),
        )


def _drifts_of(
    found: Found, course: Sequence[int], lines: Sequence[HistoryLine]
) -> Iterable[Drift]:
    for drift in found.drifts:
        since, until = course[drift.since], course[drift.until]
        low, high = _ends(drift.interval)
        yield Drift(
            since=since,
            until=until,
            records=drift.until - drift.since,
            change=drift.change,
            low=low,
            high=high,
            seen=None if drift.seen is None else course[drift.seen],
            named=named(lines[since], lines[until]),
        )


def _ends(interval: Interval) -> tuple[float | None, float | None]:
    return interval.bounds or (None, None)


def _less(new: HistoryLine, old: HistoryLine) -> float | None:
    one, other = new.scores.f1, old.scores.f1
    return None if one is None or other is None else one - other


def _point(line: HistoryLine, searched: bool) -> Point:
    marks = []
    if line.failed:
        marks.append(f"{plural(line.failed, 'document')} failed")
    if not searched:
        marks.append("others failed than in most records, left out of the search")
    if line.replayed:
        marks.append(f"{plural(line.replayed, 'answer')} from the store")
    low, high = line.interval or (None, None)
    return Point(
        id=line.id,
        date=line.started,
        commit=commit_name(line.project) or commit_name(line.harness),
        f1=line.scores.f1,
        low=low,
        high=high,
        marks=tuple(marks),
        searched=searched,
    )
