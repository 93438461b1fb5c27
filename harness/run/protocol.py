"""The worker protocol, version 1: JSON lines over stdin and stdout. Specified in docs/protocol.md.

    harness -> {"type": "load", "protocol": 1, "backend": "...", "task": "ner", ...}
    worker  -> {"type": "hello", "protocol": 1, "offsets": "utf16", "model": {...}, ...}
    harness -> {"type": "documents", "documents": [{"id": "a", "text": "..."}, ...]}
    worker  -> {"type": "annotations", "id": "a", "entities": [...], "seconds": 0.01}
    worker  -> {"type": "error", "id": "b", "error": "..."}

Answers come in the order of the documents. A worker is not trusted: everything that it says is
checked here. A hello that does not fit is refused; of an answer, what does not fit is dropped and
counted. Nothing is ever repaired.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple

from msgspec import Meta

from harness.adapter import ModelIdentity, Option
from harness.annotation import Annotations, TaskName
from harness.coding import DecodeError, compact, decode, encode, load_json
from harness.formats.items import Decoder, Remedy, half_character, short
from harness.formats.offsets import Offsets, OffsetUnit
from harness.tasks.registry import task_named

__all__ = [
    "MAX_MESSAGE_BYTES",
    "PROTOCOL",
    "Answer",
    "Hello",
    "ProtocolError",
    "check_answer",
    "documents_message",
    "hello",
    "load_message",
    "parse_message",
]

PROTOCOL = 1
MAX_MESSAGE_BYTES = 64 << 20
"""A longer line is taken for garbage, so that a worker cannot fill the parent's memory."""

_Labels = Annotated[
    tuple[str, ...], Meta(max_length=100_000, description="a list of strings or null")
]
_Seconds = Annotated[float, Meta(ge=0, le=86_400, description="seconds, from 0 to a day")]
_Size = Annotated[int, Meta(ge=0, le=1 << 53, description="a whole number from 0 up")]


class ProtocolError(Exception):
    """A worker said something that the protocol does not allow."""


class Answer(NamedTuple):
    """What a worker said about one document, checked."""

    annotations: Annotations
    problems: tuple[str, ...] = ()
    """One sentence for every span (or kind, score, speaker) that had to be dropped."""
    seconds: float | None = None
    characters_seen: int | None = None


@dataclass(frozen=True, slots=True)
class Hello:
    """What a worker says of itself once its model is loaded."""

    offsets: OffsetUnit = "codepoint"
    labels: tuple[str, ...] | None = None
    packages: Mapping[str, str] = field(default_factory=dict)
    model: ModelIdentity = field(default_factory=lambda: ModelIdentity(""))
    load_seconds: float | None = None
    warmup_seconds: float | None = None


def load_message(
    backend: str,
    *,
    task: TaskName,
    model: str = "",
    labels: Sequence[str] = (),
    options: Mapping[str, Option] | None = None,
    batch_size: int = 1,
    offline: bool = False,
) -> bytes:
    """The first message to a worker."""
    return _line(
        {
            "type": "load",
            "protocol": PROTOCOL,
            "backend": backend,
            "model": model,
            "task": task,
            "labels": list(labels),
            "options": dict(options or {}),
            "batch_size": batch_size,
            "offline": offline,
        }
    )


def documents_message(documents: Iterable[tuple[str, str, Mapping[str, Any] | None]]) -> bytes:
    """`(id, text, gold)` triples as one message; gold goes only to backends that ask for it."""
    return _line(
        {
            "type": "documents",
            "documents": [
                {"id": id_, "text": text} | ({} if gold is None else {"gold": gold})
                for id_, text, gold in documents
            ],
        }
    )


def parse_message(line: bytes) -> dict[str, Any]:
    """A decoded message with a string `type`. Raises `ProtocolError` showing what was found."""
    try:
        message = load_json(line)
    except (ValueError, RecursionError):
        raise ProtocolError(
            f"printed {short(line.decode('utf-8', 'replace').strip())} on stdout, "
            "where only messages may go"
        ) from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise ProtocolError(f"sent {short(message)}, expected an object with a type")
    return message


@dataclass(frozen=True, slots=True)
class _Model:
    name: str = ""
    version: str = ""
    digest: str = ""
    licence: str = ""
    size_bytes: _Size = 0
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _HelloSeconds:
    load: _Seconds | None = None
    warmup: _Seconds | None = None


@dataclass(frozen=True, slots=True)
class _Hello:
    offsets: OffsetUnit = "codepoint"
    labels: _Labels | None = None
    packages: Mapping[str, str] = field(default_factory=dict)
    model: _Model = field(default_factory=_Model)
    seconds: _HelloSeconds = field(default_factory=_HelloSeconds)


def hello(message: Mapping[str, Any]) -> Hello:
    """Check a hello; `null` stands for what is left out. Raises `ProtocolError`."""
    version = message.get("protocol")
    if type(version) is not int or version != PROTOCOL:
        raise ProtocolError(f"speaks protocol {short(version)}, this harness speaks {PROTOCOL}")
    try:
        said = decode(_Hello, _without_null(message), "hello", extra=True)
        half = half_character(compact(encode(said)))
        if half is not None:
            raise DecodeError(half, "hello")
    except DecodeError as error:
        raise ProtocolError(str(error)) from None
    return Hello(
        said.offsets,
        None if said.labels is None else tuple(sorted(set(said.labels))),
        dict(sorted(said.packages.items())),
        ModelIdentity(**encode(said.model)),
        said.seconds.load,
        said.seconds.warmup,
    )


def check_answer(message: Mapping[str, Any], text: str, task: TaskName, offsets: Offsets) -> Answer:
    """Check one `annotations` message against its document; offsets come out as code points.

    Raises `ProtocolError` when the task's layer is missing or no list: then there is no answer.
    Everything below that level is dropped item by item, and reported.
    """
    layer = task_named(task).layer
    items = message.get(layer)
    if not isinstance(items, list):
        raise ProtocolError(f'the answer has no list "{layer}" (found {short(items)})')
    problems: list[str] = []

    def drop(place: str, message: str, remedy: Remedy) -> None:
        problems.append(f"{place}: {message}")

    decoder = Decoder(text, drop, offsets=offsets, least_score=0.0)
    annotations = Annotations().with_layer(layer, decoder.layer(items, layer))

    def measured(key: str, kind: Any) -> Any:
        try:
            return decode(kind, message.get(key), key)
        except DecodeError as error:
            problems.append(str(error))
            return None

    seconds, seen = measured("seconds", _Seconds | None), measured("characters", _Size | None)
    characters = None if seen is None else offsets.code_points(seen)
    return Answer(annotations, tuple(problems), seconds, characters)


def _without_null(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: _without_null(item) for key, item in value.items() if item is not None}


def _line(message: Mapping[str, Any]) -> bytes:
    # ASCII only: no worker can then trip over an encoding, and a lone surrogate gets through.
    return json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"
