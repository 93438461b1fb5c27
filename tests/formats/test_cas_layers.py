"""Which layer of a CAS is read where nobody says, and what becomes of spans without a value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.annotation import Entity
from harness.api import score
from harness.errors import InputError, UsageError
from harness.formats.losses import Losses
from harness.formats.opening import open_source, read_any
from harness.formats.registry import guess

API = "de.tudarmstadt.ukp.dkpro.core.api"
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<xmi:XMI xmlns:xmi="http://www.omg.org/XMI" '
    'xmlns:cas="http:///uima/cas.ecore" xmlns:own="http:///webanno/custom.ecore" '
    'xmlns:ner="http:///de/tudarmstadt/ukp/dkpro/core/api/ner/type.ecore" '
    'xmlns:pos="http:///de/tudarmstadt/ukp/dkpro/core/api/lexmorph/type/pos.ecore" '
    'xmlns:meta="http:///de/tudarmstadt/ukp/clarin/webanno/api/type.ecore" xmi:version="2.0">\n'
    '<meta:CASMetadata xmi:id="90" sofa="1" begin="0" end="0" username="ada"/>\n'
    '<pos:POS xmi:id="91" sofa="1" begin="0" end="4" PosValue="NNP"/>\n'
)
TAIL = '<cas:Sofa xmi:id="1" sofaID="_InitialView" sofaString="Ines met NATO."/>\n</xmi:XMI>\n'
PERSON = '<own:Person xmi:id="2" sofa="1" begin="0" end="4" value="Hero"/>\n'
PLACE = '<own:Place xmi:id="3" sofa="1" begin="9" end="13" value="City"/>\n'
ARC = '<own:Knows xmi:id="4" sofa="1" begin="0" end="4" Governor="2" Dependent="2" kind="x"/>\n'
EMPTY_LAYER = "documents without a layer of spans: no entity layer"
POS = f"annotations of the type {API}.lexmorph.type.pos.POS: left out (layer=TYPE reads them)"


def _file(folder: Path, inside: str, name: str = "d.xmi") -> Path:
    path = folder / name
    path.write_text(HEAD + inside + TAIL, "utf-8")
    return path


def _named(*rest: str) -> str:
    return "".join(
        f'<ner:NamedEntity xmi:id="{20 + place}" sofa="1" {one}/>\n'
        for place, one in enumerate(rest)
    )


def test_the_only_layer_is_read(tmp_path: Path) -> None:
    path = _file(tmp_path, PERSON + ARC)
    assert guess(path).name == "cas"
    losses = Losses()
    (record,) = read_any(path, losses=losses)
    assert record.annotations.entities == (Entity(0, 4, "Hero"),)
    assert (record.text or "")[0:4] == "Ines"
    arcs = "annotations of the type webanno.custom.Knows: left out (layer=TYPE reads them)"
    assert losses == {POS: 1, arcs: 1}
    assert "layer=webanno.custom.Person" in str(open_source(path).settled)
    assert score(path, path, task="ner").f1 == 1.0


def test_named_entities_come_first(tmp_path: Path) -> None:
    path = _file(tmp_path, PERSON + _named('begin="9" end="13" value="ORG"'))
    (record,) = read_any(path)
    assert record.annotations.entities == (Entity(9, 13, "ORG"),)
    assert "layer=" not in str(open_source(path).settled)


def test_several_layers_are_named(tmp_path: Path) -> None:
    path = _file(tmp_path, PERSON + PLACE)
    with pytest.raises(InputError) as caught:
        list(read_any(path))
    assert "webanno.custom.Person, webanno.custom.Place" in str(caught.value)
    assert "layer=Place" in str(caught.value)
    (record,) = read_any(f"{path}?layer=Place")
    assert record.annotations.entities == (Entity(9, 13, "City"),)
    with pytest.raises(UsageError, match=r"no layer 'Plaec'\. Did you mean 'Place'"):
        list(read_any(f"{path}?layer=Plaec"))


def test_without_a_layer_there_are_no_entities_to_speak_of(tmp_path: Path) -> None:
    losses = Losses()
    (record,) = read_any(_file(tmp_path, ARC), losses=losses)
    assert record.annotations.entities is None
    assert losses[EMPTY_LAYER] == 1
    (record,) = read_any(f"{tmp_path / 'd.xmi'}?layer=NamedEntity")
    assert record.annotations.entities == ()


def test_the_layer_is_that_of_all_files(tmp_path: Path) -> None:
    _file(tmp_path, PERSON)
    _file(tmp_path, "", "e.xmi")
    losses = Losses()
    first, second = read_any(tmp_path, losses=losses)
    assert first.annotations.entities == (Entity(0, 4, "Hero"),)
    assert second.annotations.entities == ()
    assert losses == {POS: 2}
    _file(tmp_path, PLACE, "f.xmi")
    with pytest.raises(InputError, match="several layers of spans"):
        list(read_any(tmp_path))


def test_named_entities_without_a_value_without_characters_and_twice(tmp_path: Path) -> None:
    spans = ('begin="0" end="4"', 'begin="9" end="9" value="X"', 'begin="9" end="13" value="ORG"')
    path = _file(tmp_path, _named(*spans, spans[2]))
    losses = Losses()
    (record,) = read_any(path, losses=losses)
    assert record.annotations.entities == (Entity(0, 4, "NamedEntity"), Entity(9, 13, "ORG"))
    assert losses == {
        POS: 1,
        "spans without a value: called as their layer": 1,
        "spans without characters: left out": 1,
        "annotations that come twice: read once": 1,
    }


def test_json_is_read_alike(tmp_path: Path) -> None:
    sofa = {"%ID": 1, "%TYPE": "uima.cas.Sofa", "sofaID": "_InitialView", "sofaString": "Ines"}
    one = {"%ID": 2, "%TYPE": "my.Person", "@sofa": 1, "begin": 0, "end": 4, "value": "Hero"}
    arc = one | {"%ID": 3, "%TYPE": "my.Knows", "@Governor": 2, "@Dependent": 2}
    path = tmp_path / "d.json"
    path.write_text(json.dumps({"%TYPES": {}, "%FEATURE_STRUCTURES": [sofa, one, arc]}))
    (record,) = read_any(path)
    assert record.annotations.entities == (Entity(0, 4, "Hero"),)
