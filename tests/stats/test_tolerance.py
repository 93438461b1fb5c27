"""Shares above a value: against scipy, against binomial sums, and by hand."""

from __future__ import annotations

from math import comb, inf

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.stats.tolerance import (
    beta_above,
    effective_number,
    least_number,
    needed_share,
    rank_value,
    share_interval,
)


def _at_least(k: int, n: int, p: float) -> float:
    return sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


@given(st.integers(1, 60), st.data())
def test_whole_parameters_are_binomial_sums(n: int, data: st.DataObject) -> None:
    """P(Beta(n - k + 1, k) > r) is that of k or more of n with probability 1 - r."""
    k = data.draw(st.integers(1, n))
    r = data.draw(st.floats(0.01, 0.99))
    assert beta_above(n - k + 1, k, r) == pytest.approx(_at_least(k, n, 1 - r), abs=1e-9)


def test_real_parameters_are_those_of_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    for a, b, x in ((0.3, 0.2, 0.5), (812.5, 37.25, 0.95), (3.0, 900.0, 0.001), (57.1, 1.0, 0.99)):
        assert beta_above(a, b, x) == pytest.approx(stats.beta.sf(x, a, b), abs=1e-9)
    low, high = share_interval(np.array([3.0, 5.0]), np.array([10.0, 10.0]), 1e6)
    assert 0 < low < 0.4 < high < 1


def test_the_ends() -> None:
    assert (beta_above(2, 3, 0.0), beta_above(2, 3, 1.0)) == (1.0, 0.0)


def test_how_many_values_it_takes() -> None:
    """.9 to the 28th is .0523, to the 29th .0471."""
    assert least_number(0.9, 0.95) == 29
    assert needed_share(28, 0.9, 0.95) is None
    needed = needed_share(29, 0.9, 0.95)
    assert needed is not None and 28 / 29 < needed < 1


def test_the_rank_is_that_of_the_exact_order_statistic() -> None:
    """Of 100 values 5 may lie below with .976, and 6 with .942: interpolated between them."""
    assert _at_least(5, 100, 0.1) > 0.95 > _at_least(6, 100, 0.1)
    needed = needed_share(100, 0.9, 0.95)
    assert needed is not None
    assert 5 < 100 * (1 - needed) + 1 < 6


def test_a_rank_between_two_values() -> None:
    values = np.array([-inf, 0.2, 0.4, 0.8])
    assert rank_value(values, 3.25) == pytest.approx(0.5)
    assert rank_value(values, 2) == 0.2
    assert rank_value(values, 1.5) == -inf
    assert rank_value(values, 9.0) == 0.8
    assert rank_value(values[1:], 0.2) == 0.2
    assert rank_value(np.array([0.5, 0.5, 0.9]), 2.5) == 0.5  # Of a few values: all or none of one.


def test_clusters_are_worth_less() -> None:
    """Ten documents of ten, in which all or none are found: ten values, and less for 9 degrees."""
    sizes = np.full(10, 10.0)
    apart = np.array([10.0] * 8 + [0.0] * 2)
    worth = effective_number(apart, sizes, 1e6)
    assert worth == pytest.approx(9 * (1.6604 / 1.6449) ** 2, rel=1e-3)  # Student's t of 99 values.
    assert effective_number(apart, sizes, 9.0) < worth
    alike = np.full(10, 8.0)
    assert effective_number(alike, sizes, 1e6) == 100.0  # Never more than there are.
    assert effective_number(sizes, sizes, 9.0) < 100.0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=2, max_size=30))
@example([(3, 3)] * 4)
def test_an_interval_holds_its_share(clusters: list[tuple[int, int]]) -> None:
    sizes = np.array([float(size) for _, size in clusters])
    above = np.minimum(np.array([float(one) for one, _ in clusters]), sizes)
    low, high = share_interval(above, sizes, len(clusters) - 1)
    assert 0 <= low <= above.sum() / sizes.sum() <= high <= 1
