"""Schemas, projections and where two schemas meet."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.annotation import Entity
from harness.errors import SchemaError
from harness.labels.meeting import (
    adhoc_schema,
    coverage,
    guess_schema,
    left_out,
    meet,
    project,
    schema_of,
)
from harness.labels.schema import catalogue, load_schema, schema_names

MAIN = ("ontonotes5", "conll03", "wnut17", "crossner-politics")
ONTONOTES = [
    "PERSON",
    "NORP",
    "FAC",
    "ORG",
    "GPE",
    "LOC",
    "PRODUCT",
    "EVENT",
    "WORK_OF_ART",
    "LAW",
    "LANGUAGE",
    "DATE",
    "TIME",
    "PERCENT",
    "MONEY",
    "QUANTITY",
    "ORDINAL",
    "CARDINAL",
]


def test_the_published_label_sets() -> None:
    assert list(load_schema("ontonotes5").labels) == ONTONOTES
    assert set(load_schema("conll03").labels) == {"PER", "ORG", "LOC", "MISC"}
    assert set(load_schema("wnut17").labels) == {
        *("person", "location", "corporation", "product", "creative-work", "group")
    }
    assert set(load_schema("crossner-politics").labels) == {
        *("politician", "person", "organisation", "politicalparty", "event"),
        *("election", "country", "location", "misc"),
    }
    assert set(MAIN) <= set(schema_names())


@pytest.mark.parametrize(
    ("schema", "spelling", "label"),
    [
        ("conll03", "PERSON", "PER"),
        ("conll03", "organisation", "ORG"),
        ("conll03", "misc", "MISC"),
        ("ontonotes5", "PER", "PERSON"),
        ("ontonotes5", "WORK OF ART", "WORK_OF_ART"),
        ("ontonotes5", "work-of-art", "WORK_OF_ART"),
        ("ontonotes5", "Facility", "FAC"),
        ("wnut17", "creative_work", "creative-work"),
        ("crossner-politics", "organization", "organisation"),
        ("conll03", "GPE", None),
        ("ontonotes5", "MISC", None),
    ],
)
def test_spelling_variants(schema: str, spelling: str, label: str | None) -> None:
    assert load_schema(schema).canonical(spelling) == label


def test_no_spelling_is_ambiguous() -> None:
    for schema in catalogue().schemas.values():
        for spelling in (*schema.labels, *schema.aliases):
            own = schema.canonical(spelling)
            assert own == schema.aliases.get(spelling, spelling)
            assert schema.canonical(spelling.lower()) == own == schema.canonical(spelling.upper())


@pytest.mark.parametrize(
    ("gold", "predicted", "place"),
    [
        ("ontonotes5", "ontonotes5", "ontonotes5"),
        ("ontonotes5", "conll03", "conll03"),
        ("conll03", "ontonotes5", "conll03"),
        ("conll03", "wnut17", "conll03"),
        ("conll03", "crossner-politics", "conll03"),
        ("ontonotes5", "wnut17", "per-org-loc-product-work"),
        ("ontonotes5", "crossner-politics", "per-org-loc-event-misc"),
        ("wnut17", "crossner-politics", "conll03"),
    ],
)
def test_meeting_place(gold: str, predicted: str, place: str) -> None:
    assert meet(gold, predicted).schema.name == place


@pytest.mark.parametrize(("gold", "predicted"), list(itertools.product(MAIN, repeat=2)))
def test_every_pair_meets_and_the_place_does_not_depend_on_the_side(
    gold: str, predicted: str
) -> None:
    there, back = meet(gold, predicted), meet(predicted, gold)
    assert there.schema == back.schema
    assert there.dropped_gold == back.dropped_predicted
    assert there.is_identity == (gold == predicted)


def test_what_ontonotes_loses_at_conll() -> None:
    meeting = meet("conll03", "ontonotes5")
    assert meeting.dropped_gold == ()
    assert meeting.dropped_predicted == tuple(ONTONOTES[-7:])
    assert [str(merge) for merge in meeting.lossy] == [
        "predicted NORP, PRODUCT, EVENT, WORK_OF_ART, LAW, LANGUAGE -> MISC",
        "predicted FAC, GPE, LOC -> LOC",
    ]
    assert meeting.signature == "conll03@1,pred=ontonotes5--conll03@1"
    assert meet("conll03", "conll03").lossy == ()
    assert meet("conll03", "conll03").signature == "conll03@1"


def test_forced_place_through_a_chain() -> None:
    meeting = meet("ontonotes5", "conll03", schema="per-org-loc")
    assert meeting.project_gold.apply("GPE") == "LOC"
    assert meeting.project_gold.apply("NORP") == ""
    assert meeting.dropped_predicted == ("MISC",)
    with pytest.raises(SchemaError, match="no projection leads there from both"):
        meet("conll03", "ontonotes5", schema="ontonotes5")


def test_project_keeps_unknown_labels_and_counts_them() -> None:
    projection = meet("conll03", "ontonotes5").project_predicted
    entities = [
        Entity(0, 1, "PERSON", 0.5),
        Entity(2, 3, "GPE"),
        Entity(4, 5, "DATE"),
        Entity(6, 7, "DRUG"),
        Entity(8, 9, "DRUG"),
    ]
    kept, unknown = project(entities, projection)
    assert kept == (
        Entity(0, 1, "PER", 0.5),
        Entity(2, 3, "LOC"),
        Entity(6, 7, "DRUG"),
        Entity(8, 9, "DRUG"),
    )
    assert unknown == Counter(DRUG=2)
    assert left_out(entities, projection) == Counter(DATE=1)


def test_project_normalises_spelling_even_in_the_same_schema() -> None:
    projection = meet("conll03", "conll03").project_gold
    assert project([Entity(0, 1, "organisation")], projection)[0] == (Entity(0, 1, "ORG"),)


@given(st.lists(st.sampled_from([*ONTONOTES, "person", "DRUG", "x"]), max_size=30))
def test_project_loses_nobody(labels: list[str]) -> None:
    entities = [Entity(i, i + 1, label) for i, label in enumerate(labels)]
    projection = meet("conll03", "ontonotes5").project_predicted
    kept, unknown = project(entities, projection)
    assert len(kept) + left_out(entities, projection).total() == len(entities)
    assert {entity.label for entity in kept} <= {"PER", "ORG", "LOC", "MISC", *unknown}


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        (["person", "organisation", "location", "misc"], "conll03"),
        (["PER", "ORG"], "conll03"),
        (["PERSON", "ORG"], "ontonotes5"),
        (["GPE"], "ontonotes5"),
        (["politician", "person", "misc"], "crossner-politics"),
        (["corporation", "group"], "wnut17"),
        (["PERSON", "DRUG"], None),
        ([], None),
    ],
)
def test_guess(labels: list[str], name: str | None) -> None:
    found = guess_schema(labels)
    assert (found and found.name) == name


def test_coverage_by_hand() -> None:
    # 10 gold mentions; a backend that knows people only can find 4 of them.
    meeting = meet("conll03", adhoc_schema(["PERSON"]))
    counts = {"PER": 4, "ORG": 3, "MISC": 3, "LOC": 0}
    assert coverage(meeting, ["PERSON"], counts) == (("ORG", "MISC"), pytest.approx(0.4))
    assert coverage(meet("conll03", "ontonotes5"), None, counts) == ((), 1.0)
    assert coverage(meeting, ["PERSON"], {}) == ((), None)
    # An OntoNotes pipeline without LAW and NORP still reaches MISC through EVENT.
    assert coverage(meet("conll03", "ontonotes5"), ["PERSON", "EVENT"], counts).missing == ("ORG",)


def test_coverage_counts_an_unknown_gold_label_as_missing() -> None:
    meeting = meet("conll03", "conll03")
    assert coverage(meeting, None, {"PER": 1, "DRUG": 1}) == (("DRUG",), 0.5)


def test_labels_that_no_schema_knows_meet_by_name() -> None:
    gold, predicted = schema_of(["DISEASE", "DRUG"]), schema_of(["DRUG", "DOSE"])
    meeting = meet(gold, predicted)
    assert meeting.by_name
    assert meeting.schema == gold
    assert meeting.dropped_predicted == ("DOSE",)
    assert meeting.dropped_gold == ()
    assert coverage(meeting, ["DRUG"], {"DRUG": 1, "DISEASE": 3}) == (("DISEASE",), 0.25)
    with pytest.raises(SchemaError, match="share no label"):
        meet(schema_of(["DISEASE"]), "conll03")


def test_custom_gold_against_a_known_schema_keeps_every_gold_label() -> None:
    meeting = meet(schema_of(["PERSON", "DRUG"]), "ontonotes5")
    assert meeting.by_name
    assert set(meeting.schema.labels) == {"PERSON", "DRUG"}
    assert meeting.project_predicted.apply("PERSON") == "PERSON"
    assert "GPE" in meeting.dropped_predicted


def test_adhoc_identity_and_digest() -> None:
    assert adhoc_schema(["b", "a"]) == adhoc_schema(["a", "b"])
    assert adhoc_schema(["a"]) != adhoc_schema(["b"])
    assert meet(adhoc_schema(["a"]), adhoc_schema(["a"])).is_identity


MEDICAL = """
name = "medical"
version = "2"
[labels]
DRUG = "substances"
DOCTOR = "people who treat"
PATIENT = "people who are treated"
[aliases]
MEDICINE = "DRUG"
"""
MEDICAL_MAP = """
from = "medical"
to = "conll03"
version = "3"
[labels]
DRUG = ""
DOCTOR = "PER"
PATIENT = "PER"
"""


def test_a_user_adds_a_schema_and_a_map_by_toml(tmp_path: Path) -> None:
    (tmp_path / "medical.toml").write_text(MEDICAL)
    (tmp_path / "map.toml").write_text(MEDICAL_MAP)
    (tmp_path / "goldset.toml").write_text('name = "x"\n')
    (tmp_path / "other.toml").write_text('[tool]\nname = "unrelated"\n')
    by_folder = meet("medical", "ontonotes5", folders=[tmp_path])
    assert by_folder.schema.name == "conll03"
    assert by_folder.dropped_gold == ("DRUG",)
    assert next(str(merge) for merge in by_folder.lossy) == "gold DOCTOR, PATIENT -> PER"
    by_path = meet(load_schema(tmp_path / "medical.toml"), load_schema("conll03"))
    assert by_path.signature == "conll03@1,gold=medical--conll03@3"
    assert guess_schema(["MEDICINE"], [tmp_path]) == load_schema("medical", [tmp_path])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name = ", "not TOML"),
        ('name = "a"\n[labels]\nX = ""\n', '"version" is missing'),
        ('name = "a"\nversion = "1"\n', "expected a schema"),
        ('version = "1"\nfrom = "conll03"\n[labels]\nX = ""\n', "expected a schema"),
        ('name = "a"\nversion = "1"\n[labels]\nX = 1\n', r"labels\.X: found 1, expected a string"),
        ('name = "a"\nversion = "1"\n[labels]\nX_Y = ""\nx-y = ""\n', "comes twice"),
        ('name = "a"\nversion = "1"\n[labels]\nX = ""\n[aliases]\nY = "Z"\n', "is no label"),
        ('name = "a"\nversion = "1"\n[labels]\nX = ""\nZ = ""\n[aliases]\nz = "X"\n', "itself"),
        ('from = "conll03"\nto = "nowhere"\nversion = "1"\n[labels]\n', "unknown schema 'nowhere'"),
        (MEDICAL_MAP.replace("medical", "conll03"), "does not say what becomes of"),
        ('from = "per-org-loc"\nto = "conll03"\nversion = "1"\n[labels]\nPER = "HUMAN"\n'
         'ORG = ""\nLOC = ""\n', "maps to 'HUMAN'"),
    ],
)  # fmt: skip
def test_bad_files_are_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "bad.toml").write_text(content)
    with pytest.raises(SchemaError, match=message) as caught:
        if 'to = "' in content:
            (tmp_path / "goldset.toml").touch()
            catalogue([tmp_path])
        else:
            load_schema(tmp_path / "bad.toml")
    assert str(tmp_path / "bad.toml") in str(caught.value)


def test_a_second_schema_of_the_same_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(MEDICAL.replace("medical", "conll03"))
    with pytest.raises(SchemaError, match="second schema named 'conll03'"):
        schema_names([tmp_path])


def test_unknown_schema_names_the_nearest() -> None:
    with pytest.raises(SchemaError, match=r"Did you mean 'conll03'\?"):
        load_schema("conll2003")
    with pytest.raises(SchemaError, match="is at version 1, not 9"):
        load_schema("conll03@9")
    with pytest.raises(SchemaError, match="cannot be read"):
        load_schema("missing.toml")
