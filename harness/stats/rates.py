"""Precision, recall and F of four sums: the one place where they are computed.

A score is made of `found` of `gold` (recall) and `right` of `predicted` (precision). Numbers and
arrays go through the same lines; an undefined rate is NaN.
"""

from __future__ import annotations

from math import nan
from typing import Any, NamedTuple

__all__ = ["Rates", "defined", "rates"]


class Rates(NamedTuple):
    """Precision, recall and F, numbers or arrays of one shape; NaN where undefined."""

    precision: Any
    recall: Any
    f1: Any


def rates(
    found: Any, gold: Any, right: Any, predicted: Any, *, weights: tuple[float, float] = (1.0, 1.0)
) -> Rates:
    """The rates of four sums (or arrays of sums of one shape).

    Precision is undefined where nothing is predicted, recall where nothing is gold. With weights
    (a, b) on precision P and recall R, F = (a + b) / (a / P + b / R), which is van Rijsbergen's F
    with beta^2 = b / a (1979, "Information Retrieval", ch. 7); with equal ones it is F1, and where
    `found` is `right` that is 2 right / (predicted + gold). F is 0 where nothing is found and
    nothing right, and something was gold or predicted; undefined where neither was, and where one
    side is undefined while the other has found something: 0 would say that it had not. A side
    without weight does not matter at all.
    """
    precision, recall = _divided(right, predicted), _divided(found, gold)
    first, second = weights
    if not first or not second:
        return Rates(precision, recall, precision if first else recall)
    # (a + b) P R / (a R + b P), with both fractions multiplied out: integers stay integers.
    mean = _divided(
        (first + second) * found * right, first * found * predicted + second * right * gold
    )
    return Rates(precision, recall, _nothing_is_zero(mean, found, right, gold + predicted))


def defined(value: Any) -> float | None:
    """A number, or `None` for NaN."""
    number = float(value)
    return None if number != number else number


def _divided(part: Any, base: Any) -> Any:
    if isinstance(base, int | float):
        return part / base if base else nan
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(base == 0, nan, part / base)


def _nothing_is_zero(mean: Any, found: Any, right: Any, anything: Any) -> Any:
    if isinstance(mean, int | float):
        return mean if found or right else (0.0 if anything else nan)
    import numpy as np

    return np.where((found == 0) & (right == 0), np.where(anything > 0, 0.0, nan), mean)
