"""spaCy's JSON: training data of version 2, and Doc.to_json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support import surfaces

from harness.annotation import Annotations, Entity
from harness.api import score
from harness.errors import InputError
from harness.formats import spacy_json
from harness.formats.losses import Losses
from harness.formats.opening import open_source, read_any
from harness.formats.registry import guess

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


def test_tokens_are_found_in_the_raw_text(tmp_path: Path) -> None:
    path = _file(tmp_path, _document({"raw": RAW, "sentences": _sentences(WORDS)}))
    assert guess(path).name == "spacy_json"
    reader = open_source(path)
    assert reader.decided == {"scheme": "BILOU"}
    losses = Losses()
    (record,) = reader.records(losses)
    assert (record.id, record.text, surfaces(record)) == ("0", RAW, ENTITIES)
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
    assert surfaces(records[0]) == [("Ada Roe", "PER")]
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
    assert (record.text, surfaces(record)) == ("Ada walked", [("Ada", "PER")])


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


def test_what_spacy_itself_writes(tmp_path: Path) -> None:
    spacy = pytest.importorskip("spacy")
    training = pytest.importorskip("spacy.training")
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    doc = nlp('Ada Roe  met \n\nNATO in Oslo ("soon"). They left\n')
    doc.ents = [doc.char_span(0, 7, "PER"), doc.char_span(15, 19, "ORG")]
    _file(tmp_path, training.docs_to_json([doc]))
    (tmp_path / "b.jsonl").write_text(json.dumps(doc.to_json()) + "\n")
    for path in (tmp_path / "a.json", tmp_path / "b.jsonl"):
        (record,) = read_any(path)
        assert record.text == doc.text
        assert surfaces(record) == [("Ada Roe", "PER"), ("NATO", "ORG")]
        assert record.tokens == tuple((one.idx, one.idx + len(one)) for one in doc)
