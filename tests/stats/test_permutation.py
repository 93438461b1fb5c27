"""Exact p-values, intervals and corrections against hand-made and independently computed values."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_rates import f1, precision, recall
from support import examples

from harness.stats.permutation import holm, holm_factors, randomisation_test, swap_test
from harness.stats.units import Units

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "significance_cases.json"


def triples(documents: list[list[int]]) -> list[tuple[int, int, int]]:
    return [(tp, tp + fp, tp + fn) for tp, fp, fn in documents]


def enumerated(reference: Any, other: Any, statistic: Any = f1) -> float:
    """The p-value by the definition: every assignment, one by one.

    One that leaves a score undefined is no evidence for a difference, so it is as extreme.
    """
    one, two = np.asarray(reference, float), np.asarray(other, float)
    observed = abs(statistic(two.sum(axis=0)) - statistic(one.sum(axis=0)))
    hits = 0
    for swap in itertools.product([False, True], repeat=len(one)):
        chosen = np.array(swap)[:, None]
        left, right = np.where(chosen, two, one), np.where(chosen, one, two)
        difference = abs(statistic(right.sum(axis=0)) - statistic(left.sum(axis=0)))
        hits += bool(np.isnan(difference) or difference >= observed - 1e-12)
    return hits / 2 ** len(one)


def test_stored_cases() -> None:
    if not VECTORS.exists():
        pytest.skip(f"{VECTORS.name} is not on this machine")
    cases = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]
    assert len(cases) == 9
    for case in cases:
        one, two = triples(case["docs_A_tp_fp_fn"]), triples(case["docs_B_tp_fp_fn"])
        found = swap_test(one, two, f1)
        expected = case["exact_randomization"]
        assert found.exact, case["id"]
        assert found.p_value == pytest.approx(expected["p_two_sided"], abs=1e-9), case["id"]
        # The cases report A - B, the test other - reference.
        assert found.difference == pytest.approx(-case["delta_f1"], abs=1e-9)
        assert expected["count_abs_ge"] / expected["assignments"] == pytest.approx(
            found.p_value, abs=1e-9
        )


def test_by_hand() -> None:
    """Three documents, one gold mention each; only the other system finds any.

    Difference 1 - 0. Of 8 assignments only "none swapped" and "all swapped" are as extreme.
    """
    reference, other = [(0, 0, 1)] * 3, [(1, 1, 1)] * 3
    found = swap_test(reference, other, f1)
    assert found.difference == 1.0
    assert (found.p_value, found.exact, found.assignments) == (0.25, True, 8)


def test_equal_systems_and_a_single_differing_unit_have_p_1() -> None:
    rows = [(1, 2, 3), (0, 1, 4)]
    assert swap_test(rows, rows, f1).p_value == 1.0
    assert swap_test(rows, [(1, 2, 3), (1, 1, 4)], f1).p_value == 1.0


def test_an_undefined_assignment_is_no_evidence() -> None:
    """Nothing is gold, and each system has one wrong prediction: both have F1 0, so p is 1.

    In two of the four assignments one system has both and the other none, whose F1 is undefined.
    """
    found = swap_test([(0, 0, 0), (0, 1, 0)], [(0, 1, 0), (0, 0, 0)], f1)
    assert (found.difference, found.p_value, found.exact) == (0.0, 1.0, True)


def test_undefined_differences_have_no_p_value() -> None:
    nothing = [(0, 0, 0)] * 3
    found = swap_test(nothing, nothing, f1)
    assert found.difference is None and found.p_value is None
    assert swap_test([(0, 0, 2)], [(1, 1, 2)], precision).p_value is None
    empty = np.zeros((0, 3))
    assert swap_test(empty, empty, f1).p_value is None


COUNTS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.integers(0, 4),
        st.integers(0, 4),
        st.integers(0, 4),
        st.integers(0, 4),
    ),
    min_size=1,
    max_size=7,
)


@given(COUNTS, st.sampled_from([f1, precision, recall]))
@settings(max_examples=examples(150), deadline=None)
def test_convolution_equals_enumeration(rows: list[tuple[int, ...]], statistic: Any) -> None:
    one = [(min(tp, gold), min(tp, gold) + fp, gold) for tp, fp, _, _, gold in rows]
    two = [(min(tp, gold), min(tp, gold) + fp, gold) for _, _, tp, fp, gold in rows]
    found = swap_test(one, two, statistic)
    if found.p_value is None:
        return
    with np.errstate(all="ignore"):
        expected = enumerated(one, two, statistic)
    assert found.exact
    assert found.p_value == pytest.approx(expected, abs=1e-12)


@given(COUNTS)
@settings(max_examples=examples(60), deadline=None)
def test_other_gold_is_enumerated(rows: list[tuple[int, ...]]) -> None:
    """Where all three columns differ there is no grid; few units are enumerated all the same."""
    one = [(0, a, b) for a, b, *_ in rows]
    two = [(min(c, d), c, d) for _, _, c, d, _ in rows]
    found = swap_test(one, two, f1)
    if found.p_value is not None:
        assert found.exact
        assert found.p_value == pytest.approx(enumerated(one, two), abs=1e-12)


def test_halves_count_exactly() -> None:
    """Partial credit comes in halves."""
    one = [(0.5, 1, 1), (1, 1, 1), (0.5, 2, 2)]
    two = [(1, 1, 1), (0.5, 1, 1), (1.5, 2, 2)]
    assert swap_test(one, two, f1).p_value == pytest.approx(enumerated(one, two), abs=1e-12)


def test_monte_carlo_agrees_with_the_exact_test() -> None:
    rng = np.random.default_rng(5)
    gold = rng.integers(1, 6, 300)
    one = np.stack([rng.binomial(gold, 0.8), gold, gold], axis=1)
    two = np.stack([rng.binomial(gold, 0.83), gold, gold], axis=1)
    exact = swap_test(one, two, f1)
    assert exact.exact and exact.p_value is not None
    # A fourth column that the statistic does not read, and that differs, rules out the grid.
    noise = [np.column_stack([rows, rng.integers(0, 9, (300, 2))]) for rows in (one, two)]
    sampled = swap_test(*noise, lambda counts: f1(counts[..., :3]), trials=20_000)
    assert not sampled.exact and sampled.assignments == 20_000
    spread = 4 * math.sqrt(exact.p_value * (1 - exact.p_value) / 20_000)
    assert sampled.p_value == pytest.approx(exact.p_value, abs=spread)


def test_a_sampled_p_value_is_never_0() -> None:
    rng = np.random.default_rng(1)
    one = np.column_stack([np.zeros(200), np.full(200, 5), np.full(200, 5), rng.random(200) * 99])
    two = np.column_stack([np.full(200, 5), np.full(200, 5), np.full(200, 5), rng.random(200)])
    one[:, 2] += 1  # the gold differs, so that nothing is exact
    found = swap_test(one, two, lambda counts: f1(counts[..., :3]), trials=999)
    # None of 999 is as extreme, so twenty times as many are drawn.
    assert (found.p_value, found.assignments) == (1 / 19_981, 19_980)


def test_holm_by_hand() -> None:
    """.01 x 3, then max(.03, .03 x 2), then max(.06, .04 x 1)."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_properties(values: list[float]) -> None:
    adjusted = holm(values)
    assert all(p <= q <= 1.0 for p, q in zip(values, adjusted, strict=True))
    order = sorted(range(len(values)), key=lambda index: values[index])
    assert [adjusted[i] for i in order] == sorted(adjusted)
    bonferroni = [min(1.0, p * len(values)) for p in values]
    assert all(q <= b + 1e-12 for q, b in zip(adjusted, bonferroni, strict=True))


