"""Scores of named entities against tables worked out by hand."""

from __future__ import annotations

import json

import pytest
from entity_counts import mentions, number, score, tally, tally_units, total

from harness.annotation import Entity, Span
from harness.errors import UsageError
from harness.paragraphs import paragraph_starts
from harness.results.consistent import read_tally
from harness.tasks.base import Outcome
from harness.tasks.ner.options import MATCH_MODES, NerOptions
from harness.tasks.ner.score import NerScore
from harness.tasks.registry import task_named
from harness.tasks.tally import Tally

RAW = NerOptions()
NORMALISED = NerOptions(boundary="normalised")
TEXT = "The United States of America and John Smith visited New York City today."


def e(text: str, label: str, *, of: str = TEXT) -> Entity:
    """The first mention of `text`, so that the cases below can be read."""
    start = of.index(text)
    return Entity(start, start + len(text), label)


USA = e("United States of America", "GPE")
SMITH = e("John Smith", "PER")
NYC = e("New York City", "GPE")

# Every case: gold, predictions, and under each mode COR INC PAR MIS SPU, credit, precision, recall.
# Worked out on paper from the definitions in harness/tasks/ner/count.py.
CASES = {
    "determiner taken in": (
        [USA, SMITH],
        [e("The United States of America", "GPE"), SMITH],
        {
            "strict": (1, 1, 0, 0, 0, 1, 1 / 2, 1 / 2),
            "exact": (1, 1, 0, 0, 0, 1, 1 / 2, 1 / 2),
            "partial": (1, 0, 1, 0, 0, 1.5, 3 / 4, 3 / 4),
            "type": (2, 0, 0, 0, 0, 2, 1, 1),
        },
    ),
    "one gold split in two": (
        [USA],
        [e("United States", "GPE"), e("America", "GPE")],
        {
            "strict": (0, 1, 0, 0, 1, 0, 0, 0),
            "exact": (0, 1, 0, 0, 1, 0, 0, 0),
            "partial": (0, 0, 1, 0, 1, 0.5, 1 / 4, 1 / 2),
            "type": (1, 0, 0, 0, 1, 1, 1 / 2, 1),
        },
    ),
    "two gold merged": (
        [e("United States", "GPE"), e("America", "GPE")],
        [USA],
        {
            "strict": (0, 1, 0, 1, 0, 0, 0, 0),
            "exact": (0, 1, 0, 1, 0, 0, 0, 0),
            "partial": (0, 0, 1, 1, 0, 0.5, 1 / 2, 1 / 4),
            "type": (1, 0, 0, 1, 0, 1, 1, 1 / 2),
        },
    ),
    "wrong type": (
        [SMITH],
        [e("John Smith", "ORG")],
        {
            "strict": (0, 1, 0, 0, 0, 0, 0, 0),
            "exact": (1, 0, 0, 0, 0, 1, 1, 1),
            "partial": (1, 0, 0, 0, 0, 1, 1, 1),
            "type": (0, 1, 0, 0, 0, 0, 0, 0),
        },
    ),
    "prediction given twice": (
        [SMITH],
        [SMITH, SMITH],
        dict.fromkeys(MATCH_MODES, (1, 0, 0, 0, 0, 1, 1, 1)),
    ),
    "two labels on one gold span": (
        [SMITH],
        [e("John Smith", "ORG"), SMITH],
        dict.fromkeys(MATCH_MODES, (1, 0, 0, 0, 1, 1, 1 / 2, 1)),
    ),
    "a shorter prediction beside the right one": (
        [NYC],
        [e("New York", "GPE"), NYC],
        dict.fromkeys(MATCH_MODES, (1, 0, 0, 0, 1, 1, 1 / 2, 1)),
    ),
    "wrong boundary and wrong type": (
        [NYC],
        [e("New York", "ORG")],
        {
            "strict": (0, 1, 0, 0, 0, 0, 0, 0),
            "exact": (0, 1, 0, 0, 0, 0, 0, 0),
            "partial": (0, 0, 1, 0, 0, 0.5, 1 / 2, 1 / 2),
            "type": (0, 1, 0, 0, 0, 0, 0, 0),
        },
    ),
    "nothing predicted": (
        [SMITH, NYC],
        [],
        dict.fromkeys(MATCH_MODES, (0, 0, 0, 2, 0, 0, None, 0)),
    ),
    "nothing gold": ([], [SMITH], dict.fromkeys(MATCH_MODES, (0, 0, 0, 0, 1, 0, 0, None))),
    "nothing at all": ([], [], dict.fromkeys(MATCH_MODES, (0, 0, 0, 0, 0, 0, None, None))),
    "one prediction over two gold mentions, one of its type": (
        [e("John Smith", "PER"), e("New York City", "GPE")],
        [e("John Smith visited New York City", "PER")],
        {
            "strict": (0, 1, 0, 1, 0, 0, 0, 0),
            "exact": (0, 1, 0, 1, 0, 0, 0, 0),
            "partial": (0, 0, 1, 1, 0, 0.5, 1 / 2, 1 / 4),
            "type": (1, 0, 0, 1, 0, 1, 1, 1 / 2),
        },
    ),
    "nested gold, both found": (
        [NYC, e("New York", "GPE")],
        [e("New York", "GPE"), NYC],
        dict.fromkeys(MATCH_MODES, (2, 0, 0, 0, 0, 2, 1, 1)),
    ),
    "crossing spans": (
        [e("United States of America", "GPE")],
        [e("The United States", "GPE"), e("America and John", "ORG")],
        {
            "strict": (0, 1, 0, 0, 1, 0, 0, 0),
            "exact": (0, 1, 0, 0, 1, 0, 0, 0),
            "partial": (0, 0, 1, 0, 1, 0.5, 1 / 4, 1 / 2),
            "type": (1, 0, 0, 0, 1, 1, 1 / 2, 1),
        },
    ),
    "touching spans do not meet": (
        [e("John", "PER")],
        [e(" Smith", "PER")],
        dict.fromkeys(MATCH_MODES, (0, 0, 0, 1, 1, 0, 0, 0)),
    ),
    # The other span earns no credit under type; the label elsewhere does, and strict is untouched.
    "same span with another label beside the same label on another span": (
        [NYC],
        [e("New York City", "ORG"), e("York City", "GPE")],
        {
            "strict": (0, 1, 0, 0, 1, 0, 0, 0),
            "exact": (1, 0, 0, 0, 1, 1, 1 / 2, 1),
            "partial": (1, 0, 0, 0, 1, 1, 1 / 2, 1),
            "type": (1, 0, 0, 0, 1, 1, 1 / 2, 1),
        },
    ),
}


