"""Backends together, at random: against the scorer, against the definition, in every order."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
import relation_counts as attribution
import synthetic
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.annotation import Annotations, Attribution, Record, Span
from harness.decide.audit import audit
from harness.decide.complement import Complement, complement
from harness.decide.same_answers import answers_of, same_answers, votes
from harness.results.scored import Scored, score_records
from harness.tasks.base import DocumentPair

pytestmark = pytest.mark.slow

_WORDS = "ab “cd” ef, gh; ij kl. mn “op qr” st"


def said(*content: tuple[int, int], source: tuple[int, int] | None = None) -> Attribution:
    return Attribution(
        tuple(Span(*fragment) for fragment in content), Span(*source) if source else None
    )


@st.composite
def _items(draw: st.DrawFn) -> Attribution:
    """Short texts and few sources: overlaps and repetitions are frequent."""
    cuts = sorted(draw(st.sets(st.integers(0, len(_WORDS)), min_size=2, max_size=4)))
    cuts = cuts[: len(cuts) // 2 * 2]
    source = draw(st.sampled_from((None, (0, 2), (10, 12))))
    return said(*zip(cuts[::2], cuts[1::2], strict=True), source=source)


_LAYERS = st.lists(_items(), max_size=6)
_REGIONS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 6)).map(lambda p: Span(p[0], p[0] + p[1])),
    max_size=2,
).map(tuple)
_WORLDS = st.tuples(
    _LAYERS, st.lists(st.tuples(_LAYERS, _LAYERS), min_size=2, max_size=4), _REGIONS
)
World = tuple[
    list[Attribution], list[tuple[list[Attribution], list[Attribution]]], tuple[Span, ...]
]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """A system to give other predictions to."""
    goldset = synthetic.gold(
        tmp_path_factory.mktemp("bare"),
        [Record("d", _WORDS, Annotations(attributions=(said((0, 2)),)))],
    )
    return score_records("bare", goldset, [], task="attribution")


def pairs_of(world: World) -> dict[str, list[DocumentPair]]:
    """For every backend two documents with the same gold and the same ignored regions."""
    gold, answers, ignore = world
    layers = Annotations(attributions=tuple(gold))
    return {
        f"s{number}": [
            DocumentPair(
                Record(f"d{n}", _WORDS, layers, ignore=ignore), Annotations((), tuple(one))
            )
            for n, one in enumerate(both)
        ]
        for number, both in enumerate(answers)
    }


def systems_with(bare: Scored, pairs: dict[str, list[DocumentPair]]) -> list[Scored]:
    return [
        replace(
            bare,
            name=name,
            backend=name,
            count=None,
            documents=(),
            recall_pairs=lambda some=some: some,
        )
        for name, some in pairs.items()
    ]


@settings(deadline=None, max_examples=60)
@given(world=_WORLDS)
def test_one_alone_is_what_the_scorer_counts(bare: Scored, world: World) -> None:
    pairs = pairs_of(world)
    found = complement(systems_with(bare, pairs))
    for name, some in pairs.items():
        (alone,) = (c for c in found.combinations if c.names == (name,))
        block = attribution.score(attribution.total(map(tally, some))).relations["found50"]
        assert (alone.right, alone.predicted, alone.gold) == (
            block.tp, block.predicted, block.support,
        )  # fmt: skip
        assert (alone.precision, alone.recall) == (block.precision, block.recall)
        assert alone.f1 == (None if block.f1 is None else pytest.approx(block.f1, abs=1e-12))


def tally(pair: DocumentPair) -> attribution.AttributionTally:
    return attribution.tally(
        pair.gold.annotations.attributions or (),
        pair.predicted.attributions or (),
        text=pair.gold.text or "",
        ignore=pair.gold.ignore,
    )


@settings(deadline=None, max_examples=60)
@given(world=_WORLDS)
def test_union_and_intersection_are_bounds(bare: Scored, world: World) -> None:
    found = complement(systems_with(bare, pairs_of(world)))
    alone = {c.names[0]: c for c in found.combinations if c.rule == "one"}
    for combined in found.combinations:
        parts = [alone[name] for name in combined.names]
        wrongs = [part.predicted - part.right for part in parts]
        wrong = combined.predicted - combined.right
        if combined.rule == "any":
            assert combined.right >= max(part.right for part in parts)
            assert (combined.recall or 0) >= max(part.recall or 0 for part in parts)
            assert max(wrongs) <= wrong <= sum(wrongs)
        if combined.rule == "all":
            assert combined.right <= min(part.right for part in parts)
            assert (combined.recall or 0) <= min(part.recall or 0 for part in parts)
            assert wrong <= min(wrongs)
    by_rule = {c.rule: c for c in found.combinations}  # The last of each rule has all of them.
    if "most" in by_rule:
        for count in (lambda c: c.right, lambda c: c.predicted - c.right):
            assert count(by_rule["all"]) <= count(by_rule["most"]) <= count(by_rule["any"])
    assert found.nobody == by_rule["any"].gold - by_rule["any"].right


@settings(deadline=None, max_examples=60)
@given(world=_WORLDS, seed=st.integers(0, 9999))
def test_no_order_matters(bare: Scored, world: World, seed: int) -> None:
    rng = random.Random(seed)

    def mixed(items: Iterable[Attribution]) -> list[Attribution]:
        return rng.sample(items := list(items), len(items))

    gold, answers, ignore = world
    other = pairs_of((mixed(gold), [(mixed(one), mixed(two)) for one, two in answers], ignore))
    other = {name: rng.sample(other[name], 2) for name in rng.sample(sorted(other), len(other))}
    systems, shuffled = systems_with(bare, pairs_of(world)), systems_with(bare, other)
    one, two = complement(systems), complement(shuffled)
    assert _rows(one) == _rows(two)
    assert (one.only, one.nobody, one.matrix) == (two.only, two.nobody, two.matrix)
    first, second = (
        {(c.mention, frozenset(c.backends)) for c in audit(some, agree=2).against}
        for some in (systems, shuffled)
    )
    assert first == second


def _rows(found: Complement) -> set[tuple[str, frozenset[str], int, int]]:
    return {(c.rule, frozenset(c.names), c.right, c.predicted) for c in found.combinations}


@settings(deadline=None, max_examples=60)
@given(world=_WORLDS)
def test_groups_are_the_components_over_sets_of_characters(bare: Scored, world: World) -> None:
    """The same by the definition: every pair is looked at, characters are positions."""
    pairs, ignored = pairs_of(world), {n for span in world[2] for n in range(*span)}
    answers = [answers_of(one) for one in systems_with(bare, pairs)]
    sides = [one.wrong for one in answers]
    nodes = [(side, item) for side, items in enumerate(sides) for item in items]
    colours = list(range(len(nodes)))
    for (i, (a, one)), (j, (b, other)) in combinations(enumerate(nodes), 2):
        left, right = _letters(one.item, ignored), _letters(other.item, ignored)
        if (
            a != b
            and one.mention.document == other.mention.document
            and 4 * len(left & right) >= len(left) + len(right)
        ):
            colours = [colours[i] if colour == colours[j] else colour for colour in colours]
    wanted = Counter(
        tuple(sum(c == colour and nodes[n][0] == side for n, c in enumerate(colours))
              for side in range(len(sides)))
        for colour in set(colours)
    )  # fmt: skip
    made = same_answers(answers)
    assert Counter(tuple(map(len, group)) for group in made) == wanted
    assert all(votes(group, 1) == max(map(len, group)) for group in made)
    assert all(votes(group, len(sides)) == min(map(len, group)) for group in made)


def _letters(item: Attribution, ignored: set[int]) -> set[tuple[str, int]]:
    """Letters and digits; of a content without any, all of it, which meets its like alone."""
    places = {n for start, end in item.content for n in range(start, end)} - ignored
    letters = {("letter", n) for n in places if _WORDS[n].isalnum()}
    return letters or {("mark", n) for n in places}


def test_entities_are_put_together_by_identity(tmp_path: Path) -> None:
    docs = synthetic.articles(30, seed=5)
    backends = {
        name: synthetic.predict(docs, synthetic.skilled(0.7, 0.9), seed=number % 2 + 1)
        for number, name in enumerate("abc")
    }
    backends["b"] = synthetic.predict(backends["a"], synthetic.losing(backends["a"], 0.3), seed=9)
    systems = synthetic.systems_of(synthetic.gold(tmp_path, docs), backends)
    shared = 0
    for one in complement(systems).combinations:
        needed = {"most": len(one.names) // 2 + 1, "all": len(one.names)}.get(one.rule, 1)
        known = [s.outcomes for s in systems if s.name in one.names]
        right = Counter(m for outcomes in known if outcomes for m in outcomes.found)
        wrong = Counter(m for outcomes in known if outcomes for m in outcomes.spurious)
        agreed = sum(count >= needed for count in wrong.values())
        assert one.right == sum(count >= needed for count in right.values())
        assert one.predicted - one.right == agreed
        shared += agreed if one.rule == "all" else 0
    assert shared
