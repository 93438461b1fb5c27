"""Tags of tokens in a file whose lines are counted, and a text that grows with its tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.annotation import Annotations, Entity, Record, Span
from harness.errors import InputError
from harness.formats import hints
from harness.formats.losses import Losses
from harness.formats.tags import BadTag, Bigrams, Chunk, Repair, guess_scheme, repaired

__all__ = ["GrowingText", "chunks_at", "tag_pairs", "told_scheme"]


class GrowingText:
    """The text of a document, token by token, with the entities that were found in it."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.length = 0
        self.tokens: list[Span] = []
        self.entities: list[Entity] = []

    def gap(self, text: str) -> None:
        """Add what stands between tokens."""
        self._parts.append(text)
        self.length += len(text)

    def token(self, form: str) -> Span:
        """Add a token, which is not empty."""
        start = self.length
        self.gap(form)
        self.tokens.append(Span(start, self.length))
        return self.tokens[-1]

    def mark(self, chunks: Iterable[Chunk], spans: Sequence[Span]) -> None:
        """Add entities that were found among tokens or words with these spans."""
        self.entities += (
            Entity(spans[chunk.start].start, spans[chunk.end - 1].end, chunk.label)
            for chunk in chunks
        )

    def record(self, id_: str, number: int | None = None, *, annotated: bool = True) -> Record:
        """The document; without an entity layer where it is not `annotated`."""
        return Record(
            id_,
            "".join(self._parts),
            Annotations(tuple(self.entities) if annotated else None),
            number=number,
            tokens=tuple(self.tokens),
        )


def tag_pairs(sentences: Iterable[Sequence[tuple[str, int]]]) -> Bigrams:
    """Every pair of neighbouring tags of sentences, given as tags with their lines, with the line
    of the first."""
    pairs: dict[tuple[str, str], int] = {}
    for sentence in sentences:
        before, line = "O", 0
        for tag, line in sentence:
            pairs.setdefault((before, tag), line)
            before = tag
        pairs.setdefault((before, "O"), line)
    return pairs


def told_scheme(pairs: Bigrams, path: str | Path, *, strict: bool = True) -> str:
    """As `guess_scheme`, for a file: raises `InputError` with the line."""
    try:
        return guess_scheme(pairs, strict=strict)
    except BadTag as error:
        raise InputError(
            error.message.replace("(place ", "(line "),
            path=path,
            line=error.place,
            options=hints.REPAIR_HINT,
        ) from None


def chunks_at(
    tags: Sequence[str],
    lines: Sequence[int],
    path: str | Path,
    *,
    scheme: str,
    repair: Repair,
    losses: Losses,
) -> list[Chunk]:
    """As `repaired`, for the tags of a sentence on these lines: raises `InputError` with one."""
    if tags.count("O") == len(tags):
        return []
    try:
        return repaired(tags, scheme, repair, losses)
    except BadTag as error:
        raise InputError(
            error.message, path=path, line=lines[error.place], options=hints.REPAIR_HINT
        ) from None
