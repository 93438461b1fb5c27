"""What compare and choose say of the same systems: units, exact p-values, groups, one family."""

from __future__ import annotations

import json
import random
from itertools import permutations, product
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import synthetic
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.annotation import Record
from harness.choose import Wishes, choose
from harness.cli.main import main
from harness.comparison import compare
from harness.comparison.measures import columns, statistic
from harness.comparison.pairwise import pairwise
from harness.comparison.systems import System
from harness.goldset import GoldSet
from harness.report.choice import choice_table
from harness.report.comparison import comparison_tables
from harness.stats.permutation import holm, randomisation_test, swap_test
from harness.stats.resample import Resampler
from harness.stats.units import Units

FLAT = synthetic.grid([[["PER"] * 6]] * 24)
planned = settings(derandomize=True, deadline=None, max_examples=25, database=None)


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> GoldSet:
    return synthetic.gold(tmp_path_factory.mktemp("flat"), FLAT)


def planted(goldset: GoldSet, seed: int, recalls: list[float]) -> list[System]:
    """Backends `a`, `b`, ... that find such shares of FLAT."""
    rng = random.Random(seed)
    return synthetic.systems_of(
        goldset,
        {
            chr(ord("a") + number): synthetic.keeping(FLAT, lambda *_, p=share: rng.random() < p)  # type: ignore[misc]
            for number, share in enumerate(recalls)
        },
    )


def tables(folder: Path, docs: list[Record], backends: dict[str, list[Record]]) -> list[str]:
    """The arguments of `harness compare` for planted files."""
    goldset = synthetic.gold(folder, docs)
    told = ["--gold", str(goldset.path), "--task", "ner", "--flips", "0", "--resamples", "500"]
    return ["compare", *synthetic.saved(folder, backends), *told]


def said(capsys: pytest.CaptureFixture[str], command: list[str], status: int = 0) -> str:
    assert main(command) == status
    return capsys.readouterr().out


def compared(capsys: pytest.CaptureFixture[str], command: list[str]) -> Any:
    (value,) = json.loads(said(capsys, [*command, "--json"]))
    return value


# --- units -------------------------------------------------------------------------------------


def halves(documents: int, won: int) -> tuple[list[Record], dict[str, list[Record]]]:
    """Four mentions a document, in a paragraph each; `a` finds all in `won` of the documents and
    half in the others, `b` the other way round."""
    docs = synthetic.grid([[["PER"]] * 4] * documents)
    a = synthetic.keeping(docs, lambda number, place: number < won or place % 2 == 0)
    b = synthetic.keeping(docs, lambda number, place: number >= won or place % 2 == 0)
    return docs, {"a": a, "b": b}


@pytest.mark.parametrize(("documents", "won"), [(8, 6), (10, 7), (26, 16)])
def test_the_exact_p_by_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], documents: int, won: int
) -> None:
    """Each document is worth two mentions for one side, so p is that of a sign test."""
    ahead = abs(2 * won - documents)
    as_far = sum(
        comb(documents, k) for k in range(documents + 1) if abs(2 * k - documents) >= ahead
    )
    command = tables(tmp_path, *halves(documents, won))
    row = compared(capsys, command)["systems"][1]
    assert row["p"] == pytest.approx(as_far / 2**documents, rel=1e-9) and row["exact"]
    assert row["verdict"] == "tie" and row["p_holm"] == row["p"]
    # By paragraph it would differ: 2 * won of 2 * documents paragraphs, all alike.
    many = 2 * documents
    by_paragraph = sum(comb(many, k) for k in range(many + 1) if abs(2 * k - many) >= 2 * ahead)
    assert by_paragraph / 2**many < row["p"]
    low, high = row["difference_interval"]
    assert low < 0 < high
    text = said(capsys, command)
    assert "over the same documents" in text and "resamples by document, seed 0" in text
    assert "speak of these documents" not in text


def test_below_8_documents_paragraphs_are_swapped_within_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    docs = synthetic.grid([[["PER"]] * 2] * 7)
    a = synthetic.keeping(docs, lambda number, place: 2 * number + place < 11)
    b = synthetic.keeping(docs, lambda number, place: 2 * number + place >= 11)
    command = tables(tmp_path, docs, {"a": a, "b": b})
    row = compared(capsys, command)["systems"][1]
    assert row["p"] == pytest.approx(2 * sum(comb(14, k) for k in range(4)) / 2**14)
    text = said(capsys, command)
    assert "by paragraph within document" in text and "over the same paragraphs" in text
    assert "speak of these documents, not of texts like them" in text


