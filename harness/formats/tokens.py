"""Between tokens and texts: tokens joined to a text with offsets, a text cut into tokens."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Literal

from harness.annotation import Annotations, Entity, Record, Span
from harness.errors import InputError
from harness.formats.losses import Holds, count_losses
from harness.formats.tags import Chunk
from harness.paragraphs import stand_together
from harness.paragraphs import tokens as words_of

__all__ = [
    "Tokens",
    "cut",
    "cut_at",
    "flat",
    "join_tokens",
    "own_tokens",
    "sentences",
    "tagged",
]


Tokens = Literal["auto", "space", "words"]

_SPACE = re.compile(r"\S+")


def join_tokens(sentences: Iterable[Sequence[str]]) -> tuple[str, list[list[Span]]]:
    """Tokens joined by single spaces, sentences by a newline, and every token's offsets.

    No space stands where two tokens meet in a script that has none (Chinese, Japanese, Thai).
    """
    parts: list[str] = []
    offsets: list[list[Span]] = []
    at = 0
    for sentence in sentences:
        if offsets:
            parts.append("\n")
            at += 1
        own: list[Span] = []
        before = ""
        for index, token in enumerate(sentence):
            if index and not (before and token and stand_together(before, token)):
                parts.append(" ")
                at += 1
            parts.append(token)
            own.append(Span(at, at + len(token)))
            at += len(token)
            before = token
        offsets.append(own)
    return "".join(parts), offsets


def tagged(id_: str, sentences: Iterable[tuple[Sequence[str], Iterable[Chunk]]]) -> Record:
    """A document of sentences, given as tokens and the entities among them."""
    every = list(sentences)
    text, offsets = join_tokens(words for words, _ in every)
    entities = tuple(
        Entity(spans[chunk.start].start, spans[chunk.end - 1].end, chunk.label)
        for (_, chunks), spans in zip(every, offsets, strict=True)
        for chunk in chunks
    )
    tokens = tuple(span for spans in offsets for span in spans)
    return Record(id_, text, Annotations(entities), tokens=tokens)


def cut(text: str, how: Tokens = "words") -> list[Span]:
    """Tokens of a text: `space` at white space alone, else as `harness.paragraphs.tokens`.

    Never looks at annotations: token edges must not betray them, and two layers of one text have
    the same tokens.
    """
    if how == "space":
        return [Span(*match.span()) for match in _SPACE.finditer(text)]
    return [Span(*span) for span in words_of(text)]


def own_tokens(record: Record, how: Tokens = "auto") -> list[Span]:
    """The tokens that a document came with, where it has some and `how` is `auto`; else `cut`."""
    if record.tokens is not None and how == "auto":
        return [Span(*token) for token in record.tokens]
    return cut(record.text or "", how)


def flat(entities: Iterable[Entity], losses: Counter[str]) -> list[Entity]:
    """Entities without overlaps, in order; `losses` counts those left out.

    Of those that overlap the longest is kept, then the first, then the first by label.
    """
    unique = sorted(set(entities), key=lambda entity: entity.label)
    kept: list[Entity] = []
    for one in sorted(unique, key=lambda entity: (entity.start - entity.end, entity.start)):
        at = bisect_left(kept, one.start, key=lambda entity: entity.end - 1)
        if at == len(kept) or kept[at].start >= one.end:
            kept.insert(at, one)
    if len(kept) < len(unique):
        message = "nested or overlapping entities: only the longest is kept"
        losses[message] += len(unique) - len(kept)
    return kept


def sentences(
    record: Record, how: Tokens, losses: Counter[str], *, ids: bool = True
) -> Iterator[tuple[list[str], list[tuple[int, int, str]]]]:
    """The lines of a document as tokens, with its entities as token ranges `(start, end, label)`.

    The tokens are those of `own_tokens`, whatever the entities are: one that begins or ends inside
    a token is widened to all of it. A line break inside an entity ends no sentence. All of it is
    counted, as is whatever else tokens and tags cannot hold; `ids` says that the format has room
    for those of documents. Raises `InputError` for a token with a line break or a tab in it.
    """
    text = record.text or ""
    entities = flat(record.annotations.entities or (), losses)
    tokens = [token for token in own_tokens(record, how) if token.end > token.start]
    if record.tokens is not None and how == "auto" and len(tokens) < len(record.tokens):
        losses["empty tokens: left out"] += len(record.tokens) - len(tokens)
    owners = _owners(tokens, entities)
    held: dict[Holds, bool] = {"entities": True, "tokens": how == "auto", "ids": ids}
    count_losses(record, losses, holds=[part for part, is_held in held.items() if is_held])
    _count_losses(record, entities, tokens, owners, losses)
    words: list[str] = []
    chunks: list[tuple[int, int, str]] = []
    before = -1
    for number, (token, owner) in enumerate(zip(tokens, owners, strict=True)):
        if words and "\n" in text[tokens[number - 1].end : token.start]:
            if owner >= 0 and owner == before:
                losses["line breaks inside an entity: written as a space"] += 1
            else:
                yield words, chunks
                words, chunks = [], []
        if owner >= 0:
            here = len(words)
            start = chunks.pop()[0] if owner == before else here
            chunks.append((start, here + 1, entities[owner].label))
        word = text[token.start : token.end]
        if not word.isprintable() and any(char in word for char in "\t\n\r"):
            raise InputError(
                f"document {record.id!r}: the token {word[:40]!r} does not fit on a line"
            )
        words.append(word)
        before = owner
    if words:
        yield words, chunks


def cut_at(tokens: list[Span], edges: set[int]) -> tuple[list[Span], int]:
    """Tokens cut wherever an edge falls inside one, and how many cuts that took."""
    pieces: list[Span] = []
    for start, end in tokens:
        inner = sorted(edge for edge in range(start + 1, end) if edge in edges)
        stops = [start, *inner, end]
        pieces += [Span(a, b) for a, b in pairwise(stops)]
    return pieces, len(pieces) - len(tokens)


def _owners(tokens: list[Span], entities: list[Entity]) -> list[int]:
    """For each token the index of the entity that holds it, or -1."""
    owners = []
    at = 0
    for token in tokens:
        while at < len(entities) and entities[at].end <= token.start:
            at += 1
        owners.append(at if at < len(entities) and entities[at].start < token.end else -1)
    return owners


def _count_losses(
    record: Record,
    entities: list[Entity],
    tokens: list[Span],
    owners: list[int],
    losses: Counter[str],
) -> None:
    text = record.text or ""
    edges: dict[int, list[int]] = {}
    for token, owner in zip(tokens, owners, strict=True):
        if owner >= 0:
            edges.setdefault(owner, [token.start, token.end])[1] = token.end
    blank = {index for index, e in enumerate(entities) if text[e.start : e.end].isspace()}
    widened = sum(
        start < entities[owner].start or entities[owner].end < end
        for owner, (start, end) in edges.items()
    )
    counts = {
        "entities that begin or end inside a token: widened to whole tokens": widened,
        "entities of white space alone: left out": len(blank - edges.keys()),
        "entities inside a token of another one: left out": len(entities)
        - len(edges.keys() | blank),
        "entities with white space at an edge: trimmed": sum(
            (text[e.start].isspace() or text[e.end - 1].isspace())
            and not text[e.start : e.end].isspace()
            for e in entities
        ),
    }
    losses.update({message: count for message, count in counts.items() if count})
