"""More units than are drawn one by one: random groups, and swaps of those that differ alike."""

from __future__ import annotations

import hashlib
import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_intervals import interval, paired_interval
from plain_rates import f1
from support import examples

from harness.stats import permutation, swaps
from harness.stats.permutation import swap_test
from harness.stats.resample import Resampler
from harness.stats.units import MOST_UNITS, Units

MANY = 20_999  # Not a multiple of the number of groups: half of them have one unit more.


def table(rows: int, columns: int = 3, seed: int = 0) -> Any:
    """Halves from 0 to 2 that no generator has to give."""
    i, j = np.arange(rows)[:, None], np.arange(columns)
    return ((i * 7919 + j * 104729 + seed * 31) ** 2 % 10007 % 5).astype(float) / 2


def digest(values: Any) -> str:
    return hashlib.sha256(np.ascontiguousarray(values, "<f8").tobytes()).hexdigest()[:16]


def answers(gold: Any, skill: float, rng: Any) -> Any:
    """Right, predicted and gold of a backend."""
    right = rng.binomial(gold, skill)
    return np.stack([right, right + rng.poisson(0.2, len(gold)), gold], axis=1).astype(float)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Units count as many from the first one on."""
    for module in (permutation, swaps):
        monkeypatch.setattr(module, "MOST_UNITS", 0)


@pytest.mark.parametrize(
    ("documents", "seed", "expected"),
    [
        ([i // 3 for i in range(90)], 0, "f332ff842852e90e"),
        ([i // 3 for i in range(90)], 3, "6c7a41d1ab3cf943"),
        ([i // 300 for i in range(900)], 0, "633630e3ec71db44"),
        ([i // 300 for i in range(900)], 3, "498d2bdf046f1060"),
        ([i * 37 % 50 for i in range(400)], 0, "df651c0a9b090833"),
        (list(range(3000)), 3, "47f2ac723f4de74f"),
    ],
)
def test_few_units_are_drawn_as_in_0_8(documents: list[int], seed: int, expected: str) -> None:
    """Sums of version 0.8.0, to the last bit."""
    resampler = Resampler(documents, resamples=2500, seed=seed)
    assert digest(resampler.sums(table(len(documents)))) == expected


def test_the_last_number_of_units_that_is_drawn_as_in_0_8() -> None:
    resampler = Resampler(range(MOST_UNITS), resamples=40, seed=1)
    assert digest(resampler.sums(table(MOST_UNITS))) == "3bed2773f559df05"
    evidence = resampler.units.evidence(table(MOST_UNITS))
    assert (evidence.effective, evidence.degrees) == (17193.423449726655, 17192.423449726655)


@pytest.mark.parametrize(
    ("units", "columns", "seed", "expected"),
    [
        (400, 4, 0, 0.09966777408637874),
        (400, 4, 7, 0.08637873754152824),
        (3000, 8, 1, 0.2026578073089701),
        (20_000, 4, 2, 0.9800664451827242),
    ],
)
def test_few_units_are_swapped_as_in_0_8(
    units: int, columns: int, seed: int, expected: float
) -> None:
    found = swap_test(
        table(units, columns),
        table(units, columns, 5),
        lambda counts: f1(counts[..., :3]),
        trials=300,
        seed=seed,
    )
    assert (found.p_value, found.units, found.exact) == (expected, units, False)


@pytest.mark.parametrize(
    "documents",
    [range(50), [i // 3 for i in range(150)], [i * 37 % 50 for i in range(400)], [5, 3] * 40],
)
def test_counts_are_folded_in_any_order(documents: Any) -> None:
    units = Units(documents)
    numbers = np.unique(np.asarray(documents), return_inverse=True)[1]
    counts = table(len(documents))
    expected = np.zeros((numbers.max() + 1, 3))
    np.add.at(expected, numbers, counts)
    assert (units.fold(counts) == (expected if units.unit == "document" else counts)).all()


def test_separate_calls_draw_the_same() -> None:
    """Of more than one paragraph a document, in any order, in tables of any type."""
    documents = np.random.default_rng(0).permutation(np.arange(2 * MANY) // 2)
    one, two = table(len(documents)), np.rint(table(len(documents), 2, 1)).astype(np.uint8)
    resampler = Resampler(documents.tolist(), resamples=50, seed=3)
    apart = [resampler.sums(one), resampler.sums(two)]
    other = Resampler(documents.tolist(), resamples=50, seed=3)
    assert (other.sums(np.concatenate([one, two], axis=1)) == np.concatenate(apart, axis=1)).all()
    assert (resampler.sums(one) == apart[0]).all()
    another = Resampler(documents.tolist(), resamples=50, seed=4)
    assert (another.sums(one) != apart[0]).any()


def test_groups_follow_the_seed_and_not_the_draws() -> None:
    units = Units(range(MANY))
    assert (units.groups(1) == units.groups(1)).all()
    assert (units.groups(1) != units.groups(2)).mean() > 0.99
    # Neighbours, which may be alike, share a group no more often than others.
    assert (np.diff(units.groups(1)) == 0).mean() == pytest.approx(1 / 2000, abs=6e-4)


def test_no_variance_comes_from_the_sizes_of_groups() -> None:
    """Where all units are equal every resample has the same sum."""
    for documents in (range(MANY), [min(i // 5000, 4) for i in range(MANY)]):
        sums = Resampler(documents, resamples=100, seed=1).sums(np.full((MANY, 1), 7.0))
        assert sums == pytest.approx(7.0 * MANY, rel=1e-12)


@given(st.lists(st.integers(0, 9_000), min_size=3, max_size=6), st.integers(20_001, 40_000))
@settings(max_examples=examples(10), deadline=None)
def test_groups_are_made_within_strata(sizes: list[int], most: int) -> None:
    """All have the same number of units but for one, and none stands alone."""
    sizes = [most, *sizes]
    documents = np.repeat(np.arange(len(sizes)), sizes)
    units = Units(documents)
    labels = units.groups(5)
    numbers = np.bincount(labels, minlength=sum(units.sizes))
    assert 1 not in units.sizes and 1900 < sum(units.sizes) <= 2700
    first = 0
    for size in units.sizes:  # Groups of a size are drawn from each other.
        assert len(set(numbers[first : first + size])) == 1
        first += size
    assert first == len(numbers)
    for stratum in units.strata:
        mine = np.unique(labels[stratum])
        assert numbers[mine].sum() == len(stratum)
        assert numbers[mine].max() - numbers[mine].min() <= 1
        assert len(mine) >= min(len(stratum), 95)


def test_groups_vary_as_their_units_do_on_average() -> None:
    """Of a stratum of n groups the sum varies by n s^2; over many partitions that of all units."""
    rng = np.random.default_rng(2)
    values = rng.gamma(0.3, 5.0, MANY)
    units = Units(range(MANY))
    found = []
    for seed in range(150):
        sums = np.bincount(units.groups(seed), values)
        parts = np.split(sums, np.cumsum(units.sizes)[:-1])
        found.append(sum(len(part) * part.var(ddof=1) for part in parts))
    assert np.mean(found) == pytest.approx(MANY * values.var(ddof=1), rel=0.01)
    assert np.std(found) / np.mean(found) < 0.06


def test_standard_errors_are_those_of_the_delta_method() -> None:
    """Of F1 and of a difference, in 60,000 documents of which some are much larger than others."""
    rng = np.random.default_rng(3)
    gold = rng.poisson(rng.gamma(0.5, 4.0, 60_000))
    one, two = answers(gold, 0.8, rng), answers(gold, 0.7, rng)
    errors = []
    for seed in range(4):
        resampler = Resampler(range(60_000), resamples=2000, seed=seed)
        alone, paired = interval(one, resampler), paired_interval(one, two, resampler)
        errors.append((alone.standard_error, paired.standard_error))
    influence = [2 * (t[:, 0] - f1(t.sum(axis=0)) / 2 * (t[:, 1] + t[:, 2])) for t in (one, two)]
    influence = [x / t[:, 1:].sum() for x, t in zip(influence, (one, two), strict=True)]
    expected = [
        math.sqrt(len(gold)) * x.std(ddof=1) for x in (influence[0], influence[1] - influence[0])
    ]
    assert np.asarray(errors) / expected == pytest.approx(np.ones((4, 2)), rel=0.05)
    assert np.mean(errors, axis=0) / expected == pytest.approx(np.ones(2), rel=0.025)


def test_a_rare_type_is_drawn_as_its_few_documents_are() -> None:
    """Groups hold one of them at most: the number of resamples without any is (1 - 1/n)^n."""
    counts = np.zeros((MANY, 3))
    counts[:3] = 1
    sums = Resampler(range(MANY), resamples=10_000, seed=2).sums(counts)[:, 0]
    assert (sums == 0).mean() == pytest.approx(math.exp(-3), abs=0.008)
    assert sums.var() == pytest.approx(3, rel=0.05)


def test_degrees_of_freedom_are_those_of_groups() -> None:
    """Two strata of groups, of 10 units and of 11; and Kish's formula on the groups' counts."""
    units = Units(range(MANY))
    assert sum(units.sizes) == 2000 and len(units.sizes) == 2
    assert units.evidence(np.ones((MANY, 1))).degrees == pytest.approx(1998)
    weights = np.random.default_rng(1).gamma(0.05, 1.0, (MANY, 1))
    evidence = units.evidence(weights)
    squares = [(np.bincount(units.groups(seed), weights[:, 0]) ** 2).sum() for seed in range(20)]
    assert evidence.effective == pytest.approx(weights.sum() ** 2 / np.mean(squares), rel=0.03)
    assert evidence.units == (weights > 0).sum()
    alone = np.zeros((MANY, 1))
    alone[:30] = 1
    assert 28 < units.evidence(alone).effective < 30
    assert units.evidence(0 * alone).effective == 0


def pairs(units: int, seed: int, *, skill: float = 0.82) -> tuple[Any, Any]:
    """Two backends on the same gold, of which right and predicted differ."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(1, 4, units)
    return answers(gold, 0.8, rng), answers(gold, skill, rng)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(("shared", "single"), [(64, 5000), (1, 5000), (10**9, 5000), (64, 120)])
