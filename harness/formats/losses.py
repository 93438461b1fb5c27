"""What a reader leaves out or changes, and what a format cannot hold: counted, or an error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from harness.annotation import Record
from harness.errors import InputError

__all__ = ["FaultPolicy", "Holds", "Losses", "count_losses", "lost", "writable"]

FaultPolicy = Literal["refuse", "leave-out", "collect"]

Holds = Literal[
    "entities",
    "attributions",
    "scores",
    "overlaps",
    "fragments",
    "ignore",
    "errors",
    "absent",
    "ids",
    "tokens",
    "metadata",
]


class Losses(Counter[str]):
    """What was lost, by message; and what becomes of a part that cannot be used.

    Under `refuse` the first such part is the error that it is; under `leave-out` it is counted;
    under `collect` it is kept in `faults` as well, for whoever lists them all.
    """

    def __init__(self, faulty: FaultPolicy = "refuse") -> None:
        super().__init__()
        self.faulty = faulty
        self.faults: list[InputError] = []

    def fault(self, error: InputError, what: str = "spans") -> None:
        """Raise `error`, which is about one of `what`, or go on without that part."""
        if self.faulty == "refuse":
            raise error
        if self.faulty == "collect":
            self.faults.append(error)
        self[f"faulty {what}: left out"] += 1


def lost(what: str, losses: Mapping[str, int]) -> Iterator[str]:
    """A line for everything that was lost of `what`, the most frequent first."""
    for message, number in sorted(losses.items(), key=lambda item: (-item[1], item[0])):
        yield f"{what}: {number:,} {message}"


def count_losses(record: Record, losses: Counter[str], *, holds: Collection[Holds]) -> None:
    """Add to `losses` each part of `record` that is not among what the format `holds`; the layers
    of other tasks are in JSON lines alone."""
    layers = record.annotations
    entities = layers.entities or ()
    counts: dict[str, tuple[Holds, int]] = {
        "entities left out": ("entities", len(entities)),
        "attributions left out": ("attributions", len(layers.attributions or ())),
        "entity scores left out": ("scores", sum(e.score is not None for e in entities)),
        "discontinuous entities: widened from the first to the last character": (
            "fragments",
            sum(bool(e.fragments) for e in entities) if "entities" in holds else 0,
        ),
        "ignore regions left out": ("ignore", len(record.ignore)),
        "errors of a backend left out": ("errors", int(record.error is not None)),
        "documents without an entity layer: written as if nothing were there": (
            "absent",
            int(layers.entities is None and "entities" in holds and "absent" not in holds),
        ),
        "document ids: left out": ("ids", int(record.number is None)),
        "documents with tokens: tokens left out": ("tokens", int(bool(record.tokens))),
        "documents with metadata: metadata left out": ("metadata", int(bool(record.metadata))),
    }
    for message, (what, count) in counts.items():
        if count and what not in holds:
            losses[message] += count
    for name, items in layers.others.items():
        if items:
            losses[f"{name} left out"] += len(items)


def writable(
    records: Iterable[Record],
    path: str | Path,
    losses: Counter[str] | None = None,
    holds: Collection[Holds] = (),
) -> Iterator[tuple[Record, str]]:
    """The records to write with their texts; what is not among what the format `holds` is counted
    where there is a counter.

    Raises `InputError` for a document without text.
    """
    for record in records:
        if record.text is None:
            raise InputError(f"document {record.id!r} has no text to write", path=path)
        if losses is not None:
            count_losses(record, losses, holds=holds)
        yield record, record.text
