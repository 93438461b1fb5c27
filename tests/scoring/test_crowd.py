"""Mentions that overlap too densely for a list of overlaps: as good as listed, and in time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from crowd_shapes import (
    SHAPES,
    Side,
    cpu,
    dolls,
    flat_and_nested,
    made,
    one_span,
    scattered,
    staircases,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_pairings import (
    PREFERENCES,
    best_by_brute_force,
    best_by_list,
    pairing,
    shares,
    value,
)
from scipy.optimize import linear_sum_assignment
from support import examples, whole

from harness.errors import TooEntangled
from harness.stats.assignment import assign
from harness.stats.dense import LARGEST_VALUE, NO_EDGE, Overrun, heaviest
from harness.stats.overlaps import count_overlaps
from harness.tasks.ner import matching
from harness.tasks.ner.crowd import most_pairs
from harness.tasks.ner.matching import Alignment, align_mentions


@pytest.fixture
def unlisted() -> Iterator[None]:
    """Every run is a crowd whose sides overlap themselves."""
    with crowds_only():
        yield


class crowds_only:  # noqa: N801 (used as a statement, also within examples)
    def __enter__(self) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(matching, "_LISTED", 0)
        self.patch.setattr(matching, "_LISTED_EACH", 0)

    def __exit__(self, *_: object) -> None:
        self.patch.undo()


shapes = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
labels = pytest.mark.parametrize("letters", ["A", "AB", "ABCDE"])


def check(found: Alignment, gold: Side, predicted: Side) -> None:
    """That it is a pairing under every preference, and names all that is left."""
    for preference in PREFERENCES:
        pairs = pairing(found, preference)
        assert all(shares(g, p) for g, p in pairs)
        assert len({g for g, _ in pairs}) == len({p for _, p in pairs}) == len(pairs)
        assert {g for g, _ in pairs} <= gold
        assert {p for _, p in pairs} <= predicted
    assert {g for g, _ in found.pairs} | {*found.missed} == gold
    assert {p for _, p in found.pairs} | {*found.spurious} == predicted
    assert len(found.pairs) + len(found.missed) == len(gold)
    assert len(found.pairs) + len(found.spurious) == len(predicted)


@shapes
@labels
@pytest.mark.usefixtures("unlisted")
def test_a_crowd_is_paired_as_well_as_by_a_list(
    shape: Callable[..., tuple[Side, Side]], letters: str
) -> None:
    for m in (3, 40, 75):
        gold, predicted = made(shape, m, letters)
        found = align_mentions(gold, predicted)
        check(found, gold, predicted)
        for preference in PREFERENCES:
            best = best_by_list(gold, predicted, preference)
            assert value(pairing(found, preference), preference) == best


@shapes
@labels
def test_runs_of_a_hundred_a_side_are_paired_by_the_list_alone(
    shape: Callable[..., tuple[Side, Side]], letters: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gold, predicted = made(shape, 100, letters)
    limited = align_mentions(gold, predicted)
    for name in ("_LISTED", "_LOOKS"):
        monkeypatch.setattr(matching, name, 1 << 60)
    assert align_mentions(gold, predicted) == limited
    monkeypatch.setattr(matching, "_solved_crowd", None)
    align_mentions(gold, predicted)


def dense_sides(most: int) -> st.SearchStrategy[Side]:
    mention = st.tuples(st.integers(0, 9), st.integers(1, 9), st.sampled_from("ABC")).map(
        lambda m: (m[0], m[0] + m[1], m[2])
    )
    return st.sets(mention, max_size=most)


@pytest.mark.slow
@given(dense_sides(5), dense_sides(5))
@settings(max_examples=examples(150), deadline=None)
def test_no_pairing_of_a_small_crowd_is_better(gold: Side, predicted: Side) -> None:
    gold, predicted = gold - predicted, predicted - gold
    with crowds_only():
        found = align_mentions(gold, predicted)
    check(found, gold, predicted)
    for preference in PREFERENCES:
        best = best_by_brute_force(gold, predicted, preference)
        assert value(pairing(found, preference), preference) == best


@given(dense_sides(70), dense_sides(70), st.randoms())
@settings(max_examples=examples(60), deadline=None)
def test_neither_order_nor_sides_decide(gold: Side, predicted: Side, chance: random.Random) -> None:
    gold, predicted = gold - predicted, predicted - gold
    with crowds_only():
        found = align_mentions(gold, predicted)
        turned = align_mentions(predicted, gold)
        shuffled = [sorted(side) for side in (gold, predicted)]
        for side in shuffled:
            chance.shuffle(side)
        assert align_mentions(*map(dict.fromkeys, shuffled)) == found  # type: ignore[arg-type]
    for preference in PREFERENCES:
        swapped = {(g, p) for p, g in pairing(turned, preference)}
        assert pairing(found, preference) == swapped
        best = best_by_list(gold, predicted, preference)
        assert value(pairing(found, preference), preference) == best
    assert set(found.missed) == set(turned.spurious)


@given(dense_sides(30), dense_sides(30))
@settings(max_examples=examples(100), deadline=None)
def test_overlaps_are_counted_and_pairs_bounded(one: Side, other: Side) -> None:
    left, right = ([key for key in sorted(side) if key[1] > key[0]] for side in (one, other))
    edges = [(i, j, 1) for i, g in enumerate(left) for j, p in enumerate(right) if shares(g, p)]
    spans = ([key[:2] for key in side] for side in (left, right))
    assert count_overlaps(*spans) == len(edges)
    assert most_pairs(left, right) == len(assign(edges, len(left), len(right)) or ())


class Table:
    """A graph that is a table of even values, 0 for no edge."""

    def __init__(self, values: np.ndarray) -> None:
        self.table = values
        self.sizes = values.shape

    def values(self, side: int, node: int) -> tuple[int, np.ndarray]:
        row = (self.table.T if side else self.table)[node].copy()
        row[row == 0] = NO_EDGE
        return 0, row

    def half(self) -> tuple[Table, np.ndarray]:
        return Table(self.table[1::2, 1::2]), np.arange(self.sizes[0])[1::2]


@pytest.mark.parametrize("seed", range(40))
def test_heaviest_weighs_as_much_as_scipys(seed: int) -> None:
    draw = np.random.default_rng(seed)
    rows, columns = draw.integers(1, 150, 2)
    most = draw.choice([2, 30, 10**6])
    table = 2 * draw.integers(1, most, (rows, columns)) * (draw.random((rows, columns)) < 0.6)
    chosen = heaviest(Table(table), 10**9)  # type: ignore[arg-type]
    assert len({i for i, _ in chosen}) == len({j for _, j in chosen}) == len(chosen)
    assert all(table[i, j] for i, j in chosen)
    best = table[linear_sum_assignment(table, maximize=True)].sum()
    assert sum(table[i, j] for i, j in chosen) == best
    with pytest.raises(Overrun):
        heaviest(Table(table), 1000)  # type: ignore[arg-type]


def test_what_is_too_much_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    gold, predicted = made(scattered, 300, "AB")
    align_mentions(gold, predicted)
    monkeypatch.setattr(matching, "_CROWD_LOOKS", 100_000)
    with pytest.raises(TooEntangled, match=r"mentions of one side and .* overlap in one stretch"):
        align_mentions(gold, predicted)


def test_sums_that_no_number_holds_are_refused() -> None:
    far = LARGEST_VALUE // 1000
    gold = {(i, far + 2 * i, "A") for i in range(300)}
    with pytest.raises(TooEntangled):
        align_mentions(gold, {(start, end + 1, label) for start, end, label in gold})


@pytest.mark.slow
@shapes
@pytest.mark.parametrize("letters", ["A", "ABC"])
def test_twice_the_mentions_take_less_than_six_times_as_long(
    shape: Callable[..., tuple[Side, Side]], letters: str
) -> None:
    assert cpu(shape, 1000, letters, 2) < 6 * cpu(shape, 500, letters, 3)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [flat_and_nested, dolls, staircases, scattered, one_span])
def test_thousands_a_side(shape: Callable[..., tuple[Side, Side]]) -> None:
    """2,500, and under the profile `whole` 5,000, which take four times as long."""
    # 3 s and 10 s at most where nothing else runs; the ceiling is for a busy machine.
    size, seconds = (5000, 60) if whole() else (2500, 15)
    assert cpu(shape, size, "ABC", 1) < seconds
