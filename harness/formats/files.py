"""Files read byte-true and written whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from harness.errors import InputError

__all__ = [
    "atomic_writer",
    "is_draft",
    "new_file",
    "new_folder",
    "not_utf8",
    "opened",
    "read_text",
    "write_text",
]


_DRAFT = re.compile(r"\..+\.(jsonl|json|md|txt|log)\.[a-z0-9_]{8}")


def opened(path: Path, expected: str, *, mode: str = "rb", encoding: str | None = None) -> IO[Any]:
    """An open file; of text, newlines are not translated and lines end at `\\n` alone.

    Raises `InputError` for a directory (`expected` is what the file should have been) and for a
    file that cannot be read.
    """
    if path.is_dir():
        raise InputError(f"is a directory, expected {expected}", path=path)
    try:
        return path.open(mode, encoding=encoding, newline=None if "b" in mode else "\n")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None


def read_text(path: str | Path) -> str:
    """The text of a UTF-8 file exactly as it is: no newline translation, no BOM removed.

    Raises `InputError` for a directory, a file that cannot be read, and bytes that are not UTF-8.
    """
    path = Path(path)
    with opened(path, "a text file") as handle:
        data: bytes = handle.read()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(data, error, path) from None


def not_utf8(data: bytes, error: UnicodeDecodeError, path: Path) -> InputError:
    """The error of a file whose `data` cannot be decoded, with the line."""
    line = data[: error.start].count(b"\n") + 1
    return InputError(
        f"byte {error.start} is not UTF-8", path=path, line=line, hint="save it as UTF-8"
    )


def write_text(path: str | Path, text: str) -> None:
    """Write `text` byte-true, whole or not at all."""
    with atomic_writer(path) as handle:
        handle.write(text)


@contextmanager
def atomic_writer(path: str | Path) -> Iterator[IO[str]]:
    """A text handle whose file appears under `path` only when the block ends without an error.

    Newlines are written as they are. Raises `InputError` where the folder cannot be written to.
    """
    with new_file(path) as draft, draft.open("w", encoding="utf-8", newline="") as handle:
        try:
            yield handle
        except UnicodeEncodeError as error:
            half = error.object[error.start : error.start + 1]
            raise InputError(
                f"half a character ({half!r}) cannot be written",
                path=path,
                hint="a text or label holds one half of a UTF-16 pair: mend it at its source",
            ) from None
        handle.flush()
        os.fsync(handle.fileno())


def is_draft(name: str) -> bool:
    """Whether a name is that of a draft of a file that a run writes, as `new_file` calls them:
    `.<name of the file>.<eight characters>`."""
    return _DRAFT.fullmatch(name) is not None


@contextmanager
def new_file(path: str | Path) -> Iterator[Path]:
    """A path to write to, renamed to `path` only when the block ends without an error."""
    path = Path(path)
    if path.is_dir():
        raise InputError("is a directory, expected a file to write", path=path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", path=path) from None
    os.close(descriptor)
    try:
        yield Path(name)
        try:
            Path(name).chmod(0o666 & ~_umask())
            Path(name).replace(path)
        except OSError as error:  # Somebody has taken the folder away meanwhile.
            raise InputError(f"cannot be written: {error.strerror}", path=path) from None
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


@contextmanager
def new_folder(path: str | Path) -> Iterator[Path]:
    """A folder that appears under `path` only when the block ends without an error.

    Raises `InputError` where something is there already (an empty folder may be), or where the
    parent cannot be written to.
    """
    path = Path(path)
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise InputError("is there already", path=path, hint="name a new folder")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", path=path) from None
    try:
        yield draft
        draft.chmod(0o777 & ~_umask())
        draft.replace(path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
