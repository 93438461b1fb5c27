"""doccano: its exports, units of offsets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support import json_lines

from harness.annotation import Annotations, Entity, Record
from harness.api import score
from harness.errors import AnnotationError, InputError, UsageError
from harness.formats import doccano
from harness.formats.losses import Losses
from harness.formats.opening import read_any
from harness.formats.registry import guess

TEXT = "Ines left\u00a0Brackwater.\r\n"
ENTITIES = (Entity(0, 4, "PER"), Entity(10, 20, "LOC"))


def test_doccano_in_each_of_its_shapes(tmp_path: Path) -> None:
    items = [{"id": 9, "label": "PER", "start_offset": 0, "end_offset": 4}]
    path = json_lines(
        tmp_path,
        {"id": 1, "text": TEXT, "label": [[0, 4, "PER"]]},
        {"id": 2, "data": TEXT, "labels": [[0, 4, "PER"]]},
        {"id": 3, "text": TEXT, "entities": items, "relations": [{}], "Comments": []},
        {"id": 4, "text": TEXT, "label": []},
        {"id": 5, "text": TEXT},
    )
    report = Losses()
    layers = [record.annotations.entities for record in doccano.read(path, losses=report)]
    assert layers == [ENTITIES[:1]] * 3 + [(), None]
    assert report == {"relations: left out": 1}


def test_doccano_with_emoji_needs_a_unit(tmp_path: Path) -> None:
    text = "Ines 😀 left Brackwater"
    # Brackwater is [12, 22) in code points and [13, 23) in UTF-16 units.
    path = json_lines(tmp_path, {"text": text, "label": [[0, 4, "PER"], [13, 23, "LOC"]]})
    with pytest.raises(AnnotationError, match=r"\?offsets=utf16") as caught:
        list(read_any(path))
    assert caught.value.line == 1
    assert "codepoint" not in str(caught.value), "it does not read this file"
    (record,) = doccano.read(path, offsets="utf16")
    assert record.annotations.entities == (Entity(0, 4, "PER"), Entity(12, 22, "LOC"))
    with pytest.raises(AnnotationError, match="end 23 is outside"):
        list(doccano.read(path, offsets="codepoint"))
    with pytest.raises(UsageError, match="offset unit 'utf8'"):
        list(doccano.read(path, offsets="utf8"))
    before = json_lines(tmp_path, {"text": text, "label": [[0, 4, "PER"]]})
    (record,) = doccano.read(before)  # the units agree up to there
    assert record.annotations.entities == (Entity(0, 4, "PER"),)
    report = Losses()
    doccano.write(
        tmp_path / "out",
        [Record("x", text, Annotations((Entity(12, 22, "LOC"),)))],
        losses=report,
        offsets="utf16",
    )
    assert json.loads((tmp_path / "out").read_text())["label"] == [[13, 23, "LOC"]]
    with pytest.raises(AnnotationError, match="utf16 offset 6 is in the middle of a character"):
        list(doccano.read(json_lines(tmp_path, {"text": text, "label": [[0, 6, "X"]]}),
                          offsets="utf16"))  # fmt: skip


def test_old_exports_and_arrays(tmp_path: Path) -> None:
    numbered = {"label": 3, "start_offset": 0, "end_offset": 4, "user": 1}
    named = {"label": "PER", "start_offset": 0, "end_offset": 4, "user": 1}
    values = [
        {"id": 1, "text": TEXT, "labels": [[0, 4, "PER"]], "annotation_approver": None, "meta": {}},
        {"id": 2, "text": TEXT, "entities": [[0, 4, "PER"]], "cats": ["x"], "comments": ["why?"]},
        {"id": 3, "text": TEXT, "annotations": [named], "annotation_approver": "ann"},
    ]
    (tmp_path / "a.json").write_text(json.dumps(values, indent=1))
    losses = Losses()
    records = list(read_any(tmp_path / "a.json", losses=losses))
    assert [one.annotations.entities for one in records] == [ENTITIES[:1]] * 3
    assert losses == {"categories: left out": 1, "comments: left out": 1}
    assert score(tmp_path / "a.json", tmp_path / "a.json", task="ner").f1 == 1.0
    for value in values:
        assert guess(json_lines(tmp_path, value)).name == "doccano"
    path = json_lines(tmp_path, {"id": 4, "text": TEXT, "annotations": [named, numbered]})
    with pytest.raises(InputError, match="the label is the number 3") as caught:
        list(read_any(path))
    assert "text label" in str(caught.value) and caught.value.line == 1
    losses = Losses()
    (record,) = read_any(path, faulty="leave-out", losses=losses)
    assert (record.annotations.entities, dict(losses)) == (
        ENTITIES[:1],
        {"faulty spans: left out": 1},
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"text": "x", "label": {"a": 1}}, "is no list of"),
        ({"text": "x", "label": [[0, 1]]}, "is no list of"),
        ({"text": "x", "label": [[0, 1, 7]]}, "the label is the number 7"),
        ({"text": "x", "label": [["0", 1, "A"]]}, "start is '0', expected an integer"),
        ({"text": "x", "label": [[0, 1, "A"]], "relations": 3}, '"relations" is 3'),
        ({"text": "x", "id": [1], "label": []}, r'"id" is \[1\], expected a string'),
        ({"text": "x", "entities": [{"start_offset": 0}]}, r"entities\[0\]: end is None"),
    ],
)
def test_refused_with_the_line(tmp_path: Path, value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        list(doccano.read(json_lines(tmp_path, {"text": "first"}, value)))
    assert caught.value.line == 2
