"""Spans, entities and attributions from decoded JSON, checked against their text: the one decoder.

Files, annotation tools and workers all say them alike. What becomes of an item that cannot be used
is the sink's business: `Where` makes an error of it that names file, line and place; a sink that
returns has noted it, and the item is left out. Nothing is ever repaired.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, Protocol

from harness.annotation import KINDS, Attribution, Entity, Kind, Span, span_problems
from harness.errors import AnnotationError, ReaderOptions
from harness.formats import hints
from harness.offsets import Offsets

__all__ = ["LARGEST", "Decoder", "Sink", "Where", "half_character", "short"]

LARGEST = sys.float_info.max
"""The largest number that a score can be: integers beyond it exist in JSON."""

_NO_LIMIT = 1 << 60
_UNITS = {"codepoint": "code points", "utf16": "UTF-16 units", "byte": "bytes"}
_SPAN = ("start", "end")
_ENTITY = ("start", "end", "label")


class Sink(Protocol):
    """Told of everything that cannot be used; raises, or returns and has it left out."""

    def __call__(
        self,
        place: str,
        message: str,
        *,
        hint: str | None = None,
        options: ReaderOptions | None = None,
    ) -> None: ...


class Where(NamedTuple):
    """A line of a file. As a sink it raises `AnnotationError`."""

    path: str | Path | None = None
    line: int | None = None

    def __call__(
        self,
        place: str,
        message: str,
        *,
        hint: str | None = None,
        options: ReaderOptions | None = None,
    ) -> NoReturn:
        raise self.error(f"{place}: {message}", hint=hint, options=options)

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
        length = _NO_LIMIT if text is None else len(text)
        self._unit = "codepoint" if offsets is None else offsets.unit
        self._length = length if offsets is None else offsets.length
        self._code_point = None
        if offsets is not None and offsets.length != length:  # else all characters are one unit
            self._code_point = offsets.code_point

    def entities(self, items: list[Any], name: str = "entities") -> tuple[Entity, ...]:
        """The entities of a list; `name` is what the list is called in the file."""
        limit, least, code_point = self._length, self._least, self._code_point
        entities = []
        for index, item in enumerate(items):
            # Nearly every entity is sound and plain, and there are millions: they are read here,
            # by the rules of `entity`, which words what is wrong with the others.
            try:
                start, end, label, score = item["start"], item["end"], item["label"], None
                sound = (
                    type(start) is type(end) is int
                    and 0 <= start < end <= limit
                    and type(label) is str
                    and label.isascii()
                    and label != ""
                    and "text" not in item
                )
                if sound and "score" in item:
                    score = item["score"]
                    sound = type(score) is float and least <= score <= LARGEST
                if sound and code_point is not None:
                    start, end = code_point(start), code_point(end)
                    sound = start is not None and end is not None
            except (KeyError, TypeError, IndexError):
                sound = False
            if sound:
                entities.append(Entity(start, end, label, score))
            elif entity := self.entity(item, f"{name}[{index}]"):
                entities.append(entity)
        return tuple(entities)

    def entity(self, item: Any, place: str) -> Entity | None:
        """One entity; `None` without a usable span or label. A score is left out alone."""
        span = self._span(item, place, _ENTITY)
        if span is None:
            return None
        label, score = item.get("label"), item.get("score")
        if not isinstance(label, str) or not label:
            message = f"label is {short(label)}, expected a non-empty string"
            self._sink(place, _lacking(item, _ENTITY, message))
            return None
        if not self._is_whole(label, "label", place):
            return None
        if score is not None and not (
            type(score) in (int, float) and self._least <= score <= LARGEST
        ):
            limit = " of 0 or more" if self._least == 0 else ""
            self._sink(place, f"score is {short(score)}, expected a number{limit}")
            score = None
        return Entity(*span, label, score)

    def attributions(self, items: list[Any], name: str = "attributions") -> tuple[Attribution, ...]:
        """The attributions of a list; see `attribution`."""
        decoded = (self.attribution(item, f"{name}[{i}]") for i, item in enumerate(items))
        return tuple(item for item in decoded if item is not None)

    def attribution(self, item: Any, place: str) -> Attribution | None:
        """One attribution; `None` without a usable content. Other parts are left out alone."""
        if not isinstance(item, dict):
            self._sink(place, f"found {short(item)}, expected an object")
            return None
        content = item.get("content")
        if not isinstance(content, list) or not content:
            self._sink(
                place, f'"content" is {short(content)}, expected a list of at least one span'
            )
            return None
        fragments = self.spans(content, f"{place}.content")
        if not fragments:
            return None
        source, cue = (
            None if item.get(role) is None else self.span(item[role], f"{place}.{role}")
            for role in ("source", "cue")
        )
        kind: Kind | None = item.get("kind")
        if kind is not None and kind not in KINDS:
            self._sink(place, f'"kind" is {short(kind)}, expected one of {", ".join(KINDS)}')
            kind = None
        speaker = item.get("speaker")
        if speaker is not None and not isinstance(speaker, str):
            self._sink(place, f'"speaker" is {short(speaker)}, expected a string or null')
            speaker = None
        elif speaker is not None and not self._is_whole(speaker, "speaker", place):
            speaker = None
        return Attribution(tuple(sorted(fragments)), source, cue, kind, speaker)

    def spans(self, items: list[Any], name: str) -> tuple[Span, ...]:
        """The spans of a list, in its order."""
        decoded = (self.span(item, f"{name}[{i}]") for i, item in enumerate(items))
        return tuple(span for span in decoded if span is not None)

    def span(self, item: Any, place: str) -> Span | None:
        """A span in code points."""
        return self._span(item, place, _SPAN)

    def _span(self, item: Any, place: str, keys: tuple[str, ...]) -> Span | None:
        if not isinstance(item, dict):
            self._sink(place, f"found {short(item)}, expected {_an_object(keys)}")
            return None
        start: Any = item.get("start")
        end: Any = item.get("end")
        problem = span_problems(self._length, start, end)
        if problem:
            unit = _UNITS[self._unit]
            self._sink(
                place,
                _lacking(item, keys, problem.replace("code points", unit)),
                hint=f"offsets are {unit} into the text, half-open: [start, end)",
            )
            return None
        span = Span(start, end)
        if self._code_point is not None:
            first, last = self._code_point(span.start), self._code_point(span.end)
            if first is None or last is None:
                inside = span.start if first is None else span.end
                self._sink(place, f"{self._unit} offset {inside} is in the middle of a character")
                return None
            span = Span(first, last)
        # A discontinuous source is given as its hull with "spans"; its text is the fragments'.
        own = None if "spans" in item else item.get("text")
        if own is not None and self._text is not None:
            there = self._text[span.start : span.end]
            if not self._same(own, there):
                self._sink(
                    place,
                    f'"text" is {short(own)}, but the document has {short(there)} at '
                    f"[{span.start}, {span.end})",
                    hint="are the offsets bytes or UTF-16 units, or was the text changed?",
                    options=hints.UTF16,
                )
                return None
        return span

    def _is_whole(self, text: str, name: str, place: str) -> bool:
        problem = half_character(text)
        if problem:
            self._sink(place, f'"{name}" {problem}', hint=hints.HALF)
        return problem is None


def half_character(text: str) -> str | None:
    """What is wrong with a string that cannot be written as UTF-8; `None` if it can."""
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"holds half a character ({text[error.start]!r}) at {error.start}"
    return None


def short(value: Any) -> str:
    """A value as a message shows it: in 60 characters at most."""
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:59] + "…"


def _lacking(item: dict[str, Any], keys: tuple[str, ...], problem: str) -> str:
    """The problem, and the whole item where a key is not there at all."""
    if item.keys() >= set(keys):
        return problem
    return f"found {short(item)}, expected {_an_object(keys)}: {problem}"


def _an_object(keys: tuple[str, ...]) -> str:
    *others, last = (f'"{key}"' for key in keys)
    return f"an object with {', '.join(others)} and {last}"
