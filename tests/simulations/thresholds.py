"""What is said of thresholds, against populations of which everything is known.

A gold mention has a strength, normal around 0, and is found where that is not far below; a spurious
prediction has one too, normal around `apart` below. Documents differ by `sd`. So the share that is
right among predictions of a strength, recall and precision at any threshold, and the best one are
known by formula.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import log, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np

from harness.decide.threshold.crossfit import best
from harness.decide.threshold.curve import best_threshold
from harness.decide.threshold.guarantee import recall_threshold
from harness.decide.threshold.scores import Scores
from harness.stats.calibration import calibration
from harness.stats.resample import Resampler

RESAMPLES = 500
_NEVER = -2.2
"""Below this strength a mention is missed."""


@dataclass(frozen=True)
class Confident:
    """How predictions with confidences come about."""

    documents: int
    mentions: int
    """Gold mentions of a document, on average."""
    sd: float = 0.0
    spurious: float = 0.5
    """Spurious predictions for each gold mention."""
    apart: float = 1.5
    sure: float = 1.0
    """1: confidences are probabilities; above, they are too sure of themselves."""

    @property
    def setting(self) -> str:
        return f"{self.documents} documents × {self.mentions} mentions"

    @cached_property
    def _width(self) -> float:
        return sqrt(1 + self.sd**2)

    def confidence(self, strength: Any) -> Any:
        """Log odds that a prediction of this strength is right, stretched by `sure`."""
        odds = self.apart * strength + self.apart**2 / 2
        return 1 / (1 + np.exp(-self.sure * (odds / self._width**2 - log(self.spurious))))

    def strength(self, confidence: float) -> float:
        """The inverse."""
        if not 0 < confidence < 1:
            return -1e9 if confidence <= 0 else 1e9
        odds = log(confidence / (1 - confidence)) / self.sure + log(self.spurious)
        return float((odds * self._width**2 - self.apart**2 / 2) / self.apart)

    def shares(self, threshold: float) -> tuple[float, float]:
        """Found, and spurious ones for each gold mention, at a threshold."""
        cut = max(self.strength(threshold), _NEVER)
        found = 1 - NormalDist(0, self._width).cdf(cut)
        wrong = 1 - NormalDist(-self.apart, self._width).cdf(cut)
        return found, self.spurious * wrong

    def f1(self, threshold: float) -> float:
        found, wrong = self.shares(threshold)
        return 2 * found / (found + wrong + 1)

    @cached_property
    def best(self) -> float:
        """The largest F1 of any threshold."""
        return max(self.f1(one) for one in np.linspace(0, 1, 2001))


def draw(world: Confident, rng: Any) -> Scores:
    """One corpus; a document is one row."""
    sizes = 1 + rng.poisson(world.mentions - 1, world.documents)
    ease = rng.normal(0, world.sd, world.documents)
    doc = np.repeat(np.arange(world.documents), sizes)
    strength = rng.normal(0, 1, len(doc)) + ease[doc]
    found = strength > _NEVER
    number = rng.poisson(world.spurious * world.mentions, world.documents)
    other = np.repeat(np.arange(world.documents), number)
    luring = rng.normal(0, world.sd, world.documents)
    lure = rng.normal(-world.apart, 1, len(other)) + luring[other]
    answered = lure > _NEVER
    confidence = world.confidence(np.concatenate([strength[found], lure[answered]]))
    order = np.argsort(-confidence, kind="stable")
    missed = doc[~found]
    return Scores(
        confidence[order],
        np.concatenate([found[found], ~answered[answered]])[order],
        np.concatenate([doc[found], other[answered]])[order],
        np.full(len(order), "A", dtype=object),
        missed,
        np.full(len(missed), "A", dtype=object),
        np.arange(world.documents),
    )


def kept(world: Confident, runs: int) -> float:
    """Draws in which the recall is what was guaranteed, or nothing was."""
    held = []
    for scores, _ in _draws(world, runs):
        threshold = recall_threshold(scores, 0.9, 0.95).threshold
        held.append(threshold is None or world.shares(threshold)[0] >= 0.9)
    return float(np.mean(held))


def lost(world: Confident, runs: int) -> float:
    """By how much the chosen threshold's F1 elsewhere is below the best there, on average."""
    chosen = (best_threshold(scores, 1.0) or 0.0 for scores, _ in _draws(world, runs))
    return float(np.mean([world.best - world.f1(one) for one in chosen]))


def flattered(world: Confident, runs: int) -> float:
    """By how much the chosen threshold's F1 is higher where it was chosen than elsewhere."""
    more = []
    for scores, _ in _draws(world, runs):
        chosen = best_threshold(scores, 1.0) or 0.0
        found, gold, _, predicted = scores.table(chosen).sum(axis=0)
        more.append(2 * found / (gold + predicted) - world.f1(chosen))
    return float(np.mean(more))


def stated(world: Confident, runs: int) -> float:
    """Intervals of the cross-fitted F1 that hold what the chosen threshold has elsewhere."""
    held = []
    for scores, seed in _draws(world, runs):
        one = _best(scores, seed)
        low, high = one.interval
        held.append(low <= world.f1(one.threshold) <= high)
    return float(np.mean(held))


def promised(world: Confident, runs: int) -> float:
    """Draws in which a gain is told that the chosen threshold does not have elsewhere."""
    told = []
    for scores, seed in _draws(world, runs):
        one = _best(scores, seed)
        told.append(one.better and world.f1(one.threshold) <= world.f1(0.0))
    return float(np.mean(told))


def calibrated(world: Confident, runs: int) -> float:
    """Intervals of the calibration error that hold the population's in the same bins."""
    held = []
    for scores, seed in _draws(world, runs):
        found = calibration(
            scores.confidence,
            scores.right,
            scores.rows,
            Resampler(scores.documents, resamples=RESAMPLES, seed=seed),
            of=len(scores.documents),
        )
        low, high = found.interval.bounds or (0.0, 1.0)
        truth = error_in_bins(world, [one.low for one in found.bins][1:])
        held.append(low - 5e-4 <= truth <= high + 5e-4)
    return float(np.mean(held))


def error_in_bins(world: Confident, edges: list[float]) -> float:
    """The population's calibration error in bins that begin at these confidences."""
    width = sqrt(1 + world.sd**2)
    grid = np.linspace(_NEVER, 6 * width, 4001)
    right = np.exp(-((grid / width) ** 2) / 2)
    wrong = world.spurious * np.exp(-(((grid + world.apart) / width) ** 2) / 2)
    confidence = world.confidence(grid)
    place = np.searchsorted(edges, confidence, side="right")
    gap = np.bincount(place, right - confidence * (right + wrong), minlength=len(edges) + 1)
    return float(np.abs(gap).sum() / (right + wrong).sum())


def _best(scores: Scores, seed: int) -> Any:
    resampler = Resampler(scores.documents, resamples=RESAMPLES, seed=seed)
    return best(scores, resampler, beta=1.0, folds=10, seed=seed)


def _draws(world: Confident, runs: int) -> Iterator[tuple[Scores, int]]:
    rng = np.random.default_rng(31_415 + world.documents)
    for run in range(runs):
        yield draw(world, rng), run
