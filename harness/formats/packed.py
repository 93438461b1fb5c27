"""Compressed files, read as what they hold: gzip, bzip2, xz and Zstandard, told by their content.

They are unpacked as they are read. What a few bytes unpack to may have no end: memory holds a line
at most, and a line is bounded; so is what is read in one piece.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from harness.errors import InputError, LibraryMissing

__all__ = ["ENDINGS", "MOST_UNPACKED", "packing_of", "stem_of", "unpacked", "unpacked_name"]

MOST_UNPACKED = 512
"""MiB that a file may unpack to: where it is compressed, a few of it can become gigabytes."""

ENDINGS = {"gzip": ".gz", "bzip2": ".bz2", "xz": ".xz", "zstd": ".zst"}
"""What the names of compressed files end with."""
_BLOCK = 1 << 17
_ZSTD_PIECE = 1 << 12
"""Bytes that are unpacked at once: four may become a block of 128 KiB, all of them 128 MiB."""


def packing_of(data: bytes) -> str:
    """The kind of compression that a file has which begins with these bytes; empty for none."""
    if data.startswith(b"\x1f\x8b"):
        return "gzip"
    if data[:3] == b"BZh" and data[4:10] in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"):
        return "bzip2"
    if data.startswith(b"\xfd7zXZ\0"):
        return "xz"
    if data[:4] == b"\x28\xb5\x2f\xfd" or (
        data[1:4] == b"\x2a\x4d\x18" and 0x50 <= data[0] <= 0x5F
    ):
        return "zstd"
    return ""


def unpacked_name(name: str) -> str:
    """The name of a file without the ending that says how it is compressed."""
    ending = next((e for e in ENDINGS.values() if name.lower().endswith(e)), "")
    return name[: len(name) - len(ending)] if len(name) > len(ending) else name


def stem_of(path: str | Path) -> str:
    """As `Path.stem`, of the file that is compressed."""
    return Path(unpacked_name(Path(path).name)).stem


def unpacked(handle: IO[bytes], kind: str, path: Path) -> io.BufferedReader:
    """What an open file holds, streamed; `seek(0)` begins anew.

    Reading raises `InputError` for a file that is broken or cut off, for a line that is longer
    than `MOST_UNPACKED` MiB, and where that much would be read in one piece; `LibraryMissing`
    where Zstandard's library is not installed.
    """
    makers: dict[str, Callable[[IO[bytes]], Any]] = {
        "gzip": lambda file: gzip.GzipFile(fileobj=file, mode="rb"),
        "bzip2": bz2.BZ2File,
        "xz": lzma.LZMAFile,
        "zstd": _Zstd,
    }
    return io.BufferedReader(_Unpacked(handle, makers[kind], kind, path), _BLOCK)


class _Unpacked(io.RawIOBase):
    """The bytes of a compressed file, bounded by the line."""

    def __init__(
        self, handle: IO[bytes], make: Callable[[IO[bytes]], Any], kind: str, path: Path
    ) -> None:
        self._handle, self._make, self._kind, self._path = handle, make, kind, path
        self._inner = make(handle)
        self._line = self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        if (place, whence) == (0, io.SEEK_CUR):  # How `tell` asks.
            return self._place
        if place or whence != io.SEEK_SET:
            raise InputError(
                f"is a {self._kind} file, which is only read from its beginning on",
                path=self._path,
                hint="unpack it",
            )
        self._handle.seek(0)
        self._inner = self._make(self._handle)
        self._line = self._place = 0
        return 0

    def readinto(self, buffer: Any) -> int:
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        newline = data.rfind(b"\n")
        self._line = self._line + len(data) if newline < 0 else len(data) - newline - 1
        if self._line > MOST_UNPACKED << 20:
            raise self._too_large("has a line that unpacks to")
        return len(data)

    def readall(self) -> bytes:
        parts, size = [], 0
        while data := self._read(_BLOCK):
            parts.append(data)
            size += len(data)
            if size > MOST_UNPACKED << 20:
                raise self._too_large("unpacks to")
        return b"".join(parts)

    def close(self) -> None:
        if not self.closed:
            self._handle.close()
        super().close()

    def _read(self, size: int) -> bytes:
        try:
            data: bytes = self._inner.read(size)
        except (OSError, EOFError, zlib.error, lzma.LZMAError, _BrokenError) as error:
            cut = isinstance(error, EOFError)
            raise InputError(
                f"is a {self._kind} file that is {'cut off' if cut else f'broken: {error}'}",
                path=self._path,
                hint="get it anew",
            ) from None
        self._place += len(data)
        return data

    def _too_large(self, what: str) -> InputError:
        return InputError(
            f"{what} more than {MOST_UNPACKED:,} MiB",
            path=self._path,
            hint="if it is yours, unpack it and name the file that comes of it",
        )


class _BrokenError(Exception):
    """What Zstandard's library says of a broken file."""


class _Zstd:
    """A Zstandard file of one or more frames; unlike the library's reader it tells a cut one."""

    def __init__(self, handle: IO[bytes]) -> None:
        self._handle = handle
        self._new, self._error = _zstd()
        self._frame: Any = None
        self._rest = self._out = b""
        self._at = 0

    def read(self, size: int) -> bytes:
        while self._at == len(self._out):
            data = self._rest or self._handle.read(_ZSTD_PIECE)
            if not data:
                if self._frame is not None:
                    raise EOFError
                return b""
            self._frame = self._frame or self._new()
            try:
                self._out, self._at = self._frame.decompress(data), 0
            except self._error as error:
                raise _BrokenError(str(error)) from None
            self._rest = b""
            if self._frame.eof:
                self._rest, self._frame = self._frame.unused_data, None
        self._at, start = min(self._at + size, len(self._out)), self._at
        return self._out[start : self._at]


def _zstd() -> tuple[Callable[[], Any], type[Exception]]:
    """What unpacks a frame, and what it raises: Python's own from 3.14 on, else a library's."""
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        pass
    else:
        return zstd.ZstdDecompressor, zstd.ZstdError
    try:
        import zstandard
    except ImportError:
        raise LibraryMissing(
            "files that are compressed with Zstandard need the library zstandard, or Python 3.14",
            extra="zstd",
        ) from None
    return zstandard.ZstdDecompressor().decompressobj, zstandard.ZstdError
