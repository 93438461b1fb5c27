"""The pairing of greatest total value where edges are too many to be listed.

As `assignment`, but a node's edges are asked for when they are needed (`Graph.values`), and
potentials come first: half of the nodes are paired on their own, half of those before them, and so
on down to a few; the potentials that pair a half are nearly right for the whole, and shortest
augmenting paths mend what is left. Potentials stand on both sides, so that it is exact wherever
they begin: Kuhn, "The Hungarian method for the assignment problem", Naval Research Logistics
Quarterly 2, 1955.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, TypeAlias

from harness.stats.deadline import check_time

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers: TypeAlias = NDArray[np.int64]

__all__ = ["LARGEST_VALUE", "NO_EDGE", "Graph", "Overrun", "heaviest", "near_heaviest"]

LARGEST_VALUE = 1 << 57
"""No value may be larger: sums of a few have to fit in 64 bits."""
NO_EDGE = -(1 << 61)
"""The value where there is no edge, or less than `LARGEST_VALUE` above."""

_CLOSED = 1 << 60  # Above every distance.
_FEW = 32
_PER_SCAN = 1000  # What a look at the edges of a node costs, in edges, beside the edges themselves.


class Overrun(Exception):
    """More work than was allowed."""


class Graph(Protocol):
    """A bipartite graph; sides are 0 and 1, the nodes of each are numbered from 0."""

    @property
    def sizes(self) -> tuple[int, int]:
        """How many nodes each side has."""

    def values(self, side: int, node: int) -> tuple[int, Numbers]:
        """The edges of a node: the first node of the other side, and the values from there on.

        A value is positive and even, or about `NO_EDGE`; nodes before and behind have no edge.
        The array is the caller's to change.
        """

    def half(self) -> tuple[Graph, Numbers]:
        """Every second node of both sides, each like the one that is left out; and which nodes of
        side 0 they are."""


def heaviest(graph: Graph, most: int) -> list[tuple[int, int]]:
    """Pairs `(node of side 0, node of side 1)` of the best pairing, each in one at most, sorted.

    Which of several equally good pairings is taken follows from the numbering of the nodes. Raises
    `Overrun` where more than about `most` edges had to be looked at, `OutOfTime` within a
    `time_limit`.
    """
    solver = _solved(graph, most)
    return [(i, j) for i, j in enumerate(solver.mate[0].tolist()) if j >= 0]


def near_heaviest(graph: Graph, most: int, within: int) -> Iterator[tuple[int, int]]:
    """The edges of all pairings whose value is less than `within` below that of the best one, and
    perhaps some more, sorted. Raises `Overrun` like `heaviest`, at once.
    """
    solver = _solved(graph, most)
    return solver.near(within)


def _solved(graph: Graph, most: int) -> _Solver:
    solver = _Solver(graph, [most])
    solver.solve()
    return solver


class _Solver:
    """Duals are at least the value of every edge that they meet at and never below 0; in the end
    equal to it along pairs, and 0 for whoever is alone."""

    def __init__(self, graph: Graph, left: list[int]) -> None:
        import numpy as np

        self.graph = graph
        self.left = left  # Of the work allowed; one number for all halves.
        sizes = graph.sizes
        self.dual = [np.zeros(n, dtype=np.int64) for n in sizes]
        self.mate = [np.full(n, -1, dtype=np.int64) for n in sizes]
        self._distance = [np.full(n, _CLOSED, dtype=np.int64) for n in sizes]
        self._parent = [np.full(n, -1, dtype=np.int64) for n in sizes]

    def solve(self) -> None:
        if min(self.graph.sizes) > _FEW:
            self._begin_with_half()
        self._pair_greedily()
        for side in (0, 1):
            for node in self._astray(side):
                # An earlier path may have mended it.
                if self.mate[side][node] < 0 and self.dual[side][node] > 0:
                    self._mend(side, node)

    def near(self, within: int) -> Iterator[tuple[int, int]]:
        """A pairing falls short of the best by what the duals at its edges have too much, and more
        for those that it leaves alone."""
        for node, dual in enumerate(self.dual[0].tolist()):
            first, values = self.graph.values(0, node)
            over = self.dual[1][first : first + len(values)] - values
            for other in (over < within - dual).nonzero()[0].tolist():
                yield node, first + other

    def _values(self, side: int, node: int) -> tuple[int, Numbers]:
        first, values = self.graph.values(side, node)
        check_time()
        self.left[0] -= len(values) + _PER_SCAN
        if self.left[0] < 0:
            raise Overrun
        return first, values

    def _astray(self, side: int) -> list[int]:
        """Who is alone and has a dual that says it need not be."""
        found: list[int] = ((self.mate[side] < 0) & (self.dual[side] > 0)).nonzero()[0].tolist()
        return found

    def _begin_with_half(self) -> None:
        import numpy as np

        half, nodes = self.graph.half()
        solver = _Solver(half, self.left)
        solver.solve()
        for node, dual in zip(nodes.tolist(), solver.dual[0].tolist(), strict=True):
            first, values = self._values(0, node)
            here = self.dual[1][first : first + len(values)]
            np.maximum(here, values - dual, out=here)

    def _pair_greedily(self) -> None:
        """The least duals that those of side 1 allow; pair where they meet a value."""
        free = self.mate[1] < 0
        for node in range(self.graph.sizes[0]):
            first, values = self._values(0, node)
            last = first + len(values)
            values -= self.dual[1][first:last]
            dual = int(values.max(initial=0))
            if dual:
                self.dual[0][node] = dual
                met = ((values == dual) & free[first:last]).nonzero()[0]
                if len(met):
                    other = first + int(met[0])
                    self.mate[0][node], self.mate[1][other] = other, node
                    free[other] = False
        for node in self._astray(1):
            first, values = self._values(1, node)
            values -= self.dual[0][first : first + len(values)]
            self.dual[1][node] = values.max(initial=0)

    def _mend(self, side: int, start: int) -> None:
        """Pair `start`, or lower its dual to 0, along a shortest augmenting path.

        The path ends at somebody alone on the other side, or at a node of this side whose dual
        has come down to 0, which then stays alone.
        """
        import numpy as np

        other = 1 - side
        dual, mate, back = self.dual[side], self.mate[side], self.mate[other]
        distance, parent = self._distance[other], self._parent[other]
        # Values and duals are even: 1 on top of them lets those alone come before the paired.
        reach = self.dual[other] + (back >= 0)
        node, travelled, last, final = start, 0, start, int(dual[start])
        inside, passed = [(start, 0)], list[tuple[int, int]]()
        low, high = len(back), 0
        while True:
            first, values = self._values(side, node)
            end = first + len(values)
            np.subtract(reach[first:end], values, out=values)
            values += travelled + int(dual[node])
            known = distance[first:end]
            nearer = values < known
            np.copyto(known, values, where=nearer)
            parent[first:end][nearer] = node
            low, high = min(low, first), max(high, end)
            found = low + int(distance[low:high].argmin()) if low < high else -1
            nearest = int(distance[found]) if low < high else _CLOSED
            if nearest > final:
                found, nearest = -1, final
                break
            if not nearest & 1:
                break
            travelled = nearest - 1
            passed.append((found, travelled))
            distance[found], reach[found] = _CLOSED, 2 * _CLOSED
            node = int(back[found])
            inside.append((node, travelled))
            if travelled + dual[node] < final:
                final, last = travelled + int(dual[node]), node
        distance[low:high] = _CLOSED
        for node, at in inside:
            dual[node] -= nearest - at
        for node, at in passed:
            self.dual[other][node] += nearest - at
        if found < 0:
            if last == start:
                return
            found = int(mate[last])
            mate[last] = -1
        while True:
            node = int(parent[found])
            back[found] = node
            found, mate[node] = int(mate[node]), found
            if node == start:
                return
