"""The assignment solver against scipy's, on graphs with and without ties."""

from __future__ import annotations

import random

import pytest

from harness.stats.assignment import assign


def test_staying_alone_is_allowed_and_nothing_is_no_graph() -> None:
    assert assign([], 0, 0) == []
    assert assign([], 2, 3) == []
    assert assign([(1, 0, 5)], 2, 1) == [(1, 0)]


def test_two_light_edges_against_one_heavy_one() -> None:
    assert assign([(0, 0, 2), (0, 1, 3), (1, 1, 2)], 2, 2) == [(0, 0), (1, 1)]
    assert assign([(0, 0, 2), (0, 1, 5), (1, 1, 2)], 2, 2) == [(0, 1)]


@pytest.mark.parametrize("seed", range(60))
def test_shortest_augmenting_paths_find_the_heaviest_matching_of_any_graph(seed: int) -> None:
    numpy = pytest.importorskip("numpy")
    optimize = pytest.importorskip("scipy.optimize")
    random_ = random.Random(seed)
    rows, columns = random_.randint(1, 12), random_.randint(1, 12)
    worth = numpy.zeros((rows, columns), dtype=int)
    edges = []
    for i in range(rows):
        for j in range(columns):
            if random_.random() < 0.5:
                worth[i, j] = random_.randint(1, random_.choice([3, 100]))
                edges.append((i, j, int(worth[i, j])))
    chosen = assign(edges, rows, columns)
    assert {(i, j) for i, j in chosen} <= {(i, j) for i, j, _ in edges}
    assert len({i for i, _ in chosen}) == len({j for _, j in chosen}) == len(chosen)
    best = worth[optimize.linear_sum_assignment(worth, maximize=True)].sum()
    assert sum(worth[i, j] for i, j in chosen) == best
