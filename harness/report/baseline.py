"""The baseline as a table, and what accepting a run would change in it."""

from __future__ import annotations

from harness.decide.baseline import Baseline, Entry
from harness.decide.compare import match_of
from harness.report.tables import UNDEFINED, Cell, Table, number
from harness.results.measures import Metric, as_float, columns, headline_part, score_of

__all__ = ["baseline_table", "difference_table"]

_METRICS: tuple[Metric, ...] = ("precision", "recall", "f1")


def baseline_table(accepted: Baseline, *, title: str) -> Table:
    """A row per entry: what it is about, its headline scores, and when it was measured."""
    rows: list[tuple[Cell, ...]] = []
    for entry in accepted.entries:
        shown = map(number, _scores(entry))
        rows.append((*entry.key, *shown, entry.documents, entry.started))
    headers = ("gold", "task", "backend", "P", "R", "F1", "documents", "measured")
    return Table(f"{title}, accepted {accepted.accepted}", headers, tuple(rows))


def difference_table(old: Baseline | None, new: Baseline) -> Table:
    """A row per entry of either: F1 before and after, and what becomes of the entry."""
    before = {entry.key: entry for entry in old.entries} if old else {}
    after = {entry.key: entry for entry in new.entries}
    rows: list[tuple[Cell, ...]] = []
    for key in sorted(before.keys() | after.keys()):
        one, two = before.get(key), after.get(key)
        was = _scores(one)[2] if one else None
        now = _scores(two)[2] if two else None
        points = UNDEFINED if was is None or now is None else f"{100 * (now - was):+.2f}"
        rows.append((*key, number(was), number(now), points, _fate(one, two) + _partial(two)))
    headers = ("gold", "task", "backend", "F1 before", "F1 after", "points", "")
    return Table("What accepting this run changes", headers, tuple(rows))


def _fate(one: Entry | None, two: Entry | None) -> str:
    if one is None:
        return "new"
    if two is None:
        return "removed"
    if one == two:
        return "kept, not in the run" if one is two else "unchanged"
    if one.signature != two.signature:
        return "counted differently now"
    return "unchanged" if one.units == two.units else "changed"


def _partial(entry: Entry | None) -> str:
    if entry is None or not entry.failed:
        return ""
    return f"; partial: {entry.failed} of {entry.documents} documents failed"


def _scores(entry: Entry) -> tuple[float | None, ...]:
    system = entry.system()
    counted = columns(system.tallies, headline_part(entry.task), match=match_of(system))
    sums = counted.counts.sum(axis=0)
    return tuple(as_float(score_of(counted, metric)(sums)) for metric in _METRICS)
