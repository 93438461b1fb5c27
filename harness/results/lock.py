"""A lock on a file, for as long as this process lives."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import TextIO

__all__ = ["locked"]


def locked(path: Path) -> TextIO | None:
    """The file, made if need be, opened and locked; `None` where somebody else has locked it.

    The kernel gives the lock back, whatever the process dies of. Where files cannot be locked at
    all, it is taken to be free. Raises `OSError` where the file cannot be opened.
    """
    while True:
        handle = path.open("a", encoding="utf-8")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(handle.fileno()), path.stat()):
                return handle
        except FileNotFoundError:
            pass  # Whoever had it removed it in between.
        except BlockingIOError:
            handle.close()
            return None
        except OSError:
            return handle
        handle.close()
