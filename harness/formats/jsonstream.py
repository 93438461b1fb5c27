"""JSON objects one by one, from JSON lines or from one big array, and the documents in them.

Shared by the formats of annotation tools: a tool says how an object of its file reads (`Example`),
and all else is done here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

from harness.annotation import Annotations, Entity, Record
from harness.errors import InputError, UsageError
from harness.formats import hints
from harness.formats.files import opened
from harness.formats.items import Decoder, Where, short
from harness.offsets import OFFSET_UNITS, Offsets, OffsetUnit

__all__ = ["Example", "as_unit", "not_json", "objects", "records"]

_CHUNK = 1 << 16
_ASTRAL = "\uffff"


class Example(NamedTuple):
    """What an object of a tool's file says. `id` is `None` where it names none."""

    id: object
    text: object
    entities: list[Any] | None
    """Objects with `start`, `end`, `label` and perhaps `text` and `score`."""
    name: str
    """What that list is called in the file."""


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
        own = number if read.id is None else None
        yield Record(id_, read.text, Annotations(entities), number=own)


def _decoded(
    items: list[Any], name: str, text: str, unit: OffsetUnit | None, where: Where
) -> tuple[Entity, ...]:
    if unit is not None or not text or max(text) <= _ASTRAL:
        offsets = Offsets(text, unit or "codepoint")
        return Decoder(text, where, offsets=offsets, same=_same).entities(items, name)
    both = Offsets(text, "codepoint"), Offsets(text, "utf16")
    decoded = []
    for index, item in enumerate(items):
        place = f"{name}[{index}]"
        offsets = next((o for o in both if _meant(item, text, o)), both[0])
        if isinstance(item, dict) and not _meant(item, text, offsets):
            where(
                place,
                f"span {short(item)} in a text with emoji or the like: does the tool count such "
                "a character as one or as two?",
                options=hints.UNITS,
            )
        decoded.append(Decoder(text, where, offsets=offsets, same=_same).entity(item, place))
    return tuple(entity for entity in decoded if entity is not None)


def _meant(item: Any, text: str, offsets: Offsets) -> bool:
    """Whether a span can only be meant in this unit, by its own text or since both agree there."""
    if not isinstance(item, dict):
        return False
    bare = {"start": item.get("start"), "end": item.get("end")}
    span = Decoder(text, _silent, offsets=offsets).span(bare, "")
    if span is None:
        return False
    own, there = item.get("text"), text[span.start : span.end]
    return max(text[: span.end]) <= _ASTRAL or (isinstance(own, str) and _same(own, there))


def _silent(place: str, message: str, **_: object) -> None:
    pass


def _same(own: object, there: str) -> bool:
    """Tools show white space as they like, and a few put what is no string there."""
    return not isinstance(own, str) or own == there or own.split() == there.split()


def as_unit(value: str | None) -> OffsetUnit | None:
    """An option's value as an offset unit."""
    if value is not None and value not in OFFSET_UNITS:
        raise UsageError(f"offset unit {value!r}, expected one of {', '.join(OFFSET_UNITS)}")
    unit: OffsetUnit | None = value  # type: ignore[assignment]  # checked in the line above
    return unit


def objects(path: str | Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Stream `(line, object)` from JSON lines or from a JSON array of objects, memory flat.

    Raises `InputError` for a directory, an empty file, bytes that are not UTF-8, and, with the
    line, for broken JSON and for anything that is no object.
    """
    path = Path(path)
    empty = True
    with opened(path, "a JSON file", mode="r", encoding="utf-8-sig") as handle:
        try:
            start = _first_character(handle)
            handle.seek(0)
            for line, value in _array(handle, path) if start == "[" else _lines(handle, path):
                if not isinstance(value, Mapping):
                    raise InputError(
                        f"found {short(value)}, expected a JSON object", path=path, line=line
                    )
                empty = False
                yield line, value
        except UnicodeDecodeError as error:
            raise InputError(
                f"holds bytes that are not UTF-8 ({error.reason})",
                path=path,
                hint="save the file as UTF-8",
            ) from None
    if empty:
        raise InputError("the file holds no document", path=path)


def _first_character(handle: IO[str]) -> str:
    while head := handle.read(_CHUNK):
        if head.strip():
            return head.lstrip()[0]
    return ""


def _lines(handle: IO[str], path: Path) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(handle, 1):
        if line.strip():
            try:
                yield number, json.loads(line.rstrip("\r\n"))
            except (ValueError, RecursionError) as error:
                raise not_json(error, path, number) from None


def _array(handle: IO[str], path: Path) -> Iterator[tuple[int, Any]]:
    decoder = json.JSONDecoder()
    buffer, line, ended = "", 1, False
    wanted = "["
    while True:
        stripped = buffer.lstrip()
        line += buffer.count("\n") - stripped.count("\n")
        buffer = stripped
        if not buffer:
            chunk = handle.read(_CHUNK)
            if not chunk:
                raise InputError(
                    "the JSON array is not closed",
                    path=path,
                    line=line,
                    hint="is the file cut off?",
                )
            buffer = chunk
        elif wanted != "value":
            if buffer[0] not in wanted:
                raise InputError(
                    f"found {buffer[:20]!r}, expected {wanted[0]!r}", path=path, line=line
                )
            if buffer[0] == "]":
                return
            wanted, buffer = "value", buffer[1:]
        elif buffer[0] == "]":
            return
        else:
            try:
                value, end = decoder.raw_decode(buffer)
            except (ValueError, RecursionError) as error:
                chunk = "" if ended else handle.read(max(_CHUNK, len(buffer)))
                ended = not chunk
                if ended:
                    raise not_json(error, path, line) from None
                buffer += chunk
                continue
            yield line, value
            line += buffer.count("\n", 0, end)
            buffer, wanted = buffer[end:], ",]"


def not_json(
    error: Exception,
    path: Path,
    line: int,
    *,
    expected: str = "JSON",
    hint: str = "is the file cut off?",
) -> InputError:
    """What Python's decoder found in the JSON that begins on `line`, as an error of the file."""
    # Not all are JSON errors: Python refuses numbers of thousands of digits in words of its own.
    fallback = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    reason = getattr(error, "msg", fallback)
    at = getattr(error, "lineno", 1) - 1
    return InputError(
        f"not {expected}: {reason} at column {getattr(error, 'colno', 1)}",
        path=path,
        line=line + at,
        hint=hint,
    )
