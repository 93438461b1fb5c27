"""Random groups of many documents: are intervals as wide as by the ordinary bootstrap?"""

from __future__ import annotations

from typing import Any

import numpy as np
from plain_rates import as_counts

from harness.decide.draws import resample
from harness.stats.resample import Resampler
from harness.stats.units import DEFAULT_RESAMPLES
from harness.tasks.parts import PartCounts
from simulations.draw import World, draw

NEAR = 0.05


def as_wide(world: World, runs: int) -> float:
    """Intervals of micro F1 whose width is within 5 % of that by drawing every document."""
    rng = np.random.default_rng(30_000 + world.documents)
    ratios = []
    for run in range(runs):
        found = draw(world, rng)
        counts = as_counts(found.micro())
        (one,) = resample(Resampler(found.documents.tolist(), seed=run), [counts])
        low, high = _ends(one.values)
        first, last = _ends(_every_document(counts, rng))
        ratios.append((high - low) / (last - first))
    return float(np.mean(np.abs(np.array(ratios) - 1) <= NEAR))


def _every_document(counts: PartCounts, rng: Any) -> Any:
    """The score on resamples of n - 1 of n documents.

    How often each of the rows that there are is drawn is multinomial: the same distribution.
    """
    rows, often = np.unique(counts.rows, axis=0, return_counts=True)
    size = len(counts.rows)
    drawn = rng.multinomial(size - 1, often / size, DEFAULT_RESAMPLES)
    return counts.score(drawn @ rows * (size / (size - 1)))


def _ends(values: Any) -> Any:
    return np.quantile(values, [0.025, 0.975])
