"""Files read byte-true and written whole or not at all."""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from harness.errors import InputError
from harness.formats.packed import packing_of, unpacked
from harness.interrupt import uninterrupted
from harness.paths import LONGEST_NAME

__all__ = [
    "ENCODINGS",
    "atomic_writer",
    "files_below",
    "files_in",
    "is_draft",
    "is_there",
    "line_not_utf8",
    "new_file",
    "new_folder",
    "not_in",
    "not_utf8",
    "opened",
    "read_text",
    "refusals",
    "too_large",
    "write_text",
]

ENCODINGS = {
    "utf-8": "",
    "cp1252": "Western European, as Windows writes it",
    "latin-1": "Western European, ISO 8859-1",
}
"""The encodings of texts of which a format may offer a choice, and what they are for."""

_MAGIC = 10
_DRAFT = re.compile(r"\..+\.(jsonl|json|md|txt|log|sqlite)\.[a-z0-9_]{8}")
_ROOM = LONGEST_NAME - len("..12345678")
_KINDS = (
    (stat.S_ISFIFO, "is a pipe"),
    (stat.S_ISSOCK, "is a socket"),
    (lambda mode: stat.S_ISCHR(mode) or stat.S_ISBLK(mode), "is a device"),
)


def is_there(path: str | Path) -> bool:
    """Whether a path that somebody named leads to anything.

    Raises `InputError` where nobody can tell: a name that no file can have, a folder that may not
    be entered, links in a circle.
    """
    try:
        os.stat(path)  # noqa: PTH116  Path.stat is the same
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be looked for: {_why(error)}", path=path) from None
    return True


@contextmanager
def refusals(path: str | Path) -> Iterator[None]:
    """What the system refuses within, such as to look at a file of a folder, as `InputError`."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"cannot be read: {_why(error)}", path=error.filename or str(path)
        ) from None


def files_below(folder: Path, suffix: str) -> dict[str, Path]:
    """The files with that ending in a folder and its subfolders, by their names in it without the
    ending (`sub/stem`), sorted; hidden folders and links to folders are left out. Raises as
    `files_in`, and `InputError` for a folder that cannot be looked into."""

    def refuse(error: OSError) -> None:
        raise InputError(f"cannot be read: {_why(error)}", path=error.filename) from None

    files: dict[str, Path] = {}
    for place, below, _ in os.walk(folder, onerror=refuse):
        below[:] = sorted(name for name in below if name[0] != ".")
        inner = Path(place).relative_to(folder)
        files |= {(inner / stem).as_posix(): p for stem, p in files_in(Path(place), suffix).items()}
    return files


def files_in(folder: Path, suffix: str) -> dict[str, Path]:
    """The files of a folder with that ending, by their stems, sorted; folders are left out.

    Raises `InputError` for a name that is not UTF-8: stems are document ids.
    """
    files = {path.stem: path for path in sorted(folder.glob(f"*{suffix}")) if not path.is_dir()}
    for stem, path in files.items():
        if not stem.isascii() and (problem := _unspeakable(stem)):
            raise InputError(f"has a name that {problem}", path=path, hint="rename it")
    return files


def opened(path: Path, expected: str, *, mode: str = "rb", encoding: str | None = None) -> IO[Any]:
    """An open file; of text, newlines are not translated and lines end at `\\n` alone. A compressed
    one is read as what it holds (`harness.formats.packed`).

    Raises `InputError` for a directory (`expected` is what the file should have been), a pipe, a
    device and a socket (it would wait, or never end, and files are read more than once), and for a
    file that cannot be read.
    """
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            raise InputError(f"is a directory, expected {expected}", path=path)
        for is_kind, what in _KINDS:
            if is_kind(kind):
                raise InputError(
                    f"{what}, expected {expected}",
                    path=path,
                    hint="files are read more than once: write it into a file first",
                )
        handle = path.open("rb")
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {_why(error)}", path=path) from None
    try:
        packed = packing_of(handle.peek(_MAGIC)[:_MAGIC])
        data: IO[bytes] = unpacked(handle, packed, path) if packed else handle
        return data if "b" in mode else io.TextIOWrapper(data, encoding, newline="\n")
    except OSError as error:
        handle.close()
        raise InputError(f"cannot be read: {_why(error)}", path=path) from None
    except BaseException:
        handle.close()
        raise


def _why(error: OSError | ValueError) -> str:
    """Why the system would not do it; `ValueError` is for a name with a NUL or half a character."""
    return str(error.strerror if isinstance(error, OSError) else error)


def _unspeakable(text: str) -> str:
    """What keeps a name out of UTF-8; empty where nothing does."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "is not UTF-8"
    return ""


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


