"""The parent's side of one worker process: send, receive with a deadline, and bring it down.

Whatever the worker does, these hold: the parent never blocks on it for longer than the deadline,
keeps no more of its stderr than a head and a tail, and leaves no process of it behind, for which
another process stands between the two (`harness.run.parenthood`). One thread, one `select` loop
over the three pipes and the line to that process; Linux and other POSIX systems.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any, Literal, NamedTuple

from harness.annotation import printable
from harness.coding import short
from harness.interrupt import uninterrupted
from harness.run import parenthood
from harness.run.protocol import MAX_MESSAGE_BYTES, ProtocolError, parse_message

__all__ = ["Exit", "Fault", "Log", "Worker", "kill_all"]

_CHUNK = 1 << 16
_SHOWN = 1000
_DRAIN_CHUNKS = 64
_POLL_SECONDS = 0.05
_GRACE_SECONDS = 5.0
_DEAF_SECONDS = 1.0
_SLACK_BYTES = 2 << 20
_LOG_BYTES = 16 << 10

_live: set[Worker] = set()
_lock = threading.Lock()

_ERROR = re.compile(r"\s*\w*([Ee]rror|Exception)\b.*:")
FaultKind = Literal["timeout", "died", "protocol", "memory"]


class Fault(Exception):
    """A worker that cannot be used any further; it has been killed."""

    def __init__(self, kind: FaultKind, message: str) -> None:
        self.kind = kind
        self.message = message
        super().__init__(message)


class Exit(NamedTuple):
    """How a worker ended: its exit status (negative: a signal) and its own peak memory."""

    status: int
    peak_memory_bytes: int | None

    def __str__(self) -> str:
        if self.status >= 0:
            return f"exited with status {self.status}"
        try:
            name = signal.Signals(-self.status).name
        except ValueError:
            name = f"signal {-self.status}"
        return f"was killed by {name}"


class Log:
    """The head and the tail of a stream, in bounded memory."""

    __slots__ = ("_head", "_limit", "_tail", "size")

    def __init__(self, limit: int = _LOG_BYTES) -> None:
        self._limit = limit
        self._head = bytearray()
        self._tail = bytearray()
        self.size = 0

    def write(self, data: bytes) -> None:
        self.size += len(data)
        room = self._limit - len(self._head)
        self._head += data[:room]
        self._tail += data[max(room, 0) :]
        if len(self._tail) > 2 * self._limit:
            del self._tail[: -self._limit]

    def text(self) -> str:
        """What was kept, with a line that says how much was left out."""
        tail = bytes(self._tail[-self._limit :])
        left_out = self.size - len(self._head) - len(tail)
        gap = f"\n[... {left_out} bytes left out ...]\n".encode() if left_out else b""
        return (bytes(self._head) + gap + tail).decode("utf-8", "replace")

    def last_line(self) -> str:
        """The last line that names an error, or else that says anything, fit for a terminal."""
        lines = [line for line in self.text().splitlines() if line.strip()]
        named = [line for line in lines if _ERROR.match(line)]
        return printable((named or lines)[-1].strip())[:300] if lines else ""


class Worker:
    """One running worker. Use it as a context manager; leaving it kills what still runs."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        max_memory: int | None = None,
    ) -> None:
        """Start `command`. Raises `Fault` when it cannot be started.

        `max_memory` is a limit in bytes on the resident set, looked at every 50 ms.
        """
        self.log = Log()
        self._max_memory = max_memory
        self._peak: int | None = None
        self._inherited = 0
        self._told = b""
        self._pid: int | None = None
        self._ended: Exit | None = None
        self._out = bytearray()
        self._in = bytearray()
        self._searched = 0
        self._exit: Exit | None = None
        self._deaf_since: float | None = None
        self._writing = False
        """Whether something waits to be written."""
        self._between, other = socket.socketpair()
        self._between.settimeout(_GRACE_SECONDS)
        program = (sys.executable, "-I", "-S", parenthood.__file__, str(other.fileno()))
        try:
            with other:
                self._process = subprocess.Popen(
                    [*program, *command],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    bufsize=0,
                    env=dict(env),
                    start_new_session=True,
                    pass_fds=[other.fileno()],
                )
        except OSError as error:
            self._between.close()
            raise Fault("died", f"{command[0]} cannot be started: {error.strerror}") from None
        # Any: they are None only where Popen is not given PIPE.
        pipes: list[Any] = [self._process.stdin, self._process.stdout, self._process.stderr]
        self._stdin, self._stdout, self._stderr = pipes
        with _lock:
            _live.add(self)
        self._selector = selectors.DefaultSelector()
        for pipe in pipes:
            os.set_blocking(pipe.fileno(), False)
        self._selector.register(self._stdout, selectors.EVENT_READ)
        self._selector.register(self._stderr, selectors.EVENT_READ)
        self._selector.register(self._between, selectors.EVENT_READ)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def send(self, message: bytes, *, asking: bool = False) -> None:
        """Send a message; what does not fit into the pipe is written while `receive` waits, so that
        nothing can deadlock.

        `asking` for something, raises `Fault`, after killing the worker, where it has said
        something already: that is no answer to what it has not read.
        """
        if asking and self._exit is None:
            self._refuse_unasked()
        self._out += message
        if self._exit is None and not self._stdin.closed:
            self._write()

    def receive(
        self, timeout: float, doing: str, parse: Callable[[bytes], Any] = parse_message
    ) -> Any:
        """The next message, as `parse` makes it of its line. Raises `Fault`, after killing the
        worker, when none comes, or none that can be parsed (`ProtocolError`).

        `doing` completes the sentence "the worker did not answer within 5 s while ...".
        """
        if self._exit is not None:
            raise Fault("died", self._obituary(self._exit, doing))
        deadline = monotonic() + timeout
        try:
            while (line := self._line()) is None:
                self._check_memory()
                left = deadline - monotonic()
                if left <= 0:
                    raise Fault("timeout", f"no answer within {timeout:g} s while {doing}")
                if self._deaf_since is not None:
                    left = min(left, self._deaf_since + _DEAF_SECONDS - monotonic())
                    if left <= 0:
                        raise _Closed
                self._wait(min(left, _POLL_SECONDS) if self._max_memory else left)
            return parse(line)
        except ProtocolError as error:
            self.kill()
            raise Fault("protocol", f"the worker {error} while {doing}") from None
        except _Closed:
            ended = self._await_end(_DEAF_SECONDS)
            self.kill()
            raise Fault("died", self._obituary(ended, doing)) from None
        except BaseException:
            self.kill()
            raise

    def _refuse_unasked(self) -> None:
        try:
            self._read(self._stdout)
        except _Closed:
            ended = self._await_end(_DEAF_SECONDS)
            self.kill()
            raise Fault("died", self._obituary(ended, "waiting for documents")) from None
        if self._in:
            said = self._in[:_SHOWN].decode("utf-8", "replace").strip()
            self.kill()
            raise Fault("protocol", f"the worker printed {short(said)} before it was asked")

    def close(self) -> Exit:
        """Ask the worker to end by closing its stdin; kill it when it does not."""
        if self._exit is None:
            self._note_memory()
            self._out.clear()
            self._close_stdin()
            self._await_end(_GRACE_SECONDS)
        return self.kill()

    def kill(self) -> Exit:
        """End the worker and all that it has started, now; harmless when it has ended."""
        with uninterrupted():
            return self._exit or self._kill()

    def peak_memory(self) -> int | None:
        """The largest resident set so far, in bytes."""
        if self._exit is not None:
            return self._exit.peak_memory_bytes
        self._note_memory()
        return self._peak

    # The three pipes

    def _wait(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            if key.fileobj is self._stdin:
                self._write()
            elif key.fileobj is self._between:
                self._hear()
            else:
                self._read(key.fileobj)

    def _read(self, pipe: Any) -> None:
        try:
            data = os.read(pipe.fileno(), _CHUNK)
        except BlockingIOError:
            return
        if pipe is self._stderr:
            self.log.write(data)
            if not data:
                self._selector.unregister(pipe)
            return
        self._in += data
        if not data:
            self._selector.unregister(pipe)
            raise _Closed

    def _write(self) -> None:
        try:
            written = os.write(self._stdin.fileno(), self._out[:_CHUNK])
        except BlockingIOError:
            written = 0
        except BrokenPipeError:
            # What it said before may still be in the other pipe.
            self._close_stdin()
            self._deaf_since = monotonic()
            return
        del self._out[:written]
        if self._out and not self._writing:
            self._selector.register(self._stdin, selectors.EVENT_WRITE)
        elif self._writing and not self._out:
            self._selector.unregister(self._stdin)
        self._writing = bool(self._out)

    def _close_stdin(self) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(self._stdin)
        self._stdin.close()

    def _line(self) -> bytes | None:
        end = self._in.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._in)
            if self._searched > MAX_MESSAGE_BYTES:
                raise ProtocolError(f"sent a line of more than {MAX_MESSAGE_BYTES >> 20} MiB")
            return None
        line = bytes(self._in[:end])
        del self._in[: end + 1]
        self._searched = 0
        return line

    # How it ends

    def _kill(self) -> Exit:
        self._note_memory()
        self._order_end()
        while self._hear():
            pass
        self._process.kill()  # Where it does not get to its end; else there is nobody to kill.
        self._process.wait()
        self._drain()
        with _lock:
            _live.discard(self)
            self._between.close()
        for pipe in (self._stdin, self._stdout, self._stderr):
            pipe.close()
        self._selector.close()
        self._exit = self._ended or Exit(-signal.SIGKILL, self._peak)
        return self._exit

    def _hear(self) -> bool:
        """What the process between us has to say; false when that was all."""
        try:
            said = self._between.recv(256)
        except OSError:  # Or it has taken too long.
            said = b""
        self._told += said
        lines = self._told.splitlines() if self._told.endswith(b"\n") else []
        if lines and self._pid is None:
            self._pid = int(lines[0])
            self._inherited = _status_field(self._process.pid, "VmHWM:") or 0
        if len(lines) > 1 and self._ended is None:
            status, largest = map(int, lines[1].split())
            self._ended = Exit(status, self._with_children(largest))
        if not said:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(self._between)
            if self._ended is None:  # Somebody has killed it.
                self._process.kill()
                self._ended = Exit(self._process.wait(), self._peak)
                with contextlib.suppress(OSError):
                    os.killpg(self._pid or self._process.pid, signal.SIGKILL)
        return bool(said)

    def _await_end(self, seconds: float) -> Exit | None:
        # What it still prints is read and forgotten, so that it can get to its end.
        deadline = monotonic() + seconds
        while self._ended is None and monotonic() < deadline:
            self._in.clear()
            with contextlib.suppress(_Closed):
                self._wait(0.005)
        return self._ended

    def _obituary(self, ended: Exit | None, doing: str) -> str:
        what = "closed its stdin or stdout" if ended is None else str(ended)
        last = self.log.last_line()
        return f"the worker {what} while {doing}" + (f"; its last words: {last}" if last else "")

    def _order_end(self) -> None:
        with contextlib.suppress(OSError):
            self._between.shutdown(socket.SHUT_WR)

    def _drain(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            for _ in range(_DRAIN_CHUNKS):
                self.log.write(os.read(self._stderr.fileno(), _CHUNK))

    # Memory

    def _check_memory(self) -> None:
        if self._max_memory is None:
            return
        used = _status_field(self._pid, "VmRSS:")
        if used is None or used <= self._max_memory:
            return
        with contextlib.suppress(_Closed):
            self._wait(0)
        if b"\n" not in self._in:  # Else it is at work on what comes after that.
            raise Fault(
                "memory",
                f"the worker used {used >> 20} MiB of memory, more than the "
                f"{self._max_memory >> 20} MiB that it was allowed",
            )

    def _note_memory(self) -> None:
        peak = None if self._ended else _status_field(self._pid, "VmHWM:")
        if peak is not None:
            self._peak = max(self._peak or 0, peak)

    def _with_children(self, largest: int) -> int | None:
        # A child starts with its parent's memory image, and exec counts that image's peak into
        # ru_maxrss: below the parent's own peak the figure says nothing of the child.
        whole = largest * (1 if sys.platform == "darwin" else 1024)
        own = whole if whole > self._inherited + _SLACK_BYTES else 0
        return max(own, self._peak or 0) or None


def kill_all() -> None:
    """End every running worker of this process; whoever waits for one gets a `Fault`."""
    with _lock:
        for worker in _live:
            worker._order_end()


class _Closed(Exception):
    """The worker closed one of its pipes."""


def _status_field(pid: int | None, name: str) -> int | None:
    """A size from /proc/PID/status in bytes; `None` where there is no such file or line."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    except OSError:
        return None
    start = status.find(name)
    return None if start < 0 else int(status[start + len(name) :].split(None, 1)[0]) * 1024
