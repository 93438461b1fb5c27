"""A process that runs one shard, from outside: started, listened to, stopped."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from harness.coding import load_json
from harness.run.process import Log

__all__ = ["Ended", "ShardProcess"]

_STOP_SECONDS = 30.0

Ended = tuple[int, str]
"""Exit status, and the last that was said on stderr where it is not 0."""


class ShardProcess:
    """`harness.scale.shard_main` with a job; it ends with this process, whatever that dies of."""

    def __init__(self, job: Mapping[str, Any], *, cwd: str | None = None) -> None:
        self._events: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
        self._log = Log(16 << 10)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "harness.scale.shard_main"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            start_new_session=True,  # Ctrl-C is for whoever started it, who tells it.
        )
        self._threads = [
            threading.Thread(target=one, daemon=True) for one in (self._listen, self._read_log)
        ]
        for thread in self._threads:
            thread.start()
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(job).encode("ascii") + b"\n")
            self._process.stdin.flush()

    def events(self) -> list[Mapping[str, Any]]:
        """What it has said since this was last asked."""
        out = []
        with suppress(queue.Empty):
            while True:
                out.append(self._events.get_nowait())
        return out

    def ended(self) -> Ended | None:
        """How it ended; `None` while it runs. All its events are there then."""
        status = self._process.poll()
        if status is None:
            return None
        for thread in self._threads:
            thread.join(timeout=5)
        return status, "" if status == 0 else self._log.last_line()

    def stop(self) -> None:
        """Let it end, keeping what is finished; it may take a moment."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """Stop it and wait; kill it where it does not stop."""
        self.stop()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with suppress(ValueError, OSError):
            for line in self._process.stdout:
                with suppress(ValueError):
                    value = load_json(line)
                    if isinstance(value, dict):
                        self._events.put(value)

    def _read_log(self) -> None:
        assert self._process.stderr is not None
        with suppress(ValueError, OSError):
            for line in self._process.stderr:
                self._log.write(line)
