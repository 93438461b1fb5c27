"""How a cell's predictions are counted against gold: all that a cell knows of scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import monotonic

from harness.adapter import Declaration
from harness.annotation import Record
from harness.errors import BackendFailed
from harness.results.count import Count
from harness.results.record import UnitTally
from harness.results.settle import labels_of_predictions
from harness.results.unit_files import UnitFile
from harness.stats.deadline import OutOfTime, time_limit
from harness.tasks.base import DocumentPair
from harness.tasks.registry import task_named

__all__ = ["ScoringTime", "count_units", "is_settled"]

_UNLIMITED = nullcontext()
_AT_LEAST = 0.1
"""The part of the total that scoring has in any case: what was answered in time is scored too."""


class ScoringTime:
    """How long counting may take: what asking leaves of the total, which runs from here on."""

    def __init__(self, total_seconds: float | None) -> None:
        self._total = total_seconds
        self._began = monotonic()
        self._spent = 0.0

    def spent(self) -> AbstractContextManager[None]:
        """Counts the block's time. Raises `BackendFailed` once more was spent than there is."""
        return _UNLIMITED if self._total is None else self._spending(self._total)

    @contextmanager
    def _spending(self, total: float) -> Iterator[None]:
        asking = monotonic() - self._began - self._spent
        allowed = max(total - asking, total * _AT_LEAST)
        before = monotonic()
        try:
            with time_limit(allowed - self._spent):
                yield
            self._spent += monotonic() - before
            if self._spent > allowed:
                raise OutOfTime
        except OutOfTime:
            raise BackendFailed(
                f"scoring did not end within {allowed:.3g} s, what is left for it of the "
                f"{total:g} s for the whole backend"
            ) from None


def is_settled(name: str, declaration: Declaration, produced: tuple[str, ...] | None) -> bool:
    """Whether it is known in which labels to count a task before all predictions are there.

    Where labels are neither declared nor told (`produced`), what occurs in them decides.
    """
    task = task_named(name)
    if not task.labelled or declaration.sanity:
        return True
    return labels_of_predictions(task, declaration, produced).is_stated


def count_units(
    count: Count,
    pairs: Iterable[tuple[Record, Record]],
    file: UnitFile | None,
    time: ScoringTime | None = None,
) -> list[UnitTally]:
    """Count documents with what is predicted for them, or an error: then they are all-missed.

    The units go into the file, else they are returned. Raises `BackendFailed` when the `time` is
    used up, `TooEntangled` for a document that cannot be scored.
    """
    kept: list[UnitTally] = []
    for gold, predicted in pairs:
        failed = predicted.error is not None
        layers = count.task.layers() if failed else predicted.annotations
        with _UNLIMITED if time is None else time.spent():
            tallies = count.add(DocumentPair(gold, layers, error=predicted.error))
        if file is None:
            kept += (UnitTally(gold.id, at, one.to_json()) for at, one in enumerate(tallies))
        else:
            file.add_counted(gold.id, tallies)
    return kept
