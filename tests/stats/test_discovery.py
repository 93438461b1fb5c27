"""Tests of many groups, against scipy and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import examples

from harness.stats.discovery import clustered_p, design_effect, discoveries, excess_p
from harness.stats.student import student_tail

stats = pytest.importorskip("scipy.stats")


@settings(max_examples=examples(100), deadline=None)
@given(st.data())
def test_excess_is_fishers_one_sided_test(data: st.DataObject) -> None:
    everything = data.draw(st.integers(1, 5000))
    size, all_hits = (data.draw(st.integers(0, everything)) for _ in range(2))
    hits = data.draw(st.integers(max(0, size + all_hits - everything), min(size, all_hits)))
    expected = stats.hypergeom.sf(hits - 1, everything, all_hits, size)
    assert excess_p(hits, size, all_hits, everything) == pytest.approx(expected, rel=1e-6)


def test_excess_by_hand_and_what_cannot_be() -> None:
    # Of 4 things with 2 hits 2 are drawn: both hits in 1 of 6 ways.
    assert excess_p(2, 2, 2, 4) == pytest.approx(1 / 6)
    assert excess_p(0, 2, 2, 4) == 1
    assert 0 <= excess_p(5000, 5000, 5000, 1_000_000) < 1e-300
    for hits in (-1, 3):
        with pytest.raises(ValueError, match="expected 0 to 2"):
            excess_p(hits, 2, 2, 4)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_equal_weights_are_benjamini_and_hochberg(p_values: list[float]) -> None:
    expected = stats.false_discovery_control(p_values)
    assert discoveries(p_values, [1.0] * len(p_values)) == pytest.approx(expected.tolist())


def test_weights_divide_p_values() -> None:
    # .01 / 2 = .005 and .04 / .5 = .08, of two; what has no weight is never found.
    assert discoveries([0.01, 0.04], [2.0, 0.0]) == pytest.approx([0.01, 1.0])
    assert discoveries([0.01, 0.04], [1.5, 0.5]) == pytest.approx([2 * 0.01 / 1.5, 0.08])
    assert discoveries([], []) == []


def test_design_effect_by_hand() -> None:
    """In the group two clusters of two, both hits in one of them: the influence of a thing is half
    over 4, of a cluster twice that. Outside every thing is a cluster. 6 clusters hold any."""
    hit = np.array([1.0, 1, 0, 0, 1, 0, 1, 0])
    among = np.array([True] * 4 + [False] * 4)
    clusters = np.array([0, 0, 1, 1, 2, 3, 4, 5])
    inside = [0.5 / 4] * 2 + [-0.5 / 4] * 2
    alone = sum(x * x for x in inside) + 4 * (0.5 / 4) ** 2
    together = 2 * 0.25**2 + 4 * (0.5 / 4) ** 2
    assert design_effect(hit, among, clusters) == pytest.approx(together / alone * 6 / 5)
    each = np.arange(8)
    assert design_effect(hit, among, each) == pytest.approx(8 / 7)
    assert design_effect(np.zeros(8), among, clusters) == 1


def test_clusters_never_make_a_p_value_smaller() -> None:
    z = stats.norm.isf(0.001)
    assert clustered_p(0.001, 4.0, 31) == pytest.approx(stats.t.sf(z / 2, 30), rel=1e-3)
    assert clustered_p(0.001, 0.2, 10**6) >= 0.001
    assert clustered_p(0.7, 9.0, 30) == 0.7
    assert clustered_p(0.0, 1.0, 10**6) <= 1e-250
    assert clustered_p(1.0, 2.0, 8) == 1.0


@pytest.mark.parametrize("degrees", [1, 1.5, 3, 10, 40.5, 119, 120, 121, 500, 1e5])
def test_tails_are_those_of_scipy(degrees: float) -> None:
    for value in (0.0, 0.1, 0.5, 1, 2, 4, 6, 7.5):
        expected = float(stats.t.sf(value, degrees))
        if expected > 1e-15:
            assert student_tail(value, degrees) == pytest.approx(expected, rel=0.02), value
    assert student_tail(1.0, 0.2) == student_tail(1.0, 1.0)
