"""Parts of F by kinds of error, against orders that are all gone through."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import examples

from harness.stats.shapley import MOST_EXACT, Mending, shapley_parts

Made = tuple[frozenset[int], int, int]


def plain(
    kinds: int,
    repairs: Sequence[Made],
    right: float,
    gold: float,
    predicted: float,
    beta: float = 1.0,
) -> list[float]:
    """Every order in turn, F anew after each kind."""

    def f_of(mended: frozenset[int]) -> float:
        made = [one for one in repairs if one[0] <= mended]
        above = (1 + beta**2) * (right + sum(one[1] for one in made))
        return above / (beta**2 * gold + predicted + sum(one[2] for one in made))

    out = [0.0] * kinds
    for order in permutations(range(kinds)):
        for place, kind in enumerate(order):
            before = frozenset(order[:place])
            out[kind] += f_of(before | {kind}) - f_of(before)
    return [value / factorial(kinds) for value in out]


def repairs_of(made: Sequence[Made]) -> list[Mending]:
    return [Mending(kinds, np.float64(right), np.float64(more)) for kinds, right, more in made]


def test_two_kinds_by_hand() -> None:
    """6 of 10 gold are right, of 8 predictions: 4 missed (right and predicted 4 more), 2 spurious
    (predicted 2 fewer). F is 12/18; with the missed ones 20/22, without the spurious ones 12/16,
    with both 1."""
    made = shapley_parts(
        2,
        [Mending(frozenset({0}), 4, 4), Mending(frozenset({1}), 0, -2)],  # type: ignore[arg-type]
        *map(np.float64, (6, 10, 8)),
    )
    missed = ((20 / 22 - 12 / 18) + (1 - 12 / 16)) / 2
    spurious = ((12 / 16 - 12 / 18) + (1 - 20 / 22)) / 2
    assert made.values.tolist() == pytest.approx([missed, spurious], abs=1e-12)
    assert made.bound == 0


def test_what_takes_two_is_shared_alike() -> None:
    """5 of 10: 3 with a wrong edge, 2 with a wrong edge and type. The pair belongs to both."""
    made = shapley_parts(
        2,
        [Mending(frozenset({0}), 3, 0), Mending(frozenset({0, 1}), 2, 0)],  # type: ignore[arg-type]
        *map(np.float64, (5, 10, 10)),
    )
    assert made.values.tolist() == pytest.approx([0.4, 0.1], abs=1e-12)


KINDS = 6
SETS = st.frozensets(st.integers(0, KINDS - 1), min_size=1, max_size=4)
REPAIRS = st.lists(st.tuples(SETS, st.integers(-2, 6), st.integers(-6, 6)), max_size=7)


@settings(max_examples=examples(60), deadline=None)
@given(REPAIRS, st.integers(0, 20), st.sampled_from((0.5, 1.0, 2.0)))
def test_parts_are_the_means_over_all_orders(made: list[Made], right: int, beta: float) -> None:
    gold, predicted = 60.0, 50.0
    got = shapley_parts(
        KINDS, repairs_of(made), *map(np.float64, (right, gold, predicted)), beta=beta
    )
    expected = plain(KINDS, made, right, gold, predicted, beta)
    assert got.values.tolist() == pytest.approx(expected, abs=1e-11)
    above = (1 + beta**2) * (right + sum(one[1] for one in made))
    below = beta**2 * gold + predicted
    after = above / (below + sum(one[2] for one in made))
    assert got.values.sum() == pytest.approx(after - (1 + beta**2) * right / below, abs=1e-11)


def test_arrays_are_as_their_numbers_and_undefined_is_nan() -> None:
    rng = np.random.default_rng(0)
    sets = [frozenset({0}), frozenset({1}), frozenset({1, 2}), frozenset({2, 3})]
    right, more = rng.integers(0, 5, (2, 4, 6)).astype(float)
    more[2:] = 0
    base = rng.integers(10, 20, (3, 6)).astype(float)
    base[:, 5] = 0
    right[:, 5] = more[:, 5] = 0
    together = shapley_parts(
        4, [Mending(*one) for one in zip(sets, right, more, strict=True)], *base
    ).values
    for column in range(6):
        each = [Mending(s, r[column], m[column]) for s, r, m in zip(sets, right, more, strict=True)]
        alone = shapley_parts(4, each, *base[:, column]).values
        assert np.allclose(together[:, column], alone, atol=1e-12, equal_nan=True)
    assert np.isnan(together[:, 5]).all() and not np.isnan(together[:, :5]).any()


def _many() -> list[Made]:
    """Nine kinds that change the denominator, and two that share what they mend."""
    changing = [(frozenset({kind}), kind % 3, kind - 4) for kind in range(9) if kind != 4]
    return [*changing, (frozenset({4}), 1, 2), (frozenset({9, 10}), 5, 0)]


def test_sampled_parts_are_within_their_bound_and_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.stats.shapley._ORDERS", 2_000)
    base = [np.float64(n) for n in (10, 50, 40)]
    sampled = shapley_parts(11, repairs_of(_many()), *base, seed=3)
    monkeypatch.setattr("harness.stats.shapley.MOST_EXACT", 9)
    exact = shapley_parts(11, repairs_of(_many()), *base)
    assert exact.bound == 0 and 0 < sampled.bound < 0.08
    assert np.abs(sampled.values - exact.values).max() < sampled.bound
    assert sampled.values.sum() == pytest.approx(exact.values.sum(), abs=1e-9)
    assert len({k for one in _many() if one[2] for k in one[0]}) == MOST_EXACT + 1


def test_sampled_parts_of_arrays_are_those_of_one_seed() -> None:
    base = [np.full(3, float(n)) for n in (10, 50, 40)]
    made = [Mending(kinds, np.full(3, float(r)), np.full(3, float(m))) for kinds, r, m in _many()]
    one, other = (shapley_parts(11, made, *base, seed=1).values for _ in range(2))
    assert (one == other).all() and (one[:, 0] == one[:, 2]).all()
    after = 2 * (10 + sum(r for _, r, _ in _many())) / (90 + sum(m for *_, m in _many()))
    assert one.sum(axis=0) == pytest.approx(after - 20 / 90, abs=1e-9)


def test_without_kinds_nothing_is_parted() -> None:
    assert shapley_parts(0, [], *map(np.float64, (3, 3, 3))).values.shape == (0,)
