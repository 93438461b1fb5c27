"""What a verb prints: tables, each followed by the lines that explain them.

Markdown is for comments and descriptions of pull requests, of which GitHub takes so many characters
and refuses the whole of what is longer. So what comes last is left out, and the last line says how
much that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from harness.report.screen import WHOLE, Screen
from harness.report.tables import check_columns, only_columns, render_lines, render_tables
from harness.table import Table

__all__ = ["MOST_OF_A_COMMENT", "Section", "render_sections"]

MOST_OF_A_COMMENT = 65_536
"""Characters of a comment or description that GitHub takes (its API: "body is too long")."""

_ROOM = 300
"""Characters of the line that says what was left out."""


class Section(NamedTuple):
    """Tables, and lines that stand below them for people, but in no data."""

    tables: Sequence[Table]
    lines: Sequence[str] = ()


def render_sections(
    sections: Sequence[Section], form: str, screen: Screen = WHOLE, columns: Sequence[str] = ()
) -> str:
    """All sections as one text in `form`; with `columns` these alone of the tables.

    What is data has tables alone. Raises `UsageError` for a column that no table has.
    """
    check_columns([table for section in sections for table in section.tables], columns)
    sections = [
        Section(only_columns(section.tables, columns), section.lines) for section in sections
    ]
    if form == "github":
        return _as_comment(sections)
    if form != "simple":
        return render_tables([table for section in sections for table in section.tables], form)
    shown = []
    for tables, lines in sections:
        if tables:
            shown.append(render_tables(tables, form, screen))
        if lines:
            shown.append(render_lines(lines, form, screen))
    return "\n\n".join(shown)


def _as_comment(sections: Sequence[Section], most: int = MOST_OF_A_COMMENT) -> str:
    pieces: list[tuple[str, str]] = []  # What stands before it, and the piece.
    kinds: list[str] = []
    for tables, lines in sections:
        pieces += [("\n\n", render_tables([table], "github")) for table in tables]
        kinds += ["table"] * len(tables)
        pieces += [
            ("\n" if number else "\n\n", render_lines([line], "github"))
            for number, line in enumerate(lines)
        ]
        kinds += ["line"] * len(lines)
    text = "".join(before + piece for before, piece in pieces).lstrip("\n")
    if len(text) <= most:
        return text
    kept, used = 0, _ROOM
    while used + sum(map(len, pieces[kept])) <= most:
        used += sum(map(len, pieces[kept]))
        kept += 1
    text = "".join(before + piece for before, piece in pieces[:kept]).lstrip("\n")
    counts = [
        f"{kinds[:kept].count(kind)} of {kinds.count(kind)} {kind}s"
        for kind in ("table", "line")
        if kind in kinds
    ]
    return (
        f"{text}\n\n{' and '.join(counts)}: GitHub takes no more than {most:,} characters. The "
        "others are printed with `--format simple`, or here with fewer of --gold, --task, "
        "--backend or --columns."
    ).lstrip("\n")
