"""spaCy's training data of tuples, as JSON: a text, and its entities as `[start, end, label]`.

    [["Ada left", {"entities": [[0, 3, "PER"]]}], ["It rains", {"entities": []}]]

One array, or a pair a line; NER Annotator (tecoholic.github.io/ner-annotator) puts the array under
`annotations`. Offsets are code points.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.annotation import Record
from harness.coding import short
from harness.formats.items import Where
from harness.formats.jsonstream import beginning, json_values
from harness.formats.losses import Losses
from harness.formats.sniff import Head
from harness.formats.tools import Example, Labelling, records, write_each

__all__ = ["EXAMPLE", "HOLDS", "LEAVES_OUT", "LOSES", "matches", "read", "write"]

HOLDS = "entities, also overlapping ones; no ids"
LOSES = "categories, links, span groups"
EXAMPLE = '[["NATO left", {"entities": [[0, 4, "ORG"]]}], ["It rains", {"entities": []}]]\n'
LEAVES_OUT = True

_KEYS = ("start", "end", "label")
_ENTITIES = "entities"
_WRAPPED = "annotations"
_PAIR = 2


def matches(head: Head) -> bool:
    if head.value:
        wrapped = head.value.get(_WRAPPED)
        values = wrapped if isinstance(wrapped, list) else []
    else:
        values = beginning(head.path, _PAIR) if head.start == "[" else []
        if _is_pair(values):
            return True
    return any(_is_pair(value) for value in values[:3])


def _is_pair(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) >= _PAIR
        and isinstance(value[0], str)
        and isinstance(value[1], Mapping)
        and _ENTITIES in value[1]
    )


def read(path: str | Path, *, losses: Losses | None = None) -> Iterator[Record]:
    """Stream the documents, numbered. Without `entities` a document has no entity layer.

    Raises as `tools.records` does, and with the line for what is no such pair.
    """
    losses = Losses() if losses is None else losses

    def example(value: Any, where: Where) -> Example:
        if not isinstance(value, list) or len(value) < _PAIR or not isinstance(value[1], Mapping):
            raise where.error(f"found {short(value)}, expected [text, {{entities: [...]}}]")
        said = value[1]
        for key in sorted(said.keys() - {_ENTITIES}):
            if said[key]:
                losses[f"{short(key)} of texts: left out"] += 1
        items = _items(said.get(_ENTITIES), where, losses)
        return Example(None, value[0], [Labelling(None, lambda: items)], _ENTITIES)

    return records(path, example, losses=losses, stream=_stream)


def _stream(path: Path) -> Iterator[tuple[int, Any]]:
    text: str | None = None  # A file of one line is a pair, which looks like an array of two.
    for line, value in json_values(path):
        if isinstance(value, str) and text is None:
            text = value
            continue
        if text is not None:
            yield line, [text, value]
            text = None
            continue
        wrapped = value.get(_WRAPPED) if isinstance(value, Mapping) else None
        if isinstance(wrapped, list):
            yield from ((line, one) for one in wrapped if one is not None)
        else:
            yield line, value
    if text is not None:
        yield line, [text]


def _items(given: object, where: Where, losses: Losses) -> list[Any] | None:
    if given is None:
        return None
    if not isinstance(given, list):
        raise where.error(f'"{_ENTITIES}" is {short(given)}, expected a list')
    items: list[Any] = []
    for index, item in enumerate(given):
        if isinstance(item, list) and len(item) >= len(_KEYS):
            items.append(dict(zip(_KEYS, item, strict=False)))
            if len(item) > len(_KEYS):
                losses["further members of entities, such as links: left out"] += 1
        elif isinstance(item, Mapping):
            items.append(item)
        else:
            place = f"{_ENTITIES}[{index}]"
            losses.fault(where.error(f"{place}: found {short(item)}, expected [start, end, label]"))
    return items


def write(path: str | Path, records: Iterable[Record], *, losses: Losses) -> int:
    """Write a pair a line; counts in `losses` what is left out."""
    return write_each(path, records, _pair, losses, ("entities", "overlaps", "absent"))


def _pair(record: Record, text: str) -> list[Any]:
    entities = record.annotations.entities
    if entities is None:
        return [text, {}]
    return [text, {_ENTITIES: [[one.start, one.end, one.label] for one in entities]}]
