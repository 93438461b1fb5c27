"""JSON lines with several annotators in one file: as `harness.formats.jsonl`, plus a name.

{"id": "a", "annotator": "first", "text": "...", "attributions": [...]}
{"id": "a", "annotator": "second", "text": "...", "attributions": [...]}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from harness.annotation import Record
from harness.coding import short
from harness.errors import InputError
from harness.formats.files import is_there
from harness.formats.hints import FURTHER_ANNOTATORS, SAME_TEXT, no_annotator, not_labelled_by
from harness.formats.items import Where
from harness.formats.jsonstream import json_lines, no_document, parse_line
from harness.formats.losses import Losses

__all__ = ["annotators_of", "is_multi", "read_annotator"]


RecordReader: TypeAlias = Callable[..., Record]
"""Makes a record of a decoded line: `harness.formats.jsonl.record_from_json`."""


def annotators_of(path: Path, decode: RecordReader) -> tuple[str, ...]:
    """Every annotator whom a line names, in order of appearance. Raises what reading raises."""
    return tuple(dict.fromkeys(name for name, *_ in _labelled(path, decode, Losses("leave-out"))))


def read_annotator(
    path: Path, annotator: str | None, decode: RecordReader, losses: Losses
) -> Iterator[Record]:
    """The records of one annotator, in the order of the file; of nobody named, the first's of each
    document.

    An annotator need not have labelled every document. Raises what reading JSON lines raises, and
    `InputError` for a line that names no annotator, for a document that one annotator has twice,
    for a document whose text is not the same on every line that gives one, and for an annotator
    whom no line names.
    """
    known: dict[str, set[str]] = {}
    first: dict[str, str] = {}
    further = 0
    for name, record, line in _labelled(path, decode, losses):
        own = known.setdefault(name, set())
        if record.id in own:
            raise InputError(
                f"annotator {name!r} has document {record.id!r} a second time",
                path=path,
                line=line,
            )
        own.add(record.id)
        chosen = annotator or first.setdefault(record.id, name)
        if name == chosen:
            yield record
        elif annotator is None:
            further += 1
    if not known:
        raise no_document(path)
    if annotator is not None and annotator not in known:
        raise no_annotator(annotator, known, path)
    if annotator is not None and (others := set().union(*known.values()) - known[annotator]):
        losses[not_labelled_by(annotator)] += len(others)
    if further:
        losses[FURTHER_ANNOTATORS] += further


def _labelled(
    path: Path, decode: RecordReader, losses: Losses
) -> Iterator[tuple[str, Record, int]]:
    texts: dict[str, tuple[int, str]] = {}
    for number, line in json_lines(path):
        where = Where(path, number)
        value = parse_line(line, path, number)
        record = decode(value, path=path, line=number, losses=losses)
        annotator = value.get("annotator")
        if not isinstance(annotator, str) or not annotator:
            raise where.error(
                f'"annotator" is {short(annotator)}, expected a non-empty string',
                hint="with one annotator a file, give several files",
            )
        if record.text is not None:
            first, text = texts.setdefault(record.id, (number, record.text))
            if text != record.text:
                raise where.error(
                    f"the text of document {record.id!r} is not that of line {first}",
                    hint=SAME_TEXT,
                )
        yield annotator, record, number


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
