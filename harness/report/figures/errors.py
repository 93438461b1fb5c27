"""Where mentions go wrong: classes of errors by backend, and which label is taken for which."""

from __future__ import annotations

from collections import Counter
from typing import Any

from harness.decide.profile import Profile
from harness.report.figures.figure import Chart, distinct, figure_name, inline
from harness.report.figures.theme import STRONG, ordered_classes

__all__ = ["class_figure", "confusion_figure"]

_MOST_LABELS = 20


def class_figure(profile: Profile, title: str) -> Chart | None:
    """How many mentions or pairs of each backend are in each class."""
    classes = ordered_classes(name for counts in profile.errors.values() for name in counts)
    if not classes:
        return None
    backends = distinct(profile.backends)
    data = [
        {"backend": backends[name], "name": name, "class": one, "count": counts[one], "order": at}
        for name, counts in profile.errors.items()
        for at, one in enumerate(classes)
        if counts.get(one)
    ]
    y = {"field": "backend", "type": "nominal", "sort": list(backends.values()), "title": None}
    x = {"field": "count", "type": "quantitative", "title": "mentions or pairs", "stack": "zero"}
    colour = {
        "field": "class",
        "type": "nominal",
        "title": None,
        "scale": {"domain": classes, "range": "diverging"},
    }
    tip = [{"field": f, "type": "nominal", "title": f} for f in ("backend", "class", "count")]
    said = "; ".join(
        f"{backends[name]}: " + ", ".join(f"{one} {counts.get(one, 0)}" for one in classes)
        for name, counts in profile.errors.items()
    )
    return Chart(
        figure_name("errors", title),
        title,
        "Classes of errors",
        f"{said}.",
        "",
        {
            "data": inline(data),
            "mark": {"type": "bar", "height": 18},
            "encoding": {
                "y": y,
                "x": x,
                "color": colour,
                "order": {"field": "order"},
                "tooltip": tip,
            },
        },
        30 * len(backends) + 10,
    )


def confusion_figure(profile: Profile, backend: str, title: str) -> Chart | None:
    """Gold labels down, predicted ones across; `-` is missed (across) and spurious (down)."""
    matrix = profile.confusion.get(backend) or {}
    counts: Counter[str] = Counter()
    for gold, row in matrix.items():
        counts[gold] += sum(row.values())
        counts.update(row)
    ranked = sorted(
        (label for label in counts if label != "-"), key=lambda one: (-counts[one], one)
    )
    if not ranked:
        return None
    chosen = [*ranked[:_MOST_LABELS], "-"]
    more = f" ({_MOST_LABELS} of {len(ranked)} labels)" if len(ranked) > _MOST_LABELS else ""
    labels = distinct(chosen)
    data: list[dict[str, Any]] = []
    for gold in chosen:
        row = matrix.get(gold, {})
        whole = sum(row.values())
        for predicted in chosen:
            count = row.get(predicted, 0)
            if count:
                share = count / whole
                data.append(
                    {
                        "gold": labels[gold],
                        "predicted": labels[predicted],
                        "keys": [gold, predicted],
                        "name": backend,
                        "count": count,
                        "share": share,
                        "strong": int(share >= STRONG),
                    }
                )
    order = list(labels.values())
    axis = {"domain": False, "ticks": False}
    x = {
        "field": "predicted",
        "type": "nominal",
        "sort": order,
        "title": "predicted",
        "scale": {"domain": order},
        "axis": {**axis, "orient": "top", "labelAngle": -40, "labelAlign": "left"},
    }
    y = {
        "field": "gold",
        "type": "nominal",
        "sort": order,
        "title": "gold",
        "scale": {"domain": order},
        "axis": axis,
    }
    tip = [{"field": f, "type": "nominal", "title": f} for f in ("gold", "predicted", "count")]
    layers = [
        {
            "mark": {"type": "rect", "cornerRadius": 2},
            "encoding": {
                "color": {
                    "field": "share",
                    "type": "quantitative",
                    "scale": {"domain": [0, 1], "range": "heatmap"},
                    "legend": None,
                },
                "tooltip": tip,
            },
        },
        {
            "mark": {"type": "text", "fontSize": 11},
            "encoding": {
                "text": {"field": "count"},
                "color": {
                    "field": "strong",
                    "type": "ordinal",
                    "legend": None,
                    "scale": {"domain": [0, 1], "range": "ordinal"},
                },
                "tooltip": tip,
            },
        },
    ]
    return Chart(
        figure_name("confusion", title, backend),
        title,
        f"Labels of {backend}{more}",
        "The table has every value.",
        "Gold down, predicted across; colour: share of the row; -: missed (last column), spurious "
        "(last row).",
        {
            "data": inline(data),
            "encoding": {"x": x, "y": y},
            "layer": layers,
            "resolve": {"scale": {"color": "independent"}},
        },
        26 * len(chosen),
    )
