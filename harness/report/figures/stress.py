"""How scores bend: a panel for each perturbation, its levels against the difference."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from harness.decide.stress.result import Stress
from harness.report.figures.figure import Chart, Spec, distinct, figure_name, inline
from harness.report.method import between, points
from harness.table import number, plural
from harness.tasks.parts import f_name

__all__ = ["stress_chart"]

_PANEL = 104
_COLUMNS = 4
_WIDTH = 112


def stress_chart(found: Sequence[Stress]) -> Chart | None:
    """The backends of one gold set and task; `None` where nothing was compared.

    Panels have one scale of differences, so that they can be compared. A level is a place on the
    axis, not a length: some are words.
    """
    names = distinct([one.backend for one in found])
    data: list[dict[str, Any]] = []
    for one in found:
        for row in one.rows:
            if row.row is None or row.row.difference is None:
                continue
            bounds = row.row.paired.bounds if row.row.paired else None
            data.append(
                {
                    "backend": names[one.backend],
                    "perturbation": row.perturbation,
                    "level": row.level,
                    "difference": row.row.difference,
                    "low": bounds[0] if bounds else None,
                    "high": bounds[1] if bounds else None,
                    "score": row.whole,
                    "shown": f"{points(row.row.difference)} {between(bounds, in_points=True)}",
                    "verdict": row.verdict,
                }
            )
    if not data:
        return None
    first = found[0]
    f = f_name(first.beta)
    panels = list(dict.fromkeys(row["perturbation"] for row in data))
    levels = sorted(dict.fromkeys(row["level"] for row in data), key=_share)
    about = f"{first.gold} ({first.task})"
    return Chart(
        figure_name("stress", about),
        about,
        f"Difference of {f} after each perturbation",
        f"{plural(len(names), 'backend')}, {plural(len(panels), 'perturbation')}. {_worst(found)}",
        "In points against the same texts as they are, with the 95 % interval of the pair. From "
        "left to right more is changed.",
        _body(data, list(names.values()), panels, levels, f),
        _PANEL * -(-len(panels) // _COLUMNS),
    )


def _share(level: str) -> float:
    """Shares from the least to the most; words stay in their order, behind them."""
    try:
        share = float(level)
    except ValueError:
        return inf
    return share if share <= 1 else inf


def _worst(found: Sequence[Stress]) -> str:
    said = [
        f"{one.backend}: {number(one.f1)}, worst {points(worst.row.difference)} ({worst.called})"
        for one in found
        if (worst := one.worst) is not None and worst.row is not None
    ]
    return "; ".join(said) + "." if said else "None lowers a score."


def _body(
    data: Sequence[dict[str, Any]],
    backends: list[str],
    panels: list[str],
    levels: list[str],
    f: str,
) -> Spec:
    x = {
        "field": "level",
        "type": "ordinal",
        "sort": levels,
        "title": None,
        "axis": {"labelAngle": 0, "labelOverlap": True},
    }
    y = {
        "type": "quantitative",
        "title": f"{f}, points",
        "axis": {"format": "+.0%", "labelExpr": "replace(datum.label, '%', '')", "tickCount": 4},
    }
    colour = {
        "field": "backend",
        "type": "nominal",
        "title": None,
        "scale": {"domain": backends, "range": "category"},
        "legend": {"columns": 2},
    }
    shape = {**colour, "scale": {"domain": backends}}
    named = (("backend", "backend"), ("perturbation", "perturbation"), ("level", "level"))
    tip = [
        {"field": field, "type": "nominal", "title": title}
        for field, title in (*named, ("shown", "points"), ("verdict", "verdict"))
    ]
    line = {"x": x, "y": {**y, "field": "difference"}, "color": colour}
    layers: list[Spec] = [
        {
            "mark": {"type": "rule", "strokeDash": [3, 3]},
            "encoding": {"y": {"datum": 0, "type": "quantitative"}},
        },
        {"mark": {"type": "line", "strokeWidth": 1.5, "opacity": 0.6}, "encoding": line},
        {
            "mark": {"type": "rule", "strokeWidth": 1.5},
            "encoding": {
                "x": x,
                "y": {**y, "field": "low"},
                "y2": {"field": "high"},
                "color": colour,
            },
        },
        {
            "mark": {"type": "point", "filled": True, "size": 34, "opacity": 1},
            "encoding": {**line, "shape": shape, "tooltip": tip},
        },
    ]
    facet = {
        "field": "perturbation",
        "type": "nominal",
        "sort": panels,
        "title": None,
        "header": {"labelAnchor": "start"},
    }
    return {
        "data": inline(data),
        "facet": facet,
        "columns": _COLUMNS,
        "spec": {"width": _WIDTH, "height": _PANEL, "layer": layers},
        "resolve": {"scale": {"x": "independent"}},
    }
