"""doccano's JSON lines: `text` and `label: [[start, end, "ORG"], …]`, or `entities` with offsets.

    {"id": 1, "text": "Ada left", "label": [[0, 3, "PER"]], "Comments": []}
    {"id": 2, "text": "It rains", "entities": [], "relations": []}

Defined at doccano.github.io. All its exports with text labels are read, as lines or one array:
`label`, `labels` or `entities` as lists of three, and `entities` or `annotations` as objects with
`start_offset` and `end_offset`. doccano runs in the browser and counts UTF-16 units by default (its
issue 2290), so a text with emoji needs `offsets="utf16"` or `"codepoint"`: nothing in the file
tells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.annotation import Record
from harness.coding import short
from harness.formats.items import Where
from harness.formats.jsonstream import write_lines
from harness.formats.losses import Losses, writable
from harness.formats.offsets import Offsets, OffsetUnit
from harness.formats.options import OffsetsOption
from harness.formats.sniff import Head
from harness.formats.tools import Example, Labelling, lose_items, records
from harness.formats.units import as_unit, label_problem

__all__ = ["EXAMPLE", "HOLDS", "LEAVES_OUT", "LOSES", "matches", "read", "write"]

HOLDS = "entities"
LOSES = "relations, comments, categories, meta, who approved"
EXAMPLE = """\
{"id": 1, "text": "NATO left", "label": [[0, 4, "ORG"]]}
{"id": 2, "text": "It rains", "label": []}
"""
LEAVES_OUT = True

_KEYS = ("entities", "label", "labels", "annotations")
_NAMES = {"start": "start_offset", "end": "end_offset", "label": "label"}
_TRIPLE = ("start", "end", "label")
_WITH_NAMES = 'export as "JSONL (text label)", which has names in the place of numbers'


def matches(head: Head) -> bool:
    """Lists of three under one of its keys, empty ones with a text, or its names of offsets."""
    value = head.value
    if not {"text", "data"} & value.keys():
        return False
    for key in ("label", "labels"):
        items = value.get(key)
        if isinstance(items, list) and (not items or isinstance(items[0], list)):
            return True
    if isinstance(value.get("label"), list) and isinstance(value["label"][0], str):
        return True  # of texts as a whole: the reader says so
    for key in ("entities", "annotations"):
        items = value.get(key)
        if isinstance(items, list) and items:
            first = items[0]
            if isinstance(first, Mapping) and "start_offset" in first:
                return True
            if key == "entities" and isinstance(first, list) and len(first) == len(_TRIPLE):
                return True
    return "relations" in value and isinstance(value.get("entities"), list)


def read(
    path: str | Path, *, offsets: OffsetsOption = None, losses: Losses | None = None
) -> Iterator[Record]:
    """Stream the documents. Raises as `tools.records` does, and for labels that are numbers.

    `offsets` is `utf16` or `codepoint`; without it a text where the two differ is an error.
    """
    losses = Losses() if losses is None else losses

    def example(value: Mapping[str, Any], where: Where) -> Example:
        lose_items(value, "relations", "relations", where, losses)
        lose_items(value, "cats", "categories", where, losses)
        for key in ("Comments", "comments"):
            lose_items(value, key, "comments", where, losses)
        key = next((key for key in _KEYS if value.get(key) is not None), "label")
        items = _entities(value.get(key), key, where, losses)
        text = value.get("text", value.get("data"))
        return Example(value.get("id"), text, [Labelling(None, lambda: items)], key)

    return records(path, example, as_unit(offsets), losses=losses)


def _entities(items: Any, key: str, where: Where, losses: Losses) -> list[Any] | None:
    if items is None:
        return None
    kept = []
    for index, item in enumerate(items if isinstance(items, list) else [items]):
        if isinstance(item, list) and len(item) == len(_TRIPLE):
            span: dict[str, Any] = dict(zip(_TRIPLE, item, strict=True))
        elif isinstance(item, Mapping) and _NAMES["start"] in item:
            span = {name: item.get(own) for name, own in _NAMES.items()}
        else:
            raise where.error(
                f'"{key}" is no list of [start, end, label]: {short(items)}',
                hint="is this a text classification project? Only sequence labelling has spans",
            )
        if error := label_problem(span["label"], f"{key}[{index}]", where, _WITH_NAMES):
            losses.fault(error)
            continue
        kept.append(span)
    return kept


def write(
    path: str | Path,
    records: Iterable[Record],
    *,
    losses: Counter[str],
    offsets: OffsetsOption = None,
) -> int:
    """Write `id`, `text` and `label`; offsets in code points, or UTF-16 units when asked for."""
    unit = as_unit(offsets) or "codepoint"
    pairs = writable(records, path, losses, ("entities", "overlaps", "absent", "ids"))
    return write_lines(path, (_line(record, text, unit) for record, text in pairs))


def _line(record: Record, text: str, unit: OffsetUnit) -> dict[str, Any]:
    line: dict[str, Any] = {"id": record.id, "text": text}
    if record.annotations.entities is not None:
        line["label"] = [
            [*(Offsets(text[:edge], unit).length for edge in entity.span), entity.label]
            for entity in record.annotations.entities
        ]
    return line
