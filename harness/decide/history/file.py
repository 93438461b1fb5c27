"""The history's file: JSON lines that are only ever added to, in any order, each by itself.

The same line twice is one, so that branches merge without a conflict (`merge=union` in
`.gitattributes`). A line that cannot be used is named and left out; the others stand.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from harness.decide.history.line import HistoryLine, line_text, read_line
from harness.errors import HarnessError, InputError
from harness.formats.files import is_there
from harness.formats.jsonstream import json_lines, parse_line
from harness.results.lock import locked

__all__ = ["History", "add_lines", "read_history"]

_CONFLICT = (b"<<<<<<<", b"=======", b">>>>>>>")
_MERGE = "a merge conflict: keep the lines of both sides; merge=union in .gitattributes does"
_TRIES, _PAUSE = 100, 0.1
_MEND = "bring the line back from version control, or delete it"


@dataclass(frozen=True, slots=True)
class History:
    """Every line that can be used, once, and what is wrong with each of the others."""

    lines: tuple[HistoryLine, ...]
    problems: tuple[InputError, ...] = ()


def read_history(path: str | Path) -> History:
    """Read a history; an empty file holds none. Raises `InputError` where there is no file."""
    path = Path(path)
    if not is_there(path):
        raise InputError(
            "there is no history here",
            path=path,
            hint="begin one: harness history add RUN --history FILE",
        )
    lines: dict[str, HistoryLine] = {}
    problems: list[InputError] = []
    for number, text in json_lines(path):
        try:
            line = _read(text, path, number)
            lines[line.id] = line
        except InputError as error:
            problems.append(error)
    return History(tuple(lines.values()), tuple(problems))


def _read(text: bytes, path: Path, number: int) -> HistoryLine:
    if text.startswith(_CONFLICT):
        raise InputError("found a merge conflict's mark", path=path, line=number, hint=_MERGE)
    value = parse_line(text, path, number, keys_once=True)
    try:
        return read_line(value)
    except (ValueError, HarnessError, RecursionError) as error:
        problem = error.message if isinstance(error, InputError) else str(error)
        raise InputError(problem[:400], path=path, line=number, hint=_MEND) from None


def add_lines(path: str | Path, lines: Sequence[HistoryLine]) -> tuple[int, History]:
    """Append those lines that the file does not have; how many, and what it had before.

    Nobody else adds meanwhile. Raises `InputError` where the file cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if is_there(path) and not path.is_file():  # A pipe would wait for its reader.
            raise InputError("is no regular file, expected a history", path=path)
        with _locked_for_long(path) as handle:
            old = read_history(path)
            known = {line.id for line in old.lines}
            new = list(dict.fromkeys(line_text(line) for line in lines if line.id not in known))
            if new:
                cut_off = "\n" if _ends_within_a_line(path) else ""
                handle.write(cut_off + "".join(f"{line}\n" for line in new))
                handle.flush()
                os.fsync(handle.fileno())
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", path=path) from None
    return len(new), old


def _locked_for_long(path: Path) -> TextIO:
    """The file, locked; waits for somebody else who adds."""
    for _ in range(_TRIES):
        if (handle := locked(path)) is not None:
            return handle
        time.sleep(_PAUSE)
    raise InputError("somebody else is writing here", path=path, hint="add the run again later")


def _ends_within_a_line(path: Path) -> bool:
    with path.open("rb") as handle:
        size = handle.seek(0, os.SEEK_END)
        handle.seek(max(0, size - 1))
        return handle.read() not in (b"", b"\n")
