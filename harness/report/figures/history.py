"""A series of a history: its scores with intervals, and where it stepped, drifted or broke off."""

from __future__ import annotations

from typing import Any

from harness.decide.history.series import Series
from harness.report.figures.figure import Chart, Spec, figure_name, inline
from harness.report.history import bounds, series_title
from harness.report.method import between, points
from harness.table import number, plural

__all__ = ["series_figure"]

_HEIGHT = 190
_STRETCH: Spec = {"field": "stretch", "type": "nominal"}


def series_figure(series: Series) -> Chart | None:
    """A point for each record that has a score, the oldest first; `None` without any."""
    rows = [
        {
            "record": place + 1,
            "score": point.f1,
            "low": point.low,
            "high": point.high,
            "shown": f"{number(point.f1)} {between(bounds(point.low, point.high))}",
            "date": point.date,
            "commit": point.commit or "–",
            "marks": "; ".join(point.marks) or "–",
            # No line leads across a break.
            "stretch": sum(one.at <= place for one in series.breaks),
        }
        for place, point in enumerate(series.points)
    ]
    if not any(row["score"] is not None for row in rows):
        return None
    layers: list[Spec] = [_band(rows, series), _line(rows, series), *_events(series)]
    said = [
        plural(len(series.points), "record"),
        plural(len(series.steps), "step"),
        plural(len(series.drifts), "drift"),
        plural(len(series.breaks), "break"),
    ]
    return Chart(
        figure_name("history", series.backend, series.gold, series.task, series.part),
        f"{series.measure} over time",
        series_title(series),
        f"{', '.join(said)}; last {rows[-1]['shown']}.",
        "Band: 95 % interval of each record alone. Vertical: a step with its size, or a break "
        "(dashed), across which nothing is compared. Thick: a drift.",
        {"layer": layers},
        _HEIGHT,
    )


def _x(last: int) -> Spec:
    return {
        "field": "record",
        "type": "quantitative",
        "title": "record, oldest first",
        "axis": {"tickMinStep": 1, "format": "d", "grid": False},
        "scale": {"domain": [1, max(2, last)], "nice": False, "padding": 12},
    }


def _y(field: str, series: Series) -> Spec:
    return {
        "field": field,
        "type": "quantitative",
        "title": series.measure,
        "scale": {"zero": False, "nice": True},
    }


def _band(rows: list[dict[str, Any]], series: Series) -> Spec:
    return {
        "data": inline(row for row in rows if row["low"] is not None),
        "mark": {"type": "area", "opacity": 0.18},
        "encoding": {
            "x": _x(len(rows)),
            "y": _y("low", series),
            "y2": {"field": "high"},
            "detail": _STRETCH,
        },
    }


def _line(rows: list[dict[str, Any]], series: Series) -> Spec:
    named = (("shown", series.measure), ("date", "date"), ("commit", "commit"), ("marks", "note"))
    tip = [{"field": field, "type": "nominal", "title": title} for field, title in named]
    return {
        "data": inline(row for row in rows if row["score"] is not None),
        "mark": {"type": "line", "point": {"filled": True, "size": 36}, "strokeWidth": 1.5},
        "encoding": {
            "x": _x(len(rows)),
            "y": _y("score", series),
            "detail": _STRETCH,
            "tooltip": tip,
        },
    }


def _events(series: Series) -> list[Spec]:
    """Steps, breaks and drifts, where there are any."""
    x = _x(len(series.points))
    steps = [{"record": one.at + 0.5, "size": points(one.change)} for one in series.steps]
    breaks = [
        {"record": one.at + 0.5, "size": ", ".join(named.what for named in one.why)}
        for one in series.breaks
    ]
    out: list[Spec] = []
    for events, mark in ((steps, {"strokeWidth": 2}), (breaks, {"strokeDash": [4, 3]})):
        if events:
            out.append(
                {
                    "data": inline(events),
                    "layer": [
                        {"mark": {"type": "rule", **mark}, "encoding": {"x": x}},
                        {
                            "mark": {"type": "text", "align": "left", "dx": 4, "fontWeight": 600},
                            "encoding": {"x": x, "y": {"value": 8}, "text": {"field": "size"}},
                        },
                    ],
                }
            )
    drifts = [
        {"record": place + 1, "score": series.points[place].f1, "drift": number_}
        for number_, one in enumerate(series.drifts)
        for place in (one.since, one.until)
    ]
    if drifts:
        out.append(
            {
                "data": inline(drifts),
                "mark": {"type": "line", "strokeWidth": 5, "opacity": 0.45},
                "encoding": {
                    "x": x,
                    "y": _y("score", series),
                    "detail": {"field": "drift", "type": "nominal"},
                },
            }
        )
    return out
