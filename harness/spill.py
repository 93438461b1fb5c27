"""Numbers and fixed-width records by the million in flat memory: what is much goes to a file.

The file is a nameless temporary one (in `$TMPDIR`, else where the system has such files), which is
gone when nobody holds it any more, or with the process. What is little never leaves memory.
"""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from heapq import merge
from typing import Any

from harness.errors import InputError

__all__ = ["Numbers", "Sorter"]

_BYTES = 1 << 17
"""What is kept in memory of each, at most."""
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
