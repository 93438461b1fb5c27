"""How often an interval of 95 % holds the true score."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from harness.comparison.measures import Columns, statistic
from harness.comparison.pairwise import pairwise
from harness.stats.resample import Resampler
from simulations.draw import Draw, World, draw, population

SPREADS = (0.0, 0.3, 0.5, 0.8)
WORLDS = tuple(
    World(documents, paragraphs)
    for documents, paragraphs in (
        (1, 40), (2, 20), (5, 10), (8, 6), (10, 6), (29, 4), (30, 4), (40, 4), (200, 3),
    )
)  # fmt: skip


def report(share: float) -> Iterator[str]:
    """Four tables: micro F1, then macro, one type and differences, where documents are drawn."""
    runs = max(20, round(1000 * share))
    yield f"coverage of 95 % intervals: micro F1, {runs} corpora each"
    yield "documents  unit      these documents (sd 0, .3, .5, .8)   texts like them (sd 0 ... .8)"
    for world in WORLDS:
        cells = [micro(replace(world, sd=sd), runs) for sd in SPREADS]
        unit = Resampler(range(world.documents), resamples=1).unit
        own = "  ".join(f"{cell[0]:.3f}" for cell in cells)
        large = "  ".join(f"{cell[1]:.3f}" for cell in cells)
        shown = own if unit == "paragraph" else "  ".join(["  –  "] * 4)
        yield f"{world.documents:9}  {unit:9} {shown}               {large}"
    yield "texts like them                     sd 0    .3     .5     .8"
    for world in WORLDS:
        if world.documents < 8:
            continue
        for name, measure in MEASURES.items():
            cells = [measure(replace(world, sd=sd), runs) for sd in SPREADS]
            yield f"{world.documents:9} documents  {name:14} " + "  ".join(
                f"{cell:.3f}" for cell in cells
            )


def micro(world: World, runs: int, *, resamples: int = 1000) -> tuple[float, float]:
    """The shares that hold the truth of these documents, and that of texts like them."""
    score = statistic("f1", 3)
    truth = float(score(population(world).sum(axis=0)))
    own = large = known = 0
    for found, seed in _draws(world, runs):
        bounds = _alone(found.micro(), 3, found, resamples, seed)
        if bounds is None:
            continue
        known += 1
        own += bounds[0] <= float(score(found.expected().sum(axis=0))) <= bounds[1]
        large += bounds[0] <= truth <= bounds[1]
    return own / max(1, known), large / max(1, known)


def macro(world: World, runs: int) -> float:
    """Macro F1, with a type of one mention in ten."""
    truth = float(statistic("f1", 3)(population(world).reshape(-1)))
    return _share(world, runs, truth, lambda found: (found.macro(), 3))


def rare(world: World, runs: int) -> float:
    """F1 of the rarest type, where it has at least 20 gold mentions."""
    world = replace(world, mentions=max(world.mentions, 250 / (world.documents * world.paragraphs)))
    truth = float(statistic("f1", 3)(population(world)[-1]))

    def counts(found: Draw) -> tuple[Any, int] | None:
        table = found.counts[0][:, -1, :].astype(float)
        return (table, 3) if table[:, 2].sum() >= 20 else None

    return _share(world, runs, truth, counts)


def difference(world: World, runs: int, *, resamples: int = 1000) -> float:
    """The paired difference of two backends of unequal skill."""
    world = replace(world, skills=(0.85, 0.8))
    score = statistic("f1", 3)
    truth = [float(score(population(world, b).sum(axis=0))) for b in (0, 1)]
    held = 0
    for found, seed in _draws(world, runs):
        sides = [Columns(found.micro(b), 3) for b in (0, 1)]
        resampler = Resampler(found.documents.tolist(), resamples=resamples, seed=seed)
        bounds = pairwise(sides, score, resampler).pairs[0].paired.bounds
        held += bounds is not None and bounds[0] <= truth[1] - truth[0] <= bounds[1]
    return held / runs


MEASURES: dict[str, Callable[[World, int], float]] = {
    "macro F1": macro,
    "rarest type": rare,
    "difference": difference,
}


def _share(
    world: World, runs: int, truth: float, counts: Callable[[Draw], tuple[Any, int] | None]
) -> float:
    held = known = 0
    for found, seed in _draws(world, runs):
        table = counts(found)
        bounds = None if table is None else _alone(*table, found, 1000, seed)
        if bounds is not None:
            known += 1
            held += bounds[0] <= truth <= bounds[1]
    return held / max(1, known)


def _alone(
    table: Any, group: int, found: Draw, resamples: int, seed: int
) -> tuple[float, float] | None:
    from harness.comparison.measures import resample

    resampler = Resampler(found.documents.tolist(), resamples=resamples, seed=seed)
    (one,) = resample(resampler, [Columns(table, group)], [statistic("f1", group)])
    return one.interval().bounds


def _draws(world: World, runs: int) -> Iterator[tuple[Draw, int]]:
    rng = np.random.default_rng(20_240 + world.documents)
    for run in range(runs):
        yield draw(world, rng), run
