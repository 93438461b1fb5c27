"""Whether confidences are probabilities: bins of equal mass, and how far they are off on average.

Expected calibration error: sum over bins of n_b / n |share right - mean confidence| (Naeini, Cooper
and Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian binning", AAAI; Guo,
Pleiss, Sun and Weinberger 2017, "On calibration of modern neural networks", ICML). Noise of the
bins adds up, so that it is above 0 for confidences that are right, and too large for all (Kumar,
Liang and Ma 2019, "Verified uncertainty calibration", NeurIPS; Roelofs, Cain, Shlens and Mozer
2022, "Mitigating bias in calibration error estimation", AISTATS). Percentiles of resamples, which
have that noise twice, are no interval of it. The interval here inverts a test (Carpenter 1999,
"Test inversion bootstrap confidence intervals", JRSS B 61): of all multiples of the differences
found, it has those under which an error such as the one found is neither too large nor too small,
with the noise of the resamples; the estimate is the multiple under which it is in the middle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.stats.resample import Interval, Resampler
from harness.stats.student import normal_tail
from harness.stats.tolerance import share_interval

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = ["Bin", "Calibration", "calibration"]

_STEPS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Predictions of neighbouring confidences; of equal ones all are in one bin."""

    low: float
    high: float
    n: int
    confidence: float
    """Their mean."""
    right: float
    """The share of them that is right."""
    interval: tuple[float, float] | None
    """Of that share, at 95 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How far confidences are off."""

    ece: float
    """As it is defined, which is too large."""
    corrected: float | None
    """Without what is noise of the bins: the median-unbiased estimate."""
    interval: Interval
    """Of the error without noise."""
    bins: tuple[Bin, ...]


def calibration(
    confidence: Any, right: Any, rows: Any, resampler: Resampler, *, of: int, bins: int = 10
) -> Calibration:
    """Of predictions with their confidence, whether they are right, and the row (paragraph) in
    which each stands; `(n,)` each, n from 1 up. There are `of` rows. Bins have as equal numbers of
    predictions as ties allow."""
    import numpy as np

    confidence = np.asarray(confidence, dtype=float)
    place = _places(confidence, bins)
    count = int(place.max()) + 1
    cell = np.asarray(rows) * count + place
    flat = np.concatenate(
        [
            np.bincount(cell, weight, minlength=of * count).reshape(of, count)
            for weight in (np.ones(len(confidence)), confidence, np.asarray(right, dtype=float))
        ],
        axis=1,
    )
    n, said, found = flat.sum(axis=0).reshape(3, count)
    drawn = resampler.sums(flat).reshape(-1, 3, count)
    evidence = resampler.units.evidence(flat[:, :count])
    error, interval, corrected = _inverted(drawn, n, found / n - said / n, evidence)
    shown = []
    for number in range(count):
        inside = confidence[place == number]
        own = flat[:, [number, 2 * count + number]]
        shown.append(
            Bin(
                low=float(inside.min()),
                high=float(inside.max()),
                n=int(n[number]),
                confidence=float(said[number] / n[number]),
                right=float(found[number] / n[number]),
                interval=_of_share(own, resampler),
            )
        )
    return Calibration(ece=error, corrected=corrected, interval=interval, bins=tuple(shown))


def _of_share(table: Array, resampler: Resampler) -> tuple[float, float] | None:
    """Of predictions and right ones by row; `None` where too few units hold any."""
    evidence = resampler.units.evidence(table[:, :1])
    if evidence.lacking is not None:
        return None
    sizes, right = resampler.units.fold(table).T
    return share_interval(right[sizes > 0], sizes[sizes > 0], evidence.degrees)


def _places(confidence: Array, bins: int) -> Any:
    """The bin of each, numbered from 0 without gaps."""
    import numpy as np

    ordered = np.sort(confidence)
    cuts = [ordered[len(ordered) * number // bins] for number in range(1, bins)]
    place = np.searchsorted(np.unique(cuts), confidence, side="right")
    return np.unique(place, return_inverse=True)[1]


def _inverted(
    drawn: Array, n: Array, gap: Array, evidence: Any
) -> tuple[float, Interval, float | None]:
    import numpy as np

    found = float((n * np.abs(gap)).sum() / n.sum())
    if evidence.lacking is not None:
        nothing = Interval(None, None, None, evidence.degrees, lacking=evidence.lacking)
        return found, nothing, None
    with np.errstate(divide="ignore", invalid="ignore"):
        noise = np.where(drawn[:, 0] > 0, (drawn[:, 2] - drawn[:, 1]) / drawn[:, 0] - gap, 0.0)
        weight = drawn[:, 0] / drawn[:, 0].sum(axis=1, keepdims=True)

    def quantile(share: float) -> Callable[[float], float]:
        def of(times: float) -> float:
            values = (weight * np.abs(times * gap + noise)).sum(axis=1)
            return float(np.nanquantile(values, share))

        return of

    tail = normal_tail(0.025, evidence.degrees)
    low, middle, high = (found * _times(quantile(share), found) for share in (1 - tail, 0.5, tail))
    spread = float(np.nanstd((weight * np.abs(gap + noise)).sum(axis=1), ddof=1))
    return found, Interval(low, high, spread, evidence.degrees), middle


def _times(quantile: Callable[[float], float], found: float) -> float:
    """The multiple of what was found under which its quantile is what was found; 0 where that is
    more than it."""
    if found <= 0 or quantile(0.0) >= found:
        return 0.0
    low, high = 0.0, 1.0
    while quantile(high) < found and high < 1e6:
        low, high = high, 2 * high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if quantile(middle) < found else (low, middle)
    return (low + high) / 2
