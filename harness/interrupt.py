"""Signals that stop a program become one `KeyboardInterrupt`, which cuts nothing in two."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from time import monotonic
from types import FrameType

__all__ = ["stoppable", "uninterrupted"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_CLEANING_SECONDS = 5.0


class _Stopped(KeyboardInterrupt):
    """Python ends itself with SIGINT, whatever is caught, where a plain one leaves an `exec`."""


_raised = -inf
_held = 0
_waiting = False


@contextmanager
def stoppable(*, at_last: bool = False) -> Iterator[None]:
    """While the block runs, Ctrl-C, SIGTERM and SIGHUP raise `KeyboardInterrupt`, once.

    Another one within five seconds says nothing new, and must not disturb who is cleaning up.
    Once stopped, a program that has nothing else to do (`at_last`) ignores all further ones, until
    it has ended. Signals that are ignored (`nohup`) stay so. In another thread than the main one,
    and inside another such block, this does nothing.
    """
    global _raised
    before = {}
    if _in_main_thread():
        for number in _SIGNALS:
            if signal.getsignal(number) not in (signal.SIG_IGN, None, _interrupt):
                before[number] = signal.signal(number, _interrupt)
    if before:
        _raised = -inf
    try:
        yield
    except (Exception, _Stopped) as error:
        # Python itself makes other errors of it, as where it names the fields of a class.
        if before and _raised != -inf:
            raise KeyboardInterrupt from error
        raise
    finally:
        for number, handler in before.items():
            ignored = at_last and _raised != -inf
            signal.signal(number, signal.SIG_IGN if ignored else handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """A signal that comes while the block runs waits for its end: for what is done in no time."""
    global _held
    if not _in_main_thread():  # Only that one is interrupted.
        yield
        return
    _held += 1
    try:
        yield
    finally:
        _held -= 1
        if _waiting and not _held:
            _raise()


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _waiting
    if monotonic() - _raised < _CLEANING_SECONDS:
        return
    _waiting = True
    if not _held:
        _raise()


def _raise() -> None:
    global _raised, _waiting
    _raised, _waiting = monotonic(), False
    raise _Stopped


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
