"""doccano's JSON lines: `text` and `label: [[start, end, "ORG"], …]`, or `entities` with offsets.

Both exports are read: `label` (or `labels`), and, of projects with relations, `entities` with
`start_offset` and `end_offset`. doccano runs in the browser and counts UTF-16 units by default
(its issue 2290), so a text with emoji needs `offsets="utf16"` or `"codepoint"`: nothing in the
file tells.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.annotation import Annotations, Entity, Record
from harness.errors import InputError
from harness.formats.files import atomic_writer
from harness.formats.jsonstream import Place, as_unit, objects
from harness.formats.losses import count_losses

__all__ = ["read", "write"]


def read(
    path: str | Path, *, offsets: str | None = None, report: Counter[str] | None = None
) -> Iterator[Record]:
    """Stream the documents. Raises as `objects` does, and for spans that do not fit.

    `offsets` is `utf16` or `codepoint`; without it a text where the two differ is an error.
    """
    path = Path(path)
    unit = as_unit(offsets)
    report = Counter() if report is None else report
    seen: set[str] = set()
    for number, (line, value) in enumerate(objects(path), 1):
        text = value.get("text", value.get("data"))
        if not isinstance(text, str):
            raise InputError('has no "text", or one that is no string', path=path, line=line)
        if value.get("relations"):
            report["relations: left out"] += len(value["relations"])
        given = value.get("id")
        id_ = f"{path.stem}-{number:05}" if given is None else str(given)
        if id_ in seen:
            raise InputError(f"document id {id_!r} comes a second time", path=path, line=line)
        seen.add(id_)
        entities = _entities(value, Place(path, line, text, unit))
        own = number if given is None else None
        yield Record(id_, text, Annotations(entities), number=own)


def _entities(value: Mapping[str, Any], place: Place) -> tuple[Entity, ...] | None:
    if "entities" in value:
        items = value["entities"]
        if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
            raise place.error('"entities" is no list of objects')
        return tuple(
            place.entity(item.get("start_offset"), item.get("end_offset"), item.get("label"))
            for item in items
        )
    items = value.get("label", value.get("labels"))
    if items is None:
        return None
    if not isinstance(items, list) or not all(
        isinstance(item, list) and len(item) == 3 for item in items
    ):
        raise place.error(
            '"label" is no list of [start, end, label]',
            hint="is this a text classification project? Only sequence labelling has spans",
        )
    return tuple(place.entity(start, end, label) for start, end, label in items)


def write(
    path: str | Path,
    records: Iterable[Record],
    *,
    report: Counter[str],
    offsets: str | None = None,
) -> int:
    """Write `id`, `text` and `label`; offsets in code points, or UTF-16 units when asked for."""
    unit = as_unit(offsets)
    count = 0
    with atomic_writer(path) as handle:
        for record in records:
            if record.text is None:
                raise InputError(f"document {record.id!r} has no text to write", path=path)
            count_losses(record, report, holds=("entities", "overlaps", "absent"))
            value: dict[str, Any] = {"id": record.id, "text": record.text}
            if record.annotations.entities is not None:
                value["label"] = [
                    [_out(record.text, e.start, unit), _out(record.text, e.end, unit), e.label]
                    for e in record.annotations.entities
                ]
            handle.write(json.dumps(value, ensure_ascii=False) + "\n")
            count += 1
    return count


def _out(text: str, offset: int, unit: str | None) -> int:
    return len(text[:offset].encode("utf-16-le")) // 2 if unit == "utf16" else offset
