"""Backends with different labels, counted again in the finest schema that all of them reach.

A backend that speaks OntoNotes and one that speaks CoNLL meet the gold in different schemas, and
their scores say nothing about each other. Here all of them are counted once more in the finest
schema that gold and every backend can be projected onto, from the predictions on disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.errors import SchemaError, TooEntangled
from harness.gold.goldset import GoldSet
from harness.results.count import Count, open_count
from harness.results.record import Result
from harness.results.settle import known_schemas, labels_of_predictions
from harness.results.stored import file_name, stored_predictions
from harness.results.unit_files import write_units
from harness.run.asking import annotated
from harness.run.counting import count_units
from harness.tasks.base import Task
from harness.tasks.registry import tasks

__all__ = ["count_in_common"]


def count_in_common(
    results: Sequence[Result], goldsets: Sequence[GoldSet], options: dict[str, Any], out: Path
) -> tuple[Result, ...]:
    """The results of every gold set and task whose backends meet it in different schemas.

    Empty where they all meet in one, and where no schema is within reach of all. `options` are
    those of each task by name, `out` is the record's folder, with the predictions.
    """
    again: list[Result] = []
    for gold in goldsets:
        for task in tasks().values():
            measured = [
                result
                for result in results
                if (result.gold, result.task) == (gold.name, task.name)
                and result.signature is not None
                and result.predictions is not None
            ]
            if len({result.counted.schema for result in measured}) > 1:
                counts = _counts(gold, task, measured, options[task.name], out)
                for result, count in zip(measured, counts, strict=False):
                    with suppress(TooEntangled):  # In these labels; it has its own count.
                        again.append(_counted(result, gold, count, out))
    return tuple(again)


def _counts(
    gold: GoldSet, task: Task, results: Sequence[Result], options: Any, out: Path
) -> list[Count]:
    """A count of each result in the schema with most labels that all can reach."""
    all_predicted_labels = [
        labels_of_predictions(
            task, result.declaration, result.labels, stored_predictions(result, out)
        )
        for result in results
    ]
    for schema in known_schemas(gold):
        try:
            return [
                open_count(
                    gold,
                    task,
                    options,
                    predicted_labels=predicted_labels,
                    meet_in=schema,
                    capabilities=result.capabilities,
                    model=result.model,
                )
                for predicted_labels, result in zip(all_predicted_labels, results, strict=True)
            ]
        except SchemaError:
            continue
    return []


def _counted(result: Result, gold: GoldSet, count: Count, out: Path) -> Result:
    name = file_name("units", gold.name, result.task, result.backend, common=True)
    answers = stored_predictions(result, out)
    pairs = zip(annotated(gold, result.task), answers, strict=True)
    with write_units(out, name, gold.documents) if result.units_file else nullcontext() as file:
        units = count_units(count, pairs, file)
    return replace(
        result,
        **count.fields(result.labels),
        units=tuple(units),
        **(file.fields() if file else {}),
    )
