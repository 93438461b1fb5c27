"""Exact p-values, intervals and corrections against hand-made and independently computed values."""

from __future__ import annotations

import itertools
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.scoring.significance import (
    Resampler,
    detectable_difference,
    f1,
    holm,
    interval,
    paired_interval,
    precision,
    randomisation_test,
    recall,
    sampling_unit,
    tie_groups,
)

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "significance_cases.json"


def triples(documents: list[list[int]]) -> list[tuple[int, int, int]]:
    return [(tp, tp + fp, tp + fn) for tp, fp, fn in documents]


def enumerated(reference: Any, other: Any, statistic: Any = f1) -> float:
    """The p-value by the definition: every assignment, one by one."""
    one, two = np.asarray(reference, float), np.asarray(other, float)
    observed = abs(statistic(two.sum(axis=0)) - statistic(one.sum(axis=0)))
    hits = 0
    for swap in itertools.product([False, True], repeat=len(one)):
        chosen = np.array(swap)[:, None]
        left, right = np.where(chosen, two, one), np.where(chosen, one, two)
        difference = abs(statistic(right.sum(axis=0)) - statistic(left.sum(axis=0)))
        hits += bool(difference >= observed - 1e-12)
    return hits / 2 ** len(one)


def test_stored_cases() -> None:
    if not VECTORS.exists():
        pytest.skip(f"{VECTORS.name} is not on this machine")
    cases = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]
    assert len(cases) == 9
    for case in cases:
        one, two = triples(case["docs_A_tp_fp_fn"]), triples(case["docs_B_tp_fp_fn"])
        found = randomisation_test(one, two)
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
    found = randomisation_test(reference, other)
    assert found.difference == 1.0
    assert (found.p_value, found.exact, found.assignments) == (0.25, True, 8)


def test_equal_systems_and_a_single_differing_unit_have_p_1() -> None:
    rows = [(1, 2, 3), (0, 1, 4)]
    assert randomisation_test(rows, rows).p_value == 1.0
    assert randomisation_test(rows, [(1, 2, 3), (1, 1, 4)]).p_value == 1.0


def test_undefined_differences_have_no_p_value() -> None:
    nothing = [(0, 0, 0)] * 3
    found = randomisation_test(nothing, nothing)
    assert found.difference is None and found.p_value is None
    assert randomisation_test([(0, 0, 2)], [(1, 1, 2)], precision).p_value is None
    empty = np.zeros((0, 3))
    assert randomisation_test(empty, empty).p_value is None


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
@settings(max_examples=150, deadline=None)
def test_convolution_equals_enumeration(rows: list[tuple[int, ...]], statistic: Any) -> None:
    one = [(min(tp, gold), min(tp, gold) + fp, gold) for tp, fp, _, _, gold in rows]
    two = [(min(tp, gold), min(tp, gold) + fp, gold) for _, _, tp, fp, gold in rows]
    found = randomisation_test(one, two, statistic)
    if found.p_value is None:
        return
    with np.errstate(all="ignore"):
        expected = enumerated(one, two, statistic)
    assert found.exact
    assert found.p_value == pytest.approx(expected, abs=1e-12)


@given(COUNTS)
@settings(max_examples=60, deadline=None)
def test_other_gold_is_enumerated(rows: list[tuple[int, ...]]) -> None:
    """Where all three columns differ there is no grid; few units are enumerated all the same."""
    one = [(0, a, b) for a, b, *_ in rows]
    two = [(min(c, d), c, d) for _, _, c, d, _ in rows]
    found = randomisation_test(one, two)
    if found.p_value is not None:
        assert found.exact
        assert found.p_value == pytest.approx(enumerated(one, two), abs=1e-12)


def test_halves_count_exactly() -> None:
    """Partial credit comes in halves."""
    one = [(0.5, 1, 1), (1, 1, 1), (0.5, 2, 2)]
    two = [(1, 1, 1), (0.5, 1, 1), (1.5, 2, 2)]
    assert randomisation_test(one, two).p_value == pytest.approx(enumerated(one, two), abs=1e-12)