def scored(
    gold: list[Entity], predicted: list[Entity], match: str = "strict", **kwargs: object
) -> NerScore:
    options = NerOptions(match=match)
    return score(tally(gold, predicted, options, **kwargs), options)


@pytest.mark.parametrize("match", MATCH_MODES)
@pytest.mark.parametrize("name", CASES)
def test_counts_worked_out_by_hand(name: str, match: str) -> None:
    gold, predicted, expected = CASES[name]
    for order in (1, -1):
        block = scored(gold[::order], predicted[::order], match).micro
        cor, inc, par, mis, spu, tp, precision, recall = expected[match]
        assert (block.cor, block.inc, block.par, block.mis, block.spu) == (cor, inc, par, mis, spu)
        assert (block.tp, block.fn, block.fp) == (
            tp,
            block.support - tp,
            block.predicted - tp,
        )
        assert block.support == cor + inc + par + mis
        assert block.predicted == cor + inc + par + spu
        assert block.precision == precision
        assert block.recall == recall
        if precision is None and recall is None:
            assert block.f1 is None
        elif not tp:
            assert block.f1 == 0
        else:
            assert block.f1 == pytest.approx(2 * tp / (block.support + block.predicted))


def test_an_exact_match_is_never_stolen() -> None:
    # Under `type`, pairing crosswise would earn 2 where the exact match earns 1.
    gold = [Entity(0, 10, "PER"), Entity(8, 12, "PER")]
    predicted = [Entity(0, 10, "PER"), Entity(0, 3, "PER")]
    for match in MATCH_MODES:
        assert scored(gold, predicted, match).micro.cor == 1
    assert Outcome("correct", gold[0], predicted[0], True) in mentions(gold, predicted, RAW)


