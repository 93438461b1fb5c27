"""PubTator: a title, an abstract and a line for each mention; a blank line between documents.

    101|t|Relapse after aspirin.
    101|a|Two patients took aspirin daily.
    101<TAB>14<TAB>21<TAB>aspirin<TAB>Chemical<TAB>MESH:D001241
    101<TAB>CID<TAB>MESH:D001241<TAB>MESH:D012008

Of BC5CDR, NCBI Disease, MedMentions, BioRED, PubTator Central and PubTator 3
(www.ncbi.nlm.nih.gov/research/pubtator3). Offsets run through title and abstract with one
character between them, here a newline; where the mentions of a document fit none or two instead,
it is none or two. Mentions are compared with the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.annotation import Annotations, Entity, Record
from harness.coding import short, whole_number
from harness.errors import InputError
from harness.formats.files import atomic_writer, line_not_utf8, opened
from harness.formats.items import Decoder, Where
from harness.formats.losses import Losses, writable
from harness.formats.offsets import Offsets, OffsetUnit
from harness.formats.options import OffsetsOption
from harness.formats.sniff import Head
from harness.formats.standoff import printed
from harness.formats.units import same_words

__all__ = ["EXAMPLE", "HOLDS", "LEAVES_OUT", "LOSES", "SUFFIXES", "matches", "read", "write"]

HOLDS = "entities, ids; the line break after the first line alone"
LOSES = "identifiers, relations, the parts of composite mentions"
EXAMPLE = "1|t|NATO left\n1\t0\t4\tNATO\tORG\t-\n"
SUFFIXES = (".pubtator",)
LEAVES_OUT = True

_SECTION = re.compile(r"([^|\t]+)\|([A-Za-z]{1,20})\|(.*)")
_BEGINS = re.compile(r"\s*[^|\s]{1,60}\|[ta]\|")
_NUMBER = re.compile(r"-?[0-9]+")
_NO_ID = ("", "-", "-1")
_WIDTHS = (1, 0, 2)
_TWICE = "mentions that come twice: read once"


def matches(head: Head) -> bool:
    """It begins with a line of a title or an abstract."""
    return _BEGINS.match(head.text) is not None


@dataclass
class _Document:
    """The lines of one document."""

    id: str
    line: int
    sections: list[str] = field(default_factory=list)
    mentions: list[tuple[int, dict[str, Any]]] = field(default_factory=list)


def read(
    path: str | Path, *, offsets: OffsetsOption = None, losses: Losses | None = None
) -> Iterator[Record]:
    """Stream the documents; a mention is labelled by its type, spelled as it is there.

    Raises `InputError` with the line for what is no such line, a line about another document than
    the one begun, and an id that comes twice; `AnnotationError` for a mention that is not where it
    is said to be.
    """
    path = Path(path)
    losses = Losses() if losses is None else losses
    seen: set[str] = set()
    for document in _documents(path, losses):
        if document.id in seen:
            raise InputError(
                f"document id {document.id!r} comes a second time", path=path, line=document.line
            )
        seen.add(document.id)
        yield _record(document, path, offsets or "codepoint", losses)
    if not seen:
        raise InputError("the file holds no document", path=path, hint="expected PMID|t|Title")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with opened(path, "a PubTator file") as handle:
        for number, data in enumerate(handle, 1):
            try:
                line = data.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise line_not_utf8(error, path, number) from None
            yield number, line.removesuffix("\n").removesuffix("\r")


def _documents(path: Path, losses: Losses) -> Iterator[_Document]:
    document: _Document | None = None
    for number, line in _lines(path):
        if not line.strip():
            continue
        if found := _SECTION.fullmatch(line):
            id_, kind, text = found.groups()
            if document is None or id_ != document.id or kind == "t":
                if document is not None:
                    yield document
                document = _Document(id_, number)
            document.sections.append(text)
            continue
        fields = line.split("\t")
        if document is None or len(fields) < 4:
            raise InputError(
                f"found {short(line)}, expected PMID|t|Title, PMID|a|Abstract, or PMID, start, "
                "end, mention and type parted by tabs",
                path=path,
                line=number,
            )
        if fields[0] != document.id:
            raise InputError(
                f"is about document {short(fields[0])}, but that of line {document.line} is "
                f"{short(document.id)}",
                path=path,
                line=number,
            )
        if not _NUMBER.fullmatch(fields[1]):
            losses["relations: left out"] += 1
        elif (mention := _mention(fields, Where(path, number), losses)) is not None:
            document.mentions.append((number, mention))
    if document is not None:
        yield document


def _mention(fields: list[str], where: Where, losses: Losses) -> dict[str, Any] | None:
    if len(fields) < 5:
        losses.fault(
            where.error(
                f"found {len(fields)} columns, expected PMID, start, end, mention and type"
            ),
            "lines",
        )
        return None
    try:
        start, end = whole_number(fields[1]), whole_number(fields[2])
    except ValueError:
        losses.fault(where.error(f"offsets are {short(fields[1:3])}, expected two numbers"))
        return None
    if len(fields) > 5 and fields[5].strip() not in _NO_ID:
        losses["identifiers of mentions: left out"] += 1
    if any(part.strip() for part in fields[6:]):
        losses["further columns of mentions (parts of composite ones): left out"] += 1
    return {"start": start, "end": end, "label": fields[4].strip(), "text": fields[3]}


def _record(document: _Document, path: Path, unit: OffsetUnit, losses: Losses) -> Record:
    text, offsets = _joined(document, unit)
    kept: dict[Entity, None] = {}
    for number, mention in document.mentions:
        sink = Where(path, number).sink(losses)
        decoder = Decoder(text, sink, offsets=offsets, same=_same)
        entity = decoder.entity(mention, "mention")
        if entity in kept:
            losses[_TWICE] += 1
        elif entity is not None:
            kept[entity] = None
    return Record(document.id, text, Annotations(tuple(kept)))


def _joined(document: _Document, unit: OffsetUnit) -> tuple[str, Offsets]:
    """The text whose sections are so far apart that most mentions fit, rather one character."""
    best: tuple[int, str, Offsets] | None = None
    for width in _WIDTHS if len(document.sections) > 1 else _WIDTHS[:1]:
        text = "\n \n"[:width].join(document.sections)
        offsets = Offsets(text, unit)
        decoder = Decoder(text, lambda *_: None, offsets=offsets, same=_same)
        faults = sum(decoder.span(mention, "") is None for _, mention in document.mentions)
        if best is None or faults < best[0]:
            best = faults, text, offsets
        if not faults:
            break
    assert best is not None
    return best[1:]


def _same(own: object, there: str) -> bool:
    """A line shows every line break and tab as a space, and drops those at its edges."""
    if not isinstance(own, str) or printed(own).strip() != printed(there).strip():
        return False
    return same_words(own, there)


def write(path: str | Path, records: Iterable[Record], *, losses: Losses) -> int:
    """Write the first line of each text as its title, the rest as its abstract.

    Further line breaks become spaces, counted in `losses` with all else that is left out. Raises
    `InputError` for a document without text, and for an id or a label that fits on no line.
    """
    count = 0
    with atomic_writer(path) as handle:
        pairs = writable(records, path, losses, ("entities", "overlaps", "ids"))
        for record, text in pairs:
            if not record.id or any(char in "|" or char.isspace() for char in record.id):
                raise InputError(
                    f"document id {short(record.id)} holds white space or |",
                    path=path,
                    hint="PubTator's ids are numbers: rename the document",
                )
            handle.write("\n" if count else "")
            handle.write("".join(f"{record.id}{line}\n" for line in _written(record, text, losses)))
            count += 1
    return count


def _written(record: Record, text: str, losses: Losses) -> Iterator[str]:
    title, newline, abstract = text.partition("\n")
    breaks = sum(part.count(char) for part in (title, abstract) for char in "\n\r")
    if breaks:
        losses["line breaks after the first: written as spaces"] += breaks
    for kind, part in (("t", title), ("a", abstract)) if newline else (("t", title),):
        yield f"|{kind}|{part.translate({10: ' ', 13: ' '})}"
    kept: set[tuple[int, int, str]] = set()
    for start, end, label, *_ in record.annotations.entities or ():
        if not label.strip() or label != label.strip() or printed(label) != label:
            raise InputError(f"{record.id}: a mention's type cannot be {label!r}")
        if (start, end, label) in kept:
            losses["entities that come twice: written once"] += 1
            continue
        kept.add((start, end, label))
        yield f"\t{start}\t{end}\t{printed(text[start:end])}\t{label}\t-"
