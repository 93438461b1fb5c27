"""Label Studio's JSON: tasks with `data.text` and `annotations`, or the short form JSON_MIN.

Of several annotations of a task the first that was not cancelled is read; `layer="predictions"`
reads a task's predictions instead. Offsets are code points, UTF-16 units in exports before 2022
(its issue 1008): a region's own `text` tells, else `offsets` must.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.annotation import Annotations, Entity, Record
from harness.errors import InputError, UsageError
from harness.formats.files import atomic_writer
from harness.formats.jsonstream import Place, as_unit, objects
from harness.formats.losses import count_losses

__all__ = ["read", "write"]

_ENTITY = ("labels", "hypertextlabels")


def read(
    path: str | Path,
    *,
    offsets: str | None = None,
    layer: str | None = None,
    report: Counter[str] | None = None,
) -> Iterator[Record]:
    """Stream the tasks. Raises as `objects` does, and for spans that do not fit.

    A task without annotations has no entity layer; one annotated with nothing has an empty one.
    """
    path = Path(path)
    if layer not in (None, "annotations", "predictions"):
        raise UsageError(f"layer {layer!r}, expected annotations or predictions")
    unit = as_unit(offsets)
    report = Counter() if report is None else report
    seen: set[str] = set()
    for number, (line, task) in enumerate(objects(path), 1):
        data = task.get("data", task)
        text = _text(data, path, line)
        given = data.get("document_id", task.get("id", task.get("inner_id")))
        id_ = f"{path.stem}-{number:05}" if given is None else str(given)
        if id_ in seen:
            raise InputError(f"task id {id_!r} comes a second time", path=path, line=line)
        seen.add(id_)
        place = Place(path, line, text, unit)
        own = number if given is None else None
        layers = Annotations(_entities(task, place, layer or "annotations", report))
        yield Record(id_, text, layers, number=own)


def _text(data: Any, path: Path, line: int) -> str:
    if isinstance(data, Mapping):
        for value in (data.get("text"), *data.values()):
            if isinstance(value, str):
                return value
    raise InputError('has no "data" with a text', path=path, line=line)


def _entities(
    task: Mapping[str, Any], place: Place, layer: str, report: Counter[str]
) -> tuple[Entity, ...] | None:
    if "data" not in task:  # JSON_MIN: the regions of each control tag, as lists of their own
        lists = [v for v in task.values() if isinstance(v, list) and _are_regions(v)]
        if not any(lists) and "annotation_id" not in task:
            return None
        return tuple(_region(item, place) for items in lists for item in items)
    candidates = task.get(layer) or []
    if not isinstance(candidates, list) or not all(isinstance(c, Mapping) for c in candidates):
        raise place.error(f'"{layer}" is no list of objects')
    done = [item for item in candidates if not item.get("was_cancelled")]
    if len(done) < len(candidates):
        report["cancelled annotations: left out"] += len(candidates) - len(done)
    if len(done) > 1:
        report[f"further {layer} of a task (the first is read)"] += len(done) - 1
    return None if not done else tuple(_results(done[0], place, report))


def _results(annotation: Mapping[str, Any], place: Place, report: Counter[str]) -> Iterator[Entity]:
    results = annotation.get("result", [])
    if not isinstance(results, list) or not all(isinstance(item, Mapping) for item in results):
        raise place.error('"result" is no list of objects')
    for item in results:
        if item.get("type") not in _ENTITY:
            report[f"results of type {item.get('type')!r}: left out"] += 1
        elif isinstance(item.get("value"), Mapping):
            yield _region(item["value"], place, item.get("score"))
        else:
            raise place.error(f"a result's value is {item.get('value')!r}, expected an object")


def _are_regions(items: list[Any]) -> bool:
    return all(isinstance(item, Mapping) and "start" in item and "end" in item for item in items)


def _region(value: Mapping[str, Any], place: Place, score: Any = None) -> Entity:
    labels = next((value[key] for key in _ENTITY if key in value), None)
    if not isinstance(labels, list) or len(labels) != 1:
        raise place.error(f"a region's labels are {labels!r}, expected exactly one")
    return place.entity(
        value.get("start"), value.get("end"), labels[0], said=value.get("text"), score=score
    )


def write(path: str | Path, records: Iterable[Record], *, report: Counter[str]) -> int:
    """Write a JSON array of tasks; entities under `annotations`, or `predictions` with scores.

    The control tag is called `label`, the text `text`. `report` counts what is left out.
    """
    count = 0
    with atomic_writer(path) as handle:
        handle.write("[")
        for record in records:
            if record.text is None:
                raise InputError(f"document {record.id!r} has no text to write", path=path)
            count_losses(record, report, holds=("entities", "overlaps", "scores", "absent"))
            task: dict[str, Any] = {"data": {"text": record.text, "document_id": record.id}}
            if record.annotations.entities is not None:
                results = [
                    _result(entity, index, record.text)
                    for index, entity in enumerate(record.annotations.entities)
                ]
                task["annotations"] = [{"result": results, "was_cancelled": False}]
            handle.write((",\n" if count else "\n") + json.dumps(task, ensure_ascii=False))
            count += 1
        handle.write("\n]\n")
    return count


def _result(entity: Entity, index: int, text: str) -> dict[str, Any]:
    return {
        "id": f"e{index}",
        "from_name": "label",
        "to_name": "text",
        "type": "labels",
        "value": {
            "start": entity.start,
            "end": entity.end,
            "text": text[entity.start : entity.end],
            "labels": [entity.label],
        },
    } | ({} if entity.score is None else {"score": entity.score})
