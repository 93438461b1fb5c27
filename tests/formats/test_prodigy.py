"""Prodigy: answers, annotators, ids and tokens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support import json_lines

from harness.annotation import Annotations, Entity, Record, Span
from harness.api import score
from harness.errors import InputError
from harness.formats import prodigy
from harness.formats.hints import FURTHER_ANNOTATORS
from harness.formats.losses import Losses
from harness.formats.opening import open_source, read_any
from harness.formats.registry import guess

TEXT = "Ines left\u00a0Brackwater.\r\n"
ENTITIES = (Entity(0, 4, "PER"), Entity(10, 20, "LOC"))


def test_prodigy_answers_ids_and_relations(tmp_path: Path) -> None:
    span = {"start": 0, "end": 4, "label": "PER", "token_start": 0, "token_end": 0}
    path = json_lines(
        tmp_path,
        {"text": TEXT, "spans": [span], "answer": "accept", "_input_hash": 7},
        {"text": TEXT, "spans": [], "answer": "reject"},
        {"text": TEXT, "answer": "ignore"},
        {"text": "No", "answer": "accept", "relations": [{}, {}], "meta": {"id": 12}},
        {"text": "New", "id": "x"},
    )
    report = Losses()
    assert list(prodigy.read(path, losses=report)) == [
        Record("a-00001", TEXT, Annotations(ENTITIES[:1])),
        Record("12", "No", Annotations(())),
        Record("x", "New", Annotations(None)),
    ]
    assert report == {
        "examples answered 'reject': left out": 1,
        "examples answered 'ignore': left out": 1,
        "relations: left out": 2,
    }


def _labelled(who: str | None, start: int, end: int, label: str, **rest: Any) -> dict[str, Any]:
    return {
        "text": "Ines met Ada",
        "_input_hash": 1,
        "spans": [{"start": start, "end": end, "label": label}],
        "answer": "accept",
        "_session_id": who and f"{who}-2024",
        "_annotator_id": who,
        **rest,
    }


def test_one_text_of_several_annotators_is_one_document(tmp_path: Path) -> None:
    path = json_lines(
        tmp_path,
        _labelled("ner-a", 0, 4, "PER"),
        {"text": "Other", "spans": [], "answer": "accept", "_session_id": "ner-b"},
        _labelled("ner-b", 9, 12, "PER"),
        _labelled("ner-c", 0, 4, "PER", answer="reject"),
    )
    assert guess(path).name == "prodigy"
    reader = open_source(path)
    assert reader.annotators() == ("ner-a", "ner-b")
    losses = Losses()
    records = list(reader.records(losses))
    assert [(one.id, one.number, one.annotations.entities) for one in records] == [
        ("a-00001", 1, (Entity(0, 4, "PER"),)),
        ("a-00002", 2, ()),
    ]
    assert losses == {FURTHER_ANNOTATORS: 1, "examples answered 'reject': left out": 1}
    losses = Losses()
    (record,) = reader.but(annotator="ner-a").records(losses)
    assert record == records[0]
    assert losses["documents that ner-a did not label: left out"] == 1
    of_b = list(read_any(f"{path}?annotator=ner-b"))
    assert [(one.id, one.number) for one in of_b] == [("a-00002", 2), ("a-00001", 1)]
    assert of_b[1].annotations.entities == (Entity(9, 12, "PER"),)
    with pytest.raises(InputError, match="has no annotator 'x', only ner-a, ner-b"):
        list(prodigy.read(path, annotator="x"))


def test_a_text_that_one_annotator_has_twice_is_two_documents(tmp_path: Path) -> None:
    yes = {"text": "Yes.", "spans": [], "answer": "accept"}
    path = json_lines(tmp_path, yes, yes, {**yes, "_session_id": "a"})
    assert [one.id for one in prodigy.read(path)] == ["a-00001", "a-00002"]


def test_ids_of_two_texts_are_refused_or_numbered(tmp_path: Path) -> None:
    path = json_lines(
        tmp_path,
        {"text": "One.", "spans": [], "meta": {"id": 7}},
        {"text": "Two.", "spans": [], "meta": {"id": 7}},
    )
    with pytest.raises(InputError, match="'7' comes a second time") as caught:
        list(read_any(path))
    assert caught.value.line == 2 and "?ids=number" in str(caught.value)
    assert [one.id for one in read_any(f"{path}?ids=number")] == ["a-00001", "a-00002"]
    path = json_lines(
        tmp_path,
        {"text": "One.", "spans": [], "id": 7, "_annotator_id": "a"},
        {"text": "Two.", "spans": [], "id": 7, "_annotator_id": "b"},
    )
    with pytest.raises(InputError, match="with another text"):
        list(prodigy.read(path))


def test_tokens_interfaces_and_scores(tmp_path: Path) -> None:
    tokens = [{"text": "Ines", "start": 0, "end": 4, "id": 0, "ws": True},
              {"text": "met", "start": 5, "end": 8, "id": 1, "ws": True}]  # fmt: skip
    path = json_lines(
        tmp_path,
        _labelled(None, 0, 4, "PER", tokens=tokens, _view_id="ner_manual"),
        {"text": "x", "tokens": tokens, "spans": [], "answer": "accept"},
        {"text": "y", "answer": "accept", "_view_id": "choice", "accept": ["A"]},
        {"text": "z", "answer": "accept", "_view_id": "ner"},
    )
    losses = Losses()
    first, second, third, fourth = prodigy.read(path, losses=losses)
    assert first.tokens == (Span(0, 4), Span(5, 8))
    assert first.text is not None and first.text[0:4] == "Ines"
    assert second.tokens is None and third.annotations.entities is None
    assert fourth.annotations.entities == ()
    assert losses == {
        "examples whose tokens do not fit the text: without tokens": 1,
        "examples of one question with yes or no: taken as labelled in full": 1,
    }
    assert score(path, path, task="ner").f1 == 1.0


def test_faulty_spans_may_be_left_out(tmp_path: Path) -> None:
    path = json_lines(tmp_path, _labelled(None, 0, 99, "PER"), _labelled(None, 0, 4, "PER"))
    losses = Losses()
    records = list(read_any(path, faulty="leave-out", losses=losses))
    assert [one.annotations.entities for one in records] == [(), (Entity(0, 4, "PER"),)]
    assert losses == {"faulty spans: left out": 1}
    half = json.dumps({"text": "\ud83d", "spans": []})
    (tmp_path / "half.jsonl").write_text(half + "\n" + half.replace("\\ud83d", "x"))
    with pytest.raises(InputError, match='"text" holds half a character'):
        list(prodigy.read(tmp_path / "half.jsonl"))
    losses = Losses("leave-out")
    (record,) = prodigy.read(tmp_path / "half.jsonl", losses=losses)
    assert (record.id, dict(losses)) == ("half-00002", {"faulty documents: left out": 1})
