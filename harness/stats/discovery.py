"""Which of many groups are worse than all others: tests whose false discovery rate is bounded.

Sources: Fisher 1935, "The Design of Experiments" (the exact test of a two by two table); Rao and
Scott 1992, "A simple method for the analysis of clustered binary data", Biometrics 48 (a design
effect for things that are not independent because they stand in one document); Benjamini and
Hochberg 1995, "Controlling the false discovery rate", JRSS B 57; Genovese, Roeder and Wasserman
2006, "False discovery control with p-value weighting", Biometrika 93. docs/explain.md has the
simulations.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import lgamma
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from harness.stats.student import student_tail

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = ["clustered_p", "design_effect", "discoveries", "excess_p"]

_NORMAL = NormalDist()
_SMALLEST = 1e-300


def excess_p(hits: int, size: int, all_hits: int, everything: int) -> float:
    """The probability that so many things of `everything`, drawn without regard to whether they are
    hits, have as many hits as seen or more: Fisher's exact test, one-sided.

    `hits` of `size` are seen, of `all_hits` of `everything`. Raises `ValueError` where that cannot
    be.
    """
    import numpy as np

    most = min(size, all_hits)
    least = max(0, size + all_hits - everything)
    if hits < least or hits > most:
        raise ValueError(f"{hits} hits, expected {least} to {most}")
    steps = np.arange(hits, most + 1, dtype=np.float64)
    # The logarithm of the first term, and of the others by their ratio to the one before.
    ratios = (size - steps[:-1]) * (all_hits - steps[:-1])
    ratios /= (steps[:-1] + 1) * (everything - size - all_hits + steps[:-1] + 1)
    first = (
        _log_choose(size, hits)
        + _log_choose(everything - size, all_hits - hits)
        - _log_choose(everything, all_hits)
    )
    terms = first + np.concatenate([[0.0], np.cumsum(np.log(ratios))])
    return float(min(1.0, np.exp(terms).sum()))


def design_effect(hit: Array, among: Any, clusters: Any) -> float:
    """By how much the variance of a difference of two shares is larger than of independent things.

    `hit` is 0 or 1 for each thing, `among` whether it is in the group, `clusters` a number from 0
    up of what it hangs together with.
    """
    import numpy as np

    inside, outside = hit[among], hit[~among]
    rates = inside.mean(), outside.mean()
    influence = np.where(
        among, (hit - rates[0]) / len(inside), (rates[1] - hit) / max(1, len(outside))
    )
    alone = float(influence @ influence)
    if not alone:
        return 1.0
    together = np.bincount(clusters, influence)
    held = int((np.bincount(clusters) > 0).sum())
    return float(together @ together) / alone * held / max(1, held - 1)


def clustered_p(p_value: float, effect: float, clusters: int) -> float:
    """A p-value of independent things as it is where variances are `effect` times theirs, by
    Student's tail of so many clusters. Where clusters happen to differ less than independent things
    would (`effect` below 1) nothing is gained by it."""
    z = -_NORMAL.inv_cdf(min(max(p_value, _SMALLEST), 1 - 1e-12))
    if z <= 0:
        return p_value
    return max(p_value, student_tail(z / max(1.0, effect) ** 0.5, clusters - 1))


def discoveries(p_values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Each p-value as the lowest rate of false discoveries at which it is one (Benjamini and
    Hochberg), each divided by its weight before; the weights have a mean of 1."""
    count = len(p_values)
    shares = [p / w if w else 1.0 for p, w in zip(p_values, weights, strict=True)]
    out = [1.0] * count
    lowest = 1.0
    for rank, place in reversed(list(enumerate(sorted(range(count), key=shares.__getitem__), 1))):
        lowest = min(lowest, shares[place] * count / rank)
        out[place] = lowest
    return out


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
