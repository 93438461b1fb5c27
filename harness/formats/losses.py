"""What a format cannot hold: counted, so that `convert` can say it, or an error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Literal

from harness.annotation import Record
from harness.errors import InputError

__all__ = ["Holds", "count_losses", "count_others", "writable"]

Holds = Literal["entities", "attributions", "scores", "overlaps", "ignore", "errors", "absent"]


def count_losses(record: Record, losses: Counter[str], *, holds: Collection[Holds]) -> None:
    """Add to `losses` each part of `record` that is not among what the format `holds`."""
    layers = record.annotations
    entities = layers.entities or ()
    counts: dict[str, tuple[Holds, int]] = {
        "entities left out": ("entities", len(entities)),
        "attributions left out": ("attributions", len(layers.attributions or ())),
        "entity scores left out": ("scores", sum(e.score is not None for e in entities)),
        "ignore regions left out": ("ignore", len(record.ignore)),
        "errors of a backend left out": ("errors", int(record.error is not None)),
        "documents without an entity layer: written as if nothing were there": (
            "absent",
            int(layers.entities is None and "entities" in holds and "absent" not in holds),
        ),
    }
    count_others(record, losses)
    for message, (what, count) in counts.items():
        if count and what not in holds:
            losses[message] += count


def count_others(record: Record, losses: Counter[str]) -> None:
    """Add to `losses` the layers of other tasks, which JSON lines alone can hold."""
    for name, items in record.annotations.others.items():
        if items:
            losses[f"{name} left out"] += len(items)


def writable(
    records: Iterable[Record],
    path: str | Path,
    losses: Counter[str] | None = None,
    holds: Collection[Holds] = (),
) -> Iterator[tuple[Record, str]]:
    """The records to write with their texts; their losses are counted where there is a counter.

    Raises `InputError` for a document without text.
    """
    for record in records:
        if record.text is None:
            raise InputError(f"document {record.id!r} has no text to write", path=path)
        if losses is not None:
            count_losses(record, losses, holds=holds)
        yield record, record.text