@pytest.mark.slow
def test_holm_with_statsmodels() -> None:
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    rng = np.random.default_rng(7)
    for size in (1, 2, 9, 40):
        values = rng.beta(0.3, 1.5, size)
        expected = multitest.multipletests(values, method="holm")[1]
        assert holm(list(values)) == pytest.approx(list(expected))


def test_the_factor_is_what_a_verdict_had_to_pass() -> None:
    """Two of four differ: the larger of the others would have to pass twice its value."""
    assert holm([0.001, 0.3, 0.01, 0.4]) == pytest.approx([0.004, 0.6, 0.03, 0.6])
    assert holm_factors([0.001, 0.3, 0.01, 0.4]) == [4, 2, 3, 2]
    assert holm_factors([0.2, 0.3]) == [2, 2] and holm_factors([]) == []


def test_documents_are_swapped_where_documents_are_resampled() -> None:
    """40 documents of 20 paragraphs; 22 are better answered by one, 18 by the other.

    By hand: the sum of C(40, k) over all k with |2k - 40| >= 4, over 2^40, is 0.6358.
    """
    documents = [number for number in range(40) for _ in range(20)]
    one = [(1 if number < 22 else p % 2, 1, 1) for number in range(40) for p in range(20)]
    two = [(1 if number >= 22 else p % 2, 1, 1) for number in range(40) for p in range(20)]
    found = randomisation_test(one, two, Units(documents), f1)
    by_hand = sum(math.comb(40, k) for k in range(41) if abs(2 * k - 40) >= 4) / 2**40
    assert found.exact and found.p_value == pytest.approx(by_hand) == pytest.approx(
        0.6358, abs=1e-4
    )
    assert found.units == 40


