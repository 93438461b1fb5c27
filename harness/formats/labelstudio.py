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

from harness.annotation import Entity, Record
from harness.coding import short
from harness.errors import UsageError
from harness.formats.files import atomic_writer
from harness.formats.items import Where
from harness.formats.losses import Losses, writable
from harness.formats.sniff import Head
from harness.formats.tools import Example, as_unit, records

__all__ = ["HOLDS", "matches", "read", "write"]

HOLDS = "entities with scores"
_ENTITY = ("labels", "hypertextlabels")


def matches(head: Head) -> bool:
    if isinstance(head.value.get("data"), Mapping) or (head.start == "[" and not head.value):
        return True
    return any(
        _are_regions([item]) and isinstance(item.get("labels"), list)
        for items in head.value.values()
        for item in head.first(items)
    )


def read(
    path: str | Path,
    *,
    offsets: str | None = None,
    layer: str | None = None,
    losses: Losses | None = None,
) -> Iterator[Record]:
    """Stream the tasks. Raises as `tools.records` does.

    A task without annotations has no entity layer; one annotated with nothing has an empty one.
    """
    if layer not in (None, "annotations", "predictions"):
        raise UsageError(f"layer {layer!r}, expected annotations or predictions")
    losses = Losses() if losses is None else losses

    def example(task: Mapping[str, Any], where: Where) -> Example:
        data = task.get("data", task)
        text = _text(data, where)
        id_ = data.get("document_id", task.get("id", task.get("inner_id")))
        return Example(id_, text, _regions(task, where, layer or "annotations", losses), "regions")

    return records(path, example, as_unit(offsets))


def _text(data: Any, where: Where) -> str:
    if isinstance(data, Mapping):
        for value in (data.get("text"), *data.values()):
            if isinstance(value, str):
                return value
    raise where.error('has no "data" with a text')


def _regions(
    task: Mapping[str, Any], where: Where, layer: str, losses: Counter[str]
) -> list[Any] | None:
    if "data" not in task:  # JSON_MIN: the regions of each control tag, as lists of their own
        lists = [v for v in task.values() if isinstance(v, list) and _are_regions(v)]
        if not any(lists) and "annotation_id" not in task:
            return None
        return [_region(item, where) for items in lists for item in items]
    candidates = task.get(layer) or []
    if not isinstance(candidates, list) or not all(isinstance(c, Mapping) for c in candidates):
        raise where.error(f'"{layer}" is no list of objects')
    done = [item for item in candidates if not item.get("was_cancelled")]
    if len(done) < len(candidates):
        losses["cancelled annotations: left out"] += len(candidates) - len(done)
    if len(done) > 1:
        losses[f"further {layer} of a task (the first is read)"] += len(done) - 1
    return None if not done else list(_results(done[0], where, losses))


def _results(annotation: Mapping[str, Any], where: Where, losses: Counter[str]) -> Iterator[Any]:
    results = annotation.get("result", [])
    if not isinstance(results, list) or not all(isinstance(item, Mapping) for item in results):
        raise where.error('"result" is no list of objects')
    for item in results:
        if item.get("type") not in _ENTITY:
            losses[f"results of type {item.get('type')!r}: left out"] += 1
        elif isinstance(item.get("value"), Mapping):
            yield _region(item["value"], where, item.get("score"))
        else:
            raise where.error(f"a result's value is {item.get('value')!r}, expected an object")


def _are_regions(items: list[Any]) -> bool:
    return all(isinstance(item, Mapping) and "start" in item and "end" in item for item in items)


def _region(value: Mapping[str, Any], where: Where, score: Any = None) -> dict[str, Any]:
    labels = next((value[key] for key in _ENTITY if key in value), None)
    if not isinstance(labels, list) or len(labels) != 1:
        raise where.error(f"a region's labels are {short(labels)}, expected exactly one")
    region = {key: value.get(key) for key in ("start", "end", "text")}
    return region | {"label": labels[0], "score": score}


def write(path: str | Path, records: Iterable[Record], *, losses: Counter[str]) -> int:
    """Write a JSON array of tasks; entities under `annotations`, or `predictions` with scores.

    The control tag is called `label`, the text `text`. `losses` counts what is left out.
    """
    pairs = writable(records, path, losses, ("entities", "scores", "overlaps", "absent"))
    count = 0
    with atomic_writer(path) as handle:
        handle.write("[")
        for record, text in pairs:
            task: dict[str, Any] = {"data": {"text": text, "document_id": record.id}}
            if record.annotations.entities is not None:
                results = [
                    _result(entity, index, text)
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
