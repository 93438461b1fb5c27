"""What every threshold gives, and which is the best of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING, Any

from harness.decide.threshold.scores import Scores
from harness.stats.rates import defined
from harness.tasks.parts import Metric, PartCounts
from harness.tasks.tally import Part

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = ["MOST_POINTS", "CurvePoint", "best_threshold", "counts_of", "curve", "short_between"]
__all__ += ["some_points"]

MOST_POINTS = 200
"""Of a curve that is given out; what is computed from it goes by all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """What is left where predictions below a threshold are left out."""

    threshold: float
    precision: float | None
    recall: float | None
    f: float | None
    predicted: int
    right: int


def counts_of(rows: Any, beta: float, metric: Metric = "f1") -> PartCounts:
    """Sums of found, gold, right and predicted, `(n, 4)`, as what is measured and resampled."""
    part = Part("", lambda key: (0.0, 0.0, 0.0, 0.0), beta=beta)
    return PartCounts(rows, part, metric, part.weights)


def _steps(scores: Scores) -> tuple[Array, Array]:
    """Every distinct confidence, the highest first, and the sums from it on."""
    import numpy as np

    ends = np.flatnonzero(np.diff(scores.confidence, append=-np.inf) < 0)
    right = np.cumsum(scores.right)[ends].astype(float)
    gold = np.full(len(ends), float(scores.support))
    return scores.confidence[ends], np.stack([right, gold, right, ends + 1.0], axis=1)


def curve(scores: Scores, beta: float, *, most: int = MOST_POINTS) -> tuple[CurvePoint, ...]:
    """A point for each distinct confidence, the lowest first; of more than `most`, as many at even
    distances, with the ends and the best. None where nothing was predicted."""
    import numpy as np

    confidences, sums = _steps(scores)
    if not len(confidences):
        return ()
    made = counts_of(sums, beta)
    rates = [made.score(sums, metric) for metric in ("precision", "recall", "f1")]
    places = np.arange(len(confidences))
    if len(places) > most:
        even = np.linspace(0, len(places) - 1, most - 1).round().astype(int)
        places = np.unique([*even, int(np.nanargmax(rates[2]))])
    return tuple(
        CurvePoint(
            threshold=float(confidences[at]),
            precision=defined(rates[0][at]),
            recall=defined(rates[1][at]),
            f=defined(rates[2][at]),
            predicted=int(sums[at, 3]),
            right=int(sums[at, 2]),
        )
        for at in places[::-1]
    )


def best_threshold(scores: Scores, beta: float) -> float | None:
    """The threshold with the largest F on these predictions, of several the lowest; 0 where it
    leaves out none, `None` where F is defined nowhere."""
    import numpy as np

    confidences, sums = _steps(scores)
    values = counts_of(sums, beta).score(sums) if len(sums) else np.array([])
    if np.isnan(values).all():
        return None
    best = len(values) - 1 - int(np.nanargmax(values[::-1]))
    if best == len(values) - 1:
        return 0.0
    return short_between(float(confidences[best + 1]), float(confidences[best]))


def short_between(low: float, high: float) -> float:
    """The number with the fewest digits above `low` and at most `high`, which cuts alike."""
    for digits in range(17):
        scale = float(10**digits)
        number = floor(high * scale) / scale
        if low < number <= high:
            return number
    return high


def some_points(points: Sequence[CurvePoint], count: int) -> list[CurvePoint]:
    """Some of the points of a curve, at even distances, the ends among them."""
    if len(points) <= count:
        return list(points)
    return [points[round(at * (len(points) - 1) / (count - 1))] for at in range(count)]
