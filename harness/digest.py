"""sha256 over files: identifies models, rules and gold without loading them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

__all__ = ["digest_files", "digest_folder", "digest_text", "folder_size"]


def digest_text(text: str) -> str:
    """sha256 of the text's UTF-8 bytes, in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest_files(paths: Iterable[Path], *, root: Path | None = None) -> str:
    """sha256 over the names (relative to `root`) and contents of files, in sorted order.

    A file's own digest is remembered in this process while its size, times and inode stay.
    """
    whole = hashlib.sha256()
    for path in sorted(paths):
        status = path.stat()
        name = path.relative_to(root).as_posix() if root else path.name
        state = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        content = _digest_file(str(path), state)
        whole.update(f"{name}\0{content}\n".encode())
    return whole.hexdigest()


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


@lru_cache(maxsize=4096)
def _digest_file(path: str, state: tuple[int, ...]) -> str:
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
