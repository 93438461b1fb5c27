"""Baselines of version 1, which hold everything in one file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.decide.entry import Entry, EntryHead, rounded_scores
from harness.results.consistent import read_tally
from harness.results.outcomes import Mention, Outcomes
from harness.results.record import Git, UnitTally
from harness.results.units import UnitIds
from harness.tasks.columns import TallyColumns
from harness.tasks.registry import task_named

__all__ = ["FormerBaseline", "FormerEntry", "former_entry"]

Spans = Mapping[str, tuple[tuple[int, int, str], ...]]
"""Document id -> start, end, label of mentions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerEntry(EntryHead):
    """Counts are a unit a row; where the run kept no predictions, there are no mentions."""

    found: Spans | None
    missed: Spans | None
    spurious: Spans | None
    units: tuple[UnitTally, ...]


@dataclass(frozen=True, slots=True)
class FormerBaseline:
    """The whole file."""

    kind: str
    schema_version: int
    tool_version: str
    accepted: str
    git: Git | None
    entries: tuple[FormerEntry, ...] = ()


def former_entry(entry: FormerEntry) -> Entry:
    """The same as an entry of today, with the scores that its counts make.

    Raises `ValueError` or `HarnessError` for counts or a signature that cannot be.
    """
    task = task_named(entry.task)
    kept = (entry.found, entry.missed, entry.spurious)
    whole = Entry(
        **entry.head(),
        scores={},
        units=UnitIds.of((unit.document, unit.paragraph) for unit in entry.units),
        tallies=TallyColumns.of(read_tally(task, unit.tally) for unit in entry.units),
        outcomes=None if None in kept else Outcomes(*map(_mentions, kept)),
    )
    return replace(whole, scores=rounded_scores(whole.scored()))


def _mentions(spans: Spans | None) -> frozenset[Mention]:
    rows = (spans or {}).items()
    return frozenset(Mention(document, *span) for document, row in rows for span in row)
