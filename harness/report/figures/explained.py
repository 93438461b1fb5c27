"""What each kind of error costs of F, a bar for each backend as long as what lacks to 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.decide.explain.explanation import Explanation
from harness.report.figures.figure import Chart, distinct, figure_name, inline
from harness.report.method import between
from harness.table import number

__all__ = ["cost_figure", "dearest_first"]

_MOST_KINDS = 7
"""With the others together as many as there are colours."""
_OTHERS = "other kinds"
_WIDE = 0.03
"""From this part of the longest bar on the number of its kind has room in a segment."""


def dearest_first(explanations: Sequence[Explanation]) -> list[str]:
    """Every kind of error, by what it costs the backend that it costs most."""
    most: dict[str, float] = {}
    for one in explanations:
        for cost in one.costs:
            most[cost.kind] = max(cost.cost, most.get(cost.kind, cost.cost))
    return sorted(most, key=lambda kind: (-most[kind], kind))


def cost_figure(explanations: Sequence[Explanation], title: str) -> Chart | None:
    """A segment for each kind of error that costs anything, in the same order in every bar: the
    dearest of any backend first, and those that are no longer told apart last."""
    costing = {cost.kind for one in explanations for cost in one.costs if cost.cost > 0}
    kinds = [kind for kind in dearest_first(explanations) if kind in costing]
    if not kinds:
        return None
    backends = distinct([one.name for one in explanations])
    shown = distinct(kinds)
    order = {kind: place for place, kind in enumerate(kinds)}
    groups = [f"{place + 1} {shown[kind]}" for place, kind in enumerate(kinds[:_MOST_KINDS])]
    if len(kinds) > _MOST_KINDS:
        groups.append(_OTHERS)
    wide = _WIDE * (1 - min(one.f1 for one in explanations))
    data: list[dict[str, Any]] = [
        {
            "backend": backends[one.name],
            "name": one.name,
            "kind": cost.kind,
            "group": groups[min(order[cost.kind], _MOST_KINDS)],
            "order": order[cost.kind],
            "cost": cost.cost,
            "shown": f"{number(cost.cost)} {between(cost.interval.bounds)}",
            "cases": cost.cases,
            "number": str(order[cost.kind] + 1)
            if cost.cost >= wide and order[cost.kind] < _MOST_KINDS
            else "",
            "strong": 1,
        }
        for one in explanations
        for cost in one.costs
        if cost.cost > 0
    ]
    named = (("backend", "backend"), ("kind", "kind"), ("shown", "cost"), ("cases", "cases"))
    tip = [{"field": field, "type": "nominal", "title": name} for field, name in named]
    x = {
        "field": "cost",
        "type": "quantitative",
        "title": "what lacks to F = 1",
        "stack": "zero",
    }
    # The number of a segment is in its middle; it tells kinds apart where colours do not.
    middle = {**x, "bandPosition": 0.5}
    order_of = {"field": "order", "type": "quantitative"}
    colour = {
        "field": "group",
        "type": "nominal",
        "title": None,
        "scale": {"domain": groups, "range": "category"},
    }
    ink = {
        "field": "strong",
        "type": "ordinal",
        "legend": None,
        "scale": {"domain": [0, 1], "range": "ordinal"},
    }
    said = "; ".join(
        f"{backends[one.name]}, F {number(one.f1)}: "
        + ", ".join(f"{cost.kind} {number(cost.cost)}" for cost in one.costs[:_MOST_KINDS])
        for one in explanations
    )
    return Chart(
        figure_name("why", title),
        title,
        "Costs of kinds of error",
        f"{said}.",
        "A bar is as long as what lacks to F = 1; a kind of error costs what mending it would add, "
        "on average over all orders of mending. The table has every kind.",
        {
            "data": inline(data),
            "encoding": {
                "y": {
                    "field": "backend",
                    "type": "nominal",
                    "sort": list(backends.values()),
                    "scale": {"domain": list(backends.values())},
                    "title": None,
                },
                "order": order_of,
                "tooltip": tip,
            },
            "layer": [
                {
                    "mark": {"type": "bar", "height": 20},
                    "encoding": {"x": x, "color": colour},
                },
                {
                    "mark": {"type": "text", "fontSize": 11},
                    "encoding": {
                        "x": middle,
                        "detail": {"field": "group"},
                        "text": {"field": "number"},
                        "color": ink,
                    },
                },
            ],
            "resolve": {"scale": {"color": "independent"}},
        },
        32 * len(backends) + 10,
    )
