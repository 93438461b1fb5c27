"""CLUENER: labels with surface forms and their places."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support import json_lines, surfaces

from harness.annotation import Annotations
from harness.api import score
from harness.errors import InputError
from harness.formats import cluener
from harness.formats.losses import Losses
from harness.formats.opening import open_source, read_any
from harness.formats.registry import guess

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
    path = json_lines(tmp_path, *CLUENER)
    assert guess(path).name == "cluener"
    losses = Losses()
    records = list(read_any(path, losses=losses))
    assert [surfaces(record) for record in records] == [
        [("艾达", "name"), ("奥斯陆", "address")], [("Bo", "name"), ("Bo", "name")], [], [],
    ]  # fmt: skip
    assert records[2].annotations == Annotations(())
    assert records[3].annotations == Annotations(None)
    assert not losses
    assert score(path, path, task="ner").f1 == 1.0
    assert cluener.write(tmp_path / "out", records, losses=losses) == 4
    assert list(read_any(tmp_path / "out")) == records and not losses
    predicted = json_lines(
        tmp_path, *({"id": f"a-{n:05}", **one} for n, one in enumerate(CLUENER, 1))
    )
    without = [{k: v for k, v in json.loads(line).items() if k != "text"}
               for line in predicted.read_text().splitlines()]  # fmt: skip
    assert guess(json_lines(tmp_path, *without)).name == "cluener"
    assert [one.text for one in read_any(json_lines(tmp_path, *without))] == [None] * 4


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"text": "Ada", "label": {"name": {"Bo": [[0, 1]]}}},
         "\"text\" is 'Bo', but the document has 'Ad'"),
        ({"text": "Ada", "label": {"name": {"Ada": [[0, 3]]}}}, "end 4 is outside"),
        ({"text": "Ada", "label": {"name": {"Ada": [0, 2]}}}, "expected ..first"),
        ({"text": "Ada", "label": {"name": ["Ada"]}}, "expected an object"),
        ({"text": 3, "label": {}}, 'has no "text"'),
    ],
)  # fmt: skip
def test_refused_with_the_line(tmp_path: Path, value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        list(cluener.read(json_lines(tmp_path, {"text": "a"}, value)))
    assert caught.value.line == 2


def test_a_faulty_place_may_be_left_out(tmp_path: Path) -> None:
    value = {"text": "Ada left", "label": {"name": {"Ada": [[0, 2], [3, 5]]}}}
    losses = Losses()
    (record,) = open_source(json_lines(tmp_path, value), faulty="leave-out").records(losses)
    assert surfaces(record) == [("Ada", "name")]
    assert losses == {"faulty spans: left out": 1}
