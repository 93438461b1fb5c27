"""Picking the best of many: how often somebody is left out, or praised, for nothing."""

from __future__ import annotations

from collections.abc import Iterator

from simulations.draw import World
from simulations.tests import sides


def report(share: float) -> Iterator[str]:
    """Ten backends of equal skill."""
    runs = max(20, round(300 * share))
    yield f"ten backends of equal skill, {runs} runs each: in so many of them ..."
    yield "documents   sd   one is recommended   the best is told from somebody   any two differ"
    for documents in (10, 40, 200):
        for sd in (0.0, 0.5, 0.8):
            world = World(documents, 4, sd=sd, skills=(0.85,) * 10)
            alone, excluded, differ = equal(world, runs)
            yield f"{documents:9}  {sd:3.1f}   {alone:.3f}                {excluded:.3f}   " + (
                f"                         {differ:.3f}"
            )


def equal(world: World, runs: int) -> tuple[float, float, float]:
    """How often the best is better than all others, than any other, and any pair differs."""
    alone = excluded = differ = 0
    for found in sides(world, runs, resamples=100):
        best, *others = found.ranked()
        told = [found.pair(best, other).differs for other in others]
        alone += all(told)
        excluded += any(told)
        differ += any(pair.differs for pair in found.pairs)
    return alone / runs, excluded / runs, differ / runs
