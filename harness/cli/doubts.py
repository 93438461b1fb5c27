"""What several verbs say, or refuse, before they trust a run's numbers."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from harness.annotation import Task
from harness.errors import NothingMeasured

if TYPE_CHECKING:
    from harness.results.measures import Tally
    from harness.results.record import Result
    from harness.results.systems import GoldFinder, System

__all__ = ["asked_for", "warn_of_scores", "warn_of_systems"]


def asked_for(
    systems: Sequence[System], finder: GoldFinder, task: Task | None = None
) -> list[System]:
    """The systems of a task, every gold set that was asked for with --gold among them.

    Raises `UsageError` for a gold set or a task that no record has, `NothingMeasured` for a gold
    set of which nothing was measured for the task.
    """
    from harness.decide.compare import systems_of
    from harness.decide.rules import matches

    finder.check_patterns()
    systems_of(systems, task=task)
    found = [system for system in systems if task in (None, system.task)]
    for pattern in finder.patterns:
        if not any(matches(pattern, system.gold) for system in found):
            what = f"for the task {task} " if task else ""
            raise NothingMeasured(f"nothing was measured {what}on the gold set {pattern!r}")
    return found


def warn_of_systems(systems: Iterable[System]) -> None:
    """Say on stderr where a run states other numbers than its counts make."""
    # Those that were counted again here have other counts than the run stated.
    kept = [system for system in systems if system.counted is None]
    warn_of_scores((one.result, one.tallies) for one in kept if one.result is not None)


def warn_of_scores(rows: Iterable[tuple[Result, Iterable[Tally]]]) -> None:
    """Say on stderr which results state other numbers than their counts make."""
    from harness.annotation import printable
    from harness.results.consistent import other_scores

    for result, tallies in rows:
        if said := other_scores(result, tallies):
            what = f"{result.backend} on {result.gold} ({result.task})"
            print(f"harness: warning: {printable(f'{what}: {said}')}", file=sys.stderr)