def test_per_type_blocks_by_hand() -> None:
    gold = [USA, SMITH, NYC]
    predicted = [USA, e("John Smith", "ORG"), e("York City", "GPE"), e("today", "DATE")]
    result = scored(gold, predicted)
    assert list(result.types) == ["DATE", "GPE", "ORG", "PER"]
    gpe = result.types["GPE"]
    assert (gpe.tp, gpe.fp, gpe.fn, gpe.support, gpe.predicted) == (1, 1, 1, 2, 2)
    assert (gpe.precision, gpe.recall, gpe.f1) == (0.5, 0.5, 0.5)
    assert (gpe.cor, gpe.inc, gpe.mis, gpe.spu) == (1, 1, 0, 0)
    person = result.types["PER"]
    assert (person.precision, person.recall, person.f1) == (None, 0, 0)
    assert (person.tp, person.fp, person.fn, person.inc) == (0, 0, 1, 1)
    for label in ("ORG", "DATE"):
        block = result.types[label]
        assert (block.precision, block.recall, block.f1) == (0, None, 0)
        assert (block.tp, block.fp, block.fn, block.support, block.predicted) == (0, 1, 0, 0, 1)
    assert (result.types["ORG"].spu, result.types["DATE"].spu) == (0, 1)
    # Over GPE and PER alone; PER enters with precision 0.
    assert result.macro.types == ("GPE", "PER")
    assert (result.macro.precision, result.macro.recall, result.macro.f1) == (0.25, 0.25, 0.25)
    assert result.weighted.support == 3
    assert result.weighted.recall == pytest.approx(1 / 3)
    assert result.weighted.f1 == pytest.approx(1 / 3)
    assert result.errors == {
        "correct": 1, "boundary": 1, "type": 1, "boundary_type": 0, "missed": 0, "spurious": 1,
    }  # fmt: skip
    assert result.confusion == {"GPE": {"GPE": 2}, "PER": {"ORG": 1}, "-": {"DATE": 1}}


def test_where_labels_may_differ_a_pair_counts_under_the_gold_label() -> None:
    """PER twice gold, one found as PER, one as ORG: the span is right both times."""
    gold = [Entity(0, 4, "PER"), Entity(5, 9, "PER")]
    predicted = [Entity(0, 4, "PER"), Entity(5, 9, "ORG"), Entity(20, 24, "ORG")]
    result = scored(gold, predicted, "exact")
    person, organisation = result.types["PER"], result.types["ORG"]
    assert (person.tp, person.fn, person.recall) == (2, 0, 1.0)
    assert (person.predicted, person.fp, person.precision, person.f1) == (2, 0, 1.0, 1.0)
    assert (organisation.tp, organisation.fp, organisation.predicted) == (0, 1, 1)
    assert (organisation.precision, organisation.recall, organisation.f1) == (0.0, None, 0)
    assert (result.micro.tp, result.micro.fp, result.micro.fn) == (2, 1, 0)
    # Under strict matching labels count, and each mention goes by its own.
    strict = scored(gold, predicted).types["ORG"]
    assert (strict.predicted, strict.fp, strict.precision) == (2, 2, 0.0)


def test_a_type_found_under_other_labels_alone_is_found() -> None:
    """Spans all right and labels all wrong: micro and macro say the same without labels."""
    gold = [Entity(0, 4, "PER"), Entity(5, 9, "LOC")]
    predicted = [Entity(0, 4, "ORG"), Entity(5, 9, "ORG")]
    result = scored(gold, predicted, "exact")
    assert result.micro.f1 == result.macro.f1 == result.weighted.f1 == 1.0
    assert (result.macro.precision, result.macro.recall) == (1.0, 1.0)
    assert result.types["ORG"].predicted == result.types["ORG"].support == 0  # listed all the same


def test_averages_without_gold_are_undefined() -> None:
    result = scored([], [SMITH])
    assert (result.macro.precision, result.macro.recall, result.macro.f1) == (None, None, None)
    assert result.macro.types == result.weighted.types == ()
    assert (result.weighted.f1, result.weighted.support) == (None, 0)


def test_duplicates_count_once_and_are_reported() -> None:
    gold = [SMITH, SMITH, NYC]
    predicted = [Entity(*SMITH[:3], 0.3), Entity(*SMITH[:3], 0.9), Entity(*SMITH[:3], None)]
    counts = tally(gold, predicted, RAW)
    assert (number(counts, "duplicates_gold"), number(counts, "duplicates_predicted")) == (1, 2)
    result = score(counts, RAW)
    assert (result.micro.support, result.micro.predicted) == (2, 1)
    assert result.warnings == (
        "gold entities: an identical entity was repeated once and counted once",
        "predictions: an identical entity was repeated 2 times and counted once",
    )
    assert result.to_json()["warnings"] == list(result.warnings)
    assert "warnings" not in scored([SMITH], [SMITH]).to_json()
    for order in (1, -1):  # the surest one is shown, in any order
        listed = mentions(gold, predicted[::order], RAW)
        assert listed[0].predicted == Entity(*SMITH[:3], 0.9)


