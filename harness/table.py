"""A table as data, and how numbers and lists are written; `harness.report.tables` prints it.

Undefined numbers are `–`, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = [
    "UNDEFINED",
    "Cell",
    "Table",
    "Tone",
    "Toned",
    "alignment",
    "listed",
    "megabytes",
    "number",
    "plural",
    "quantity",
    "tallied",
]

UNDEFINED = "–"

Tone: TypeAlias = Literal["best", "good", "bad", "doubtful"]


class Toned(str):
    """A cell, a title or a line of which a reader sees at a glance what it says.

    `best`: of those that nothing was found to be better than; `good`, `bad`, `doubtful`: gains,
    losses and verdicts. Where nothing is coloured or bold it is a text as any other.
    """

    __slots__ = ("tone",)
    tone: Tone

    def __new__(cls, text: str, tone: Tone) -> Toned:
        """The text with its tone."""
        made = super().__new__(cls, text)
        made.tone = tone
        return made


Cell: TypeAlias = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table; `notes` are lines printed under it (the signature, what is missing)."""

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    """Headers that go first where a screen is too narrow, the least important before the others."""
    keys: tuple[str, ...] = ()
    """Headers that name a row together with the first: they stay, whatever columns go."""


def alignment(table: Table) -> list[Literal["left", "right"]]:
    """Of each column: right where every filled cell reads as a number; left without rows."""
    if not table.rows:
        return ["left"] * len(table.headers)
    columns = zip(*table.rows, strict=True)
    return ["right" if all(map(_numeric, column)) else "left" for column in columns]


def _numeric(cell: Cell) -> bool:
    if cell is None or cell in ("", UNDEFINED) or isinstance(cell, int | float):
        return True
    head = cell.lstrip("[+~< ").split(" ")[0].strip("[],±%*")
    return head.replace(",", "").replace(".", "", 1).replace("-", "", 1).isdigit()


def number(value: float | None) -> str:
    """A score with three digits; `–` where it is undefined."""
    return UNDEFINED if value is None else f"{value:.3f}"


def quantity(value: float | None) -> str:
    """A cost with three significant digits: `0.52`, `13.1`, `1240`; `–` where unknown."""
    if value is None:
        return UNDEFINED
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}"


def megabytes(size: int | None) -> str:
    """A size in bytes as millions of them."""
    return quantity(None if size is None else size / 1e6)


def plural(count: int, noun: str) -> str:
    """`1 check`, `3 checks`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(items: Iterable[str], most: int | None = None) -> str:
    """`a, b, c and 4 more`, of which `most` are named; all of them unless that is given."""
    every = list(items)
    more = f" and {len(every) - most} more" if most is not None and len(every) > most else ""
    return ", ".join(every[:most]) + more


def tallied(counts: Mapping[str, object], most: int | None = None) -> str:
    """`PER (3), ORG (1)`: names in the order given, with how often each comes."""
    return listed((f"{name} ({count})" for name, count in counts.items()), most)
