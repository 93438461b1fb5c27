"""In which labels gold and predictions meet: stated, assumed, and what is not scored."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from harness.annotation import Annotations, Entity, Record
from harness.cli.main import main
from harness.errors import SchemaError
from harness.formats import jsonl
from harness.gold.goldset import GoldSet
from harness.gold.loading import load_goldset
from harness.labels.meeting import extended_schema, guess_schema, meet, schema_of
from harness.results.settle import PredictedLabels, settle
from harness.tasks.registry import task_named

TEXT = "Ada Roe met NATO in Oslo, Lagos and Peru on Monday for 3 hours."
PEOPLE = (Entity(0, 7, "PER"), Entity(12, 16, "ORG"))
PLACES = tuple(Entity(*span, "LOC") for span in ((20, 24), (26, 31), (36, 40)))
DATE = (Entity(44, 50, "DATE"),)
ONTONOTES = (
    Entity(0, 7, "PERSON"),
    Entity(12, 16, "ORG"),
    *(Entity(start, end, "GPE") for start, end, *_ in PLACES),
    Entity(44, 50, "DATE"),
    Entity(55, 62, "TIME"),
)


@pytest.fixture
def gold(tmp_path: Path) -> GoldSet:
    path = tmp_path / "gold.jsonl"
    jsonl.write(path, [Record("a", TEXT, Annotations((*PEOPLE, *PLACES, *DATE)))])
    return load_goldset(path)


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ("PER LOC DATE", "conll03+DATE"),
        ("PER ORG LOC DATE", "conll03+DATE"),  # as MasakhaNER has them
        ("LOC DATE", "conll03+DATE"),
        ("PERSON ORG LOC", "conll03"),
        ("PERSON ORGANIZATION LOCATION DATE MONEY", "conll03+DATE+MONEY"),  # as MUC-7 has them
        ("PERSON ORG GPE LOC DATE", "ontonotes5"),  # here LOC is what GPE is not
        ("PERSON ORG GPE DATE", "ontonotes5"),
        ("PERSON DATE", "ontonotes5"),
        ("PER ORG LOC GPE FAC VEH WEA", "ontonotes5+VEH+WEA"),  # as ACE has them
        ("PER ORG LOC PRODUCT", "conll03+PRODUCT"),
        ("PERSON DRUG", "custom"),  # one label that a schema knows is no schema
        ("DRUG DOSE", "custom"),
    ],
)
def test_the_schema_fits_all_evidence(labels: str, name: str) -> None:
    assert schema_of(labels.split()).name == name


def test_the_evidence_is_in_the_schema_files(tmp_path: Path) -> None:
    assert guess_schema(["LOC", "GPE"]) == guess_schema(["GPE"])
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\nversion = "1"\n[labels]\nHERO = ""\nPLACE = ""\n[needs]\nPLACE = "HERO"\n'
    )
    assert str(guess_schema(["HERO", "PLACE"], [tmp_path])) == "mine@1"
    assert guess_schema(["PLACE"], [tmp_path]) is None
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "mine.toml").write_text(
        'name = "mine"\nversion = "1"\n[labels]\nHERO = ""\n[needs]\nHERO = "FOE"\n'
    )
    with pytest.raises(SchemaError, match=r"\[needs\] names 'FOE'"):
        guess_schema(["HERO"], [broken])


def test_added_labels_meet_by_name_and_the_rest_by_projection() -> None:
    gold = extended_schema(["PER", "LOC", "DATE"])
    assert gold is not None
    meeting = meet(gold, "ontonotes5")
    assert str(meeting.schema) == "conll03+DATE@1"
    assert [meeting.project_predicted.apply(label) for label in ("GPE", "DATE", "TIME")] == [
        "LOC", "DATE", "",
    ]  # fmt: skip
    assert meeting.project_gold.is_identity
    # A backend without dates still meets it there: gold dates stay in the score, as missed.
    assert str(meet(gold, "conll03").schema) == "conll03+DATE@1"
    # Asked for the base, what was added has no counterpart.
    assert meet(gold, "ontonotes5", schema="conll03").dropped_gold == ("DATE",)
    other = extended_schema(["PER", "LOC", "EVENT"])
    assert other is not None
    both = meet(gold, other)
    assert (str(both.schema), both.dropped_predicted) == ("conll03+DATE@1", ("EVENT",))


def test_places_are_found_beside_dates(gold: GoldSet) -> None:
    mapping = settle(gold, PredictedLabels(declared="ontonotes5"), task=task_named("ner"))
    sides = mapping.predicted(ONTONOTES)
    assert set(sides.kept) == {*PEOPLE, *PLACES, *DATE}
    assert [entity.label for entity in sides.extra] == ["TIME"]
    assert mapping.gold_assumed == (
        "gold labels DATE, LOC, ORG, PER taken to be conll03@1 with DATE added (count with "
        "--schema NAME to change it)",
    )


def test_labels_that_occur_are_the_golds_if_it_knows_them(tmp_path: Path, gold: GoldSet) -> None:
    """Few labels may occur in predictions: that GPE is missing there says nothing."""
    stated = load_goldset(gold.path, schema="ontonotes5")
    occurring = PredictedLabels(occurring=Counter({"LOC": 1}))
    assert settle(stated, occurring, task=task_named("ner")).schema == "ontonotes5@1"
    # A list of labels is all that a model can give: there it says that its LOC is CoNLL's.
    listed = PredictedLabels(produced=("LOC", "ORG", "PER"))
    assert settle(stated, listed, task=task_named("ner")).schema == "conll03@1"


@pytest.mark.parametrize(
    ("stated", "schema", "annotated"),
    [
        (None, None, {"PER", "ORG", "LOC", "DATE"}),  # what occurs
        (None, "ontonotes5", None),  # all of the schema that is named
        ("ontonotes5", None, None),  # all that the card states
        ("ontonotes5", "conll03", {"PER", "ORG", "LOC", "MISC"}),
    ],
)
def test_what_is_annotated(
    gold: GoldSet, stated: str | None, schema: str | None, annotated: set[str] | None
) -> None:
    if stated is not None:
        gold = load_goldset(gold.path, schema=stated)
    mapping = settle(
        gold, PredictedLabels(declared="ontonotes5"), task=task_named("ner"), schema=schema
    )
    assert mapping.annotated == (annotated or set(schema_of("ontonotes5").labels))


def test_what_is_not_scored_is_said(
    gold: GoldSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pred = tmp_path / "pred.jsonl"
    said = (*PEOPLE, *PLACES, *DATE, Entity(55, 56, "CARDINAL"), Entity(55, 62, "TIME"))
    jsonl.write(pred, [Record("a", None, Annotations(said))])
    argv = ["score", "--gold", str(gold.path), "--pred", str(pred), "--task", "ner"]
    assert main([*argv, "--json"]) == 0
    body = json.loads(capsys.readouterr().out)
    assert body["micro"]["f1"] == 1.0
    assert body["not_scored"] == {"CARDINAL": 1, "TIME": 1}
    assert body["f1_with_all"] == pytest.approx(12 / 14)  # 2 * 6 / (6 gold + 8 predicted)
    assert main(argv) == 0
    out = capsys.readouterr().out
    assert "not scored: CARDINAL (1), TIME (1); F1 with them: 0.857" in out
    assert "CARDINAL  " not in out, "no row of a type that is not scored"


def test_the_f1_with_all_is_that_of_the_match_mode(gold: GoldSet, tmp_path: Path) -> None:
    """Under exact match the type is of no account: what is not scored would be right there."""
    from harness import score

    said = (*PEOPLE, *PLACES, Entity(44, 50, "WHEN"))
    exact = score(gold, {"a": Annotations(said)}, task="ner", match="exact")
    assert exact.f1 == pytest.approx(10 / 11)
    assert exact.caveats.f1_with_all == 1.0