def test_ignored_regions_take_no_part_on_either_side() -> None:
    gold = [Entity(0, 4, "A"), Entity(10, 14, "A"), Entity(20, 24, "A")]
    predicted = [Entity(0, 4, "A"), Entity(13, 15, "B"), Entity(17, 21, "A"), Entity(24, 26, "B")]
    regions = [Span(12, 14), Span(23, 24), Span(11, 13)]
    result = scored(gold, predicted, ignore=regions)
    # Gold [10, 14) and [20, 24) go, prediction [13, 15) goes; [24, 26) only touches and stays.
    assert (result.micro.support, result.micro.predicted, result.micro.tp) == (1, 3, 1)
    assert result.errors["spurious"] == 2


@pytest.mark.parametrize(
    ("start", "end", "stays"),
    [(0, 10, True), (9, 11, False), (15, 17, False), (25, 28, False), (30, 31, True)],
)
def test_a_region_inside_another_ends_nothing(start: int, end: int, stays: bool) -> None:
    regions = [Span(10, 30), Span(12, 14), Span(40, 40)]
    result = scored([Entity(start, end, "A")], [], ignore=regions)
    assert result.micro.support == stays


def test_labels_of_one_pair_stand_in_the_confusion_matrix_and_its_margins_add_up() -> None:
    result = scored([USA, SMITH, NYC], [e("United States", "LOC"), NYC, e("today", "DATE")])
    assert result.confusion == {
        "GPE": {"GPE": 1, "LOC": 1},
        "PER": {"-": 1},
        "-": {"DATE": 1},
    }
    assert result.errors["boundary_type"] == 1


def test_the_json_of_a_score_has_the_agreed_keys() -> None:
    value = scored([USA, SMITH], [USA]).to_json()
    assert list(value) == ["micro", "macro", "weighted", "types", "errors", "confusion"]
    assert set(value["micro"]) == {
        "precision", "recall", "f1", "tp", "fp", "fn", "support", "predicted",
        "cor", "inc", "par", "mis", "spu",
    }  # fmt: skip
    assert set(value["macro"]) == {"precision", "recall", "f1", "support", "types"}
    assert set(value["types"]) == {"GPE", "PER"}
    assert value["types"]["PER"]["precision"] is None
    assert json.loads(json.dumps(value)) == value
    assert type(value["micro"]["tp"]) is int
    assert scored([USA], [e("United", "GPE")], "partial").to_json()["micro"]["tp"] == 0.5


def test_options_are_checked() -> None:
    with pytest.raises(UsageError, match="unknown match mode 'loose', expected one of strict"):
        NerOptions(match="loose")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="unknown boundary rule 'fuzzy'"):
        NerOptions(boundary="fuzzy")  # type: ignore[arg-type]


def test_normalised_needs_the_text() -> None:
    with pytest.raises(UsageError, match="needs the text"):
        tally([USA], [USA], NORMALISED)
    assert tally([], [], NORMALISED) == Tally()


def test_normalised_forgives_determiner_possessive_and_edges_and_counts_them() -> None:
    text = "“The Senate’s” vote in Washington, this year, pleased Mr. Biden."
    gold = [
        e("Senate", "ORG", of=text),
        e("Washington", "GPE", of=text),
        e("Biden", "PER", of=text),
    ]
    predicted = [
        e("The Senate’s", "ORG", of=text),
        e("Washington,", "GPE", of=text),
        e("Mr. Biden", "PER", of=text),
    ]
    raw = score(tally(gold, predicted, RAW, text=text), RAW)
    assert (raw.micro.tp, raw.errors["boundary"], raw.forgiven) == (0, 3, 0)
    assert "forgiven" not in raw.to_json()
    forgiving = score(tally(gold, predicted, NORMALISED, text=text), NORMALISED)
    assert (forgiving.micro.tp, forgiving.errors["boundary"], forgiving.forgiven) == (2, 1, 2)
    assert forgiving.to_json()["forgiven"] == 2
    listed = mentions(gold, predicted, NORMALISED, text=text)
    assert listed[0] == Outcome("correct", gold[0], predicted[0], True)  # as they came, untrimmed


def test_what_only_trimming_makes_equal_is_not_a_duplicate() -> None:
    text = "the Senate"
    gold = [Entity(4, 10, "ORG")]
    predicted = [Entity(0, 10, "ORG"), Entity(4, 10, "ORG")]
    counts = tally(gold, predicted, NORMALISED, text=text)
    result = score(counts, NORMALISED)
    assert (result.micro.tp, result.micro.fp, result.micro.predicted) == (1, 1, 2)
    assert (number(counts, "duplicates_predicted"), number(counts, "forgiven")) == (0, 0)
    # The one that was equal from the start is the one that is right.
    assert mentions(gold, predicted, NORMALISED, text=text) == [
        Outcome("spurious", None, predicted[0], False),
        Outcome("correct", gold[0], predicted[1], True),
    ]


