"""Chosen types, F-beta, `overlap=T`, tokens and characters, discontinuous mentions."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.annotation import Annotations, Entity, Record, Span
from harness.errors import UsageError
from harness.stats.rates import rates
from harness.tasks.base import DocumentPair
from harness.tasks.ner.options import NerOptions
from harness.tasks.ner.parts import type_part
from harness.tasks.ner.score import score
from harness.tasks.ner.task import NamedEntities
from harness.tasks.parts import block
from harness.tasks.tally import Tally

TASK = NamedEntities()
TEXT = "Ada Roe met NATO in old Oslo today."


def count(
    gold: Any, predicted: Any, tokens: Any = None, **options: Any
) -> tuple[Tally, NerOptions]:
    chosen = NerOptions(**options)
    record = Record("a", TEXT, Annotations(tuple(gold)), tokens=tokens)
    pair = DocumentPair(record, Annotations(tuple(predicted)))
    return Tally.of(Tally.units(TASK.count(pair, chosen))), chosen


def blocks(gold: Any, predicted: Any, **options: Any) -> dict[str, Any]:
    tally, chosen = count(gold, predicted, **options)
    parts = TASK.parts(tally, chosen)
    return {part.name: block(part, tally) for part in parts if part.over is None}


GOLD = [Entity(0, 7, "PER"), Entity(12, 16, "ORG"), Entity(24, 28, "LOC")]
PREDICTED = [Entity(0, 3, "PER"), Entity(12, 16, "LOC"), Entity(20, 28, "LOC")]


def test_chosen_types_are_as_if_the_others_were_not_there() -> None:
    for types in ("PER", "ORG", "LOC", "LOC,PER", "ORG, LOC"):
        kept = set(types.replace(" ", "").split(","))
        some = blocks(GOLD, PREDICTED, types=types)
        alone = blocks(
            [e for e in GOLD if e.label in kept], [e for e in PREDICTED if e.label in kept]
        )
        assert some == alone


_entity = st.builds(
    lambda start, length, label: Entity(start, min(start + length, 35), label),
    st.integers(0, 30),
    st.integers(1, 8),
    st.sampled_from(["PER", "ORG", "LOC"]),
)


@given(
    st.lists(_entity, max_size=6),
    st.lists(_entity, max_size=6),
    st.sets(st.sampled_from(["PER", "ORG", "LOC"]), min_size=1),
    st.sampled_from(["strict", "exact", "partial", "type", "overlap=0.4"]),
    st.sampled_from(["mentions", "all"]),
)
def test_chosen_types_count_as_the_filtered_files(
    gold: Any, predicted: Any, types: Any, match: str, levels: str
) -> None:
    some = blocks(gold, predicted, types=",".join(types), match=match, levels=levels)
    kept = ([e for e in side if e.label in types] for side in (gold, predicted))
    assert some == blocks(*kept, match=match, levels=levels)


@given(
    st.lists(_entity, max_size=6),
    st.lists(_entity, max_size=6),
    st.sets(st.sampled_from(["PER", "ORG", "LOC"])),
    st.sets(st.sampled_from(["PER", "ORG", "LOC"])),
    st.sampled_from(["strict", "exact", "partial", "type"]),
)
def test_what_is_read_off_other_counts_is_what_a_count_says(
    gold: Any, predicted: Any, counted: Any, read: Any, match: str
) -> None:
    """Or else another count is asked for."""
    tally, before = count(gold, predicted, types=",".join(counted))
    after = NerOptions(types=",".join(read), match=match)
    if TASK.needs_another_count(before, after) is not None:
        assert counted != read
        return
    own, _ = count(gold, predicted, types=",".join(read), match=match)
    for part in TASK.parts(own, after):
        if part.over is None:
            assert block(part, tally) == block(part, own)


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_f_beta_is_van_rijsbergens(beta: float) -> None:
    micro = blocks([*GOLD, Entity(8, 11, "PER")], [GOLD[0], PREDICTED[1]], beta=beta)["micro"]
    p, r = 1 / 2, 1 / 4
    assert (micro.precision, micro.recall) == (p, r)
    assert micro.f1 == pytest.approx((1 + beta**2) * p * r / (beta**2 * p + r))
    assert micro.f1 == pytest.approx(rates(1, 4, 1, 2, weights=(1, beta**2)).f1)


@pytest.mark.parametrize(
    ("threshold", "right"),
    [("0.3", 2), ("0.42", 2), ("0.43", 1), ("0.5", 1), ("0.51", 0), ("1", 0)],
)
def test_overlap_is_intersection_over_union(threshold: str, right: int) -> None:
    """Ada of Ada Roe: 3 of 7 characters; Oslo of old Oslo: 4 of 8; NATO has another type."""
    assert blocks(GOLD, PREDICTED, match=f"overlap={threshold}")["micro"].tp == right


def test_overlap_of_one_is_strict_and_pairs_are_one_to_one() -> None:
    assert blocks(GOLD, GOLD, match="overlap=1")["micro"].f1 == 1
    halves = [Entity(0, 3, "PER"), Entity(4, 7, "PER")]
    micro = blocks([GOLD[0]], halves, match="overlap=0.4")["micro"]
    assert (micro.tp, micro.fp, micro.fn) == (1, 1, 0)


@given(
    st.lists(_entity, max_size=4), st.lists(_entity, max_size=4), st.sampled_from([0.2, 0.5, 0.8])
)
def test_overlap_makes_as_many_pairs_as_can_be(gold: Any, predicted: Any, threshold: float) -> None:
    """Against every assignment there is, after equals have met each other."""

    def share(one: Entity, other: Entity) -> float:
        both = max(0, min(one.end, other.end) - max(one.start, other.start))
        return both / (one.end - one.start + other.end - other.start - both)

    left, right = set(gold), set(predicted)
    equal = left & right
    rest, others = sorted(left - equal), sorted(right - equal)
    padded = [*others, *[None] * len(rest)]
    best = max(
        sum(
            two is not None and one.label == two.label and share(one, two) >= threshold
            for one, two in zip(rest, order, strict=False)
        )
        for order in permutations(padded, len(rest))
    )
    micro = blocks(gold, predicted, match=f"overlap={threshold}")["micro"]
    assert micro.tp == len(equal) + best
    assert (micro.support, micro.predicted) == (len(left), len(right))


def test_tokens_and_characters_by_hand() -> None:
    """Tokens: Ada Roe . NATO . old Oslo; each with its label."""
    found = blocks(GOLD, PREDICTED, levels="all")
    tokens, characters = found["tokens"], found["characters"]
    assert (tokens.tp, tokens.support, tokens.predicted) == (2, 4, 4)
    assert (characters.tp, characters.support, characters.predicted) == (3 + 4, 15, 15)
    own = ((0, 7), (12, 16), (20, 28))  # Tokens of the file: no text is cut anew.
    tally, options = count(GOLD, PREDICTED, tokens=own, levels="all")
    part = next(part for part in TASK.parts(tally, options) if part.name == "tokens")
    assert (block(part, tally).tp, block(part, tally).support) == (2, 3)


@given(st.lists(_entity, max_size=6), st.lists(_entity, max_size=6))
def test_characters_against_sets(gold: Any, predicted: Any) -> None:
    def covered(side: Any) -> set[tuple[int, str]]:
        return {(at, e.label) for e in side for at in range(e.start, e.end)}

    one, other = covered(gold), covered(predicted)
    if not one and not other:
        return
    characters = blocks(gold, predicted, levels="all")["characters"]
    assert characters.tp == len(one & other)
    assert (characters.support, characters.predicted) == (len(one), len(other))


def test_a_discontinuous_mention_is_not_its_hull() -> None:
    parts = (Span(0, 3), Span(12, 16))
    split = Entity(0, 16, "PER", None, parts)
    whole = Entity(0, 16, "PER")
    assert blocks([split], [split])["micro"].f1 == 1
    micro = blocks([split], [whole])["micro"]
    assert (micro.tp, micro.fp, micro.fn) == (0, 1, 1)
    both = blocks([split, whole], [whole, split])["micro"]
    assert (both.tp, both.fp, both.fn) == (2, 0, 0)
    assert blocks([split], [whole], match="type")["micro"].tp == 1
    assert blocks([split], [whole], match="exact")["micro"].tp == 0
    assert blocks([split], [whole], match="overlap=0.4")["micro"].tp == 1  # 7 of 16 characters
    assert blocks([split], [whole], match="overlap=0.5")["micro"].tp == 0
    assert blocks([split], [split], boundary="normalised")["micro"].f1 == 1
    assert blocks([split], [split], levels="all")["characters"].support == 7


@pytest.mark.parametrize(
    "options",
    [{"match": "overlap"}, {"match": "overlap=0"}, {"match": "overlap=1.1"}, {"match": "overlap=x"},
     {"match": "loose"}],
)  # fmt: skip
def test_what_is_no_mode(options: Any) -> None:
    with pytest.raises(UsageError, match=r"unknown match mode .* or overlap=T"):
        NerOptions(**options)


def _fragmented(edges: list[int], label: str) -> Entity:
    cuts = sorted(set(edges))
    cuts = cuts[: len(cuts) // 2 * 2]
    parts = tuple(Span(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=True))
    return Entity(cuts[0], cuts[-1], label, None, parts if len(parts) > 1 else ())


_apart = st.builds(
    _fragmented,
    st.lists(st.integers(0, 12), min_size=4, max_size=6).filter(lambda e: len(set(e)) > 1),
    st.sampled_from("AB"),
)


def _cover(entity: Entity) -> frozenset[int]:
    return frozenset(at for part in TASK.spans(entity) for at in range(*part))


def _same_extent(one: Entity, other: Entity) -> bool:
    return list(TASK.spans(one)) == list(TASK.spans(other))


CREDITS: dict[str, Callable[[Entity, Entity], float]] = {
    "exact": lambda one, other: float(_same_extent(one, other)),
    "partial": lambda one, other: 1.0 if _same_extent(one, other) else 0.5,
    "type": lambda one, other: float(one.label == other.label),
}


@given(st.lists(_apart, max_size=4), st.lists(_apart, max_size=4), st.sampled_from([*CREDITS]))
def test_discontinuous_mentions_earn_what_they_can(gold: Any, predicted: Any, mode: str) -> None:
    """Against every assignment; who shares no character, only a gap, is no pair."""
    left, right = set(gold), set(predicted)
    equal = left & right
    rest, others = sorted(left - equal), [*sorted(right - equal), *[None] * len(left)]
    best = max(
        sum(
            CREDITS[mode](one, two)
            for one, two in zip(rest, order, strict=True)
            if two is not None and _cover(one) & _cover(two)
        )
        for order in permutations(others, len(rest))
    )
    micro = blocks(gold, predicted, match=mode)["micro"]
    assert micro.tp == len(equal) + best
    tally, _ = count(gold, predicted)
    classes = {key[1] for key in tally if key[0] == "errors"}
    if not any(_cover(one) & _cover(two) for one in rest for two in right - equal):
        assert classes <= {"missed", "spurious"}


def test_mentions_that_share_a_hull_are_told_apart() -> None:
    whole = Entity(0, 16, "PER")
    split = Entity(0, 16, "PER", None, (Span(0, 3), Span(12, 16)))
    assert TASK.mention(whole) != TASK.mention(split)
    assert list(TASK.spans(split)) == [(0, 3), (12, 16)]
    assert TASK.describe(split, TEXT) == "PER [Ada] … [NATO]"
    record = Record("a", TEXT, Annotations((whole, split)))
    pair = DocumentPair(record, Annotations((split,)))
    outcomes = {TASK.mention(o.gold): o.error for o in TASK.outcomes(pair, NerOptions())}
    assert outcomes == {TASK.mention(split): "correct", TASK.mention(whole): "missed"}


_cell = st.tuples(
    st.sampled_from(["errors", "partial", "type", "overlap"]),
    st.sampled_from(["boundary", "type", "boundary_type", "missed", "spurious"]),
    st.sampled_from("ABC"),
    st.sampled_from("ABC"),
).map(lambda c: (*c[:2], None if c[1] == "spurious" else c[2], None if c[1] == "missed" else c[3]))


@given(
    st.dictionaries(
        _cell | st.tuples(st.just("correct"), st.sampled_from("ABC")), st.integers(1, 9)
    ),
    st.sampled_from(["strict", "exact", "partial", "type", "overlap=0.5"]),
    st.sampled_from(["", "A", "B,C"]),
)
def test_a_type_is_counted_from_what_has_it_as_from_all(
    tally: dict[Any, int], match: str, types: str
) -> None:
    options = NerOptions(match=match, types=types)
    scored = score(tally, options)
    for label, one in scored.types.items():
        assert vars_of(one).items() >= vars_of(block(type_part(label, options), tally)).items()
    assert sum(one.support for one in scored.types.values()) == scored.micro.support


def vars_of(one: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("tp", "fp", "fn", "support", "predicted", "f1")}


def test_many_types_take_no_square_of_time() -> None:
    def seconds(types: int) -> float:
        tally = {("errors", "type", f"{i}", f"{i * 7 % types}"): 1 for i in range(types)}
        begun = time.process_time()
        score(tally, NerOptions())
        return time.process_time() - begun

    assert seconds(4000) < 40 * max(seconds(400), 0.001)  # 100 times as many comparisons
