"""Intervals and power as scipy and statsmodels compute them.

Tests of p-values and quantiles against them stand with their subject, in `test_permutation` and
`test_resample`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from plain_intervals import interval, paired_interval
from plain_rates import f1

from harness.stats.power import POWER, detectable_difference
from harness.stats.resample import Interval, Resampler
from harness.stats.units import SampleSize

pytestmark = pytest.mark.slow

RESAMPLES = 100_000
DOCUMENTS = 12
# At n = 12 Student's correction moves an end by 0.24 of a standard error, and drawing n instead of
# n - 1 by 0.10; two Monte Carlo ends of so many resamples differ by 0.017, in standard deviation.
CLOSE = 0.06


def mean(sums: Any) -> Any:
    """Of what is summed up over the documents."""
    return sums[..., 0] / DOCUMENTS


def characters(seed: int) -> Any:
    """One count a document, as skewed as lengths are, and so large that sums hardly ever tie."""
    return np.random.default_rng(seed).gamma(4.0, 250.0, (DOCUMENTS, 1)).astype(int)


def counts(seed: int) -> Any:
    """`(right, predicted, gold)` of each document, for two backends."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(8, 20, DOCUMENTS)
    both = []
    for skill in (0.6, 0.8):
        right = rng.binomial(gold, skill)
        both.append(np.stack([right, right + rng.binomial(gold, 0.3), gold], axis=1))
    return both


def by_scipy(samples: Sequence[Any], statistic: Any, tail: float, *, paired: bool) -> Any:
    stats = pytest.importorskip("scipy.stats")
    return stats.bootstrap(
        samples,
        statistic,
        paired=paired,
        vectorized=not paired,
        n_resamples=RESAMPLES if not paired else RESAMPLES // 4,
        confidence_level=1 - 2 * tail,
        method="percentile",
        rng=np.random.default_rng(2),
    )


def agree(ours: Interval, theirs: Any, tolerance: float = CLOSE) -> None:
    error = ours.standard_error
    assert error is not None and ours.bounds is not None
    assert error == pytest.approx(float(theirs.standard_error), rel=0.02)
    for end, other in zip(ours.bounds, theirs.confidence_interval, strict=True):
        assert end == pytest.approx(float(other), abs=tolerance * error)


