"""What a long run says on stderr: documents done, time left. Results go to stdout, never here."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from time import monotonic
from typing import IO

from harness.media import one_line, verbatim

__all__ = ["Progress", "duration"]

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
        self._paces: dict[str, tuple[float, float]] = {}
        self._ahead: Sequence[tuple[str, int]] = ()

    def task(
        self, title: str, total: int, *, words: int = 0, pace: str = "", estimated: bool = False
    ) -> ProgressBar:
        """Begin something of `total` documents, such as `[2/7] spacy/en_core_web_sm on seeds`.

        `words` is what they have together; `pace` names what its speed is remembered for. Where
        both numbers are only `estimated`, this is shown (`~150`), and more may come.
        """
        return ProgressBar(self, title, total, words=words, pace=pace, estimated=estimated)

    def ahead(self, tasks: Sequence[tuple[str, int]]) -> None:
        """What comes after the task that begins now: paces, and words."""
        self._ahead = tasks

    def learn(self, pace: str, load: float, per_word: float) -> None:
        """How long something took to load, and how long a word, in seconds."""
        self._paces[pace] = load, per_word

    def after(self) -> float | None:
        """Seconds that the tasks ahead will take; `None` where there are none, and where one of
        them is of a speed that is not known: a guess would be worse than nothing."""
        if not self._ahead or not all(pace in self._paces for pace, _ in self._ahead):
            return None
        known = [(*self._paces[pace], words) for pace, words in self._ahead]
        return sum(load + per_word * words for load, per_word, words in known)

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
    def redraws(self) -> bool:
        """Whether what is shown is written over, so that every state may be shown."""
        return self._terminal

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
    """The progress of one backend on one gold set.

    Time left goes by words: documents differ in length. Loading (`loading` to `loaded`) is no part
    of it, and neither is what came from the store.
    """

    def __init__(
        self,
        progress: Progress,
        title: str,
        total: int,
        *,
        words: int = 0,
        pace: str = "",
        estimated: bool = False,
    ) -> None:
        self._progress = progress
        self._title = one_line(title)
        self._total = total
        self._words = words
        self._pace = pace
        self._estimated = estimated
        self._done = self._replayed = self._failed = 0
        self._seen = self._fresh = 0
        """Words of what is done, and of what of it was not replayed."""
        self._load = self._busy = 0.0
        """Seconds of loading, and of predicting until the last time that something was loaded."""
        self._started = self._shown = monotonic()
        self._loading_since = self._started
        self._since: float | None = self._started
        """Since when it predicts; `None` while it loads."""

    def loading(self) -> None:
        """A worker is started, the first one or one that replaces it."""
        now = monotonic()
        if self._since is not None:
            self._busy += now - self._since
        self._since, self._shown = None, now
        self._loading_since = now
        if self._progress.redraws:
            self._progress.update(f"{self._title}: {self._counts()}, loading", last=False)

    def loaded(self) -> None:
        """The worker is ready."""
        self._since = monotonic()
        self._load += self._since - self._loading_since

    def advance(self, *, words: int = 1, replayed: bool = False, failed: bool = False) -> None:
        """One more document is done."""
        self._done += 1
        self._replayed += replayed
        self._failed += failed
        self._seen += words
        self._fresh += 0 if replayed else words
        now = monotonic()
        more = self._estimated or self._done < self._total
        if now - self._shown >= self._progress.pace and more:
            self._shown = now
            self._progress.update(f"{self._title}: {self._counts()}, {self._left(now)}", last=False)

    def finish(self) -> None:
        """The task is over."""
        now = monotonic()
        if self._estimated:  # Now it is known.
            self._total, self._estimated = self._done, False
        if self._fresh and self._pace:
            self._progress.learn(self._pace, self._load, self._busy_until(now) / self._fresh)
        text = f"{self._title}: {self._counts()} in {duration(now - self._started)}"
        self._progress.update(text, last=True)

    def _counts(self) -> str:
        if not self._estimated:
            total = f"/{self._total}"
        else:  # None is better than one that was passed.
            total = f"/~{self._total}" if self._done < self._total else ""
        counts = f"{self._done}{total} documents"
        if self._replayed:
            counts += f" ({self._replayed} from the store)"
        return counts + (f", {self._failed} failed" if self._failed else "")

    def _busy_until(self, now: float) -> float:
        return self._busy + (0.0 if self._since is None else now - self._since)

    def _left(self, now: float) -> str:
        words = max(self._words or self._total, self._seen) - self._seen
        if not self._fresh or (self._estimated and not words):
            return "time left unknown"
        left = self._busy_until(now) / self._fresh * words
        after = self._progress.after()
        return f"{duration(left)} left" + (f", {duration(left + after)} in all" if after else "")


def duration(seconds: float) -> str:
    """`12.3 s`, `5 min`, `2.5 h`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
