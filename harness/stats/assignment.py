"""The pairing of greatest total value in a bipartite graph, shared by both tasks' matching."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from math import inf

from harness.stats.deadline import check_time

__all__ = ["assign"]

_LOOKS = 100_000
"""At so many edges between two looks at the clock."""


def assign(
    edges: Sequence[tuple[int, int, int]], rows: int, columns: int, most: float = inf
) -> list[tuple[int, int]] | None:
    """Pairs `(row, column)` of the best pairing, each row and column in one at most, by row.

    An edge is `(row, column, value)`, the value a positive integer; sums are exact. Which of
    several equally good pairings is taken follows from the numbering of rows and columns, not from
    the order of the edges. `None` where more than `most` edges had to be looked at, those looked at
    again counted again. Raises `OutOfTime` within a `time_limit`.

    Every row also has a column of its own that is worth nothing, so that all rows can always be
    assigned and staying alone is a choice like the others. Shortest augmenting paths: Jonker and
    Volgenant, "A shortest augmenting path algorithm for dense and sparse linear assignment
    problems", Computing 38, 1987.
    """
    top = max((edge[2] for edge in edges), default=0)
    costs: list[list[tuple[int, int]]] = [[] for _ in range(rows)]
    for i, j, value in edges:
        costs[i].append((j, top - value))
    for i in range(rows):
        costs[i].append((columns + i, top))
    potential = [0] * (columns + rows)
    row_of: list[int] = [-1] * (columns + rows)
    column_of: list[int] = [-1] * rows
    cost_of = [dict(row) for row in costs]
    looked, look = 0, _LOOKS
    for first in range(rows):
        distance: dict[int, int] = {}
        parent: dict[int, int] = {}
        queue: list[tuple[int, int]] = []
        done: list[int] = []
        row, travelled, base = first, 0, 0
        while True:
            looked += len(costs[row])
            if looked > most:
                return None
            if looked > look:
                check_time()
                look = looked + _LOOKS
            for j, cost in costs[row]:
                reached = travelled + cost - potential[j] - base
                if j not in distance or reached < distance[j]:
                    distance[j], parent[j] = reached, row
                    heappush(queue, (reached, j))
            travelled, column = heappop(queue)
            while travelled > distance[column]:  # superseded by a shorter path
                travelled, column = heappop(queue)
            if row_of[column] < 0:
                break
            done.append(column)
            row = row_of[column]
            base = cost_of[row][column] - potential[column]
        for j in done:
            potential[j] += distance[j] - travelled
        while True:
            row = parent[column]
            row_of[column] = row
            column, column_of[row] = column_of[row], column
            if row == first:
                break
    return [(i, j) for i, j in enumerate(column_of) if j < columns]
