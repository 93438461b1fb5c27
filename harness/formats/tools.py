"""Reading the files of annotation tools: JSON objects with a text and lists of entities.

A tool says what an object of its file means (`Example`); all else is done here. One document may
have the labels of several annotators, in one object or in several: those of one are read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from harness.annotation import Annotations, Entity, Record, Span
from harness.coding import short
from harness.errors import InputError, UsageError
from harness.formats import hints
from harness.formats.items import Decoder, Where, half_character
from harness.formats.jsonstream import objects
from harness.formats.losses import Losses
from harness.formats.offsets import OFFSET_UNITS, Offsets, OffsetUnit

__all__ = [
    "Example",
    "Labelling",
    "as_unit",
    "label_problem",
    "lose_items",
    "records",
    "who_labels",
]

_ASTRAL = "\uffff"


class Labelling(NamedTuple):
    """What one annotator says of a document."""

    annotator: str | None
    entities: Callable[[], list[Any] | None]
    """Objects with `start`, `end`, `label` and perhaps `text` and `score`; asked for if read."""


class Example(NamedTuple):
    """What an object of a tool's file says."""

    id: object
    """`None` where it names none."""
    text: object
    labellings: Sequence[Labelling]
    """The first is read, or that of the annotator asked for. None: a document without labels."""
    name: str
    """What a list of entities is called in the file."""
    left_out: bool = False
    """Whether its labels are not to be read; that has been counted."""
    tokens: tuple[Span, ...] | None = None


_Reads = Callable[[Mapping[str, Any], Where], Example]


def lose_items(
    value: Mapping[str, Any], key: str, what: str, where: Where, losses: Counter[str]
) -> None:
    """Count items that no document has, such as relations. `InputError` where it is no list."""
    items = value.get(key) or []
    if not isinstance(items, list):
        raise where.error(f'"{key}" is {short(items)}, expected a list')
    if items:
        losses[f"{what}: left out"] += len(items)


def label_problem(label: object, place: str, where: Where, mend: str) -> InputError | None:
    """The error about a label that is the number of one in the tool, and how to get its name."""
    if type(label) not in (int, float):
        return None
    return where.error(f"{place}: the label is the number {short(label)}, not a name", hint=mend)


def records(
    path: str | Path,
    example: _Reads,
    unit: OffsetUnit | None = "codepoint",
    *,
    annotator: str | None = None,
    losses: Losses | None = None,
) -> Iterator[Record]:
    """Stream the documents of a file; `example` reads one object.

    Objects with one id, and the n-th object of every annotator with one text, are one document; one
    without id is numbered. Of several annotators the first of a document is read, or `annotator`.
    Without a unit, a span behind characters beyond U+FFFF (emoji) is an error: JavaScript tools
    count such a character as two, and nothing but the span's own text tells which is meant. Raises
    as `objects` does, and with the line for a text or an id that cannot be used, an id that comes
    twice, and spans that do not fit; or leaves them out, as `losses` says.
    """
    path = Path(path)
    losses = Losses() if losses is None else losses
    documents, names = _Documents(path), set[str]()
    given, labelled, further = set[int](), set[int](), 0
    for line, value in objects(path):
        where = Where(path, line)
        try:
            read = example(value, where)
            text = _text(read.text, where)
            id_, number = documents.find(read, text, where)
        except InputError as error:
            losses.fault(error, "documents")
            documents.unusable += 1
            continue
        if read.left_out:
            continue
        labelled.add(number)
        names.update(one.annotator for one in read.labellings if one.annotator is not None)
        own = [one for one in read.labellings if annotator in (None, one.annotator)]
        if not own and annotator is not None:
            continue
        if number in given:
            further += len(own)
            continue
        given.add(number)
        further += max(0, len(own) - 1)
        entities = None
        try:
            items = own[0].entities() if own else None
            if items is not None:
                entities = _decoded(items, read.name, text, unit, where, losses)
        except InputError as error:
            losses.fault(error, "documents")
            continue
        place = number if read.id is None else None
        yield Record(id_, text, Annotations(entities), number=place, tokens=read.tokens)
    if annotator is not None and annotator not in names:
        raise hints.no_annotator(annotator, names, path)
    if annotator is not None and len(given) < len(labelled):
        losses[f"documents that {annotator} did not label: left out"] += len(labelled - given)
    if further:
        same = "further labellings by the annotator: left out"
        losses[hints.FURTHER_ANNOTATORS if annotator is None else same] += further


