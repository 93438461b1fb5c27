"""A threshold chosen on some documents and measured on others.

The F of a threshold on the documents that it was chosen on is too high: of many thresholds the best
there is also the luckiest. So the documents are cut into folds; each is measured at the threshold
that was chosen on all others, and the counts of all folds are pooled (cross-fitting: Chernozhukov
et al. 2018, "Double/debiased machine learning", Econometrics Journal 21). The intervals are those
of the pooled counts, by the units of the house, with few degrees of freedom: the thresholds of
the folds go by documents that they share, so that the pooled F varies by a tenth more than its
documents say (Bates, Hastie and Tibshirani 2024, "Cross-validation: what does it estimate and how
well does it do it?", JASA 119).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.decide.draws import resample
from harness.decide.threshold.curve import best_threshold, counts_of
from harness.decide.threshold.scores import Scores
from harness.stats.resample import Interval, Resampler, percentile_interval
from harness.stats.units import SampleSize, spread
from harness.tasks.parts import METRICS

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = ["DEFAULT_FOLDS", "Best", "best", "held_out", "rates_of"]

DEFAULT_FOLDS = 10

_MOST_DEGREES = 9.0
"""Of an interval of what was cross-fitted, which makes it wider by a tenth or more than that of as
many documents alone: so it holds in some 95 % of cases (docs/thresholds.md)."""

Chooser = Callable[[Scores], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The threshold chosen on everything, with the F that choosing so has on other documents."""

    threshold: float
    beta: float
    f: float | None
    """Cross-fitted."""
    interval: tuple[float, float] | None
    now: float | None
    """F without a threshold: of the run as it is."""
    gain: float | None
    gain_interval: tuple[float, float] | None
    """Paired."""
    lacking: str | None
    """Why there are no intervals."""
    lowest: float
    """Of the thresholds that were chosen without one fold each."""
    highest: float
    option: bool = True
    """Whether the backend may have it as an option; a program has options of its own."""

    @property
    def better(self) -> bool:
        """Whether the gain's interval excludes 0, above."""
        return self.gain_interval is not None and self.gain_interval[0] > 0


def held_out(scores: Scores, choose: Chooser, *, folds: int, seed: int) -> tuple[Array, Array]:
    """The counts of each row at the threshold chosen without its fold, `(rows, 4)`; and these
    thresholds, `(folds,)`."""
    import numpy as np

    documents = scores.document_count
    rng = np.random.default_rng((seed, 2))  # Not what resamples or groups are drawn with.
    fold = spread(documents, min(folds, documents), rng)
    chosen = np.array([choose(scores.within(fold != one)) for one in range(int(fold.max()) + 1)])
    return scores.table(chosen[fold[scores.documents]]), chosen


def best(
    scores: Scores,
    resampler: Resampler,
    *,
    beta: float,
    folds: int,
    seed: int,
    option: bool = True,
) -> Best | None:
    """The threshold with the largest F; `None` where F is defined nowhere."""
    threshold = best_threshold(scores, beta)
    if threshold is None:
        return None

    def choose(others: Scores) -> float:
        return best_threshold(others, beta) or 0.0

    table, chosen = held_out(scores, choose, folds=folds, seed=seed)
    sides = [counts_of(rows, beta) for rows in (scores.table(0.0), table)]
    now, then = resample(resampler, sides)
    evidence = _fewer(resampler.units.evidence(*(one.basis for one in sides)))
    gain = percentile_interval(then.values - now.values, evidence)
    values = [one.value for one in sides]
    own = percentile_interval(then.values, _fewer(then.evidence))
    return Best(
        threshold=threshold,
        beta=beta,
        f=values[1],
        interval=own.bounds,
        now=values[0],
        gain=None if None in values else values[1] - values[0],  # type: ignore[operator]  # not None
        gain_interval=gain.bounds,
        lacking=own.lacking or gain.lacking,
        lowest=float(chosen.min()),
        highest=float(chosen.max()),
        option=option,
    )


def rates_of(table: Array, resampler: Resampler) -> dict[str, tuple[float | None, Interval]]:
    """Precision, recall and F1 of cross-fitted counts by row, each with its interval, by name."""
    sides = [counts_of(table, 1.0, metric) for metric in METRICS]
    drawn = resample(resampler, sides)
    return {
        side.metric: (side.value, percentile_interval(one.values, _fewer(one.evidence)))
        for side, one in zip(sides, drawn, strict=True)
    }


def _fewer(evidence: SampleSize) -> SampleSize:
    return replace(evidence, degrees=min(evidence.degrees, _MOST_DEGREES))
