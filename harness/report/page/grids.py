"""The tables of a panel, with what a click on their cells lists."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from harness.decide.profile import Profile
from harness.decide.ranking import Ranking
from harness.report.figures.theme import ordered_classes
from harness.report.method import between
from harness.report.page.documents import Documents
from harness.report.page.grid import Grid, grid_of
from harness.report.run import name_of, ranking_table
from harness.stats.ties import letters
from harness.table import Cell, Table, number
from harness.tasks.parts import count_cell

__all__ = ["confusion_grid", "detail_grid", "error_grid", "heat_grid", "ranking_grid"]


def ranking_grid(ranking: Ranking) -> Grid:
    table = ranking_table(ranking)
    marks = letters([one.name for one in ranking.real], ranking.groups)
    names = {name_of(row.result): row.result.backend for row in ranking.rows}
    rows = []
    shows = []
    for row in table.rows:
        backend = names.get(str(row[0]), "")
        rows.append((row[0], marks.get(backend, ""), *row[1:]))
        show = {"backend": backend} if backend in marks else None
        shows.append([show, *([None] * len(row))])
    if not any(marks.values()):
        return grid_of(table, shows=[[one[0], *one[2:]] for one in shows])
    headers = (table.headers[0], "ties", *table.headers[1:])
    notes = (*table.notes, "ties: backends that share a letter were not found to differ.")
    return grid_of(Table(table.title, headers, tuple(rows), notes), shows=shows)


def heat_grid(details: Profile, word: str, f: str, labels: Collection[str]) -> Grid | None:
    """A row for each part, a column of F for each backend, the support beside the part."""
    if not details.parts:
        return None
    rows: list[tuple[Cell, ...]] = []
    shows: list[list[Any]] = []
    heat: list[list[float | None]] = []
    for part in details.parts:
        scores = [part.measured[name].block.f1 for name in details.backends]
        rows.append((part.name, part.support, *map(number, scores)))
        label = _label(part.name, labels)
        shows.append(
            [
                label or None,
                None,
                *({"backend": name, **label} if label else None for name in details.backends),
            ]
        )
        heat.append([None, None, *scores])
    table = Table(f"{f} by {word}", (word, "support", *details.backends), tuple(rows))
    return grid_of(table, shows=shows, heat=heat)


def detail_grid(
    details: Profile, word: str, f: str, documents: Documents | None, *, sides: bool
) -> Grid | None:
    """A row for each part and backend. With `sides` a click on a count lists its mentions, where
    they are as many."""
    labels = documents.labels if documents else ()
    if not details.parts:
        return None
    rows: list[tuple[Cell, ...]] = []
    shows: list[list[Any]] = []
    for part in details.parts:
        label = _label(part.name, labels)
        for name in details.backends:
            one = part.measured[name]
            block = one.block
            counts = (("found", block.tp), ("spurious", block.fp), ("missed", block.fn))
            rows.append(
                (
                    part.name,
                    name,
                    part.support,
                    number(block.f1),
                    between(one.interval.bounds if one.interval else None),
                    number(block.precision),
                    number(block.recall),
                    *(count_cell(count) for _, count in counts),
                )
            )
            where = {"backend": name, **label}
            listed = [
                {**where, "side": side}
                if sides
                and label
                and documents
                and documents.lists(name, (side, label["label"]), count)
                else None
                for side, count in counts
            ]
            shows.append([label or None, where if label else None, *([None] * 5), *listed])
    headers = (word, "backend", "support", f, "95 % CI", "P", "R", "TP", "FP", "FN")
    return grid_of(Table(f"Every {word} of every backend", headers, tuple(rows)), shows=shows)


def _label(part: str, labels: Collection[str]) -> dict[str, str]:
    """The label that a part is of, as a click asks for it; nothing where it is no label."""
    name = part if part in labels else part.removeprefix("type ")
    return {"label": name} if name in labels else {}


def error_grid(details: Profile) -> Grid | None:
    classes = ordered_classes(name for counts in details.errors.values() for name in counts)
    if not classes:
        return None
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, *(counts.get(one, 0) for one in classes)) for name, counts in details.errors.items()
    )
    shows = [
        [{"backend": name}, *({"backend": name, "class": one} for one in classes)]
        for name in details.errors
    ]
    return grid_of(Table("Classes of errors", ("backend", *classes), rows), shows=shows)


def confusion_grid(details: Profile, name: str, documents: Documents | None) -> Grid:
    matrix = details.confusion[name]
    columns = list(dict.fromkeys(label for row in matrix.values() for label in row if label != "-"))
    columns = [*sorted(columns), "-"]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (gold, *(row.get(label) or None for label in columns)) for gold, row in matrix.items()
    )
    shows = [
        [
            None,
            *(
                {"backend": name, "gold": gold, "predicted": label}
                if (count := row.get(label))
                and documents
                and documents.lists(name, ("pair", gold, label), count)
                else None
                for label in columns
            ),
        ]
        for gold, row in matrix.items()
    ]
    heat = [
        [
            None,
            *(
                (row.get(label, 0) / sum(row.values())) if row.get(label) else None
                for label in columns
            ),
        ]
        for row in matrix.values()
    ]
    table = Table(f"Labels of {name}", ("gold \\ predicted", *columns), rows)
    return grid_of(table, shows=shows, heat=heat)
