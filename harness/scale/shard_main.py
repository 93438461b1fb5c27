"""Runs one shard in a process of its own: `python -m harness.scale.shard_main`.

A job (`harness.scale.job`) comes as a line of JSON on stdin; events go out as lines of JSON on
stdout: how far it is, what went wrong, and of what it ends. It stops, keeping what is finished, at
SIGTERM and when its stdin is closed, which is when whoever started it is gone.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
from time import monotonic
from typing import IO, Any

from harness.coding import load_json
from harness.errors import HarnessError, InputError
from harness.interrupt import stoppable
from harness.run.progress import Progress, ProgressBar
from harness.run.runner import run
from harness.scale.job import Job
from harness.scale.resume import await_end

__all__ = ["main"]

_SECONDS = 0.5
_FOR_GOOD = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)
"""Of errors of the operating system: no other try will end otherwise."""
STOPPED = 130
_TRY_AGAIN = 1


class _Events:
    """Lines on the real stdout, from whatever thread."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, **event: Any) -> None:
        with self._lock:
            self._stream.write(json.dumps(event) + "\n")
            self._stream.flush()


class _Reporter(Progress):
    """Tells how many documents are done instead of showing it."""

    def __init__(self, events: _Events) -> None:
        super().__init__(quiet=True)
        self._events = events
        self._told = 0.0
        self._counts = {"done": 0, "failed": 0, "replayed": 0}
        self._guard = threading.Lock()

    def task(
        self, title: str, total: int, *, words: int = 0, pace: str = "", estimated: bool = False
    ) -> ProgressBar:
        return _Bar(self, title, total, words=words, pace=pace, estimated=estimated)

    def note(self, text: str) -> None:
        self._events.send(note=text)

    def count(self, *, replayed: bool, failed: bool) -> None:
        with self._guard:
            self._counts["done"] += 1
            self._counts["failed"] += failed
            self._counts["replayed"] += replayed
            if (now := monotonic()) - self._told < _SECONDS:
                return
            self._told = now
        self.tell()

    def tell(self) -> None:
        self._events.send(progress=self._counts)


class _Bar(ProgressBar):
    def __init__(self, reporter: _Reporter, title: str, total: int, **of: Any) -> None:
        super().__init__(reporter, title, total, **of)
        self._reporter = reporter

    def advance(self, *, words: int = 1, replayed: bool = False, failed: bool = False) -> None:
        self._reporter.count(replayed=replayed, failed=failed)

    def finish(self) -> None:
        self._reporter.tell()


def main() -> int:
    """Run the job that stdin has; returns 0 where its record was written."""
    events = _Events(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(2, 1)  # Whatever else prints is no event.
    job = Job.from_json(load_json(sys.stdin.readline()))
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    try:
        with stoppable(at_last=True):
            # Of an earlier try, or of a run that was killed, a process may not have ended yet.
            await_end(job.folder)
            run(job.specs(), job.goldsets(), job.options, _Reporter(events))
    except KeyboardInterrupt:
        return STOPPED
    except HarnessError as error:
        events.send(error=str(error))
        return error.exit_status
    except OSError as error:
        events.send(error=str(error))
        return InputError.exit_status if error.errno in _FOR_GOOD else _TRY_AGAIN
    return 0


def _end_with_stdin() -> None:
    while os.read(0, 1 << 12):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
