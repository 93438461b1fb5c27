"""Attribution scores against tables worked out by hand."""

from __future__ import annotations

import json

import pytest
from relation_counts import pairs, score, tally, tally_units, total

from harness.adapter import Capabilities
from harness.annotation import Attribution, Kind, Span
from harness.errors import AnnotationError
from harness.results.consistent import read_tally
from harness.tasks.attribution.tally import FIELDS, AttributionOptions
from harness.tasks.registry import task_named
from harness.tasks.tally import Tally

# Four relations, 88 characters:
#   “We will go,” said Ann. | Bob denied that. | Reports say it rained. | “No!” cried Cy.
TEXT = "“We will go,” said Ann. Bob denied that it fell.\nReports say it rained.\n“No!” cried Cy."


def at(piece: str, text: str = TEXT) -> Span:
    assert text.count(piece) == 1, piece
    return Span(text.index(piece), text.index(piece) + len(piece))


def said(
    content: str,
    source: str | None = None,
    cue: str | None = None,
    kind: Kind | None = None,
    speaker: str | None = None,
) -> Attribution:
    return Attribution(
        tuple(at(piece) for piece in content.split("|")),
        None if source is None else at(source),
        None if cue is None else at(cue),
        kind,
        speaker,
    )


GOLD = [
    said("“We will go,”", "Ann", "said", "direct", "Ann Lee"),
    said("that it fell", "Bob", "denied", "indirect", "Bob Ray"),
    said("it rained", "Reports", "say", "indirect"),
    said("“No!”", "Cy", "cried", "direct", "Cy Fox"),
]
PREDICTED = [
    # Exact but for the marks; right speaker by last name.
    said("We will go", "Ann", "said", "direct", "Lee"),
    # "it fell" is 6 of 10 letters: Dice 12/16 = .75. Wrong source, right cue, no speaker given.
    said("it fell", "Ann", "denied", "indirect"),
    # "it" is 2 of 8 letters: Dice 4/10 = .4. Right source and cue.
    said("it rained", "Reports", "say", "indirect").__class__(
        (Span(at("it rained").start, at("it rained").start + 2),), at("Reports"), at("say")
    ),
    # Spurious.
    said("cried", "Cy", None, "mixed", "Cy Fox"),
]


def prf(block: object) -> tuple[float | None, float | None, float | None]:
    return block.precision, block.recall, block.f1  # type: ignore[attr-defined]


def test_relations_by_hand() -> None:
    found = score(tally(GOLD, PREDICTED, text=TEXT)).relations
    assert {name: block.tp for name, block in found.items()} == {
        "found50": 2,  # “We will go” and "it fell"
        "found80": 1,
        "pair": 1,
        "triple": 1,
        "exact": 1,
    }
    assert prf(found["found50"]) == (0.5, 0.5, 0.5)
    assert prf(found["exact"]) == (0.25, 0.25, 0.25)
    block = found["found50"]
    assert (block.fp, block.fn, block.support, block.predicted) == (2, 2, 4, 4)


def test_elements_by_hand() -> None:
    elements = score(tally(GOLD, PREDICTED, text=TEXT)).elements
    # Three aligned pairs. Sources: Ann = Ann, Bob / Ann, Reports = Reports; Cy is predicted
    # elsewhere, by a relation whose content touches nothing.
    assert prf(elements["source"]["exact"]) == (0.5, 0.5, 0.5)
    # Letters: gold Ann Bob Reports Cy = 15, predicted Ann Ann Reports Cy = 15, shared 10.
    assert elements["source"]["overlap"].tp == 10
    assert prf(elements["source"]["overlap"]) == pytest.approx((10 / 15, 10 / 15, 10 / 15))
    # Cues: said, denied, say right; cried missed; the fourth prediction has no cue.
    assert prf(elements["cue"]["exact"]) == pytest.approx((1.0, 0.75, 6 / 7))
    assert elements["cue"]["overlap"].support == 4 + 6 + 3 + 5
    # Contents: one equal. Letters: gold 8 + 10 + 8 + 2, predicted 8 + 6 + 2 + 5, shared 8 + 6 + 2.
    assert prf(elements["content"]["exact"]) == (0.25, 0.25, 0.25)
    assert prf(elements["content"]["overlap"]) == pytest.approx((16 / 21, 16 / 28, 32 / 49))


