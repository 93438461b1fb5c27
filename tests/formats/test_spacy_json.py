"""spaCy's JSON: training data of version 2, Doc.to_json, and tuples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.annotation import Annotations, Entity, Record
from harness.api import score
from harness.errors import InputError
from harness.formats import spacy_json, spacy_tuples
from harness.formats.losses import Losses
from harness.formats.registry import guess, open_source, read_any

RAW = 'Ada Roe said "yes"  to NATO (twice). Bo left.'
WORDS = [
    ["Ada/B-PER", "Roe/L-PER", "said/O", "``/O", "yes/O", "''/O", "to/O", "NATO/U-ORG", "-LRB-/O",
     "twice/O", "-RRB-/O", "./O"],
    ["Bo/U-PER", "left/O", "./O"],
]  # fmt: skip
ENTITIES = [("Ada Roe", "PER"), ("NATO", "ORG"), ("Bo", "PER")]


def _sentences(words: list[list[str]]) -> list[dict[str, Any]]:
    rows = [[one.rsplit("/", 1) for one in sentence] for sentence in words]
    return [
        {"tokens": [{"id": i, "orth": form, "ner": tag, "head": 0} for i, (form, tag) in
                    enumerate(row)], "brackets": []}
        for row in rows
    ]  # fmt: skip


def _document(*paragraphs: dict[str, Any], id_: object = 0) -> dict[str, Any]:
    return {"id": id_, "paragraphs": list(paragraphs)}


def _file(folder: Path, *values: Any, indent: int | None = 1) -> Path:
    path = folder / "a.json"
    path.write_text(json.dumps(values, indent=indent), "utf-8")
    return path


def _surfaces(record: Record) -> list[tuple[str, str]]:
    text, entities = record.text or "", record.annotations.entities or ()
    return [(text[one.start : one.end], one.label) for one in entities]


def test_tokens_are_found_in_the_raw_text(tmp_path: Path) -> None:
    path = _file(tmp_path, _document({"raw": RAW, "sentences": _sentences(WORDS)}))
    assert guess(path).name == "spacy_json"
    reader = open_source(path)
    assert reader.decided == {"scheme": "BILOU"}
    losses = Losses()
    (record,) = reader.records(losses)
    assert (record.id, record.text, _surfaces(record)) == ("0", RAW, ENTITIES)
    # An independent count: one entity begins at each B- and U-.
    assert sum(one.rsplit("/", 1)[1][0] in "BU" for row in WORDS for one in row) == 3
    assert [RAW[a:b] for a, b in record.tokens or ()][3:6] == ['"', "yes", '"']
    assert not losses
    assert score(path, path, task="ner").f1 == 1.0


def test_paragraphs_without_raw_and_unknown_tags(tmp_path: Path) -> None:
    words = [["Ada/B-PER", "Roe/I-PER", "left/-"], ["Now/-"]]
    unknown = [{"orth": "Who", "space": ""}, {"orth": "?"}]
    path = _file(
        tmp_path,
        _document(
            {"sentences": _sentences(words), "cats": [{"label": "A", "value": 1}]},
            {"raw": "Who?", "sentences": [{"tokens": unknown}], "entities": []},
            {"sentences": [{"tokens": unknown}]},
            id_="d",
        ),
        _document({"raw": "Bo left", "entities": [[0, 2, "PER"]]}, id_="e"),
    )
    losses = Losses()
    records = list(read_any(path, losses=losses))
    assert [(one.id, one.text) for one in records] == [
        ("d-1", "Ada Roe left Now"), ("d-2", "Who?"), ("d-3", "Who?"), ("e", "Bo left")
    ]  # fmt: skip
    assert _surfaces(records[0]) == [("Ada Roe", "PER")]
    assert [one.annotations.entities for one in records[1:]] == [None, None, (Entity(0, 2, "PER"),)]
    assert losses == {
        "categories: left out": 1,
        "tokens whose tag is unknown: taken as outside": 2,
    }


def test_what_a_doc_gives(tmp_path: Path) -> None:
    value = {
        "text": "Ada left",
        "ents": [{"start": 0, "end": 3, "label": "PER"}],
        "tokens": [{"id": 0, "start": 0, "end": 3}, {"id": 1, "start": 4, "end": 8}],
        "spans": {"sc": [{"start": 0, "end": 8, "label": "X"}]},
    }
    (tmp_path / "a.json").write_text(json.dumps(value, indent=1))
    assert guess(tmp_path / "a.json").name == "spacy_json"
    losses = Losses()
    (record,) = read_any(tmp_path / "a.json", losses=losses)
    assert record.annotations == Annotations((Entity(0, 3, "PER"),))
    assert record.tokens == ((0, 3), (4, 8))
    assert losses == {"span group 'sc': left out": 1}


def test_a_token_that_is_not_in_the_text(tmp_path: Path) -> None:
    words = [["Ada/U-PER", "walked/O"]]
    path = _file(tmp_path, _document({"raw": "Ada left", "sentences": _sentences(words)}))
    with pytest.raises(InputError, match=r"tokens\[1\]: the token 'walked' is not in") as caught:
        list(read_any(path))
    assert "text-from=tokens" in str(caught.value)
    (record,) = read_any(f"{path}?text-from=tokens")
    assert (record.text, _surfaces(record)) == ("Ada walked", [("Ada", "PER")])


@pytest.mark.parametrize(
    ("paragraph", "message"),
    [
        (3, r"paragraphs\[0\] is 3, expected an object"),
        ({"raw": 3, "sentences": []}, '"raw" is 3, expected a string'),
        ({"sentences": {}, "raw": "x", "entities": 3}, '"entities" is 3, expected a list'),
        ({"sentences": [{"tokens": 3}]}, r'sentences\[0\] has no list of "tokens"'),
        ({"sentences": [{"tokens": [{"orth": ""}]}]}, 'expected an object with an "orth"'),
        ({"sentences": [{"tokens": [{"orth": "a", "ner": 3}]}]}, '"ner" is 3, expected a tag'),
        ({"sentences": _sentences([["a/O", "b/L-PER"]])}, "L-PER after O is impossible"),
        ({"raw": "x", "entities": [[0, 9, "A"]]}, "end 9 is outside the text"),
    ],
)
def test_refused_with_the_line(tmp_path: Path, paragraph: Any, message: str) -> None:
    path = tmp_path / "a.jsonl"
    sound = _document({"raw": "Bo", "sentences": _sentences([["Bo/U-PER"]])}, id_=1)
    path.write_text(json.dumps(sound) + "\n" + json.dumps(_document(paragraph, id_=2)) + "\n")
    with pytest.raises(InputError, match=message) as caught:
        list(spacy_json.read(path))
    assert caught.value.line == 2


TUPLES = [
    ["Ada Roe left Oslo", {"entities": [[0, 7, "PER"], [13, 17, "LOC"], [0, 3, "FIRST"]]}],
    ["It rains 😀 in Oslo", {"entities": [[14, 18, "LOC", ""]], "cats": {"A": 1}}],
    ["Nobody looked", {}],
]


def test_tuples_in_each_of_their_shapes(tmp_path: Path) -> None:
    lines = "".join(json.dumps(pair) + "\n" for pair in TUPLES)
    wrapped = json.dumps({"classes": ["PER"], "annotations": [None, *TUPLES]})
    for content in (json.dumps(TUPLES), json.dumps(TUPLES, indent=2), lines, wrapped):
        path = tmp_path / "tuples"
        path.write_text(content)
        assert guess(path).name == "spacy_tuples"
        losses = Losses()
        first, second, third = read_any(path, losses=losses)
        assert _surfaces(first) == [("Ada Roe", "PER"), ("Oslo", "LOC"), ("Ada", "FIRST")]
        assert _surfaces(second) == [("Oslo", "LOC")]
        assert (first.id, first.number) == ("tuples-00001", 1)
        assert third.annotations.entities is None
        assert losses == {
            "'cats' of texts: left out": 1,
            "further members of entities, such as links: left out": 1,
        }
        assert score(path, path, task="ner").f1 == 1.0
    losses = Losses()
    spacy_tuples.write(tmp_path / "again", [first, second, third], losses=losses)
    assert [one.annotations for one in read_any(tmp_path / "again")] == [
        one.annotations for one in (first, second, third)
    ]
    assert not losses


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (["x"], r"found \['x'\], expected \[text, "),
        (["x", []], "expected .text, "),
        ([3, {"entities": []}], 'has no "text"'),
        (["x", {"entities": 3}], '"entities" is 3, expected a list'),
        (["x", {"entities": ["U-PER"]}], r"entities\[0\]: found 'U-PER', expected \[start"),
        (["x", {"entities": [[0, 2, "A"]]}], "end 2 is outside"),
        (["x", {"entities": [[0, 1, None]]}], "label is None"),
    ],
)
def test_tuples_refused_with_the_line(tmp_path: Path, pair: Any, message: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(TUPLES[2]) + "\n" + json.dumps(pair) + "\n")
    with pytest.raises(InputError, match=message) as caught:
        list(spacy_tuples.read(path))
    assert caught.value.line == 2


def test_a_faulty_tuple_may_be_left_out(tmp_path: Path) -> None:
    path = _file(tmp_path, ["Ada", {"entities": [[0, 9, "A"], [0, 3, "PER"], "x"]}])
    losses = Losses()
    (record,) = read_any(path, faulty="leave-out", losses=losses)
    assert (_surfaces(record), dict(losses)) == (
        [("Ada", "PER")],
        {"faulty spans: left out": 2},
    )
