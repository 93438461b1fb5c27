"""Results without texts: pipelines of Hugging Face, and Presidio's analyser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.annotation import Entity
from harness.api import score
from harness.errors import InputError
from harness.formats import pipeline_json, presidio
from harness.formats.losses import Losses
from harness.formats.opening import open_source, read_any
from harness.formats.registry import guess

TEXTS = ["Ada Roe left Oslo", "It rains"]
ENTITIES = (Entity(0, 7, "PER", 0.75), Entity(13, 17, "LOC", 0.5))


def _word(tag: str, index: int, start: int, end: int, score: float) -> dict[str, Any]:
    word = TEXTS[0][start:end]
    return {"entity": tag, "score": score, "index": index, "word": word, "start": start, "end": end}


WORDS = [_word("B-PER", 1, 0, 3, 1.0), _word("I-PER", 2, 4, 7, 0.5), _word("B-LOC", 4, 13, 17, 0.5)]
GROUPS = [
    {"entity_group": "PER", "score": 0.75, "word": "Ada Roe", "start": 0, "end": 7},
    {"entity_group": "LOC", "score": 0.5, "word": "Oslo", "start": 13, "end": 17},
]
FOUND = [
    {"entity_type": "PER", "start": 0, "end": 7, "score": 0.75, "analysis_explanation": None},
    {"entity_type": "LOC", "start": 13, "end": 17, "score": 0.5},
]


def _shapes(items: list[Any]) -> list[str]:
    return [
        json.dumps([items, []]),
        json.dumps([items, []], indent=1),
        json.dumps(items) + "\n[]\n",
        "".join(json.dumps({"entities": one}) + "\n" for one in (items, [])),
    ]


@pytest.mark.parametrize(
    ("items", "name"), [(WORDS, "pipeline_json"), (GROUPS, "pipeline_json"), (FOUND, "presidio")]
)
def test_lists_of_documents(tmp_path: Path, items: list[Any], name: str) -> None:
    gold = tmp_path / "gold.jsonl"
    entities = [{"start": one.start, "end": one.end, "label": one.label} for one in ENTITIES]
    gold.write_text(
        json.dumps({"id": "results-00001", "text": TEXTS[0], "entities": entities}) + "\n"
        + json.dumps({"id": "results-00002", "text": TEXTS[1], "entities": []}) + "\n"
    )  # fmt: skip
    for content in _shapes(items):
        path = tmp_path / "results.json"
        path.write_text(content)
        assert guess(path).name == name
        losses = Losses()
        first, second = read_any(path, losses=losses)
        assert (first.text, first.number, second.number) == (None, 1, 2)
        assert first.annotations.entities == ENTITIES
        assert [TEXTS[0][one.start : one.end] for one in ENTITIES] == ["Ada Roe", "Oslo"]
        assert second.annotations.entities == ()
        assert not losses
        assert score(gold, path, task="ner").f1 == 1.0


@pytest.mark.parametrize(("items", "name"), [(GROUPS, "pipeline_json"), (FOUND, "presidio")])
def test_one_document_and_texts(tmp_path: Path, items: list[Any], name: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(items))
    assert guess(path).name == name
    (record,) = read_any(path)
    assert record.annotations.entities == ENTITIES
    path.write_text(json.dumps({"id": "d", "text": TEXTS[0], "results": items}) + "\n")
    assert guess(path).name == name
    (record,) = read_any(path)
    assert (record.id, record.text) == ("d", TEXTS[0])
    assert score(path, path, task="ner").f1 == 1.0


def test_words_are_merged_by_the_rules_of_tags(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    words = [_word("I-PER", 1, 0, 3, 1.0), _word("B-PER", 2, 4, 7, 1.0), _word("I-LOC", 4, 8, 9, 1)]
    path.write_text(json.dumps([words, WORDS]))
    assert open_source(path).has_tags
    with pytest.raises(InputError, match="the file mixes schemes, or has faulty tags") as caught:
        list(read_any(path))
    assert "repair=conlleval" in str(caught.value)
    losses = Losses()
    first, _ = read_any(f"{path}?repair=conlleval", losses=losses)
    assert first.annotations.entities == (
        Entity(0, 3, "PER", 1.0), Entity(4, 7, "PER", 1.0), Entity(8, 9, "LOC", 1.0)
    )  # fmt: skip
    assert losses == {"entities whose tags are no IOB2: taken as they begin": 2}
    plain = [{**one, "entity": one["entity"][2:]} for one in WORDS]
    path.write_text(json.dumps([plain]))
    (record,) = read_any(path)
    assert record.annotations.entities == ENTITIES
    assert open_source(path).decided == {"scheme": "IO"}


@pytest.mark.parametrize(
    ("read", "line", "message"),
    [
        (
            pipeline_json.read,
            '[{"entity_group": "A", "start": null, "end": null}]',
            "start is None",
        ),
        (pipeline_json.read, '[{"entity": 3, "start": 0, "end": 1}]', "entity is 3, no tag"),
        (pipeline_json.read, '[{"entity": "B-A", "start": 0, "end": 1, "score": "x"}]', "score is"),
        (pipeline_json.read, "3", "found 3, expected a list of objects"),
        (pipeline_json.read, '["x"]', r"result\[0\]: found 'x'"),
        (presidio.read, '[{"entity_type": null, "start": 0, "end": 1}]', "label is None"),
        (presidio.read, '[{"entity_type": "A", "start": 3, "end": 1}]', "is not after start 3"),
        (presidio.read, '{"results": 3}', "expected a list of objects"),
        (presidio.read, '{"text": 3, "results": []}', 'has no "text"'),
    ],
)
def test_refused_with_the_line(tmp_path: Path, read: Any, line: str, message: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"entities": []}\n' + line + "\n")
    with pytest.raises(InputError, match=message) as caught:
        list(read(path))
    assert caught.value.line == 2


def test_faulty_results_may_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([[*FOUND, {"entity_type": "A", "start": 5, "end": 5}]]))
    losses = Losses()
    (record,) = read_any(path, faulty="leave-out", losses=losses)
    assert record.annotations.entities == ENTITIES
    assert losses == {"faulty spans: left out": 1}
