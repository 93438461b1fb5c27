"""What a worker says, checked: it is not trusted.

A hello that does not fit is refused; of an answer, what does not fit is dropped and counted.
Nothing is ever repaired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Literal

from msgspec import Meta, defstruct
from msgspec.json import Decoder as LineDecoder

from harness.adapter import ModelIdentity
from harness.annotation import Annotations, Entity, TaskName, replaced
from harness.coding import EXACT, DecodeError, decode, encode, short
from harness.formats.items import Decoder, Remedy
from harness.formats.offsets import Offsets, OffsetUnit
from harness.formats.plain import PlainEntity, plain_entities
from harness.run.protocol import PROTOCOL, Answer, Hello, ProtocolError
from harness.tasks.registry import task_named

__all__ = ["Bytes", "Seconds", "Size", "check_answer", "is_answer_to", "hello", "plain_answer"]
__all__ += ["to_nanoseconds"]

_WHOLE = r"\A[^\ud800-\udfff]*\Z"
_LONGEST = {"label": 200, "speaker": 1000}
"""Characters of what an item is called by: it heads tables, and is a key of the record."""
_MOST_PROBLEMS = 10_000
_PLAIN_BYTES = 1 << 20
"""A longer line is not tried as a plain one: it may hold any number of parts."""
_MOST_SAID = 300
_Text = Annotated[
    str,
    Meta(
        pattern=_WHOLE,
        max_length=1000,
        description="a string of whole characters, 1,000 at most",
    ),
]
_Note = Annotated[
    str,
    Meta(
        pattern=_WHOLE,
        max_length=10_000,
        description="a string of whole characters, 10,000 at most",
    ),
]
_Label = Annotated[
    str,
    Meta(
        pattern=_WHOLE,
        max_length=_LONGEST["label"],
        description=f"a string of whole characters, {_LONGEST['label']} at most",
    ),
]
_Labels = Annotated[
    tuple[_Label, ...],
    Meta(max_length=10_000, description="a list of strings, 10,000 at most, or null"),
]
_Packages = Annotated[
    dict[_Text, _Text],
    Meta(max_length=1000, description="an object of strings, of 1,000 keys at most"),
]
_Notes = Annotated[
    dict[_Text, _Note],
    Meta(max_length=100, description="an object of strings, of 100 keys at most"),
]
Bytes = Annotated[int, Meta(ge=0, le=EXACT, description="bytes, 2^53 at most")]
Seconds = Annotated[float, Meta(ge=0, le=86_400, description="seconds, from 0 to a day")]
# Some languages have one kind of numbers, and write 5.0 for 5.
Size = Annotated[float, Meta(ge=0, le=EXACT, multiple_of=1, description="a whole number from 0 up")]


@dataclass(frozen=True, slots=True)
class _Model:
    name: _Text = ""
    version: _Text = ""
    digest: _Text = ""
    licence: _Text = ""
    size_bytes: Size = 0
    notes: _Notes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _HelloSeconds:
    load: Seconds | None = None
    warmup: Seconds | None = None


@dataclass(frozen=True, slots=True)
class _Hello:
    offsets: OffsetUnit = "codepoint"
    labels: _Labels | None = None
    packages: _Packages = field(default_factory=dict)
    model: _Model = field(default_factory=_Model)
    seconds: _HelloSeconds = field(default_factory=_HelloSeconds)


def hello(message: Mapping[str, Any]) -> Hello:
    """Check a hello; `null` stands for what is left out. Raises `ProtocolError`."""
    try:
        version = message.get("protocol")
        if isinstance(version, bool) or version != PROTOCOL:
            raise ProtocolError(f"speaks protocol {short(version)}, this harness speaks {PROTOCOL}")
        said = decode(_Hello, _without_null(message), "hello", extra=True)
    except DecodeError as error:
        raise ProtocolError(_bounded(str(error))) from None
    except RecursionError:
        raise ProtocolError("sent a hello that is nested too deeply") from None
    return Hello(
        said.offsets,
        None if said.labels is None else tuple(sorted(set(said.labels))),
        dict(sorted(said.packages.items())),
        ModelIdentity(**{**encode(said.model), "size_bytes": int(said.model.size_bytes)}),
        to_nanoseconds(said.seconds.load),
        to_nanoseconds(said.seconds.warmup),
    )


def check_answer(message: Mapping[str, Any], text: str, task: TaskName, offsets: Offsets) -> Answer:
    """Check one `annotations` message against its document; offsets come out as code points.

    Raises `ProtocolError` when the task's layer is missing or no list, is nested too deeply, or
    has more than 10,000 things that cannot be used: then there is no answer. Everything below that
    level is dropped item by item, and reported.
    """
    try:
        return _checked(message, text, task, offsets)
    except RecursionError:
        raise ProtocolError("the answer is nested too deeply") from None


def plain_answer(
    line: bytes, id_: str, text: str, task: TaskName, unit: OffsetUnit
) -> Answer | None:
    """The answer on a line that says nothing but plain entities of this document, all sound.

    It is what `parse_message` and `check_answer` make of such a line, in a fifth of the time.
    `None` for any other line: these say what is wrong with it.
    """
    if len(line) > _PLAIN_BYTES or task_named(task).item is not Entity:
        return None
    if unit != "codepoint" and not text.isascii():
        return None
    try:
        said: Any = _plain_lines(task).decode(line)
    except (ValueError, RecursionError):
        return None
    entities = None if said.id != id_ else plain_entities(said.items, len(text))
    if entities is None or any(map(_is_no_plain, entities)):
        return None
    seen = said.characters
    if seen is not None and seen > len(text):
        return None
    layers = Annotations().with_layer(task_named(task).layer, entities)
    return Answer(layers, (), to_nanoseconds(said.seconds), None if seen is None else int(seen))


@cache
def _plain_lines(task: TaskName) -> LineDecoder[Any]:
    fields: list[Any] = [
        ("type", Literal["annotations"]),
        ("id", str),
        ("items", list[PlainEntity]),
        ("seconds", Seconds | None, None),
        ("characters", Size | None, None),
    ]
    names = {"items": task_named(task).layer}
    return LineDecoder(defstruct("_Plain", fields, forbid_unknown_fields=True, rename=names))


def _is_no_plain(entity: Entity) -> bool:
    score = entity.score
    return len(entity.label) > _LONGEST["label"] or (score is not None and score < 0)


def is_answer_to(annotations: Annotations, text: str, task: TaskName) -> bool:
    """Whether annotations that were kept could be an answer to this text."""
    kind = task_named(task)
    items = annotations.layer(kind.layer)
    if items is None or _are_too_large(items):
        return False
    if kind.item is Entity and not any(item.fragments for item in items):
        return all(0 <= item.start < item.end <= len(text) for item in items)
    spans = (span for item in items for span in kind.spans(item))
    return all(0 <= span.start < span.end <= len(text) for span in spans)


def to_nanoseconds(seconds: float | None) -> float | None:
    """Seconds without what no clock measures: a rate over 1e-308 s would be infinite."""
    return None if seconds is None else round(seconds, 9)


def _checked(message: Mapping[str, Any], text: str, task: TaskName, offsets: Offsets) -> Answer:
    layer = task_named(task).layer
    items = message.get(layer)
    if not isinstance(items, list):
        raise ProtocolError(f'the answer has no list "{layer}" (found {short(items)})')
    problems: list[str] = []

    def note(problem: str) -> None:
        if len(problems) == _MOST_PROBLEMS:
            raise ProtocolError(
                f"more than {_MOST_PROBLEMS:,} things in the answer cannot be used, "
                f"the first: {problems[0]}"
            )
        problems.append(_bounded(problem))

    def drop(place: str, message: str, remedy: Remedy) -> None:
        note(f"{place}: {message}")

    decoder = Decoder(text, drop, offsets=offsets, least_score=0.0)
    kept = decoder.layer(items, layer)
    if _are_too_large(kept):
        kept = tuple(_bounded_items(kept, note))
    annotations = Annotations().with_layer(layer, kept)

    def measured(key: str, kind: Any) -> Any:
        try:
            return decode(kind, message.get(key), key)
        except DecodeError as error:
            note(str(error))
            return None

    seconds, seen = measured("seconds", Seconds | None), measured("characters", Size | None)
    if seen is not None and seen > offsets.length:
        note(f"characters: found {seen:.0f}, the text has {offsets.length}")
        seen = None
    characters = None if seen is None else offsets.code_points(int(seen))
    return Answer(annotations, tuple(problems), to_nanoseconds(seconds), characters)


def _are_too_large(items: tuple[Any, ...]) -> bool:
    """Whether any item is `_too_large`; there may be many, so that all are asked at once."""
    for name, longest in _LONGEST.items():
        if items and hasattr(items[0], name):
            values = map(attrgetter(name), items)
            if any(isinstance(value, str) and len(value) > longest for value in values):
                return True
    if not items or not hasattr(items[0], "score"):
        return False
    return int in set(map(type, map(attrgetter("score"), items))) and any(map(_too_large, items))


def _too_large(item: Any) -> str:
    """The first field of an item that is too long, or a whole number too large; else nothing."""
    for name, longest in _LONGEST.items():
        value = getattr(item, name, None)
        if isinstance(value, str) and len(value) > longest:
            return name
    score = getattr(item, "score", None)
    return "score" if type(score) is int and score > EXACT else ""


def _bounded_items(items: Iterable[Any], note: Callable[[str], None]) -> Iterator[Any]:
    """The items without too long labels, which go whole, and without too long speakers.

    A score of hundreds of digits is the number that it is everywhere else in JSON.
    """
    for item in items:
        name = _too_large(item)
        if name == "score":
            yield replaced(item, score=float(item.score))
            continue
        if name:
            found = short(getattr(item, name))
            note(f"{name} is {found}, expected {_LONGEST[name]:,} characters at most")
        if name != "label":
            yield replaced(item, **{name: None}) if name else item


def _bounded(said: str) -> str:
    return said if len(said) <= _MOST_SAID else said[: _MOST_SAID - 1] + "…"


def _without_null(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: _without_null(item) for key, item in value.items() if item is not None}
