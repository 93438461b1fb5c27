"""Sets of a paragraph's tokens, as ranges: a subtree is nearly always one, however large."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

__all__ = ["NONE", "Tokens"]

Range = tuple[int, int]


class Tokens:
    """Token indices as half-open ranges, sorted and apart from each other. Never changed."""

    __slots__ = ("ranges",)

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        """Of ranges in any order, which may be empty and overlap."""
        merged: list[Range] = []
        for start, stop in sorted(ranges):
            if merged and start <= merged[-1][1]:
                if stop > merged[-1][1]:
                    merged[-1] = (merged[-1][0], stop)
            elif start < stop:
                merged.append((start, stop))
        self.ranges = tuple(merged)

    @classmethod
    def of(cls, *indices: int) -> Tokens:
        return cls((index, index + 1) for index in indices)

    @classmethod
    def span(cls, start: int, stop: int) -> Tokens:
        """From `start` on, before `stop`; none where that is not later."""
        return cls([(start, stop)])

    @property
    def first(self) -> int:
        """The first index. Raises `IndexError` for none."""
        return self.ranges[0][0]

    @property
    def last(self) -> int:
        return self.ranges[-1][1] - 1

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __iter__(self) -> Iterator[int]:
        return (index for start, stop in self.ranges for index in range(start, stop))

    def __contains__(self, index: int) -> bool:
        return self.around(index) is not None

    def around(self, index: int) -> Range | None:
        """The range that holds the index."""
        place = bisect_right(self.ranges, (index, _END)) - 1
        return self.ranges[place] if place >= 0 and index < self.ranges[place][1] else None

    def __or__(self, other: Tokens) -> Tokens:
        return Tokens((*self.ranges, *other.ranges))

    def __and__(self, other: Tokens) -> Tokens:
        return Tokens(
            (max(start, low), min(stop, high))
            for start, stop in self.ranges
            for low, high in other._within(start, stop)
        )

    def __sub__(self, other: Tokens) -> Tokens:
        left: list[Range] = []
        for start, stop in self.ranges:
            for low, high in other._within(start, stop):
                left.append((start, low))
                start = high
            left.append((start, stop))
        return Tokens(left)

    def before(self, index: int) -> Tokens:
        return self & Tokens.span(0, index)

    def after(self, index: int) -> Tokens:
        return self & Tokens.span(index + 1, _END)

    def first_of(self, indices: Sequence[int], *, after: int = -1) -> int | None:
        """The first of sorted indices that is in the set, and after an index."""
        for start, stop in self.ranges:
            place = bisect_left(indices, max(start, after + 1))
            if place < len(indices) and indices[place] < stop:
                return indices[place]
        return None

    def last_of(self, indices: Sequence[int]) -> int | None:
        """The last of sorted indices that is in the set."""
        for start, stop in reversed(self.ranges):
            place = bisect_left(indices, stop) - 1
            if place >= 0 and indices[place] >= start:
                return indices[place]
        return None

    def _within(self, start: int, stop: int) -> Sequence[Range]:
        """The ranges that have something of `[start, stop)`."""
        low = bisect_right(self.ranges, (start, _END)) - 1
        if low < 0 or self.ranges[low][1] <= start:
            low += 1
        return self.ranges[low : bisect_left(self.ranges, (stop, 0))]


_END = 1 << 62
NONE = Tokens()
