"""What backends are asked about a gold set: its documents, and the labels to look for."""

from __future__ import annotations

from collections.abc import Iterator

from harness.adapter import Declaration
from harness.annotation import Record, TaskName
from harness.errors import InputError
from harness.formats.jsonl import annotations_to_json
from harness.gold.goldset import GoldSet
from harness.run.key import document_digest
from harness.run.predictor import Query
from harness.tasks.registry import task_named

__all__ = ["annotated", "ask_about", "gold_labels", "placed"]


def annotated(gold: GoldSet, task: TaskName) -> Iterator[Record]:
    """The documents that are annotated for a task."""
    return (record for _, record in placed(gold, task))


def placed(gold: GoldSet, task: TaskName) -> Iterator[tuple[int, Record]]:
    """The same, each with its number among all that are annotated, from 0: a shard has some."""
    return gold.placed(task_named(task))


def gold_labels(gold: GoldSet, task: TaskName) -> tuple[str, ...]:
    """The labels that a backend without labels of its own is to look for."""
    return gold.annotated_labels if task_named(task).labelled else ()


def ask_about(record: Record, gold: GoldSet, declaration: Declaration) -> Query:
    """A document of a gold set, with the annotations where a backend wants them.

    Raises `InputError` for one without a text.
    """
    if record.text is None:
        raise InputError(f"document {record.id!r} has no text to predict on", path=gold.place)
    layers = annotations_to_json(record.annotations) if declaration.needs_gold else None
    return Query(record.id, record.text, document_digest(record.text, layers), layers)
