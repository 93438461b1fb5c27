"""A child that does not outlive its parent, whatever the parent dies of.

Run as a script (`python -S -E parenthood.py PARENT COMMAND ...`) it does this for a program that
knows nothing of it, and then becomes that program. It imports nothing of this project.
"""

from __future__ import annotations

import os
import sys

__all__ = ["die_with_parent"]

_PR_SET_PDEATHSIG = 1
_SIGKILL = 9


def die_with_parent(parent: int) -> None:
    """Ask the kernel (Linux) for SIGKILL when the parent ends; leave no core files either.

    Elsewhere nothing happens here, and a worker still ends when its stdin does.
    """
    if sys.platform == "linux":
        import ctypes
        import resource

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if os.getppid() != parent:  # It died before we could ask.
            os._exit(1)


def _become(parent: str, command: list[str]) -> None:
    die_with_parent(int(parent))
    try:
        os.execvp(command[0], command)  # noqa: S606 - a program named by the user, no shell
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        os._exit(127)


if __name__ == "__main__":
    _become(sys.argv[1], sys.argv[2:])
