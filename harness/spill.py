"""Numbers, strings and fixed-width records by the million in flat memory: what is much goes to a
file.

The file is a nameless temporary one (in `$TMPDIR`, else where the system has such files), which is
gone when nobody holds it any more, or with the process. What is little never leaves memory.
"""

from __future__ import annotations

import os
import sys
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from heapq import merge
from typing import Any

from harness.errors import InputError

__all__ = ["Numbers", "Sorter", "Strings"]

_BYTES = 1 << 17
"""What is kept in memory of each, at most."""
_OFFSET = 8
_TOGETHER = 1024
"""Strings that are read at once."""
_CODING = ("utf-8", "surrogatepass")
_LEAST = 64
"""Records of a sorted piece that are read at once, at least."""


class Numbers:
    """Numbers in the order in which they came, as often as wanted."""

    __slots__ = ("_file", "_most", "_tail")

    def __init__(self, typecode: str) -> None:
        """`typecode` is as of `array.array`."""
        self._tail: array[float] = array(typecode)
        self._most = _BYTES // self._tail.itemsize
        self._file = _File()

    def append(self, number: float) -> None:
        """Add a number. Raises `InputError` where there is no room for the file."""
        self._tail.append(number)
        if len(self._tail) >= self._most:
            self._file.add(self._tail.tobytes())
            del self._tail[:]

    def __len__(self) -> int:
        return self._file.size // self._tail.itemsize + len(self._tail)

    def __iter__(self) -> Iterator[Any]:
        """The numbers that there are now, in order; several may go through them at once."""
        end, tail = self._file.size, self._tail[:]
        step = self._most * tail.itemsize
        for begin in range(0, end, step):
            part: array[float] = array(tail.typecode)
            part.frombytes(self._file.part(begin, min(begin + step, end)))
            yield from part
        yield from tail


class Strings:
    """Strings by number, in the order in which they came."""

    __slots__ = ("_ends", "_text")

    def __init__(self) -> None:
        self._text, self._ends = _Bytes(), _Bytes()

    def append(self, string: str) -> None:
        """Add a string. Raises `InputError` where there is no room for the file."""
        self._text.add(string.encode(*_CODING))
        self._ends.add(self._text.size.to_bytes(_OFFSET, sys.byteorder))

    def __len__(self) -> int:
        return self._ends.size // _OFFSET

    def __getitem__(self, number: int) -> str:
        """The string of that number, from 0."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        begin = self._end(number - 1) if number else 0
        return self._text.part(begin, self._end(number)).decode(*_CODING)

    def __iter__(self) -> Iterator[str]:
        """All of them, in order."""
        begin = 0
        for first in range(0, len(self), _TOGETHER):
            last = min(first + _TOGETHER, len(self))
            ends: array[int] = array("q", self._ends.part(_OFFSET * first, _OFFSET * last))
            data, start = self._text.part(begin, ends[-1]), begin
            for end in ends:
                yield data[begin - start : end - start].decode(*_CODING)
                begin = end

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Strings):
            return NotImplemented
        return self is other or (self._ends == other._ends and self._text == other._text)

    __hash__ = None  # type: ignore[assignment]  # it grows

    def __reduce__(self) -> tuple[Any, ...]:
        return _strings, (list(self),)

    def _end(self, number: int) -> int:
        end = self._ends.part(_OFFSET * number, _OFFSET * (number + 1))
        return int.from_bytes(end, sys.byteorder)


def _strings(strings: Iterable[str]) -> Strings:
    made = Strings()
    for one in strings:
        made.append(one)
    return made


class _Bytes:
    """Bytes that grow at the end; the last ones are in memory."""

    __slots__ = ("_file", "_tail", "size")

    def __init__(self) -> None:
        self._file, self._tail = _File(), bytearray()
        self.size = 0

    def add(self, data: bytes) -> None:
        self._tail += data
        self.size += len(data)
        if len(self._tail) >= _BYTES:
            self._file.add(bytes(self._tail))
            self._tail.clear()

    def part(self, begin: int, end: int) -> bytes:
        stored = self._file.size
        if begin >= stored:
            return bytes(self._tail[begin - stored : end - stored])
        head = self._file.part(begin, min(end, stored))
        return head if end <= stored else head + self._tail[: end - stored]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Bytes):
            return NotImplemented
        steps = range(0, self.size, _BYTES)
        return self.size == other.size and all(
            self.part(at, min(at + _BYTES, self.size))
            == other.part(at, min(at + _BYTES, self.size))
            for at in steps
        )

    __hash__ = None  # type: ignore[assignment]


class Sorter:
    """Records of so many bytes each, to be had in order once all are there."""

    __slots__ = ("_buffer", "_file", "_most", "_pieces", "_width")

    def __init__(self, width: int) -> None:
        self._width = width
        self._most = _BYTES // width * width
        self._buffer = bytearray()
        self._file = _File()
        self._pieces: list[int] = [0]
        """Where the sorted pieces of the file begin and end."""

    def add(self, record: bytes) -> None:
        """Add a record. Raises `InputError` where there is no room for the file."""
        self._buffer += record
        if len(self._buffer) >= self._most:
            self._file.add(b"".join(self._sorted()))
            self._pieces.append(self._file.size)
            self._buffer.clear()

    def __len__(self) -> int:
        return (self._file.size + len(self._buffer)) // self._width

    def __iter__(self) -> Iterator[bytes]:
        """All records, sorted; equal ones stand side by side."""
        return merge(self._sorted(), *map(self._piece, self._pieces, self._pieces[1:]))

    def _sorted(self) -> list[bytes]:
        data, width = bytes(self._buffer), self._width
        return sorted([data[at : at + width] for at in range(0, len(data), width)])

    def _piece(self, begin: int, end: int) -> Iterator[bytes]:
        width = self._width
        step = max(_LEAST, self._most // width // len(self._pieces)) * width
        for first in range(begin, end, step):
            data = self._file.part(first, min(first + step, end))
            for at in range(0, len(data), width):
                yield data[at : at + width]


class _File:
    """Bytes at the end of which others can be put; there is no file before there are any."""

    __slots__ = ("_handle", "size")

    def __init__(self) -> None:
        self._handle: int | None = None
        self.size = 0

    def __del__(self) -> None:
        if self._handle is not None:
            os.close(self._handle)

    def __reduce__(self) -> str:
        raise TypeError("what lies in a temporary file of this process cannot be copied")

    def add(self, data: bytes) -> None:
        with _room():
            if self._handle is None:
                self._handle, name = tempfile.mkstemp()
                os.unlink(name)  # noqa: PTH108  It lives on as long as it is open.
            rest = memoryview(data)
            while rest:
                written = os.pwrite(self._handle, rest, self.size)
                self.size, rest = self.size + written, rest[written:]

    def part(self, begin: int, end: int) -> bytes:
        assert self._handle is not None
        with _room():
            return os.pread(self._handle, end - begin, begin)


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(
            f"what does not fit into memory cannot be kept: {error.strerror}",
            path=tempfile.gettempdir(),
            hint="is there room on its disk? Make some, or set TMPDIR to another folder",
        ) from None
