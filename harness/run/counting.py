"""How a cell's predictions are counted against gold: all that a cell knows of scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import IO, Any

from harness.adapter import Declaration, ModelIdentity
from harness.annotation import Annotations, Record
from harness.digest import digest_text
from harness.gold.goldset import GoldSet
from harness.results.count import open_count
from harness.results.record import UnitTally
from harness.results.settle import labels_of_predictions
from harness.results.stored import dump_units
from harness.tasks.base import DocumentPair
from harness.tasks.registry import task_named
from harness.tasks.tally import Tally

__all__ = ["Counting", "is_settled"]


def is_settled(name: str, declaration: Declaration, produced: tuple[str, ...] | None) -> bool:
    """Whether it is known in which labels to count a task before all predictions are there.

    Where labels are neither declared nor told (`produced`), what occurs in them decides.
    """
    task = task_named(name)
    if not task.labelled or declaration.sanity:
        return True
    return labels_of_predictions(task, declaration, produced).is_stated


def count_units(
    add: Callable[[DocumentPair], Sequence[Tally]],
    pairs: Iterable[tuple[Record, Record]],
    file: IO[str] | None,
) -> list[UnitTally]:
    """Count documents with what is predicted for them, or an error: then they are all-missed.

    The units go into the file, else they are returned.
    """
    kept: list[UnitTally] = []
    for gold, predicted in pairs:
        layers = Annotations() if predicted.error is not None else predicted.annotations
        tallies = add(DocumentPair(gold, layers, error=predicted.error))
        units = [UnitTally(gold.id, number, one.to_json()) for number, one in enumerate(tallies)]
        if file is None:
            kept += units
        else:
            file.writelines(dump_units(units))
    return kept


class Counting:
    """Counts documents one by one; holds sums, not documents."""

    def __init__(
        self,
        goldset: GoldSet,
        name: str,
        declaration: Declaration,
        *,
        scoring: Mapping[str, Any],
        schema: str | None,
        produced: tuple[str, ...] | None,
        predicted: Iterable[Record] = (),
    ) -> None:
        """`produced` are the loaded model's labels, where it tells; `predicted`: `is_settled`.
        `scoring` are the options of each task by name.

        Raises `SchemaError` where the labels of both sides do not meet.
        """
        self._schema = schema
        self._produced = produced
        task = task_named(name)
        self._count = open_count(
            goldset,
            task,
            scoring[name],
            predicted_labels=labels_of_predictions(task, declaration, produced, predicted),
            schema=schema,
            capabilities=declaration.capabilities,
        )

    def count(
        self, pairs: Iterable[tuple[Record, Record]], file: IO[str] | None
    ) -> list[UnitTally]:
        """`count_units` of every document of the gold set."""
        return count_units(self._count.add, pairs, file)

    def fields(self, model: ModelIdentity | None) -> dict[str, Any]:
        """The fields of a `Result` that say how it was counted and what came of it."""
        # A backend that is told what to look for was asked another question by other prompts.
        prompts = model.notes.get("prompts", "") if model else ""
        signature = self._count.signature(prompts=digest_text(prompts)[:8] if prompts else "")
        return {
            "schema": self._schema if self._count.task.labelled else None,
            "signature": str(signature),
            "scores": self._count.headlines(),
            **self._count.caveats(self._produced).fields(),
        }