def who_labels(path: str | Path, example: _Reads) -> tuple[str, ...]:
    """Every annotator of whom something is read, in order of appearance. Raises as `objects`."""
    names: dict[str, None] = {}
    for line, value in objects(path):
        try:
            read = example(value, Where(path, line))
        except InputError:  # Reading words it.
            continue
        if not read.left_out:
            names |= dict.fromkeys(o.annotator for o in read.labellings if o.annotator is not None)
    return tuple(names)


def _text(text: object, where: Where) -> str:
    if not isinstance(text, str):
        raise where.error('has no "text", or one that is no string')
    return _whole(text, "text", where)


def _whole(text: str, name: str, where: Where) -> str:
    if problem := half_character(text):
        raise where.error(f'"{name}" {problem}', hint=hints.HALF)
    return text


class _Documents:
    """Tells which objects of a file are one document; of texts nothing but hashes are kept."""

    def __init__(self, path: Path) -> None:
        self._path, self.unusable = path, 0
        self._numbers: dict[Hashable, int] = {}
        self._texts: dict[int, int] = {}
        self._times: Counter[tuple[str | None, int]] = Counter()
        self._by: set[tuple[int, str | None]] = set()

    def find(self, read: Example, text: str, where: Where) -> tuple[str, int]:
        """Id and number of an object's document."""
        by = [one.annotator for one in read.labellings] or [None]
        told = hash(text)
        key: Hashable
        if read.id is None:
            self._times[by[0], told] += 1
            key = (told, self._times[by[0], told])
        elif isinstance(read.id, (str, int)) and not isinstance(read.id, bool) and read.id != "":
            key = id_ = _whole(str(read.id), "id", where)
        else:
            raise where.error(f'"id" is {short(read.id)}, expected a string or a whole number')
        number = self._numbers.setdefault(key, len(self._numbers) + self.unusable + 1)
        if read.id is None:
            return f"{self._path.stem}-{number:05}", number
        if not read.left_out:
            again = None in by or any((number, name) in self._by for name in by)
            if again and number in self._texts:
                message = f"document id {id_!r} comes a second time"
                raise where.error(message, options=hints.NUMBERED)
            self._by.update((number, name) for name in by)
            if self._texts.setdefault(number, told) != told:
                message = f"document id {id_!r} comes a second time, with another text"
                raise where.error(message, hint=hints.SAME_TEXT, options=hints.NUMBERED)
        return id_, number


def _decoded(
    items: list[Any], name: str, text: str, unit: OffsetUnit | None, where: Where, losses: Losses
) -> tuple[Entity, ...]:
    sink = where.sink(losses)
    if unit is not None or not text or max(text) <= _ASTRAL:
        one = Offsets(text, unit or "codepoint")
        return Decoder(text, sink, offsets=one, same=_same).entities(items, name)
    both = Offsets(text, "codepoint"), Offsets(text, "utf16")
    decoded = []
    for index, item in enumerate(items):
        place = f"{name}[{index}]"
        offsets = _meant(item, text, both) if isinstance(item, dict) else both[0]
        if offsets is None:
            error = where.error(
                f"{place}: {short(item)} in a text with emoji or the like: does the tool count "
                "such a character as one or as two?",
                options=hints.OFFSETS_HINT,
            )
            losses.fault(error)
            continue
        decoded.append(Decoder(text, sink, offsets=offsets, same=_same).entity(item, place))
    return tuple(entity for entity in decoded if entity is not None)


def _meant(item: dict[str, Any], text: str, units: Iterable[Offsets]) -> Offsets | None:
    """The only unit that a span can be meant in, or the first of those that agree on it."""
    place = {"start": item.get("start"), "end": item.get("end")}
    own = item.get("text")
    for offsets in units:
        span = Decoder(text, lambda *_: None, offsets=offsets).span(place, "")
        if span is None:
            continue
        told = isinstance(own, str) and _same(own, text[span.start : span.end])
        if told or max(text[: span.end]) <= _ASTRAL:
            return offsets
    return None


def _same(own: object, there: str) -> bool:
    """Tools show white space as they like, and a few put what is no string there."""
    return not isinstance(own, str) or own == there or own.split() == there.split()


def as_unit(value: str | None) -> OffsetUnit | None:
    """An option's value as an offset unit."""
    if value is not None and value not in OFFSET_UNITS:
        raise UsageError(f"offset unit {value!r}, expected one of {', '.join(OFFSET_UNITS)}")
    unit: OffsetUnit | None = value  # type: ignore[assignment]  # checked in the line above
    return unit
