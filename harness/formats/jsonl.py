"""The project's own JSON lines: one document a line, UTF-8, for predictions and interchange.

    {"id": "a", "text": "...", "entities": [{"start": 0, "end": 4, "label": "ORG"}],
     "attributions": [{"kind": "direct", "source": {"start": 0, "end": 4}, "cue": null,
                       "content": [{"start": 9, "end": 20}], "speaker": "Jane Roe"}]}

`text` may be left out where a corpus with that id is given. `doc` is read as `id`. A span may
carry `"text"`, which is then checked against the document. A layer that is absent was not
annotated; `[]` was annotated and is empty. `"tokens": [[0, 4], ...]` are the offsets of the tokens
that the document's file had; scores of tokens alone use them. `"metadata": {"genre": "news", ...}`
is what else is known of the document: strings, numbers, true and false, by which scores are sliced.
Keys that are not known are counted, as is metadata that is a list or an object.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.annotation import Annotations, Attribution, Entity, Record
from harness.coding import short
from harness.errors import InputError
from harness.formats import hints
from harness.formats.files import atomic_writer
from harness.formats.items import NO_LIMIT, Decoder, Sink, Where, half_character
from harness.formats.jsonstream import json_lines, no_document, parse_line
from harness.formats.losses import Losses
from harness.formats.metadata import metadata_of
from harness.formats.multi import annotators_of, is_multi, read_annotator
from harness.formats.options import AnnotatorOption
from harness.formats.sniff import Head
from harness.spill import Sorter
from harness.tasks.registry import layer_names, task_for_layer

__all__ = [
    "EXAMPLE",
    "HOLDS",
    "LEAVES_OUT",
    "LOSES",
    "SUFFIXES",
    "annotations_from_json",
    "annotations_to_json",
    "annotators",
    "check_said",
    "dumps",
    "entity_to_json",
    "matches",
    "read",
    "read_lines",
    "read_some",
    "record_from_json",
    "record_to_json",
    "write",
]


_NOWHERE = Where()
_ID = re.compile(rb'\{"id": ?"([^"\\]+)"')
"""The beginning of a line that says its id, without escapes."""
_ONCE = ("id", "entities", "attributions", "ignore", "tokens", "error", "metadata")
_KEYS_IN_BYTES = tuple(f'"{key}"'.encode() for key in _ONCE)
_OF_ENTITIES = frozenset({"start", "end", "label", "score", "text", "fragments"})
_HELD_IDS = 1 << 13
"""Documents of whose ids the second of a kind is found at once; of more, at the end of the file."""
_MOST_MESSAGES = 20
"""More kinds of losses are not told apart by the names of keys."""
HOLDS = "everything"
LOSES = ""
EXAMPLE = """\
{"id": "a", "text": "NATO left", "entities": [{"start": 0, "end": 4, "label": "ORG"}]}
{"id": "b", "text": "It rains", "entities": []}
"""
LEAVES_OUT = True
SUFFIXES = (".jsonl",)
_NAMED = {"id", "doc", "text"}
_KEYS = {*_NAMED, "ignore", "tokens", "error", "annotator", "metadata"}


def matches(head: Head) -> bool:
    """An object with a layer, a list; or one that has none, if all its keys are of this format."""
    value = head.value
    if any(isinstance(value.get(name), list) for name in layer_names()):
        return True
    return bool(_NAMED & value.keys()) and value.keys() <= {*_KEYS, *layer_names()}


def annotators(path: str | Path) -> tuple[str, ...]:
    """Who is named on the lines, in order of appearance."""
    return annotators_of(Path(path), record_from_json) if is_multi(path) else ()


def read(
    path: str | Path,
    *,
    annotator: AnnotatorOption = None,
    losses: Losses | None = None,
) -> Iterator[Record]:
    """Stream the records of a JSON-lines file; one without id is numbered.

    Where lines name several annotators, those of `annotator` are read, else for each document the
    first's; the others are counted in `losses`.

    Raises `InputError` for a directory, an empty file, bytes that are not UTF-8, broken JSON, and
    a document id that comes twice; `AnnotationError` for spans that do not fit. Each names the
    line. Blank lines are allowed. In a file of more than 8,192 documents an id that comes twice is
    found once all are read, unless faulty documents are left out.
    """
    path = Path(path)
    losses = Losses() if losses is None else losses
    if annotator is not None or is_multi(path):
        return read_annotator(path, annotator, record_from_json, losses)
    return _read(path, losses)


def _read(path: Path, losses: Losses) -> Iterator[Record]:
    seen: set[int] = set()  # Hashes: the ids of a long file would not fit into flat memory.
    others: Sorter | None = None
    found = False
    for number, record in read_lines(path, losses):
        key = hash(record.id)
        found = True
        if others is not None:
            others.add(key.to_bytes(8, "big", signed=True))
        elif key in seen:
            if error := _twin(path, {key}, number):
                losses.fault(error, "documents")
                continue
        else:
            seen.add(key)
            if len(seen) == _HELD_IDS and losses.faulty == "refuse":
                others = Sorter(8)
                for one in seen:
                    others.add(one.to_bytes(8, "big", signed=True))
                seen.clear()
        yield record
    if others is not None and (error := _twin(path, _twice(others))):
        raise error
    if not found and not losses.faults:
        raise no_document(path)


def _twice(keys: Iterable[bytes]) -> set[int]:
    """Those of sorted keys that come more than once."""
    return {int.from_bytes(one, signed=True) for one, other in pairwise(keys) if one == other}


def _twin(path: Path, keys: Container[int], line: int | None = None) -> InputError | None:
    """The error about the document on a line (else the first one) whose id, with one of these
    hashes, has come before; `None`: it has not, there are two ids with one hash."""
    if not keys:
        return None
    lines: dict[str, int] = {}
    for number, record in read_lines(path, Losses("leave-out")):
        if hash(record.id) in keys:
            first = lines.setdefault(record.id, number)
            if first < number and line in (None, number):
                return InputError(
                    f"document id {record.id!r} comes a second time (first on line {first})",
                    path=path,
                    line=number,
                    hint="give every document an id of its own",
                )
        if number == line:
            return None
    return None


def read_lines(path: Path, losses: Losses | None = None) -> Iterator[tuple[int, Record]]:
    """Stream `(line number, record)` without the check for duplicate ids."""
    plain_record = _plain().plain_record
    losses = Losses() if losses is None else losses
    is_plain = True  # Where one line is not, the others will hardly be.
    for count, (number, line) in enumerate(json_lines(path), 1):
        # Parsers take the last of two keys; where there may be two, all of them are looked at.
        plain = is_plain and line.count(b'"entities"') == line.count(b'"id"') == 1
        record = plain_record(line) if plain else None
        is_plain = record is not None
        if record is None:
            try:
                repeats = any(line.count(key) > 1 for key in _KEYS_IN_BYTES)
                value = parse_line(line, path, number, keys_once=repeats)
                record = record_from_json(value, path=path, line=number, place=count, losses=losses)
            except InputError as error:
                losses.fault(error, "documents")
                continue
        yield number, record


def read_some(path: str | Path, has: Callable[[bytes], bool] | None) -> Iterator[Record | None]:
    """Stream a record a line; `None` for one whose id begins the line and of whose UTF-8 `has` says
    no: nothing else of it is looked at, but whether a key might be spelt with escapes and come
    again. For a file that `read` has read without a fault."""
    plain_record = _plain().plain_record
    path, losses = Path(path), Losses()
    for count, (number, line) in enumerate(json_lines(path), 1):
        said = None if has is None else _ID.match(line)
        if said is not None and has is not None and b"\\u00" not in line and not has(said[1]):
            yield None
            continue
        record = plain_record(line)
        if record is None:
            value = parse_line(line, path, number)
            record = record_from_json(value, path=path, line=number, place=count, losses=losses)
        yield record


def check_said(path: str | Path, texts: Mapping[str, str]) -> None:
    """Hold what spans say of themselves (`"text"`) against `texts`, by document id.

    For files that leave the documents' texts out: `read` cannot check them. Raises
    `AnnotationError` for the first that differs.
    """
    path = Path(path)
    for number, line in json_lines(path):
        if b'"text"' not in line:
            continue
        value = parse_line(line, path, number)
        text = texts.get(value.get("id", value.get("doc")))
        if text is not None and value.get("text") is None:
            record_from_json({**value, "text": text}, path=path, line=number)


def record_from_json(
    value: Any,
    *,
    path: str | Path | None = None,
    line: int | None = None,
    place: int | None = None,
    losses: Losses | None = None,
) -> Record:
    """A record from a decoded JSON object; see the module's docstring for its keys.

    One without id is called after the file and its `place` in it, where there is a place.
    """
    where = Where(path, line)
    losses = Losses() if losses is None else losses
    if not isinstance(value, Mapping):
        raise where.error(f"found {_kind_of(value)}, expected a JSON object")
    _count_keys("documents", value, _known_keys(), losses)
    items = value.get("entities")
    for item in items if isinstance(items, list) else ():
        if isinstance(item, Mapping):
            _count_keys("entities", item, _OF_ENTITIES, losses)
    id_ = value.get("id", value.get("doc"))
    number = None
    if type(id_) is int:
        id_ = str(id_)
    elif id_ is None and place is not None:
        id_, number = f"{Path(path or 'document').stem}-{place:05}", place
    if not isinstance(id_, str) or not id_:
        raise where.error(
            f'"id" is {short(id_)}, expected a non-empty string',
            hint='every document needs an "id"',
        )
    text = value.get("text")
    if text is not None and not isinstance(text, str):
        raise where.error(f'"text" is {_kind_of(text)}, expected a string')
    for name, string in (("id", id_), ("text", text)):
        problem = None if string is None else half_character(string)
        if problem:
            raise where.error(f'"{name}" {problem}', hint=hints.HALF)
    error = value.get("error")
    if error is not None and not isinstance(error, str):
        raise where.error(f'"error" is {_kind_of(error)}, expected a string')
    regions = _items(value, "ignore", where)
    sink = where.sink(losses)
    ignore = Decoder(text, sink).spans(regions, "ignore") if regions else ()
    layers = annotations_from_json(value, text, where, sink)
    tokens, metadata = _tokens(value, text, where), _metadata(value, where, losses)
    return Record(id_, text, layers, ignore, error, number, tokens, metadata=metadata)


@cache
def _plain() -> ModuleType:
    from harness.formats import plain  # Late: workers have no need of it.

    return plain


@cache
def _known_keys() -> frozenset[str]:
    return frozenset({*_KEYS, *layer_names()})


def _count_keys(what: str, value: Mapping[str, Any], known: frozenset[str], losses: Losses) -> None:
    """Count the keys that are not read; a misspelt one is among them."""
    if value.keys() <= known:
        return
    for key in value.keys() - known:
        message = f"key {short(key)} of {what}: not read"
        full = len(losses) >= _MOST_MESSAGES and message not in losses
        losses[f"further keys of {what}: not read" if full else message] += 1


def _tokens(
    value: Mapping[str, Any], text: str | None, where: Where
) -> tuple[tuple[int, int], ...] | None:
    """Pairs of offsets, in order and apart; a token may be empty, as in the columns of a table."""
    pairs = _items(value, "tokens", where)
    if pairs is None:
        return None
    limit = NO_LIMIT if text is None else len(text)
    at = 0
    for i, pair in enumerate(pairs):
        if not (
            isinstance(pair, list)
            and [type(offset) for offset in pair] == [int, int]
            and at <= pair[0] <= pair[1] <= limit
        ):
            end = "" if text is None else f" and not after the text's end, {limit}"
            raise where.error(
                f"tokens[{i}]: found {short(pair)}, expected [start, end]: integers, not before "
                f"{at}{end}",
                hint="tokens are half-open code points into the text, ascending, without overlap",
            )
        at = pair[1]
    return tuple((start, end) for start, end in pairs)


def _metadata(value: Mapping[str, Any], where: Where, losses: Losses) -> Mapping[str, str] | None:
    """What else is known of a document; numbers, true and false as they are spelt in JSON."""
    given = value.get("metadata")
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise where.error(f'"metadata" is {_kind_of(given)}, expected an object')
    try:
        return metadata_of(given, losses)
    except ValueError as error:
        raise where.error(f'"metadata": {error}') from None


def annotations_from_json(
    value: Mapping[str, Any], text: str | None, where: Where = _NOWHERE, sink: Sink | None = None
) -> Annotations:
    """The layers of a decoded JSON object, checked against `text` where it is known."""
    decoder = Decoder(text, sink or where.refuse)
    annotations = Annotations()
    for name in layer_names():
        items = _items(value, name, where)
        if items is not None:
            annotations = annotations.with_layer(name, decoder.layer(items, name))
    return annotations


def record_to_json(record: Record) -> dict[str, Any]:
    """The JSON object of a record; keys whose value is absent are left out."""
    out: dict[str, Any] = {"id": record.id}
    if record.text is not None:
        out["text"] = record.text
    out.update(annotations_to_json(record.annotations))
    if record.ignore:
        out["ignore"] = [_span_json(span) for span in record.ignore]
    if record.tokens is not None:
        out["tokens"] = [list(token) for token in record.tokens]
    if record.metadata is not None:
        out["metadata"] = dict(record.metadata)
    if record.error is not None:
        out["error"] = record.error
    return out


def annotations_to_json(annotations: Annotations) -> dict[str, Any]:
    """Every layer as JSON; one that was not annotated is left out."""
    out: dict[str, Any] = {}
    if annotations.entities is not None:
        out["entities"] = [entity_to_json(entity) for entity in annotations.entities]
    if annotations.attributions is not None:
        out["attributions"] = [_attribution_json(item) for item in annotations.attributions]
    for name, items in annotations.others.items():
        task = task_for_layer(name)
        assert task is not None, name
        out[name] = [task.encode(item) for item in items]
    return out


_dumps = json.JSONEncoder(ensure_ascii=False).encode


def dumps(record: Record) -> str:
    """One line, without its newline."""
    line = _plain().plain_line(record)
    return _dumps(record_to_json(record)) if line is None else line


def write(
    path: str | Path, records: Iterable[Record], *, losses: Counter[str] | None = None
) -> int:
    """Write records one a line, whole or not at all; returns how many were written."""
    count = 0
    with atomic_writer(path) as handle:
        for record in records:
            handle.write(dumps(record) + "\n")
            count += 1
    return count


def _items(value: Mapping[str, Any], key: str, where: Where) -> list[Any] | None:
    items = value.get(key)
    if items is not None and not isinstance(items, list):
        raise where.error(f'"{key}" is {_kind_of(items)}, expected a list')
    return items


def _span_json(span: tuple[int, int]) -> dict[str, int]:
    return {"start": span[0], "end": span[1]}


def entity_to_json(entity: Entity) -> dict[str, Any]:
    """An entity as JSON; a score that it does not have is left out."""
    out: dict[str, Any] = {"start": entity.start, "end": entity.end, "label": entity.label}
    if entity.fragments:
        out["fragments"] = [_span_json(part) for part in entity.fragments]
    if entity.score is not None:
        out["score"] = entity.score
    return out


def _attribution_json(item: Attribution) -> dict[str, Any]:
    return {
        "kind": item.kind,
        "source": None if item.source is None else _span_json(item.source),
        "cue": None if item.cue is None else _span_json(item.cue),
        "content": [_span_json(part) for part in item.content],
        "speaker": item.speaker,
    }


def _kind_of(value: Any) -> str:
    if value is None:
        return "null"
    names = {str: "a string", bool: "a boolean", list: "a list", dict: "an object"}
    return names.get(type(value), f"the {type(value).__name__} {short(value)}")
