"""Tables in the formats that people paste, and the lines beside them.

What is read on a screen is laid out in `harness.report.screen`, what goes into a paper in
`harness.report.latex`; tabulate is behind Markdown.

Undefined numbers are `–`, never 0. Texts from corpora and backends are shown as each medium needs
it (`harness.media`).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from harness.errors import UsageError, nearest
from harness.media import csv_cell, json_text, markdown, markdown_code, one_line
from harness.report.latex import latex_tables
from harness.report.screen import WHOLE, Screen, line_on_screen, on_screen
from harness.table import UNDEFINED, Cell, Table, alignment

__all__ = ["TABLE_FORMS", "check_columns", "only_columns", "render_lines", "render_tables"]

TABLE_FORMS = ("github", "simple", "csv", "latex", "json")


def render_tables(tables: Sequence[Table], form: str, screen: Screen = WHOLE) -> str:
    """All tables as one text in `form`, one of `TABLE_FORMS`; JSON is one list of objects.

    `screen` is what `simple` is read on; no other form depends on it.
    """
    if form == "json":
        objects = [_as_object(table) for table in tables]
        return json_text(json.dumps(objects, ensure_ascii=False, indent=2))
    if form == "csv":
        return "\n".join(_as_csv(table) for table in tables).rstrip("\n")
    if form == "simple":
        return "\n\n".join(on_screen(table, screen) for table in tables)
    if form == "latex":
        return latex_tables(tables)
    return "\n\n".join(map(_as_markdown, tables))


def check_columns(tables: Sequence[Table], names: Sequence[str]) -> None:
    """Raise `UsageError` for a column that no table has."""
    known = {header.strip() for table in tables for header in table.headers} - {""}
    for name in names:
        if name not in known:
            guess = nearest(name, sorted(known))
            raise UsageError(f"no column {name!r} in these tables{guess}")


def only_columns(tables: Sequence[Table], names: Sequence[str]) -> list[Table]:
    """The tables that have one of those columns: with these and the first, which names the rows.

    Every table as it is without names.
    """
    if not names:
        return list(tables)
    return [
        _chosen(table, names)
        for table in tables
        if any(header.strip() in names for header in table.headers)
    ]


def _chosen(table: Table, names: Sequence[str]) -> Table:
    places = [0] + [place for place, name in enumerate(table.headers) if name in table.keys]
    places += [
        place
        for name in names
        for place, header in enumerate(table.headers)
        if place not in places and header.strip() == name
    ]
    headers, *rows = (tuple(row[i] for i in places) for row in (table.headers, *table.rows))
    return replace(table, headers=tuple(map(str, headers)), rows=tuple(rows), optional=())


def render_lines(lines: Iterable[str], form: str, screen: Screen = WHOLE) -> str:
    """Lines that stand beside tables in `form`: in Markdown a list, indented as they are."""
    if form == "simple":
        return "\n".join(line_on_screen(line, screen) for line in lines)
    return "\n".join(_line(line, form) if line.strip() else "" for line in lines)


def _as_markdown(table: Table) -> str:
    # Here and not at the top: tabulate takes longer to import than everything else together.
    from tabulate import tabulate

    body = tabulate(
        [[_shown(cell, markdown) for cell in row] for row in table.rows],
        headers=[_shown(header, markdown) for header in table.headers],
        tablefmt="github",
        disable_numparse=True,
        colalign=alignment(table) if table.rows else None,
    )
    notes = [markdown_code(n) if _is_signature(n) else markdown(n) for n in table.notes]
    return "\n".join([f"### {markdown(table.title)}\n", body, *(f"\n{note}" for note in notes)])


def _line(line: str, form: str) -> str:
    if form == "github":
        return f"{' ' * (len(line) - len(line.lstrip()))}- {markdown(line)}"
    if form == "csv":
        return _csv_row([csv_cell(f"# {line}")]).rstrip("\n")
    return f"% {one_line(line)}"


def _csv_row(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


def _as_csv(table: Table) -> str:
    rows = [
        [csv_cell(f"# {table.title}")],
        [_shown(header, csv_cell) for header in table.headers],
        *(["" if c == UNDEFINED else _shown(c, csv_cell, "") for c in row] for row in table.rows),
        *([csv_cell(f"# {note}")] for note in table.notes),
    ]
    return "".join(map(_csv_row, rows))


def _as_object(table: Table) -> dict[str, object]:
    return {
        "title": table.title,
        "rows": [
            {
                header: None if cell == UNDEFINED else cell
                for header, cell in zip(table.headers, row, strict=True)
            }
            for row in table.rows
        ],
        "notes": list(table.notes),
    }


def _shown(cell: Cell, show: Callable[[str], str], undefined: str = UNDEFINED) -> str:
    return undefined if cell is None else show(str(cell))


def _is_signature(note: str) -> bool:
    return "|gold:" in note.partition(" ")[0]
