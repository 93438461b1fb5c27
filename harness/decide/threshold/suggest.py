"""The threshold that surely raises a backend's F, for those who choose among backends."""

from __future__ import annotations

from collections.abc import Sequence

from harness.decide.threshold.analyse import too_little
from harness.decide.threshold.crossfit import DEFAULT_FOLDS, Best, best
from harness.decide.threshold.scores import has_option, read_scores, strict
from harness.errors import HarnessError
from harness.results.scored import Scored
from harness.stats.resample import Resampler

__all__ = ["raising_threshold"]


def raising_threshold(
    scored: Scored, labels: Sequence[str], resampler: Resampler, *, beta: float
) -> Best | None:
    """The best threshold for these types together (all without any), where the interval of its gain
    lies above 0. `None` where it does not, where there are no confidences, gold or predictions are
    not at hand, or the run was not counted under strict matching."""
    if scored.options != strict(scored).options:
        return None
    try:
        scores = read_scores(scored).of(labels)
    except (HarnessError, OSError):
        return None
    if too_little(scores) or not {*labels} <= {*scores.labels, *scores.missed_labels}:
        return None
    found = best(
        scores,
        resampler,
        beta=beta,
        folds=DEFAULT_FOLDS,
        seed=resampler.seed,
        option=has_option(scored),
    )
    return found if found is not None and found.threshold and found.better else None
