"""A program that is called for what it says: an installer, or a question to another Python."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Sequence

from harness.run.process import Log

__all__ = ["call"]

_CHUNK = 1 << 16


def call(
    command: Sequence[str], seconds: float, *, most_bytes: int = 16 << 10
) -> tuple[int | None, str]:
    """The exit status of a program and what it says, of much the head and the tail.

    The status is `None` where it took longer than so many seconds. It is killed then with all that
    it has started, and also when this process is interrupted: an installer's own children keep its
    output open. `most_bytes` of the head are kept, and as many of the tail.
    """
    said = Log(most_bytes)
    late = threading.Event()
    with subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        start_new_session=True,
    ) as process:

        def end() -> None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        def too_late() -> None:
            late.set()
            end()

        clock = threading.Timer(seconds, too_late)
        clock.daemon = True
        clock.start()
        try:
            assert process.stdout is not None
            while data := process.stdout.read(_CHUNK):
                said.write(data)
            process.wait()
        except BaseException:
            end()
            raise
        finally:
            clock.cancel()
    return (None if late.is_set() else process.returncode), said.text()
