"""How a cell's predictions are counted against gold: all that a cell knows of scores."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from harness.adapter import Declaration
from harness.annotation import Record
from harness.results.count import Count
from harness.results.record import UnitTally
from harness.results.settle import labels_of_predictions
from harness.results.stored import dump_units
from harness.tasks.base import DocumentPair
from harness.tasks.registry import task_named

__all__ = ["count_units", "is_settled"]


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
    file: IO[str] | None,
) -> list[UnitTally]:
    """Count documents with what is predicted for them, or an error: then they are all-missed.

    The units go into the file, else they are returned.
    """
    kept: list[UnitTally] = []
    for gold, predicted in pairs:
        failed = predicted.error is not None
        layers = count.task.layers() if failed else predicted.annotations
        tallies = count.add(DocumentPair(gold, layers, error=predicted.error))
        units = [UnitTally(gold.id, number, one.to_json()) for number, one in enumerate(tallies)]
        if file is None:
            kept += units
        else:
            file.writelines(dump_units(units))
    return kept
