"""Spans, entities and attributions from decoded JSON, checked against their text: the one decoder.

Files, annotation tools and workers all say them alike. What becomes of an item that cannot be used
is the sink's business: `Where.refuse` raises an error that names file, line and place; a sink that
returns has noted it, and the item is left out. Nothing is ever repaired.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeVar

from harness.annotation import (
    KINDS,
    Attribution,
    Entity,
    Kind,
    Span,
    fragments_apart,
    span_problems,
)
from harness.coding import short
from harness.errors import AnnotationError, ReaderOptions
from harness.formats import hints
from harness.formats.losses import Losses
from harness.formats.offsets import Offsets
from harness.tasks.registry import task_for_layer

__all__ = ["LARGEST", "NO_LIMIT", "Decoder", "Remedy", "Sink", "Where", "half_character"]

LARGEST = sys.float_info.max
"""The largest number that a score can be: integers beyond it exist in JSON."""

_T = TypeVar("_T")

NO_LIMIT = 1 << 60
"""Where a document of unknown length ends."""
_UNITS = {"codepoint": "code points", "utf16": "UTF-16 units", "byte": "bytes"}
_new = tuple.__new__
"""Makes a named tuple as its class does, in half the time."""

_start_end_label = operator.itemgetter("start", "end", "label")

_SPECIAL = {"text", "fragments"}
_SPAN = ("start", "end")
_ENTITY = ("start", "end", "label")


class Remedy(NamedTuple):
    """What may help against a fault: for people, and options of the reader to try."""

    hint: str | None = None
    options: ReaderOptions | None = None


_NONE = Remedy()
_WORDS = Remedy("are the offsets bytes or UTF-16 units, or was the text changed?", hints.UTF16)

Sink = Callable[[str, str, Remedy], None]
"""Called with the place, the message and the remedy for everything that cannot be used."""


class _Unusable(ValueError):
    """An item, or a part of one, that cannot be used."""

    def __init__(self, message: str, remedy: Remedy = _NONE) -> None:
        super().__init__(message)
        self.message, self.remedy = message, remedy


class Where(NamedTuple):
    """A line of a file, or none; makes the errors about it."""

    path: str | Path | None = None
    line: int | None = None

    def refuse(self, place: str, message: str, remedy: Remedy) -> NoReturn:
        """The sink of files."""
        raise self.error(f"{place}: {message}", hint=remedy.hint, options=remedy.options)

    def sink(self, losses: Losses) -> Sink:
        """The sink of files of which faulty spans may be left out: `losses` says."""
        if losses.faulty == "refuse":
            return self.refuse

        def leave_out(place: str, message: str, remedy: Remedy) -> None:
            losses.fault(self.error(f"{place}: {message}", hint=remedy.hint))

        return leave_out

    def error(
        self, message: str, *, hint: str | None = None, options: ReaderOptions | None = None
    ) -> AnnotationError:
        return AnnotationError(message, path=self.path, line=self.line, hint=hint, options=options)


class Decoder:
    """Decodes the items of one document; what the sink lets pass is left out of the result.

    `text` is `None` where the document is not at hand: offsets then have no upper limit. `offsets`
    turns those of another unit into code points. A score below `least_score` cannot be used.
    `same` compares what a span says of its own text (`"text"`) with what stands there.
    """

    __slots__ = ("_code_point", "_least", "_length", "_same", "_sink", "_text", "_unit")

    def __init__(
        self,
        text: str | None,
        sink: Sink,
        *,
        offsets: Offsets | None = None,
        least_score: float = -LARGEST,
        same: Callable[[Any, str], bool] = operator.eq,
    ) -> None:
        self._text, self._sink, self._least, self._same = text, sink, least_score, same
        length = NO_LIMIT if text is None else len(text)
        self._unit = "codepoint" if offsets is None else offsets.unit
        self._length = length if offsets is None else offsets.length
        self._code_point = None
        if offsets is not None and offsets.length != length:  # else all characters are one unit
            self._code_point = offsets.code_point

    def layer(self, items: list[Any], name: str) -> tuple[Any, ...]:
        """The items of the layer of that name, of whatever task."""
        if name == "entities":
            return self.entities(items)
        if name == "attributions":
            return self.attributions(items)
        task = task_for_layer(name)
        assert task is not None, name
        kept = []
        for index, item in enumerate(items):
            try:
                kept.append(task.decode(item, self._span))
            except _Unusable as fault:
                self._sink(f"{name}[{index}]", fault.message, fault.remedy)
            except ValueError as error:
                self._sink(f"{name}[{index}]", str(error), _NONE)
        return tuple(kept)

    def entities(self, items: list[Any], name: str = "entities") -> tuple[Entity, ...]:
        """The entities of a list; `name` is what the list is called in the file."""
        limit, least, code_point = self._length, self._least, self._code_point
        entities: list[Entity] = []
        keep = entities.append
        for index, item in enumerate(items):
            # Nearly every entity is sound and plain, and there are millions: they are read here,
            # by the rules of `entity`, which words what is wrong with the others.
            try:
                (start, end, label), score = _start_end_label(item), None
                sound = (
                    type(start) is type(end) is int
                    and 0 <= start < end <= limit
                    and type(label) is str
                    and label.isascii()
                    and label != ""
                )
                if sound and len(item) > 3:
                    score = item.get("score")
                    sound = not item.keys() & _SPECIAL and (
                        "score" not in item or (type(score) is float and least <= score <= LARGEST)
                    )
                if sound and code_point is not None:
                    start, end = code_point(start), code_point(end)
                    sound = start is not None and end is not None
            except (KeyError, TypeError, IndexError, AttributeError):
                sound = False
            if sound:
                keep(_new(Entity, (start, end, label, score, ())))
            elif entity := self.entity(item, f"{name}[{index}]"):
                keep(entity)
        return tuple(entities)

    def entity(self, item: Any, place: str) -> Entity | None:
        """One entity; `None` without a usable span or label. A score is left out alone."""
        entity = self._kept(place, self._entity, item)
        if entity is None or entity.score is None:
            return entity
        return entity._replace(score=self._kept(place, self._score, entity.score))

    def attributions(self, items: list[Any]) -> tuple[Attribution, ...]:
        """The attributions of a list; see `attribution`."""
        decoded = (self.attribution(item, f"attributions[{i}]") for i, item in enumerate(items))
        return tuple(item for item in decoded if item is not None)

    def attribution(self, item: Any, place: str) -> Attribution | None:
        """One attribution; `None` without a usable content. Other parts are left out alone."""
        content = self._kept(place, _content, item)
        fragments = self.spans(content, f"{place}.content") if content else ()
        if not fragments:
            return None
        source, cue, kind, speaker = map(item.get, ("source", "cue", "kind", "speaker"))
        return Attribution(
            tuple(sorted(fragments)),
            None if source is None else self.span(source, f"{place}.source"),
            None if cue is None else self.span(cue, f"{place}.cue"),
            None if kind is None else self._kept(place, _kind, kind),
            None if speaker is None else self._kept(place, _speaker, speaker),
        )

    def spans(self, items: list[Any], name: str) -> tuple[Span, ...]:
        """The spans of a list, in its order."""
        decoded = (self.span(item, f"{name}[{i}]") for i, item in enumerate(items))
        return tuple(span for span in decoded if span is not None)

    def span(self, item: Any, place: str) -> Span | None:
        """A span in code points."""
        try:
            return self._span(item)
        except _Unusable as fault:
            self._sink(place, fault.message, fault.remedy)
            return None

    def _kept(self, place: str, read: Callable[[Any], _T], value: Any) -> _T | None:
        try:
            return read(value)
        except _Unusable as fault:
            self._sink(place, fault.message, fault.remedy)
            return None

    def _entity(self, item: Any) -> Entity:
        if isinstance(item, dict) and item.get("fragments") is not None:
            return self._discontinuous(item)
        start, end = self._span(item, _ENTITY)
        label, score = item.get("label"), item.get("score")
        if not isinstance(label, str) or not label:
            message = f"label is {short(label)}, expected a non-empty string"
            raise _Unusable(_lacking(item, _ENTITY, message))
        _check_whole(label, "label")
        return Entity(start, end, label, score)

    def _discontinuous(self, item: dict[str, Any]) -> Entity:
        """An entity of several fragments, whose own text is theirs with a space between."""
        given = item["fragments"]
        if not isinstance(given, list) or not given:
            raise _Unusable(f'"fragments" is {short(given)}, expected a list of spans')
        parts = sorted(self._span(one) for one in given)
        for one, other in pairwise(parts):
            if other.start < one.end:
                raise _Unusable(f'"fragments" overlap: {short(given)}')
        hull = {"start": parts[0].start, "end": parts[-1].end}
        for key, place in hull.items():
            said = item.get(key, place)
            if self._code_point is None and said != place:
                raise _Unusable(f"{key} is {short(said)}, but the fragments have {place}")
        own = item.get("text")
        if own is not None and self._text is not None:
            there = " ".join(self._text[start:end] for start, end in parts)
            if not self._same(own, there):
                raise _Unusable(f'"text" is {short(own)}, but the document has {short(there)}')
        rest = {key: item[key] for key in ("label", "score") if key in item}
        entity = Decoder(None, self._sink, least_score=self._least)._entity({**hull, **rest})
        fragments = fragments_apart(parts)
        return entity if len(fragments) == 1 else entity._replace(fragments=fragments)

    def _score(self, score: Any) -> float:
        if type(score) in (int, float) and self._least <= score <= LARGEST:
            return score  # type: ignore[no-any-return]
        limit = " of 0 or more" if self._least == 0 else ""
        raise _Unusable(f"score is {short(score)}, expected a number{limit}")

    def _span(self, item: Any, keys: tuple[str, ...] = _SPAN) -> Span:
        if not isinstance(item, dict):
            raise _Unusable(f"found {short(item)}, expected {_an_object(keys)}")
        start: Any = item.get("start")
        end: Any = item.get("end")
        problem = span_problems(self._length, start, end)
        if problem:
            unit = _UNITS[self._unit]
            raise _Unusable(
                _lacking(item, keys, problem.replace("code points", unit)),
                Remedy(f"offsets are {unit} into the text, half-open: [start, end)"),
            )
        span = Span(start, end) if self._code_point is None else self._in_code_points(start, end)
        # A discontinuous source is given as its hull with "spans"; its text is the fragments'.
        own = None if "spans" in item else item.get("text")
        if own is not None and self._text is not None:
            there = self._text[span.start : span.end]
            if not self._same(own, there):
                at = f"[{span.start}, {span.end})"
                raise _Unusable(
                    f'"text" is {short(own)}, but the document has {short(there)} at {at}', _WORDS
                )
        return span

    def _in_code_points(self, start: Any, end: Any) -> Span:
        assert self._code_point is not None
        first, last = self._code_point(start), self._code_point(end)
        if first is None or last is None:
            inside = start if first is None else end
            raise _Unusable(f"{self._unit} offset {inside} is in the middle of a character")
        return Span(first, last)


def _content(item: Any) -> list[Any]:
    if not isinstance(item, dict):
        raise _Unusable(f"found {short(item)}, expected an object")
    content = item.get("content")
    if not isinstance(content, list) or not content:
        raise _Unusable(f'"content" is {short(content)}, expected a list of at least one span')
    return content


def _kind(kind: Any) -> Kind:
    if kind not in KINDS:
        raise _Unusable(f'"kind" is {short(kind)}, expected one of {", ".join(KINDS)}')
    return kind  # type: ignore[no-any-return]


def _speaker(speaker: Any) -> str:
    if not isinstance(speaker, str):
        raise _Unusable(f'"speaker" is {short(speaker)}, expected a string or null')
    _check_whole(speaker, "speaker")
    return speaker


def _check_whole(text: str, name: str) -> None:
    problem = half_character(text)
    if problem:
        raise _Unusable(f'"{name}" {problem}', Remedy(hints.HALF))


def half_character(text: str) -> str | None:
    """What is wrong with a string that cannot be written as UTF-8; `None` if it can."""
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"holds half a character ({text[error.start]!r}) at {error.start}"
    return None


def _lacking(item: dict[str, Any], keys: tuple[str, ...], problem: str) -> str:
    """The problem, and the whole item where a key is not there at all."""
    if item.keys() >= set(keys):
        return problem
    return f"found {short(item)}, expected {_an_object(keys)}: {problem}"


def _an_object(keys: tuple[str, ...]) -> str:
    *others, last = (f'"{key}"' for key in keys)
    return f"an object with {', '.join(others)} and {last}"
