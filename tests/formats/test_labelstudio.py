"""Label Studio: tasks, the short form, annotators, which string is the text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.annotation import Annotations, Entity, Record
from harness.api import score
from harness.errors import AnnotationError, InputError, UsageError
from harness.formats import labelstudio
from harness.formats.hints import FURTHER_ANNOTATORS
from harness.formats.losses import Losses
from harness.formats.opening import open_source, read_any
from harness.formats.registry import guess

TEXT = "Ines left\u00a0Brackwater.\r\n"
ENTITIES = (Entity(0, 4, "PER"), Entity(10, 20, "LOC"))


def _array(folder: Path, *values: Any) -> Path:
    path = folder / "a.json"
    path.write_text(json.dumps(values), "utf-8")
    return path


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
    report = Losses()
    (record,) = labelstudio.read(path, losses=report)
    assert record == Record("1", TEXT, Annotations(ENTITIES[:1]))
    assert report == {
        "cancelled annotations: left out": 1,
        FURTHER_ANNOTATORS: 1,
        "predictions: left out (layer=predictions reads them)": 1,
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


def test_labels_none_several_and_a_number(tmp_path: Path) -> None:
    task = _task(_result(0, 4, "PER", "NAME"), _result(10, 20), _result(10, 20, "LOC"))
    path = _array(tmp_path, task)
    losses = Losses()
    (record,) = read_any(path, losses=losses)
    assert record.annotations.entities == (
        Entity(0, 4, "PER"), Entity(0, 4, "NAME"), Entity(10, 20, "LOC")
    )  # fmt: skip
    assert losses == {"regions without a label: left out": 1}
    assert score(path, path, task="ner").f1 == 1.0
    task["annotations"][0]["result"][0]["value"]["labels"] = [3]
    with pytest.raises(InputError, match=r"regions\[0\]: the label is the number 3") as caught:
        list(read_any(_array(tmp_path, task)))
    assert "names" in str(caught.value)
    (record,) = read_any(path, faulty="leave-out", losses=losses)
    assert record.annotations.entities == (Entity(10, 20, "LOC"),)
    assert losses["faulty spans: left out"] == 1


def _by(who: Any, *results: Any, **rest: Any) -> dict[str, Any]:
    return {"completed_by": who, "result": list(results), **rest}


def test_annotators_and_the_ground_truth(tmp_path: Path) -> None:
    one, two = _result(0, 4, "PER"), _result(10, 20, "LOC")
    path = _array(
        tmp_path,
        {"id": 1, "data": {"text": TEXT}, "drafts": [{"result": []}], "predictions": [{}],
         "annotations": [_by(1, one), _by({"id": 2, "email": "b@x.org"}, two, ground_truth=True)]},
        {"id": 2, "data": {"text": TEXT}, "annotations": [_by(1, two), _by(1, one)]},
        {"id": 3, "data": {"text": TEXT}, "annotations": [_by(1, one, was_cancelled=True)]},
    )  # fmt: skip
    reader = open_source(path)
    assert reader.annotators() == ("b@x.org", "1")
    losses = Losses()
    layers = [record.annotations.entities for record in reader.records(losses)]
    assert layers == [ENTITIES[1:], ENTITIES[1:], None]
    assert losses == {
        FURTHER_ANNOTATORS: 2,
        "cancelled annotations: left out": 1,
        "drafts: left out": 1,
        "predictions: left out (layer=predictions reads them)": 1,
    }
    losses = Losses()
    layers = [record.annotations.entities for record in read_any(f"{path}?annotator=1")]
    assert layers == [ENTITIES[:1], ENTITIES[1:]]
    (record,) = labelstudio.read(path, annotator="b@x.org", losses=losses)
    assert record.id == "1"
    assert losses["documents that b@x.org did not label: left out"] == 2
    with pytest.raises(InputError, match="has no annotator '9', only 1, b@x"):
        list(read_any(f"{path}?annotator=9"))


def test_completions_and_the_short_form_of_several(tmp_path: Path) -> None:
    old = {"id": 1, "data": {"text": TEXT}, "completions": [
        {"id": 1, "result": []}, {"id": 2, "honeypot": True, "result": [_result(0, 4, "PER")]},
    ]}  # fmt: skip
    (record,) = read_any(_array(tmp_path, old))
    assert record.annotations.entities == ENTITIES[:1]
    short = {"id": 1, "text": TEXT, "annotation_id": 1, "annotator": 1, "created_at": "2024"}
    label = [_result(0, 4, "PER")["value"]]
    path = _array(tmp_path, {**short, "label": label}, {**short, "annotator": {"email": "b"}})
    assert open_source(path).annotators() == ("1", "b")
    assert [r.annotations.entities for r in read_any(path)] == [ENTITIES[:1]]
    assert [r.annotations.entities for r in read_any(f"{path}?annotator=b")] == [()]


def test_annotations_beside_the_text(tmp_path: Path) -> None:
    task = {"id": 1, "text": TEXT, "annotations": [_by(1, _result(0, 4, "PER"))]}
    path = _array(tmp_path, task)
    assert guess(path).name == "labelstudio"
    assert [one.annotations.entities for one in read_any(path)] == [ENTITIES[:1]]


def test_which_string_is_the_text(tmp_path: Path) -> None:
    data = {"title": "Weekly note", "body": "Ada met Bo.", "n": 3}
    named = {**_result(8, 10, "PER"), "to_name": "body"}
    tasks = [{"id": 1, "data": data, "annotations": []},
             {"id": 2, "data": data, "annotations": [_by(1, named)]}]  # fmt: skip
    path = _array(tmp_path, *tasks)
    records = list(read_any(path))
    assert [one.text for one in records] == [data["body"]] * 2
    assert open_source(path).decided == {"text_key": "body"}
    title = {**_result(0, 6, "DATE"), "to_name": "title"}
    tasks[1]["annotations"][0]["result"].append(title)
    losses = Losses()
    assert [one.annotations.entities for one in read_any(_array(tmp_path, *tasks), losses=losses)]
    assert losses == {"regions of the text 'title': left out (text-key=title reads them)": 1}
    told = {**_result(8, 10, "PER", text="Bo"), "to_name": "t1"}
    assert labelstudio.settle(
        _array(tmp_path, {"id": 1, "data": data, "annotations": [_by(1, told)]})
    ) == {"text_key": "body"}
    path = _array(tmp_path, {"id": 1, "data": data, "annotations": [_by(1, _result(0, 3, "A"))]})
    with pytest.raises(InputError, match="could be the text: title, body") as caught:
        list(read_any(path))
    assert "?text-key=title" in str(caught.value) and "?text-key=body" in str(caught.value)
    assert [one.text for one in read_any(f"{path}?text-key=title")] == [data["title"]]
    path = _array(tmp_path, {"id": 1, "data": {"document_id": "d", "note": "Ada"}})
    assert [(one.id, one.text) for one in read_any(path)] == [("d", "Ada")]


def test_regions_of_html(tmp_path: Path) -> None:
    value = {"start": "/div[1]/text()[1]", "end": "/div[1]/text()[1]", "startOffset": 0,
             "globalOffsets": {"start": 0, "end": 4}, "hypertextlabels": ["PER"]}  # fmt: skip
    task = _task({"type": "hypertextlabels", "value": value})
    (record,) = read_any(_array(tmp_path, task))
    assert record.annotations.entities == ENTITIES[:1]
    task["data"]["text"] = f"<p>{TEXT}</p>"
    with pytest.raises(InputError, match="start is '/div"):
        list(read_any(_array(tmp_path, task)))


BOX = {"x": 1.5, "y": 2, "width": 3, "height": 4, "rectanglelabels": ["Car"]}


@pytest.mark.parametrize(
    ("name", "place", "kind", "value"),
    [
        ("image", "/data/upload/1/ab.jpg", "rectanglelabels", BOX),
        ("photo", "s3://somewhere/a street", "rectanglelabels", BOX),
        ("audio", "https://example.org/a%20b.wav?x=1", "labels",
         {"start": 0.5, "end": 2.5, "labels": ["Speaker"]}),
    ],
)  # fmt: skip
def test_projects_of_images_and_recordings_are_no_texts(
    tmp_path: Path, name: str, place: str, kind: str, value: dict[str, Any]
) -> None:
    result = {"type": kind, "to_name": name, "value": value}
    task = {"id": 1, "data": {name: place}, "annotations": [{"result": [result]}]}
    (tmp_path / "a.json").write_text(json.dumps([task]))
    with pytest.raises(InputError, match=f'holds no text: "{name}" is'):
        list(read_any(tmp_path / "a.json"))
    # Beside a text they are left out, and the text needs no option.
    task["data"] |= {"caption": "Ada left"}
    (tmp_path / "a.json").write_text(json.dumps([task]))
    losses = Losses()
    (record,) = read_any(tmp_path / "a.json", losses=losses)
    # Nobody looks for spans where there are boxes alone.
    assert record.text == "Ada left"
    assert record.annotations.entities == (() if kind == "labels" else None)
    assert losses


def test_a_project_of_choices_has_no_layer_of_entities(tmp_path: Path) -> None:
    choice = {"type": "choices", "to_name": "text", "value": {"choices": ["good"]}}
    tasks = [_task(choice), {**_task(choice), "id": 2}]
    losses = Losses()
    records = list(read_any(_array(tmp_path, *tasks), losses=losses))
    assert [record.annotations.entities for record in records] == [None, None]
    assert losses["documents of a project that labels no spans: no entity layer"] == 2
    # Where others have spans, one without any was looked at; so was one with nothing at all.
    span = {"type": "labels", "to_name": "text", "value": {"start": 0, "end": 4, "labels": ["P"]}}
    for other in (span, None):
        tasks = [_task(choice), _task(span)] if other else [_task(), _task()]
        first, _ = read_any(_array(tmp_path, *({**t, "id": n} for n, t in enumerate(tasks))))
        assert first.annotations.entities == ()


def test_a_text_that_ends_as_a_file_does_is_one_among_texts(tmp_path: Path) -> None:
    span = {"type": "labels", "value": {"start": 0, "end": 3, "labels": ["P"]}}
    tasks = [
        {"id": n, "data": {"body": body}, "annotations": [{"result": [span]}]}
        for n, body in enumerate(("See http://example.org/a.pdf", "Ada left"))
    ]
    for ordered in (tasks, tasks[::-1]):
        records = list(read_any(_array(tmp_path, *ordered)))
        assert {record.text for record in records} == {task["data"]["body"] for task in tasks}
