"""What would have to be mended of every item: cases of both tasks, by hand and at random."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from explaining import attribution, entities, kinds_of, scored_in_memory, span
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from material import Material, material
from support import examples
from synthetic import articles, predict, skilled

from harness.annotation import Annotations, Capabilities, Entity, Record
from harness.decide.explain.costs import priced
from harness.decide.explain.examined import Examined, Setting, examined
from harness.errors import HarnessError, NothingMeasured
from harness.results.scored import Scored
from harness.stats.resample import Resampler
from harness.tasks.ner.keys import key_of, outside
from harness.tasks.ner.options import NerOptions
from harness.tasks.parts import block, part_named

TEXT = "On Monday the Lake Union sang for President Ana Roe's son, “Bo Li”, in New Riga Town."


@pytest.mark.parametrize(
    ("gold", "said", "expected"),
    [
        (["Lake Union"], [], [("missed",)]),
        ([], ["Lake Union"], [("spurious",)]),
        (["Lake Union"], ["Lake Union"], [()]),
        (["Lake Union"], ["the Lake Union"], [("boundary (determiner)",)]),
        (["Ana Roe"], ["Ana Roe's"], [("boundary (possessive)",)]),
        (["Ana Roe"], ["President Ana Roe"], [("boundary (title)",)]),
        (["Bo Li"], ["“Bo Li”,"], [("boundary (punctuation)",)]),
        (["New Riga Town"], ["Riga"], [("boundary (other)",)]),
    ],
)
def test_one_mention(gold: list[str], said: list[str], expected: list[tuple[str, ...]]) -> None:
    sides = [entities(TEXT, *((words, "PER") for words in side)) for side in (gold, said)]
    assert kinds_of(TEXT, *sides) == [(kinds, len(gold), len(said)) for kinds in expected]


def test_types_are_told_by_pair_and_may_be_wrong_with_the_edge() -> None:
    gold = entities(TEXT, ("Lake Union", "ORG"), ("Ana Roe", "PER"), ("Riga", "LOC"))
    said = entities(TEXT, ("Lake Union", "LOC"), ("Ana Roe's", "ORG"), ("Riga", "LOC"))
    assert kinds_of(TEXT, gold, said) == [
        ((), 1, 1),
        (("boundary (possessive)", "type PER > ORG"), 1, 1),
        (("type ORG > LOC",), 1, 1),
    ]


def test_split_and_merged() -> None:
    town, new, riga = entities(TEXT, *((w, "LOC") for w in ("New Riga Town", "New", "Riga Town")))
    assert kinds_of(TEXT, [town], [new, riga]) == [(("split",), 1, 2)]
    assert kinds_of(TEXT, [new, riga], [town]) == [(("merged",), 2, 1)]
    # Another type is another mention, and so is what lies beside.
    assert kinds_of(TEXT, [town], [new, riga._replace(label="ORG")]) in (
        [(("boundary (other)",), 1, 1), (("spurious",), 0, 1)],
        [(("boundary (other)", "type LOC > ORG"), 1, 1), (("spurious",), 0, 1)],
    )
    (beside,) = entities(TEXT, ("Lake", "LOC"))
    assert kinds_of(TEXT, [town], [new, beside]) == [
        (("boundary (other)",), 1, 1),
        (("spurious",), 0, 1),
    ]


def test_what_is_split_twice_is_two_cases() -> None:
    text = "Ana Roe met Bo Li"
    gold = entities(text, ("Ana Roe", "PER"), ("Bo Li", "PER"))
    said = entities(text, *((word, "PER") for word in ("Ana", "Roe", "Bo", "Li")))
    assert kinds_of(text, gold, said) == [(("split",), 1, 2)] * 2
    assert kinds_of(text, said, gold) == [(("merged",), 2, 1)] * 2
    # One that covers both is of one of them; its other part is missed only if nobody says it.
    whole = entities(text, (text, "PER"))
    assert kinds_of(text, gold, whole) == [(("merged",), 2, 1)]


def test_one_long_prediction_takes_only_what_lies_in_its_place() -> None:
    text = " ".join(f"n{number:02}" for number in range(40))
    gold = [Entity(4 * n, 4 * n + 3, "PER") for n in range(0, 40, 2)]
    said = [Entity(4 * n, 4 * n + 7, "PER") for n in (0, 4, 38)]
    said.append(Entity(12 * 4, 20 * 4, "PER"))
    # 12, 14, 16, 18 under the long one; 0, 4 and 38 have the wrong edge alone.
    assert Counter(kinds_of(text, gold, said)) == {
        (("boundary (other)",), 1, 1): 3,
        (("merged",), 4, 1): 1,
        (("missed",), 1, 0): 13,
    }


def test_nested_mentions_meet_their_equals_first() -> None:
    outer, inner = entities(TEXT, ("New Riga Town", "LOC"), ("Riga", "LOC"))
    assert kinds_of(TEXT, [outer, inner], [outer, inner]) == [((), 1, 1)] * 2
    assert kinds_of(TEXT, [outer, inner], [outer]) == [((), 1, 1), (("missed",), 1, 0)]


def test_fragments_have_no_convention_and_gaps_are_not_theirs() -> None:
    parts = (span(TEXT, "New"), span(TEXT, "Town"))
    apart = Entity(parts[0].start, parts[1].end, "LOC", None, parts)
    (new, riga, hull) = entities(TEXT, *((w, "LOC") for w in ("New", "Riga", "New Riga Town")))
    assert kinds_of(TEXT, [apart], [apart]) == [((), 1, 1)]
    assert kinds_of(TEXT, [apart], [new]) == [(("boundary (other)",), 1, 1)]
    assert kinds_of(TEXT, [apart], [new, riga]) == [
        (("boundary (other)",), 1, 1),
        (("spurious",), 0, 1),
    ]
    # Confidences that are there or not do not order mentions of one hull.
    both = [hull._replace(score=0.5), apart]
    (wide,) = entities(TEXT, ("in New Riga Town.", "LOC"))
    assert kinds_of(TEXT, [wide], both) == [(("split",), 1, 2)]


def test_duplicates_count_once_and_ignored_ones_never() -> None:
    (one, other) = entities(TEXT, ("Lake Union", "ORG"), ("Bo Li", "PER"))
    assert kinds_of(TEXT, [one, one], [one, one, other, other]) == [
        ((), 1, 1),
        (("spurious",), 0, 1),
    ]
    ignore = [span(TEXT, "Bo Li")]
    assert kinds_of(TEXT, [one, other], [one, other], ignore=ignore) == [((), 1, 1)]


def test_options_of_counting() -> None:
    gold = entities(TEXT, ("Lake Union", "ORG"), ("Bo Li", "PER"))
    said = entities(TEXT, ("the Lake Union", "ORG"), ("Riga", "LOC"))
    assert kinds_of(TEXT, gold, said, {"boundary": "normalised"}) == [
        ((), 1, 1),
        (("missed",), 1, 0),
        (("spurious",), 0, 1),
    ]
    assert kinds_of(TEXT, gold, said, {"types": "PER"}) == [(("missed",), 1, 0)]
    # Another mode changes the score and not what is wrong.
    assert kinds_of(TEXT, gold, said, {"match": "partial"}) == kinds_of(TEXT, gold, said)


def test_without_text_no_edge_is_a_convention() -> None:
    gold, said = entities(TEXT, ("Lake Union", "ORG")), entities(TEXT, ("the Lake Union", "ORG"))
    assert kinds_of(None, gold, said) == [(("boundary (other)",), 1, 1)]


# Attributions

SAID = "“We won the cup,” Ana Roe said. Bo Li told us it rained. “So it is,” Orbis added."
WE = attribution(SAID, "“We won the cup,”", "Ana Roe", "said", speaker="Ana Roe")
IT = attribution(SAID, "it rained", "Bo Li", "told", speaker="Bo Li")


def relations(
    gold: list[Any], said: list[Any], able: Capabilities | None = None
) -> list[tuple[str, ...]]:
    return [one[0] for one in kinds_of(SAID, gold, said, task="attribution", able=able)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (WE, ()),
        (attribution(SAID, "“We won the cup,”", "Ana Roe said", "said", speaker="Ana Roe"), ()),
        (attribution(SAID, "“We won the cup,”", "Bo", "said", speaker="Ana Roe"), "wrong source"),
        (attribution(SAID, "“We won the cup,”", "Orbis", "said", speaker="Ana Roe"), "source"),
        (attribution(SAID, "“We won the cup,”", None, "said", speaker="Ana Roe"), "null source"),
        (attribution(SAID, "“We won the cup,”", "Ana Roe", None, speaker="Ana Roe"), "cue"),
        (attribution(SAID, "“We won the cup,”", "Ana Roe", "told", speaker="Ana Roe"), "cue"),
        (attribution(SAID, "“We won the cup,”", "Ana Roe", "said", speaker="Orbis"), "speaker"),
        (attribution(SAID, "“We won the cup,”", "Ana Roe", "said"), "speaker"),
        (attribution(SAID, "“We", "Ana Roe", "said", speaker="Ana Roe"), "content"),
        (attribution(SAID, "“We", "Orbis", None), ("content", "source", "cue", "speaker")),
    ],
)
def test_one_relation(said: Any, expected: str | tuple[str, ...]) -> None:
    kinds = (expected,) if isinstance(expected, str) else expected
    assert sorted(relations([WE, IT], [said, IT])) == sorted([(), kinds])


def test_relations_alone_and_what_a_backend_cannot_give() -> None:
    other = attribution(SAID, "“So it is,”", "Orbis", "added")
    assert relations([WE], [other]) == [("missed",), ("spurious",)]
    assert relations([WE], [attribution(SAID, "“We won the cup,”", "Ana Roe")]) == [
        ("cue", "speaker")
    ]
    unable = Capabilities(cues=False, speakers=False)
    assert relations([WE], [attribution(SAID, "“We won the cup,”", "Ana Roe")], unable) == [()]
    nobody = attribution(SAID, "“We won the cup,”", None, "said")
    assert relations([nobody], [attribution(SAID, "“We won the cup,”", "Ana Roe", "said")]) == [
        ("null source",)
    ]
    assert relations([nobody, nobody], [nobody]) == [()]


# At random


def apart(scored: Scored) -> Examined:
    try:
        return examined(scored, Setting(scored))
    except NothingMeasured:
        assume(False)
        raise


def check_counts(one: Examined) -> float:
    """Items and counts agree in every unit, and the costs make what lacks to 1."""
    for column, side in ((1, one.gold), (2, one.predicted)):
        of_units = np.bincount(side.units, minlength=len(one.base))
        assert one.base[:, column].tolist() == of_units.tolist()
        right = np.bincount(side.units, 1.0 - side.wrong, minlength=len(one.base))
        assert one.base[:, 0].tolist() == right.tolist()
    resampler = Resampler(one.scored.document_numbers, resamples=20)
    made = priced(one, resampler)
    assert made.costs.sum() == pytest.approx(1 - made.f1, abs=1e-9)
    drawn = made.drawn.sum(axis=0) + made.drawn_f1
    assert np.nan_to_num(drawn, nan=1.0) == pytest.approx(1, abs=1e-9)
    assert made.bound == 0 and (made.costs > -1e-12).all()
    return made.f1


OPTIONS = st.builds(
    NerOptions,
    boundary=st.sampled_from(("raw", "normalised")),
    beta=st.sampled_from((0.5, 1.0, 2.0)),
    types=st.sampled_from(("", "", "PER,LOC")),
)


def in_memory(found: Material, options: Any = None) -> Scored:
    try:
        return scored_in_memory(found.gold, found.said, found.task, options)
    except HarnessError:
        assume(False)
        raise


@settings(max_examples=examples(60), deadline=None)
@given(material("ner", carded=False), OPTIONS)
def test_random_mentions_are_each_in_one_case(found: Material, options: NerOptions) -> None:
    scored = in_memory(found, options)
    one = apart(scored)
    assert check_counts(one) == pytest.approx(scored.headline.f1, abs=1e-12)
    mended, chosen = [], options.chosen
    for pair in one.scored.pairs():
        cases = [*one.setting.task.cases(pair, options)]
        for items, layer in (
            ([item for case in cases for item in case.gold], pair.gold.annotations),
            ([item for case in cases for item in case.predicted], pair.predicted),
        ):
            kept = outside(layer.entities or (), pair.gold.ignore)
            keys = {key_of(item) for item in kept if not chosen or item.label in chosen}
            assert sorted(map(key_of, items), key=str) == sorted(keys, key=str)
        items = [x for case in cases for x in (case.gold if case.kinds else case.predicted)]
        mended.append(Record(pair.gold.id, None, Annotations(tuple(items))))
    annotated = [r for r in found.gold if r.annotations.entities is not None]
    assert scored_in_memory(annotated, mended, options=options).f1 == 1


@settings(max_examples=examples(60), deadline=None)
@given(material("attribution", carded=False))
def test_random_relations_are_each_in_one_case(found: Material) -> None:
    scored = in_memory(found)
    one = apart(scored)
    f1 = check_counts(one)
    record = block(part_named("triple", scored.parts), scored.total).f1
    assert record is not None and f1 <= record + 1e-12
    if not any(wrong.case.kinds == ("speaker",) for wrong in one.wrong):
        assert f1 == pytest.approx(record, abs=1e-12)
    for side in (one.gold, one.predicted):
        told = [(d, item) for d, item in zip(side.documents, side.items, strict=True)]
        assert len(set(told)) == len(told)
    assert len(one.gold.items) == scored.total["gold",]
    assert len(one.predicted.items) == scored.total["predicted",]


def test_merged_mentions_in_two_paragraphs_count_in_their_own() -> None:
    text = "Ana Roe\nBo Li\n" + "".join(f"Orbis {n}\n" for n in range(8))
    gold = entities(text, ("Ana Roe", "PER"), ("Bo Li", "PER"), ("Orbis 0", "ORG"))
    said = [Entity(0, gold[1].end, "PER"), gold[2]]
    records = [Record("d", text, Annotations(gold))]
    one = apart(scored_in_memory(records, [Record("d", None, Annotations(tuple(said)))]))
    assert [wrong.case.kinds for wrong in one.wrong] == [("merged",)]
    assert (one.wrong[0].gold, one.wrong[0].predicted) == ((0, 1), (0,))
    check_counts(one)


def test_units_of_a_perturbed_text_are_those_that_it_had_before() -> None:
    text = "Ana Roe met Bo Li in Riga. " * 9
    step = len(text) // 9
    gold = [Entity(at, at + 7, "PER") for at in range(0, len(text), step)]
    said = [one._replace(start=one.start + 4) for one in gold[::2]]
    cuts = (0, 3, *range(step, len(text), step), len(text) + 5)
    records = [Record("d", text, Annotations(tuple(gold)), cuts=cuts)]
    one = apart(scored_in_memory(records, [Record("d", None, Annotations(tuple(said)))]))
    assert one.base[:, 1].tolist() == [1, 0, *[1] * 8]
    check_counts(one)


def test_planted_articles_give_the_headline() -> None:
    records = articles(12, seed=1)
    scored = scored_in_memory(records, predict(records, skilled(0.7, 0.3), seed=2))
    assert check_counts(apart(scored)) == pytest.approx(scored.f1, abs=1e-12)


def test_empty_predictions_cost_everything_that_is_missed() -> None:
    records = articles(3, seed=1)
    one = apart(scored_in_memory(records, [Record(r.id, None, Annotations(())) for r in records]))
    assert one.kinds == ("missed",) and check_counts(one) == 0
    with pytest.raises(NothingMeasured, match="no gold of named entities"):
        nothing = [Record("d", "Rain", Annotations(()))]
        said = [Record("d", None, Annotations((Entity(0, 4, "PER"),)))]
        scored = scored_in_memory(nothing, said)
        examined(scored, Setting(scored))
