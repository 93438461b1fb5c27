"""The largest threshold that keeps a recall, guaranteed with a probability over the documents that
it was chosen on (`harness.stats.tolerance`), and what it costs in precision."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, inf
from typing import Any, NamedTuple

from harness.decide.threshold.crossfit import held_out, rates_of
from harness.decide.threshold.curve import counts_of, short_between
from harness.decide.threshold.scores import Scores
from harness.stats.rates import defined
from harness.stats.resample import Resampler
from harness.stats.tolerance import effective_number, least_number, needed_share, rank_value
from harness.stats.units import Units

__all__ = ["Guarantee", "guarantee", "recall_threshold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    """A threshold whose recall on documents of the same kind is at least `recall`; in at least
    `confidence` of all draws of as many documents as these."""

    recall: float
    confidence: float
    threshold: float | None
    """`None` where there is none."""
    lacking: str | None
    """Why there is none."""
    effective: float
    """How many independent gold mentions these are worth."""
    mentions: int
    now: float | None
    """The recall of the run as it is."""
    found: float | None = None
    """The recall on these documents at the threshold."""
    precision: float | None = None
    """On documents that a threshold was not chosen on (cross-fitted)."""
    precision_interval: tuple[float, float] | None = None
    held_out_recall: float | None = None
    """The recall there."""
    held_out_interval: tuple[float, float] | None = None
    precision_now: float | None = None


class Reached(NamedTuple):
    """The threshold, if there is one, and how many independent mentions stand behind it."""

    threshold: float | None
    effective: float
    reason: str | None


def recall_threshold(scores: Scores, recall: float, confidence: float) -> Reached:
    """The largest threshold that keeps this recall with this confidence.

    The design effect is that at the confidence above which this recall lies here.
    """
    import numpy as np

    number = scores.support
    if not number:
        return Reached(None, 0.0, "there is no gold mention")
    ordered = np.concatenate(
        [np.full(len(scores.missed_rows), -inf), scores.confidence[scores.right][::-1]]
    )
    cut = float(ordered[min(number - 1, round(number * (1 - recall)))])
    effective = _effective(scores, cut)
    share = needed_share(effective, recall, confidence)
    if share is None:
        least = least_number(recall, confidence)
        return Reached(
            None,
            effective,
            f"{number} gold mentions are worth {floor(effective)} independent ones here, and it "
            f"takes {least} even if every one were found",
        )
    threshold = rank_value(ordered, number * (1 - share) + 1)
    if threshold == -inf:
        found = number - len(scores.missed_rows)
        return Reached(
            None,
            effective,
            f"without any threshold {found} of {number} gold mentions are found, which is "
            f"{found / number:.3f}, and it takes {share:.3f} of them",
        )
    return Reached(_shortened(threshold, scores), effective, None)


def _shortened(threshold: float, scores: Scores) -> float:
    """The same with fewer digits, and a twentieth of the way to the next lower confidence at most
    below it: further down, more would be promised than has to be."""
    import numpy as np

    below = scores.confidence[scores.confidence < threshold]
    low = float(np.max(below)) if len(below) else 0.0
    return short_between(threshold - (threshold - low) / 20, threshold)


def _effective(scores: Scores, cut: float) -> float:
    import numpy as np

    counts = np.stack([scores.table(cut)[:, 0], scores.gold], axis=1)
    units = Units(scores.documents)
    above, sizes = units.fold(counts).T
    holding = sizes > 0
    degrees = units.evidence(scores.gold[:, None]).degrees
    return effective_number(above[holding], sizes[holding], degrees)


def guarantee(
    scores: Scores,
    resampler: Resampler,
    *,
    recall: float,
    confidence: float,
    folds: int,
    seed: int,
) -> Guarantee:
    """The threshold, and what it costs: precision and recall of each fold at the threshold that the
    other folds give, pooled. A fold whose others give none is measured without any."""
    reached = recall_threshold(scores, recall, confidence)
    now = counts_of(scores.table(0.0), 1.0)
    common: dict[str, Any] = {
        "recall": recall,
        "confidence": confidence,
        "effective": reached.effective,
        "mentions": scores.support,
        "now": defined(now.score(now.total, "recall")),
        "precision_now": defined(now.score(now.total, "precision")),
        "lacking": reached.reason,
    }
    if reached.threshold is None:
        return Guarantee(**common, threshold=None)

    def choose(others: Scores) -> float:
        return recall_threshold(others, recall, confidence).threshold or 0.0

    table, _ = held_out(scores, choose, folds=folds, seed=seed)
    then = rates_of(table, resampler)
    here = counts_of(scores.table(reached.threshold), 1.0, "recall")
    return Guarantee(
        **common,
        threshold=reached.threshold,
        found=here.value,
        precision=then["precision"][0],
        precision_interval=then["precision"][1].bounds,
        held_out_recall=then["recall"][0],
        held_out_interval=then["recall"][1].bounds,
    )
