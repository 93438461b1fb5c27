"""Tables in the formats that people paste, and the lines beside them: tabulate is behind it.

Undefined numbers are `–`, never 0. Texts from corpora and backends are shown as each medium needs
it (`harness.media`).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence

from harness.media import csv_cell, json_text, latex, markdown, markdown_code, one_line, terminal
from harness.table import UNDEFINED, Cell, Table

__all__ = ["TABLE_FORMS", "is_numeric", "render_lines", "render_tables"]

_WIDEST = 200
"""Characters of a cell that is read on a terminal."""

TABLE_FORMS = ("github", "simple", "csv", "latex", "json")


def render_tables(tables: Sequence[Table], form: str) -> str:
    """All tables as one text in `form`, one of `TABLE_FORMS`; JSON is one list of objects."""
    if form == "json":
        objects = [_as_object(table) for table in tables]
        return json_text(json.dumps(objects, ensure_ascii=False, indent=2))
    if form == "csv":
        return "\n".join(_as_csv(table) for table in tables).rstrip("\n")
    return "\n\n".join(_as_text(table, form) for table in tables)


def render_lines(lines: Iterable[str], form: str) -> str:
    """Lines that stand beside tables in `form`: in Markdown a list, indented as they are."""
    return "\n".join(_line(line, form) if line.strip() else "" for line in lines)


def _as_text(table: Table, form: str) -> str:
    # Here and not at the top: tabulate takes longer to import than everything else together.
    from tabulate import tabulate

    show = {"github": markdown, "latex": latex}.get(form, _cut)
    body = tabulate(
        [[_shown(cell, show) for cell in row] for row in table.rows],
        headers=[_shown(header, show) for header in table.headers],
        tablefmt="latex_raw" if form == "latex" else form,
        disable_numparse=True,
        colalign=_alignment(table) if table.rows else None,
    )
    if form == "latex":
        said = (f"% {one_line(line)}" for line in (table.title, *table.notes))
        return "\n".join([next(said), body, *said])
    if form == "github":
        notes = [markdown_code(n) if _is_signature(n) else markdown(n) for n in table.notes]
        return "\n".join([f"### {markdown(table.title)}\n", body, *(f"\n{note}" for note in notes)])
    return terminal("\n".join([f"{one_line(table.title)}\n", body, *map(one_line, table.notes)]))


def _line(line: str, form: str) -> str:
    if form == "github":
        return f"{' ' * (len(line) - len(line.lstrip()))}- {markdown(line)}"
    if form == "csv":
        return _csv_row([csv_cell(f"# {line}")]).rstrip("\n")
    return f"% {one_line(line)}" if form == "latex" else terminal(one_line(line))


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


def _alignment(table: Table) -> list[str]:
    """Numbers to the right; a column is numeric when every filled cell reads as a number."""
    columns = zip(*table.rows, strict=True)
    return ["right" if all(is_numeric(cell) for cell in column) else "left" for column in columns]


def is_numeric(cell: Cell) -> bool:
    """Whether a cell reads as a number, or is empty."""
    if cell is None or cell in ("", UNDEFINED) or isinstance(cell, int | float):
        return True
    head = cell.lstrip("+~< ").split(" ")[0].strip("[],±%*")
    return head.replace(".", "", 1).replace("-", "", 1).isdigit()


def _shown(cell: Cell, show: Callable[[str], str], undefined: str = UNDEFINED) -> str:
    return undefined if cell is None else show(str(cell))


def _cut(text: str) -> str:
    return one_line(text, _WIDEST)


def _is_signature(note: str) -> bool:
    return "|gold:" in note.partition(" ")[0]
