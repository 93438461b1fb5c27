"""Contents that touch, where there are too many pairs of them to list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from harness.stats.dense import NO_EDGE, Overrun, near_heaviest
from harness.tasks.attribution.characters import Element

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers: TypeAlias = NDArray[np.int64]

__all__ = ["degrees", "likely"]

_ONE = 1 << 50
"""A Dice of 1. Dice are rounded to integers, so a pairing is off by less than 1 for each pair; to
be sure of floating point as well, 2 are allowed for."""


def degrees(one: Sequence[Element], other: Sequence[Element]) -> tuple[list[int], list[int]]:
    """How many contents of the other side each content shares characters with."""
    import numpy as np

    graph = _Contents((_Side(one), _Side(other)))
    left, right = [], np.zeros(len(other), dtype=np.int64)
    for node in range(len(one)):
        met = graph.shared(0, node) > 0
        left.append(int(met.sum()))
        right += met
    return left, right.tolist()


def likely(
    one: Sequence[Element], other: Sequence[Element], most: int, edges: int
) -> dict[tuple[int, int], int]:
    """The pairs of every alignment of largest total Dice, with the characters that they share.

    There may be others among them. Raises `Overrun` where more than about `most` pairs had to be
    looked at, and where there are more than `edges`.
    """
    graph = _Contents((_Side(one), _Side(other)))
    # Values are doubled.
    within = 2 * 2 * min(len(one), len(other))
    found: dict[tuple[int, int], int] = {}
    shared: Numbers | None = None
    row = -1
    for i, j in near_heaviest(graph, most, within):
        if i != row or shared is None:
            row, shared = i, graph.shared(0, i)
        found[i, j] = int(shared[j])
        if len(found) > edges:
            raise Overrun
    return found


class _Side:
    """Contents as arrays: all intervals of all of them, and which begins each content."""

    def __init__(self, elements: Sequence[Element]) -> None:
        import numpy as np

        intervals = [interval for element in elements for interval in element.characters]
        self.elements = elements
        self.starts, self.ends = np.array(intervals, dtype=np.int64).reshape(-1, 2).T.copy()
        counts = [len(element.characters) for element in elements]
        self.first = None
        if len(intervals) > len(elements):
            self.first = np.cumsum([0, *counts[:-1]])
        self.sizes = np.array([element.size for element in elements], dtype=np.float64)
        self.bare = np.array([element.bare for element in elements], dtype=bool)


class _Contents:
    """A graph for `harness.stats.dense`: the values are Dice."""

    def __init__(self, sides: tuple[_Side, _Side]) -> None:
        self._sides = sides

    @property
    def sizes(self) -> tuple[int, int]:
        return len(self._sides[0].elements), len(self._sides[1].elements)

    def shared(self, side: int, node: int) -> Numbers:
        """How many characters a content shares with each of the other side."""
        import numpy as np

        element, there = self._sides[side].elements[node], self._sides[1 - side]
        shared: Numbers = np.zeros(len(there.starts), dtype=np.int64)
        for start, end in element.characters:
            shared += np.maximum(np.minimum(there.ends, end) - np.maximum(there.starts, start), 0)
        if there.first is not None:
            shared = np.add.reduceat(shared, there.first)
        shared[there.bare != element.bare] = 0
        return shared

    def values(self, side: int, node: int) -> tuple[int, Numbers]:
        import numpy as np

        shared = self.shared(side, node)
        sizes = self._sides[1 - side].sizes + self._sides[side].sizes[node]
        found: Numbers = (shared * (2.0 * _ONE) / sizes).astype(np.int64)
        found += found
        found[found == 0] = NO_EDGE
        return 0, found

    def half(self) -> tuple[_Contents, Numbers]:
        import numpy as np

        kept = []
        for side in self._sides:
            places = np.array([(item.start, item.end) for item in side.elements], dtype=np.int64)
            alike = np.lexsort((places[:, 0], places.sum(axis=1)))
            kept.append(np.sort(alike[1::2]))
        left, right = (
            _Side([side.elements[node] for node in nodes.tolist()])
            for side, nodes in zip(self._sides, kept, strict=True)
        )
        return _Contents((left, right)), kept[0]
