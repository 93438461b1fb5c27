"""The table of a history's series, and what was found in them, as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.decide.history.heights import HEIGHTS, heights
from harness.decide.history.named import Named
from harness.decide.history.series import Break, Drift, Point, Series, Step
from harness.report.method import between, p_value, points
from harness.table import Cell, Table, listed, number, plural

__all__ = ["bounds", "history_lines", "history_table", "series_title"]

_HEADERS = (
    *("gold", "task", "backend", "part", "records", "first", "last", "95 % CI"),
    *("since first", "since step", "course"),
)
_KEYS = ("task", "backend", "part")
_OPTIONAL = ("95 % CI", "first", "since step", "since first", "records")
_BLOCKS = "▁▂▃▄▅▆▇█"
_BREAK = "|"
_SHOWN = 40
"""Records of a sparkline, the latest."""
_MINUTE = len("2026-01-31T12:00")

assert len(_BLOCKS) == HEIGHTS


def history_table(series: Sequence[Series], *, title: str, alpha: float) -> Table:
    """A row a series: its first and last record, how far it has come, and its course."""
    rows, notes = tuple(map(_row, series)), tuple(_notes(series, alpha))
    return Table(title, _HEADERS, rows, notes, optional=_OPTIONAL, keys=_KEYS)


def _row(series: Series) -> tuple[Cell, ...]:
    first, last = series.points[0], series.points[-1]
    return (
        series.gold,
        series.task,
        series.backend,
        series.part,
        len(series.points),
        number(first.f1),
        number(last.f1),
        between(bounds(last.low, last.high)),
        points(series.since_first),
        points(series.since_step),
        _course(series),
    )


def _notes(series: Sequence[Series], alpha: float) -> Iterator[str]:
    measures = listed(dict.fromkeys(one.measure for one in series))
    yield (
        f"{measures}; changes in points, – across a break ({_BREAK} in the course), where the gold "
        f"or the way of counting changed. since step: since the last step or break. Course: the "
        f"last {_SHOWN} records, lowest to highest of the series."
    )
    yield (
        f"Of a series without a change the search finds one with a probability of {alpha:g} at "
        f"most, and one that is called a drift with {alpha / 2:g}, whatever the number of records "
        "(documents' courses turned upside down at random; the largest change over all places). "
        f"Looks at each record since the last step tell a false fall with {alpha / 2:g} at most."
    )


def bounds(low: float | None, high: float | None) -> tuple[float, float] | None:
    """The ends of an interval, where there is one."""
    return None if low is None or high is None else (low, high)


def _course(series: Series) -> str:
    """A block for each record, as high as its score; a bar before one that no other compares to."""
    broken = {one.at for one in series.breaks}
    shown = [
        (_BREAK if place in broken else "") + ("·" if height is None else _BLOCKS[height])
        for place, height in enumerate(heights(series))
    ]
    return "".join(shown[-_SHOWN:])


def history_lines(series: Sequence[Series]) -> Iterator[str]:
    """What was found in each series, in its order; then what is to be known of their records."""
    for one in series:
        yield from _lines(one)
    if not any(one.steps or one.drifts for one in series):
        if any(len(one.points) > 1 for one in series):
            yield "no step and no drift was found"
        elif series:
            yield "one record of each series: there is nothing to compare yet"
    yield from _marked(series)


def series_title(series: Series) -> str:
    """What a series is of."""
    return f"{series.backend} on {series.gold} ({series.task}, {series.part})"


def _lines(series: Series) -> Iterator[str]:
    who = series_title(series)
    points_of = series.points
    said = [(one.at, [_break_said(one, points_of)]) for one in series.breaks]
    for step in series.steps:
        said.append((step.at, [_step_said(step, points_of), _changed(step.named)]))
    for drift in series.drifts:
        said.append((drift.since, [_drift_said(drift, points_of), _changed(drift.named)]))
    for _, (first, *changed) in sorted(said, key=lambda one: one[0]):
        yield f"{who}: {first}"
        yield from (f"  changed: {text}" for text in changed)
    for reason in series.untested:
        yield f"{who}: steps and drifts cannot be looked for: {reason}"


def _break_said(one: Break, places: Sequence[Point]) -> str:
    return f"{_changed(one.why)}, at {_place(places[one.at])}: no difference is computed across it"


def _step_said(step: Step, places: Sequence[Point]) -> str:
    return (
        f"stepped by {points(step.change)} points "
        f"{between(bounds(step.low, step.high), in_points=True)} at {_place(places[step.at])}, "
        f"after {_place(places[step.before])} (p {p_value(step.p_value, exact=step.exact)})"
    )


def _drift_said(drift: Drift, places: Sequence[Point]) -> str:
    seen = "" if drift.seen is None else f", told first at {_place(places[drift.seen])}"
    return (
        f"drifts since {_place(places[drift.since])}: {points(drift.change)} points "
        f"{between(bounds(drift.low, drift.high), in_points=True)} in "
        f"{plural(drift.records, 'record')}, up to {_place(places[drift.until])}{seen}"
    )


def _marked(series: Sequence[Series]) -> Iterator[str]:
    """Records that are not like the others, by what is to be known of them; a line for all parts
    of which the same is said."""
    marked: dict[tuple[str, str], dict[str, None]] = {}
    for one in series:
        who = f"{one.backend} on {one.gold} ({one.task})"
        for point in one.points:
            if point.marks:
                said = marked.setdefault((who, "; ".join(point.marks)), {})
                said[_place(point)] = None
    for (who, mark), places in marked.items():
        yield f"{who}: {mark}: {listed(places, 5)}"


def _changed(differing: Sequence[Named]) -> str:
    said = [f"{one.what} {one.old} -> {one.new}" for one in differing]
    return listed(said) or "nothing that the records know of"


def _place(point: Point) -> str:
    moment = point.date[:_MINUTE].replace("T", " ")
    return f"{moment} {point.commit}".rstrip()
