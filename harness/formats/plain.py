"""Lines of JSON with nothing but an id, a text and plain entities: most lines of most files.

They are read straight into what is wanted, in two thirds of the time. Whatever is not plain, or
not sound, is left to `harness.formats.jsonl.record_from_json`, which says what is wrong.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from harness.annotation import Annotations, Entity, Record
from harness.formats.items import NO_LIMIT

__all__ = ["plain_record"]

_Name = Annotated[str, msgspec.Meta(min_length=1)]
_new = tuple.__new__


class _Entity(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    start: Annotated[int, msgspec.Meta(ge=0)]
    end: int
    label: _Name
    score: int | float | None = None


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    id: _Name
    entities: list[_Entity]
    text: str | None = None


_decode = msgspec.json.Decoder(_Document).decode


def plain_record(line: bytes) -> Record | None:
    """The record on a line, as `record_from_json` makes it; `None` for what is left to that."""
    try:
        value = _decode(line)
    except (ValueError, RecursionError):
        return None
    limit = NO_LIMIT if value.text is None else len(value.text)
    entities = []
    for one in value.entities:
        start, end, score = one.start, one.end, one.score
        if not start < end <= limit or type(score) is int:
            return None
        entities.append(_new(Entity, (start, end, one.label, score, ())))
    return Record(value.id, value.text, Annotations(tuple(entities)))
