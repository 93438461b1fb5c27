"""Gold sets: cards, bare files, annotators' layers, digests."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from harness.annotation import Annotations, Attribution, Entity, Record, Span
from harness.errors import InputError, SchemaError
from harness.formats import jsonl
from harness.gold.facts import record_digest
from harness.gold.layers import load_layer
from harness.gold.loading import load_goldset

TINY = Path(__file__).parent / "data" / "goldsets" / "tiny"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "goldsets" / "tiny"))


def _edit(path: Path, old: str, new: str) -> None:
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new))


def test_card(tiny: Path) -> None:
    gold = load_goldset(tiny)
    assert (gold.name, gold.version, gold.licence, gold.language) == ("tiny", "1", "MIT", "en")
    assert gold.tasks == ("ner", "attribution")
    assert gold.schema is not None
    assert gold.schema.name == "ontonotes5"
    assert gold.documents == 2
    assert gold.labels == {"DATE": 2, "PERSON": 2, "GPE": 1, "FAC": 1, "ORG": 1}
    records = {record.id: record for record in gold.records()}
    assert list(records) == ["harbour", "mill"]
    assert [len(r.annotations.attributions or ()) for r in records.values()] == [2, 2]
    assert "\u00a0" in (records["mill"].text or "")
    assert len(list(gold.records())) == 2  # can be asked again


def test_by_name_by_card_and_the_nearest_name(tiny: Path) -> None:
    root = tiny.parent
    by_name = load_goldset("tiny", root=root)
    assert by_name.digest == load_goldset(tiny / "goldset.toml").digest
    with pytest.raises(InputError, match=r"no gold set 'tinny'.*Did you mean 'tiny'\?"):
        load_goldset("tinny", root=root)


def test_annotators(tiny: Path) -> None:
    gold = load_goldset(tiny)
    counts = {
        name: [len(r.annotations.entities or ()) for r in gold.annotator(name)]
        for name in gold.annotators
    }
    assert counts == {"a": [6, 1], "b": [6, 1]}
    assert len(list(gold.annotator("b"))[1].annotations.attributions or ()) == 1
    (tiny / "annotators" / "b" / "mill.ann").unlink()
    assert [record.id for record in load_goldset(tiny).annotator("b")] == ["harbour"]
    with pytest.raises(InputError, match=r"no annotator 'c' \(known: a, b\)"):
        list(gold.annotator("c"))


def test_tasks_tell_an_empty_layer_from_an_absent_one(tiny: Path) -> None:
    for name in ("harbour", "mill"):
        (tiny / f"{name}.ann").write_text("")
    assert [r.annotations for r in load_goldset(tiny).records()] == [Annotations((), ())] * 2
    _edit(tiny / "goldset.toml", 'tasks = ["ner", "attribution"]', 'tasks = ["attribution"]')
    gold = load_goldset(tiny)
    assert [r.annotations for r in gold.records()] == [Annotations(None, ())] * 2
    assert gold.tasks == ("attribution",)


def test_a_document_without_ann_has_no_layers(tiny: Path) -> None:
    (tiny / "mill.ann").unlink()
    assert list(load_goldset(tiny).records())[1].annotations == Annotations()


def test_bare_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    records = [Record("a", "Ann Lee", Annotations((Entity(0, 7, "PER"), Entity(0, 3, "MISC"))))]
    jsonl.write(path, records)
    gold = load_goldset(path)
    assert (gold.name, gold.tasks, gold.annotators) == ("mine", ("ner",), {})
    assert gold.schema is not None
    assert gold.schema.name == "conll03"
    assert list(gold.records()) == records
    forced = load_goldset(path, schema="per-org-loc")
    assert forced.schema is not None
    assert forced.schema.name == "per-org-loc"
    with pytest.raises(SchemaError, match="unknown label schema"):
        load_goldset(path, schema="nope")


def test_bare_file_of_attributions_has_no_schema(tmp_path: Path) -> None:
    path = tmp_path / "quotes.jsonl"
    jsonl.write(path, [Record("a", "x", Annotations(None, (Attribution((Span(0, 1),)),)))])
    gold = load_goldset(path)
    assert gold.tasks == ("attribution",)
    assert gold.schema is None


def test_card_that_names_one_file(tmp_path: Path) -> None:
    jsonl.write(tmp_path / "all.jsonl", [Record("a", "x", Annotations(()))])
    (tmp_path / "goldset.toml").write_text('name = "one"\ndata = "all.jsonl"\nschema = "conll03"\n')
    gold = load_goldset(tmp_path)
    assert (gold.name, gold.documents, gold.tasks) == ("one", 1, ("ner",))


def test_a_schema_of_its_own_lies_beside_the_card(tiny: Path) -> None:
    (tiny / "ports.toml").write_text(
        'name = "ports"\nversion = "1"\n[labels]\nFAC = ""\nGPE = ""\nDATE = ""\nPERSON = ""\n'
        'ORG = ""\n'
    )
    for spelling in ("ports", "ports.toml"):
        shutil.copy(TINY / "goldset.toml", tiny / "goldset.toml")
        _edit(tiny / "goldset.toml", '"ontonotes5"', f'"{spelling}"')
        schema = load_goldset(tiny).schema
        assert schema is not None
        assert schema.name == "ports"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("tasks =", "tasks", "not TOML"),
        ('["ner", "attribution"]', '["nerd"]', r"tasks\[0\]: found 'nerd', expected 'ner' or"),
        ('texts = "texts"', 'texts = "nowhere"', "nowhere, which is no folder"),
        ('texts = "texts"', "", 'neither "texts"'),
        ('id = "mill"', 'id = "windmill"', "lists document 'windmill', but there is no"),
        ('"ontonotes5"', '"ontonotes6"', "Did you mean 'ontonotes5'"),
    ],
)
def test_bad_cards(tiny: Path, old: str, new: str, message: str) -> None:
    _edit(tiny / "goldset.toml", old, new)
    with pytest.raises(InputError, match=message):
        list(load_goldset(tiny).records())


def test_layer_for_an_unknown_document(tiny: Path) -> None:
    texts = load_goldset(tiny).texts()
    assert set(load_layer(tiny / "annotators" / "a", texts)) == {"harbour", "mill"}
    (tiny / "mil.ann").write_text("")
    with pytest.raises(InputError, match=r"annotates 'mil', which is no document(.|\n)*mill"):
        load_layer(tiny, texts)
    with pytest.raises(InputError, match=r"holds no \.ann file"):
        load_layer(tiny / "texts", texts)


def test_digest_ignores_order_and_nothing_else(tmp_path: Path) -> None:
    entities = (Entity(0, 1, "PER"), Entity(2, 3, "ORG"))
    record = Record("a", "x y", Annotations(entities, ()))
    same = dataclasses.replace(record, annotations=Annotations(entities[::-1], ()))
    assert record_digest(record) == record_digest(same)
    for other in (
        dataclasses.replace(record, id="b"),
        dataclasses.replace(record, text="x\u00a0y"),
        dataclasses.replace(record, annotations=Annotations(entities, None)),
        dataclasses.replace(record, annotations=Annotations(entities[:1], ())),
        dataclasses.replace(record, ignore=(Span(0, 1),)),
    ):
        assert record_digest(record) != record_digest(other)
    pair = [record, dataclasses.replace(record, id="b")]
    for name, records in (("one", pair), ("two", pair[::-1])):
        jsonl.write(tmp_path / name, records)
    assert load_goldset(tmp_path / "one").digest == load_goldset(tmp_path / "two").digest


def test_digest_sees_a_moved_offset(tiny: Path) -> None:
    before = load_goldset(tiny).digest
    _edit(tiny / "harbour.ann", "FAC 33 55\tThe Port", "FAC 37 55\tPort")
    assert load_goldset(tiny).digest != before


def test_digest_sees_the_aliases(tiny: Path) -> None:
    """They decide which speakers are the same, so scores under others are of other gold."""
    seen = [load_goldset(tiny).digest]
    card = (tiny / "goldset.toml").read_text()
    tables = card.index("\n[")
    for aliases in ('"Ann Roe" = ["A. Roe", "Roe"]', '"Ann Roe" = ["A. Roe"]'):
        added = f"{card[:tables]}\n[aliases]\n{aliases}\n{card[tables:]}"
        (tiny / "goldset.toml").write_text(added)
        seen.append(load_goldset(tiny).digest)
    assert len(set(seen)) == 3
