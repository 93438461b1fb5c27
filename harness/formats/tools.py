"""Reading the files of annotation tools: JSON objects with a text and a list of entities.

A tool says what an object of its file means (`Example`); all else is done here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from harness.annotation import Annotations, Entity, Record
from harness.coding import short
from harness.errors import UsageError
from harness.formats import hints
from harness.formats.items import Decoder, Where
from harness.formats.jsonstream import objects
from harness.formats.offsets import OFFSET_UNITS, Offsets, OffsetUnit

__all__ = ["Example", "as_unit", "lose_relations", "records"]

_ASTRAL = "\uffff"


class Example(NamedTuple):
    """What an object of a tool's file says. `id` is `None` where it names none."""

    id: object
    text: object
    entities: list[Any] | None
    """Objects with `start`, `end`, `label` and perhaps `text` and `score`."""
    name: str
    """What that list is called in the file."""


def lose_relations(value: Mapping[str, Any], where: Where, losses: Counter[str]) -> None:
    """Count the relations between entities, which no document here has. Raises `InputError`."""
    relations = value.get("relations") or []
    if not isinstance(relations, list):
        raise where.error(f'"relations" is {short(relations)}, expected a list')
    if relations:
        losses["relations: left out"] += len(relations)


def records(
    path: str | Path,
    example: Callable[[Mapping[str, Any], Where], Example | None],
    unit: OffsetUnit | None = "codepoint",
) -> Iterator[Record]:
    """Stream the documents of a file; `example` reads one object, or leaves it out (`None`).

    An object without id is numbered. Without a unit, a span behind characters beyond U+FFFF
    (emoji) is an error: JavaScript tools count such a character as two, and nothing but the span's
    own text tells which is meant. Raises as `objects` does, and with the line for a text or an id
    that cannot be used and for spans that do not fit.
    """
    path = Path(path)
    seen: set[str] = set()
    for number, (line, value) in enumerate(objects(path), 1):
        where = Where(path, line)
        read = example(value, where)
        if read is None:
            continue
        if not isinstance(read.text, str):
            raise where.error('has no "text", or one that is no string')
        id_ = f"{path.stem}-{number:05}" if read.id is None else str(read.id)
        if id_ in seen:
            raise where.error(f"document id {id_!r} comes a second time")
        seen.add(id_)
        entities = None
        if read.entities is not None:
            entities = _decoded(read.entities, read.name, read.text, unit, where)
        place = number if read.id is None else None
        yield Record(id_, read.text, Annotations(entities), number=place)


def _decoded(
    items: list[Any], name: str, text: str, unit: OffsetUnit | None, where: Where
) -> tuple[Entity, ...]:
    if unit is not None or not text or max(text) <= _ASTRAL:
        one = Offsets(text, unit or "codepoint")
        return Decoder(text, where.refuse, offsets=one, same=_same).entities(items, name)
    both = Offsets(text, "codepoint"), Offsets(text, "utf16")
    decoded = []
    for index, item in enumerate(items):
        place = f"{name}[{index}]"
        offsets = _meant(item, text, both) if isinstance(item, dict) else both[0]
        if offsets is None:
            raise where.error(
                f"{place}: {short(item)} in a text with emoji or the like: does the tool count "
                "such a character as one or as two?",
                options=hints.OFFSETS_HINT,
            )
        decoded.append(Decoder(text, where.refuse, offsets=offsets, same=_same).entity(item, place))
    return tuple(entity for entity in decoded if entity is not None)


def _meant(item: dict[str, Any], text: str, units: Iterable[Offsets]) -> Offsets | None:
    """The only unit that a span can be meant in, or the first of those that agree on it."""
    place = {"start": item.get("start"), "end": item.get("end")}
    own = item.get("text")
    for offsets in units:
        span = Decoder(text, lambda *_: None, offsets=offsets).span(place, "")
        if span is None:
            continue
        told = isinstance(own, str) and _same(own, text[span.start : span.end])
        if told or max(text[: span.end]) <= _ASTRAL:
            return offsets
    return None


def _same(own: object, there: str) -> bool:
    """Tools show white space as they like, and a few put what is no string there."""
    return not isinstance(own, str) or own == there or own.split() == there.split()


def as_unit(value: str | None) -> OffsetUnit | None:
    """An option's value as an offset unit."""
    if value is not None and value not in OFFSET_UNITS:
        raise UsageError(f"offset unit {value!r}, expected one of {', '.join(OFFSET_UNITS)}")
    unit: OffsetUnit | None = value  # type: ignore[assignment]  # checked in the line above
    return unit
