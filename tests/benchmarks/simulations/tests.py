"""How often tests reject where there is nothing, and where there is what they say they see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from harness.comparison.measures import Columns, statistic
from harness.comparison.pairwise import Pairwise, pairwise
from harness.stats.permutation import ALPHA
from harness.stats.resample import Resampler
from simulations.coverage import SPREADS, WORLDS
from simulations.draw import World, draw

F1 = statistic("f1", 3)


def report(share: float) -> Iterator[str]:
    """Rejections at 5 % under equal skill, and how often the interval says something else."""
    runs = max(20, round(1000 * share))
    yield f"two backends of equal skill: rejected at 5 % (and interval and p disagree), {runs} each"
    yield "documents  unit       sd 0          .3            .5            .8"
    for world in WORLDS:
        cells = [null(replace(world, sd=sd, skills=(0.85, 0.85)), runs) for sd in SPREADS]
        unit = Resampler(range(world.documents), resamples=1).unit
        shown = "  ".join(f"{rejected:.3f} ({other:.3f})" for rejected, other in cells)
        yield f"{world.documents:9}  {unit:9}  {shown}"


def null(world: World, runs: int, *, resamples: int = 400) -> tuple[float, float]:
    """The share of runs that reject, and the share in which the interval says otherwise."""
    rejected = other = known = 0
    for found in sides(world, runs, resamples=resamples):
        pair = found.pairs[0]
        if pair.test.p_value is None or pair.paired.bounds is None:
            continue
        known += 1
        rejects = pair.test.p_value < ALPHA
        low, high = pair.paired.bounds
        rejected += rejects
        other += rejects != (low > 0 or high < 0)
    return rejected / max(1, known), other / max(1, known)


def report_power(share: float) -> Iterator[str]:
    """How often a difference is found that is as large as what the tables say they find."""
    runs = max(20, round(400 * share))
    yield f"a true difference as large as the one printed is found, {runs} runs each (points)"
    yield "documents  backends   sd 0            .3              .5              .8"
    for documents, paragraphs, backends in (
        (8, 6, 2), (10, 6, 2), (30, 4, 2), (40, 4, 2), (200, 3, 2), (12, 6, 4), (40, 4, 4),
    ):  # fmt: skip
        cells = []
        for sd in SPREADS:
            world = World(documents, paragraphs, sd=sd, skills=(0.85,) * backends)
            found, points = power(world, runs)
            cells.append(f"{found:.3f} ({points:4.1f})")
        yield f"{documents:9}  {backends:8}   " + "    ".join(cells)


def power(world: World, runs: int, *, resamples: int = 300) -> tuple[float, float]:
    """How often the last backend is told from each other, and by how many points it is worse.

    Its skill is such that the true difference is what is printed on average.
    """
    low, high = 0.15, world.skills[0]
    for step in range(7):
        middle = (low + high) / 2
        _, printed, true = _told(_weaker(world, middle), 60, resamples, seed=step)
        low, high = (middle, high) if true > printed else (low, middle)
    found, printed, _ = _told(_weaker(world, (low + high) / 2), runs, resamples, seed=99)
    return found, 100 * printed


def _weaker(world: World, skill: float) -> World:
    return replace(world, skills=(*world.skills[:-1], skill))


def _told(world: World, runs: int, resamples: int, *, seed: int) -> tuple[float, float, float]:
    """Share of pairs with the last backend that differ, the mean of what is printed, and the mean
    difference."""
    told: list[bool] = []
    printed: list[float] = []
    differences: list[float] = []
    last = len(world.skills) - 1
    for found in sides(world, runs, resamples=resamples, seed=seed):
        for place in range(last):
            pair = found.pair(place, last)
            if pair.detectable is not None and pair.test.difference is not None:
                told.append(pair.differs)
                printed.append(pair.detectable)
                differences.append(-pair.test.difference)
    return _mean(told), _mean(printed), _mean(differences)


def sides(world: World, runs: int, *, resamples: int, seed: int = 0) -> Iterator[Pairwise]:
    """The backends of a world put side by side, on ever new corpora."""
    rng = np.random.default_rng(500 + seed + world.documents)
    for run in range(runs):
        found = draw(world, rng)
        counts = [Columns(found.micro(b), 3) for b in range(len(world.skills))]
        resampler = Resampler(found.documents.tolist(), resamples=resamples, seed=run)
        yield pairwise(counts, F1, resampler, seed=run)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
