"""BioC, in XML and JSON: passages at offsets of their own, and nothing fetched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.annotation import Entity, Span
from harness.api import score
from harness.errors import AnnotationError, InputError
from harness.formats.losses import Losses
from harness.formats.opening import read_any
from harness.formats.registry import guess

XML = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE collection SYSTEM "BioC.dtd">
<collection><source>invented</source><date/><key>x.key</key>
<document><id>7</id><infon key="journal">None</infon>
  <passage><infon key="type">title</infon><offset>0</offset><text>β-blockers &amp; pain</text>
    <annotation id="1"><infon key="type">Chemical</infon><infon key="MESH">D0</infon>
      <location offset="0" length="10"/><text>β-blockers</text></annotation>
  </passage>
  <passage><offset>20</offset>
    <sentence><offset>20</offset><text>Renal and hepatic failure.</text>
      <annotation id="2"><infon key="type">Disease</infon><location offset="20" length="5"/>
        <location offset="38" length="7"/><text>Renal failure</text></annotation></sentence>
    <sentence><offset>47</offset><text>Nobody died.</text></sentence>
    <relation id="R"><infon key="relation">CID</infon><node refid="1" role="a"/></relation>
  </passage>
  <annotation id="3"><infon key="type">Topic</infon><text>safety</text></annotation>
</document>
<document><id></id><passage><offset>3</offset><text>Rain</text></passage></document>
</collection>
"""
TEXT = "β-blockers & pain\n  Renal and hepatic failure. Nobody died."


def _passage(offset: int, text: str, *said: tuple[int, int, str]) -> dict[str, Any]:
    annotations = [
        {
            "id": "1",
            "infons": {"type": "ORG"},
            "text": own,
            "locations": [{"offset": start, "length": length}],
        }
        for start, length, own in said
    ]
    return {"offset": offset, "infons": {}, "text": text, "annotations": annotations}


def _file(folder: Path, value: Any) -> Path:
    path = folder / "a"
    path.write_text(value if isinstance(value, str) else json.dumps(value), "utf-8")
    return path


def test_xml(tmp_path: Path) -> None:
    losses = Losses()
    path = _file(tmp_path, XML)
    assert guess(path).name == "bioc"
    first, second = read_any(path, losses=losses)
    assert (first.id, first.text, second.id, second.number) == ("7", TEXT, "a-00002", 2)
    assert second.text == "\n  Rain"
    assert second.annotations.entities == ()
    entities = first.annotations.entities or ()
    assert len(entities) == XML.count("<annotation ") - 1  # one is about the whole document
    chemical, disease = entities
    assert TEXT[slice(*chemical.span)] == "β-blockers"
    assert [TEXT[slice(*part)] for part in disease.fragments] == ["Renal", "failure"]
    assert losses == {
        "infons of documents and passages: left out": 2,
        "infons of annotations besides the label: left out": 1,
        "annotations without a place in the text: left out": 1,
        "relations: left out": 1,
    }
    assert score(path, path, task="ner").f1 == 1.0


def test_the_library_counts_the_same(tmp_path: Path) -> None:
    biocxml = pytest.importorskip("bioc.biocxml")
    collection = biocxml.loads(XML.replace('<!DOCTYPE collection SYSTEM "BioC.dtd">\n', ""))
    (first, _) = read_any(_file(tmp_path, XML))
    theirs = [
        [Span(place.offset, place.end) for place in annotation.locations]
        for passage in collection.documents[0].passages
        for part in (passage, *passage.sentences)
        for annotation in part.annotations
    ]
    ours = [list(one.fragments or (one.span,)) for one in first.annotations.entities or ()]
    assert theirs == ours


def test_every_shape_of_json(tmp_path: Path) -> None:
    document = {"id": "1", "passages": [_passage(0, "NATO left", (0, 4, "NATO"))]}
    other = {"id": 2, "passages": [_passage(0, "It rains")], "relations": [{"id": "R"}]}
    collection = {"source": "x", "date": "", "key": "", "documents": [document, other]}
    for value in (
        collection,
        [collection],
        {"PubTator3": [document, other]},
        json.dumps(collection, indent=1),
        json.dumps(document) + "\n\n" + json.dumps(other) + "\n",
        [document, other],
    ):
        path = _file(tmp_path, value)
        assert guess(path).name == "bioc"
        first, second = read_any(path)
        assert (first.id, second.id) == ("1", "2")
        assert first.annotations.entities == (Entity(0, 4, "ORG"),)
        assert second.annotations.entities == ()


