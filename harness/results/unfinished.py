"""A mark in the folder of a run that is under way, so that nobody takes the record of another.

The mark is there from before the first file of a run is written until its record is. A run that was
killed leaves it behind, and with it a record of an earlier run beside predictions of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from harness.coding import load_json
from harness.errors import InputError, NothingMeasured, UsageError
from harness.formats.files import is_draft, is_there, read_text
from harness.paths import UNFINISHED, WRITTEN
from harness.results.lock import locked
from harness.results.provenance import now

__all__ = ["check_finished", "unfinished"]


@contextmanager
def unfinished(folder: Path | None, command: Sequence[str] = ()) -> Iterator[None]:
    """Mark `folder` while the block runs; the mark stays when the block does not end well.

    Drafts of files that a killed run left are swept. Raises `UsageError` where another run is
    writing into the folder at this moment, `InputError` where it cannot be written to.
    """
    if folder is None:
        yield
        return
    path = folder / UNFINISHED
    with _locked(path) as handle:
        _say(handle, json.dumps({"started": now(), "command": list(command)}), path)
        _sweep(folder)
        yield
        path.unlink(missing_ok=True)


def _say(handle: TextIO, text: str, path: Path) -> None:
    """Write into the mark; one that cannot be written is no mark, but for that of a run before."""
    mark, data = handle.fileno(), text.encode("utf-8", "backslashreplace")
    before = os.fstat(mark).st_size
    try:
        os.ftruncate(mark, 0)
        while data:
            data = data[os.write(mark, data) :]
    except OSError as error:
        if not before:
            path.unlink(missing_ok=True)
        raise InputError(f"cannot be written: {error.strerror}", path=path) from None


def _locked(path: Path) -> TextIO:
    """The mark, opened and locked."""
    if is_there(path) and not path.is_file():
        raise InputError("is no regular file, expected a file to write", path=path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = locked(path)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", path=path) from None
    if handle is None:
        raise UsageError(
            f"{path.parent}: another run is writing into this folder; wait for it, or write into "
            "another folder"
        )
    return handle


def check_finished(folder: Path) -> None:
    """Raise `NothingMeasured` where a run into `folder` began and did not end.

    What record is there is of an earlier run, and the files beside it may be of the later one.
    """
    path = folder / UNFINISHED
    if not os.path.lexists(path):
        return
    started = ""
    with suppress(InputError, ValueError, KeyError, TypeError, RecursionError):
        said = load_json(read_text(path))["started"]
        started = f", at {said}" if isinstance(said, str) and len(said) < 100 else ""
    raise NothingMeasured(
        f"{folder}: a run into this folder was begun{started} and has not ended: it is still under "
        "way, or was stopped. A record there is of an earlier one. Give the same command again, "
        f"which goes on where it was; or delete {path} to go back to the earlier record, if its "
        "files are still there"
    )


def _sweep(folder: Path) -> None:
    """Remove the hidden drafts of files that a killed run was writing."""
    places = [folder.iterdir(), *((folder / name).rglob("*") for name in WRITTEN)]
    for place in places:
        with suppress(OSError):
            for path in list(place):
                if is_draft(path.name) and path.is_file():
                    path.unlink(missing_ok=True)
