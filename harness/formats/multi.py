"""JSON lines with several annotators in one file: as `harness.formats.jsonl`, plus a name.

{"id": "a", "annotator": "first", "text": "...", "attributions": [...]}
{"id": "a", "annotator": "second", "text": "...", "attributions": [...]}
"""

from __future__ import annotations

import json
from pathlib import Path

from harness.annotation import Record
from harness.errors import InputError
from harness.formats.jsonl import read_lines

__all__ = ["is_multi", "read_multi"]


def read_multi(path: str | Path) -> dict[str, list[Record]]:
    """Annotator -> their records, both in the order of the file.

    An annotator need not have labelled every document. Raises what reading JSON lines raises, and
    `InputError` for a line that names no annotator, for a document that one annotator has twice,
    and for a document whose text is not the same on every line that gives one.
    """
    path = Path(path)
    records = dict(read_lines(path))
    if not records:
        raise InputError(
            "the file holds no document", path=path, hint="expected one JSON object per line"
        )
    found: dict[str, dict[str, Record]] = {}
    texts: dict[str, tuple[int, str]] = {}
    with path.open("rb") as handle:
        for number, line in enumerate(handle, 1):
            if number not in records:
                continue
            record, annotator = records[number], json.loads(line).get("annotator")
            if not isinstance(annotator, str) or not annotator:
                raise InputError(
                    f'"annotator" is {annotator!r}, expected a non-empty string',
                    path=path,
                    line=number,
                    hint="with one annotator a file, give several files",
                )
            if record.id in found.setdefault(annotator, {}):
                raise InputError(
                    f"annotator {annotator!r} has document {record.id!r} a second time",
                    path=path,
                    line=number,
                )
            found[annotator][record.id] = record
            if record.text is not None:
                first, text = texts.setdefault(record.id, (number, record.text))
                if text != record.text:
                    raise InputError(
                        f"the text of document {record.id!r} is not that of line {first}",
                        path=path,
                        line=number,
                        hint="annotators must label the very same text, or offsets mean nothing",
                    )
    return {annotator: list(by_id.values()) for annotator, by_id in found.items()}


def is_multi(path: str | Path) -> bool:
    """Whether the first line of a file is a JSON object that names its annotator."""
    path = Path(path)
    if not path.is_file():
        return False
    with path.open("rb") as handle:
        first = next((line for line in handle if line.strip()), b"")
    try:
        value = json.loads(first)
    except ValueError:
        return False
    return isinstance(value, dict) and isinstance(value.get("annotator"), str)
