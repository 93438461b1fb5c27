"""GLiNER: tokens and ranges of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support import json_lines, surfaces

from harness.api import score
from harness.errors import InputError
from harness.formats import gliner
from harness.formats.losses import Losses
from harness.formats.opening import open_source, read_any
from harness.formats.registry import guess

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
    for one in (path, json_lines(tmp_path, *GLINER)):
        assert guess(one).name == "gliner"
        losses = Losses()
        records = list(read_any(one, losses=losses))
        assert [(r.id, r.text) for r in records[:2]] == [
            ("a-00001", "Ada Roe left Oslo ."), ("a-00002", "It rains")
        ]  # fmt: skip
        assert surfaces(records[0]) == [
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
    assert surfaces(again[0]) == [("Ada Roe", "person"), ("Oslo", "city")]
    assert [(r.text, r.tokens) for r in again] == [(r.text, r.tokens) for r in records]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"tokenized_text": "Ada left"}, "'Ada left', expected a list of tokens"),
        ({"tokenized_text": ["a", 3]}, r'"tokenized_text"\[1\] is 3'),
        ({"tokenized_text": ["a"], "ner": [[0, 1, "X"]]},
         r"ner\[0\]: tokens 0 to 1, but there are tokens 0 to 0 here"),
        ({"tokenized_text": ["a"], "ner": [["0", 0, "X"]]}, "tokens '0' to 0"),
        ({"tokenized_text": ["a"], "ner": [[0, "X"]]}, "expected .first, last, label"),
        ({"tokenized_text": ["a"], "ner": {}}, "ner is {}, expected a list"),
        ({"tokenized_text": [""], "ner": [[0, 0, "X"]]}, "is not after start"),
    ],
)  # fmt: skip
def test_refused_with_the_line(tmp_path: Path, value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        list(gliner.read(json_lines(tmp_path, {"tokenized_text": ["a"]}, value)))
    assert caught.value.line == 2


def test_faulty_ranges_may_be_left_out(tmp_path: Path) -> None:
    value = {"tokenized_text": ["a", "b"], "ner": [[0, 5, "X"], [1, 1, "Y"]]}
    losses = Losses()
    (record,) = open_source(json_lines(tmp_path, value), faulty="leave-out").records(losses)
    assert surfaces(record) == [("b", "Y")]
    assert losses == {"faulty spans: left out": 1}
