"""Agreement by hand, at its edges, and on a corpus with known figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from support import by_annotator

from harness.annotation import Annotations, Attribution, Entity, Record, Span
from harness.curation.agreement.agreement import Spread, agreement
from harness.errors import AnnotationError, InputError, NothingMeasured, UsageError

POLNEAR = Path(__file__).parents[2] / "shared" / "corpora" / "polnear"

TEXT = "The NATO chief said that Kyiv would win. Moscow, he added, would not."


def at(piece: str) -> Span:
    assert TEXT.count(piece) == 1, piece
    return Span(TEXT.index(piece), TEXT.index(piece) + len(piece))


HE = Span(at("he added").start, at("he added").start + 2)


def entity(piece: str, label: str) -> Entity:
    return Entity(*at(piece), label)


def record(
    entities: Sequence[Entity] | None = None,
    attributions: Sequence[Attribution] | None = None,
    *,
    id_: str = "d",
    text: str | None = TEXT,
    ignore: Sequence[Span] = (),
) -> Record:
    layers = Annotations(
        None if entities is None else tuple(entities),
        None if attributions is None else tuple(attributions),
    )
    return Record(id_, text, layers, tuple(ignore))


A = record(
    [entity("NATO", "ORG"), entity("Kyiv", "GPE"), entity("Moscow", "GPE")],
    [
        Attribution(
            (at("that Kyiv would win"),), at("The NATO chief"), at("said"), "indirect", "Rutte"
        ),
        Attribution((at("Moscow, "), at("would not")), HE, at("added"), "indirect", "Rutte"),
    ],
)
B = record(
    [entity("The NATO", "ORG"), entity("Kyiv", "GPE"), entity("Moscow", "ORG")],
    [
        Attribution(
            (at("that Kyiv would win"),), at("The NATO chief"), at("said"), "mixed", "Rutte"
        ),
    ],
)


def test_entities_by_hand() -> None:
    found = agreement({"a": [A], "b": [B]}).figures("ner")
    # Kyiv alone is equal; "The" is forgiven by the boundary rule; types: NATO and Kyiv.
    assert found["strict",].mean == pytest.approx(1 / 3)
    assert found["normalised",].mean == pytest.approx(2 / 3)
    assert found["type",].mean == pytest.approx(2 / 3)
    # GPE: 1 of 2 and 1; ORG: 0 of 1 and 2.
    assert found["types", "GPE"].mean == pytest.approx(2 / 3)
    assert found["types", "ORG"].mean == 0.0


def test_attributions_by_hand() -> None:
    found = agreement({"a": [A], "b": [B]})
    figures = found.figures("attribution")
    for name in ("found50", "found80", "pair", "triple", "exact"):
        assert figures["relations", name].mean == pytest.approx(2 / 3)
    assert figures["elements", "source", "exact"].mean == pytest.approx(2 / 3)
    # Letters of content: 16 are shared, of 16 + 14 and 16.
    assert figures["elements", "content", "overlap"].mean == pytest.approx(2 * 16 / 46)
    assert figures["kind",].mean == 0.0
    assert figures["speaker",].mean == pytest.approx(2 / 3)
    # Tokens: The NATO chief said that Kyiv would win . Moscow , he added , would not . = 17.
    # They differ on "Moscow", ",", "he", "added", "would", "not"; n = 34; a: 3 + 1 source, 1 + 1
    # cue, 4 + 4 content, 3 none; b: 3, 1, 4, 9.
    observed = 2 * 6 / 34
    expected = 1 - sum(n * (n - 1) for n in (7, 3, 12, 12)) / (34 * 33)
    assert found.alphas["attribution"][1] == 17
    assert found.alphas["attribution"][0] == pytest.approx(1 - observed / expected)


def test_every_disagreement_is_listed_with_its_context() -> None:
    found = agreement({"a": [A], "b": [B]}).disagreements
    assert [(item.task, item.difference, item.start) for item in found] == [
        ("ner", "boundary", 0),
        ("ner", "type", at("Moscow").start),
        ("attribution", "kind", at("that Kyiv").start),
        ("attribution", "only a", at("Moscow").start),
    ]
    assert list(found[0].lines()) == [
        "d:0 boundary",
        "  a: ORG [NATO]",
        "  b: ORG [The NATO]",
        "  [The NATO] chief said that Kyiv would win. Moscow,…",
    ]
    assert found[3].shown[1] == "–"
    assert "source [he], cue [added]" in found[3].shown[0]
    assert found[3].to_json()["said"]["b"] is None
    assert agreement({"a": [A], "b": [B]}, disagreements=False).disagreements == ()


def test_speakers_that_differ_are_listed() -> None:
    relation = A.annotations.attributions[1]  # type: ignore[index]
    other = Attribution(relation.content, relation.source, relation.cue, "indirect", "Zelensky")
    nobody = Attribution(relation.content, relation.source, relation.cue, "indirect", None)
    for one, two in ((relation, other), (relation, nobody), (nobody, relation)):
        found = agreement({"a": [record(None, [one])], "b": [record(None, [two])]})
        assert [item.difference for item in found.disagreements] == ["speaker"]


def test_perfect_agreement_has_nothing_to_list() -> None:
    found = agreement({"a": [A], "b": [A]})
    assert found.disagreements == ()
    assert found.alphas["attribution"][0] == 1.0
    for task in ("ner", "attribution"):
        assert all(spread.mean == 1.0 for spread in found.figures(task).values())


def test_direction_does_not_matter() -> None:
    one, other = agreement({"a": [A], "b": [B]}), agreement({"b": [B], "a": [A]})
    for task in ("ner", "attribution"):
        assert one.figures(task) == other.figures(task)
    assert one.alphas == other.alphas


def test_pairs_are_formed_over_common_documents_and_averaged() -> None:
    second = record(A.annotations.entities, id_="e")
    third = record(id_="f")
    found = agreement(
        {
            "a": [A, second, third],
            "b": [B],
            "c": [A, record(B.annotations.entities, id_="e"), record([], id_="f")],
        }
    )
    documents = {p.annotators: p.documents for p in found.pairs if p.task == "ner"}
    assert documents == {("a", "b"): 1, ("a", "c"): 2, ("b", "c"): 1}
    # a/b 1/3, b/c 1/3, a/c over two documents: (3 + 1) of 6.
    assert found.figures("ner")["strict",] == Spread(
        pytest.approx((1 / 3 + 1 / 3 + 2 / 3) / 3), pytest.approx(1 / 3), pytest.approx(2 / 3), 3
    )
    assert found.shared == {"ner": 2, "attribution": 1}
    assert found.alone["ner"] == ("f",)


def test_figures_that_a_pair_does_not_have_do_not_enter_the_mean() -> None:
    empty = record([], id_="d")
    found = agreement({"a": [A], "b": [A], "c": [empty]}).figures("ner")
    assert found["strict",].mean == pytest.approx(1 / 3)
    both_empty = agreement({"a": [empty], "b": [empty]}).figures("ner")
    assert both_empty["strict",] == Spread(None, None, None, 0)


def test_what_either_ignores_takes_no_part() -> None:
    clipped = record(A.annotations.entities, A.annotations.attributions, ignore=[Span(0, 40)])
    found = agreement({"a": [clipped], "b": [B]})
    assert found.figures("attribution")["relations", "found50"].mean == 0.0
    assert found.figures("ner")["strict",].mean == 0.0  # Moscow alone is left, with two labels
    assert found.alphas["attribution"][1] == 8


def test_a_text_may_be_left_out_where_another_annotator_gives_it() -> None:
    bare = record(B.annotations.entities, B.annotations.attributions, text=None)
    assert agreement({"a": [A], "b": [bare]}) == agreement({"a": [A], "b": [B]})


def test_clear_errors() -> None:
    with pytest.raises(UsageError, match="two annotators"):
        agreement({"a": [A]})
    with pytest.raises(NothingMeasured, match="do the document ids differ"):
        agreement({"a": [A], "b": [record([], id_="e")]})
    with pytest.raises(InputError, match="has another text"):
        agreement({"a": [A], "b": [record([], text=TEXT + " ")]})
    with pytest.raises(InputError, match="has no text"):
        agreement({"a": [record([], text=None)], "b": [record([], text=None)]})
    with pytest.raises(InputError, match="more than once"):
        agreement({"a": [A, A], "b": [B]})
    outside = record([Entity(60, 600, "ORG")], text=None)
    with pytest.raises(AnnotationError, match="600"):
        agreement({"a": [A], "b": [outside]})


def test_json() -> None:
    out = agreement({"a": [A], "b": [B]}).to_json()
    assert json.loads(json.dumps(out)) == out
    assert out["annotators"] == ["a", "b"]
    assert out["ner"]["types"]["GPE"]["pairs"] == 1
    assert set(out["attribution"]["relations"]) >= {"found50", "pair", "exact"}
    assert out["attribution"]["elements"]["cue"]["exact"]["mean"] == pytest.approx(2 / 3)
    assert [pair["task"] for pair in out["pairs"]] == ["ner", "attribution"]
    assert len(out["disagreements"]) == 4
    only_entities = agreement({"a": [A], "b": [B]}, tasks=("ner",)).to_json(disagreements=False)
    assert only_entities["attribution"] is None
    assert "disagreements" not in only_entities


@pytest.fixture(scope="module")
def people() -> dict[str, list[Record]]:
    path = POLNEAR / "polnear_train_multi.jsonl"
    if not path.is_file():
        pytest.skip(f"the PolNeAR corpus is not here: {path}")
    return by_annotator(path)


@pytest.mark.slow
def test_polnear_annotators_find_what_each_other_finds(people: dict[str, list[Record]]) -> None:
    # An independent count over these 16 articles (by token, over all pairs at once) had .821 for
    # contents, .598 for all three elements equal and .774 for alpha with four articles more; the
    # corpus' README reports an alpha of .754.
    found = agreement(people, disagreements=False)
    figures = found.figures("attribution")
    assert found.shared == {"attribution": 16}
    assert figures["relations", "found50"].pairs == 15
    assert figures["relations", "found50"].mean == pytest.approx(0.82, abs=0.005)
    assert figures["relations", "exact"].mean == pytest.approx(0.598, abs=0.01)
    assert found.alphas["attribution"][0] is not None
    assert 0.75 < found.alphas["attribution"][0] < 0.78


@pytest.mark.slow
def test_polnear_dev_adds_two_articles_by_the_same_people(
    people: dict[str, list[Record]],
) -> None:
    dev = by_annotator(POLNEAR / "polnear_dev_multi.jsonl")
    merged = {name: [*people[name], *dev[name]] for name in people}
    found = agreement(merged, disagreements=False)
    assert found.shared == {"attribution": 18}
    assert found.alphas["attribution"][0] == pytest.approx(0.774, abs=0.005)