@pytest.mark.parametrize(("documents", "unit"), [(7, "paragraph"), (8, "document")])
def test_interval_and_p_have_the_same_units(tmp_path: Path, documents: int, unit: str) -> None:
    """In every document what one paragraph wins the other loses: documents all agree."""
    docs = synthetic.grid([[["PER"]] * 2] * documents)
    found = compare(
        synthetic.systems_of(
            synthetic.gold(tmp_path, docs),
            {str(side): synthetic.keeping(docs, lambda _, place, s=side: place == s)
             for side in (0, 1)},  # type: ignore[misc]
        ),
        resamples=500,
    )  # fmt: skip
    assert found.unit == unit
    row = found.rows[1]
    assert row.test is not None and row.paired is not None and row.paired.bounds is not None
    differing = 2 * documents if unit == "paragraph" else 0
    assert (row.test.units, row.test.p_value) == (differing, 1.0)
    low, high = row.paired.bounds
    assert (low < 0 < high) if differing else (low == high == 0)


def test_the_exact_p_is_the_share_of_all_swaps() -> None:
    """Counted one by one, with scores in plain arithmetic."""
    rng = random.Random(4)
    for _ in range(12):
        rows = [[(rng.randint(0, 3), rng.randint(3, 5), 4) for _ in range(8)] for _ in range(2)]

        def f(chosen: list[tuple[int, int, int]]) -> float:
            right, predicted, gold = (sum(column) for column in zip(*chosen, strict=True))
            return 2 * right / (predicted + gold)

        seen = f(rows[1]) - f(rows[0])
        hits = 0
        for swaps in product((0, 1), repeat=8):
            one = [rows[swap][i] for i, swap in enumerate(swaps)]
            two = [rows[1 - swap][i] for i, swap in enumerate(swaps)]
            hits += abs(f(two) - f(one)) >= abs(seen) - 1e-9
        test = randomisation_test(np.array(rows[0]), np.array(rows[1]), Units(range(8)))
        assert test.exact and test.p_value == pytest.approx(hits / 2**8)


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        ([[["PER"] * 9]], "only one paragraph holds anything of it"),
        ([[["PER"] * 9], *[[[]] * 3] * 3], "only one paragraph holds anything of it"),
        ([[["PER"] * 9], *[[[]]] * 11], "only one document holds anything of it"),
        ([*[[["PER"] * 9]] * 5, *[[[]]] * 11], "only 5 documents hold anything of it"),
        ([[["PER"]] * 5], "only 5 paragraphs hold anything of it"),
    ],
)
def test_too_few_units_give_a_reason_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], plan: Any, reason: str
) -> None:
    docs = synthetic.grid(plan)
    backends = {"all": docs, "some": synthetic.keeping(docs, lambda _, place: place % 3 > 0)}
    command = tables(tmp_path, docs, backends)
    value = compared(capsys, command)
    first, second = value["systems"]
    assert first["interval"] == second["interval"] == [None, None]
    assert second["difference_interval"] == [None, None]
    assert second["p"] is second["p_holm"] is second["detectable_difference"] is None
    assert second["verdict"] == "not tested" and value["pairs"] == 0
    assert first["lacking"].startswith(reason) and second["lacking"].startswith(reason)
    text = said(capsys, command)
    assert f"all, some: no interval: {reason}, and it takes 6" in text
    assert f"some: no interval of the difference and no test: {reason}" in text
    assert "80 % power" not in text and "not tested" in text
    goldset = tmp_path / "planted.jsonl"
    told = ["--gold", str(goldset), "--task", "ner", "--resamples", "500"]
    synthetic.run_folder(tmp_path / "run", synthetic.gold(tmp_path, docs), backends)
    text = said(capsys, ["choose", str(tmp_path / "run"), *told])
    assert "no recommendation" in text and f"({reason}" in text
    text = said(capsys, ["report", str(tmp_path / "run"), "--rankings"])
    assert f"No interval: {reason}" in text and "80 % power" not in text


