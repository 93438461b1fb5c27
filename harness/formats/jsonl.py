"""The project's own JSON lines: one document a line, UTF-8, for predictions and interchange.

    {"id": "a", "text": "...", "entities": [{"start": 0, "end": 4, "label": "ORG"}],
     "attributions": [{"kind": "direct", "source": {"start": 0, "end": 4}, "cue": null,
                       "content": [{"start": 9, "end": 20}], "speaker": "Jane Roe"}]}

`text` may be left out where a corpus with that id is given. `doc` is read as `id`. A span may
carry `"text"`, which is then checked against the document. A layer that is absent was not
annotated; `[]` was annotated and is empty. `"tokens": [[0, 4], ...]` are the offsets of the tokens
that the document's file had; scores never use them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from harness.annotation import (
    KINDS,
    Annotations,
    Attribution,
    Entity,
    Kind,
    Record,
    Span,
    span_problems,
)
from harness.errors import AnnotationError, InputError

__all__ = [
    "annotations_from_json",
    "annotations_to_json",
    "check_said",
    "dumps",
    "parse",
    "read",
    "read_lines",
    "record_from_json",
    "record_to_json",
    "write",
]

_NO_LIMIT = 1 << 60


def read(path: str | Path) -> Iterator[Record]:
    """Stream the records of a JSON-lines file.

    Raises `InputError` for a directory, an empty file, bytes that are not UTF-8, broken JSON, and
    a document id that comes twice; `AnnotationError` for spans that do not fit. Each names the
    line. Blank lines are allowed.
    """
    path = Path(path)
    seen: set[int] = set()  # Hashes: the ids of a long file would not fit into flat memory.
    for number, record in read_lines(path):
        key = hash(record.id)
        if key in seen:
            _refuse_twin(path, record.id, number)
        seen.add(key)
        yield record
    if not seen:
        raise InputError(
            "the file holds no document", path=path, hint="expected one JSON object per line"
        )


def _refuse_twin(path: Path, id_: str, number: int) -> None:
    for first, record in read_lines(path):
        if first >= number:
            return  # Two ids with one hash.
        if record.id == id_:
            raise InputError(
                f"document id {id_!r} comes a second time (first on line {first})",
                path=path,
                line=number,
                hint="give every document an id of its own",
            )


def read_lines(path: Path) -> Iterator[tuple[int, Record]]:
    """Stream `(line number, record)` without the check for duplicate ids."""
    if path.is_dir():
        raise InputError("is a directory, expected a file of JSON lines", path=path)
    try:
        handle = path.open("rb")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
    with handle:
        for number, line in enumerate(handle, 1):
            if not line.strip():
                continue
            yield number, record_from_json(parse(line, path, number), path=path, line=number)


def check_said(path: str | Path, texts: Mapping[str, str]) -> None:
    """Hold what spans say of themselves (`"text"`) against `texts`, by document id.

    For files that leave the documents' texts out: `read` cannot check them. Raises
    `AnnotationError` for the first that differs.
    """
    path = Path(path)
    with path.open("rb") as handle:
        for number, line in enumerate(handle, 1):
            if b'"text"' not in line:
                continue
            value = parse(line, path, number)
            text = texts.get(value.get("id", value.get("doc")))
            if text is not None and value.get("text") is None:
                record_from_json({**value, "text": text}, path=path, line=number)


def parse(line: bytes, path: Path, number: int) -> Any:
    """The JSON value on one line; `InputError` with line and column for anything else."""
    try:
        return json.loads(line)
    except UnicodeDecodeError as error:
        raise InputError(
            f"byte {error.start + 1} of the line is not UTF-8",
            path=path,
            line=number,
            hint="save the file as UTF-8",
        ) from None
    except (ValueError, RecursionError) as error:  # ValueError: a number of thousands of digits too
        fallback = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        reason = getattr(error, "msg", fallback)
        column = getattr(error, "colno", 1)
        raise InputError(
            f"not a JSON object: {reason} at column {column}",
            path=path,
            line=number,
            hint="one whole JSON object per line; is the file cut off?",
        ) from None


def record_from_json(
    value: Any, *, path: str | Path | None = None, line: int | None = None
) -> Record:
    """A record from a decoded JSON object; see the module's docstring for its keys."""
    where = _Where(path, line)
    if not isinstance(value, Mapping):
        raise where.error(f"found {_kind_of(value)}, expected a JSON object")
    id_ = value.get("id", value.get("doc"))
    if not isinstance(id_, str) or not id_:
        raise where.error(
            f'"id" is {id_!r}, expected a non-empty string', hint='every document needs an "id"'
        )
    text = value.get("text")
    if text is not None and not isinstance(text, str):
        raise where.error(f'"text" is {_kind_of(text)}, expected a string')
    for name, string in (("id", id_), ("text", text)):
        if string is not None and not string.isascii():
            _check_characters(string, name, where)
    error = value.get("error")
    if error is not None and not isinstance(error, str):
        raise where.error(f'"error" is {_kind_of(error)}, expected a string')
    ignore = tuple(
        _span(item, text, where.at(f"ignore[{i}]"))
        for i, item in enumerate(_items(value, "ignore", where) or ())
    )
    layers = annotations_from_json(value, text, path, line)
    return Record(id_, text, layers, ignore, error, tokens=_tokens(value, text, where))


