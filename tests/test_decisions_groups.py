"""Groups of ties, and that compare and choose say the same of the same systems."""

from __future__ import annotations

import random
from itertools import permutations

import pytest
import synthetic
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.decide.choose import choose
from harness.decide.compare import compare
from harness.decide.constraints import Constraints
from harness.decide.pairwise import pairwise
from harness.gold.goldset import GoldSet
from harness.report.choice import choice_table
from harness.report.comparison import comparison_tables
from harness.results.scored import Scored
from harness.stats.permutation import swap_test
from harness.stats.resample import Resampler
from harness.stats.units import Units

pytestmark = pytest.mark.slow

FLAT = synthetic.grid([[["PER"] * 6]] * 24)
planned = settings(derandomize=True, deadline=None, max_examples=25, database=None)


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> GoldSet:
    return synthetic.gold(tmp_path_factory.mktemp("flat"), FLAT)


def planted(goldset: GoldSet, seed: int, recalls: list[float]) -> list[Scored]:
    """Backends `a`, `b`, ... that find such shares of FLAT."""
    rng = random.Random(seed)
    return synthetic.systems_of(
        goldset,
        {
            chr(ord("a") + number): synthetic.keeping(FLAT, lambda *_, p=share: rng.random() < p)  # type: ignore[misc]
            for number, share in enumerate(recalls)
        },
    )


# --- groups ------------------------------------------------------------------------------------

recalls = st.lists(st.sampled_from([0.45, 0.55, 0.65, 0.75, 0.85]), min_size=2, max_size=6)


@planned
@given(seed=st.integers(0, 10**6), shares=recalls)
def test_two_share_a_group_exactly_when_they_do_not_differ(
    flat: GoldSet, seed: int, shares: list[float]
) -> None:
    systems = planted(flat, seed, shares)
    names = [system.name for system in systems]
    counts = [system.counts() for system in systems]
    resampler = Resampler(systems[0].document_numbers, resamples=200)
    found = pairwise(counts, resampler)
    # The second way: tests by hand, corrected by hand.
    units = Units(systems[0].document_numbers)
    sums = [units.fold(one.rows) for one in counts]
    places = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names))]
    p_values = [swap_test(sums[i], sums[j], counts[0].score).p_value or 0.0 for i, j in places]
    order = sorted(range(len(places)), key=lambda n: p_values[n])
    differ, stopped = set(), False
    for rank, number in enumerate(order):
        stopped = stopped or p_values[number] * (len(places) - rank) >= 0.05
        if not stopped:
            differ.add(places[number])
    groups = found.groups(names)
    for i, j in places:
        together = any(names[i] in group and names[j] in group for group in groups)
        assert together == (not found.pair(i, j).differs) == ((i, j) not in differ)
    for group in groups:  # None is part of another.
        assert not any(set(group) < set(other) for other in groups)
    assert {name for group in groups for name in group} == set(names)


@planned
@given(seed=st.integers(0, 10**6), shares=recalls)
def test_letters_and_groups_do_not_depend_on_the_order(
    flat: GoldSet, seed: int, shares: list[float]
) -> None:
    systems = planted(flat, seed, shares)
    value = compare(systems, resamples=100).to_json()
    for one, two in permutations(value["systems"], 2):
        shared = set(one["group"]) & set(two["group"])
        together = [g for g in value["groups"] if one["name"] in g and two["name"] in g]
        assert len(shared) == len(together)
    turned = compare([*systems[2:], *systems[1::-1]], resamples=100)
    assert {frozenset(g) for g in turned.groups} == {frozenset(g) for g in value["groups"]}
    reference = value["systems"][0]
    for row in value["systems"][1:]:
        tied = bool(set(row["group"]) & set(reference["group"]))
        assert tied == (row["verdict"] == "tie")


def test_a_third_may_be_tied_with_two_that_differ(flat: GoldSet) -> None:
    """`b` is `a` less six mentions in as many documents; `c` wins and loses against both."""
    a = synthetic.keeping(FLAT, lambda _, place: place < 4)
    b = synthetic.keeping(FLAT, lambda number, place: place < (3 if number < 7 else 4))
    c = synthetic.keeping(FLAT, lambda number, place: place < (6 if number % 2 else 1))
    backends = {"a": a, "b": b, "c": c}
    expected = {frozenset("ac"), frozenset("bc")}
    for order in permutations("abc"):
        systems = synthetic.systems_of(flat, {name: backends[name] for name in order})
        found = compare(systems, resamples=100)
        assert {frozenset(group) for group in found.groups} == expected
        notes = " ".join(comparison_tables(found)[0].notes)
        assert "Of a group no two were found to differ; two that share none were." in notes


# --- compare and choose ------------------------------------------------------------------------


@planned
@given(
    seed=st.integers(0, 10**6),
    shares=st.lists(st.sampled_from([0.5, 0.6, 0.7, 0.95]), min_size=2, max_size=5),
)
def test_choose_recommends_exactly_what_compare_finds_better_than_all(
    flat: GoldSet, seed: int, shares: list[float]
) -> None:
    systems = planted(flat, seed, shares)
    choice = choose(systems, Constraints(task="ner"), resamples=100)
    best = set()
    for system in systems:
        others = [other for other in systems if other is not system]
        found = compare([system, *others], resamples=100)
        if all(row.verdict == "worse" for row in found.rows[1:]):
            best.add(system.name)
    assert {choice.recommended} - {None} == best
    family = len(systems) * (len(systems) - 1) // 2
    assert choice.pairs == family
    notes = " ".join(choice_table(choice).notes)
    assert (f"Holm's correction over all {family} pairs" in notes) == (family > 1)
    found = compare(systems, resamples=100)
    assert found.pairs == family
    if choice.abstains:
        groups = [set(group) for group in found.groups]
        first = choice.candidates[0].name
        assert set(choice.tied) == set().union(*(g for g in groups if first in g))


def test_equals_are_seldom_told_apart(flat: GoldSet) -> None:
    """Ten backends of one skill: the 5 % are for all 45 pairs together."""
    excluded = 0
    for seed in range(40):
        choice = choose(planted(flat, seed, [0.7] * 10), Constraints(task="ner"), resamples=50)
        excluded += len(choice.tied) < 10
    assert excluded <= 5  # Binomial with 5 %: more in fewer than 2 of 100 cases.


def test_those_that_do_not_qualify_are_in_no_pair(flat: GoldSet) -> None:
    systems = planted(flat, 3, [0.9, 0.5, 0.3, 0.2])
    choice = choose(systems, Constraints(task="ner", min_recall=0.4), resamples=100)
    assert choice.pairs == 1 and choice.recommended == "a"
    assert compare(systems[:2], resamples=100).rows[1].adjusted is not None
