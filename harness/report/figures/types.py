"""Quality by entity type or attribution part: the heat map, and bars with intervals."""

from __future__ import annotations

from typing import Any

from harness.decide.profile import Profile
from harness.report.figures.figure import Chart, distinct, figure_name, inline
from harness.report.figures.theme import STRONG
from harness.report.method import between
from harness.table import number

__all__ = ["MOST_PARTS", "bar_figure", "heat_figure"]

MOST_PARTS = 20
"""A figure of more could not be read; the table has all of them."""

_CELL = 26
_SHORT = 16


def heat_figure(profile: Profile, title: str, f: str, word: str) -> Chart | None:
    """A cell for each backend and part; the support stands beside the part's name."""
    data, parts, more = _rows(profile)
    if not data:
        return None
    backends = list(distinct(profile.backends).values())
    x = {
        "field": "backend",
        "type": "nominal",
        "sort": backends,
        "title": None,
        "axis": {
            "orient": "top",
            "labelAngle": -28,
            "labelAlign": "left",
            "domain": False,
            "ticks": False,
        },
    }
    y = {
        "field": "part",
        "type": "nominal",
        "sort": parts,
        "title": None,
        "axis": {"domain": False, "ticks": False},
    }
    scale = {"domain": [0, 1], "range": "heatmap"}
    layers = [
        {
            "mark": {"type": "rect", "cornerRadius": 2},
            "encoding": {
                "color": {
                    "field": "score",
                    "type": "quantitative",
                    "title": f,
                    "scale": scale,
                    "legend": None,
                },
                "tooltip": _tips(f, word),
            },
        },
        {
            "mark": {"type": "text"},
            "encoding": {
                "text": {"field": "number"},
                "color": {
                    "field": "strong",
                    "type": "ordinal",
                    "legend": None,
                    "scale": {"domain": [0, 1], "range": "ordinal"},
                },
                "tooltip": _tips(f, word),
            },
        },
    ]
    body = {
        "data": inline(data),
        "encoding": {"x": x, "y": y},
        "layer": layers,
        "resolve": {"scale": {"color": "independent"}},
        "padding": {"left": 8, "top": 8, "right": 64, "bottom": 8},
    }
    return Chart(
        figure_name("heat", title),
        title,
        f"{f} by {word}{more}",
        "The table has every value.",
        "In brackets: the support.",
        body,
        _CELL * len(parts),
    )


def bar_figure(profile: Profile, title: str, f: str, word: str) -> Chart | None:
    """Each part with a point and an interval for each backend."""
    data, parts, more = _rows(profile)
    if not data:
        return None
    backends = list(distinct(profile.backends).values())
    # Two columns of long names would not fit a narrow screen.
    legend = {"columns": 1 if max(map(len, backends)) > _SHORT else 2}
    row = max(14, 9 * len(backends) + 8)
    y = {
        "field": "part",
        "type": "nominal",
        "sort": parts,
        "title": None,
        "axis": {"domain": False, "ticks": False, "grid": True},
    }
    offset = {"field": "backend", "type": "nominal", "sort": backends}
    colour = {
        "field": "backend",
        "type": "nominal",
        "title": None,
        "scale": {"domain": backends, "range": "category"},
        "legend": legend,
    }
    shape = {
        "field": "backend",
        "type": "nominal",
        "title": None,
        "scale": {"domain": backends},
        "legend": legend,
    }
    x = {"type": "quantitative", "title": f, "scale": {"domain": [0, 1]}}
    layers = [
        {
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 48, "opacity": 1},
            "encoding": {"x": {**x, "field": "score"}, "shape": shape, "tooltip": _tips(f, word)},
        },
    ]
    body = {
        "data": inline(data),
        "encoding": {"y": y, "yOffset": offset, "color": colour},
        "layer": layers,
    }
    return Chart(
        figure_name("types", title),
        title,
        f"{f} by {word} with 95 % intervals{more}",
        "The table has every value.",
        "In brackets: the support. Without a line: too few units hold anything for an interval.",
        body,
        row * len(parts),
    )


def _rows(profile: Profile) -> tuple[list[dict[str, Any]], list[str], str]:
    """Rows of data, the parts in their order, and how many of them are left out, if any."""
    ranked = [
        one
        for one in profile.parts
        if one.support or any(m.block.predicted for m in one.measured.values())
    ]
    chosen = ranked[:MOST_PARTS]
    more = f" ({len(chosen)} of {len(ranked)})" if len(ranked) > len(chosen) else ""
    backends = distinct(profile.backends)
    labels = distinct([one.name for one in chosen])
    data = []
    for part in chosen:
        for name in profile.backends:
            one = part.measured[name]
            score = one.block.f1
            bounds = one.interval.bounds if one.interval else None
            data.append(
                {
                    "part": f"{labels[part.name]} ({part.support:,})",
                    "key": part.name,
                    "backend": backends[name],
                    "name": name,
                    "score": score,
                    "number": "" if score is None else f"{score:.2f}".lstrip("0"),
                    "strong": int(score is not None and score >= STRONG),
                    "low": bounds[0] if bounds else None,
                    "high": bounds[1] if bounds else None,
                    "shown": f"{number(score)} {between(bounds)}",
                    "support": part.support,
                }
            )
    return data, [f"{labels[one.name]} ({one.support:,})" for one in chosen], more


def _tips(f: str, word: str) -> list[dict[str, Any]]:
    named = (("backend", "backend"), ("key", word), ("shown", f), ("support", "support"))
    return [{"field": field, "type": "nominal", "title": title} for field, title in named]
