"""The worker protocol, version 1: JSON lines over stdin and stdout. Specified in docs/protocol.md.

    harness -> {"type": "load", "protocol": 1, "backend": "...", "task": "ner", ...}
    worker  -> {"type": "hello", "protocol": 1, "offsets": "utf16", "model": {...}, ...}
    harness -> {"type": "documents", "documents": [{"id": "a", "text": "..."}, ...]}
    worker  -> {"type": "annotations", "id": "a", "entities": [...], "seconds": 0.01}
    worker  -> {"type": "error", "id": "b", "error": "..."}

Answers come in the order of the documents. A worker is not trusted: everything that it says is
checked here, and what does not fit is dropped and counted, never repaired.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from harness.adapter import ModelIdentity, Option
from harness.annotation import Annotations, TaskName
from harness.formats.items import LARGEST, Decoder, Remedy, half_character, short
from harness.formats.offsets import OFFSET_UNITS, Offsets, OffsetUnit
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

_MAX_LABELS = 100_000


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
        message = json.loads(line)
    except (ValueError, RecursionError):
        raise ProtocolError(
            f"printed {short(line.decode('utf-8', 'replace').strip())} on stdout, "
            "where only messages may go"
        ) from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise ProtocolError(f"sent {short(message)}, expected an object with a type")
    return message


def hello(message: Mapping[str, Any]) -> Hello:
    """Check a hello. Raises `ProtocolError`."""
    if message.get("protocol") != PROTOCOL:
        raise ProtocolError(
            f"speaks protocol {short(message.get('protocol'))}, this harness speaks {PROTOCOL}"
        )
    offsets = message.get("offsets", "codepoint")
    if offsets not in OFFSET_UNITS:
        raise ProtocolError(f"offsets are {short(offsets)}, expected {' or '.join(OFFSET_UNITS)}")
    labels = message.get("labels")
    if labels is not None:
        strings = isinstance(labels, list) and all(
            isinstance(item, str) and half_character(item) is None for item in labels
        )
        if not strings or len(labels) > _MAX_LABELS:
            raise ProtocolError(f"labels are {short(labels)}, expected a list of strings or null")
        labels = tuple(sorted(set(labels)))
    seconds = message.get("seconds")
    seconds = seconds if isinstance(seconds, dict) else {}
    return Hello(
        offsets,
        labels,
        _strings(message.get("packages")),
        _identity(message.get("model")),
        _seconds(seconds.get("load")),
        _seconds(seconds.get("warmup")),
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
    seen = message.get("characters")
    return Answer(
        annotations,
        tuple(problems),
        _seconds(message.get("seconds")),
        offsets.code_points(seen) if type(seen) is int and seen >= 0 else None,
    )


def _identity(value: Any) -> ModelIdentity:
    value = value if isinstance(value, dict) else {}
    size = value.get("size_bytes")
    return ModelIdentity(
        name=_string(value.get("name")),
        version=_string(value.get("version")),
        digest=_string(value.get("digest")),
        licence=_string(value.get("licence")),
        size_bytes=size if type(size) is int and size >= 0 else 0,
        notes=_strings(value.get("notes")),
    )


def _strings(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {
        key: item
        for key, item in sorted(value.items())
        if isinstance(item, str) and half_character(key + item) is None
    }


def _string(value: Any) -> str:
    return value if isinstance(value, str) and half_character(value) is None else ""


def _seconds(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and 0 <= value <= LARGEST else None


def _line(message: Mapping[str, Any]) -> bytes:
    # ASCII only: no worker can then trip over an encoding, and a lone surrogate gets through.
    return json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"
