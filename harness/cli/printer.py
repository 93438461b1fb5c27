"""What verbs print: tables and lines for people, JSON for machines, notes on stderr.

Nothing else in the command line prints, so that no text from outside has an effect where it is
shown (`harness.media`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

from harness.cli.streams import screen
from harness.coding import encode
from harness.media import json_text, one_line, verbatim
from harness.report.screen import WHOLE
from harness.report.sections import Section, render_sections
from harness.report.tables import render_lines
from harness.table import Table

__all__ = ["note", "print_sections", "print_json", "print_lines", "print_tables", "print_whole"]


def print_tables(tables: Sequence[Table], form: str, columns: Sequence[str] = ()) -> None:
    """On stdout, in one of `harness.report.tables.TABLE_FORMS`, as wide as stdout is.

    With `columns` these alone. Raises `UsageError` for one that no table has.
    """
    print_sections([Section(tables)], form, columns)


def print_sections(sections: Sequence[Section], form: str, columns: Sequence[str] = ()) -> None:
    """As `print_tables`, with lines for people below the tables."""
    shown = screen()
    _print(render_sections(sections, form, shown, columns), shown.colour and form == "simple")


def print_lines(
    lines: Iterable[str], form: str | None = None, *, stream: TextIO | None = None
) -> None:
    """A line each, on stdout unless a `stream` is given.

    With a `form` as the tables that they stand beside; else as they are, however long.
    """
    if stream is not None:
        print(render_lines(lines, form or "simple"), file=stream)
        return
    shown = WHOLE if form is None else screen()
    _print(render_lines(lines, form or "simple", shown), shown.colour and form == "simple")


def _print(text: str, coloured: bool) -> None:
    """On stdout. What is coloured has our own escapes in it by now, and nobody else's
    (`harness.report.screen`); the guard before stdout would take them out."""
    if coloured:
        verbatim(sys.stdout, f"{text}\n")
    else:
        print(text)


def print_json(value: object) -> None:
    """On stdout, for machines; dataclasses are objects."""
    print_whole(json.dumps(encode(value), ensure_ascii=False, indent=2) + "\n")


def print_whole(text: str) -> None:
    """JSON or TOML of this project's own making, on stdout, with the same values."""
    sys.stdout.write(json_text(text))


def note(text: str) -> None:
    """One line on stderr: what the reader of the result must know."""
    print(f"harness: {one_line(text)}", file=sys.stderr)
