"""Which part of a population lies above a value of a sample, guaranteed with a probability.

The share of a population above the k-th smallest of n independent values has a Beta(n - k + 1, k)
distribution, whatever the values are distributed like (Wilks 1941, "Determination of sample sizes
for setting tolerance limits"); for coverage given the calibration sample: Vovk 2012, "Conditional
validity of inductive conformal predictors"; as a limit on any monotone risk: Bates, Angelopoulos,
Lei, Malik and Jordan 2021, "Distribution-free, risk-controlling prediction sets", JACM 68. Between
two values it is interpolated (Beran and Hall 1993, "Interpolated nonparametric prediction intervals
and confidence intervals", JRSS B 55), so that the probability is met and not exceeded.

Values that come in clusters are worth as many independent ones as have the same variance (Korn and
Graubard 1998, "Confidence intervals for proportions with small expected number of positive counts
estimated from survey data", Survey Methodology 24).
"""

from __future__ import annotations

from math import exp, inf, lgamma, log, log1p
from typing import TYPE_CHECKING, Any

from harness.stats.student import student_quantile

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = ["beta_above", "effective_number", "least_number", "needed_share", "rank_value"]
__all__ += ["share_interval"]

_STEPS = 500
_TINY = 1e-300


def beta_above(first: float, second: float, value: float) -> float:
    """The probability that a Beta(first, second) variable is above a value from 0 to 1.

    By the continued fraction of the incomplete beta function (DLMF 8.17.22); within 1e-10.
    """
    if value <= 0:
        return 1.0
    if value >= 1:
        return 0.0
    front = exp(
        lgamma(first + second)
        - lgamma(first)
        - lgamma(second)
        + first * log(value)
        + second * log1p(-value)
    )
    if value < (first + 1) / (first + second + 2):
        return 1 - front * _fraction(first, second, value) / first
    return front * _fraction(second, first, 1 - value) / second


def _fraction(a: float, b: float, x: float) -> float:
    """By Lentz's method."""
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    out = d
    for m in range(1, _STEPS):
        before = out
        for top in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away(1 + top * d)
            c = _away(1 + top / c)
            out *= d * c
        if abs(out - before) < 1e-14 * abs(out):
            break
    return out


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def needed_share(number: float, share: float, confidence: float) -> float | None:
    """The share of so many independent values that has to lie above a limit, so that with this
    confidence at least `share` of their population does; `None` where not even all would do.

    With all of n values above it, that is where share^n > 1 - confidence.
    """

    def sure(part: float) -> bool:
        return beta_above(part * number, number * (1 - part) + 1, share) >= confidence

    if not sure(1.0):
        return None
    low, high = share, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if sure(middle) else (middle, high)
    return high


def least_number(share: float, confidence: float) -> int:
    """How many independent values it takes before any guarantee is possible."""
    number = int(log(1 - confidence) / log(share))
    while share**number > 1 - confidence:
        number += 1
    return max(1, number)


def effective_number(above: Any, sizes: Any, degrees: float, *, tail: float = 0.05) -> float:
    """How many independent values clusters are worth: `above` of the `sizes` values of each lie
    above a limit, `(clusters,)` each.

    n over the design effect, which is the variance of the share (of a ratio, linearised) by that
    of independent values, and less for the uncertainty of that variance, which has so many degrees
    of freedom; at most n. Korn and Graubard's; where all values are above or none, n itself less
    for the degrees of freedom.
    """
    import numpy as np

    above, sizes = np.asarray(above, dtype=float), np.asarray(sizes, dtype=float)
    number, clusters = float(sizes.sum()), len(sizes)
    if number <= 1:
        return number
    share = float(above.sum()) / number
    variance = float(((above - share * sizes) ** 2).sum()) / number**2
    variance *= clusters / max(1, clusters - 1)
    plain = share * (1 - share) / number
    effect = variance / plain if plain else 1.0
    wider = student_quantile(1 - tail, degrees) / student_quantile(1 - tail, number - 1)
    return float(min(number, number / max(effect, _TINY) / wider**2))


def share_interval(above: Any, sizes: Any, degrees: float) -> tuple[float, float]:
    """The 95 % interval of a share by clusters, as of so many independent values (Clopper and
    Pearson's); `above` of the `sizes` values of each cluster have what is asked for."""
    import numpy as np

    number = effective_number(above, sizes, degrees, tail=0.025)
    have, every = float(np.sum(above)), float(np.sum(sizes))
    share = have / every
    found = number * share
    # By the counts themselves: of all or none a product may be off by rounding.
    low = _quantile(found, number - found + 1, 0.025) if have > 0 else 0.0
    high = _quantile(found + 1, number - found, 0.975) if have < every else 1.0
    return min(low, share), max(high, share)


def _quantile(first: float, second: float, share: float) -> float:
    """The value below which a Beta variable stays with that probability."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        below = beta_above(first, second, middle) > 1 - share
        low, high = (middle, high) if below else (low, middle)
    return (low + high) / 2


def rank_value(ordered: Array, rank: float) -> float:
    """The value of a rank from 1 up, between two of them interpolated; the first for a lower rank.

    The lower of the two where it is not the only one of its value, for then nothing lies between
    them, and where it is `-inf`.
    """
    place = max(0.0, rank - 1)
    lower = min(int(place), len(ordered) - 1)
    upper = min(lower + 1, len(ordered) - 1)
    low, high = float(ordered[lower]), float(ordered[upper])
    alone = low > -inf and (lower == 0 or ordered[lower - 1] < low)
    return low + (place - lower) * (high - low) if alone else low