def test_monte_carlo_agrees_with_the_exact_test() -> None:
    rng = np.random.default_rng(5)
    gold = rng.integers(1, 6, 300)
    one = np.stack([rng.binomial(gold, 0.8), gold, gold], axis=1)
    two = np.stack([rng.binomial(gold, 0.83), gold, gold], axis=1)
    exact = randomisation_test(one, two)
    assert exact.exact and exact.p_value is not None
    # A fourth column that the statistic does not read, and that differs, rules out the grid.
    noise = [np.column_stack([rows, rng.integers(0, 9, (300, 2))]) for rows in (one, two)]
    sampled = randomisation_test(*noise, lambda counts: f1(counts[..., :3]), trials=20_000)
    assert not sampled.exact and sampled.assignments == 20_000
    spread = 4 * math.sqrt(exact.p_value * (1 - exact.p_value) / 20_000)
    assert sampled.p_value == pytest.approx(exact.p_value, abs=spread)


def test_a_sampled_p_value_is_never_0() -> None:
    rng = np.random.default_rng(1)
    one = np.column_stack([np.zeros(200), np.full(200, 5), np.full(200, 5), rng.random(200) * 99])
    two = np.column_stack([np.full(200, 5), np.full(200, 5), np.full(200, 5), rng.random(200)])
    one[:, 2] += 1  # the gold differs, so that nothing is exact
    found = randomisation_test(one, two, lambda counts: f1(counts[..., :3]), trials=999)
    assert found.p_value == 1 / 1000


def test_swapping_the_systems_mirrors_difference_and_interval() -> None:
    rng = np.random.default_rng(2)
    gold = rng.integers(0, 5, 80)
    one = np.stack([rng.binomial(gold, 0.7), gold, gold], axis=1)
    two = np.stack([rng.binomial(gold, 0.8), gold, gold], axis=1)
    resampler = Resampler([i // 20 for i in range(80)], resamples=500)
    there, back = paired_interval(one, two, resampler), paired_interval(two, one, resampler)
    assert there.low is not None and back.high is not None
    assert there.low == pytest.approx(-back.high)
    assert randomisation_test(one, two).p_value == randomisation_test(two, one).p_value


# --- intervals ---------------------------------------------------------------------------------


def test_the_unit_depends_on_the_number_of_documents() -> None:
    assert sampling_unit(29) == "paragraph" and sampling_unit(30) == "document"
    assert Resampler([7, 7, 9]).unit == "paragraph"
    assert Resampler(range(30)).unit == "document"


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
    assert not found.excludes_zero()
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


def test_ten_thousand_resamples_of_a_thousand_documents_are_quick() -> None:
    """5 backends, 18 types: one call, under two seconds of processor time."""
    rows = np.random.default_rng(0).integers(0, 5, (1000, 5 * 18 * 3))
    started = time.process_time()
    scores = f1(Resampler(range(1000)).sums(rows).reshape(10_000, 5, 18, 3))
    np.quantile(scores, [0.025, 0.975], axis=0)
    assert time.process_time() - started < 2.0


# --- many comparisons --------------------------------------------------------------------------


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


def test_tie_groups_overlap() -> None:
    different = {frozenset("AC"), frozenset("AD"), frozenset("BD")}

    def tied(one: str, other: str) -> bool:
        return frozenset((one, other)) not in different

    assert tie_groups("ABCD", tied) == [("A", "B"), ("B", "C"), ("C", "D")]
    assert tie_groups("ABCD", lambda *_: True) == [("A", "B", "C", "D")]
    assert tie_groups("AB", lambda *_: False) == [("A",), ("B",)]
    assert tie_groups([], lambda *_: True) == []


def test_detectable_difference() -> None:
    assert detectable_difference(0.01) == pytest.approx(0.028016, abs=1e-6)
    assert detectable_difference(0.01, level=0.99) == pytest.approx(0.034175, abs=1e-6)
    assert detectable_difference(None) is None
