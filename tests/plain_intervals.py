"""Intervals of plain tables of counts, without the measures that the verbs ask for."""

from __future__ import annotations

from typing import Any

from plain_rates import f1

from harness.stats.resample import Interval, Resampler, percentile_interval


def interval(
    counts: Any, resampler: Resampler, statistic: Any = f1, *, level: float = 0.95
) -> Interval:
    """Percentile interval of `statistic` over counts of shape `(paragraphs, k)`."""
    evidence = resampler.units.evidence(counts)
    return percentile_interval(statistic(resampler.sums(counts)), evidence, level=level)


def paired_interval(
    reference: Any,
    other: Any,
    resampler: Resampler,
    statistic: Any = f1,
    *,
    level: float = 0.95,
) -> Interval:
    """Percentile interval of `statistic(other) - statistic(reference)` on the same resamples."""
    difference = statistic(resampler.sums(other)) - statistic(resampler.sums(reference))
    evidence = resampler.units.evidence(reference, other)
    return percentile_interval(difference, evidence, level=level)
