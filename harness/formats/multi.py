"""JSON lines with several annotators in one file: as `harness.formats.jsonl`, plus a name.

{"id": "a", "annotator": "first", "text": "...", "attributions": [...]}
{"id": "a", "annotator": "second", "text": "...", "attributions": [...]}
"""

from __future__ import annotations

from pathlib import Path

from harness.annotation import Record
from harness.coding import short
from harness.errors import InputError
from harness.formats.files import is_there
from harness.formats.hints import SAME_TEXT
from harness.formats.items import Where
from harness.formats.jsonl import record_from_json
from harness.formats.jsonstream import json_lines, no_document, parse_line

__all__ = ["is_multi", "read_multi"]


def read_multi(path: str | Path) -> dict[str, list[Record]]:
    """Annotator -> their records, both in the order of the file.

    An annotator need not have labelled every document. Raises what reading JSON lines raises, and
    `InputError` for a line that names no annotator, for a document that one annotator has twice,
    and for a document whose text is not the same on every line that gives one.
    """
    path = Path(path)
    by_annotator: dict[str, dict[str, Record]] = {}
    texts: dict[str, tuple[int, str]] = {}
    for number, line in json_lines(path):
        where = Where(path, number)
        value = parse_line(line, path, number)
        record = record_from_json(value, path=path, line=number)
        annotator = value.get("annotator")
        if not isinstance(annotator, str) or not annotator:
            raise where.error(
                f'"annotator" is {short(annotator)}, expected a non-empty string',
                hint="with one annotator a file, give several files",
            )
        own = by_annotator.setdefault(annotator, {})
        if record.id in own:
            raise where.error(f"annotator {annotator!r} has document {record.id!r} a second time")
        own[record.id] = record
        if record.text is not None:
            first, text = texts.setdefault(record.id, (number, record.text))
            if text != record.text:
                raise where.error(
                    f"the text of document {record.id!r} is not that of line {first}",
                    hint=SAME_TEXT,
                )
    if not by_annotator:
        raise no_document(path)
    return {annotator: list(by_id.values()) for annotator, by_id in by_annotator.items()}


def is_multi(path: str | Path) -> bool:
    """Whether the first line of a file is a JSON object that names its annotator."""
    path = Path(path)
    if not (is_there(path) and path.is_file()):
        return False
    try:
        value = next((parse_line(line, path, number) for number, line in json_lines(path)), None)
    except InputError:
        return False
    return isinstance(value, dict) and isinstance(value.get("annotator"), str)
