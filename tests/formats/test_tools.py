"""Annotation tools: Prodigy, doccano, Label Studio, and the JSON stream under them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import json_lines

from harness.annotation import Annotations, Attribution, Entity, Record, Span
from harness.errors import InputError
from harness.formats import doccano, labelstudio, prodigy
from harness.formats.jsonstream import beginning, json_values, objects
from harness.formats.losses import Losses

TEXT = "Ines left\u00a0Brackwater.\r\n"
ENTITIES = (Entity(0, 4, "PER"), Entity(10, 20, "LOC"))
RECORDS = [
    Record("one", TEXT, Annotations(ENTITIES)),
    Record("two", "", Annotations(())),
    Record("three", "Not labelled", Annotations(None)),
]


def _array(folder: Path, *values: Any, indent: int | None = None) -> Path:
    path = folder / "a.json"
    path.write_text(json.dumps(values, indent=indent), "utf-8")
    return path


@pytest.mark.parametrize("tool", [prodigy, doccano, labelstudio])
def test_round_trip(tmp_path: Path, tool: Any) -> None:
    report = Losses()
    assert tool.write(tmp_path / "out", RECORDS, losses=report) == 3
    assert not report
    assert list(tool.read(tmp_path / "out", losses=report)) == RECORDS
    assert not report


@pytest.mark.parametrize(
    ("tool", "lost"),
    [(prodigy, set()), (labelstudio, set()), (doccano, {"entity scores left out"})],
)
def test_what_a_tool_cannot_hold(tmp_path: Path, tool: Any, lost: set[str]) -> None:
    record = Record(
        "one",
        TEXT,
        Annotations((Entity(0, 4, "PER", 0.25),), (Attribution((Span(0, 4),)),)),
        (Span(0, 1),),
        "broken",
    )
    report = Losses()
    tool.write(tmp_path / "out", [record], losses=report)
    common = {"attributions left out", "ignore regions left out", "errors of a backend left out"}
    assert set(report) == common | lost
    (again,) = tool.read(tmp_path / "out")
    assert again.annotations.entities == (Entity(0, 4, "PER", None if lost else 0.25),)


@pytest.mark.parametrize("tool", [prodigy, doccano, labelstudio])
def test_nothing_half_written(tmp_path: Path, tool: Any) -> None:
    with pytest.raises(InputError, match="has no text to write"):
        tool.write(tmp_path / "out", [RECORDS[0], Record("x", None, Annotations())],
                   losses=Counter())  # fmt: skip
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("read", "value", "message"),
    [
        (prodigy.read, {"text": TEXT, "spans": [{"start": 0, "end": 99, "label": "X"}]},
         "end 99 is outside the text"),
        (prodigy.read, {"text": TEXT, "spans": [{"start": 0, "end": 4}]}, "label is None"),
        (prodigy.read, {"text": TEXT, "spans": [{"start": 0, "end": 4, "label": "X", "text": "?"}]},
         r"spans\[0\]: \"text\" is '\?', but the document has 'Ines' at \[0, 4\)"),
        (prodigy.read, {"text": TEXT, "spans": {}}, "expected a list of objects"),
        (prodigy.read, {"text": TEXT, "spans": [3]}, r"spans\[0\]: found 3, expected an object"),
        (prodigy.read, {"text": "😀", "spans": [3]}, r"spans\[0\]: found 3, expected an object"),
        (prodigy.read, {"text": "x", "spans": [{"start": 0, "end": 1, "label": "X", "score": "1"}]},
         r"spans\[0\]: score is '1', expected a number"),
        (prodigy.read, {"spans": []}, 'has no "text"'),
        (doccano.read, {"text": TEXT, "label": ["positive"]}, "text classification"),
        (doccano.read, {"text": TEXT, "label": [[4, 0, "X"]]}, "end 0 is not after start 4"),
        (doccano.read, {"text": TEXT, "label": [[0, 4, ""]]}, "label is ''"),
        (doccano.read, {"text": 3}, 'has no "text"'),
        (labelstudio.read, {"data": {"text": "x"}, "annotations": [
            {"result": [{"type": "labels", "value": 3}]}]}, "expected an object"),
        (labelstudio.read, {"data": {"text": "x"}, "annotations": [
            {"result": [{"type": "labels", "value": {"labels": "A"}}]}]}, "labels are 'A'"),
        (labelstudio.read, {"data": {"image": 3}}, 'has no "data" with a text'),
        (labelstudio.read, {"data": {"text": "x"}, "annotations": 3}, "no list of objects"),
    ],
)  # fmt: skip
def test_faults_name_the_line(
    tmp_path: Path, read: Callable[[Path], Iterator[Record]], value: Any, message: str
) -> None:
    path = json_lines(tmp_path, {"text": "ok", "data": {"text": "ok"}}, value)
    with pytest.raises(InputError, match=message) as caught:
        list(read(path))
    assert caught.value.line == 2


@pytest.mark.parametrize("read", [prodigy.read, doccano.read, labelstudio.read])
def test_ids_that_come_twice(tmp_path: Path, read: Callable[[Path], Iterator[Record]]) -> None:
    value = {"id": 1, "text": "ok"}
    with pytest.raises(InputError, match="'1' comes a second time") as caught:
        list(read(json_lines(tmp_path, value, value)))
    assert caught.value.line == 2


def test_stream_of_an_array(tmp_path: Path) -> None:
    values = [{"n": n, "text": "ü" * 5000} for n in range(40)]
    assert [value for _, value in objects(_array(tmp_path, *values))] == values
    found = list(objects(_array(tmp_path, *values[:3], indent=1)))
    assert [value for _, value in found] == values[:3]
    assert [line for line, _ in found] == [2, 6, 10]


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ('{"a": 1}\n{"a": \n', 2, "not a JSON object: Expecting value at column 7"),
        ('[{"a": 1},\n {"a": ', 2, "not a JSON object: Expecting value at column 7"),
        ('[{"a": 1},\n', 2, "is not closed"),
        ('[{"a": 1}\n {"b": 2}]', 2, "expected"),
        ("[1]", 1, "found 1, expected a JSON object"),
        ("[]", None, "holds no document"),
        ("\n \n", None, "holds no document"),
    ],
)
def test_broken_json_names_the_line(
    tmp_path: Path, content: str, line: int | None, message: str
) -> None:
    (tmp_path / "a").write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        list(objects(tmp_path / "a"))
    assert caught.value.line == line


def test_stream_of_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a directory"):
        list(objects(tmp_path))
    with pytest.raises(InputError, match="cannot be read"):
        list(objects(tmp_path / "missing"))
    (tmp_path / "a").write_bytes(b'{"a": "\xe9"}')
    with pytest.raises(InputError, match="not UTF-8"):
        list(objects(tmp_path / "a"))
    (tmp_path / "a").write_bytes('\ufeff{"a": 1}\r\n'.encode())
    assert list(objects(tmp_path / "a")) == [(1, {"a": 1})]


def test_arrays_on_lines_are_no_array_of_arrays(tmp_path: Path) -> None:
    (tmp_path / "a").write_text('\n["x", {"a": [1]}]\n\n["y", {}]\n')
    assert list(json_values(tmp_path / "a")) == [(2, ["x", {"a": [1]}]), (4, ["y", {}])]
    (tmp_path / "a").write_text('[["x", {}],\n["y", {}]]\n')
    assert list(json_values(tmp_path / "a")) == [(1, ["x", {}]), (2, ["y", {}])]
    assert beginning(tmp_path / "a", 1) == [["x", {}]]
    assert beginning(tmp_path / "missing", 1) == []


def test_nothing_may_follow_an_array(tmp_path: Path) -> None:
    (tmp_path / "a").write_text('[{"a": 1}]\n\n{"b": 2}\n')
    with pytest.raises(InputError, match="after the JSON array"):
        list(objects(tmp_path / "a"))
