"""Tables in the formats that people paste: one function, tabulate behind it.

Undefined numbers are `–`, never 0. Texts from corpora and backends are shown without control
characters.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

from harness.annotation import printable
from harness.table import UNDEFINED, Cell, Table

__all__ = ["TABLE_FORMS", "render_tables"]

TABLE_FORMS = ("github", "simple", "csv", "latex", "json")


def render_tables(tables: Sequence[Table], form: str) -> str:
    """All tables as one text in `form`, one of `TABLE_FORMS`; JSON is one list of objects."""
    if form == "json":
        return json.dumps([_as_object(table) for table in tables], ensure_ascii=False, indent=2)
    if form == "csv":
        return "\n".join(_as_csv(table) for table in tables).rstrip("\n")
    return "\n\n".join(_as_text(table, form) for table in tables)


def _as_text(table: Table, form: str) -> str:
    # Here and not at the top: tabulate takes longer to import than everything else together.
    from tabulate import tabulate

    body = tabulate(
        [[_shown(cell) for cell in row] for row in table.rows],
        headers=[_shown(header) for header in table.headers],
        tablefmt=form,
        disable_numparse=True,
        colalign=_alignment(table) if table.rows else None,
    )
    heading, said = printable(table.title), [printable(note) for note in table.notes]
    if form == "latex":
        return "\n".join([f"% {heading}", body, *(f"% {note}" for note in said)])
    title = f"### {heading}\n" if form == "github" else f"{heading}\n"
    notes = [f"`{note}`" if form == "github" and _is_signature(note) else note for note in said]
    gap = "\n" if form == "github" else ""
    return "\n".join([title, body, *(f"{gap}{note}" for note in notes)])


def _as_csv(table: Table) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([f"# {printable(table.title)}"])
    writer.writerow([_shown(header) for header in table.headers])
    for row in table.rows:
        writer.writerow(["" if cell is None or cell == UNDEFINED else _shown(cell) for cell in row])
    for note in table.notes:
        writer.writerow([f"# {printable(note)}"])
    return out.getvalue()


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
    return ["right" if all(_numeric(cell) for cell in column) else "left" for column in columns]


def _numeric(cell: Cell) -> bool:
    if cell is None or cell in ("", UNDEFINED) or isinstance(cell, int | float):
        return True
    head = cell.split(" ")[0].strip("[],±%*")
    return head.replace(".", "", 1).replace("-", "", 1).isdigit()


def _shown(cell: Cell) -> str:
    if cell is None:
        return UNDEFINED
    # A bar would end the cell in a Markdown table.
    return printable(str(cell)).replace("|", "¦")


def _is_signature(note: str) -> bool:
    return "|gold:" in note.partition(" ")[0]
