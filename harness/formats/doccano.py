"""doccano's JSON lines: `text` and `label: [[start, end, "ORG"], …]`, or `entities` with offsets.

Both exports are read: `label` (or `labels`), and, of projects with relations, `entities` with
`start_offset` and `end_offset`. doccano runs in the browser and counts UTF-16 units by default
(its issue 2290), so a text with emoji needs `offsets="utf16"` or `"codepoint"`: nothing in the
file tells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.annotation import Record
from harness.formats.items import Where
from harness.formats.jsonstream import write_lines
from harness.formats.losses import Losses, writable
from harness.formats.offsets import Offsets, OffsetUnit
from harness.formats.sniff import Head
from harness.formats.tools import Example, as_unit, lose_relations, records

__all__ = ["HOLDS", "matches", "read", "write"]

HOLDS = "entities"


def matches(head: Head) -> bool:
    keys, entities = head.value.keys(), head.value.get("entities")
    if {"text", "data"} & keys and any(
        isinstance(head.value.get(key), list) for key in ("label", "labels")
    ):
        return True
    related = "relations" in keys or any("start_offset" in item for item in head.first(entities))
    return isinstance(entities, list) and related


def read(
    path: str | Path, *, offsets: str | None = None, losses: Losses | None = None
) -> Iterator[Record]:
    """Stream the documents. Raises as `tools.records` does.

    `offsets` is `utf16` or `codepoint`; without it a text where the two differ is an error.
    """
    losses = Losses() if losses is None else losses

    def example(value: Mapping[str, Any], where: Where) -> Example:
        lose_relations(value, where, losses)
        return Example(
            value.get("id"), value.get("text", value.get("data")), *_entities(value, where)
        )

    return records(path, example, as_unit(offsets))


def _entities(value: Mapping[str, Any], where: Where) -> tuple[list[Any] | None, str]:
    if "entities" in value:
        items = value["entities"]
        if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
            raise where.error('"entities" is no list of objects')
        names = {"start": "start_offset", "end": "end_offset", "label": "label"}
        return [{key: item.get(name) for key, name in names.items()} for item in items], "entities"
    key = "label" if "label" in value else "labels"
    items = value.get(key)
    if items is None:
        return None, key
    if not isinstance(items, list) or not all(
        isinstance(item, list) and len(item) == 3 for item in items
    ):
        raise where.error(
            f'"{key}" is no list of [start, end, label]',
            hint="is this a text classification project? Only sequence labelling has spans",
        )
    return [dict(zip(("start", "end", "label"), item, strict=True)) for item in items], key


def write(
    path: str | Path,
    records: Iterable[Record],
    *,
    losses: Counter[str],
    offsets: str | None = None,
) -> int:
    """Write `id`, `text` and `label`; offsets in code points, or UTF-16 units when asked for."""
    unit = as_unit(offsets) or "codepoint"
    pairs = writable(records, path, losses, ("entities", "overlaps", "absent"))
    return write_lines(path, (_line(record, text, unit) for record, text in pairs))


def _line(record: Record, text: str, unit: OffsetUnit) -> dict[str, Any]:
    line: dict[str, Any] = {"id": record.id, "text": text}
    if record.annotations.entities is not None:
        line["label"] = [
            [*(Offsets(text[:edge], unit).length for edge in entity.span), entity.label]
            for entity in record.annotations.entities
        ]
    return line
