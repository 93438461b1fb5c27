"""Reading the files of annotation tools: JSON objects with a text and lists of entities.

A tool says what an object of its file means (`Example`); all else is done here. One document may
have the labels of several annotators, in one object or in several: those of one are read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from harness.annotation import Annotations, Record, Span
from harness.coding import short
from harness.errors import InputError
from harness.formats import hints
from harness.formats.items import Where, half_character
from harness.formats.jsonstream import objects, write_lines
from harness.formats.losses import Holds, Losses, writable
from harness.formats.offsets import OffsetUnit
from harness.formats.tagging import told_scheme
from harness.formats.tags import Bigrams
from harness.formats.units import entities_in

__all__ = [
    "Example",
    "Labelling",
    "lose_items",
    "records",
    "scheme_found",
    "who_labels",
    "write_each",
]


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


_SEEN, _READ = 1, 2
_MORE = 1 << 12

_Reads = Callable[[Any, Where], Example]


def lose_items(
    value: Mapping[str, Any], key: str, what: str, where: Where, losses: Counter[str]
) -> None:
    """Count items that no document has, such as relations. `InputError` where it is no list."""
    items = value.get(key) or []
    if not isinstance(items, list):
        raise where.error(f'"{key}" is {short(items)}, expected a list')
    if items:
        losses[f"{what}: left out"] += len(items)


def records(
    path: str | Path,
    example: _Reads,
    unit: OffsetUnit | None = "codepoint",
    *,
    annotator: str | None = None,
    losses: Losses | None = None,
    stream: Callable[[Path], Iterator[tuple[int, Any]]] = objects,
    textless: bool = False,
) -> Iterator[Record]:
    """Stream the documents of a file; `example` reads one value of the `stream`.

    Objects with one id, and the n-th object of every annotator with one text, are one document; one
    without id is numbered. Of several annotators the first of a document is read, or `annotator`.
    Without a unit, a span behind characters beyond U+FFFF (emoji) is an error: JavaScript tools
    count such a character as two, and nothing but the span's own text tells which is meant.
    `textless` files may leave the texts out. Raises as `objects` does, and with the line for a text
    or an id that cannot be used, an id that comes twice, and spans that do not fit; or leaves them
    out, as `losses` says.
    """
    path = Path(path)
    losses = Losses() if losses is None else losses
    documents, names = _Documents(path), set[str]()
    further = missing = 0
    for line, value in stream(path):
        where = Where(path, line)
        try:
            read = example(value, where)
            text = None if textless and read.text is None else _text(read.text, where)
            id_, number = documents.find(read, text, where)
        except InputError as error:
            losses.fault(error, "documents")
            documents.unusable += 1
            continue
        if read.left_out:
            continue
        names.update(one.annotator for one in read.labellings if one.annotator is not None)
        own = [one for one in read.labellings if annotator in (None, one.annotator)]
        known = documents.state(number)
        if known is None:
            missing += 1  # Until the annotator's labels come.
        if not own and annotator is not None:
            documents.states[number] = known or _SEEN
            continue
        documents.states[number] = _READ
        if known == _READ:
            further += len(own)
            continue
        missing -= 1
        further += max(0, len(own) - 1)
        entities = None
        try:
            items = own[0].entities() if own else None
            if items is not None:
                entities = entities_in(items, read.name, text, unit, where, losses)
        except InputError as error:
            losses.fault(error, "documents")
            continue
        place = number if read.id is None else None
        yield Record(id_, text, Annotations(entities), number=place, tokens=read.tokens)
    if annotator is not None and annotator not in names:
        raise hints.no_annotator(annotator, names, path)
    if annotator is not None and missing:
        losses[hints.not_labelled_by(annotator)] += missing
    if further:
        same = "further labellings by the annotator: left out"
        losses[hints.FURTHER_ANNOTATORS if annotator is None else same] += further


def write_each(
    path: str | Path,
    records: Iterable[Record],
    line: Callable[[Record, str], object],
    losses: Counter[str],
    holds: Collection[Holds],
) -> int:
    """Write a JSON value a line for each record; counts in `losses` what is not of `holds`."""
    pairs = writable(records, path, losses, holds)
    return write_lines(path, (line(record, text) for record, text in pairs))


def scheme_found(
    pairs: Bigrams, path: str | Path, scheme: str | None, repair: str
) -> dict[str, str]:
    """The scheme of a file's tags, by the name of its option; nothing where there are no tags."""
    if not scheme and not pairs:
        return {}
    return {"scheme": scheme or told_scheme(pairs, path, strict=repair == "strict")}


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
        self.states = bytearray()
        """Of each number, whether the document was seen, and read."""
        self._numbers: dict[int, int] = {}
        self._texts: dict[int, int] = {}
        self._times: dict[int, int] = {}
        self._by: set[int] = set()

    def state(self, number: int) -> int | None:
        """Whether a document was read, or seen only; `None`: neither."""
        if number >= len(self.states):
            self.states.extend(bytes(number + _MORE - len(self.states)))
        return self.states[number] or None

    def find(self, read: Example, text: str | None, where: Where) -> tuple[str, int]:
        """Id and number of an object's document."""
        by = [one.annotator for one in read.labellings] or [None]
        told = hash(text)
        if read.id is None:
            own = hash((by[0], told))
            times = self._times[own] = self._times.get(own, 0) + 1
            key = hash((told, times))
        elif isinstance(read.id, (str, int)) and not isinstance(read.id, bool) and read.id != "":
            id_ = _whole(str(read.id), "id", where)
            key = hash(id_)
        else:
            raise where.error(f'"id" is {short(read.id)}, expected a string or a whole number')
        number = self._numbers.setdefault(key, len(self._numbers) + self.unusable + 1)
        if read.id is None:
            return f"{self._path.stem}-{number:05}", number
        if not read.left_out:
            again = None in by or any(hash((number, name)) in self._by for name in by)
            if again and number in self._texts:
                message = f"document id {id_!r} comes a second time"
                raise where.error(message, options=hints.NUMBERED)
            self._by.update(hash((number, name)) for name in by)
            if self._texts.setdefault(number, told) != told:
                message = f"document id {id_!r} comes a second time, with another text"
                raise where.error(message, hint=hints.SAME_TEXT, options=hints.NUMBERED)
        return id_, number