def test_elements_given_the_content() -> None:
    given = score(tally(GOLD, PREDICTED, text=TEXT)).given_content
    # Two found50 pairs; of their sources one is right, of their cues both.
    assert prf(given["source"]["exact"]) == (0.5, 0.5, 0.5)
    assert prf(given["cue"]["exact"]) == (1.0, 1.0, 1.0)
    assert given["content"]["overlap"].support == 18


def test_kinds_by_hand() -> None:
    result = score(tally(GOLD, PREDICTED, text=TEXT))
    assert prf(result.kinds["direct"]) == pytest.approx((1.0, 0.5, 2 / 3))
    assert prf(result.kinds["indirect"]) == (0.5, 0.5, 0.5)
    assert prf(result.kinds["mixed"]) == (0.0, None, 0.0)
    assert result.kind_confusion["direct"] == {"direct": 1, "indirect": 0, "mixed": 0}
    assert result.kind_confusion["indirect"] == {"direct": 0, "indirect": 1, "mixed": 0}


def test_kind_that_is_found_but_never_predicted_has_no_f1() -> None:
    gold, predicted = [said("that it fell", kind="mixed")], [said("that it fell", kind="direct")]
    kinds = score(tally(gold, predicted, text=TEXT)).kinds
    assert prf(kinds["mixed"]) == (None, 1.0, None)
    assert prf(kinds["direct"]) == (1.0, None, None)
    assert prf(kinds["indirect"]) == (None, None, None)


def test_kinds_come_from_the_marks_where_nobody_gave_them() -> None:
    gold = [said("“We will go,”"), said("that it fell", kind="direct")]
    assert tally(gold, [], text=TEXT)["direct.gold"] == 2


def test_speakers_by_hand() -> None:
    result = score(tally(GOLD, PREDICTED, text=TEXT)).speaker
    # Found50 pairs with a gold speaker: Ann Lee (answered, right), Bob Ray (no answer).
    assert (result.pairs, result.answered, result.right) == (2, 1, 1)
    assert result.accuracy == 1.0
    assert result.coverage == 0.5
    # End to end: 3 gold speakers, 2 predicted, 1 right.
    assert result.f1 == pytest.approx(2 / 5)


def test_no_speaker_in_gold_leaves_speakers_undefined() -> None:
    gold = [said("that it fell")]
    result = score(tally(gold, [said("that it fell", speaker="Bob")], text=TEXT)).speaker
    assert (result.accuracy, result.coverage, result.f1) == (None, None, None)


def test_backend_that_always_abstains_has_coverage_zero_and_no_accuracy() -> None:
    gold = [said("that it fell", speaker="Bob Ray")]
    for answer in (None, "Unknown"):
        result = score(tally(gold, [said("that it fell", speaker=answer)], text=TEXT)).speaker
        assert (result.accuracy, result.coverage, result.f1) == (None, 0.0, 0.0)


def test_speaker_aliases() -> None:
    gold = [said("that it fell", speaker="Bob Ray")]
    predicted = [said("that it fell", speaker="the mayor of Rome")]
    assert score(tally(gold, predicted, text=TEXT)).speaker.accuracy == 0.0
    options = AttributionOptions(aliases={"Bob Ray": ("mayor of Rome",)})
    assert score(tally(gold, predicted, options, text=TEXT), options).speaker.accuracy == 1.0


def test_null_sources_are_a_class_of_their_own() -> None:
    gold = [said("“We will go,”", "Ann"), said("that it fell"), said("it rained")]
    predicted = [
        said("“We will go,”"),  # found, but it has a source
        said("that it fell"),  # right
        said("“No!”"),  # spurious
    ]
    result = score(tally(gold, predicted, text=TEXT))
    assert prf(result.null_source) == pytest.approx((1 / 3, 1 / 2, 2 / 5))
    # null against null is a pair, but earns nothing among the sources.
    assert result.relations["pair"].tp == 1
    assert prf(result.elements["source"]["exact"]) == (None, 0.0, 0.0)


