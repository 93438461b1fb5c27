"""The look of all figures, and of the pages around them: colours, light and dark.

The categorical colours are those of Okabe and Ito 2008 ("Color Universal Design"), which people who
confuse red and green can tell apart; on a dark ground they are lighter. Nothing is told by colour
alone: marks have shapes, cells have numbers, classes of errors have letters.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["CATEGORIES", "STRONG", "config", "ordered_classes", "css_variables"]

CATEGORIES = {
    "light": (
        "#0072B2",
        "#B04A00",
        "#007A5A",
        "#9C4F86",
        "#7A5C00",
        "#2B7FB0",
        "#5B5B5B",
        "#7A3B1D",
    ),
    "dark": (
        "#56B4E9",
        "#F0A04B",
        "#2FD0A0",
        "#E59BC6",
        "#F0E442",
        "#9CCBEA",
        "#C4C4C4",
        "#E0A58A",
    ),
}
"""In the order in which backends, entity types and roles get them; then they come again."""

ERROR_COLOURS = {
    "light": ("#007A5A", "#B3261E", "#8A3FA0", "#8A5A00", "#0A5F9E", "#5C6BC0", "#00707A"),
    "dark": ("#2FD0A0", "#FF8A80", "#DDA0EE", "#F0B84B", "#7CC4FF", "#B3BCF5", "#5FD3DD"),
}
"""Of `ordered_classes`: correct, missed, spurious, boundary, then what else a task tells apart."""

_FIRST = ("correct", "missed", "spurious", "boundary")

_GROUND = {
    "light": {
        "ink": "#1b2230", "soft": "#4f5a6b", "line": "#d5dae2", "ground": "#ffffff",
        "raised": "#f4f6f9", "accent": "#0b5cad", "warn": "#fff4d6",
    },
    "dark": {
        "ink": "#e8ecf2", "soft": "#b3bdcb", "line": "#3a4454", "ground": "#151a22",
        "raised": "#1f2631", "accent": "#7cc4ff", "warn": "#3a3015",
    },
}  # fmt: skip
_HEAT = {
    "light": (
        "#f6f9fb", "#e8f1f7", "#d6e7f2", "#c2dcec", "#a9cde4",
        "#8cbcdb", "#6eaad0", "#2a77a8", "#1a6597", "#0b4a75",
    ),
    "dark": (
        "#1b222c", "#1d2c39", "#1f3748", "#214459", "#22577a",
        "#286189", "#2c6a94", "#6cb6de", "#8ac8ea", "#a8dbf5",
    ),
}  # fmt: skip
"""From nothing to all, in ten steps; on the last three stands the other ink."""
_ON_CELL = {"light": ("#1B2230", "#FFFFFF"), "dark": ("#E8ECF2", "#10151C")}
"""Text on a pale cell and on a strong one."""


STRONG = 0.7
"""From this share on the ground of a cell is so strong that its text is the other one."""


def ordered_classes(names: Iterable[str]) -> list[str]:
    """Classes of errors in the order of their colours."""
    every = dict.fromkeys(names)
    return [*(name for name in _FIRST if name in every), *(n for n in every if n not in _FIRST)]


def css_variables(theme: str) -> dict[str, str]:
    """The same colours for the style sheet of a page, and those that only a page has."""
    correct, missed, spurious, boundary, other, *_ = ERROR_COLOURS[theme]
    heat = _HEAT[theme]
    pale, strong = _ON_CELL[theme]
    return {
        "color-scheme": theme,
        **{f"--{name}": colour for name, colour in _GROUND[theme].items()},
        "--correct": correct,
        "--missed": missed,
        "--spurious": spurious,
        "--boundary": boundary,
        "--other": other,
        "--pale": pale,
        "--strong-ink": strong,
        **{f"--k{place}": colour for place, colour in enumerate(CATEGORIES[theme])},
        **{f"--h{place}": colour for place, colour in enumerate(heat)},
    }


def config(theme: str) -> dict[str, Any]:
    """The `config` of a Vega-Lite specification; `theme` is `light` or `dark`."""
    ground = _GROUND[theme]
    font = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
    return {
        "background": ground["ground"],
        "font": font,
        "padding": 8,
        "view": {"stroke": None},
        "mark": {"color": CATEGORIES[theme][0]},
        "axis": {
            "labelColor": ground["soft"],
            "titleColor": ground["soft"],
            "gridColor": ground["line"],
            "domainColor": ground["line"],
            "tickColor": ground["line"],
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "labelLimit": 220,
        },
        "legend": {
            "labelColor": ground["soft"],
            "titleColor": ground["soft"],
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "labelLimit": 260,
            "orient": "bottom",
            "columns": 3,
            "symbolLimit": 40,
        },
        "title": {"color": ground["ink"], "fontSize": 14, "anchor": "start", "fontWeight": 600},
        "text": {"color": ground["ink"], "fontSize": 12},
        "rule": {"color": ground["soft"]},
        "point": {"filled": True, "size": 70},
        "range": {
            "ordinal": list(_ON_CELL[theme]),
            "diverging": list(ERROR_COLOURS[theme]),
            "category": list(CATEGORIES[theme]),
            "heatmap": list(_HEAT[theme]),
        },
    }
