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
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from harness.adapter import ModelIdentity, Option
from harness.annotation import KINDS, Annotations, Attribution, Entity, Span, Task, span_problems
from harness.offsets import OFFSET_UNITS, Offsets, OffsetUnit

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
    "parse",
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
    task: Task,
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


def parse(line: bytes) -> dict[str, Any]:
    """A decoded message with a string `type`. Raises `ProtocolError` showing what was found."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        raise ProtocolError(
            f"printed {_short(line.decode('utf-8', 'replace').strip())} on stdout, "
            "where only messages may go"
        ) from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise ProtocolError(f"sent {_short(message)}, expected an object with a type")
    return message


def hello(message: Mapping[str, Any]) -> Hello:
    """Check a hello. Raises `ProtocolError`."""
    if message.get("protocol") != PROTOCOL:
        raise ProtocolError(
            f"speaks protocol {_short(message.get('protocol'))}, this harness speaks {PROTOCOL}"
        )
    offsets = message.get("offsets", "codepoint")
    if offsets not in OFFSET_UNITS:
        raise ProtocolError(f"offsets are {_short(offsets)}, expected {' or '.join(OFFSET_UNITS)}")
    labels = message.get("labels")
    if labels is not None:
        strings = isinstance(labels, list) and all(
            isinstance(item, str) and _is_whole(item) for item in labels
        )
        if not strings or len(labels) > _MAX_LABELS:
            raise ProtocolError(f"labels are {_short(labels)}, expected a list of strings or null")
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


def check_answer(message: Mapping[str, Any], text: str, task: Task, offsets: Offsets) -> Answer:
    """Check one `annotations` message against its document; offsets come out as code points.

    Raises `ProtocolError` when the task's layer is missing or no list: then there is no answer.
    Everything below that level is dropped item by item, and reported.
    """
    layer = "entities" if task == "ner" else "attributions"
    items = message.get(layer)
    if not isinstance(items, list):
        raise ProtocolError(f'the answer has no list "{layer}" (found {_short(items)})')
    check = _Check(text, offsets)
    if task == "ner":
        entities = (check.entity(item, i) for i, item in enumerate(items))
        annotations = Annotations(entities=tuple(item for item in entities if item))
    else:
        relations = (check.attribution(item, i) for i, item in enumerate(items))
        annotations = Annotations(attributions=tuple(item for item in relations if item))
    seen = message.get("characters")
    return Answer(
        annotations,
        tuple(check.problems),
        _seconds(message.get("seconds")),
        offsets.code_points(seen) if type(seen) is int and seen >= 0 else None,
    )


class _Wrong(Exception):
    """One item of an answer cannot be used; says where and why."""


class _Check:
    """Checks the items of one answer; `problems` collects what was wrong with them."""

    def __init__(self, text: str, offsets: Offsets) -> None:
        self._text = text
        self._offsets = offsets
        self.problems: list[str] = []

    def entity(self, item: Any, index: int) -> Entity | None:
        place = f"entities[{index}]"
        span = self.span(item, place)
        if span is None:
            return None
        label = item.get("label")
        if not isinstance(label, str) or not label or not _is_whole(label):
            self._drop(place, f"label is {_short(label)}, expected a non-empty string")
            return None
        score = item.get("score")
        if score is not None and _seconds(score) is None:
            self._drop(place, f"score is {_short(score)}, expected a number of 0 or more")
            score = None
        return Entity(*span, label, score)

    def attribution(self, item: Any, index: int) -> Attribution | None:
        place = f"attributions[{index}]"
        content = item.get("content") if isinstance(item, Mapping) else None
        if not isinstance(content, list) or not content:
            self._drop(place, f"content is {_short(content)}, expected a list of spans")
            return None
        fragments = [self.span(part, f"{place}.content[{i}]") for i, part in enumerate(content)]
        kept = sorted(fragment for fragment in fragments if fragment)
        if not kept:
            return None
        roles = {
            role: None if item.get(role) is None else self.span(item[role], f"{place}.{role}")
            for role in ("source", "cue")
        }
        kind = item.get("kind")
        if kind is not None and kind not in KINDS:
            self._drop(place, f"kind is {_short(kind)}, expected {', '.join(KINDS)}")
            kind = None
        speaker = item.get("speaker")
        if speaker is not None and not (isinstance(speaker, str) and _is_whole(speaker)):
            self._drop(place, f"speaker is {_short(speaker)}, expected a string")
            speaker = None
        return Attribution(tuple(kept), roles["source"], roles["cue"], kind, speaker)

    def span(self, item: Any, place: str) -> Span | None:
        """The span in code points, or `None` after noting what is wrong with it."""
        try:
            return self._span(item)
        except _Wrong as wrong:
            self._drop(place, str(wrong))
            return None

    def _span(self, item: Any) -> Span:
        if not isinstance(item, Mapping):
            raise _Wrong(f"found {_short(item)}, expected an object")
        start, end = item.get("start"), item.get("end")
        unit = self._offsets.unit
        problem = span_problems(self._offsets.length, start, end)
        if problem:
            shown = {"codepoint": "code points", "utf16": "UTF-16 units", "byte": "bytes"}[unit]
            raise _Wrong(problem.replace("code points", shown))
        assert isinstance(start, int) and isinstance(end, int)
        first, last = self._offsets.code_point(start), self._offsets.code_point(end)
        if first is None or last is None:
            bad = start if first is None else end
            raise _Wrong(f"{unit} offset {bad} is in the middle of a character")
        said = item.get("text")
        if said is not None and said != self._text[first:last]:
            there = _short(self._text[first:last])
            raise _Wrong(f"text is {_short(said)}, but {there} stands at [{first}, {last})")
        return Span(first, last)

    def _drop(self, place: str, problem: str) -> None:
        self.problems.append(f"{place}: {problem}")


def _is_whole(text: str) -> bool:
    """Whether a string can be written as UTF-8: half a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


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
        if isinstance(item, str) and _is_whole(key + item)
    }


def _string(value: Any) -> str:
    return value if isinstance(value, str) and _is_whole(value) else ""


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:79] + "…"


def _line(message: Mapping[str, Any]) -> bytes:
    # ASCII only: no worker can then trip over an encoding, and a lone surrogate gets through.
    return json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"
