"""Spans of tools that do not say in which unit they count, decoded in the one that they mean."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.annotation import Entity
from harness.coding import short
from harness.errors import InputError, UsageError
from harness.formats import hints
from harness.formats.items import Decoder, Where
from harness.formats.losses import Losses
from harness.formats.offsets import OFFSET_UNITS, Offsets, OffsetUnit

__all__ = ["as_unit", "entities_in", "label_problem"]

_ASTRAL = "\uffff"


def label_problem(label: object, place: str, where: Where, mend: str) -> InputError | None:
    """The error about a label that is the number of one in the tool, and how to get its name."""
    if type(label) not in (int, float):
        return None
    return where.error(f"{place}: the label is the number {short(label)}, not a name", hint=mend)


def entities_in(
    items: list[Any],
    name: str,
    text: str | None,
    unit: OffsetUnit | None,
    where: Where,
    losses: Losses,
) -> tuple[Entity, ...]:
    """The entities of a list which is called `name` in the file.

    Without a unit, an item whose offsets mean different places in code points and UTF-16 units is
    an error unless its own text tells. Raises `InputError`, or leaves out, as `losses` says.
    """
    sink = where.sink(losses)
    if text is None:
        return Decoder(None, sink).entities(items, name)
    if unit is not None or not text or max(text) <= _ASTRAL:
        one = Offsets(text, unit or "codepoint")
        return Decoder(text, sink, offsets=one, same=_same).entities(items, name)
    both = Offsets(text, "codepoint"), Offsets(text, "utf16")
    decoded = []
    for index, item in enumerate(items):
        place = f"{name}[{index}]"
        offsets = _meant(item, text, both) if isinstance(item, dict) else both[0]
        if offsets is None:
            error = where.error(
                f"{place}: {short(item)} in a text with emoji or the like: does the tool count "
                "such a character as one or as two?",
                options=hints.OFFSETS_HINT,
            )
            losses.fault(error)
            continue
        decoded.append(Decoder(text, sink, offsets=offsets, same=_same).entity(item, place))
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
