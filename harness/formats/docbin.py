"""spaCy's `DocBin` (`.spacy`): tokens, `doc.ents`, and a span group for what overlaps.

Written with every character of the text kept: white space that is no single space becomes a token
of its own. Entities that overlap go whole into the span group `entities`; `doc.ents` then holds
the longest ones. Needs spaCy; a `DocBin` is loaded whole.
"""

from __future__ import annotations

import importlib
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

from harness.annotation import Annotations, Entity, Record, Span
from harness.coding import short
from harness.errors import InputError, LibraryMissing, UsageError, nearest
from harness.formats.files import new_file, opened, too_large
from harness.formats.hints import UNKNOWN_TAGS
from harness.formats.losses import Holds, Losses, writable
from harness.formats.options import UnpackedOption
from harness.formats.packed import MOST_UNPACKED
from harness.formats.sniff import Head
from harness.formats.tokens import cut_at, flat, own_tokens
from harness.options import Flag

__all__ = ["EXAMPLE", "LOSES", "SPANS_KEY", "HOLDS", "SUFFIXES", "matches", "read", "write"]

HOLDS = "entities, tokens, ids"
LOSES = "what spaCy knows besides: parts of speech, trees, other span groups"
EXAMPLE = "a binary file: DocBin.to_disk\n"
SUFFIXES = (".spacy",)
SPANS_KEY = "entities"
_ID = "harness.id"
_BEGIN = 64
_HELD: tuple[Holds, ...] = ("entities", "overlaps", "absent", "ids", "tokens")
_SMALL_MAPS = {bytes([first]) for first in range(0x80, 0x90)}
_KEYS = {"version", "attrs", "tokens", "spaces", "lengths", "strings"}


def matches(head: Head) -> bool:
    """A packed map that begins as a `DocBin` does; by its ending alone what is no text either."""
    if not head.path.is_file():
        return False
    try:
        begin = zlib.decompressobj().decompress(head.data, _BEGIN)
    except zlib.error:
        begin = b""
    # A small map of msgpack, with one of these as its first key.
    if begin[:1] in _SMALL_MAPS and begin[1:].startswith((b"\xa7version", b"\xa5attrs")):
        return True
    return head.path.suffix in SUFFIXES and (not head.text or "\0" in head.text)


def read(
    path: str | Path,
    *,
    spans_key: Annotated[str | None, Flag("span group to read", metavar="KEY")] = None,
    most_unpacked: UnpackedOption = MOST_UNPACKED,
    losses: Losses | None = None,
) -> Iterator[Record]:
    """Stream the documents of a `.spacy` file, which may unpack to `most_unpacked` MiB.

    Entities are those of the span group `spans_key`, else of the group `entities` where there is
    one, else `doc.ents`. A document whose entities were never set has no entity layer.

    Raises `InputError` for a file that is no `DocBin`, one that unpacks to more, or one of another
    version of spaCy;
    `LibraryMissing` without spaCy.
    """
    path = Path(path)
    losses = Losses() if losses is None else losses
    seen: set[str] = set()
    for number, doc in enumerate(_docs(path, most_unpacked), 1):
        id_ = doc.user_data.get(_ID)
        seen.update(doc.spans)
        groups = sorted(set(doc.spans) - {spans_key or SPANS_KEY})
        unknown = sum(token.ent_iob == 0 for token in doc)
        if unknown and (spans_key or SPANS_KEY) not in doc.spans and doc.has_annotation("ENT_IOB"):
            losses[UNKNOWN_TAGS] += unknown
        for group in groups:
            losses[f"span group {group!r}: left out (spans-key=NAME reads it)"] += 1
        known = isinstance(id_, str) and id_ != ""
        yield Record(
            id_ if known else f"{path.stem}-{number:05}",
            doc.text,
            Annotations(_entities(doc, spans_key)),
            number=None if known else number,
            tokens=tuple((token.idx, token.idx + len(token)) for token in doc),
        )

    if spans_key is not None and spans_key not in seen:
        raise UsageError(f"no span group {spans_key!r}{nearest(spans_key, sorted(seen))}")


def _entities(doc: Any, spans_key: str | None) -> tuple[Entity, ...] | None:
    key = spans_key or SPANS_KEY
    if key in doc.spans:
        spans = doc.spans[key]
    elif spans_key is None and (doc.ents or not len(doc) or doc.has_annotation("ENT_IOB")):
        spans = doc.ents
    else:
        return None
    return tuple(Entity(span.start_char, span.end_char, span.label_) for span in spans)


def _spacy() -> Any:
    try:
        import spacy
        import spacy.tokens
        import spacy.vocab
    except ImportError:
        raise LibraryMissing("a .spacy file needs spaCy", extra="spacy") from None
    return spacy