def _tokens(
    value: Mapping[str, Any], text: str | None, where: _Where
) -> tuple[tuple[int, int], ...] | None:
    """Pairs of offsets, in order and apart; a token may be empty, as in the columns of a table."""
    pairs = _items(value, "tokens", where)
    if pairs is None:
        return None
    limit = _NO_LIMIT if text is None else len(text)
    at = 0
    for i, pair in enumerate(pairs):
        if not (
            isinstance(pair, list)
            and [type(offset) for offset in pair] == [int, int]
            and at <= pair[0] <= pair[1] <= limit
        ):
            end = "" if text is None else f" and not after the text's end, {limit}"
            raise where.at(f"tokens[{i}]").error(
                f"found {_short(pair)}, expected [start, end]: integers, not before {at}{end}",
                hint="tokens are half-open code points into the text, ascending, without overlap",
            )
        at = pair[1]
    return tuple((start, end) for start, end in pairs)


def _check_characters(text: str, name: str, where: _Where) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise where.error(
            f'"{name}" holds half a character ({text[error.start]!r}) at {error.start}',
            hint="one half of a UTF-16 pair is no text: mend it where it was made",
        ) from None


def annotations_from_json(
    value: Mapping[str, Any],
    text: str | None,
    path: str | Path | None = None,
    line: int | None = None,
) -> Annotations:
    """The layers of a decoded JSON object, checked against `text` where it is known."""
    where = _Where(path, line)
    entities = _items(value, "entities", where)
    attributions = _items(value, "attributions", where)
    return Annotations(
        None
        if entities is None
        else tuple(_entity(item, text, where, i) for i, item in enumerate(entities)),
        None
        if attributions is None
        else tuple(
            _attribution(item, text, where.at(f"attributions[{i}]"))
            for i, item in enumerate(attributions)
        ),
    )


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
    if record.error is not None:
        out["error"] = record.error
    return out


def annotations_to_json(annotations: Annotations) -> dict[str, Any]:
    """`entities` and `attributions` as JSON; a layer that was not annotated is left out."""
    out: dict[str, Any] = {}
    if annotations.entities is not None:
        out["entities"] = [_entity_json(entity) for entity in annotations.entities]
    if annotations.attributions is not None:
        out["attributions"] = [_attribution_json(item) for item in annotations.attributions]
    return out


def dumps(record: Record) -> str:
    """One line, without its newline."""
    return json.dumps(record_to_json(record), ensure_ascii=False)


def write(path: str | Path, records: Iterable[Record]) -> int:
    """Write records one a line, whole or not at all; returns how many were written."""
    from harness.formats.files import atomic_writer

    count = 0
    with atomic_writer(path) as handle:
        for record in records:
            handle.write(dumps(record) + "\n")
            count += 1
    return count


