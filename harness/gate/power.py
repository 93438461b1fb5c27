"""What a check is able to see."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

from harness.comparison.measures import Columns, Metric

__all__ = ["detectable_drop", "points_per_mention"]


def points_per_mention(counts: Columns, metric: Metric, score: float | None) -> float | None:
    """By how many points the score falls when one more mention is lost; `None` where undefined.

    For recall and F1 a right prediction disappears; for precision it turns wrong.
    """
    sums = counts.counts.sum(axis=0).reshape(-1, counts.group).sum(axis=0)
    gold = float(sums[2] if counts.group == 3 else sums[1])
    predicted = float(sums[1] if counts.group == 3 else sums[3])
    base = {"precision": predicted, "recall": gold, "f1": gold + predicted}[metric]
    if not base or score is None:
        return None
    return 100 * ((2 - score) if metric == "f1" else 1.0) / base


def detectable_drop(
    *, margin: float, per_mention: float | None, standard_error: float, level: float
) -> float | None:
    """The smallest true drop, in points, that the gate fails on with 80 % power.

    Losses come one mention at a time, so a true drop `d` has about the variance
    `d * per_mention` (Poisson) on top of the noise that the two runs already show. The observed
    drop has to exceed the margin, and its interval at `level` has to lie below 0:

        d >= margin + z_.80 SE(d)   and   d >= (z_(1+level)/2 + z_.80) SE(d)
    """
    if per_mention is None:
        return None
    z_power = NormalDist().inv_cdf(0.8)
    z_level = NormalDist().inv_cdf((1 + level) / 2)

    def solve(base: float, z: float) -> float:
        # d - base = z sqrt(se^2 + d u), squared and solved for d.
        half = base + z * z * per_mention / 2
        return half + sqrt(max(0.0, half * half - base * base + (z * standard_error) ** 2))

    return max(solve(margin, z_power), solve(0.0, z_level + z_power))