def test_units_by_hand() -> None:
    text = "Anna met Ben.\n\nCora met Dan.\nEve\n"
    starts = paragraph_starts(text)
    assert starts == [0, 15, 29]
    anna, ben, cora = (e(name, "PER", of=text) for name in ("Anna", "Ben", "Cora"))
    across = Entity(ben.start, cora.end, "PER")  # begins in the first and ends in the second
    eve = e("Eve", "ORG", of=text)
    units = tally_units([anna, cora], [across, anna, eve, eve], RAW, text=text, starts=starts)
    assert units == [
        Tally({("correct", "PER"): 1}),
        Tally({("errors", "boundary", "PER", "PER"): 1}),
        Tally({("errors", "spurious", None, "ORG"): 1, ("duplicates_predicted",): 1}),
    ]
    assert total(units) == tally([anna, cora], [across, anna, eve, eve], RAW)


def test_a_pair_counts_in_the_unit_of_its_gold_mention() -> None:
    text = "A vote.\nSenate"
    units = tally_units(
        [Entity(8, 14, "ORG")], [Entity(7, 14, "ORG")], NORMALISED, text=text, starts=[0, 8]
    )
    assert units == [Tally(), Tally({("correct", "ORG"): 1, ("forgiven",): 1})]


def test_units_carry_what_other_modes_prefer() -> None:
    gold = [Entity(0, 4, "X"), Entity(20, 24, "A")]
    predicted = [Entity(0, 4, "X"), Entity(20, 24, "B"), Entity(20, 26, "A")]
    units = tally_units(gold, predicted, RAW, starts=[0, 10])
    assert units[0] == Tally({("correct", "X"): 1})
    assert score(units[1], RAW).errors["type"] == 1
    assert score(units[1], NerOptions(match="type")).micro.cor == 1
    assert total(units) == tally(gold, predicted, RAW)


def test_one_unit_is_the_document() -> None:
    assert tally_units([USA], [NYC], RAW, starts=[0]) == [tally([USA], [NYC], RAW)]


def test_mentions_are_in_text_order_and_agree_with_the_counts() -> None:
    gold = [NYC, USA, SMITH]
    predicted = [e("today", "DATE"), e("York City", "GPE"), e("John Smith", "ORG")]
    listed = mentions(gold, predicted, RAW)
    assert listed == [
        Outcome("missed", USA, None, False),
        Outcome("type", SMITH, predicted[2], False),
        Outcome("boundary", NYC, predicted[1], False),
        Outcome("spurious", None, predicted[0], False),
    ]


def test_tally_survives_json() -> None:
    gold = [USA, SMITH, NYC, NYC]
    predicted = [USA, e("John Smith", "ORG"), e("Smith", "PER"), e("today", "DATE")]
    counts = tally(gold, predicted, RAW)
    assert any(key[0] == "type" for key in counts)  # the pairing that `type` prefers differs
    assert Tally.from_json(json.loads(json.dumps(counts.to_json()))) == counts
    assert counts.to_json() == {
        "correct": {"GPE": 1},
        "errors": [
            ["missed", "GPE", None, 1],
            ["spurious", None, "DATE", 1],
            ["spurious", None, "PER", 1],
            ["type", "PER", "ORG", 1],
        ],
        "type": [
            ["boundary", "PER", "PER", 1],
            ["spurious", None, "ORG", 1],
            ["spurious", None, "PER", -1],
            ["type", "PER", "ORG", -1],
        ],
        "duplicates_gold": 1,
    }
    assert Tally.from_json({}) == Tally() == total([])


@pytest.mark.parametrize(
    "value",
    [
        {"correct": {"A": "3"}},
        {"correct": [1]},
        {"correct": {"A": -1}},
        {"errors": [["missed", "A", None, -1]]},
        {"duplicates_gold": -1},
        {"errors": [["near", "A", "B", 1]]},
        {"errors": [["missed", "A", "B", 1]]},
        {"errors": [["type", None, "B", 1]]},
        {"errors": [["type", "A", "B"]]},
        {"errors": 3},
        {"forgiven": None},
        {"duplicates_gold": True},
    ],
)
def test_foreign_json_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"not (a|the) |expected"):
        read_tally(task_named("ner"), value)
