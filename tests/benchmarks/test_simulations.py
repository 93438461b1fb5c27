"""The simulations of docs/statistics.md in small; all of them are `simulations.py` beside this."""

from __future__ import annotations

import pytest
from benchmarks import simulations
from benchmarks.simulations import Corpus, Gate


@pytest.fixture(scope="module")
def gate() -> Gate:
    return Gate(200)


@pytest.mark.parametrize("corpus", [Corpus(5, 12), Corpus(29, 2), Corpus(60, 3)])
def test_intervals_hold_the_truth(corpus: Corpus) -> None:
    """95 % of 300: the binomial distribution allows 273 to 296 (three standard errors)."""
    own, _, width = simulations.coverage(corpus, runs=300, resamples=500)
    assert 0.91 <= own <= 0.987
    assert 0 < width < 0.2


def test_a_loss_of_5_percent_is_caught(gate: Gate) -> None:
    assert simulations.caught(gate, share=0.05, seeds=20, resamples=500) >= 19


def test_an_unchanged_backend_never_fails(gate: Gate) -> None:
    assert simulations.unchanged(gate, runs=10, resamples=500) == 0


def test_noise_seldom_fails(gate: Gate) -> None:
    assert simulations.noise(gate, runs=10, resamples=400) <= 1


def test_the_stated_power_is_about_right(gate: Gate) -> None:
    drop, share = simulations.power(gate, seeds=25, resamples=400)
    assert 1.0 < drop < 3.0
    assert 0.6 <= share <= 1.0
