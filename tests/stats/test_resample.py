"""Intervals: what is drawn, how wide they are, and when there is none."""

from __future__ import annotations

import time

import numpy as np
import pytest
from plain_intervals import interval, paired_interval
from plain_rates import f1, precision

from harness.stats.permutation import randomisation_test
from harness.stats.resample import (
    Resampler,
    enough_resamples,
    shown_by,
)
from harness.stats.student import student_quantile
from harness.stats.units import Units, sampling_unit


def test_the_unit_depends_on_the_number_of_documents() -> None:
    assert sampling_unit(7) == "paragraph" and sampling_unit(8) == "document"
    assert Resampler([7, 7, 9]).unit == "paragraph"
    assert Resampler(range(8)).unit == "document"


def test_equal_units_give_an_interval_without_width() -> None:
    found = interval([(3, 4, 5)] * 40, Resampler([i // 4 for i in range(40)], resamples=200))
    assert found.low == found.high == pytest.approx(6 / 9)
    assert found.standard_error == pytest.approx(0.0, abs=1e-12)


def test_resampled_totals_have_the_right_mean_and_variance() -> None:
    """Two documents of 2 and 8 paragraphs: the variance of a stratum's total is n s^2."""
    table = np.array([[2.0], [6.0], [1.0], [4.0], [0.0], [5.0], [2.0], [7.0], [3.0], [1.0]])
    documents = [0, 0, *[1] * 8]
    sums = Resampler(documents, resamples=200_000, seed=3).sums(table)[:, 0]
    expected = sum(len(part) * part.var(ddof=1) for part in (table[:2, 0], table[2:, 0]))
    assert sums.mean() == pytest.approx(table.sum(), abs=0.1)
    assert sums.var() == pytest.approx(expected, rel=0.02)


def test_documents_of_one_paragraph_share_a_stratum() -> None:
    rows = [(i % 3, 3, 3) for i in range(10)]
    alone = interval(rows, Resampler(range(10), resamples=500))
    assert alone.standard_error is not None and alone.standard_error > 0.05
    mixed = interval(rows, Resampler([0] * 9 + [1], resamples=500))
    assert mixed.standard_error is not None and mixed.standard_error > 0.05


def test_the_names_of_documents_do_not_matter() -> None:
    rows = [(i % 3, 3, 3) for i in range(12)]
    one = interval(rows, Resampler([0] * 6 + [1] * 6, resamples=300))
    two = interval(rows, Resampler([40] * 6 + [90] * 6, resamples=300))
    assert (one.low, one.high) == (two.low, two.high)


def test_the_seed_decides() -> None:
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 4, (50, 3))
    documents = [i // 10 for i in range(50)]
    first, again, other = (
        interval(rows, Resampler(documents, resamples=300, seed=seed)) for seed in (1, 1, 2)
    )
    assert first == again
    assert (first.low, first.high) != (other.low, other.high)


def test_undefined_intervals() -> None:
    found = interval([(0, 0, 3)] * 5, Resampler([0] * 5, resamples=50), precision)
    assert (found.low, found.high, found.standard_error) == (None, None, None)
    assert found.bounds is None and found.lacking is not None
    nothing = interval(np.zeros((0, 3)), Resampler([], resamples=50))
    assert nothing.low is None


def test_wider_levels_give_wider_intervals() -> None:
    rng = np.random.default_rng(4)
    gold = rng.integers(1, 6, 60)
    rows = np.stack([rng.binomial(gold, 0.8), gold, gold], axis=1)
    resampler = Resampler([i // 12 for i in range(60)], resamples=2000)
    narrow, wide = interval(rows, resampler, level=0.9), interval(rows, resampler, level=0.99)
    assert wide.low is not None and narrow.low is not None and wide.high is not None
    assert wide.low < narrow.low and wide.level == 0.99


def test_large_counts_add_up_exactly() -> None:
    """Characters of a large corpus exceed what float32 holds."""
    table = np.full((40, 3), 2.0**24 + 1)
    sums = Resampler(range(40), resamples=20).sums(table)
    assert np.allclose(sums, table.sum(axis=0), rtol=1e-12)


@pytest.mark.slow
def test_ten_thousand_resamples_of_a_thousand_documents_are_quick() -> None:
    """5 backends, 18 types: one call, under two seconds of processor time."""
    rows = np.random.default_rng(0).integers(0, 5, (1000, 5 * 18 * 3))
    started = time.process_time()
    scores = f1(Resampler(range(1000)).sums(rows).reshape(10_000, 5, 18, 3))
    np.quantile(scores, [0.025, 0.975], axis=0)
    assert time.process_time() - started < 2.0


def test_swapping_the_systems_mirrors_difference_and_interval() -> None:
    rng = np.random.default_rng(2)
    gold = rng.integers(0, 5, 80)
    one = np.stack([rng.binomial(gold, 0.7), gold, gold], axis=1)
    two = np.stack([rng.binomial(gold, 0.8), gold, gold], axis=1)
    resampler = Resampler([i // 20 for i in range(80)], resamples=500)
    there, back = paired_interval(one, two, resampler), paired_interval(two, one, resampler)
    assert there.low is not None and back.high is not None
    assert there.low == pytest.approx(-back.high)
    assert randomisation_test(one, two, resampler.units, f1).p_value == (
        randomisation_test(two, one, resampler.units, f1).p_value
    )


def test_few_units_have_no_interval() -> None:
    """All mentions in one document of forty, and a text of five paragraphs."""
    alone = np.zeros((40, 3))
    alone[3] = (7, 9, 8)
    found = interval(alone, Resampler(range(40), resamples=50))
    assert found.bounds is None and found.lacking is not None
    assert found.lacking.startswith("only one document holds")
    few = interval([(1, 2, 2)] * 5, Resampler([0] * 5, resamples=50))
    assert few.lacking is not None and few.lacking.startswith("only 5 paragraphs hold")
    assert interval([(1, 2, 2)] * 6, Resampler([0] * 6, resamples=50)).bounds is not None


def test_degrees_of_freedom_are_those_of_the_effective_number() -> None:
    """Kish: (9 + 9)^2 / (9^2 + 9) = 3.6 documents of which one has half of all mentions."""
    units = Units(range(10))
    uneven = [(0, 0, 9), *[(0, 0, 1)] * 9]
    assert units.evidence(uneven).effective == pytest.approx(18**2 / 90)
    assert units.evidence(uneven).degrees == pytest.approx(2.6)
    assert units.evidence([(0, 0, 1)] * 10).degrees == pytest.approx(9)
    two = Units([0] * 5 + [1] * 5)
    assert two.evidence([(0, 0, 1)] * 10).degrees == pytest.approx(8)


def test_more_resamples_where_many_checks_share_the_level() -> None:
    assert enough_resamples(0.95, [30.0], asked=10_000, units=50) == 10_000
    many = enough_resamples(1 - 0.05 / 40, [30.0], asked=10_000, units=50)
    assert many > 50_000 and shown_by(many, 1 - 0.05 / 40, 30.0)
    assert not shown_by(10_000, 1 - 0.05 / 40, 30.0)
    assert enough_resamples(1 - 0.05 / 4000, [30.0], asked=10_000, units=50) == 200_000
    assert enough_resamples(1 - 0.05 / 400, [30.0], asked=10_000, units=20_000) == 10_000
    assert enough_resamples(1 - 0.05 / 4000, [30.0], asked=10_000, units=10**6) == 50_000


def test_student_quantiles_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    for degrees in (1.0, 1.5, 2.6, 7.0, 29.3, 119.9, 121.0, 5000.0):
        for probability in (0.5, 0.8, 0.975, 0.99375, 0.9999, 0.3):
            expected = stats.t.ppf(probability, degrees)
            assert student_quantile(probability, degrees) == pytest.approx(
                expected, rel=2e-4, abs=2e-4
            )
    with pytest.raises(ValueError, match="between 0 and 1"):
        student_quantile(1.0, 5)
