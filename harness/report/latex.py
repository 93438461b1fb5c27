"""A table as LaTeX, for a paper: it needs `\\usepackage{booktabs}` and nothing else.

A float with caption, label, rules of booktabs and the notes below. What no other was found to be
better than is bold. Numbers keep the digits that they have everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.media import latex
from harness.table import UNDEFINED, Cell, Table, Toned, alignment

__all__ = ["latex_tables"]

_BOLD = "Bold: the best, and what was not found to differ from it."


def latex_tables(tables: Sequence[Table]) -> str:
    """The tables as one text; no two have the same label."""
    taken: set[str] = set()
    return "\n\n".join(_table(table, _label(table.title, taken)) for table in tables)


def _table(table: Table, label: str) -> str:
    columns = "".join(side[0] for side in alignment(table))
    bold = any(_is_best(cell) for row in table.rows for cell in row)
    notes = [_note(note) for note in (*table.notes, *([_BOLD] if bold else ()))]
    below = [r"\par\smallskip\footnotesize\raggedright", "\n\\par\n".join(notes)] if notes else []
    return "\n".join(
        [
            r"\begin{table}[htbp]",
            r"\centering",
            rf"\caption{{{latex(table.title)}}}",
            rf"\label{{{label}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            _row(table.headers),
            r"\midrule",
            *map(_row, table.rows),
            r"\bottomrule",
            r"\end{tabular}",
            *below,
            r"\end{table}",
        ]
    )


def _row(row: Sequence[Cell]) -> str:
    return " & ".join(map(_cell, row)) + r" \\"


def _cell(cell: Cell) -> str:
    shown = UNDEFINED if cell is None else latex(str(cell))
    return rf"\textbf{{{shown}}}" if _is_best(cell) else shown


def _is_best(cell: Cell) -> bool:
    return isinstance(cell, Toned) and cell.tone == "best"


def _note(note: str) -> str:
    """A signature has no blank at which its line could end."""
    return latex(note).replace(r"\textbar{}", r"\textbar{}\allowbreak{}")


def _label(title: str, taken: set[str]) -> str:
    stem = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60].rstrip("-")
    label, number = f"tab:{stem}", 1
    while label in taken:
        number += 1
        label = f"tab:{stem}-{number}"
    taken.add(label)
    return label
