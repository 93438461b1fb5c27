"""UIMA's CAS: XMI and JSON, offsets of Java, layers, views, annotators of a project."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from harness.annotation import Entity
from harness.api import score
from harness.errors import AnnotationError, InputError
from harness.formats.losses import Losses
from harness.formats.opening import open_source, read_any
from harness.formats.registry import guess

DKPRO = "de.tudarmstadt.ukp.dkpro.core.api"
NER = f"{DKPRO}.ner.type.NamedEntity"
TEXT = "😀 Ines met NATO.\nIt rained."
XMI = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<xmi:XMI xmlns:xmi="http://www.omg.org/XMI" '
    'xmlns:cas="http:///uima/cas.ecore" xmlns:tcas="http:///uima/tcas.ecore" '
    'xmlns:ner="http:///de/tudarmstadt/ukp/dkpro/core/api/ner/type.ecore" '
    'xmlns:seg="http:///de/tudarmstadt/ukp/dkpro/core/api/segmentation/type.ecore" '
    'xmlns:own="http:///webanno/custom.ecore" xmi:version="2.0">\n'
    '<cas:NULL xmi:id="0"/>\n'
    '<tcas:DocumentAnnotation xmi:id="8" sofa="1" begin="0" end="28" language="en"/>\n'
    '<ner:NamedEntity xmi:id="2" sofa="1" begin="12" end="16" value="ORG" identifier="Q7184"/>\n'
    '<ner:NamedEntity xmi:id="3" sofa="1" begin="3" end="7" value="PER"/>\n'
    '<ner:NamedEntity xmi:id="4" sofa="1" begin="0" end="2" value="GONE"/>\n'
    '<ner:Person xmi:id="9" sofa="1" begin="3" end="11" value="PER"/>\n'
    '<own:Mood xmi:id="5" sofa="1" begin="3" end="7" kind="glad"/>\n'
    '<seg:Token xmi:id="6" sofa="1" begin="0" end="2"/>\n'
    '<seg:Token xmi:id="7" sofa="1" begin="3" end="7"/>\n'
    '<cas:Sofa xmi:id="1" sofaNum="1" sofaID="_InitialView" mimeType="text" '
    'sofaString="&#128512; Ines met NATO.&#10;It rained."/>\n'
    '<cas:View sofa="1" members="2 3 5 6 7 8 9"/>\n</xmi:XMI>\n'
)
TYPES = (
    '<?xml version="1.0"?><typeSystemDescription xmlns="http://uima.apache.org/resourceSpecifier">'
    f"<types><typeDescription><name>{DKPRO}.ner.type.Person</name><supertypeName>{NER}"
    "</supertypeName></typeDescription></types></typeSystemDescription>"
)
PERSON = f"annotations of the type {DKPRO}.ner.type.Person: left out (layer=TYPE reads them)"
MOOD = "annotations of the type webanno.custom.Mood: left out (layer=TYPE reads them)"
UNINDEXED = "annotations that are not in the index of their view: left out"
FURTHER = "further features of annotations: left out"
ENTITIES = (Entity(2, 6, "PER"), Entity(11, 15, "ORG"))


def _xmi(folder: Path, content: str = XMI, name: str = "d.xmi") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, "utf-8")
    return path


def test_offsets_are_utf16_units(tmp_path: Path) -> None:
    losses = Losses()
    path = _xmi(tmp_path)
    assert guess(path).name == guess(tmp_path).name == "cas"
    (record,) = read_any(path, losses=losses)
    assert (record.id, record.text, record.annotations.entities) == ("d", TEXT, ENTITIES)
    assert [TEXT[slice(*one.span)] for one in ENTITIES] == ["Ines", "NATO"]
    assert record.tokens == ((0, 1), (2, 6))
    assert losses == {PERSON: 1, MOOD: 1, UNINDEXED: 1, FURTHER: 1}
    assert score(path, path, task="ner").f1 == 1.0


def test_a_type_system_beside_it_tells_what_else_is_of_the_layer(tmp_path: Path) -> None:
    _xmi(tmp_path, TYPES, "TypeSystem.xml")
    path = _xmi(tmp_path)
    for place in (path, tmp_path):
        losses = Losses()
        (record,) = read_any(place, losses=losses)
        assert record.annotations.entities == (ENTITIES[0], Entity(2, 10, "PER"), ENTITIES[1])
        assert losses == {MOOD: 1, UNINDEXED: 1, FURTHER: 1}


def test_the_library_reads_the_same(tmp_path: Path) -> None:
    cassis = pytest.importorskip("cassis")
    types = cassis.TypeSystem()
    kind = types.create_type(name=NER, supertypeName="uima.tcas.Annotation")
    types.create_feature(domainType=kind, name="value", rangeType="uima.cas.String")
    cas = cassis.Cas(typesystem=types)
    cas.sofa_string, cas.sofa_mime = TEXT, "text/plain"
    for one in ENTITIES:
        cas.add(kind(begin=one.start, end=one.end, value=one.label))
    cas.to_xmi(tmp_path / "d.xmi")
    (tmp_path / "e.json").write_text(cas.to_json(), "utf-8")
    for name in ("d.xmi", "e.json"):
        assert guess(tmp_path / name).name == "cas"
        (record,) = read_any(tmp_path / name)
        assert (record.text, record.annotations.entities) == (TEXT, ENTITIES)


def test_layers_and_features(tmp_path: Path) -> None:
    path = _xmi(tmp_path)
    for layer in ("Mood", "webanno.custom.Mood"):
        with pytest.raises(AnnotationError) as caught:
            list(read_any(f"{path}?layer={layer}"))
        assert "Mood 5 has no feature 'value'; it has: kind" in str(caught.value)
        assert "feature=kind" in str(caught.value)
        (record,) = read_any(f"{path}?layer={layer}&feature=kind")
        assert record.annotations.entities == (Entity(2, 6, "glad"),)


def test_annotators_of_a_project(tmp_path: Path) -> None:
    project = tmp_path / "p"
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("CURATION_USER.xmi", XMI)
        archive.writestr("TypeSystem.xml", TYPES)
    _xmi(project, XMI, "annotation/one.txt/bea.xmi")
    _xmi(
        project,
        XMI.replace('value="PER"/>\n<ner:N', 'value="X"/>\n<ner:N'),
        "annotation/one.txt/ann.xmi",
    )
    _xmi(project, XMI, "annotation/one.txt/INITIAL_CAS.xmi")
    _xmi(project, XMI, "annotation/two.txt/bea.xmi")
    (project / "curation" / "two.txt").mkdir(parents=True)
    (project / "curation" / "two.txt" / "CURATION_USER.zip").write_bytes(zipped.getvalue())
    whole = tmp_path / "p.zip"
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(project.rglob("*.*")):
            if file.is_file():
                archive.write(file, file.relative_to(project).as_posix())
    for place in (project, whole):
        assert guess(place).name == "cas"
        assert open_source(place).annotators() == ("CURATION_USER", "ann", "bea")
        losses = Losses()
        one, two = read_any(place, losses=losses)
        assert (one.id, two.id) == ("one.txt", "two.txt")
        assert (one.annotations.entities or ())[0].label == "X"
        assert len(two.annotations.entities or ()) == 3  # it has a type system
        assert losses["labellings by further annotators: left out (annotator=NAME reads one)"] == 2
        one, two = read_any(f"{place}?annotator=bea")
        assert one.annotations.entities == two.annotations.entities == ENTITIES
        (one,) = read_any(f"{place}?annotator=ann", losses=losses)
        assert losses["documents that ann did not annotate: left out"] == 1
    with pytest.raises(InputError, match="has no annotator 'eve'"):
        list(read_any(f"{project}?annotator=eve"))
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("d.xmi", XMI + " " * (2 << 20))
    with pytest.raises(InputError, match="unpacks to more than 1 MiB"):
        list(read_any(tmp_path / "bomb.zip", most_unpacked=1))
    (tmp_path / "cut.zip").write_bytes(whole.read_bytes()[:300])
    with pytest.raises(InputError, match="cannot be unpacked"):
        list(read_any(tmp_path / "cut.zip", format="cas"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('begin="3" end="7" value', 'begin="1" end="7" value', "6: NamedEntity 3: utf16 offset 1"),
        ('begin="3" end="7" value', 'begin="3" end="99" value', "6: NamedEntity 3: end 99 is out"),
        ('begin="3" end="7" value', 'begin="3" end="x" value', "end is 'x', expected an integer"),
        ("sofaString", "sofaText", "has no text: no sofa with a sofaString"),
        ("</xmi:XMI>", "", "is no well-formed XML"),
        ("<xmi:XMI", '<!DOCTYPE x [<!ENTITY a "b">]>\n<xmi:XMI', "has a document type of its own"),
    ],
)
def test_faulty_files_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = _xmi(tmp_path, XMI.replace(old, new))
    with pytest.raises(InputError) as caught:
        list(read_any(path))
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("wrong", [3, "x", [1], {"a": 1}, [[]], True, None, 10**40, "\ud800"])
def test_wrong_types_are_refused(tmp_path: Path, wrong: Any) -> None:
    sofa = {"%ID": 1, "%TYPE": "uima.cas.Sofa", "sofaID": "_InitialView", "sofaString": "NATO"}
    one = {"%ID": 2, "%TYPE": NER, "@sofa": 1, "begin": 0, "end": 4, "value": "ORG"}
    views = {"_InitialView": {"%SOFA": 1, "%MEMBERS": [2]}}
    whole = {
        "%TYPES": {NER: {"%SUPER_TYPE": "x"}},
        "%FEATURE_STRUCTURES": [sofa, one],
        "%VIEWS": views,
    }
    path = tmp_path / "a.json"
    path.write_text(json.dumps(whole))
    (record,) = read_any(path)
    assert record.annotations.entities == (Entity(0, 4, "ORG"),)
    for part in (whole, sofa, one, views, views["_InitialView"], whole["%TYPES"]):
        for key in list(part):
            kept, part[key] = part[key], wrong
            path.write_text(json.dumps(whole))
            try:
                list(read_any(path, format="cas"))
            except InputError as error:
                assert str(path) in str(error)
            part[key] = kept
