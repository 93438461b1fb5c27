"""JSON objects one by one, from JSON lines or from one big array; spans checked on the way.

Shared by the formats of annotation tools.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from harness.annotation import Entity, span_problems
from harness.errors import AnnotationError, InputError, ReaderOptions
from harness.formats import hints
from harness.offsets import Offsets, OffsetUnit

__all__ = ["Place", "as_unit", "objects"]

_CHUNK = 1 << 16
_ASTRAL = "\uffff"


def objects(path: str | Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Stream `(line, object)` from JSON lines or from a JSON array of objects, memory flat.

    Raises `InputError` for a directory, an empty file, bytes that are not UTF-8, and, with the
    line, for broken JSON and for anything that is no object.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError("is a directory, expected a JSON file", path=path)
    try:
        handle = path.open(encoding="utf-8-sig", newline="\n")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
    found = False
    with handle:
        try:
            start = _first_character(handle)
            handle.seek(0)
            for line, value in _array(handle, path) if start == "[" else _lines(handle, path):
                if not isinstance(value, Mapping):
                    raise InputError(
                        f"found {_short(value)}, expected a JSON object", path=path, line=line
                    )
                found = True
                yield line, value
        except UnicodeDecodeError as error:
            raise InputError(
                f"holds bytes that are not UTF-8 ({error.reason})",
                path=path,
                hint="save the file as UTF-8",
            ) from None
    if not found:
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
                raise _broken(error, path, number) from None


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
                    raise _broken(error, path, line) from None
                buffer += chunk
                continue
            yield line, value
            line += buffer.count("\n", 0, end)
            buffer, wanted = buffer[end:], ",]"


def _broken(error: Exception, path: Path, line: int) -> InputError:
    # Not all are JSON errors: Python refuses numbers of thousands of digits in words of its own.
    fallback = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    reason = getattr(error, "msg", fallback)
    at = getattr(error, "lineno", 1) - 1
    return InputError(
        f"not JSON: {reason} at column {getattr(error, 'colno', 1)}",
        path=path,
        line=line + at,
        hint="is the file cut off?",
    )


def as_unit(value: str | None) -> OffsetUnit | None:
    """An option's value as an offset unit."""
    units: dict[str, OffsetUnit] = {"codepoint": "codepoint", "utf16": "utf16", "byte": "byte"}
    if value is not None and value not in units:
        from harness.errors import UsageError

        raise UsageError(f"offset unit {value!r}, expected one of {', '.join(units)}")
    return None if value is None else units[value]


class Place:
    """One document of a file: its text, and where errors about it point to."""

    def __init__(
        self, path: Path, line: int, text: str, unit: OffsetUnit | None = "codepoint"
    ) -> None:
        self.path, self.line, self.text = path, line, text
        self._unit = unit
        self._offsets = Offsets(text, unit or "codepoint")
        self._astral = unit is None and bool(text) and max(text) > _ASTRAL

    def error(
        self, message: str, *, hint: str | None = None, options: ReaderOptions | None = None
    ) -> AnnotationError:
        return AnnotationError(message, path=self.path, line=self.line, hint=hint, options=options)

    def entity(
        self, start: Any, end: Any, label: Any, *, said: Any = None, score: Any = None
    ) -> Entity:
        """An entity with offsets in the file's unit, checked against the text.

        Without a unit, a text with characters beyond U+FFFF (emoji) is an error: JavaScript tools
        count such a character as two, and nothing else tells which is meant, unless `said` does.
        """
        if not isinstance(label, str) or not label:
            raise self.error(f"label is {label!r}, expected a non-empty string")
        if self._astral:
            first, last = self._told_by_text(start, end, said)
        else:
            first, last = self._converted(start, end)
        if isinstance(said, str) and not _same(said, self.text[first:last]):
            raise self.error(
                f"the span's text is {_short(said)}, but the document has "
                f"{_short(self.text[first:last])} at [{start}, {end})",
                options=hints.UTF16,
            )
        good = isinstance(score, (int, float)) and not isinstance(score, bool)
        return Entity(first, last, label, float(score) if good else None)

    def _converted(self, start: Any, end: Any) -> tuple[int, int]:
        problem = span_problems(self._offsets.length, start, end)
        if problem:
            raise self.error(f"span {start!r}..{end!r}: {problem}")
        first, last = self._offsets.code_point(start), self._offsets.code_point(end)
        if first is None or last is None:
            raise self.error(f"span {start}..{end} ends inside a character")
        return first, last

    def _told_by_text(self, start: Any, end: Any, said: Any) -> tuple[int, int]:
        units: tuple[OffsetUnit, ...] = ("codepoint", "utf16")
        for unit in units:
            place = Place(self.path, self.line, self.text, unit)
            try:
                first, last = place._converted(start, end)
            except AnnotationError:
                continue
            before = self.text[:last]
            if not before or max(before) <= _ASTRAL:
                return first, last  # nothing beyond U+FFFF up to here: the units agree
            if isinstance(said, str) and _same(said, self.text[first:last]):
                return first, last
        raise self.error(
            f"span {start!r}..{end!r} in a text with emoji or the like: does the tool count such "
            "a character as one or as two?",
            options=hints.UNITS,
        )


def _same(said: str, there: str) -> bool:
    return said == there or said.split() == there.split()


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:59] + "…"