def test_ten_backends_on_six_paragraphs_cannot_get_a_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The smallest p is 2 / 2^6, and 45 pairs share the 5 %."""
    docs = synthetic.grid([[["PER"] * 10]] * 6)
    backends = {
        f"b{n}": synthetic.keeping(docs, lambda _, place, n=n: place <= n)  # type: ignore[misc]
        for n in range(10)
    }
    command = tables(tmp_path, docs, backends)
    value = compared(capsys, command)
    assert value["pairs"] == 45 and len(value["groups"]) == 1
    for row in value["systems"][1:]:
        assert row["p"] == 2 / 2**6 and row["p_holm"] == 1 and row["verdict"] == "tie"
        assert row["detectable_difference"] is None
    text = " ".join(said(capsys, command).split())
    names = ", ".join(f"b{n}" for n in range(1, 10))
    assert f"{names}: with so few paragraphs no difference, however large, could be told" in text
    assert "after Holm's correction over all 45 pairs" in text and "80 % power" not in text
    two = compared(capsys, [*command[:2], command[10], *command[11:]])
    assert two["systems"][1]["verdict"] == "better"  # With one pair there is one.


# --- groups ------------------------------------------------------------------------------------

recalls = st.lists(st.sampled_from([0.45, 0.55, 0.65, 0.75, 0.85]), min_size=2, max_size=6)


@planned
@given(seed=st.integers(0, 10**6), shares=recalls)
def test_two_share_a_group_exactly_when_they_do_not_differ(
    flat: GoldSet, seed: int, shares: list[float]
) -> None:
    systems = planted(flat, seed, shares)
    names = [system.name for system in systems]
    counts = [columns(system.tallies, "micro") for system in systems]
    resampler = Resampler(systems[0].documents, resamples=200)
    found = pairwise(counts, statistic("f1", 3), resampler)
    # The second way: tests by hand, corrected by hand.
    units = Units(systems[0].documents)
    sums = [units.fold(one.counts) for one in counts]
    places = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names))]
    p_values = [swap_test(sums[i], sums[j]).p_value or 0.0 for i, j in places]
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
        assert "Of a group no two differ; two that share none do." in notes


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
    choice = choose(systems, Wishes(), resamples=100)
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
        choice = choose(planted(flat, seed, [0.7] * 10), Wishes(), resamples=50)
        excluded += len(choice.tied) < 10
    assert excluded <= 5  # Binomial with 5 %: more in fewer than 2 of 100 cases.


def test_those_that_do_not_qualify_are_in_no_pair(flat: GoldSet) -> None:
    systems = planted(flat, 3, [0.9, 0.5, 0.3, 0.2])
    choice = choose(systems, Wishes(min_recall=0.4), resamples=100)
    assert choice.pairs == 1 and choice.recommended == "a"
    assert compare(systems[:2], resamples=100).rows[1].adjusted is not None


# --- sampled and exact -------------------------------------------------------------------------


def test_a_p_that_few_assignments_speak_of_is_drawn_20_times_as_often() -> None:
    rng = np.random.default_rng(1)
    wide = rng.integers(0, 4, (40, 9)).astype(float)
    small = wide.copy()
    small[:, ::3] = np.maximum(0, wide[:, ::3] - 2)
    macro = statistic("recall", 3)
    for other, often in ((small, True), (rng.permutation(wide), False)):
        test = swap_test(wide, other, macro, trials=1000)
        assert not test.exact and test.p_value is not None
        assert test.assignments == (20_000 if often else 1000)
        hits = test.p_value * (test.assignments + 1) - 1
        assert hits == pytest.approx(round(hits)) and hits >= 0
        # Drawn again is only what fewer than 20 assignments speak of.
        assert (1000 * test.p_value < 30) == often
    narrow = swap_test(wide[:16], small[:16], macro)
    assert narrow.exact and narrow.assignments == 2**narrow.units


def test_the_mark_of_sampled_values_is_that_of_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A macro average over 24 documents is sampled, over 16 counted; one type always counted."""
    plan = [[["PER", "ORG", "LOC"] * 4]] * 24
    docs = synthetic.grid(plan)
    half = synthetic.keeping(docs, lambda number, place: (number + place) % 3 > 0)
    near = synthetic.keeping(docs, lambda number, place: number > 11 or place % 5 > 0)
    command = tables(tmp_path, docs, {"all": docs, "half": half, "near": near})
    for part in ("macro", "micro", "PER"):
        value = compared(capsys, [*command, "--part", part])
        exact = {row["name"]: row["exact"] for row in value["systems"][1:]}
        assert exact == {"half": part != "macro", "near": True}
        lines = [*filter(str.strip, said(capsys, [*command, "--part", part]).splitlines())]
        for name, counted in exact.items():
            (line,) = [line for line in lines if line.startswith(name)]
            assert ("~" in line) == (not counted)
        by_type = [line for line in lines if line.startswith(("PER ", "ORG ", "LOC "))]
        assert by_type and not any("~" in line for line in by_type)
        assert any("~ marks" in line for line in lines) == (part == "macro")


def test_the_mark_of_sampled_values_by_part(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kinds have four columns: where three differ in many documents they are sampled."""
    kinds = (None, "direct", "indirect", "direct", "direct")
    docs, wrong = synthetic.kinds(40, lambda number, place: kinds[(number + place) % 5])
    goldset = synthetic.gold(tmp_path, docs)
    paths = synthetic.saved(tmp_path, {"right": docs, "wrong": wrong})
    command = ["compare", *paths, "--gold", str(goldset.path), "--task", "attribution"]
    command += ["--flips", "0", "--resamples", "200", "--min-support", "0"]
    parts = compared(capsys, command)["parts"]
    assert "direct" in {part["part"] for part in parts if part["sampled"]}
    lines = said(capsys, command).splitlines()
    for part in parts:
        (line,) = [
            line for line in lines if line.split()[:1] == [part["part"]] and " wrong " in line
        ]
        tested = part["adjusted"]["wrong"] is not None
        assert ("~" in line) == (tested and part["sampled"] == ["wrong"])


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