def test_bytes_and_utf16_units(tmp_path: Path) -> None:
    for unit, at in (("byte", 6), ("utf16", 4)):
        passages = [_passage(0, "é😀"), _passage(at - (unit == "utf16"), "NATO", (at, 4, "NATO"))]
        passages[1]["offset"] = at
        path = _file(tmp_path, {"documents": [{"id": "1", "passages": passages}]})
        (record,) = read_any(path, offsets=unit)
        (entity,) = record.annotations.entities or ()
        assert (record.text or "")[slice(*entity.span)] == "NATO"
    path = _file(tmp_path, {"passages": [_passage(0, "é😀 NATO left", (4, 4, "NATO"))]})
    with pytest.raises(AnnotationError, match="offsets=utf16"):
        list(read_any(path))


def test_another_infon_is_the_label(tmp_path: Path) -> None:
    path = _file(tmp_path, XML.replace('<infon key="type">D', '<infon key="class">D'))
    with pytest.raises(AnnotationError, match=r"no infon 'type'; it has: 'class'; label-key says"):
        list(read_any(path))
    one = _passage(0, "NATO", (0, 4, "NATO"))
    one["annotations"][0]["infons"] = {"class": "ORG"}
    path = _file(tmp_path, {"passages": [one]})
    with pytest.raises(AnnotationError, match="label-key=class"):
        list(read_any(path))
    (record,) = read_any(f"{path}?label-key=class")
    assert record.annotations.entities == (Entity(0, 4, "ORG"),)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<offset>20</offset>\n", "<offset>9</offset>\n", ""),
        (
            "<sentence><offset>20",
            "<sentence><offset>9",
            "begins at 9, but the one before ends at 17",
        ),
        ("<offset>3<", "<offset>999999<", "begins at 999999, 999999 characters behind"),
        ("<offset>3<", "<offset>three<", "passages[0].offset is 'three', expected a whole number"),
        ('length="10"', 'length="9"', "\"text\" is 'β-blockers', but the document has 'β-blocker'"),
        ('length="10"', 'length="x"', "end is 'x', expected an integer"),
        ('<location offset="0" length="10"/>', "<location/>", "start is None, expected an integer"),
        ("<id></id>", "<id>7</id>", "document id '7' comes a second time"),
        ("<text>Rain", "<text><b>Rain</b>", "holds <b> inside <text>, expected text"),
        ("<passage><offset>3", "<para/><passage><offset>3", "found <para> inside <document>"),
        ("</collection>", "", "is no well-formed XML: Premature end"),
        ("Rain", "&rain;", "the entity &rain;"),
        (' SYSTEM "BioC.dtd"', ' [<!ENTITY a "b">]', "has a document type of its own"),
        ('"BioC.dtd"', '"http://x.invalid/BioC.dtd"', "has a document type of its own"),
    ],
)
def test_faulty_xml_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert XML.count(old) == 1
    path = _file(tmp_path, XML.replace(old, new))
    if not message:
        assert len(list(read_any(path))) == 2  # what stands before sentences has no say
        return
    with pytest.raises(InputError) as caught:
        list(read_any(path))
    assert message in str(caught.value)
    assert f"{path}:" in str(caught.value)


def test_faulty_annotations_and_documents_are_left_out(tmp_path: Path) -> None:
    said = [(0, 4, "NATO"), (0, 4, "NATO"), (5, 4, "NATO"), (5, 0, "")]
    documents = [
        {"id": "1", "passages": [_passage(0, "NATO left", *said)]},
        {"id": "1"},
        {"id": []},
    ]
    losses = Losses()
    path = _file(tmp_path, {"documents": documents})
    (record,) = read_any(f"{path}?faulty=leave-out", losses=losses)
    assert record.annotations.entities == (Entity(0, 4, "ORG"),)
    assert losses == {
        "annotations that come twice: read once": 1,
        "faulty spans: left out": 2,
        "faulty documents: left out": 2,
    }


@pytest.mark.parametrize("wrong", [3, "x", [1], {"a": 1}, [[]], True, 10**40, "\ud800", -1])
def test_wrong_types_are_refused(tmp_path: Path, wrong: Any) -> None:
    def damaged(value: Any) -> Any:
        for key in value if isinstance(value, dict) else range(len(value)):
            yield {**value, key: wrong} if isinstance(value, dict) else [wrong]
            if isinstance(value[key], (dict, list)):
                for inner in damaged(value[key]):
                    yield {**value, key: inner} if isinstance(value, dict) else [inner]

    whole = {"documents": [{"id": "1", "passages": [_passage(0, "NATO left", (0, 4, "NATO"))]}]}
    for value in damaged(whole):
        path = _file(tmp_path, value)
        try:
            list(read_any(path, format="bioc"))
        except InputError as error:
            assert str(path) in str(error)
