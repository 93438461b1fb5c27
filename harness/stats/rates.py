"""Precision, recall and F1 of summed counts, for arrays of sums and for one.

A score is made of four sums: `found` of `gold` (recall) and `right` of `predicted` (precision).
Where both sides earn the same credit, three columns are enough: `(right, predicted, gold)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["Rates", "f1", "precision", "rates", "recall", "weighted_f"]


class Rates(NamedTuple):
    """Precision, recall and F1, each an array of one shape; NaN where undefined."""

    precision: Array
    recall: Array
    f1: Array


def rates(counts: Array) -> Rates:
    """The rates of sums of shape `(..., 3)` or `(..., 4)`.

    Three are `(right, predicted, gold)`, four `(found, gold, right, predicted)`. Precision is
    undefined where nothing is predicted, recall where nothing is gold, F1 where both are. With
    three, F1 is 2 right / (predicted + gold). With four it is the harmonic mean, and undefined too
    where one side is undefined and the other has found something: 0 would say that it had not.
    """
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        if counts.shape[-1] == 3:
            right, predicted, gold = (counts[..., i] for i in range(3))
            return Rates(right / predicted, right / gold, 2 * right / (predicted + gold))
        found, gold, right, predicted = (counts[..., i] for i in range(4))
        one, other = right / predicted, found / gold
    return Rates(one, other, weighted_f(one, other))


def weighted_f(precision: Array, recall: Array, first: float = 1.0, second: float = 1.0) -> Array:
    """The F measure with weights on precision and recall; with equal ones it is F1.

    F = (a + b) / (a / P + b / R), which is van Rijsbergen's F with beta^2 = b / a (1979,
    "Information Retrieval", ch. 7). 0 where one of them is 0 and the other 0 or undefined;
    undefined where both are, and where one is undefined and the other is not 0. One that has no
    weight does not matter at all.
    """
    import numpy as np

    if not first or not second:
        return np.asarray(recall if not first else precision)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = (first + second) / (first / precision + second / recall)
    p, r = np.nan_to_num(precision), np.nan_to_num(recall)
    unknown = np.isnan(precision) | np.isnan(recall)
    nothing = (p == 0) & (r == 0) & ~(np.isnan(precision) & np.isnan(recall))
    return np.asarray(np.where(nothing, 0.0, np.where(unknown, np.nan, value)))


def precision(counts: Array) -> Array:
    """See `rates`."""
    return rates(counts).precision


def recall(counts: Array) -> Array:
    """See `rates`."""
    return rates(counts).recall


def f1(counts: Array) -> Array:
    """See `rates`."""
    return rates(counts).f1
