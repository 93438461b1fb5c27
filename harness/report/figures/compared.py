"""Differences from the reference, each with the interval of its pair."""

from __future__ import annotations

from harness.decide.comparison import Comparison
from harness.report.figures.figure import Chart, distinct, figure_name, inline
from harness.report.method import between, points

__all__ = ["difference_figure"]

_ROW = 34


def difference_figure(comparison: Comparison, title: str) -> Chart | None:
    """A point and an interval for each backend but the reference, in points of a hundred."""
    reference, *others = comparison.rows
    known = [row for row in others if row.difference is not None]
    if not known:
        return None
    names = distinct([row.name for row in known])
    data = []
    for row in known:
        bounds = row.paired.bounds if row.paired else None
        data.append(
            {
                "backend": names[row.name],
                "difference": row.difference,
                "low": bounds[0] if bounds else None,
                "high": bounds[1] if bounds else None,
                "verdict": row.verdict,
                "shown": f"{points(row.difference)} {between(bounds, in_points=True)}",
            }
        )
    what = f"{comparison.part} {comparison.metric}"
    axis = {"format": "+.0%", "labelExpr": "replace(datum.label, '%', '')"}
    x = {"type": "quantitative", "title": f"difference of {what} in points", "axis": axis}
    y = {"field": "backend", "type": "nominal", "sort": list(names.values()), "title": None}
    colour = {
        "field": "verdict",
        "type": "nominal",
        "title": None,
        "scale": {"domain": ["better", "worse", "tie"], "range": "category"},
    }
    tip = [
        {"field": field, "type": "nominal", "title": name}
        for field, name in (("backend", "backend"), ("shown", "points"), ("verdict", "verdict"))
    ]
    body = {
        "data": inline(data),
        "layer": [
            {"mark": {"type": "rule", "strokeDash": [3, 3]}, "encoding": {"x": {"datum": 0}}},
            {
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {
                    "x": {**x, "field": "low"},
                    "x2": {"field": "high"},
                    "y": y,
                    "color": colour,
                },
            },
            {
                "mark": {"type": "point", "size": 110, "filled": True, "opacity": 1},
                "encoding": {
                    "x": {**x, "field": "difference"},
                    "y": y,
                    "color": colour,
                    "shape": {**colour, "scale": {"domain": ["better", "worse", "tie"]}},
                    "tooltip": tip,
                },
            },
        ],
    }
    said = "; ".join(f"{row['backend']} {row['shown']}: {row['verdict']}" for row in data)
    return Chart(
        figure_name("difference", title),
        title,
        f"Difference from {reference.name} with 95 % intervals",
        f"{said}.",
        "Paired: the same documents of both. Where the interval holds 0 and the test finds "
        "nothing it is a tie.",
        body,
        _ROW * len(data) + 20,
    )