def test_null_source_below_half_dice_earns_nothing() -> None:
    start = at("it rained").start
    part = Attribution((Span(start, start + 2),))
    assert tally([said("it rained")], [part], text=TEXT)["null_source.both"] == 0


def test_errors_are_one_class_each_and_add_up() -> None:
    result = score(tally(GOLD, PREDICTED, text=TEXT))
    assert result.errors == {
        "correct": 1,
        "boundary": 0,
        "source": 1,
        "cue": 0,
        "content": 1,
        "missed": 1,
        "spurious": 1,
    }
    listed = pairs(GOLD, PREDICTED, text=TEXT)
    assert [p.error for p in listed] == ["correct", "source", "content", "missed", "spurious"]
    assert listed[1].dice == pytest.approx(0.75)
    assert (listed[1].source, listed[1].cue, listed[1].content) == ("differ", "same", "overlap")
    assert [p.speaker for p in listed] == [True, False, None, None, None]
    assert listed[3].predicted is None
    assert listed[4].gold is None


def test_half_is_found_and_eight_tenths_is_found80() -> None:
    text = "x" * 40
    gold = [Attribution((Span(0, 10),)), Attribution((Span(20, 30),))]
    # Dice 2·5/(10+10) = .5 exactly, and 2·8/(10+10) = .8 exactly.
    predicted = [Attribution((Span(5, 15),)), Attribution((Span(22, 32),))]
    result = tally(gold, predicted, text=text)
    assert (result["found50"], result["found80"]) == (2, 1)


def test_k_different_predictions_of_one_gold_match_it_once() -> None:
    gold = [said("“We will go,”", "Ann", "said")]
    predicted = [
        said("“We will go,”", "Ann", "said"),
        said("We will go", "Ann", "said"),
        said("“We will go,”", "Ann"),
        said("“We will go,”", "Bob", "denied"),
        said("We will", "Ann", "said"),
    ]
    result = score(tally(gold, predicted, text=TEXT))
    for name in ("found50", "exact"):
        assert prf(result.relations[name])[:2] == (0.2, 1.0)
    assert result.diagnostics["split"] == 1
    assert result.elements["content"]["overlap"].recall == 1.0


def test_identical_duplicates_collapse_and_are_counted() -> None:
    result = score(tally(GOLD, GOLD * 3, text=TEXT))
    assert prf(result.relations["exact"]) == (1.0, 1.0, 1.0)
    assert result.diagnostics["duplicates_predicted"] == 8
    assert result.diagnostics["duplicates_gold"] == 0
    assert result.warnings == (
        "predictions: an identical relation was repeated 8 times and counted once",
    )
    assert score(tally(GOLD, GOLD, text=TEXT)).warnings == ()
    assert score(tally(GOLD * 2, GOLD, text=TEXT)).diagnostics["duplicates_gold"] == 4


def test_the_whole_document_finds_nothing() -> None:
    whole = [Attribution((Span(0, len(TEXT)),), Span(0, len(TEXT)), Span(0, len(TEXT)))]
    result = score(tally(GOLD, whole, text=TEXT))
    assert result.relations["found50"].tp == 0
    assert result.diagnostics["merged"] == 1
    assert result.elements["source"]["exact"].tp == 0


def test_nothing_on_either_side_is_undefined() -> None:
    empty = score(tally([], [], text="Nobody spoke.")).to_json()
    assert set(empty["relations"]["found50"].values()) == {None, 0}
    assert empty["relations"]["found50"]["f1"] is None
    missed = score(tally(GOLD, [], text=TEXT))
    assert prf(missed.relations["found50"]) == (None, 0.0, 0.0)
    spurious = score(tally([], GOLD, text=TEXT))
    assert prf(spurious.relations["found50"]) == (0.0, None, 0.0)
    assert score(tally([], [], text="")).relations["exact"].f1 is None


