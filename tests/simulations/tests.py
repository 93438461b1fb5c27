"""How often tests reject where there is nothing, and where there is what they say they see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from plain_rates import as_counts

from harness.decide.pairwise import Pairwise, pairwise
from harness.stats.permutation import ALPHA
from harness.stats.resample import Resampler
from simulations.draw import World, draw


def rejected(world: World, runs: int) -> float:
    """Two backends of equal skill that differ at 5 %."""
    return _null(world, runs)[0]


def contradicted(world: World, runs: int) -> float:
    """Two backends of equal skill of which the interval says one thing and p another."""
    return _null(world, runs)[1]


def _null(world: World, runs: int) -> tuple[float, float]:
    reject, other = [], []
    for found in sides(replace(world, skills=(0.85, 0.85)), runs, resamples=400):
        pair = found.pairs[0]
        if pair.test.p_value is None or pair.paired.bounds is None:
            continue
        low, high = pair.paired.bounds
        reject.append(pair.test.p_value < ALPHA)
        other.append(reject[-1] != (low > 0 or high < 0))
    return float(np.mean(reject)), float(np.mean(other))


def found(world: World, runs: int) -> float:
    """Differences as large as the one that is printed, that are found.

    The last backend is so much worse than the others that the true difference is what is printed
    on average.
    """
    low, high = 0.15, world.skills[0]
    for step in range(6):
        middle = (low + high) / 2
        _, printed, true = _told(_weaker(world, middle), 40, seed=step)
        low, high = (middle, high) if true > printed else (low, middle)
    return _told(_weaker(world, (low + high) / 2), runs, seed=99)[0]


def _weaker(world: World, skill: float) -> World:
    return replace(world, skills=(*world.skills[:-1], skill))


def _told(world: World, runs: int, *, seed: int) -> tuple[float, float, float]:
    """Share of pairs with the last backend that differ, the mean of what is printed for them, and
    the mean difference."""
    rows = []
    last = len(world.skills) - 1
    for one in sides(world, runs, resamples=200, seed=seed):
        for place in range(last):
            pair = one.pair(place, last)
            if pair.detectable is not None and pair.test.difference is not None:
                rows.append((pair.differs, pair.detectable, -pair.test.difference))
    told, printed, difference = np.mean(rows, axis=0)
    return float(told), float(printed), float(difference)


def excluded(world: World, runs: int) -> float:
    """Runs of ten backends of equal skill in which the best is told from any other."""
    hits = 0
    for found in sides(replace(world, skills=(0.85,) * 10), runs, resamples=50):
        best, *others = found.ranked()
        hits += any(found.pair(best, other).differs for other in others)
    return hits / runs


def sides(world: World, runs: int, *, resamples: int, seed: int = 0) -> Iterator[Pairwise]:
    """The backends of a world put side by side, on ever new corpora."""
    rng = np.random.default_rng(500 + seed + world.documents)
    for run in range(runs):
        one = draw(world, rng)
        counts = [as_counts(one.micro(b)) for b in range(len(world.skills))]
        resampler = Resampler(one.documents.tolist(), resamples=resamples, seed=run)
        yield pairwise(counts, resampler, seed=run)
