"""Presidio: what its analyser gives, written as it writes it. See also `test_pipeline_json`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.annotation import Entity
from harness.api import score
from harness.formats.losses import Losses
from harness.formats.opening import read_any
from harness.formats.registry import guess

TEXT = "Call Ada Roe on 555-0100."


def test_results_of_the_analyser(tmp_path: Path) -> None:
    analyzer = pytest.importorskip("presidio_analyzer")
    found = [
        analyzer.RecognizerResult("PERSON", 5, 12, 0.85),
        analyzer.RecognizerResult("PHONE_NUMBER", 16, 24, 0.4),
        analyzer.RecognizerResult("DATE_TIME", 16, 24, 0.1),
    ]
    items = [one.to_dict() for one in found]
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"id": "a", "text": TEXT, "entities": items}) + "\n")
    assert guess(path).name == "presidio"
    losses = Losses()
    (record,) = read_any(path, losses=losses)
    assert record.annotations.entities == tuple(
        Entity(one.start, one.end, one.entity_type, one.score) for one in found
    )
    assert [TEXT[one.start : one.end] for one in found] == ["Ada Roe", "555-0100", "555-0100"]
    assert not losses
    assert score(path, path, task="ner").f1 == 1.0
    (tmp_path / "b.json").write_text(json.dumps([items, []]))
    assert guess(tmp_path / "b.json").name == "presidio"
    assert [len(one.annotations.entities or ()) for one in read_any(tmp_path / "b.json")] == [3, 0]
