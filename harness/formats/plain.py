"""Lines of JSON with nothing but an id, a text and plain entities: most lines of most files.

They are read straight into what is wanted, in two thirds of the time, and written in a fifth.
Whatever is not plain, or not sound, is left to `harness.formats.jsonl`, which says what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from json.encoder import encode_basestring as _quoted
from math import isfinite
from typing import Annotated

import msgspec

from harness.annotation import Annotations, Entity, Record
from harness.formats.items import NO_LIMIT

__all__ = ["PlainEntity", "plain_entities", "plain_layers", "plain_line", "plain_record"]

_Name = Annotated[str, msgspec.Meta(min_length=1)]
_new = tuple.__new__


class PlainEntity(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An entity as it is written; `plain_entities` makes one of it."""

    start: Annotated[int, msgspec.Meta(ge=0)]
    end: int
    label: _Name
    score: int | float | None = None


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    id: _Name
    entities: list[PlainEntity]
    text: str | None = None


class _Layers(msgspec.Struct, forbid_unknown_fields=True):
    entities: list[PlainEntity]


_decode = msgspec.json.Decoder(_Document).decode
_decode_layers = msgspec.json.Decoder(_Layers).decode


def plain_record(line: bytes) -> Record | None:
    """The record on a line, as `record_from_json` makes it; `None` for what is left to that."""
    try:
        value = _decode(line)
    except (ValueError, RecursionError):
        return None
    limit = NO_LIMIT if value.text is None else len(value.text)
    entities = plain_entities(value.entities, limit)
    return None if entities is None else Record(value.id, value.text, Annotations(entities))


def plain_line(record: Record) -> str | None:
    """The line of a record, as JSON of `record_to_json`; `None` for what is left to that."""
    layers = record.annotations
    if layers.entities is None or layers.attributions is not None or layers.others:
        return None
    if record.ignore or record.tokens is not None or record.error is not None:
        return None
    if record.metadata is not None:
        return None
    said = []
    for start, end, label, score, fragments in layers.entities:
        if fragments or type(start) is not int or type(end) is not int:
            return None
        if not (score is None or (type(score) is float and isfinite(score))):
            return None
        more = "" if score is None else f', "score": {score!r}'
        said.append(f'{{"start": {start}, "end": {end}, "label": {_quoted(label)}{more}}}')
    text = "" if record.text is None else f', "text": {_quoted(record.text)}'
    return f'{{"id": {_quoted(record.id)}{text}, "entities": [{", ".join(said)}]}}'


def plain_layers(text: str) -> Annotations | None:
    """The same for an object of layers alone, as `annotations_from_json` makes them."""
    try:
        entities = plain_entities(_decode_layers(text).entities, NO_LIMIT)
    except (ValueError, RecursionError):
        return None
    return None if entities is None else Annotations(entities)


def plain_entities(items: Iterable[PlainEntity], limit: int) -> tuple[Entity, ...] | None:
    """The entities of a text of `limit` code points; `None` where one of them is not sound."""
    entities = []
    for one in items:
        start, end, score = one.start, one.end, one.score
        if not start < end <= limit or type(score) is int:
            return None
        entities.append(_new(Entity, (start, end, one.label, score, ())))
    return tuple(entities)
