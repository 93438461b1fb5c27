"""The worker protocol, version 1: JSON lines over stdin and stdout. Specified in docs/protocol.md.

    harness -> {"type": "load", "protocol": 1, "backend": "...", "task": "ner", ...}
    worker  -> {"type": "hello", "protocol": 1, "offsets": "utf16", "model": {...}, ...}
    harness -> {"type": "documents", "documents": [{"id": "a", "text": "..."}, ...]}
    worker  -> {"type": "annotations", "id": "a", "entities": [...], "seconds": 0.01}
    worker  -> {"type": "error", "id": "b", "error": "..."}

Answers come in the order of the documents. What a worker says is checked in `harness.run.answers`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from harness.adapter import ModelIdentity, Option
from harness.annotation import Annotations, TaskName
from harness.coding import load_json, short
from harness.formats.offsets import OffsetUnit

__all__ = [
    "MAX_MESSAGE_BYTES",
    "PROTOCOL",
    "Answer",
    "Hello",
    "ProtocolError",
    "documents_message",
    "load_message",
    "parse_message",
]

PROTOCOL = 1
MAX_MESSAGE_BYTES = 64 << 20
"""A longer line is taken for garbage, so that a worker cannot fill the parent's memory."""
_MOST_PARTS = 10_000_000
"""Objects, lists and items of a message: a byte of JSON can be 25 bytes of memory."""
_SHOWN = 1000
"""Bytes of a line that is no message which are looked at."""


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


def _load(text: str) -> Any:
    if len(text) > _MOST_PARTS and sum(map(text.count, "{[,")) > _MOST_PARTS:
        raise ProtocolError(f"sent a message of more than {_MOST_PARTS:,} parts")
    return load_json(text)


def parse_message(line: bytes, load: Callable[[str], Any] = _load) -> dict[str, Any]:
    """A decoded message with a string `type`. Raises `ProtocolError` showing what was found.

    A worker gives another `load`, which needs no library: its memory is measured.
    """
    try:
        # Decoded here: bytes in another encoding would be guessed at, and half characters let by.
        message = load(line.decode())
    except (ValueError, RecursionError):
        raise ProtocolError(
            f"printed {short(line[:_SHOWN].decode('utf-8', 'replace').strip())} on stdout, "
            "where only messages may go"
        ) from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise ProtocolError(f"sent {short(message)}, expected an object with a type")
    return message


_encode = json.JSONEncoder(separators=(",", ":")).encode


def _line(message: Mapping[str, Any]) -> bytes:
    # ASCII only: no worker can then trip over an encoding, and a lone surrogate gets through.
    return _encode(message).encode("ascii") + b"\n"
