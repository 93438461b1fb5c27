"""The baseline as a table, and what accepting a run would change in it."""

from __future__ import annotations

from harness.decide.baseline import Baseline
from harness.decide.entry import Entry
from harness.report.method import points
from harness.results.signature import diff
from harness.table import Cell, Table, number

__all__ = ["baseline_table", "difference_table"]


def baseline_table(accepted: Baseline, *, title: str) -> Table:
    """A row per entry: what it is about, its headline scores, and when it was measured."""
    rows: list[tuple[Cell, ...]] = []
    for entry in accepted.entries:
        headline = entry.scored().headline
        shown = (headline.precision, headline.recall, headline.f1)
        rows.append((*entry.key, *map(number, shown), entry.documents, entry.started))
    headers = ("gold", "task", "backend", "P", "R", "F1", "documents", "measured")
    return Table(
        f"{title}, accepted {accepted.accepted}",
        headers,
        tuple(rows),
        optional=("documents", "task", "measured"),
    )


def difference_table(old: Baseline | None, new: Baseline) -> Table:
    """A row per entry of either: F1 before and after, and what becomes of the entry."""
    before = {entry.key: entry for entry in old.entries} if old else {}
    after = {entry.key: entry for entry in new.entries}
    rows: list[tuple[Cell, ...]] = []
    for key in sorted(before.keys() | after.keys()):
        one, two = before.get(key), after.get(key)
        was = one.scored().f1 if one else None
        now = two.scored().f1 if two else None
        difference = None if was is None or now is None else now - was
        shown = points(difference, digits=2)
        rows.append((*key, number(was), number(now), shown, _fate(one, two) + _partial(two)))
    headers = ("gold", "task", "backend", "F1 before", "F1 after", "points", "")
    return Table("What accepting this run changes", headers, tuple(rows), optional=("task",))


def _fate(one: Entry | None, two: Entry | None) -> str:
    if one is None:
        return "new"
    if two is None:
        return "removed"
    if one == two:
        return "kept, not in the run" if one is two else "unchanged"
    was, now = one.scored(), two.scored()
    if diff(was.signature, now.signature):
        return "counted differently now"
    return "unchanged" if was.tallies == now.tallies else "changed"


def _partial(entry: Entry | None) -> str:
    if entry is None or not entry.failed:
        return ""
    return f"; partial: {entry.failed} of {entry.documents} documents failed"
