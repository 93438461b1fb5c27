"""What no format claims: it is named where it is known, and hints name what works alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.annotation import Entity
from harness.errors import InputError
from harness.formats.foreign import foreign_json
from harness.formats.opening import read_any
from harness.formats.registry import guess

OWN = "turn it into JSON lines or brat"


def _said(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        guess(path)
    assert str(path) in str(caught.value)
    assert "--from" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "name", "remedy"),
    [
        (b"<?xml version='1.0'?><GateDocument version='3'>", "GATE XML", "gatenlp loads it"),
        (b"<TEI xmlns='http://www.tei-c.org/ns/1.0'>", "TEI XML", OWN),
        (b'<annotations textSource="a.txt">', "Knowtator XML", OWN),
        (b'<source_file URI="x" TYPE="text">', "ACE XML", OWN),
        (b'<DOC>\nBy <ENAMEX TYPE="PERSON">Ines</ENAMEX>', "<ENAMEX> tags", OWN),
        (b"@prefix nif: <http://x/nif-core#> .", "NIF (RDF)", "pynif loads it"),
        (b"@prefix a: <http://x/> .", "RDF", OWN),
        (
            b"( (S (NP-SBJ (NNP Ines)) (VP (VBD left)) (. .)) )",
            "Penn Treebank",
            "no named entities",
        ),
        (b"1\tIt\tit\tit\tPRP\tPRP\t_\t_\t2\t2\tSBJ\tSBJ\t_\t_\n", "CoNLL-2009", "no named"),
        (b"T1\tPER 0 4\tInes\n", "standoff of brat", "name it <id>.ann"),
        (b"<?xml version='1.0'?><own/>", "XML of a format that is not known", OWN),
        (b"<annotations><version>1</version><image id='0'/>", "annotated images", "texts are read"),
        (b"\x80\x04\x95abc", "a Python pickle", "never opened"),
        (b"%PDF-1.4 \xff", "a PDF", "plain text"),
    ],
)
def test_a_known_format_that_is_not_read_is_named(
    tmp_path: Path, data: bytes, name: str, remedy: str
) -> None:
    (tmp_path / "a").write_bytes(data)
    said = _said(tmp_path / "a")
    assert name in said
    assert "which is not read" in said
    assert remedy in said


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({"text": "x", "label": "good"}, "classification data"),
        ({"images": [], "annotations": [], "categories": []}, "annotated images"),
        ({"sentences": [], "docDate": "x"}, "CoreNLP"),
        ({"a": 1, "b": {}}, "JSON of none of the known formats; keys: 'a', 'b'"),
        ({str(number): 0 for number in range(20)}, "'11', …; cannot tell"),
        ({"id": "a", "text": "x", "meta": {}}, "keys: 'id', 'text', 'meta'"),
        ([3, 4], "it begins with 3"),
        ([["x"]], "it begins with ['x']"),
        ([{}], "keys: none"),
    ],
)
@pytest.mark.parametrize("indent", [None, 1])
def test_json_that_fits_nothing(tmp_path: Path, value: Any, name: str, indent: int | None) -> None:
    (tmp_path / "a").write_text(json.dumps(value, indent=indent))
    assert name in _said(tmp_path / "a")


def test_a_corpus_without_layers_is_own_json(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text('{"text": "Ines left"}\n{"id": 3, "text": "x", "ignore": [], "tokens": []}\n')
    assert guess(path).name == "jsonl"
    assert [one.id for one in read_any(path)] == ["a-00001", "3"]
    path.write_text('{"text": "x", "entities": [{"start": 0, "end": 1, "label": "X"}], "more": 1}')
    (record,) = read_any(path)
    assert record.annotations.entities == (Entity(0, 1, "X"),)
    path.write_text('{"id": "a", "text": "x", "entities": "none"}')
    with pytest.raises(InputError, match='"entities" is a string, expected a list'):
        list(read_any(path))
    path.write_text('{"id": "a", "text": "x", "meta": 1}')
    assert "?format=NAME" in _said(path)
    assert len(list(read_any(f"{path}?format=jsonl"))) == 1


def test_folders_say_what_was_left_aside(tmp_path: Path) -> None:
    assert "holds no file" in _said(tmp_path)
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "b.txt").write_text("x")
    assert "holds texts alone and no annotations: 2 .txt" in _said(tmp_path)
    (tmp_path / "sub").mkdir()
    for name in ("a.spans", "sub/a.objects", ".hidden", "README"):
        (tmp_path / name).write_text("x")
    said = _said(tmp_path)
    assert "known: 2 .txt, 1 without ending, 1 .objects, 1 .spans; cannot tell" in said
    assert said.endswith("\n  harness formats lists what is read")
    (tmp_path / "a.objects").write_text("<TEI/>")
    assert "TEI XML, which is not read" in _said(tmp_path)
    (tmp_path / "sub" / "z.iob").write_text("Ines\tB-PER\nleft\tO\n" * 3)
    (tmp_path / "a.objects").unlink()
    assert "z.iob is of the format conll: name a file, not the folder" in _said(tmp_path)


def test_no_format_that_is_read_is_called_foreign() -> None:
    for value in ({"text": "x", "entities": []}, {"text": "x", "label": [[0, 1, "X"]]}, [1], 3):
        assert foreign_json(value) is None


def test_coreference_of_litbank_is_no_brat(tmp_path: Path) -> None:
    folder = tmp_path / "coref" / "tsv"
    folder.mkdir(parents=True)
    mention = "MENTION\tT1\t0\t0\t0\t1\tAda Roe\tPER\tPROP\n"
    (folder / "a.ann").write_text(f"{mention}COREF\tT1\tAda-0\n")
    (folder / "a.txt").write_text("Ada Roe left .\n")
    for path in (tmp_path, folder.parent, folder, folder / "a.ann"):
        assert "LitBank's coreference, which is not read" in _said(path)
