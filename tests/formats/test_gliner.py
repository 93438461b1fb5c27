"""Ranges of tokens with their last one: GLiNER and DyGIE++; of characters: CLUENER."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.annotation import Annotations, Entity, Record, Span
from harness.api import score
from harness.errors import InputError
from harness.formats import cluener, dygie, gliner
from harness.formats.losses import Losses
from harness.formats.registry import guess, open_source, read_any


def _lines(folder: Path, *values: Any) -> Path:
    path = folder / "a.jsonl"
    path.write_text("".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values))
    return path


def _surfaces(record: Record) -> list[tuple[str, str]]:
    text, entities = record.text or "", record.annotations.entities or ()
    return [(text[one.start : one.end], one.label) for one in entities]


GLINER = [
    {"tokenized_text": ["Ada", "Roe", "left", "Oslo", "."],
     "ner": [[0, 1, "person"], [3, 3, "city"], [0, 0, "first name"]]},
    {"tokenized_text": ["It", "rains"], "ner": []},
    {"tokenized_text": [], "ner": []},
    {"tokenized_text": ["Nobody"], "relations": [[0, 0, "x"]]},
]  # fmt: skip


def test_gliner(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(GLINER, indent=2))
    for one in (path, _lines(tmp_path, *GLINER)):
        assert guess(one).name == "gliner"
        losses = Losses()
        records = list(read_any(one, losses=losses))
        assert [(r.id, r.text) for r in records[:2]] == [
            ("a-00001", "Ada Roe left Oslo ."), ("a-00002", "It rains")
        ]  # fmt: skip
        assert _surfaces(records[0]) == [
            ("Ada Roe", "person"), ("Oslo", "city"), ("Ada", "first name")
        ]  # fmt: skip
        assert [r.annotations.entities for r in records[1:]] == [(), (), None]
        assert records[0].tokens == ((0, 3), (4, 7), (8, 12), (13, 17), (18, 19))
        assert losses == {"relations: left out": 1}
        assert score(one, one, task="ner").f1 == 1.0
    losses = Losses()
    assert gliner.write(tmp_path / "out", records, losses=losses) == 4
    assert losses == {
        "nested or overlapping entities: only the longest is kept": 1,
        "documents without an entity layer: written as if nothing were there": 1,
    }
    again = list(read_any(tmp_path / "out"))
    assert _surfaces(again[0]) == [("Ada Roe", "person"), ("Oslo", "city")]
    assert [(r.text, r.tokens) for r in again] == [(r.text, r.tokens) for r in records]


DYGIE = [
    {"doc_key": "d1", "sentences": [["Ada", "left", "."], ["Bo", "Roe", "stayed", "."]],
     "ner": [[[0, 0, "PER"]], [[3, 4, "PER"], [3, 3, "FIRST"]]],
     "relations": [[], [[3, 4, 3, 3, "R"]]], "clusters": [[[0, 0], [3, 3]]],
     "predicted_ner": [[[1, 1, "PER", 3.5, 0.9]], []]},
    {"doc_key": "d2", "sentences": [["Who", "?"]]},
]  # fmt: skip


def test_dygie(tmp_path: Path) -> None:
    path = _lines(tmp_path, *DYGIE)
    assert guess(path).name == "dygie"
    losses = Losses()
    first, second = read_any(path, losses=losses)
    assert (first.id, first.text) == ("d1", "Ada left .\nBo Roe stayed .")
    assert _surfaces(first) == [("Ada", "PER"), ("Bo Roe", "PER"), ("Bo", "FIRST")]
    assert second.annotations.entities is None
    assert first.tokens is not None and first.tokens[3] == Span(11, 13)
    assert losses == {
        "relations: left out": 1,
        "coreference clusters: left out": 1,
        "predicted entities: left out (layer=predicted reads them)": 1,
    }
    assert score(path, path, task="ner").f1 == 1.0
    (predicted, _) = read_any(f"{path}?layer=predicted")
    assert predicted.annotations.entities == (Entity(4, 8, "PER", 0.9),)


CLUENER = [
    {
        "text": "艾达离开奥斯陆",
        "label": {"name": {"艾达": [[0, 1]]}, "address": {"奥斯陆": [[4, 6]]}},
    },
    {"text": "Bo und Bo", "label": {"name": {"Bo": [[0, 1], [7, 8]]}}},
    {"text": "Nichts", "label": {}},
    {"text": "?"},
]


def test_cluener(tmp_path: Path) -> None:
    path = _lines(tmp_path, *CLUENER)
    assert guess(path).name == "cluener"
    losses = Losses()
    records = list(read_any(path, losses=losses))
    assert [_surfaces(record) for record in records] == [
        [("艾达", "name"), ("奥斯陆", "address")], [("Bo", "name"), ("Bo", "name")], [], [],
    ]  # fmt: skip
    assert records[2].annotations == Annotations(())
    assert records[3].annotations == Annotations(None)
    assert not losses
    assert score(path, path, task="ner").f1 == 1.0
    assert cluener.write(tmp_path / "out", records, losses=losses) == 4
    assert list(read_any(tmp_path / "out")) == records and not losses
    predicted = _lines(tmp_path, *({"id": f"a-{n:05}", **one} for n, one in enumerate(CLUENER, 1)))
    without = [{k: v for k, v in json.loads(line).items() if k != "text"}
               for line in predicted.read_text().splitlines()]  # fmt: skip
    assert guess(_lines(tmp_path, *without)).name == "cluener"
    assert [one.text for one in read_any(_lines(tmp_path, *without))] == [None] * 4


@pytest.mark.parametrize(
    ("read", "value", "message"),
    [
        (gliner.read, {"tokenized_text": "Ada left"}, "'Ada left', expected a list of tokens"),
        (gliner.read, {"tokenized_text": ["a", 3]}, r'"tokenized_text"\[1\] is 3'),
        (gliner.read, {"tokenized_text": ["a"], "ner": [[0, 1, "X"]]},
         r"ner\[0\]: tokens 0 to 1, but there are tokens 0 to 0 here"),
        (gliner.read, {"tokenized_text": ["a"], "ner": [["0", 0, "X"]]}, "tokens '0' to 0"),
        (gliner.read, {"tokenized_text": ["a"], "ner": [[0, "X"]]}, "expected .first, last, label"),
        (gliner.read, {"tokenized_text": ["a"], "ner": {}}, "ner is {}, expected a list"),
        (gliner.read, {"tokenized_text": [""], "ner": [[0, 0, "X"]]}, "is not after start"),
        (dygie.read, {"doc_key": "x", "sentences": "a"}, '"sentences" is \'a\''),
        (dygie.read, {"doc_key": "x", "sentences": [["a"], 3]}, r"sentences\[1\] is 3"),
        (dygie.read, {"doc_key": "x", "sentences": [["a"], ["b"]], "ner": [[]]}, "each of 2"),
        (dygie.read, {"doc_key": "x", "sentences": [["a"], ["b"]], "ner": [[], [[0, 0, "X"]]]},
         r"ner\[1\]\[0\]: tokens 0 to 0, but there are tokens 1 to 1 here"),
        (dygie.read, {"doc_key": [], "sentences": [["a"]]}, r'"id" is \[\]'),
        (cluener.read, {"text": "Ada", "label": {"name": {"Bo": [[0, 1]]}}},
         "\"text\" is 'Bo', but the document has 'Ad'"),
        (cluener.read, {"text": "Ada", "label": {"name": {"Ada": [[0, 3]]}}}, "end 4 is outside"),
        (cluener.read, {"text": "Ada", "label": {"name": {"Ada": [0, 2]}}}, "expected ..first"),
        (cluener.read, {"text": "Ada", "label": {"name": ["Ada"]}}, "expected an object"),
        (cluener.read, {"text": 3, "label": {}}, 'has no "text"'),
    ],
)  # fmt: skip
def test_refused_with_the_line(tmp_path: Path, read: Any, value: Any, message: str) -> None:
    sound = {"tokenized_text": ["a"], "doc_key": "s", "sentences": [["a"]], "text": "a"}
    with pytest.raises(InputError, match=message) as caught:
        list(read(_lines(tmp_path, sound, value)))
    assert caught.value.line == 2


def test_faulty_ranges_may_be_left_out(tmp_path: Path) -> None:
    value = {"tokenized_text": ["a", "b"], "ner": [[0, 5, "X"], [1, 1, "Y"]]}
    losses = Losses()
    (record,) = open_source(_lines(tmp_path, value), faulty="leave-out").records(losses)
    assert _surfaces(record) == [("b", "Y")]
    assert losses == {"faulty spans: left out": 1}
