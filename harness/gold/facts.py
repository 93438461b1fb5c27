"""What is known of a gold set after one pass over it: its tasks, labels, size and digest."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.annotation import Annotations, Entity, Record, TaskName
from harness.digest import digest_text
from harness.formats import jsonl
from harness.formats.losses import Losses
from harness.spill import Sorter
from harness.tasks.registry import tasks

__all__ = ["GoldFacts", "facts_of", "record_digest"]


@dataclass(frozen=True)
class GoldFacts:
    """What one pass over the records has counted; `tasks` are those with a layer anywhere."""

    tasks: tuple[TaskName, ...]
    labels: Mapping[str, Mapping[str, int]]
    """By layer."""
    documents: int
    characters: int
    words: int
    """By white space."""
    digest: str
    losses: Mapping[str, int]
    annotated: Mapping[TaskName, int]
    """How many documents are annotated for a task, by those that any is."""


def facts_of(records: Iterable[Record], losses: Losses) -> GoldFacts:
    """The facts of records, which are streamed; `losses` is what their reader counts meanwhile."""
    labels = {task.layer: Counter[str]() for task in tasks().values() if task.labelled}
    known = {task.name: task.layer for task in tasks().values()}
    annotated = Counter[TaskName]()
    digests = Sorter(32)
    characters = words = 0
    for record in records:
        text = record.text or ""
        characters += len(text)
        words += len(text.split())
        layers = record.annotations
        for layer, counts in labels.items():
            counts.update([item.label for item in layers.layer(layer) or ()])
        for name, layer in known.items():
            if layers.layer(layer) is not None:
                annotated[name] += 1
        digests.add(bytes.fromhex(record_digest(record)))
    total = hashlib.sha256()
    for digest in digests:
        total.update(digest.hex().encode("ascii"))
    return GoldFacts(
        tasks=tuple(name for name in known if name in annotated),
        labels=labels,
        documents=len(digests),
        characters=characters,
        words=words,
        digest=total.hexdigest(),
        losses=dict(losses),
        annotated=annotated,
    )


_dumps = json.JSONEncoder(sort_keys=True, check_circular=False).encode


def record_digest(record: Record) -> str:
    """sha256 of one document's id, text and layers, whatever the order of its annotations."""
    value = jsonl.record_to_json(Record(record.id, record.text, Annotations(), error=record.error))
    layers = record.annotations
    if layers.entities is not None:
        # Tuples as they are: a corpus has many, and an object for each takes most of the time.
        value["entities"] = _sorted(layers.entities)
        layers = layers.with_layer("entities", None)
    if layers.attributions is not None or layers.others:
        for name, items in jsonl.annotations_to_json(layers).items():
            value[name] = sorted(_dumps(item) for item in items)
    value["ignore"] = sorted(record.ignore)
    return digest_text(_dumps(value))


def _sorted(entities: Iterable[Entity]) -> list[Any]:
    """By offsets, label and score, one without a score first; fragments only where there are any,
    so that digests stay what they were before entities had some."""
    plain: list[Any] = [one if one.fragments else one[:4] for one in entities]
    try:
        return sorted(plain)
    except TypeError:  # Where nothing but the score tells two apart, and only one has it.
        return sorted(plain, key=_entity_order)


def _entity_order(entity: Sequence[Any]) -> tuple[Any, ...]:
    start, end, label, score, *fragments = entity
    return start, end, label, -1.0 if score is None else score, fragments