def _docs(path: Path, most_unpacked: int) -> Iterator[Any]:
    spacy = _spacy()
    with opened(path, "a .spacy file") as handle:
        data = handle.read()
    try:
        _check(data, path, spacy, most_unpacked)
        bin_ = spacy.tokens.DocBin().from_bytes(data)
        yield from bin_.get_docs(spacy.vocab.Vocab())
    except InputError:
        raise
    except Exception as error:  # spaCy raises what its C code happens to raise
        raise InputError(
            f"cannot be read by spaCy {spacy.__version__}: {type(error).__name__}: {error}",
            path=path,
            hint="was it made by another version of spaCy, or cut off?",
        ) from None


def _check(data: bytes, path: Path, spacy: Any, most: int) -> None:
    srsly = importlib.import_module("srsly")
    known = set(importlib.import_module("spacy.attrs").IDS.values())

    stream = zlib.decompressobj()
    try:
        unpacked = stream.decompress(data, most << 20)
        if stream.unconsumed_tail and stream.decompress(stream.unconsumed_tail, 1):
            raise too_large(path, most)
        message = srsly.msgpack_loads(unpacked)
    except InputError:
        raise
    except Exception as error:  # msgpack raises what it happens to raise
        raise InputError(
            f"is no DocBin ({str(error) or type(error).__name__})",
            path=path,
            hint="expected a file written by DocBin.to_disk",
        ) from None
    lacks = sorted(_KEYS - message.keys()) if isinstance(message, dict) else sorted(_KEYS)
    if lacks:
        raise InputError(
            f"is no DocBin: it lacks {', '.join(lacks)}",
            path=path,
            hint="expected a file written by DocBin.to_disk",
        )
    own, version = spacy.tokens.DocBin().version, message["version"]
    if version != own:
        raise InputError(
            f"is a DocBin of version {short(version)}, expected {own!r} "
            f"(spaCy {spacy.__version__})",
            path=path,
            hint="load and save it again with this version of spaCy",
        )
    odd = [attribute for attribute in message["attrs"] if attribute not in known]
    if odd:
        raise InputError(
            f"has token attributes that spaCy {spacy.__version__} does not know: {odd}",
            path=path,
            hint="it was made by another version of spaCy: load and save it again with this one",
        )


def write(path: str | Path, records: Iterable[Record], *, losses: Counter[str]) -> int:
    """Write a `.spacy` file; ids are kept in `doc.user_data`, texts to the last character."""
    spacy = _spacy()
    vocab = spacy.vocab.Vocab()
    bin_ = spacy.tokens.DocBin(attrs=["ENT_IOB", "ENT_TYPE"], store_user_data=True)
    for record, text in writable(records, path, losses, _HELD):
        bin_.add(_doc(record, text, vocab, spacy, losses))
    with new_file(path) as draft:
        draft.write_bytes(bin_.to_bytes())
    return len(bin_)


def _doc(record: Record, text: str, vocab: Any, spacy: Any, losses: Counter[str]) -> Any:
    entities = record.annotations.entities
    edges = {edge for entity in entities or () for edge in (entity.start, entity.end)}
    tokens, cuts = cut_at(_with_white_space(text, own_tokens(record)), edges)
    if cuts:
        losses["entity edges inside a token: the token is cut there"] += cuts
    words, spaces = _words(text, tokens)
    doc = spacy.tokens.Doc(vocab, words=words, spaces=spaces, user_data={_ID: record.id})
    assert doc.text == text
    if entities is None:
        return doc
    longest = flat(entities, Counter())
    whole = [doc.char_span(entity.start, entity.end, entity.label) for entity in entities]
    lost = sum(span is None for span in whole)
    if lost:
        losses["entities with a single space at an edge: left out"] += lost
    chosen = [doc.char_span(entity.start, entity.end, entity.label) for entity in longest]
    doc.set_ents([span for span in chosen if span is not None], default="outside")
    if len(longest) < len(entities):
        doc.spans[SPANS_KEY] = [span for span in whole if span is not None]
    return doc


def _with_white_space(text: str, tokens: list[Span]) -> list[Span]:
    """Tokens and the gaps between them; a gap that is one space belongs to the token before."""
    pieces: list[Span] = []
    at = 0
    for start, end in [*tokens, Span(len(text), len(text))]:
        if pieces and at < start and text[at] == " ":
            at += 1
        if at < start:
            pieces.append(Span(at, start))
        if start < end:
            pieces.append(Span(start, end))
        at = end
    return pieces


def _words(text: str, tokens: list[Span]) -> tuple[list[str], list[bool]]:
    """Each token's text, and whether a single space follows it."""
    ends = [*(token.start for token in tokens[1:]), len(text)]
    return (
        [text[start:end] for start, end in tokens],
        [token.end < after for token, after in zip(tokens, ends, strict=False)],
    )
