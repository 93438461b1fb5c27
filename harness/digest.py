"""sha256 over files: identifies models, rules and gold without loading them."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

__all__ = [
    "digest_file",
    "digest_files",
    "digest_folder",
    "digest_pieces",
    "digest_text",
    "folder_size",
    "load_memo",
    "remembered",
    "remembered_digest",
    "save_memo",
]

_MEMO_BYTES = 1 << 18  # Smaller files are as quickly read as looked up.
_RACY_NS = 2_000_000_000

_memo: dict[str, list[object]] = {}
_learned = False


def digest_text(text: str) -> str:
    """sha256 of the text's UTF-8 bytes, in hex."""
    return digest_pieces((text,))


def digest_pieces(pieces: Iterable[str]) -> str:
    """The same of a text in pieces, which need not be in memory together."""
    whole = hashlib.sha256()
    for piece in pieces:
        whole.update(piece.encode("utf-8", "surrogatepass"))
    return whole.hexdigest()


def digest_files(paths: Iterable[Path], *, root: Path | None = None) -> str:
    """sha256 over the names (relative to `root`) and contents of files, in sorted order; contents
    as `remembered_digest` has them."""
    whole = hashlib.sha256()
    for path in sorted(paths):
        name = path.relative_to(root).as_posix() if root else path.name
        whole.update(f"{name}\0{remembered_digest(path)}\n".encode())
    return whole.hexdigest()


def remembered_digest(path: Path) -> str:
    """The digest of a file, remembered in this process while its size, times and inode stay.
    Raises `OSError`."""
    status = path.stat()
    # The time of change cannot be set by whoever puts another file in the same place.
    state = (
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_ino,
        status.st_dev,
    )
    return _digest_file(str(path), state)


def digest_file(path: str | Path) -> str:
    """sha256 of a file's bytes, in hex; read anew each time.

    Raises `OSError` for what cannot be read, and for a pipe or a device, which might never end.
    """
    path = Path(path)
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "is no regular file", str(path))
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def digest_folder(folder: Path) -> str:
    """sha256 over every file below `folder`, byte-code left out."""
    return digest_files(_files(folder), root=folder)


def folder_size(folder: Path) -> int:
    """Bytes of every file below `folder`, byte-code left out."""
    return sum(path.stat().st_size for path in _files(folder))


def _files(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    ]


def load_memo(path: Path) -> None:
    """Trust the digests of large files that an earlier process wrote to `path`, if it is there.

    An entry counts only while the file's size, times, inode and device are the same. What this
    process has learned itself stays.
    """
    try:
        memo = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return
    if isinstance(memo, dict):
        for key, value in memo.items():
            if isinstance(value, list):
                _memo.setdefault(key, value)


def save_memo(path: Path) -> None:
    """Write what was learned since `load_memo`, for later processes; best effort."""
    global _learned
    if not _learned:
        return
    _learned = False
    with contextlib.suppress(OSError):
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        beside.write_text(json.dumps(_memo), "utf-8")
        beside.replace(path)


def remembered(name: str, state: str, make: Callable[[], str]) -> str:
    """The digest that `make` gives, remembered under `name` as long as `state` is the same."""
    global _learned
    known = _memo.get(name)
    if known and len(known) == 2 and known[0] == state and isinstance(known[1], str):
        return known[1]
    digest = make()
    _memo[name] = [state, digest]
    _learned = True
    return digest


@lru_cache(maxsize=4096)
def _digest_file(path: str, state: tuple[int, ...]) -> str:
    global _learned
    place = str(Path(path).resolve())
    known = _memo.get(place)
    if known and known[:-1] == list(state) and isinstance(known[-1], str):
        return known[-1]
    digest = digest_file(path)
    size, _, changed, *_ = state
    # A file changed a moment ago may change again within the same tick of the clock.
    if size >= _MEMO_BYTES and time.time_ns() - changed > _RACY_NS:
        _memo[place] = [*state, digest]
        _learned = True
    return digest
