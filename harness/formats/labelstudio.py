"""Label Studio's JSON: tasks with `data` and `annotations`, or the short form JSON_MIN.

    [{"id": 1, "data": {"text": "Ada left"}, "annotations": [{"completed_by": 1, "result": [
      {"type": "labels", "to_name": "text", "value": {"start": 0, "end": 3, "labels": ["PER"]}}]}]}]

Defined at labelstud.io/guide/export. The text is the string of `data` that regions name by
`to_name`, else `text`, else the only one. Of several annotations of a task the one marked as ground
truth is read, else the first that was not cancelled; `layer="predictions"` reads a task's
predictions instead. Offsets are code points, UTF-16 units in exports before 2022 (its issue 1008):
a region's own `text` tells, else `offsets` must.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from harness.annotation import Entity, Record
from harness.coding import short
from harness.errors import UsageError
from harness.formats.files import atomic_writer
from harness.formats.items import Where
from harness.formats.losses import Losses, writable
from harness.formats.options import AnnotatorOption, OffsetsOption
from harness.formats.sniff import Head
from harness.formats.studio import (
    are_regions,
    has_results,
    labellings_of,
    labels_spans,
    text_key_of,
)
from harness.formats.tools import Example, records, who_labels
from harness.formats.units import as_unit
from harness.options import Flag

__all__ = ["EXAMPLE", "HOLDS", "LEAVES_OUT", "LOSES", "annotators", "matches", "read", "settle"]
__all__ += ["write"]

HOLDS = "entities with scores"
LOSES = "other annotations of a task, predictions, drafts, relations, choices, regions of HTML"
EXAMPLE = """\
[{"id": 1, "data": {"text": "NATO left"}, "annotations": [{"result": [{"type": "labels",
  "to_name": "text", "value": {"start": 0, "end": 4, "labels": ["ORG"]}}]}]}]
"""
LEAVES_OUT = True

_LayerOption = Annotated[
    str | None,
    Flag("which labels of a task are read", choices=("annotations", "predictions")),
]
_TextKeyOption = Annotated[str | None, Flag('the key of "data" that holds the text', metavar="KEY")]


def matches(head: Head) -> bool:
    """Tasks with `data`, or lists of regions."""
    if isinstance(head.value.get("data"), Mapping):
        return True
    if has_results(head.value.get("annotations")) or has_results(head.value.get("completions")):
        return True
    return any(
        are_regions([item]) and isinstance(item.get("labels"), list)
        for items in head.value.values()
        for item in head.first(items)
    )


def read(
    path: str | Path,
    *,
    offsets: OffsetsOption = None,
    layer: _LayerOption = None,
    annotator: AnnotatorOption = None,
    text_key: _TextKeyOption = None,
    losses: Losses | None = None,
) -> Iterator[Record]:
    """Stream the tasks. Raises as `tools.records` does, and where no one string is the text.

    A task without annotations has no entity layer; one annotated with nothing has an empty one. A
    region with several labels is as many entities. Whoever completed an annotation is called by
    e-mail address, else by number; a prediction is called after its model.
    """
    losses = Losses() if losses is None else losses
    key = text_key or text_key_of(Path(path))
    example = _example(key, layer, losses, spans=labels_spans(Path(path)))
    return records(path, example, as_unit(offsets), annotator=annotator, losses=losses)


def settle(path: str | Path, *, text_key: _TextKeyOption = None) -> dict[str, Any]:
    """The key of the text as `read` would find it out, where it is not `text`."""
    key = text_key or text_key_of(Path(path))
    return {} if key == "text" else {"text_key": key}


def annotators(path: str | Path, *, layer: _LayerOption = None) -> tuple[str, ...]:
    """Who labelled anything, in order of appearance."""
    return who_labels(path, _example("", layer, Losses()))


def _example(key: str, layer: str | None, losses: Losses, *, spans: bool = True) -> Any:
    if layer not in (None, "annotations", "predictions"):
        raise UsageError(f"layer {layer!r}, expected annotations or predictions")

    def example(task: Mapping[str, Any], where: Where) -> Example:
        data = task.get("data", task)
        if not isinstance(data, Mapping):
            raise where.error(f'"data" is {short(data)}, expected an object')
        if key and not isinstance(data.get(key), str):
            raise where.error(f'has no "data" with a text: "{key}" is {short(data.get(key))}')
        id_ = data.get("document_id", task.get("id", task.get("inner_id")))
        labellings = labellings_of(task, where, layer or "annotations", key, losses)
        if labellings and not spans:
            losses["documents of a project that labels no spans: no entity layer"] += 1
            labellings = []
        return Example(id_, data.get(key), labellings, "regions")

    return example


def write(path: str | Path, records: Iterable[Record], *, losses: Counter[str]) -> int:
    """Write a JSON array of tasks; entities under `annotations`, with their scores.

    The control tag is called `label`, the text `text`. `losses` counts what is left out.
    """
    pairs = writable(records, path, losses, ("entities", "scores", "overlaps", "absent", "ids"))
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
