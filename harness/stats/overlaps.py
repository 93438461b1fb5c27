"""How many stretches of two sides overlap, without a list of those that do."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

__all__ = ["count_overlaps"]


def count_overlaps(one: Iterable[tuple[int, int]], other: Iterable[tuple[int, int]]) -> int:
    """The number of pairs that share a position; stretches are half-open, none of them empty."""
    stretches = list(other)
    starts = sorted(start for start, _ in stretches)
    ends = sorted(end for _, end in stretches)
    return sum(bisect_left(starts, end) - bisect_right(ends, start) for start, end in one)
