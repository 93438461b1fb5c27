"""What a threshold trades: precision against recall by type, and confidences against shares."""

from __future__ import annotations

from typing import Any

from harness.decide.threshold.analyse import System
from harness.report.figures.figure import Chart, Spec, distinct, figure_name, inline
from harness.report.method import between
from harness.report.threshold import shown_threshold, threshold_title
from harness.table import number

__all__ = ["threshold_charts"]

_MOST_CURVES = 8
"""As many colours as there are."""
_HEIGHT = 320


def threshold_charts(system: System) -> list[Chart]:
    """Curves of precision and recall, and the reliability diagram where there is one."""
    return [one for one in (_curves(system), _reliability(system)) if one is not None]


def _curves(system: System) -> Chart | None:
    drawn = [name for name, points in system.curve.items() if len(points) > 1]
    chosen = drawn[:_MOST_CURVES]
    names = distinct(chosen)
    rows = [
        {
            "type": names[name],
            "threshold": point.threshold,
            "shown": shown_threshold(point.threshold),
            "precision": point.precision,
            "recall": point.recall,
            "f": number(point.f),
        }
        for name in chosen
        for point in system.curve[name]
        if point.precision is not None and point.recall is not None
    ]
    if not rows:
        return None
    order = list(names.values())
    tips = (("type", "type"), ("shown", "from"), ("f", f"F{system.beta:g}"))
    body: Spec = {
        "data": inline(rows),
        "mark": {"type": "line", "strokeWidth": 1.5},
        "encoding": {
            "x": _rate("recall"),
            "y": _rate("precision"),
            "order": {"field": "threshold", "type": "quantitative"},
            "color": {
                "field": "type",
                "type": "nominal",
                "title": None,
                "scale": {"domain": order, "range": "category"},
            },
            "strokeDash": {
                "field": "type",
                "type": "nominal",
                "title": None,
                "scale": {"domain": order},
            },
            "tooltip": [
                {"field": field, "type": "nominal", "title": title} for field, title in tips
            ],
        },
    }
    more = f" ({len(chosen)} of {len(drawn)})" if len(drawn) > len(chosen) else ""
    about = threshold_title(system)
    return Chart(
        figure_name("precision-recall", about),
        about,
        f"Precision and recall by threshold{more}",
        f"{len(chosen)} curves; the table has numbers.",
        "Right ends: without a threshold. Strict matching, on the documents themselves.",
        body,
        _HEIGHT,
    )


def _reliability(system: System) -> Chart | None:
    if system.calibration is None:
        return None
    rows: list[dict[str, Any]] = []
    for one in system.calibration.bins:
        low, high = one.interval or (None, None)
        rows.append(
            {
                "confidence": one.confidence,
                "right": one.right,
                "low": low,
                "high": high,
                "n": one.n,
                "shown": f"{number(one.right)} {between(one.interval)}",
                "from": f"{one.low:.3f} to {one.high:.3f}",
            }
        )
    x, y = _rate("confidence", "mean confidence"), _rate("right", "share right")
    tips = (("from", "confidence"), ("shown", "share right"), ("n", "n"))
    layers: list[Spec] = [
        {
            "data": inline([{"confidence": end, "right": end} for end in (0, 1)]),
            "mark": {"type": "line", "strokeDash": [4, 3], "strokeWidth": 1},
            "encoding": {"x": x, "y": y},
        },
        {
            "data": inline(row for row in rows if row["low"] is not None),
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
        },
        {
            "data": inline(rows),
            "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
            "encoding": {
                "x": x,
                "y": y,
                "tooltip": [
                    {"field": field, "type": "nominal", "title": title} for field, title in tips
                ],
            },
        },
    ]
    about = threshold_title(system)
    said = f"Expected calibration error {number(system.calibration.ece)}"
    return Chart(
        figure_name("reliability", about),
        about,
        "Are confidences probabilities?",
        f"{said}; the table has every bin.",
        "A point for each tenth of the predictions, with its 95 % interval; on the broken line "
        "they would be.",
        {"layer": layers},
        _HEIGHT,
    )


def _rate(field: str, title: str = "") -> Spec:
    return {
        "field": field,
        "type": "quantitative",
        "title": title or field,
        "scale": {"domain": [0, 1]},
    }
