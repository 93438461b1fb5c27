"""DyGIE++: sentences, ranges of the document's tokens, predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import json_lines, surfaces

from harness.annotation import Entity, Span
from harness.api import score
from harness.errors import InputError
from harness.formats import dygie
from harness.formats.losses import Losses
from harness.formats.opening import open_source, read_any
from harness.formats.registry import guess

DYGIE = [
    {"doc_key": "d1", "sentences": [["Ada", "left", "."], ["Bo", "Roe", "stayed", "."]],
     "ner": [[[0, 0, "PER"]], [[3, 4, "PER"], [3, 3, "FIRST"]]],
     "relations": [[], [[3, 4, 3, 3, "R"]]], "clusters": [[[0, 0], [3, 3]]],
     "predicted_ner": [[[1, 1, "PER", 3.5, 0.9]], []]},
    {"doc_key": "d2", "sentences": [["Who", "?"]]},
]  # fmt: skip


def test_dygie(tmp_path: Path) -> None:
    path = json_lines(tmp_path, *DYGIE)
    assert guess(path).name == "dygie"
    losses = Losses()
    first, second = read_any(path, losses=losses)
    assert (first.id, first.text) == ("d1", "Ada left .\nBo Roe stayed .")
    assert surfaces(first) == [("Ada", "PER"), ("Bo Roe", "PER"), ("Bo", "FIRST")]
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


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"doc_key": "x", "sentences": "a"}, '"sentences" is \'a\''),
        ({"doc_key": "x", "sentences": [["a"], 3]}, r"sentences\[1\] is 3"),
        ({"doc_key": "x", "sentences": [["a"], ["b"]], "ner": [[]]}, "each of 2"),
        ({"doc_key": "x", "sentences": [["a"], ["b"]], "ner": [[], [[0, 0, "X"]]]},
         r"ner\[1\]\[0\]: tokens 0 to 0, but there are tokens 1 to 1 here"),
        ({"doc_key": [], "sentences": [["a"]]}, r'"id" is \[\]'),
    ],
)  # fmt: skip
def test_refused_with_the_line(tmp_path: Path, value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        list(dygie.read(json_lines(tmp_path, {"doc_key": "s", "sentences": [["a"]]}, value)))
    assert caught.value.line == 2


def test_faulty_ranges_may_be_left_out(tmp_path: Path) -> None:
    value = {"doc_key": "a", "sentences": [["a", "b"]], "ner": [[[0, 5, "X"], [1, 1, "Y"]]]}
    losses = Losses()
    (record,) = open_source(json_lines(tmp_path, value), faulty="leave-out").records(losses)
    assert surfaces(record) == [("b", "Y")]
    assert losses == {"faulty spans: left out": 1}


def test_predictions_are_no_gold_of_the_documents_beside(tmp_path: Path) -> None:
    value = {"doc_key": "b", "sentences": [["Ada", "left"]], "predicted_ner": [[[0, 0, "P", 1, 1]]]}
    path = json_lines(tmp_path, {**value, "doc_key": "a", "ner": [[]]}, value)
    assert [one.annotations.entities for one in read_any(path)] == [(), None]
    (alone,) = read_any(json_lines(tmp_path, value))
    assert surfaces(alone) == [("Ada", "P")]
