"""CLUENER2020: each label with its surface forms, and each of those with its places.

    {"text": "艾达离开奥斯陆", "label": {"name": {"艾达": [[0, 1]]}}}

Defined at github.com/CLUEbenchmark/CLUENER2020. One object a line; the last character of a place
belongs to it. Predictions are written without `text`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.annotation import Record
from harness.coding import short
from harness.formats.items import Where
from harness.formats.losses import Losses
from harness.formats.sniff import Head
from harness.formats.tools import Example, Labelling, records, write_each

__all__ = ["EXAMPLE", "HOLDS", "LEAVES_OUT", "LOSES", "matches", "read", "write"]

HOLDS = "entities, also overlapping ones, ids"
LOSES = "keys besides text, id and label"
EXAMPLE = '{"text": "NATO left", "label": {"organization": {"NATO": [[0, 3]]}}}\n'
LEAVES_OUT = True


def matches(head: Head) -> bool:
    labels = head.value.get("label")
    if not isinstance(labels, Mapping) or not labels:
        return False
    return all(
        isinstance(forms, Mapping)
        and all(isinstance(places, list) and _is_place(places[:1]) for places in forms.values())
        for forms in labels.values()
    )


def _is_place(places: list[Any]) -> bool:
    return all(isinstance(place, list) and len(place) == 2 for place in places)


def read(path: str | Path, *, losses: Losses | None = None) -> Iterator[Record]:
    """Stream the documents. One without `label` has no entity layer.

    Raises as `tools.records` does, and for a surface form that is not what stands at its place.
    """
    losses = Losses() if losses is None else losses

    def example(value: Mapping[str, Any], where: Where) -> Example:
        labels = value.get("label")
        items = None if labels is None else list(_items(labels, where))
        labelling = Labelling(None, lambda: items)
        return Example(value.get("id"), value.get("text"), [labelling], "label")

    return records(path, example, losses=losses, textless=True)


def _items(labels: object, where: Where) -> Iterator[dict[str, Any]]:
    for label, forms in _pairs(labels, '"label"', where):
        for form, places in _pairs(forms, f"label[{label!r}]", where):
            if not isinstance(places, list) or not _is_place(places):
                raise where.error(
                    f"label[{label!r}][{short(form)}] is {short(places)}, expected [[first, last]]"
                )
            for first, last in places:
                end = last + 1 if type(last) is int else last
                yield {"start": first, "end": end, "label": label, "text": form}


def _pairs(value: object, place: str, where: Where) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        raise where.error(f"{place} is {short(value)}, expected an object")
    return value.items()


def write(path: str | Path, records: Iterable[Record], *, losses: Losses) -> int:
    """Write an object a line; counts in `losses` what is left out."""
    return write_each(path, records, _line, losses, ("entities", "overlaps", "absent", "ids"))


def _line(record: Record, text: str) -> dict[str, Any]:
    line: dict[str, Any] = {"id": record.id, "text": text}
    if record.annotations.entities is None:
        return line
    labels: dict[str, dict[str, list[list[int]]]] = {}
    for entity in record.annotations.entities:
        forms = labels.setdefault(entity.label, {})
        place = [entity.start, entity.end - 1]
        forms.setdefault(text[entity.start : entity.end], []).append(place)
    return {**line, "label": labels}
