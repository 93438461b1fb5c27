"""BioC in XML and JSON: collections of documents of passages, each with offsets of its own.

    <document><id>1</id><passage><offset>0</offset><text>NATO left</text><annotation id="T1">
    <infon key="type">ORG</infon><location offset="0" length="4"/><text>NATO</text></annotation> ...

Of PubTator, PMC, TeamTat and BioCreative (bioc.sourceforge.net). JSON is a collection, a list of
them, `{"PubTator3": [...]}`, or a document a line. A document's text is that of its passages, or of
their sentences, each at its own offset: gaps hold a line break and spaces. Offsets are code points;
some tools count bytes or UTF-16 units (`offsets`), which what annotations say of their text tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from harness.annotation import Annotations, Entity, Record
from harness.coding import short
from harness.errors import AnnotationError, InputError
from harness.formats import hints
from harness.formats.bioc_values import PLACE, bioc_documents
from harness.formats.items import Decoder, Remedy, Sink, Where, half_character
from harness.formats.losses import Losses
from harness.formats.offsets import Offsets, OffsetUnit
from harness.formats.options import OffsetsOption
from harness.formats.sniff import Head
from harness.formats.units import same_words
from harness.options import Flag

__all__ = ["EXAMPLE", "LEAVES_OUT", "LOSES", "matches", "read"]

LOSES = "relations, infons but the label, annotations without a place, borders of passages"
EXAMPLE = """\
{"id": "1", "passages": [{"offset": 0, "text": "NATO left", "infons": {}, "annotations": [{"infons":
 {"type": "ORG"}, "text": "NATO", "locations": [{"offset": 0, "length": 4}]}]}]}
"""
LEAVES_OUT = True

_ROOT = re.compile(rb"<collection[\s>]")
_INSIDE = re.compile(rb"<(document|passage)[\s>]")
_PASSAGES = re.compile(r'"passages"\s*:\s*\[')
_INFONS = re.compile(r'"(infons|offset)"\s*:')
_MOST_GAP = 100_000
_UNITS: Remedy = Remedy(
    "are the offsets bytes or UTF-16 units?",
    ("offsets", {"byte": "counts bytes of UTF-8", "utf16": "counts UTF-16 units"}),
)

_LabelKeyOption = Annotated[str, Flag("infon of an annotation that is its label", metavar="KEY")]


def matches(head: Head) -> bool:
    """XML with a collection of documents, or JSON with passages that have infons or offsets."""
    if head.start:
        return bool(_PASSAGES.search(head.text) and _INFONS.search(head.text))
    is_xml = head.data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")
    return is_xml and bool(_ROOT.search(head.data) and _INSIDE.search(head.data))


def read(
    path: str | Path,
    *,
    label_key: _LabelKeyOption = "type",
    offsets: OffsetsOption = None,
    losses: Losses | None = None,
) -> Iterator[Record]:
    """Stream the documents, of XML and of JSON lines with flat memory.

    An annotation of several locations is a discontinuous entity; one without any, about the whole
    document, is counted in `losses`, as is one that comes twice.

    Raises `InputError` for passages that overlap or are further than 100,000 characters apart, a
    document id that comes twice, a part of the wrong type, and XML with entities or a document type
    of its own; `AnnotationError` for annotations that do not fit. Needs lxml for XML.
    """
    path = Path(path)
    losses = Losses() if losses is None else losses
    how = _How(label_key, offsets or "codepoint", losses)
    seen: set[str] = set()
    number = 0
    for number, (line, value) in enumerate(bioc_documents(path), 1):
        where = Where(path, line)
        try:
            record = _record(value, number, where, how)
            if record.id in seen:
                raise where.error(f"document id {record.id!r} comes a second time")
        except AnnotationError as error:
            losses.fault(error, "documents")
            continue
        seen.add(record.id)
        yield record
    if not number:
        raise InputError("the file holds no document", path=path, hint="expected a BioC collection")


class _How(NamedTuple):
    """How the documents of a file are read."""

    key: str
    unit: OffsetUnit
    losses: Losses


def _record(value: Any, number: int, where: Where, how: _How) -> Record:
    value = _object(value, "the document", where)
    id_ = value.get("id", value.get("_id"))
    known = id_ not in (None, "")
    if known and type(id_) is not int:
        _string(id_, '"id"', where)
    pieces: list[tuple[int, str, str]] = []
    annotations: list[tuple[str, Mapping[str, Any]]] = []
    for place, part in _parts(value, where):
        _count(part, place, where, how.losses)
        if (text := part.get("text")) is not None and part is not value:
            pieces.append(
                (_offset(part, place, where), _string(text, f"{place}.text", where), place)
            )
        for index, item in enumerate(_list(part, "annotations", place, where)):
            annotations.append((f"{place}.annotations[{index}]", item))
    text = _laid_out(pieces, where, how.unit)
    offsets = Offsets(text, how.unit)
    kept: dict[Entity, None] = {}
    for place, item in annotations:
        if (entity := _entity(item, place, text, offsets, where, how)) in kept:
            how.losses["annotations that come twice: read once"] += 1
        elif entity is not None:
            kept[entity] = None
    name = str(id_) if known else f"{Path(where.path or 'document').stem}-{number:05}"
    return Record(name, text, Annotations(tuple(kept)), number=None if known else number)


def _parts(document: Mapping[str, Any], where: Where) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The document, its passages and their sentences, each with its place.

    A sentence has no text where its passage has one: it would be the same.
    """
    yield "document", document
    for index, passage in enumerate(_list(document, "passages", "document", where)):
        place = f"passages[{index}]"
        yield place, passage
        for number, sentence in enumerate(_list(passage, "sentences", place, where)):
            if passage.get("text") is not None:
                sentence = {**sentence, "text": None}
            yield f"{place}.sentences[{number}]", sentence


