"""Prodigy's JSON lines: `text`, `spans` with `start`, `end`, `label`, and an `answer`.

    {"text": "Ada left", "spans": [{"start": 0, "end": 3, "label": "PER"}], "answer": "accept",
     "_session_id": "ner-ada", "_annotator_id": "ner-ada"}

Defined at prodi.gy/docs/api-interfaces. Only accepted examples are read. Prodigy gives no document
ids: `id` or `meta.id` is taken where there is one, else examples are numbered. One text that
several annotators or sessions have labelled is one document. Files of the same shape without
Prodigy's own keys are read as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from harness.annotation import Record, Span
from harness.coding import short
from harness.formats.items import Where
from harness.formats.jsonl import entity_to_json
from harness.formats.jsonstream import write_lines
from harness.formats.losses import Losses, writable
from harness.formats.options import AnnotatorOption
from harness.formats.sniff import Head
from harness.formats.tools import Example, Labelling, lose_items, records, who_labels
from harness.options import Flag

__all__ = ["EXAMPLE", "HOLDS", "LEAVES_OUT", "LOSES", "annotators", "matches", "read", "write"]

HOLDS = "entities with scores"
LOSES = "rejected and ignored examples, relations, other keys; labels of other annotators"
EXAMPLE = """\
{"text": "NATO left", "spans": [{"start": 0, "end": 4, "label": "ORG"}], "answer": "accept"}
{"text": "It rains", "spans": [], "answer": "accept"}
"""
LEAVES_OUT = True

_NOT_SPANS = ("classification", "choice", "text_input", "html")
"""Interfaces of Prodigy that ask for no span."""
_ONE_QUESTION = ("ner", "spans")
"""Those that ask whether one span is right."""

_IdsOption = Annotated[
    str | None,
    Flag("where the documents' ids are from: the file, or their number in it",
         choices=("file", "number")),
]  # fmt: skip


def matches(head: Head) -> bool:
    if "_input_hash" in head.value:
        return True
    spans = head.value.get("spans")
    if not isinstance(spans, list) or "text" not in head.value:
        return False
    return not spans or any({"start", "end"} <= item.keys() for item in head.first(spans))


def read(
    path: str | Path,
    *,
    annotator: AnnotatorOption = None,
    ids: _IdsOption = None,
    losses: Losses | None = None,
) -> Iterator[Record]:
    """Stream the accepted examples. Raises as `tools.records` does.

    An annotator is called as `_annotator_id` says, else as `_session_id`. Tokens are kept where
    they fit the text.
    """
    losses = Losses() if losses is None else losses
    return records(path, _example(losses, ids), annotator=annotator, losses=losses)


def annotators(path: str | Path) -> tuple[str, ...]:
    """Whose examples were accepted, in order of appearance."""
    return who_labels(path, _example(Losses(), None))


def _example(losses: Losses, ids: str | None) -> Any:
    def example(value: Mapping[str, Any], where: Where) -> Example:
        answer = value.get("answer", "accept")
        id_ = None if ids == "number" else _id(value)
        text, spans = value.get("text"), value.get("spans")
        if answer != "accept":
            losses[f"examples answered {short(answer)}: left out"] += 1
            return Example(id_, text, [Labelling(_annotator(value), list)], "spans", True)
        lose_items(value, "relations", "relations", where, losses)
        if value.get("_view_id") in _ONE_QUESTION:
            losses["examples of one question with yes or no: taken as labelled in full"] += 1
        if spans is None and "answer" in value and value.get("_view_id") not in _NOT_SPANS:
            spans = []
        if spans is not None and not isinstance(spans, list):
            raise where.error(f'"spans" is {short(spans)}, expected a list of objects')
        labelling = Labelling(_annotator(value), lambda: spans)
        return Example(id_, text, [labelling], "spans", tokens=_tokens(value, text, losses))

    return example


def _annotator(value: Mapping[str, Any]) -> str | None:
    for name in (value.get("_annotator_id"), value.get("_session_id")):
        if isinstance(name, (str, int)) and not isinstance(name, bool) and str(name):
            return str(name)
    return None


def _id(value: Mapping[str, Any]) -> str | int | None:
    meta = value.get("meta")
    for id_ in (value.get("id"), meta.get("id") if isinstance(meta, Mapping) else None):
        if isinstance(id_, (str, int)) and not isinstance(id_, bool) and id_ != "":
            return id_
    return None


def _tokens(value: Mapping[str, Any], text: object, losses: Losses) -> tuple[Span, ...] | None:
    """The offsets of `tokens`; none where they are not in order and apart, as is counted."""
    items = value.get("tokens")
    if items is None or not isinstance(text, str):
        return None
    tokens, at = [], 0
    for item in items if isinstance(items, list) else [None]:
        start, end = (item.get("start"), item.get("end")) if isinstance(item, Mapping) else (0, 0)
        if not (type(start) is type(end) is int and at <= start < end <= len(text)):
            losses["examples whose tokens do not fit the text: without tokens"] += 1
            return None
        tokens.append(Span(start, end))
        at = end
    return tuple(tokens)


def write(path: str | Path, records: Iterable[Record], *, losses: Counter[str]) -> int:
    """Write one accepted example a line, its id under `meta`; `losses` counts what is left out."""
    pairs = writable(
        records,
        path,
        losses,
        ("entities", "scores", "overlaps", "fragments", "absent", "ids"),
    )
    return write_lines(path, (_line(record, text) for record, text in pairs))


def _line(record: Record, text: str) -> dict[str, Any]:
    line: dict[str, Any] = {"text": text, "meta": {"id": record.id}}
    if record.annotations.entities is not None:
        line["spans"] = [entity_to_json(entity) for entity in record.annotations.entities]
        line["answer"] = "accept"
    return line
