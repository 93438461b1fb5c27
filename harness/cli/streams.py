"""Stdout and stderr as the verbs see them: whatever is printed has no effect but to be read."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from harness.errors import HarnessError
from harness.media import terminal
from harness.report.screen import WHOLE, Screen

__all__ = ["OutputLost", "guarded_streams", "screen"]

_KEPT = 16
"""Characters of a line begun: no command to a CI service has a longer beginning."""


class OutputLost(HarnessError):
    """What was to be printed cannot be: stdout is closed, or its disk is full."""


class _Guarded(io.TextIOBase):
    """A text stream that shows everything through `harness.media.terminal`.

    `stream` is `None` where the descriptor is closed. With `needed`, writing there or to a full
    disk raises `OutputLost`; else what cannot be written is dropped.
    """

    def __init__(self, stream: TextIO | None, name: str, *, needed: bool) -> None:
        self._stream, self._name, self._needed = stream, name, needed
        self._begun = ""

    def write(self, text: str) -> int:
        shown = terminal(text, before=self._begun)
        line = (self._begun + shown).rpartition("\n")[2]
        self._begun = line if len(line) <= _KEPT else f"…{line[-_KEPT:]}"
        self.verbatim(shown)
        return len(text)

    def verbatim(self, text: str) -> None:
        """Write what is wholly of this project's own."""
        if self._stream is None:
            self._lose("is closed")
            return
        self._attempt(self._stream.write, text)

    def flush(self) -> None:
        if self._stream is not None:
            self._attempt(self._stream.flush)

    def isatty(self) -> bool:
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        if self._stream is None:
            raise OSError("closed")
        return self._stream.fileno()

    def writable(self) -> bool:
        return True

    def _attempt(self, action: Callable[..., object], *given: str) -> None:
        assert self._stream is not None
        try:
            action(*given)
        except BrokenPipeError:
            _discard(self._stream)
            if self._needed:
                raise
        except OSError as error:
            _discard(self._stream)
            self._lose(f"cannot be written to: {error.strerror}")

    def _lose(self, why: str) -> None:
        if self._needed:
            raise OutputLost(f"{self._name} {why}, so that what was to be printed is lost")


@contextmanager
def guarded_streams() -> Iterator[None]:
    """Put guards before stdout and stderr, and take them away at the end."""
    before = sys.stdout, sys.stderr
    for stream in before:
        if isinstance(stream, io.TextIOWrapper):  # A terminal may know fewer characters than we.
            stream.reconfigure(errors="backslashreplace")
    sys.stdout = _Guarded(before[0], "stdout", needed=True)
    sys.stderr = _Guarded(before[1], "stderr", needed=False)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def screen() -> Screen:
    """What stdout is: a terminal with its width, or a file or pipe, which has none.

    `COLUMNS` says a width for either. Colours are on terminals alone, and not where `NO_COLOR` is
    set (https://no-color.org) or `TERM` is `dumb` or not set.
    """
    environ, terminal_ = os.environ, sys.stdout.isatty()
    told = environ.get("COLUMNS", "")
    if not terminal_ and not (told.isdecimal() and int(told)):
        return WHOLE
    able = environ.get("TERM", "dumb") != "dumb" and not environ.get("NO_COLOR")
    return Screen(shutil.get_terminal_size().columns, colour=terminal_ and able)


def _discard(stream: TextIO) -> None:
    """Let what a stream still holds, and all that comes, go nowhere: its reader has gone."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
