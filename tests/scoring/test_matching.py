"""The pairing is optimal, by brute force and by scipy, and a function of the sets alone."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_pairings import PREFERENCES, best_by_brute_force, pairing, shares, value
from support import examples

from harness.tasks.ner.matching import MentionKey, align_mentions


def keys(*mentions: tuple[int, int, str]) -> set[MentionKey]:
    return set(mentions)


def test_touching_mentions_share_nothing() -> None:
    found = align_mentions(keys((0, 4, "A")), keys((4, 8, "A")))
    assert found.pairs == []
    assert found.missed == [(0, 4, "A")]
    assert found.spurious == [(4, 8, "A")]


def test_one_shared_character_is_enough() -> None:
    found = align_mentions(keys((0, 5, "A")), keys((4, 8, "B")))
    assert found.pairs == [((0, 5, "A"), (4, 8, "B"))]


def test_same_span_goes_before_same_label_and_type_turns_that_round() -> None:
    gold = keys((0, 4, "A"))
    predicted = keys((0, 4, "B"), (0, 6, "A"))
    found = align_mentions(gold, predicted)
    assert pairing(found, "span") == {((0, 4, "A"), (0, 4, "B"))}
    assert pairing(found, "partial") == pairing(found, "span")
    assert pairing(found, "type") == {((0, 4, "A"), (0, 6, "A"))}
    assert found.spurious == [(0, 6, "A")]
    assert sorted(found.type, key=repr) == sorted(
        [
            (-1, (0, 4, "A"), (0, 4, "B")),
            (-1, None, (0, 6, "A")),
            (+1, (0, 4, "A"), (0, 6, "A")),
            (+1, None, (0, 4, "B")),
        ],
        key=repr,
    )


def test_partial_prefers_two_halves_to_one_pair_of_the_same_label() -> None:
    # g1 -- p1 == g2 -- p2: the middle pair shares the label, the outer two do not.
    gold = keys((0, 5, "B"), (6, 12, "A"))
    predicted = keys((3, 8, "A"), (10, 14, "B"))
    found = align_mentions(gold, predicted)
    assert pairing(found, "span") == {((6, 12, "A"), (3, 8, "A"))}
    assert pairing(found, "partial") == {
        ((0, 5, "B"), (3, 8, "A")),
        ((6, 12, "A"), (10, 14, "B")),
    }


def test_a_shared_span_beats_two_halves_of_the_same_credit() -> None:
    # Crosswise, two halves earn as much as the shared span and share both labels besides.
    gold = keys((2, 6, "A"), (5, 9, "B"))
    predicted = keys((2, 6, "B"), (0, 3, "A"))
    found = align_mentions(gold, predicted)
    for preference in ("span", "partial"):
        assert pairing(found, preference) == {((2, 6, "A"), (2, 6, "B"))}
    assert len(pairing(found, "type")) == 2


def test_the_larger_overlap_wins_and_then_the_earlier_mention() -> None:
    found = align_mentions(keys((0, 10, "A")), keys((0, 3, "A"), (3, 9, "A")))
    assert found.pairs == [((0, 10, "A"), (3, 9, "A"))]
    found = align_mentions(keys((0, 10, "A")), keys((1, 4, "A"), (5, 8, "A")))
    assert found.pairs == [((0, 10, "A"), (1, 4, "A"))]


def test_a_long_chain_is_paired_without_recursion() -> None:
    count = 20_000
    gold = {(10 * i, 10 * i + 10, "A") for i in range(count)}
    predicted = {(10 * i + 4, 10 * i + 14, "A") for i in range(count)}
    found = align_mentions(gold, predicted)
    assert len(found.pairs) == count
    assert all(p[0] - g[0] == 4 for g, p in found.pairs)  # 6 shared characters rather than 4


def mention_sets(most: int, length: int = 12) -> st.SearchStrategy[set[tuple[int, int, str]]]:
    mention = st.tuples(st.integers(0, length - 1), st.integers(1, 6), st.sampled_from("AB")).map(
        lambda m: (m[0], m[0] + m[1], m[2])
    )
    return st.sets(mention, max_size=most)


@pytest.mark.slow
@given(mention_sets(5), mention_sets(5))
@settings(max_examples=examples(150), deadline=None)
def test_no_pairing_is_better(gold: set, predicted: set) -> None:
    left, right = keys(*gold - predicted), keys(*predicted - gold)
    found = align_mentions(left, right)
    for preference in PREFERENCES:
        pairs = pairing(found, preference)
        assert all(shares(g, p) for g, p in pairs)
        assert len({g for g, _ in pairs}) == len({p for _, p in pairs}) == len(pairs)
        assert value(pairs, preference) == best_by_brute_force(left, right, preference)


@given(mention_sets(9), mention_sets(9))
@settings(max_examples=examples(150), deadline=None)
def test_swapping_the_sides_transposes_the_pairs(gold: set, predicted: set) -> None:
    left, right = keys(*gold - predicted), keys(*predicted - gold)
    one, other = align_mentions(left, right), align_mentions(right, left)
    for preference in PREFERENCES:
        assert pairing(one, preference) == {(g, p) for p, g in pairing(other, preference)}
    assert (set(one.missed), set(one.spurious)) == (set(other.spurious), set(other.missed))


@given(mention_sets(9), mention_sets(9), st.integers(0, 1000))
@settings(max_examples=examples(100), deadline=None)
def test_shifting_all_offsets_shifts_the_pairs(gold: set, predicted: set, by: int) -> None:
    def shifted(mentions: set[MentionKey]) -> set[MentionKey]:
        return {(s + by, e + by, label) for s, e, label in mentions}

    left, right = keys(*gold - predicted), keys(*predicted - gold)
    here, there = align_mentions(left, right), align_mentions(shifted(left), shifted(right))
    for preference in PREFERENCES:
        moved = {(*shifted({g}), *shifted({p})) for g, p in pairing(here, preference)}
        assert moved == pairing(there, preference)


@pytest.mark.parametrize("seed", range(30))
def test_larger_tangles_agree_with_scipy(seed: int) -> None:
    numpy = pytest.importorskip("numpy")
    optimize = pytest.importorskip("scipy.optimize")
    random_ = random.Random(seed)

    def side(count: int) -> set[tuple[int, int, str]]:
        starts = [random_.randrange(60) for _ in range(count)]
        return {(s, s + random_.randint(1, 25), random_.choice("ABC")) for s in starts}

    gold, predicted = side(random_.randint(1, 40)), side(random_.randint(1, 40))
    left, right = keys(*gold - predicted), keys(*predicted - gold)
    found = align_mentions(left, right)
    # Above any sum (40 pairs, 40 * 25 characters), and base ** 4 is exact in a float. Under
    # `partial` the number of pairs follows from the credit and the shared spans.
    base = 2000
    rows, columns = sorted(left), sorted(right)
    for preference in PREFERENCES:
        worth = numpy.zeros((len(rows), len(columns)))
        for i, g in enumerate(rows):
            for j, p in enumerate(columns):
                if shares(g, p):
                    first, second, third, *rest = value({(g, p)}, preference)
                    worth[i, j] = ((first * base + second) * base + third) * base + rest[-1]
        chosen = optimize.linear_sum_assignment(worth, maximize=True)
        expected = round(worth[chosen].sum())
        first, second, third, *rest = value(pairing(found, preference), preference)
        assert ((first * base + second) * base + third) * base + rest[-1] == expected