def test_ignored_regions_are_subtracted_from_both_sides() -> None:
    ignore = [at("“No!” cried Cy.")]
    result = score(tally(GOLD, PREDICTED, text=TEXT, ignore=ignore))
    assert (result.relations["found50"].support, result.relations["found50"].predicted) == (3, 3)
    assert result.diagnostics["ignored_gold"] == result.diagnostics["ignored_predicted"] == 1
    # A content that reaches into an ignored region is judged by the rest.
    part = [Span(at("that it").start, at("that it").end - 3)]
    assert tally([said("that it fell")], [said("it fell")], text=TEXT, ignore=part)["exact"] == 1


def test_units_add_up_and_pairs_go_where_the_gold_starts() -> None:
    starts = [0, TEXT.index("Reports"), TEXT.index("“No!”")]
    units = tally_units(GOLD, PREDICTED, text=TEXT, starts=starts)
    assert total(units) == tally(GOLD, PREDICTED, text=TEXT)
    assert [unit["gold"] for unit in units] == [2, 1, 1]
    assert [unit["error.spurious"] for unit in units] == [0, 0, 1]
    # One prediction begins in the first unit, its gold partner in the second: nothing is cut.
    long = Attribution((Span(at("fell.\n").start, at("it rained").end),))
    crossing = tally_units([said("it rained")], [long], text=TEXT, starts=starts)
    assert [unit["predicted"] for unit in crossing] == [0, 1, 0]
    with pytest.raises(ValueError, match="at least one unit"):
        tally_units(GOLD, PREDICTED, text=TEXT, starts=[])


def test_capabilities_turn_what_cannot_be_given_into_undefined() -> None:
    able = Capabilities(cues=False, null_sources=False, speakers=False, indirect=False)
    result = score(tally(GOLD, PREDICTED, text=TEXT), capabilities=able)
    undefined = (None, None, None)
    assert prf(result.elements["cue"]["exact"]) == undefined
    assert prf(result.elements["cue"]["overlap"]) == undefined
    assert prf(result.relations["triple"]) == prf(result.relations["exact"]) == undefined
    assert prf(result.null_source) == undefined
    assert prf(result.kinds["indirect"]) == undefined
    assert (result.speaker.accuracy, result.speaker.coverage, result.speaker.f1) == undefined
    assert prf(result.relations["pair"]) == (0.25, 0.25, 0.25)
    assert result.elements["cue"]["exact"].support == 4


def test_json_has_the_fixed_keys() -> None:
    out = score(tally(GOLD, PREDICTED, text=TEXT)).to_json()
    assert json.loads(json.dumps(out)) == out
    block = {"precision", "recall", "f1", "tp", "fp", "fn", "support", "predicted"}
    assert set(out["relations"]) == {"found50", "found80", "pair", "triple", "exact"}
    assert all(set(value) == block for value in out["relations"].values())
    for elements in (out["elements"], out["given_content"]):
        assert set(elements) == {"source", "cue", "content"}
        for views in elements.values():
            assert set(views) == {"exact", "overlap"}
            assert all(set(value) == block for value in views.values())
    assert set(out["kinds"]) == {"direct", "indirect", "mixed"}
    assert all(set(value) == block for value in out["kinds"].values())
    assert {"accuracy", "coverage", "f1"} <= set(out["speaker"])
    assert set(out["null_source"]) == block


def test_tally_survives_json() -> None:
    counts = tally(GOLD, PREDICTED, text=TEXT)
    stored = json.loads(json.dumps(counts.to_json()))
    assert Tally.from_json(stored) == counts
    assert 0 not in stored.values()
    assert (counts["found50"], counts["predicted"], counts["gold"]) == (2, 4, 4)
    assert len(set(FIELDS)) == len(FIELDS)
    assert total([]) == Tally()
    assert total([counts, counts]) == {key: 2 * n for key, n in counts.items()}


@pytest.mark.parametrize("value", [{"gild": 1}, {"gold": -1}, {"gold": 1.5}, {"gold": True}, [1]])
def test_broken_tallies_are_refused(value: object) -> None:
    with pytest.raises(ValueError):
        read_tally(task_named("attribution"), value)


def test_relation_without_content_is_an_error() -> None:
    with pytest.raises(AnnotationError, match="without content"):
        tally([], [Attribution(())], text=TEXT)
