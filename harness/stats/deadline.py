"""A time by which computing has to end: set far above, looked at by what may take long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from time import monotonic

__all__ = ["OutOfTime", "check_time", "time_limit"]

_end: ContextVar[float] = ContextVar("end", default=inf)


class OutOfTime(Exception):
    """The time for it is over; what was computed so far is nothing."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Within the block, `check_time` raises once so many seconds of wall-clock time are over."""
    before = _end.set(min(_end.get(), monotonic() + seconds))
    try:
        yield
    finally:
        _end.reset(before)


def check_time() -> None:
    """To be called now and then by what may take long. Raises `OutOfTime`."""
    if monotonic() > _end.get():
        raise OutOfTime
