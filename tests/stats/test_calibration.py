"""Calibration errors by hand, and what their interval does where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from harness.stats.calibration import Calibration, calibration
from harness.stats.resample import Resampler


def _of(
    confidence: list[float], right: list[bool], bins: int = 2, documents: int = 8
) -> Calibration:
    rows = np.arange(len(confidence)) % documents
    resampler = Resampler(range(documents), resamples=400, seed=0)
    return calibration(confidence, right, rows, resampler, of=documents, bins=bins)


def test_by_hand() -> None:
    """Below: .2 said, a quarter right. Above: .8 said, half right. Half of .05 and .3."""
    found = _of([0.2] * 8 + [0.8] * 8, [True, False, False, False] * 2 + [True, False] * 4)
    assert found.ece == pytest.approx(0.5 * 0.05 + 0.5 * 0.3)
    low, high = found.bins
    assert (low.n, low.confidence, low.right) == (8, pytest.approx(0.2), 0.25)
    assert (high.low, high.high, high.right) == (0.8, 0.8, 0.5)
    assert high.interval is not None and high.interval[0] < 0.5 < high.interval[1]


def test_equal_confidences_are_in_one_bin() -> None:
    found = _of([0.4] + [0.5] * 20 + [0.9] * 11, [True] * 32, bins=3)
    assert [(one.low, one.high, one.n) for one in found.bins] == [
        (0.4, 0.4, 1),
        (0.5, 0.5, 20),
        (0.9, 0.9, 11),
    ]
    assert _of([0.7] * 16, [True] * 16).bins[0].n == 16


def test_noise_is_no_error() -> None:
    """Confidences that are right: the error as defined is far from 0, its interval has 0."""
    rng = np.random.default_rng(7)
    confidence = rng.uniform(0.3, 1.0, 320)
    right = rng.random(320) < confidence
    found = _of(confidence.tolist(), right.tolist(), bins=10, documents=80)
    assert found.ece > 0.03 and found.interval.low == 0.0
    assert found.corrected is not None and found.corrected < found.ece


def test_too_few_documents_have_no_interval() -> None:
    found = _of([0.2, 0.9] * 10, [False, True] * 10, documents=2)
    assert found.interval.bounds is None and found.interval.lacking and found.corrected is None
    assert found.ece == pytest.approx(0.5 * 0.2 + 0.5 * 0.1)
