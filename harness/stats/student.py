"""Student's distribution for real degrees of freedom: scipy is no part of the base install."""

from __future__ import annotations

from functools import lru_cache
from math import atan, exp, lgamma, log1p, pi, sqrt
from statistics import NormalDist

__all__ = ["normal_tail", "student_quantile", "student_tail"]

_MANY = 120.0
_STEPS = 200


def normal_tail(probability: float, degrees: float) -> float:
    """The normal tail that reaches as far out as Student's tail of `probability` does.

    Percentiles of a bootstrap that are moved out so far give few units the width that they need
    (Hesterberg 2015, "What teachers should know about the bootstrap").
    """
    return NormalDist().cdf(-student_quantile(1 - probability, degrees))


def student_quantile(probability: float, degrees: float) -> float:
    """The value below which a Student variable stays with this probability, in (0, 1).

    `degrees` is at least 1 and is rounded to tenths. Above 120 it is the expansion of Abramowitz
    and Stegun 1964, 26.7.5; below it is found by bisection. Within 1e-4 of the value, relatively.
    """
    if not 0 < probability < 1:
        raise ValueError(f"a probability lies between 0 and 1, found {probability}")
    if probability < 0.5:
        return -student_quantile(1 - probability, degrees)
    return _quantile(1 - probability, round(max(1.0, degrees), 1))


def student_tail(value: float, degrees: float) -> float:
    """The probability that a Student variable is more than `value`, which is from 0 up; `degrees`
    is taken to be at least 1. Above 120 it is the normal tail of Hill's expansion (1970, Algorithm
    395, Communications of the ACM 13). Within a fiftieth of the tail, down to 1e-15."""
    if degrees <= _MANY:
        return _beyond(value, max(1.0, degrees))
    a = degrees - 0.5
    square = a * log1p(value**2 / degrees)
    scale = 48 * a**2
    rest = (((-0.4 * square - 3.3) * square - 24) * square - 85.5) / (0.8 * square**2 + 100 + scale)
    z = ((rest + square + 3) / scale + 1) * sqrt(square)
    return NormalDist().cdf(-z)


@lru_cache(maxsize=4096)
def _quantile(tail: float, degrees: float) -> float:
    z = NormalDist().inv_cdf(1 - tail)
    if degrees > _MANY:
        first = (z**3 + z) / (4 * degrees)
        return z + first + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)
    low, high = z, z + 1
    while _beyond(high, degrees) > tail:
        low, high = high, 2 * high
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if _beyond(middle, degrees) > tail else (low, middle)
    return (low + high) / 2


def _beyond(value: float, degrees: float) -> float:
    """The probability of more than `value`, from 0 up.

    With t = sqrt(df) tan(pi/2 - a) it is an integral of sin(a)^(df - 1) from 0; by Simpson's rule
    over u = sqrt(a), which is smooth where the power is not.
    """
    import numpy as np

    end = sqrt(pi / 2 - atan(value / sqrt(degrees)))
    u = np.linspace(0.0, end, _STEPS + 1)
    heights = 2 * u * np.maximum(0.0, np.cos(pi / 2 - u * u)) ** (degrees - 1)
    total = heights[0] + 4 * heights[1::2].sum() + 2 * heights[2:-1:2].sum() + heights[-1]
    constant = exp(lgamma((degrees + 1) / 2) - lgamma(degrees / 2)) / sqrt(pi)
    return float(constant * total * end / _STEPS / 3)
