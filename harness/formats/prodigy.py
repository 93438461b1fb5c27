"""Prodigy's JSON lines: `text`, `spans` with `start`, `end`, `label`, and an `answer`.

Only accepted examples are read. Prodigy gives no document ids: `id` or `meta.id` is taken where
there is one, else examples are numbered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.annotation import Record
from harness.coding import short
from harness.formats.items import Where
from harness.formats.jsonl import entity_to_json
from harness.formats.jsonstream import write_lines
from harness.formats.losses import Losses, writable
from harness.formats.sniff import Head
from harness.formats.tools import Example, lose_relations, records

__all__ = ["HOLDS", "matches", "read", "write"]

HOLDS = "entities with scores"


def matches(head: Head) -> bool:
    return isinstance(head.value.get("spans"), list) or "_input_hash" in head.value


def read(path: str | Path, *, losses: Losses | None = None) -> Iterator[Record]:
    """Stream the accepted examples. Raises as `tools.records` does."""
    losses = Losses() if losses is None else losses

    def example(value: Mapping[str, Any], where: Where) -> Example | None:
        answer = value.get("answer", "accept")
        if answer != "accept":
            losses[f"examples answered {short(answer)}: left out"] += 1
            return None
        lose_relations(value, where, losses)
        spans = value.get("spans")
        if spans is None and "answer" in value:
            spans = []
        if spans is not None and not isinstance(spans, list):
            raise where.error(f'"spans" is {short(spans)}, expected a list of objects')
        return Example(_id(value), value.get("text"), spans, "spans")

    return records(path, example)


def _id(value: Mapping[str, Any]) -> str | int | None:
    meta = value.get("meta")
    for id_ in (value.get("id"), meta.get("id") if isinstance(meta, Mapping) else None):
        if isinstance(id_, (str, int)) and not isinstance(id_, bool) and id_ != "":
            return id_
    return None


def write(path: str | Path, records: Iterable[Record], *, losses: Counter[str]) -> int:
    """Write one accepted example a line, its id under `meta`; `losses` counts what is left out."""
    pairs = writable(records, path, losses, ("entities", "scores", "overlaps", "absent"))
    return write_lines(path, (_line(record, text) for record, text in pairs))


def _line(record: Record, text: str) -> dict[str, Any]:
    line: dict[str, Any] = {"text": text, "meta": {"id": record.id}}
    if record.annotations.entities is not None:
        line["spans"] = [entity_to_json(entity) for entity in record.annotations.entities]
        line["answer"] = "accept"
    return line
