"""Annotation tools: Prodigy, doccano, Label Studio, and the JSON stream under them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.annotation import Annotations, Attribution, Entity, Record, Span
from harness.errors import AnnotationError, InputError, UsageError
from harness.formats import doccano, labelstudio, prodigy
from harness.formats.jsonstream import objects
from harness.formats.registry import read_any

TEXT = "Ines left\u00a0Brackwater.\r\n"
ENTITIES = (Entity(0, 4, "PER"), Entity(10, 20, "LOC"))
RECORDS = [
    Record("one", TEXT, Annotations(ENTITIES)),
    Record("two", "", Annotations(())),
    Record("three", "Not labelled", Annotations(None)),
]


def _lines(folder: Path, *values: Any) -> Path:
    path = folder / "a.jsonl"
    path.write_text("".join(json.dumps(value) + "\n" for value in values), "utf-8")
    return path


def _array(folder: Path, *values: Any, indent: int | None = None) -> Path:
    path = folder / "a.json"
    path.write_text(json.dumps(values, indent=indent), "utf-8")
    return path


@pytest.mark.parametrize("tool", [prodigy, doccano, labelstudio])
def test_round_trip(tmp_path: Path, tool: Any) -> None:
    report: Counter[str] = Counter()
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
    report: Counter[str] = Counter()
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


def test_prodigy_answers_ids_and_relations(tmp_path: Path) -> None:
    span = {"start": 0, "end": 4, "label": "PER", "token_start": 0, "token_end": 0}
    path = _lines(
        tmp_path,
        {"text": TEXT, "spans": [span], "answer": "accept", "_input_hash": 7},
        {"text": TEXT, "spans": [], "answer": "reject"},
        {"text": TEXT, "answer": "ignore"},
        {"text": "No", "answer": "accept", "relations": [{}, {}], "meta": {"id": 12}},
        {"text": "New", "id": "x"},
    )
    report: Counter[str] = Counter()
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


def test_doccano_in_each_of_its_shapes(tmp_path: Path) -> None:
    items = [{"id": 9, "label": "PER", "start_offset": 0, "end_offset": 4}]
    path = _lines(
        tmp_path,
        {"id": 1, "text": TEXT, "label": [[0, 4, "PER"]]},
        {"id": 2, "data": TEXT, "labels": [[0, 4, "PER"]]},
        {"id": 3, "text": TEXT, "entities": items, "relations": [{}], "Comments": []},
        {"id": 4, "text": TEXT, "label": []},
        {"id": 5, "text": TEXT},
    )
    report: Counter[str] = Counter()
    layers = [record.annotations.entities for record in doccano.read(path, losses=report)]
    assert layers == [ENTITIES[:1]] * 3 + [(), None]
    assert report == {"relations: left out": 1}


def test_doccano_with_emoji_needs_a_unit(tmp_path: Path) -> None:
    text = "Ines 😀 left Brackwater"
    # Brackwater is [12, 22) in code points and [13, 23) in UTF-16 units.
    path = _lines(tmp_path, {"text": text, "label": [[0, 4, "PER"], [13, 23, "LOC"]]})
    with pytest.raises(AnnotationError, match="--offsets utf16") as caught:
        list(read_any(path))
    assert caught.value.line == 1
    assert "codepoint" not in str(caught.value), "it does not read this file"
    (record,) = doccano.read(path, offsets="utf16")
    assert record.annotations.entities == (Entity(0, 4, "PER"), Entity(12, 22, "LOC"))
    with pytest.raises(AnnotationError, match="end 23 is outside"):
        list(doccano.read(path, offsets="codepoint"))
    with pytest.raises(UsageError, match="offset unit 'utf8'"):
        list(doccano.read(path, offsets="utf8"))
    before = _lines(tmp_path, {"text": text, "label": [[0, 4, "PER"]]})
    (record,) = doccano.read(before)  # the units agree up to there
    assert record.annotations.entities == (Entity(0, 4, "PER"),)
    report: Counter[str] = Counter()
    doccano.write(
        tmp_path / "out",
        [Record("x", text, Annotations((Entity(12, 22, "LOC"),)))],
        losses=report,
        offsets="utf16",
    )
    assert json.loads((tmp_path / "out").read_text())["label"] == [[13, 23, "LOC"]]
    with pytest.raises(AnnotationError, match="utf16 offset 6 is in the middle of a character"):
        list(doccano.read(_lines(tmp_path, {"text": text, "label": [[0, 6, "X"]]}),
                          offsets="utf16"))  # fmt: skip


def _task(*results: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"id": 1, "data": {"text": TEXT}, "annotations": [{"result": list(results)}], **rest}


def _result(start: int, end: int, *labels: str, **rest: Any) -> dict[str, Any]:
    return {"type": "labels", "value": {"start": start, "end": end, "labels": list(labels), **rest}}


def test_labelstudio_annotations_and_predictions(tmp_path: Path) -> None:
    task = _task(
        _result(0, 4, "PER", text="Ines"),
        {"type": "relation", "from_id": "a", "to_id": "b"},
        {"type": "choices", "value": {"choices": ["good"]}},
        predictions=[{"result": [_result(10, 20, "LOC") | {"score": 0.5}]}],
    )
    task["annotations"].insert(0, {"was_cancelled": True, "result": []})
    task["annotations"].append({"result": []})
    path = _array(tmp_path, task)
    report: Counter[str] = Counter()
    (record,) = labelstudio.read(path, losses=report)
    assert record == Record("1", TEXT, Annotations(ENTITIES[:1]))
    assert report == {
        "cancelled annotations: left out": 1,
        "further annotations of a task (the first is read)": 1,
        "results of type 'relation': left out": 1,
        "results of type 'choices': left out": 1,
    }
    (record,) = labelstudio.read(path, layer="predictions")
    assert record.annotations.entities == (Entity(10, 20, "LOC", 0.5),)
    with pytest.raises(UsageError, match="layer 'drafts'"):
        list(labelstudio.read(path, layer="drafts"))


def test_labelstudio_json_min(tmp_path: Path) -> None:
    value = _result(0, 4, "PER", text="Ines")["value"]
    path = _array(
        tmp_path,
        {"id": 1, "text": TEXT, "label": [value], "annotator": 1, "annotation_id": 3},
        {"id": 2, "text": TEXT, "annotation_id": 4},
        {"id": 3, "text": TEXT},
    )
    layers = [record.annotations.entities for record in labelstudio.read(path)]
    assert layers == [ENTITIES[:1], (), None]


def test_labelstudio_tells_utf16_by_the_regions_text(tmp_path: Path) -> None:
    text = "😀 Ines left"
    for start in (2, 3):  # code points, then UTF-16 units
        task = _task(_result(start, start + 4, "PER", text="Ines"))
        task["data"] = {"text": text}
        (record,) = labelstudio.read(_array(tmp_path, task))
        assert record.annotations.entities == (Entity(2, 6, "PER"),)
    task = _task(_result(3, 7, "PER"))
    task["data"] = {"text": text}
    with pytest.raises(AnnotationError, match="as one or as two"):
        list(labelstudio.read(_array(tmp_path, task)))


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
        (labelstudio.read, _task(_result(0, 4, "A", "B")), "expected exactly one"),
        (labelstudio.read, _task({"type": "labels", "value": 3}), "expected an object"),
        (labelstudio.read, {"data": {"image": 3}}, 'has no "data" with a text'),
        (labelstudio.read, {"data": {"text": "x"}, "annotations": 3}, "no list of objects"),
    ],
)  # fmt: skip
def test_faults_name_the_line(
    tmp_path: Path, read: Callable[[Path], Iterator[Record]], value: Any, message: str
) -> None:
    path = _lines(tmp_path, {"text": "ok", "data": {"text": "ok"}}, value)
    with pytest.raises(InputError, match=message) as caught:
        list(read(path))
    assert caught.value.line == 2


@pytest.mark.parametrize("read", [prodigy.read, doccano.read, labelstudio.read])
def test_ids_that_come_twice(tmp_path: Path, read: Callable[[Path], Iterator[Record]]) -> None:
    value = {"id": 1, "text": "ok"}
    with pytest.raises(InputError, match="'1' comes a second time") as caught:
        list(read(_lines(tmp_path, value, value)))
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
