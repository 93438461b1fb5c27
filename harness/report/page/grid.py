"""A table of a page: cells that can be sorted, coloured and opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.coding import compact
from harness.media import json_text
from harness.table import UNDEFINED, Table, Toned, alignment

__all__ = ["Grid", "GridCell", "asked", "grid_of"]

_STEPS = 10


@dataclass(frozen=True, slots=True)
class GridCell:
    """What stands in a cell, and what a click on it shows."""

    text: str
    show: str = ""
    """The mentions that a click lists: a JSON object for the script; empty for none."""
    heat: int | None = None
    """0 to 9: how strong its ground is."""
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A titled table. Every row has as many cells as there are headers."""

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[GridCell, ...], ...]
    numeric: tuple[bool, ...]
    """Whether a column is of numbers: to the right, sorted by value."""
    notes: tuple[str, ...] = ()


def grid_of(
    table: Table,
    *,
    shows: Sequence[Sequence[Any]] = (),
    heat: Sequence[Sequence[float | None]] = (),
) -> Grid:
    """A grid of a table; `shows` and `heat`, where given, have a value for every cell of it.

    What is shown is `None` or a mapping; heat is a share from 0 to 1.
    """
    numeric = tuple(side == "right" for side in alignment(table))
    rows = tuple(
        tuple(
            GridCell(
                UNDEFINED if cell is None else str(cell),
                asked(shows[i][j]) if shows and shows[i][j] is not None else "",
                _step(heat[i][j]) if heat else None,
                bold=isinstance(cell, Toned) and cell.tone == "best",
            )
            for j, cell in enumerate(row)
        )
        for i, row in enumerate(table.rows)
    )
    return Grid(table.title, table.headers, rows, numeric, table.notes)


def asked(show: Any) -> str:
    """What a click asks for, as the script reads it.

    Names are whole in it: a page prints no control character as it is.
    """
    return json_text(compact(show))


def _step(share: float | None) -> int | None:
    return None if share is None else min(_STEPS - 1, int(_STEPS * share))
