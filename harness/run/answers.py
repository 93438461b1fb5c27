"""What a worker says, checked: it is not trusted.

A hello that does not fit is refused; of an answer, what does not fit is dropped and counted.
Nothing is ever repaired.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from msgspec import Meta

from harness.adapter import ModelIdentity
from harness.annotation import Annotations, TaskName
from harness.coding import DecodeError, decode, encode, short
from harness.formats.items import Decoder, Remedy
from harness.formats.offsets import Offsets, OffsetUnit
from harness.run.protocol import PROTOCOL, Answer, Hello, ProtocolError
from harness.tasks.registry import task_named

__all__ = ["check_answer", "hello"]

_Text = Annotated[
    str, Meta(pattern=r"\A[^\ud800-\udfff]*\Z", description="a string of whole characters")
]
_Labels = Annotated[
    tuple[_Text, ...], Meta(max_length=100_000, description="a list of strings or null")
]
_Seconds = Annotated[float, Meta(ge=0, le=86_400, description="seconds, from 0 to a day")]
# Some languages have one kind of numbers, and write 5.0 for 5.
_Size = Annotated[
    float, Meta(ge=0, le=1 << 53, multiple_of=1, description="a whole number from 0 up")
]


@dataclass(frozen=True, slots=True)
class _Model:
    name: _Text = ""
    version: _Text = ""
    digest: _Text = ""
    licence: _Text = ""
    size_bytes: _Size = 0
    notes: Mapping[_Text, _Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _HelloSeconds:
    load: _Seconds | None = None
    warmup: _Seconds | None = None


@dataclass(frozen=True, slots=True)
class _Hello:
    offsets: OffsetUnit = "codepoint"
    labels: _Labels | None = None
    packages: Mapping[_Text, _Text] = field(default_factory=dict)
    model: _Model = field(default_factory=_Model)
    seconds: _HelloSeconds = field(default_factory=_HelloSeconds)


def hello(message: Mapping[str, Any]) -> Hello:
    """Check a hello; `null` stands for what is left out. Raises `ProtocolError`."""
    version = message.get("protocol")
    if isinstance(version, bool) or version != PROTOCOL:
        raise ProtocolError(f"speaks protocol {short(version)}, this harness speaks {PROTOCOL}")
    try:
        said = decode(_Hello, _without_null(message), "hello", extra=True)
    except DecodeError as error:
        raise ProtocolError(str(error)) from None
    return Hello(
        said.offsets,
        None if said.labels is None else tuple(sorted(set(said.labels))),
        dict(sorted(said.packages.items())),
        ModelIdentity(**{**encode(said.model), "size_bytes": int(said.model.size_bytes)}),
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
    characters = None if seen is None else offsets.code_points(int(seen))
    return Answer(annotations, tuple(problems), seconds, characters)


def _without_null(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: _without_null(item) for key, item in value.items() if item is not None}