def level_of(found: Interval) -> float:
    """The tail at which a percentile interval without Student's correction has the same ends."""
    stats = pytest.importorskip("scipy.stats")
    return float(stats.norm.sf(stats.t.isf((1 - found.level) / 2, found.degrees)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_interval_of_a_mean_with_scipy(seed: int, level: float) -> None:
    """Of scipy's n draws the first n - 1 are taken, at the tail that Student's t moves ours to."""
    table = characters(seed)
    found = interval(table, Resampler(range(DOCUMENTS), resamples=RESAMPLES), mean, level=level)

    def of_fewer(values: Any, axis: int = -1) -> Any:
        return np.moveaxis(values, axis, -1)[..., :-1].mean(axis=-1)

    agree(found, by_scipy([table[:, 0]], of_fewer, level_of(found), paired=False))


@pytest.mark.parametrize("seed", range(3))
def test_the_standard_error_of_a_mean_with_scipy(seed: int) -> None:
    """Drawing n - 1 makes it s / sqrt(n), which drawing n would miss by sqrt((n - 1) / n)."""
    stats = pytest.importorskip("scipy.stats")
    table = characters(seed)
    found = interval(table, Resampler(range(DOCUMENTS), resamples=RESAMPLES), mean)
    assert found.standard_error == pytest.approx(stats.sem(table[:, 0]), rel=0.01)


def test_the_interval_of_a_mean_is_students_where_means_are_normal() -> None:
    """With scipy's t interval: 40 documents of symmetric counts, where both should hold alike."""
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(8).binomial(200, 0.5, 40)
    found = interval(
        values[:, None], Resampler(range(40), resamples=RESAMPLES), lambda sums: sums[..., 0] / 40
    )
    error = stats.sem(values)
    low, high = stats.t.interval(0.95, 39, values.mean(), error)
    assert found.low == pytest.approx(low, abs=CLOSE * error)
    assert found.high == pytest.approx(high, abs=CLOSE * error)


@pytest.mark.slow
@pytest.mark.parametrize("both", [False, True])
def test_the_interval_of_f1_and_of_a_difference_with_scipy(both: bool) -> None:
    """All columns of a document are drawn together, and both backends on the same documents."""
    one, two = counts(4)
    resampler = Resampler(range(DOCUMENTS), resamples=RESAMPLES)
    found = paired_interval(one, two, resampler) if both else interval(two, resampler)

    def statistic(numbers: Any) -> Any:
        drawn = np.asarray(numbers, int)[:-1]
        second = f1(two[drawn].sum(axis=0).astype(float))
        return second - f1(one[drawn].sum(axis=0).astype(float)) if both else second

    theirs = by_scipy([np.arange(DOCUMENTS)], statistic, level_of(found), paired=True)
    agree(found, theirs, tolerance=1.6 * CLOSE)


def test_paragraphs_within_documents_with_scipy() -> None:
    """Few documents: each is a sample of its own, whose n - 1 draws weigh n / (n - 1)."""
    rng = np.random.default_rng(6)
    samples = [rng.poisson(rate, size) for rate, size in ((2, 6), (9, 4), (5, 11))]
    documents = [number for number, sample in enumerate(samples) for _ in sample]
    found = interval(
        np.concatenate(samples)[:, None],
        Resampler(documents, resamples=RESAMPLES),
        lambda sums: sums[..., 0],
    )

    def total(*drawn: Any, axis: int = -1) -> Any:
        rows = [np.moveaxis(sample, axis, -1) for sample in drawn]
        return sum(row.shape[-1] * row[..., :-1].mean(axis=-1) for row in rows)

    agree(found, by_scipy(samples, total, level_of(found), paired=False))


def behind(degrees: float) -> SampleSize:
    """So many degrees of freedom."""
    return SampleSize("document", round(degrees) + 1, degrees + 1, degrees)


def power_by_statsmodels(degrees: float, factor: int) -> float:
    """The exact power of a paired t test at the difference that we call detectable."""
    power = pytest.importorskip("statsmodels.stats.power")
    difference = detectable_difference(
        Interval(-0.01, 0.01, 0.01, degrees), behind(degrees), factor=factor
    )
    assert difference is not None
    units = degrees + 1
    return float(
        power.TTestPower().power(
            100 * difference / math.sqrt(units), units, 0.05 / factor, df=degrees
        )
    )


@pytest.mark.parametrize("degrees", [7, 8.5, 10, 15, 20.3, 30, 60, 119, 121, 500])
def test_detectable_differences_are_found_four_times_in_five(degrees: float) -> None:
    """By the noncentral t, from the 7 degrees of freedom on that 8 documents have."""
    assert power_by_statsmodels(degrees, 1) == pytest.approx(POWER, abs=0.005)


@pytest.mark.parametrize(
    ("degrees", "factor", "least"),
    [(7, 3, 0.78), (7, 10, 0.76), (15, 10, 0.78), (15, 45, 0.77), (30, 45, 0.78), (60, 45, 0.79)],
)
def test_few_documents_and_many_pairs_find_a_little_less(
    degrees: float, factor: int, least: float
) -> None:
    """Far out the approximation promises too much, by a few points where units are few."""
    assert least < power_by_statsmodels(degrees, factor) < POWER + 0.002


@pytest.mark.parametrize("documents", [8, 12, 25, 80])
def test_the_detectable_difference_with_statsmodels(documents: int) -> None:
    """Solved for the difference itself, within 1 %."""
    power = pytest.importorskip("statsmodels.stats.power")
    ours = detectable_difference(Interval(-0.01, 0.01, 0.01, documents - 1), behind(documents - 1))
    effect = power.TTestPower().solve_power(None, documents, 0.05, POWER)
    assert ours == pytest.approx(0.01 * float(effect) * math.sqrt(documents), rel=0.01)
