"""Spans of tools that do not say in which unit they count, decoded in the one that they mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.annotation import Entity, Span
from harness.coding import short
from harness.errors import InputError, UsageError
from harness.formats import hints
from harness.formats.items import Decoder, Where
from harness.formats.losses import Losses
from harness.formats.offsets import OFFSET_UNITS, Offsets, OffsetUnit

__all__ = ["as_unit", "entities_in", "label_problem", "same_words"]

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
    an error unless its own text tells, or that of another: all of a document are of one. Raises
    `InputError`, or leaves out, as `losses` says.
    """
    sink = where.sink(losses)
    if text is None:
        return Decoder(None, sink).entities(items, name)
    if unit is not None or not text or max(text) <= _ASTRAL:
        one = Offsets(text, unit or "codepoint")
        return Decoder(text, sink, offsets=one, same=_same).entities(items, name)
    both = {one.unit: one for one in (Offsets(text, "codepoint"), Offsets(text, "utf16"))}
    found = [_possible(item, text, both) for item in items]
    proven = {next(iter(one)) for one in found if len(one) == 1}
    decoded = []
    for index, (item, possible) in enumerate(zip(items, found, strict=True)):
        place = f"{name}[{index}]"
        offsets = both["codepoint"]
        told = len(set(possible.values())) == 1
        if isinstance(item, dict) and (not told or (len(possible) == 1 and len(proven) > 1)):
            if len(proven) != 1:
                error = where.error(
                    f"{place}: {short(item)} in a text with emoji or the like: does the tool count "
                    "such a character as one or as two?",
                    options=hints.OFFSETS_HINT,
                )
                losses.fault(error)
                continue
            offsets = both[next(iter(proven))]
        elif possible:
            offsets = both[next(iter(possible))]
        decoded.append(Decoder(text, sink, offsets=offsets, same=_same).entity(item, place))
    return tuple(entity for entity in decoded if entity is not None)


def _possible(item: Any, text: str, units: Mapping[OffsetUnit, Offsets]) -> dict[OffsetUnit, Span]:
    """What a span may mean, by unit, as its own text tells.

    Without a text of its own both units are possible as far as they mean the same, or else both.
    """
    out: dict[OffsetUnit, Span] = {}
    if not isinstance(item, dict):
        return out
    own = item.get("text")
    for unit, offsets in units.items():
        place = {"start": item.get("start"), "end": item.get("end")}
        span = Decoder(text, lambda *_: None, offsets=offsets).span(place, "")
        if span is not None and (not isinstance(own, str) or same_words(own, _there(text, span))):
            out[unit] = span
    if not isinstance(own, str):
        return out if len(out) == len(units) else {}
    exact = {unit: span for unit, span in out.items() if own == _there(text, span)}
    return exact or out


def _there(text: str, span: Span) -> str:
    return text[span.start : span.end]


def same_words(own: object, there: str) -> bool:
    """Whether what a span says of itself is what stands there: tools show white space as they like.

    Not at the edges of a text with emoji or the like: there it tells offsets of another unit.
    """
    if not isinstance(own, str) or own.split() != there.split():
        return False
    if own == there or not there or max(there) <= _ASTRAL:
        return True
    return [part.isspace() for part in (own[:1], own[-1:])] == [
        part.isspace() for part in (there[:1], there[-1:])
    ]


def _same(own: object, there: str) -> bool:
    """A few tools put what is no string there."""
    return not isinstance(own, str) or same_words(own, there)


def as_unit(value: str | None) -> OffsetUnit | None:
    """An option's value as an offset unit."""
    if value is not None and value not in OFFSET_UNITS:
        raise UsageError(f"offset unit {value!r}, expected one of {', '.join(OFFSET_UNITS)}")
    unit: OffsetUnit | None = value  # type: ignore[assignment]  # checked in the line above
    return unit
