"""A table as data, and how its numbers are written; `harness.report.tables` prints it.

Undefined numbers are `–`, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["UNDEFINED", "Cell", "Table", "number", "quantity"]

UNDEFINED = "–"

Cell: TypeAlias = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table; `notes` are lines printed under it (the signature, what is missing)."""

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()


def number(value: float | None, *, digits: int = 3) -> str:
    """A score with fixed digits; `–` where it is undefined."""
    return UNDEFINED if value is None else f"{value:.{digits}f}"


def quantity(value: float | None, unit: str = "") -> str:
    """A cost with three significant digits: `0.52`, `13.1`, `1240`; `–` where unknown."""
    if value is None:
        return UNDEFINED
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}{unit}"
