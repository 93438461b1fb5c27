"""What a long run says on stderr: documents done, time left. Results go to stdout, never here."""

from __future__ import annotations

import sys
import threading
from time import monotonic
from typing import IO

from harness.media import one_line, verbatim

__all__ = ["Progress"]

_TERMINAL_SECONDS = 0.1
_LINE_SECONDS = 10.0


class Progress:
    """One line that is written over on a terminal; plain lines, far apart, anywhere else.

    May be called from several threads. `quiet` says nothing but what goes wrong.
    """

    def __init__(self, *, quiet: bool = False, stream: IO[str] | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._quiet = quiet
        self._terminal = not quiet and self._stream.isatty()
        self._lock = threading.Lock()
        self._width = 0

    def task(self, title: str, total: int) -> ProgressBar:
        """Begin something of `total` documents, such as `[2/7] spacy/en_core_web_sm on seeds`."""
        return ProgressBar(self, title, total)

    def note(self, text: str) -> None:
        """A line that stays, also when quiet: something went wrong."""
        with self._lock:
            self._clear()
            self._print(one_line(text) + "\n")

    def update(self, text: str, *, last: bool) -> None:
        """Show how a task stands. Called by `ProgressBar`, which sees to the pace."""
        if self._quiet:
            return
        with self._lock:
            if not self._terminal:
                self._print(text + "\n")
                return
            self._draw("\r" + text + " " * max(0, self._width - len(text)))
            self._width = len(text)
            if last:
                self._print("\n")
                self._width = 0

    @property
    def pace(self) -> float:
        """Seconds between two updates."""
        return _TERMINAL_SECONDS if self._terminal else _LINE_SECONDS

    def _clear(self) -> None:
        if self._width:
            self._draw("\r" + " " * self._width + "\r")
            self._width = 0

    def _draw(self, text: str) -> None:
        verbatim(self._stream, text)  # The carriage returns are this project's own.
        self._stream.flush()

    def _print(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class ProgressBar:
    """The progress of one backend on one gold set."""

    def __init__(self, progress: Progress, title: str, total: int) -> None:
        self._progress = progress
        self._title = one_line(title)
        self._total = total
        self._done = self._replayed = self._failed = 0
        self._started = self._shown = monotonic()

    def advance(self, *, replayed: bool = False, failed: bool = False) -> None:
        """One more document is done."""
        self._done += 1
        self._replayed += replayed
        self._failed += failed
        now = monotonic()
        if now - self._shown >= self._progress.pace and self._done < self._total:
            self._shown = now
            self._progress.update(f"{self._title}: {self._counts()}, {self._left(now)}", last=False)

    def finish(self) -> None:
        """The task is over."""
        seconds = monotonic() - self._started
        text = f"{self._title}: {self._counts()} in {_duration(seconds)}"
        self._progress.update(text, last=True)

    def _counts(self) -> str:
        counts = f"{self._done}/{self._total} documents"
        if self._replayed:
            counts += f" ({self._replayed} from the store)"
        return counts + (f", {self._failed} failed" if self._failed else "")

    def _left(self, now: float) -> str:
        fresh = self._done - self._replayed
        if not fresh:
            return "time left unknown"
        left = (now - self._started) / fresh * (self._total - self._done)
        return f"{_duration(left)} left"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