class _Where:
    """Where in the input we are; makes the errors. Built once a document, not once a span."""

    __slots__ = ("line", "path", "place")

    def __init__(self, path: str | Path | None, line: int | None, place: str = "") -> None:
        self.path, self.line, self.place = path, line, place

    def at(self, place: str) -> _Where:
        return _Where(self.path, self.line, f"{self.place}.{place}" if self.place else place)

    def error(self, message: str, *, hint: str | None = None) -> AnnotationError:
        text = f"{self.place}: {message}" if self.place else message
        return AnnotationError(text, path=self.path, line=self.line, hint=hint)


def _items(value: Mapping[str, Any], key: str, where: _Where) -> list[Any] | None:
    items = value.get(key)
    if items is not None and not isinstance(items, list):
        raise where.error(f'"{key}" is {_kind_of(items)}, expected a list')
    return items


def _entity(item: Any, text: str | None, where: _Where, index: int) -> Entity:
    try:
        start, end, label = item["start"], item["end"], item["label"]
    except (KeyError, TypeError, IndexError):
        raise where.at(f"entities[{index}]").error(
            f'found {_short(item)}, expected an object with "start", "end" and "label"'
        ) from None
    limit = _NO_LIMIT if text is None else len(text)
    good = type(start) is int and type(end) is int and 0 <= start < end <= limit
    if not good or "text" in item:
        _span(item, text, where.at(f"entities[{index}]"))
    if not isinstance(label, str) or not label:
        raise where.at(f"entities[{index}]").error(
            f"label is {label!r}, expected a non-empty string"
        )
    if not label.isascii():
        _check_characters(label, "label", where.at(f"entities[{index}]"))
    score = item.get("score")
    finite = type(score) is int or (type(score) is float and isfinite(score))
    if score is not None and not finite:
        raise where.at(f"entities[{index}]").error(f"score is {score!r}, expected a number")
    return Entity(start, end, label, score)


def _attribution(item: Any, text: str | None, where: _Where) -> Attribution:
    if not isinstance(item, Mapping):
        raise where.error(f"found {_short(item)}, expected an object")
    content = item.get("content")
    if not isinstance(content, list) or not content:
        raise where.error(f'"content" is {_short(content)}, expected a list of at least one span')
    kind = item.get("kind")
    if kind is not None and kind not in KINDS:
        raise where.error(f'"kind" is {kind!r}, expected one of {", ".join(KINDS)}')
    speaker = item.get("speaker")
    if speaker is not None and not isinstance(speaker, str):
        raise where.error(f'"speaker" is {_short(speaker)}, expected a string or null')
    if speaker is not None and not speaker.isascii():
        _check_characters(speaker, "speaker", where)
    fragments = sorted(
        _span(part, text, where.at(f"content[{i}]")) for i, part in enumerate(content)
    )
    role = {
        name: None if item.get(name) is None else _span(item[name], text, where.at(name))
        for name in ("source", "cue")
    }
    known_kind: Kind | None = kind
    return Attribution(tuple(fragments), role["source"], role["cue"], known_kind, speaker)


def _span(item: Any, text: str | None, where: _Where) -> Span:
    try:
        start, end = item["start"], item["end"]
    except (KeyError, TypeError, IndexError):
        raise where.error(
            f'found {_short(item)}, expected an object with "start" and "end"'
        ) from None
    problem = span_problems(_NO_LIMIT if text is None else len(text), start, end)
    if problem:
        raise where.error(
            problem, hint="offsets are Unicode code points into the text, half-open: [start, end)"
        )
    # A discontinuous source is given as its hull with "spans"; its text is the fragments'.
    said = None if "spans" in item else item.get("text")
    if said is not None and text is not None and text[start:end] != said:
        raise where.error(
            f'"text" is {_short(said)}, but the document has {_short(text[start:end])} at '
            f"[{start}, {end})",
            hint="are the offsets bytes or UTF-16 units, or was the text changed?",
        )
    return Span(start, end)


def _span_json(span: tuple[int, int]) -> dict[str, int]:
    return {"start": span[0], "end": span[1]}


def _entity_json(entity: Entity) -> dict[str, Any]:
    out: dict[str, Any] = {"start": entity.start, "end": entity.end, "label": entity.label}
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
    return names.get(type(value), f"the {type(value).__name__} {value!r}")


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:59] + "…"
