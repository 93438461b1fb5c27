"""Which stretches overlap, and how many, without a list of those that do."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable

__all__ = ["Reach", "count_overlaps"]


def count_overlaps(one: Iterable[tuple[int, int]], other: Iterable[tuple[int, int]]) -> int:
    """The number of pairs that share a position; stretches are half-open, none of them empty."""
    stretches = list(other)
    starts = sorted(start for start, _ in stretches)
    ends = sorted(end for _, end in stretches)
    return sum(bisect_left(starts, end) - bisect_right(ends, start) for start, end in one)


class Reach:
    """How far stretches go that begin before a place, each with the name of what it belongs to."""

    def __init__(self, stretches: Iterable[tuple[int, int, Hashable]]) -> None:
        self._starts: list[int] = []
        # Up to each: the furthest end and its name, and the furthest of any other name.
        self._ends: list[tuple[int, Hashable, int]] = []
        furthest, owner, second = -1, None, -1
        for start, end, name in sorted(stretches, key=lambda one: one[:2]):
            if name == owner:
                furthest = max(furthest, end)
            elif end > furthest:
                furthest, owner, second = end, name, furthest
            else:
                second = max(second, end)
            self._starts.append(start)
            self._ends.append((furthest, owner, second))

    def end(self, before: int, but: Hashable) -> int:
        """The furthest end of those that begin before a place and have not that name; -1 if none
        does."""
        at = bisect_left(self._starts, before) - 1
        if at < 0:
            return -1
        furthest, owner, second = self._ends[at]
        return second if owner == but else furthest
