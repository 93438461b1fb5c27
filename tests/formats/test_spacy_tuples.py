"""spaCy's tuples as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support import surfaces

from harness.api import score
from harness.errors import InputError
from harness.formats import spacy_tuples
from harness.formats.losses import Losses
from harness.formats.opening import read_any
from harness.formats.registry import guess

TUPLES = [
    ["Ada Roe left Oslo", {"entities": [[0, 7, "PER"], [13, 17, "LOC"], [0, 3, "FIRST"]]}],
    ["It rains 😀 in Oslo", {"entities": [[14, 18, "LOC", ""]], "cats": {"A": 1}}],
    ["Nobody looked", {}],
]


def _write(folder: Path, *values: Any) -> Path:
    path = folder / "a.json"
    path.write_text(json.dumps(values), "utf-8")
    return path


def test_tuples_in_each_of_their_shapes(tmp_path: Path) -> None:
    lines = "".join(json.dumps(pair) + "\n" for pair in TUPLES)
    wrapped = json.dumps({"classes": ["PER"], "annotations": [None, *TUPLES]})
    for content in (json.dumps(TUPLES), json.dumps(TUPLES, indent=2), lines, wrapped):
        path = tmp_path / "tuples"
        path.write_text(content)
        assert guess(path).name == "spacy_tuples"
        losses = Losses()
        first, second, third = read_any(path, losses=losses)
        assert surfaces(first) == [("Ada Roe", "PER"), ("Oslo", "LOC"), ("Ada", "FIRST")]
        assert surfaces(second) == [("Oslo", "LOC")]
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
    path = _write(tmp_path, ["Ada", {"entities": [[0, 9, "A"], [0, 3, "PER"], "x"]}])
    losses = Losses()
    (record,) = read_any(path, faulty="leave-out", losses=losses)
    assert (surfaces(record), dict(losses)) == (
        [("Ada", "PER")],
        {"faulty spans: left out": 2},
    )
