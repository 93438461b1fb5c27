"""Which characters of a text something lies over: a union of spans that grows."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

__all__ = ["Cover"]


class Cover:
    """Spans, those that overlap or touch united."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, start: int, end: int) -> None:
        low, high = bisect_left(self._ends, start), bisect_right(self._starts, end)
        if low < high:
            start, end = min(start, self._starts[low]), max(end, self._ends[high - 1])
        self._starts[low:high] = [start]
        self._ends[low:high] = [end]

    def overlaps(self, start: int, end: int) -> bool:
        """Whether a character of `[start, end)` is covered."""
        place = bisect_right(self._ends, start)
        return place < len(self._starts) and self._starts[place] < end
