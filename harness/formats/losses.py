"""Counting what a format cannot hold, so that `convert` can say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Literal

from harness.annotation import Record

__all__ = ["Holds", "count_losses"]

Holds = Literal["entities", "attributions", "scores", "overlaps", "ignore", "errors", "absent"]


def count_losses(record: Record, report: Counter[str], *, holds: Collection[Holds]) -> None:
    """Add to `report` each part of `record` that is not among what the format `holds`."""
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
    for message, (what, count) in counts.items():
        if count and what not in holds:
            report[message] += count