def _count(part: Mapping[str, Any], place: str, where: Where, losses: Losses) -> None:
    if infons := _object(part.get("infons") or {}, f"{place}.infons", where):
        losses["infons of documents and passages: left out"] += len(infons)
    if relations := _list(part, "relations", place, where):
        losses["relations: left out"] += len(relations)


def _laid_out(pieces: list[tuple[int, str, str]], where: Where, unit: OffsetUnit) -> str:
    """The text in which each piece stands at its offset."""
    text: list[str] = []
    at = 0
    for offset, piece, place in sorted(pieces, key=lambda one: one[0]):
        if not piece:
            continue
        if offset < at:
            raise where.error(
                f"{place} begins at {offset}, but the one before ends at {at}",
                hint=_UNITS.hint,
                options=_UNITS.options,
            )
        if (gap := offset - at) > _MOST_GAP:
            raise where.error(f"{place} begins at {offset}, {gap} characters behind the one before")
        inside = "sentences" in place and not place.endswith("sentences[0]")
        text += [("" if inside or not gap else "\n").ljust(gap), piece]
        at = offset + Offsets(piece, unit).length
    return "".join(text)


def _entity(
    item: Mapping[str, Any], place: str, text: str, offsets: Offsets, where: Where, how: _How
) -> Entity | None:
    where = Where(where.path, item.get(PLACE, where.line))
    infons = _object(item.get("infons") or {}, f"{place}.infons", where)
    locations = _list(item, "locations", place, where)
    if not locations:
        how.losses["annotations without a place in the text: left out"] += 1
        return None
    if how.key not in infons:
        how.losses.fault(_unlabelled(place, infons, how.key, where))
        return None
    if len(infons) > 1:
        how.losses["infons of annotations besides the label: left out"] += len(infons) - 1
    spans = [_span(one) for one in locations]
    made = {"label": infons[how.key], "text": item.get("text") or None}
    made |= spans[0] if len(spans) == 1 else {"fragments": spans}
    sink = _sink(where, how.losses)
    return Decoder(text, sink, offsets=offsets, same=same_words).entity(made, place)


def _unlabelled(place: str, infons: Mapping[str, Any], key: str, where: Where) -> AnnotationError:
    known = ", ".join(map(repr, infons)) or "none"
    usable = [one for one in infons if one.isprintable() and one][:4]
    return where.error(
        f"{place} has no infon {key!r}; it has: {known}; label-key says which is the label",
        options=("label-key", dict.fromkeys(usable, "")) if usable else None,
    )


def _span(location: Mapping[str, Any]) -> dict[str, Any]:
    start, length = location.get("offset"), location.get("length")
    if type(start) is type(length) is int:
        return {"start": start, "end": start + length}
    return {"start": start, "end": length}


def _sink(where: Where, losses: Losses) -> Sink:
    sink = where.sink(losses)  # where the offsets may be of another unit, all units are tried
    return lambda place, message, remedy: sink(
        place, message, remedy if remedy.options is None else _UNITS
    )


def _object(value: Any, place: str, where: Where) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    raise where.error(f"{place} is {short(value)}, expected an object")


def _list(value: Mapping[str, Any], key: str, place: str, where: Where) -> list[Mapping[str, Any]]:
    items = value.get(key) or []
    if isinstance(items, list) and all(isinstance(item, Mapping) for item in items):
        return items
    raise where.error(f"{place}.{key} is {short(items)}, expected a list of objects")


def _string(value: Any, place: str, where: Where) -> str:
    if not isinstance(value, str):
        raise where.error(f"{place} is {short(value)}, expected a string")
    if problem := half_character(value):
        raise where.error(f"{place} {problem}", hint=hints.HALF)
    return value


def _offset(value: Mapping[str, Any], place: str, where: Where) -> int:
    offset = value.get("offset")
    if type(offset) is not int or offset < 0:
        raise where.error(f"{place}.offset is {short(offset)}, expected a whole number")
    return offset
