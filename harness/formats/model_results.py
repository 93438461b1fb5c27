"""Results of models and analysers: for each document a list of objects with `start` and `end`.

They are an array of arrays, an array a line, objects with such a list and perhaps `text` and `id`
in them, or one list, which is one document. They hold no texts, or need not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from harness.coding import short
from harness.errors import InputError
from harness.formats.items import Where
from harness.formats.jsonstream import beginning, json_values
from harness.formats.sniff import Head

__all__ = ["ResultList", "first_results", "results_of"]

_LISTS = ("entities", "results", "predictions", "output")
_SOME = 50


class ResultList(NamedTuple):
    """What is said of one document."""

    id: object
    text: object
    items: list[Any]
    name: str
    """What the list is called in the file."""


def first_results(head: Head) -> list[Mapping[str, Any]]:
    """The first item of each of the first lists of a file; of what is no such file, none."""
    found = []
    values = [head.value] if head.value else beginning(head.path, _SOME) if head.start else []
    for value in values:
        items = value if isinstance(value, list) else _list_in(value)[1]
        if items is None:
            items = [value]
        found += [item for item in items[:1] if isinstance(item, Mapping)]
    return found


def _list_in(value: object) -> tuple[str, list[Any] | None]:
    for name in _LISTS if isinstance(value, Mapping) else ():
        assert isinstance(value, Mapping)
        if isinstance(value.get(name), list):
            return name, value[name]
    return "", None


def results_of(path: Path, marks: Collection[str]) -> Iterator[tuple[int, ResultList]]:
    """Stream `(line, result)`; an object with one of the `marks` is an item of the only document.

    Raises `InputError` with the line for anything else, and as `json_values` does.
    """
    alone: list[Any] = []
    first = 0
    many = False
    for line, value in json_values(path):
        name, items = _list_in(value)
        if isinstance(value, list):
            name, items = "result", value
        if items is not None and not alone:
            many = True
            text, id_ = None, None
            if isinstance(value, Mapping):
                text, id_ = value.get("text"), value.get("id")
            yield line, ResultList(id_, text, items, name)
        elif isinstance(value, Mapping) and not many and any(mark in value for mark in marks):
            first = first or line
            alone.append(value)
        else:
            raise Where(path, line).error(
                f"found {short(value)}, expected a list of objects with one of: "
                f"{', '.join(sorted(marks))}",
                hint="one list a document, or a single list for the only document",
            )
    if alone:
        yield first, ResultList(None, None, alone, "result")
    elif not many:
        raise InputError("the file holds no document", path=path)
