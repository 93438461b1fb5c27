"""How often an interval of 95 % holds the true score."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from plain_rates import as_counts

from harness.decide.draws import resample
from harness.decide.pairwise import pairwise
from harness.stats.resample import Resampler
from simulations.draw import Draw, World, draw, population


def F1(sums: Any) -> Any:  # noqa: N802
    """Of sums of one type, or the mean over several."""
    counts = as_counts(np.asarray(sums, float).reshape(1, -1))
    return counts.score(counts.total)


RESAMPLES = 1000


def of_these(world: World, runs: int) -> float:
    """Intervals that hold the true micro F1 of the drawn documents."""
    held = [
        low <= float(F1(found.expected().sum(axis=0))) <= high
        for found, seed in _draws(world, runs)
        for low, high in _bounds(found.micro(), found, seed)
    ]
    return float(np.mean(held))


def micro(world: World, runs: int) -> float:
    """Intervals that hold the true micro F1 of texts like the drawn ones."""
    truth = float(F1(population(world).sum(axis=0)))
    return _share(world, runs, truth, "micro")


def macro(world: World, runs: int) -> float:
    """The same of macro F1, with a type of one mention in ten."""
    return _share(world, runs, float(F1(population(world).reshape(-1))), "macro")


def rarest(world: World, runs: int) -> float:
    """The same of F1 of the rarest type, where it has 20 gold mentions or more."""
    least = 300 / (world.documents * world.paragraphs)
    world = replace(world, mentions=max(world.mentions, least))
    return _share(world, runs, float(F1(population(world)[-1])), "rarest")


def difference(world: World, runs: int) -> float:
    """Intervals that hold the true difference of two backends of unequal skill."""
    world = replace(world, skills=(0.85, 0.8))
    truth = [float(F1(population(world, b).sum(axis=0))) for b in (0, 1)]
    held = []
    for found, seed in _draws(world, runs):
        sides = [as_counts(found.micro(b)) for b in (0, 1)]
        resampler = Resampler(found.documents.tolist(), resamples=RESAMPLES, seed=seed)
        bounds = pairwise(sides, resampler).pairs[0].paired.bounds
        held.append(bounds is not None and bounds[0] <= truth[1] - truth[0] <= bounds[1])
    return float(np.mean(held))


def _share(world: World, runs: int, truth: float, what: str) -> float:
    held = [
        low <= truth <= high
        for found, seed in _draws(world, runs)
        for low, high in _bounds(_table(found, what), found, seed)
    ]
    return float(np.mean(held)) if held else float("nan")


def _table(found: Draw, what: str) -> Any:
    if what == "rarest":
        table = found.counts[0][:, -1, :].astype(float)
        return table if table[:, 2].sum() >= 20 else None
    return found.macro() if what == "macro" else found.micro()


def _bounds(table: Any, found: Draw, seed: int) -> Iterator[tuple[float, float]]:
    """The interval, where there is one."""
    if table is None:
        return
    resampler = Resampler(found.documents.tolist(), resamples=RESAMPLES, seed=seed)
    (one,) = resample(resampler, [as_counts(table)])
    bounds = one.interval().bounds
    if bounds is not None:
        yield bounds


def _draws(world: World, runs: int) -> Iterator[tuple[Draw, int]]:
    rng = np.random.default_rng(20_240 + world.documents)
    for run in range(runs):
        yield draw(world, rng), run