def test_few_units_have_no_p_value() -> None:
    one, two = [(1, 1, 1)] * 5, [(0, 0, 1)] * 5
    found = randomisation_test(one, two, Units([0] * 5), f1)
    assert found.p_value is None and found.difference == -1
    assert found.lacking is not None and "only 5 paragraphs" in found.lacking
    assert (
        randomisation_test([*one, one[0]], [*two, two[0]], Units([0] * 6), f1).p_value == 2 / 2**6
    )


def by_scipy(one: Any, two: Any, statistic: Any) -> Any:
    """Its exact paired permutation test of the same statistic, over the numbers of the rows."""
    stats = pytest.importorskip("scipy.stats")
    rows = np.concatenate([one, two])

    def difference(x: Any, y: Any, axis: int = -1) -> Any:
        left, right = (
            rows[np.moveaxis(np.asarray(numbers, int), axis, -1)].sum(axis=-2) for numbers in (x, y)
        )
        return statistic(right) - statistic(left)

    numbers = np.arange(len(rows))
    return stats.permutation_test(
        (numbers[: len(one)], numbers[len(one) :]),
        difference,
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    )


@pytest.mark.parametrize("statistic", [f1, precision, recall])
@pytest.mark.parametrize("kind", ["same gold", "own gold", "halves", "both sides"])
def test_the_exact_test_with_scipy(statistic: Any, kind: str) -> None:
    """All 2^n swaps of up to 10 documents; both sides give credit of their own in four columns.

    scipy doubles the smaller tail. Swapping everything mirrors the difference, so that is the same.
    """
    rng = np.random.default_rng(11)
    p_values = []
    for size in (2, 3, 5, 7, 8, 9, 10) * 4:
        gold = rng.integers(1, 6, size)
        sides = []
        for skill in rng.uniform(0.2, 0.9, 2):
            mine = gold + rng.integers(0, 3, size) if kind == "own gold" else gold
            right = (
                rng.binomial(2 * mine, skill) / 2 if kind == "halves" else rng.binomial(mine, skill)
            )
            predicted = np.ceil(right) + rng.integers(0, 3, size)
            predicted[0] += 1  # no swap leaves precision undefined
            found = np.minimum(right + rng.integers(0, 2, size), mine)
            columns = [right, predicted, mine]
            if kind == "both sides":
                columns = [found, mine, right, predicted]
            sides.append(np.stack(columns, axis=1))
        ours, theirs = swap_test(*sides, statistic), by_scipy(*sides, statistic)
        assert ours.exact
        assert ours.difference == pytest.approx(float(theirs.statistic), abs=1e-12)
        assert ours.p_value == pytest.approx(float(theirs.pvalue), abs=1e-12)
        p_values.append(ours.p_value)
    assert len(set(p_values)) > 10 and min(p_values) < 0.1


@pytest.mark.parametrize(("better", "worse"), [(0, 1), (3, 3), (9, 2), (1, 14), (160, 120)])
def test_documents_that_differ_by_one_mention_each_are_a_sign_test(better: int, worse: int) -> None:
    """p is that of the two-sided binomial test, whether the label or the mention was missing."""
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(better, better + worse, alternative="two-sided").pvalue
    rng = np.random.default_rng(better)
    size = better + worse + 20
    gold = rng.integers(3, 9, size)
    right = rng.integers(1, gold)
    first, second = np.zeros(size, int), np.zeros(size, int)
    second[:better], first[better : better + worse] = 1, 1
    mixed = rng.permutation(size)
    for predicted_too in (False, True):
        one, two = (
            np.stack([right + more, gold - 1 + predicted_too * more, gold], axis=1)[mixed]
            for more in (first, second)
        )
        for statistic in (f1, recall) if predicted_too else (f1, recall, precision):
            found = swap_test(one, two, statistic)
            assert (found.exact, found.units) == (True, better + worse)
            assert found.p_value == pytest.approx(expected, rel=1e-9)
            same = randomisation_test(one, two, Units(range(size)), statistic)
            assert same.p_value == found.p_value
