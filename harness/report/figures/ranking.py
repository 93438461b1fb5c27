"""Quality with whiskers and groups of ties, and quality against what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.decide.choose import Choice
from harness.decide.ranking import Ranking
from harness.report.figures.figure import Chart, Spec, distinct, figure_name, inline
from harness.report.method import between
from harness.stats.ties import letters
from harness.table import megabytes, number, quantity
from harness.tasks.parts import f_name, metric_title

__all__ = ["cost_figures", "ranking_figure"]

_ROW = 34


def ranking_figure(ranking: Ranking, title: str) -> Chart | None:
    """F of each real backend, best first, with its interval and the groups that it is in."""
    rows = [row for row in ranking.rows if row.scored is not None and not row.result.sanity]
    if not rows:
        return None
    names = [row.result.backend for row in rows]
    marks = letters(names, ranking.groups)
    best = ranking.best or names  # Where nothing was tested none stands out.
    texts = distinct(names)
    data = []
    for row in rows:
        assert row.scored is not None
        bounds = row.interval.bounds if row.interval else None
        data.append(
            {
                "backend": texts[row.result.backend],
                "score": row.scored.f1,
                "low": bounds[0] if bounds else None,
                "high": bounds[1] if bounds else None,
                "group": marks[row.result.backend],
                "best": row.result.backend in best,
                "shown": f"{number(row.scored.f1)} {between(bounds)}",
            }
        )
    f = f_name(rows[0].scored.parts[0].beta if rows[0].scored else 1.0)
    order = [texts[name] for name in names]
    y = {"field": "backend", "type": "nominal", "sort": order, "title": None}
    tip = [_tip("backend"), _tip("shown", f), _tip("group", "group of ties")]
    layers: list[Spec] = [
        {
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {"x": _x("low", f), "x2": {"field": "high"}},
        },
        {"mark": {"type": "tick", "thickness": 2, "size": 12}, "encoding": {"x": _x("low", f)}},
        {"mark": {"type": "tick", "thickness": 2, "size": 12}, "encoding": {"x": _x("high", f)}},
        {
            "mark": {"type": "point", "size": 110, "filled": True, "opacity": 1},
            "encoding": {"x": _x("score", f), "tooltip": tip},
        },
    ]
    if any(marks.values()):
        text = {"type": "text", "align": "left", "dx": 6, "fontWeight": "bold"}
        at = {"x": {"value": "width"}, "text": {"field": "group"}, "tooltip": tip}
        layers.append({"mark": text, "encoding": at})
    for layer in layers[:4]:
        layer["encoding"]["color"] = {
            "field": "best",
            "type": "nominal",
            "legend": None,
            "scale": {"domain": [True, False], "range": "category"},
        }
    ties = any(len(group) > 1 for group in ranking.groups)
    summary = "; ".join(f"{one['backend']} {one['shown']}" for one in data)
    said = "Letters: backends that share one were not found to differ." if ties else ""
    return Chart(
        figure_name("ranking", title),
        title,
        f"{f} with 95 % intervals",
        f"{summary}.",
        said,
        {
            "data": inline(data),
            "encoding": {"y": y},
            "layer": layers,
            "padding": {"right": 40, "left": 8, "top": 8, "bottom": 8},
        },
        _ROW * len(rows) + 10,
    )


def cost_figures(choice: Choice, title: str) -> list[Chart]:
    """Quality against speed, and against memory; those on the Pareto front are filled."""
    texts = distinct([one.name for one in choice.candidates])
    rows: list[dict[str, Any]] = [
        {
            "backend": texts[one.name],
            "quality": one.quality,
            "speed": one.words_per_second,
            "memory": None if one.peak_memory_bytes is None else one.peak_memory_bytes / 1e6,
            "front": "on the Pareto front" if one.pareto else "another is at least as good in all",
            "words/s": quantity(one.words_per_second),
            "peak MB": megabytes(one.peak_memory_bytes),
        }
        for one in choice.candidates
        if one.quality is not None
    ]
    out = []
    for what, axis, better, shown in (
        ("speed", "words per second (log)", "right", "words/s"),
        ("memory", "peak memory in MB (log)", "left", "peak MB"),
    ):
        known = [row for row in rows if row[what]]
        if len(known) < 2:
            continue
        out.append(_against(known, what, axis, better, shown, choice.metric, title))
    return out


def _against(
    rows: Sequence[dict[str, Any]],
    what: str,
    axis: str,
    better: str,
    shown: str,
    metric: str,
    title: str,
) -> Chart:
    name = metric_title(metric)
    x = {
        "field": what,
        "type": "quantitative",
        "scale": {"type": "log", "nice": False, "padding": 56},
        "title": axis,
        "axis": {"format": "~s", "labelOverlap": "greedy"},
    }
    y = {
        "field": "quality",
        "type": "quantitative",
        "title": name,
        "scale": {"zero": False, "padding": 18},
    }
    tip = [_tip("backend"), _tip("quality", name, ".3f"), _tip(shown), _tip("front", "")]
    ends = {"on the Pareto front": "circle", "another is at least as good in all": "diamond"}
    layers = [
        {
            "transform": [{"filter": {"field": "front", "equal": "on the Pareto front"}}],
            "mark": {"type": "line", "strokeDash": [4, 4], "opacity": 0.7},
            "encoding": {"order": {"field": what}},
        },
        {
            "mark": {"type": "point", "size": 120, "filled": True, "opacity": 1},
            "encoding": {
                "shape": {
                    "field": "front",
                    "type": "nominal",
                    "title": None,
                    "scale": {"domain": list(ends), "range": list(ends.values())},
                    "legend": {"columns": 1},
                },
                "color": {
                    "field": "front",
                    "type": "nominal",
                    "title": None,
                    "scale": {"domain": list(ends), "range": "category"},
                    "legend": {"columns": 1},
                },
                "tooltip": tip,
            },
        },
        {
            "mark": {"type": "text", "dy": -12, "limit": 170},
            "encoding": {"text": {"field": "backend"}, "tooltip": tip},
        },
    ]
    listed = "; ".join(f"{row['backend']} {row['quality']:.3f} at {row[shown]}" for row in rows)
    front = ", ".join(row["backend"] for row in rows if row["front"] == "on the Pareto front")
    return Chart(
        figure_name(what, title),
        title,
        f"{name} against {what}",
        f"{listed}. On the Pareto front: {front}.",
        f"Better is up and to the {better}. The front is of quality, speed and memory together.",
        {"data": inline(rows), "encoding": {"x": x, "y": y}, "layer": layers},
        260,
    )


def _x(field: str, title: str) -> Spec:
    return {
        "field": field,
        "type": "quantitative",
        "title": title,
        "scale": {"zero": False, "nice": True, "padding": 6},
    }


def _tip(field: str, title: str | None = None, form: str | None = None) -> Spec:
    kind = "quantitative" if form else "nominal"
    return {
        "field": field,
        "type": kind,
        "title": title if title is not None else field,
        **({"format": form} if form else {}),
    }
