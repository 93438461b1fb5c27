"""JSON values one by one, from JSON lines or from one big array, and back into lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO, Any

from harness.coding import load_json, parse_json, short
from harness.errors import InputError
from harness.formats.files import atomic_writer, line_not_utf8, opened

__all__ = ["beginning", "json_lines", "json_values", "no_document", "objects", "parse_line"]
__all__ += ["write_lines"]

_CHUNK = 1 << 16
_LINE = 1 << 24
"""Of a first line, at most, to tell whether lines are arrays."""
_CUT_OFF = "is the file cut off?"


def json_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Stream `(line number, line)` of all lines that are not blank, memory flat.

    Raises `InputError` for a directory and for a file that cannot be read.
    """
    with opened(path, "a file of JSON lines") as handle:
        for number, line in enumerate(handle, 1):
            if line.strip():
                yield number, line


def parse_line(line: bytes, path: Path, number: int, *, keys_once: bool = False) -> Any:
    """The JSON value on one line; `InputError` with line and column for anything else, with
    `keys_once` also for a key that comes twice in an object."""
    line = line.rstrip(b"\r\n")
    try:
        return parse_json(line.decode(), keys_once=True) if keys_once else load_json(line)
    except UnicodeDecodeError as error:
        raise line_not_utf8(error, path, number) from None
    except (ValueError, RecursionError) as error:
        hint = f"one whole JSON object per line; {_CUT_OFF}"
        raise _broken(error, path, number, hint) from None


def objects(path: str | Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Stream `(line, object)` from JSON lines or from a JSON array of objects, memory flat; or one
    object that is laid out on several lines.

    Raises `InputError` for a directory, an empty file, bytes that are not UTF-8, and, with the
    line, for broken JSON and for anything that is no object.
    """
    path = Path(path)
    for number, value in json_values(path):
        if not isinstance(value, Mapping):
            message = f"found {short(value)}, expected a JSON object"
            raise InputError(message, path=path, line=number)
        yield number, value


def json_values(path: str | Path) -> Iterator[tuple[int, Any]]:
    """The same for values of any kind. A file that begins with `[` is one array of values, unless
    its lines are arrays: the first ends with `]`, and the next begins with `[`."""
    path = Path(path)
    number = 0
    for number, value in _values(path):
        yield number, value
    if not number:
        raise no_document(path)


def beginning(path: str | Path, count: int) -> list[Any]:
    """The first values of a file, up to `count`; as far as they can be read. Raises nothing."""
    found: list[Any] = []
    with suppress(InputError):
        found.extend(value for _, value in islice(json_values(path), count))
    return found


def no_document(path: Path) -> InputError:
    """The error of a file without any."""
    hint = "expected one JSON object per line"
    return InputError("the file holds no document", path=path, hint=hint)


def write_lines(path: str | Path, values: Iterable[object]) -> int:
    """Write values one a line, whole or not at all; returns how many were written."""
    count = 0
    with atomic_writer(path) as handle:
        for value in values:
            handle.write(json.dumps(value, ensure_ascii=False) + "\n")
            count += 1
    return count


def _values(path: Path) -> Iterator[tuple[int, Any]]:
    shape = _shape(path)
    if shape == "object":
        with opened(path, "a JSON file") as handle:
            data = handle.read()
        yield 1, parse_line(data, path, 1)
        return
    if shape == "lines":
        for number, line in json_lines(path):
            yield number, parse_line(line, path, number)
        return
    try:
        with opened(path, "a JSON file", mode="r", encoding="utf-8-sig") as handle:
            yield from _array(handle, path)
    except UnicodeDecodeError as error:
        raise InputError(
            f"holds bytes that are not UTF-8 ({error.reason})",
            path=path,
            hint="save the file as UTF-8",
        ) from None


def _shape(path: Path) -> str:
    """`lines` of values, an `array` of them, or one `object` on several lines."""
    with opened(path, "a JSON file") as handle:
        while head := handle.read(_CHUNK).removeprefix(b"\xef\xbb\xbf"):
            if head.strip():
                break
        start = head.lstrip()[:1]
        if start not in (b"[", b"{"):
            return "lines"
        handle.seek(0)
        line = b""
        while not line.strip() and (line := handle.readline(_LINE)):
            pass
        if start == b"{":
            return "lines" if line.rstrip().endswith(b"}") or len(line) == _LINE else "object"
        if not line.endswith(b"\n") or not line.rstrip().endswith(b"]"):
            return "array"
        following = b"\n"
        while following and not following.strip():
            following = handle.readline(_CHUNK)
        return "lines" if following.lstrip().startswith(b"[") else "array"


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
                message = "the JSON array is not closed"
                raise InputError(message, path=path, line=line, hint=_CUT_OFF)
            buffer = chunk
        elif wanted != "value":
            if buffer[0] not in wanted:
                raise InputError(
                    f"found {buffer[:20]!r}, expected {wanted[0]!r}", path=path, line=line
                )
            if buffer[0] == "]":
                break
            wanted, buffer = "value", buffer[1:]
        elif buffer[0] == "]":
            break
        else:
            try:
                value, end = decoder.raw_decode(buffer)
            except (ValueError, RecursionError) as error:
                chunk = "" if ended else handle.read(max(_CHUNK, len(buffer)))
                ended = not chunk
                if ended:
                    raise _broken(error, path, line, _CUT_OFF) from None
                buffer += chunk
                continue
            if end == len(buffer) and not ended and not isinstance(value, (dict, list, str)):
                chunk = handle.read(_CHUNK)  # A number may go on.
                ended = not chunk
                buffer += chunk
                continue
            yield line, value
            line += buffer.count("\n", 0, end)
            buffer, wanted = buffer[end:], ",]"
    rest = buffer[1:].strip()
    while not rest and (chunk := handle.read(_CHUNK)):
        rest = chunk.strip()
    if rest:
        raise InputError(f"found {short(rest[:20])} after the JSON array", path=path, line=line)


def _broken(error: Exception, path: Path, line: int, hint: str) -> InputError:
    """What Python's decoder found in the JSON that begins on `line`, as an error of the file."""
    # Not all are JSON errors: Python refuses numbers of thousands of digits in words of its own.
    fallback = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    reason = getattr(error, "msg", fallback)
    return InputError(
        f"not a JSON object: {reason} at column {getattr(error, 'colno', 1)}",
        path=path,
        line=line + getattr(error, "lineno", 1) - 1,
        hint=hint,
    )