def test_swaps_together_agree_with_all_assignments(
    shared: int, single: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By binomial draws for some, for all, for none; and with the others in groups."""
    one, two = pairs(500, 8)
    with monkeypatch.context() as patch:
        patch.setattr(permutation, "MOST_UNITS", MOST_UNITS)
        exact = swap_test(one, two, f1)
    assert exact.exact and exact.p_value is not None and 0.01 < exact.p_value < 0.5
    monkeypatch.setattr(swaps, "_SHARED", shared)
    monkeypatch.setattr(swaps, "_SINGLE", single)
    found = swap_test(one, two, f1, trials=40_000)
    assert (found.exact, found.units, found.difference) == (False, exact.units, exact.difference)
    spread = 4 * math.sqrt(exact.p_value * (1 - exact.p_value) / 40_000)
    if single < 5000:
        # A random partition makes groups vary by sqrt(2 / 120) from what their units do.
        spread += 0.04
    assert found.p_value == pytest.approx(exact.p_value, abs=spread)


def test_swaps_together_agree_with_swaps_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 26,000 documents that differ; with the sides exchanged p is the same."""
    one, two = pairs(40_000, 5, skill=0.803)
    found = swap_test(one, two, f1, trials=4000)
    assert found.units > MOST_UNITS and found.p_value is not None
    assert swap_test(two, one, f1, trials=4000).p_value == found.p_value
    monkeypatch.setattr(swaps, "MOST_UNITS", 10**9)
    bits = swap_test(one, two, f1, trials=4000)
    assert bits.p_value is not None and 0.01 < bits.p_value < 0.9
    spread = 4 * math.sqrt(2 * bits.p_value * (1 - bits.p_value) / 4000)
    assert found.p_value == pytest.approx(bits.p_value, abs=spread)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("single", [5000, 60])
def test_p_values_are_uniform_where_nothing_differs(
    single: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """300 pairs of equal backends, with the units that no others are like alone and in groups."""
    monkeypatch.setattr(swaps, "_SINGLE", single)
    monkeypatch.setattr(swaps, "_SHARED", 40)
    found = sorted(
        swap_test(*pairs(300, seed, skill=0.8), f1, trials=199).p_value or 0.0
        for seed in range(300)
    )
    furthest = np.abs(np.arange(1, 301) / 300 - found).max()
    assert furthest < 1.63 / math.sqrt(300)  # Kolmogorov's test at 1 %.


@pytest.mark.usefixtures("few")
def test_differences_with_the_same_code_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """(2, 4), (4, 2) and (6, 0) have one code; nine in ten are the first, in either direction."""
    monkeypatch.setattr(swaps, "_factors", lambda columns: np.ones(columns, dtype=np.int64))
    rng = np.random.default_rng(0)
    steps = np.array([[1.0, 2.0]] * 900 + [[2.0, 1.0]] * 60 + [[3.0, 0.0]] * 40)
    steps *= rng.choice([-1, 1], 1000)[:, None]
    first = np.full((1000, 2), 10.0)
    draw = swaps.random_swaps(first, first + steps, np.arange(1000), rng)
    moved = np.concatenate(list(draw(20_000, rng))) / 2
    assert moved.mean(axis=0) == pytest.approx(steps.sum(axis=0) / 2, abs=1.5)
    expected = steps.T @ steps / 4
    assert np.cov(moved.T) == pytest.approx(expected, rel=0.05)


def test_little_memory_is_taken() -> None:
    """300,000 documents: 10,000 resamples of 20 columns, and a test; counts are there before."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(1.0, (300_000, 20)).astype(np.uint8)
    one, two = (counts[:, columns].astype(float) for columns in ([0, 1, 2], [3, 4, 2]))
    resampler = Resampler(range(300_000), resamples=10_000)
    for work, limit in (
        (lambda: resampler.sums(counts), 24),
        (lambda: resampler.units.evidence(one, counts), 16),
        (lambda: swap_test(one, two, f1), 40),
    ):
        tracemalloc.start()
        work()
        peak = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
        assert peak < limit