def too_large(path: Path, most: int) -> InputError:
    """The error of a compressed file that unpacks to more than so many MiB."""
    return InputError(
        f"unpacks to more than {most:,} MiB",
        path=path,
        hint="if it is yours, convert it, and say how many MiB it may be (most-unpacked)",
    )


def not_utf8(data: bytes, error: UnicodeDecodeError, path: Path) -> InputError:
    """The error of a file whose `data` cannot be decoded, with the line."""
    line = data[: error.start].count(b"\n") + 1
    return InputError(
        f"byte {error.start} is not UTF-8", path=path, line=line, hint="save it as UTF-8"
    )


def line_not_utf8(error: UnicodeDecodeError, path: Path, line: int) -> InputError:
    """The error of one line that cannot be decoded."""
    return InputError(
        f"byte {error.start + 1} of the line is not UTF-8",
        path=path,
        line=line,
        hint="save the file as UTF-8",
    )


def not_in(encoding: str, path: Path, line: int) -> InputError:
    """The error of a file that is not what it was taken for from that line on, with what else it
    may be."""
    others = {name: what for name, what in ENCODINGS.items() if what and name != encoding}
    return InputError(
        f"is not {encoding.upper()} here or in the next lines",
        path=path,
        line=line,
        hint="save the file as UTF-8",
        options=("encoding", others),
    )


def write_text(path: str | Path, text: str) -> None:
    """Write `text` byte-true, whole or not at all."""
    with atomic_writer(path) as handle:
        handle.write(text)


@contextmanager
def atomic_writer(path: str | Path) -> Iterator[IO[str]]:
    """A text handle whose file appears under `path` only when the block ends without an error.

    Newlines are written as they are. Raises `InputError` where it cannot be written, and why: the
    folder, a full disk, half a character.
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
    """A path to write to, renamed to `path` only when the block ends without an error.

    What was there stays whole until then. Raises `InputError` where it cannot be written.
    """
    path = Path(path)
    with _writing(path):
        if is_there(path) and not path.is_file():
            what = "a directory" if path.is_dir() else "no regular file"
            raise InputError(f"is {what}, expected a file to write", path=path)
    with _draft(path, _empty_file) as draft:
        yield draft
        draft.chmod(0o666 & ~_umask())
        draft.replace(path)


@contextmanager
def new_folder(path: str | Path) -> Iterator[Path]:
    """A folder that appears under `path` only when the block ends without an error.

    Raises `InputError` where something is there already (an empty folder may be), or where it
    cannot be written.
    """
    path = Path(path)
    with _writing(path):
        if is_there(path) and not (path.is_dir() and not any(path.iterdir())):
            raise InputError("is there already", path=path, hint="name a new folder")
    with _draft(path, tempfile.mkdtemp) as draft:
        yield draft
        draft.chmod(0o777 & ~_umask())
        draft.replace(path)


@contextmanager
def _draft(path: Path, make: Callable[..., str]) -> Iterator[Path]:
    """What `make` makes beside `path`; gone in the end, unless it was renamed."""
    made: list[Path] = []
    try:
        try:
            with _writing(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                with uninterrupted():  # Or nobody would know of it.
                    made.append(Path(make(dir=path.parent, prefix=_prefix(path))))
            with _writing(path, str(made[0])):
                yield made[0]
        finally:
            _remove(made)
    finally:  # A signal may have come in between; there is but one (`harness.interrupt`).
        _remove(made)


def _empty_file(**place: Any) -> str:
    descriptor, name = tempfile.mkstemp(**place)
    os.close(descriptor)
    return str(name)


def _remove(made: Iterable[Path]) -> None:
    for path in made:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()


def _prefix(path: Path) -> str:
    """The beginning of a draft's name, which has to be short enough for eight characters more."""
    name = path.name
    while len(os.fsencode(name)) > _ROOM:
        name = name[1:]
    return f".{name}."


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)


@contextmanager
def _writing(path: Path, draft: str | None = None) -> Iterator[None]:
    """Where the system does not let `path` be written, it is an error of the user's place.

    Inside the block of a `draft` records are read, too: only what is about the draft, or about no
    file and the disk, is taken for such an error.
    """
    try:
        yield
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) and draft is not None:
            raise
        if isinstance(error, OSError) and draft is not None:
            own = str(error.filename or "").startswith(draft)
            if not own and (error.filename is not None or error.errno not in _NO_ROOM):
                raise
        raise InputError(f"cannot be written: {_why(error)}", path=path) from None


def _umask() -> int:
    with uninterrupted():
        mask = os.umask(0)
        os.umask(mask)
    return mask
