"""Gold sets whose records are held in memory: read once, however often they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.annotation import Record
from harness.formats.losses import Losses
from harness.gold.goldset import GoldSet

__all__ = ["held"]

_HELD_DOCUMENTS = 1000


def held(gold: GoldSet) -> GoldSet:
    """A gold set of up to 1,000 documents, which is read here, with its records in memory; a larger
    one as it is."""
    records: list[Record] = []
    lost = Losses()
    for record in gold.read(lost):
        records.append(record)
        if len(records) > _HELD_DOCUMENTS:
            return gold

    def again(losses: Losses) -> Iterator[Record]:
        losses.update(lost)
        return iter(records)

    return replace(gold, read=again)
