"""A table on a screen: what does not fit is left out, shortened or wrapped, and it is said.

First the columns go that their table calls optional, the least important before the others; then
long cells lose their middle; and where that is not enough, as for a matrix of a hundred labels,
columns go from the right. A note under the table names what was left out. Without a width (a file,
a pipe) nothing of this happens: a line is a row or a note, whole.

Colours are put on at the end, over text whose widths are known and in which nothing has an effect.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from harness.media import one_line, terminal
from harness.table import UNDEFINED, Cell, Table, Toned, alignment, listed

__all__ = ["WHOLE", "Screen", "line_on_screen", "on_screen", "width_of", "wrapped"]

_GAP = "  "
_INDENT = "  "
_SHORTEST = 12
"""Characters to which a cell is shortened before columns go that are not optional."""
_LEAST = 20
"""Columns that a screen has at least: below, nothing can be read anyway."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What tables are shown on."""

    width: int | None = None
    """Columns; `None` where lines may have any length."""
    colour: bool = False


_STYLES = {"title": "1", "best": "1", "good": "32", "bad": "31", "doubtful": "33"}
"""Parameters of the escape code (ECMA-48, SGR) by tone: bold, green, red, yellow."""

_Line: TypeAlias = list[tuple[str, str]]
"""Pieces of a line with their styles, which are empty or of `_STYLES`."""

WHOLE = Screen()
"""A file or a pipe: everything as it is."""


def on_screen(table: Table, screen: Screen) -> str:
    """Title, columns and notes of a table in the form `simple`, for that screen."""
    width = None if screen.width is None else max(_LEAST, screen.width)
    fitting, widths = (table, _widths(table)) if width is None else _fitted(table, width)
    gone = [name.strip() for name in table.headers if name not in fitting.headers]
    notes = [*table.notes, *([_left_out(gone)] if gone else ())]
    lines = [*_paragraph(table.title, width, "title"), [], *_grid(fitting, widths)]
    lines += [line for note in notes for line in _paragraph(note, width)]
    return "\n".join(_painted(line, screen) for line in lines)


def line_on_screen(line: str, screen: Screen) -> str:
    """A line that stands beside tables, indented as it is."""
    return "\n".join(_painted(one, screen) for one in _paragraph(line, screen.width))


def wrapped(text: str, width: int) -> Iterator[str]:
    """Lines of at most `width` columns, further ones indented more; a signature breaks at `|`."""
    said = text.lstrip(" ")
    line = " " * min(len(text) - len(said), width // 2)
    further = f"{line}{_INDENT}"
    for piece in _pieces(said):
        while width_of(f"{line}{piece}".rstrip()) > width:
            if line.strip():
                yield line.rstrip()
            else:  # A word that no line holds.
                head = _first(piece, width - len(line))
                yield line + head
                piece = piece[len(head) :]
            line = further
        line += piece
    if line.strip() or not said:
        yield line.rstrip()


def width_of(text: str) -> int:
    """Columns that a text takes: two for a wide character, none for a combining one."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _painted(line: _Line, screen: Screen) -> str:
    """A line as it is printed; one that is a command to somebody is not, and loses its colours."""
    text = "".join(piece for piece, _ in line).rstrip()
    shown = terminal(text)
    if not screen.colour or shown != text:
        return shown
    return "".join(
        f"\x1b[{_STYLES[style]}m{piece}\x1b[0m" if style and piece.strip() else piece
        for piece, style in line
    ).rstrip()


def _paragraph(text: str, width: int | None, style: str = "") -> list[_Line]:
    shown, style = one_line(text), _style(text) or style
    return [[(line, style)] for line in ([shown] if width is None else wrapped(shown, width))]


def _style(cell: Cell) -> str:
    return cell.tone if isinstance(cell, Toned) else ""


def _pieces(text: str) -> Iterator[str]:
    """Words with the blanks behind them; a word with `|` in parts that end with it."""
    for word in text.split(" "):
        parts = word.split("|")
        yield from (f"{part}|" for part in parts[:-1])
        yield f"{parts[-1]} "


def _first(text: str, width: int) -> str:
    """The longest beginning of a text that takes no more than `width` columns, not empty."""
    taken, used = 1, _columns(text[0])
    while taken < len(text) and used + _columns(text[taken]) <= width:
        used += _columns(text[taken])
        taken += 1
    return text[:taken]


def _last(text: str, width: int) -> str:
    return _first(text[::-1], width)[::-1] if width else ""


def _shortened(text: str, width: int) -> str:
    """A text with `…` for its middle where it takes more than `width` columns."""
    if width_of(text) <= width:
        return text
    if width < 3:
        return _first(text, width)
    return f"{_first(text, width // 2)}…{_last(text, width - width // 2 - 1)}"


def _cell(cell: Cell) -> str:
    return UNDEFINED if cell is None else one_line(str(cell))


def _widths(table: Table) -> list[int]:
    """Of each column, what its widest cell takes."""
    return [
        max(width_of(_cell(row[place])) for row in (table.headers, *table.rows))
        for place in range(len(table.headers))
    ]


def _fitted(table: Table, width: int) -> tuple[Table, list[int]]:
    """The columns that fit, and how wide each may be."""
    optional = [name for name in table.optional if name in table.headers[1:]]
    while _needed(_widths(table)) > width and optional:
        table = _without(table, table.headers.index(optional.pop(0)))
    while (widths := _squeezed(table, width)) is None:
        table = _without(table, _spare(table))
    return table, widths


def _spare(table: Table) -> int:
    """The column that goes next: the last that names no row, as long as there is one."""
    spare = [place for place, name in enumerate(table.headers) if place and name not in table.keys]
    return spare[-1] if spare else len(table.headers) - 1


def _squeezed(table: Table, width: int) -> list[int] | None:
    """Widths with the widest columns of text made narrower; `None` where that is not enough.

    Numbers are never shortened. A single column always fits.
    """
    widths = _widths(table)
    if len(widths) == 1:
        return [min(widths[0], width)]
    text = [place for place, side in enumerate(alignment(table)) if side == "left"]
    while _needed(widths) > width:
        widest = max(text, key=lambda place: widths[place], default=None)
        if widest is None or widths[widest] <= _SHORTEST:
            return None
        widths[widest] -= 1
    return widths


def _needed(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _without(table: Table, place: int) -> Table:
    def less(row: tuple[Cell, ...]) -> tuple[Cell, ...]:
        return row[:place] + row[place + 1 :]

    headers = table.headers[:place] + table.headers[place + 1 :]
    return replace(table, headers=headers, rows=tuple(map(less, table.rows)))


def _grid(table: Table, widths: Sequence[int]) -> Iterator[_Line]:
    sides = alignment(table)
    yield [(piece, "title") for piece, _ in _joined(table.headers, widths, sides)]
    yield [(_GAP.join("-" * width for width in widths), "")]
    for row in table.rows:
        yield _joined(row, widths, sides)


def _joined(row: Sequence[Cell], widths: Sequence[int], sides: Sequence[str]) -> _Line:
    line: _Line = []
    for cell, width, side in zip(row, widths, sides, strict=True):
        shown = (_shortened(_cell(cell), width), _style(cell))
        blank = (" " * (width - width_of(shown[0])), "")
        line += [(_GAP, "")] if line else []
        line += [blank, shown] if side == "right" else [shown, blank]
    return line


def _left_out(names: Sequence[str]) -> str:
    return (
        f"Too narrow for {listed(names, 12)}: --columns NAMES, --format csv or a wider terminal "
        "shows them."
    )
