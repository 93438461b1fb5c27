"""Overlaps of mentions where there are too many to list: a graph for `stats.dense`."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from harness.stats.dense import NO_EDGE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers: TypeAlias = NDArray[np.int64]

__all__ = ["Crowd", "Worth", "crowd", "most_pairs"]

_SPANS_KEPT = 64
"""Of so many spans a side it is kept what they are worth: mentions may have few spans in common."""

_Mention: TypeAlias = tuple[int, int, str] | tuple[int, int, str, tuple[int, ...]]


class Worth(NamedTuple):
    """What a pair is worth for being one, for the same span and for the same label; beside that,
    each shared character is worth 1."""

    pair: int
    span: int
    label: int


def most_pairs(left: Sequence[_Mention], right: Sequence[_Mention]) -> int:
    """How many pairs there can be, each mention in one at most. None of them may be empty.

    Whoever ends first takes, of those that it overlaps, the one that ends first: the others reach
    whatever that one could reach later.
    """
    sides = (left, right)
    begin = [sorted(range(len(keys)), key=[key[0] for key in keys].__getitem__) for keys in sides]
    begun = [0, 0]
    waiting: list[list[tuple[int, int]]] = [[], []]
    gone = [[False] * len(keys) for keys in sides]
    count = 0
    order = sorted(
        (key[1], side, n) for side, keys in enumerate(sides) for n, key in enumerate(keys)
    )
    for end, side, n in order:
        if gone[side][n]:
            continue
        gone[side][n] = True
        other, heap = 1 - side, waiting[1 - side]
        queue, keys = begin[other], sides[other]
        while begun[other] < len(queue) and keys[queue[begun[other]]][0] < end:
            heappush(heap, (keys[queue[begun[other]]][1], queue[begun[other]]))
            begun[other] += 1
        while heap and gone[other][heap[0][1]]:
            heappop(heap)
        if heap:
            gone[other][heappop(heap)[1]] = True
            count += 1
    return count


class Crowd:
    """The graph of the overlaps of two sides; `crowd` makes one."""

    def __init__(self, sides: tuple[Numbers, Numbers], worth: Worth) -> None:
        """Each side has four rows: starts, ends, numbers of the labels and of the spans."""
        import numpy as np

        self._sides, self._worth = sides, worth
        self._windows = []
        self._same_span: list[dict[int, Numbers]] = [{}, {}]
        self._equals = []
        for (starts, ends, labels, spans), there in zip(sides, sides[::-1], strict=True):
            first = np.searchsorted(np.maximum.accumulate(there[1]), starts, side="right")
            last = np.searchsorted(there[0], ends, side="left")
            self._windows.append((first.tolist(), last.tolist()))
            self._equals.append(
                [
                    (_places(there[row]), own.tolist(), bonus)
                    for row, own, bonus in ((2, labels, worth.label), (3, spans, worth.span))
                    if bonus
                ]
            )

    @property
    def sizes(self) -> tuple[int, int]:
        return self._sides[0].shape[1], self._sides[1].shape[1]

    def values(self, side: int, node: int) -> tuple[int, Numbers]:
        first, last = (ends[node] for ends in self._windows[side])
        span = int(self._sides[side][3, node])
        known = self._same_span[side]
        if span in known:
            found = known[span].copy()
        else:
            found = self._overlaps(side, node, first, last)
            if len(known) < _SPANS_KEPT:
                known[span] = found.copy()
        for places, own, bonus in self._equals[side]:
            equal = places.get(own[node])
            if equal is not None:
                here = equal[equal.searchsorted(first) : equal.searchsorted(last)]
                found[here - first] += 2 * bonus
        return first, found

    def _overlaps(self, side: int, node: int, first: int, last: int) -> Numbers:
        """What the shared characters are worth, doubled, to be even."""
        import numpy as np

        starts, ends = self._sides[1 - side][:2, first:last]
        start, end = self._sides[side][:2, node]
        found: Numbers = np.minimum(ends, end)
        found -= np.maximum(starts, start)
        apart = found <= 0
        found += self._worth.pair
        found += found
        found[apart] = NO_EDGE
        return found

    def half(self) -> tuple[Crowd, Numbers]:
        import numpy as np

        both = np.intersect1d(self._sides[0][3], self._sides[1][3])
        kept = []
        for starts, ends, labels, spans in self._sides:
            chosen = np.zeros(len(starts), dtype=bool)
            alike = np.lexsort((starts, starts + ends, labels))
            # Who may meet its own span keeps whom it may meet; within a span every second stays.
            shared = np.isin(spans, both) & bool(self._worth.span)
            chosen[alike[~shared[alike]][1::2]] = True
            order = np.lexsort((labels, spans))
            order = order[shared[order]]
            groups = np.searchsorted(both, spans[order])
            ranks = np.arange(len(order)) - np.searchsorted(groups, groups)
            chosen[order] = (ranks + groups) % 2 == 1
            kept.append(chosen.nonzero()[0])
        left, right = (side[:, nodes] for side, nodes in zip(self._sides, kept, strict=True))
        return Crowd((left, right), self._worth), kept[0]


def crowd(left: Sequence[_Mention], right: Sequence[_Mention], worth: Worth) -> Crowd:
    """The graph of two sides, both sorted."""
    import numpy as np

    labels: dict[Hashable, int] = {}
    spans: dict[Hashable, int] = {}

    def numbers(key: _Mention) -> tuple[int, ...]:
        label = labels.setdefault(key[2], len(labels))
        return key[0], key[1], label, spans.setdefault(key[:2], len(spans))

    one, other = (np.array([*map(numbers, side)], dtype=np.int64).T for side in (left, right))
    return Crowd((one, other), worth)


def _places(numbers: Numbers) -> dict[int, Numbers]:
    """Where each number stands."""
    import numpy as np

    order = np.argsort(numbers, kind="stable")
    parts = np.split(order, np.diff(numbers[order]).nonzero()[0] + 1)
    return {int(numbers[part[0]]): part for part in parts if len(part)}
