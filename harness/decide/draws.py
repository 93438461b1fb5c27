"""Scores on every resample, with what stands behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.stats.resample import Interval, Resampler, percentile_interval
from harness.stats.units import SampleSize
from harness.tasks.parts import PartCounts

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = ["Drawn", "resample"]


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A score on every resample, and what stands behind it."""

    values: Array
    evidence: SampleSize

    def interval(self, *, level: float = 0.95) -> Interval:
        """The interval of the score."""
        return percentile_interval(self.values, self.evidence, level=level)


def resample(resampler: Resampler, counts: Sequence[PartCounts]) -> list[Drawn]:
    """Each of `counts` scored on every resample; the resamples are drawn once for all of them."""
    import numpy as np

    if not counts:
        return []
    sums = resampler.sums_of(resampler.drawn(one.rows) for one in counts)
    cuts = np.cumsum([one.distinct.shape[1] for one in counts])[:-1]
    return [
        Drawn(one.score(part), resampler.units.evidence(one.basis))
        for one, part in zip(counts, np.split(sums, cuts, axis=1), strict=True)
    ]
