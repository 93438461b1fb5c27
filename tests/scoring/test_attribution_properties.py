"""What must hold of attribution scores whatever the input; each has failed in a public scorer."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from relation_counts import pairs, score, tally, tally_units, total
from support import examples

from harness.annotation import KINDS, Attribution, Span
from harness.paragraphs import paragraph_starts
from harness.tasks.attribution.characters import Characters, dice
from harness.tasks.attribution.score import AttributionScore
from harness.tasks.attribution.tally import AttributionOptions

LENGTH = 30
texts = st.text(alphabet='abc1 .“”"\n$', min_size=LENGTH, max_size=LENGTH)
spans = st.tuples(st.integers(0, LENGTH - 1), st.integers(1, 12)).map(
    lambda pair: Span(pair[0], min(pair[0] + pair[1], LENGTH))
)
attributions = st.builds(
    Attribution,
    content=st.lists(spans, min_size=1, max_size=3).map(lambda found: tuple(sorted(found))),
    source=st.none() | spans,
    cue=st.none() | spans,
    kind=st.none() | st.sampled_from(KINDS),
    speaker=st.none() | st.sampled_from(["Ann Lee", "Bob Ray", "Lee", "Unknown"]),
)
sides = st.lists(attributions, max_size=6)
ignored = st.lists(spans, max_size=2)
options = st.builds(AttributionOptions)

# Few positions, so that alignments are often tied.
tight = "xxxx$5xx, xx"
tight_spans = st.tuples(st.integers(0, 8), st.integers(1, 4)).map(
    lambda pair: Span(pair[0], pair[0] + pair[1])
)
tight_sides = st.lists(
    st.builds(
        Attribution,
        content=tight_spans.map(lambda span: (span,)),
        source=st.none() | st.sampled_from([Span(4, 6), Span(5, 6), Span(0, 2)]),
        cue=st.none() | st.just(Span(10, 12)),
        kind=st.none() | st.just("direct"),
        speaker=st.none() | st.sampled_from(["Ann Lee", "Bob Lee", "Ms Lee", "Bob", "Unknown"]),
    ),
    max_size=7,
)


def blocks(result: AttributionScore) -> Iterator[tuple[str, Any]]:
    yield from result.relations.items()
    yield from ((f"kind {kind}", block) for kind, block in result.kinds.items())
    for prefix, elements in (("", result.elements), ("given ", result.given_content)):
        for role, views in elements.items():
            yield from ((f"{prefix}{role} {view}", block) for view, block in views.items())
    yield "null_source", result.null_source


@given(texts, sides, sides, options, ignored)
def test_no_value_lies_outside_0_to_1_and_counts_add_up(
    text: str,
    gold: list[Attribution],
    predicted: list[Attribution],
    chosen: AttributionOptions,
    ignore: list[Span],
) -> None:
    result = score(tally(gold, predicted, chosen, text=text, ignore=ignore), chosen)
    for name, block in blocks(result):
        for value in (block.precision, block.recall, block.f1):
            assert value is None or 0 <= value <= 1, name
        assert block.fn == block.support - block.tp >= 0, name
        assert block.fp >= 0, name
        assert (block.recall is None) == (block.support == 0), name
        assert (block.precision is None) == (block.predicted == 0), name
    found = result.relations
    order = [found[name].tp for name in ("exact", "triple", "pair", "found50")]
    assert order == sorted(order)
    assert found["found80"].tp <= found["found50"].tp
    errors = result.errors
    aligned = sum(errors[name] for name in ("correct", "boundary", "source", "cue", "content"))
    assert aligned + errors["missed"] == found["found50"].support
    assert aligned + errors["spurious"] == found["found50"].predicted
    assert sum(map(sum, (row.values() for row in result.kind_confusion.values()))) == (
        found["found50"].tp
    )


@given(texts, sides, options, ignored)
def test_gold_against_itself_is_perfect(
    text: str, gold: list[Attribution], chosen: AttributionOptions, ignore: list[Span]
) -> None:
    result = score(tally(gold, gold, chosen, text=text, ignore=ignore), chosen)
    for name, block in blocks(result):
        for value in (block.precision, block.recall, block.f1):
            assert value in (None, 1.0), name
    assert result.speaker.accuracy in (None, 1.0)
    assert result.speaker.coverage in (None, 1.0)
    assert result.speaker.f1 in (None, 1.0)


@given(texts, sides, sides, options, ignored)
def test_swapping_the_sides_swaps_precision_and_recall(
    text: str,
    gold: list[Attribution],
    predicted: list[Attribution],
    chosen: AttributionOptions,
    ignore: list[Span],
) -> None:
    one = score(tally(gold, predicted, chosen, text=text, ignore=ignore), chosen)
    other = score(tally(predicted, gold, chosen, text=text, ignore=ignore), chosen)
    for (name, ours), (_, theirs) in zip(blocks(one), blocks(other), strict=True):
        assert ours.precision == theirs.recall, name
        assert ours.recall == theirs.precision, name
        assert ours.f1 == theirs.f1, name
    for kind, other_kind in itertools.product(KINDS, KINDS):
        assert one.kind_confusion[kind][other_kind] == other.kind_confusion[other_kind][kind]


@given(texts, sides, sides, st.randoms())
def test_order_changes_nothing(
    text: str,
    gold: list[Attribution],
    predicted: list[Attribution],
    chance: random.Random,
) -> None:
    before = tally(gold, predicted, text=text)
    chance.shuffle(gold)
    chance.shuffle(predicted)
    assert tally(gold, predicted, text=text) == before


@pytest.mark.slow
@settings(max_examples=examples(300))
@given(tight_sides, tight_sides, st.randoms())
def test_ties_are_settled_by_the_annotations_alone(
    gold: list[Attribution], predicted: list[Attribution], chance: random.Random
) -> None:
    one = tally(gold, predicted, text=tight)
    chance.shuffle(gold)
    chance.shuffle(predicted)
    assert tally(gold, predicted, text=tight) == one
    other = tally(predicted, gold, text=tight)
    for name in ("found50", "found80", "pair", "triple", "exact", "null_source.both"):
        assert one[name] == other[name], name
    for role in ("source", "cue", "content"):
        for what in ("same", "shared_chars"):
            assert one[f"{role}.{what}"] == other[f"{role}.{what}"]
            assert one[f"given.{role}.{what}"] == other[f"given.{role}.{what}"]
    itself = score(tally(gold, gold, text=tight))
    assert all(block.f1 in (None, 1.0) for _, block in blocks(itself))
    assert itself.speaker.f1 in (None, 1.0)


@given(texts, sides, sides)
def test_repeating_predictions_changes_only_the_warning(
    text: str, gold: list[Attribution], predicted: list[Attribution]
) -> None:
    gold = list(dict.fromkeys(gold))
    once = score(tally(gold, predicted, text=text)).to_json()
    twice = score(tally(gold, predicted * 2, text=text)).to_json()
    more = twice["diagnostics"].pop("duplicates_predicted")
    assert more == once["diagnostics"].pop("duplicates_predicted") + len(predicted)
    assert bool(twice.pop("warnings", None)) == bool(predicted)
    once.pop("warnings", None)
    assert once == twice


@given(texts, sides, sides)
def test_a_wrong_prediction_never_raises_precision(
    text: str, gold: list[Attribution], predicted: list[Attribution]
) -> None:
    # Wrong: it lies in a stretch of text where nobody is quoted.
    longer = text + " zzz zzz"
    wrong = Attribution((Span(LENGTH + 1, LENGTH + 4),), Span(LENGTH + 5, LENGTH + 8))
    before = score(tally(gold, predicted, text=longer))
    after = score(tally(gold, [*predicted, wrong], text=longer))
    for name in before.relations:
        assert (after.relations[name].precision or 0) <= (before.relations[name].precision or 0)
        assert after.relations[name].recall == before.relations[name].recall
    for role, views in before.elements.items():
        for view, block in views.items():
            assert (after.elements[role][view].precision or 0) <= (block.precision or 0)


@given(texts, sides, sides, ignored)
def test_units_add_up_to_the_document(
    text: str, gold: list[Attribution], predicted: list[Attribution], ignore: list[Span]
) -> None:
    starts = paragraph_starts(text)
    units = tally_units(gold, predicted, text=text, ignore=ignore, starts=starts)
    assert len(units) == len(starts)
    assert total(units) == tally(gold, predicted, text=text, ignore=ignore)


@given(texts, sides, sides, options, ignored)
def test_the_list_of_pairs_tells_the_same_as_the_counts(
    text: str,
    gold: list[Attribution],
    predicted: list[Attribution],
    chosen: AttributionOptions,
    ignore: list[Span],
) -> None:
    counts = tally(gold, predicted, chosen, text=text, ignore=ignore)
    listed = pairs(gold, predicted, chosen, text=text, ignore=ignore)
    for name in ("correct", "boundary", "source", "cue", "content", "missed", "spurious"):
        assert counts[f"error.{name}"] == sum(pairing.error == name for pairing in listed)
    assert counts["found50"] == sum(pairing.dice >= 0.5 for pairing in listed)
    assert counts["content.same"] == sum(pairing.content == "same" for pairing in listed)
    assert counts["speaker.right"] == sum(
        bool(pairing.speaker) and pairing.dice >= 0.5 for pairing in listed
    )


@settings(max_examples=examples(60))
@given(texts, st.lists(attributions, max_size=4), st.lists(attributions, max_size=4))
def test_no_other_alignment_has_a_larger_total_dice(
    text: str, gold: list[Attribution], predicted: list[Attribution]
) -> None:
    view = Characters(text)
    table = [
        [dice(view.element(g.content), view.element(p.content)) for p in set(predicted)]  # type: ignore[arg-type]
        for g in set(gold)
    ]
    rows, columns = len(table), len(set(predicted))
    short, long = sorted((rows, columns))
    best = max(
        (
            sum(
                table[i][j] if rows <= columns else table[j][i]
                for i, j in zip(range(short), order, strict=True)
            )
            for order in itertools.permutations(range(long), short)
        ),
        default=0.0,
    )
    ours = sum(pairing.dice for pairing in pairs(gold, predicted, text=text))
    assert abs(ours - best) < 1e-9
