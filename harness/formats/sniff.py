"""Telling a format from the content of a file or folder, never from its name alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.errors import InputError

__all__ = ["sniff"]

_HEAD = 1 << 16


def sniff(path: Path) -> str:
    """The name of the format. Raises `InputError` when nothing fits, or there is no such file."""
    if not path.exists():
        raise InputError("no such file or folder", path=path)
    return _folder(path) if path.is_dir() else _file(path)


def _folder(path: Path) -> str:
    if any(path.glob("*.ann")):
        return "brat"
    raise _unknown(path, "a folder of nothing that is known")


def _file(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            head = handle.read(_HEAD)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
    if path.suffix == ".ann":
        return "brat"
    if not head.strip():
        raise InputError("the file is empty", path=path, hint="expected annotated documents")
    start = head.lstrip().removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start == b"{":
        return _json_lines(path, head)
    raise _unknown(path, "none of the known formats")


def _json_lines(path: Path, head: bytes) -> str:
    return "jsonl"


def _unknown(path: Path, what: str) -> InputError:
    return InputError(
        f"is {what}; cannot tell its format", path=path, hint="name it: --from FORMAT"
    )


def _value(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
