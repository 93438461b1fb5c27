"""Between tokens and texts: tokens joined to a text with offsets, a text cut into tokens."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Literal

from harness.annotation import Annotations, Entity, Record, Span
from harness.formats.losses import count_losses
from harness.formats.tags import Chunk

__all__ = [
    "Tokens",
    "cut",
    "cut_at",
    "flat",
    "join_tokens",
    "sentences",
    "tagged",
    "tokenised",
]


Tokens = Literal["auto", "space", "words"]

_WORD = re.compile(r"\w+(?:[-'’.]\w+)*|[^\w\s]")
_SPACE = re.compile(r"\S+")
_GLUED = re.compile(r"[^\W\d_][,;:](?=\s)|[^\W\d_]{3}[.!?](?=\s*(?:\n|$))")


def join_tokens(sentences: Iterable[Sequence[str]]) -> tuple[str, list[list[Span]]]:
    """Tokens joined by single spaces, sentences by a newline, and every token's offsets."""
    parts: list[str] = []
    offsets: list[list[Span]] = []
    at = 0
    for sentence in sentences:
        if offsets:
            parts.append("\n")
            at += 1
        own = []
        for index, token in enumerate(sentence):
            if index:
                at += 1
            own.append(Span(at, at + len(token)))
            at += len(token)
        parts.append(" ".join(sentence))
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


def tokenised(text: str) -> bool:
    """Whether a text looks as if tokens had been joined by spaces: no comma on a word's tail."""
    return _GLUED.search(text) is None


def cut(text: str, how: Tokens = "auto") -> list[Span]:
    """Tokens of a text: `space` at white space alone, `words` also before and after punctuation.

    `auto` takes `space` where the text is tokenised already, so that tokens which were joined are
    found again. Never looks at annotations: token edges must not betray them.
    """
    pattern = _SPACE if how == "space" or (how == "auto" and tokenised(text)) else _WORD
    return [Span(*match.span()) for match in pattern.finditer(text)]


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
    record: Record, how: Tokens, losses: Counter[str]
) -> Iterator[tuple[list[str], list[tuple[int, int, str]]]]:
    """The lines of a document as tokens, with its entities as token ranges `(start, end, label)`.

    A token at whose inside an entity begins or ends is cut there; a line break inside an entity
    ends no sentence. Both are counted, as is all else that tokens and tags cannot hold.
    """
    text = record.text or ""
    entities = flat(record.annotations.entities or (), losses)
    tokens, edges = cut_at(cut(text, how), {edge for e in entities for edge in (e.start, e.end)})
    owners = _owners(tokens, entities)
    _count_losses(record, entities, owners, edges, losses)
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
        words.append(text[token.start : token.end])
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
    record: Record, entities: list[Entity], owners: list[int], edges: int, losses: Counter[str]
) -> None:
    text = record.text or ""
    count_losses(record, losses, holds={"entities"})
    counts = {
        "entity edges inside a token: the token is cut there": edges,
        "entities of white space alone: left out": len(entities) - len(set(owners) - {-1}),
        "entities with white space at an edge: trimmed": sum(
            (text[e.start].isspace() or text[e.end - 1].isspace())
            and not text[e.start : e.end].isspace()
            for e in entities
        ),
    }
    losses.update({message: count for message, count in counts.items() if count})
