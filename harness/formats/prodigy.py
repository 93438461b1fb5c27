"""Prodigy's JSON lines: `text`, `spans` with `start`, `end`, `label`, and an `answer`.

Only accepted examples are read. Prodigy gives no document ids: `id` or `meta.id` is taken where
there is one, else examples are numbered.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.annotation import Annotations, Record
from harness.errors import InputError
from harness.formats.files import atomic_writer
from harness.formats.jsonstream import Place, objects
from harness.formats.losses import count_losses

__all__ = ["read", "write"]


def read(path: str | Path, *, report: Counter[str] | None = None) -> Iterator[Record]:
    """Stream the accepted examples. Raises as `objects` does, and for spans that do not fit."""
    path = Path(path)
    report = Counter() if report is None else report
    seen: set[str] = set()
    for number, (line, value) in enumerate(objects(path), 1):
        answer = value.get("answer", "accept")
        if answer != "accept":
            report[f"examples answered {answer!r}: left out"] += 1
            continue
        text = value.get("text")
        if not isinstance(text, str):
            raise InputError('has no "text", or one that is no string', path=path, line=line)
        if value.get("relations"):
            report["relations: left out"] += len(value["relations"])
        given = _id(value)
        id_ = given or f"{path.stem}-{number:05}"
        if id_ in seen:
            raise InputError(f"document id {id_!r} comes a second time", path=path, line=line)
        seen.add(id_)
        layers = Annotations(_entities(value, Place(path, line, text)))
        yield Record(id_, text, layers, number=None if given else number)


def _id(value: Mapping[str, Any]) -> str:
    meta = value.get("meta")
    for given in (value.get("id"), meta.get("id") if isinstance(meta, Mapping) else None):
        if isinstance(given, (str, int)) and not isinstance(given, bool) and given != "":
            return str(given)
    return ""


def _entities(value: Mapping[str, Any], place: Place) -> tuple[Any, ...] | None:
    spans = value.get("spans")
    if spans is None:
        return () if "answer" in value else None
    if not isinstance(spans, list) or not all(isinstance(span, Mapping) for span in spans):
        raise place.error(f'"spans" is {spans!r}, expected a list of objects')
    return tuple(
        place.entity(
            span.get("start"),
            span.get("end"),
            span.get("label"),
            said=span.get("text"),
            score=span.get("score"),
        )
        for span in spans
    )


def write(path: str | Path, records: Iterable[Record], *, report: Counter[str]) -> int:
    """Write one accepted example a line, its id under `meta`; `report` counts what is left out."""
    count = 0
    with atomic_writer(path) as handle:
        for record in records:
            if record.text is None:
                raise InputError(f"document {record.id!r} has no text to write", path=path)
            count_losses(record, report, holds=("entities", "scores", "overlaps", "absent"))
            value: dict[str, Any] = {"text": record.text, "meta": {"id": record.id}}
            if record.annotations.entities is not None:
                value["spans"] = [
                    {"start": entity.start, "end": entity.end, "label": entity.label}
                    | ({} if entity.score is None else {"score": entity.score})
                    for entity in record.annotations.entities
                ]
                value["answer"] = "accept"
            handle.write(json.dumps(value, ensure_ascii=False) + "\n")
            count += 1
    return count
