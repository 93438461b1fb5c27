"""A parent between the harness and one worker: whatever the harness dies of, nothing is left.

Run as a script, `python -I -S parenthood.py LINE COMMAND ...`, where LINE is a socket whose other
end only the harness has. It starts the command in a session of its own, says its process id, and
then how it ended, each on a line. When the command ends, or the harness closes its end or is gone,
every process that the command has started is killed: its process group, and on Linux whatever has
left that, for orphans come back to this one. It imports nothing of this project, and little else:
a worker waits for it to start.
"""

import _thread
import os
import resource
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_SIGKILL = 9
_LINUX = sys.platform == "linux"


def _supervise(line: int, command: list[str]) -> None:
    os.set_inheritable(line, False)
    if _LINUX:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    own = os.getpid()
    worker = os.fork()
    if worker == 0:
        _become(command, own)
    # Or nobody would see that the worker closes its own.
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    _try(os.write, line, b"%d\n" % worker)
    running = [worker]
    _thread.start_new_thread(_kill_at_end_of, (line, running))
    ended = 0
    while ended != worker:  # Others are orphans.
        ended, status, usage = os.wait4(-1, 0)
    running.clear()
    exit_status = os.waitstatus_to_exitcode(status)
    _try(os.write, line, b"%d %d\n" % (exit_status, usage.ru_maxrss))
    _try(os.killpg, worker, _SIGKILL)
    _kill_children()


def _become(command: list[str], parent: int) -> None:
    """Be the worker."""
    os.setsid()
    if _LINUX:
        _prctl(_PR_SET_PDEATHSIG, _SIGKILL)
        if os.getppid() != parent:  # It died before we could ask.
            os._exit(1)
        # Where memory runs out, the kernel shall end the worker and not the harness.
        _try(_write, "/proc/self/oom_score_adj", b"1000")
    try:
        os.execvp(command[0], command)  # noqa: S606 - a program named by the user, no shell
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode("utf-8", "backslashreplace"))
    finally:
        os._exit(127)


def _kill_at_end_of(line: int, running: list[int]) -> None:
    _try(os.read, line, 1)
    for worker in running:
        # It leads no group yet where it has only begun.
        _try(os.kill, worker, _SIGKILL)
        _try(os.killpg, worker, _SIGKILL)


def _kill_children() -> None:
    """Until there are none; children of what is killed come to us in their turn."""
    pause = 0.001
    while True:
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if ended:
            continue
        for child in _children():
            _try(os.kill, child, _SIGKILL)
        time.sleep(pause)
        pause = min(2 * pause, 0.1)


def _children() -> list[int]:
    own, found = b"%d" % os.getpid(), []
    for name in os.listdir("/proc") if _LINUX else ():
        try:
            with open(f"/proc/{int(name)}/stat", "rb") as file:
                parent = file.read().rpartition(b")")[2].split()[1]
        except (OSError, ValueError, IndexError):
            continue
        if parent == own:
            found.append(int(name))
    return found


def _write(path: str, data: bytes) -> None:
    with open(path, "wb", 0) as file:
        file.write(data)


def _try(act: "Callable[..., object]", *arguments: object) -> None:
    """What fails has nobody left to tell, or nothing left to do."""
    try:
        act(*arguments)
    except OSError:
        pass


def _prctl(option: int, value: int) -> None:
    import ctypes

    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    try:
        _supervise(int(sys.argv[1]), sys.argv[2:])
    finally:
        os._exit(0)
