"""Word pieces to words: which tag a word gets from the pieces that a tokenizer made of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.adapters._paragraphs import words
from harness.adapters._tags import OUTSIDE, TaggedWord, split_prefix

if TYPE_CHECKING:
    import numpy

__all__ = ["AGGREGATIONS", "tag_words"]

AGGREGATIONS = ("first", "max", "mean")


def tag_words(
    text: str,
    offsets: Sequence[tuple[int, int]],
    probabilities: numpy.ndarray,
    tags: Sequence[str],
    *,
    aggregation: str = "first",
    spaces: bool = False,
) -> list[TaggedWord]:
    """A tag for every word of `text` (`adapters._paragraphs.words`), in order; none is cut.

    `offsets[i]` are the characters of piece `i`, `probabilities[i]` one number per tag. A word is
    tagged by its `first` piece, by the piece that is surest (`max`), or by the `mean` over its
    pieces. A piece that spans several words (a tokenizer's `."`) tags them all: the first as it
    says, the others as inside. A word that no piece covers (a character that the tokenizer drops)
    gets no tag.
    """
    spans = list(words(text, spaces=spaces))
    own: list[list[int]] = [[] for _ in spans]
    covered: list[int | None] = [None] * len(spans)
    word = 0
    for piece, (start, end) in enumerate(offsets):
        while start < end and text[start].isspace():
            start += 1
        if start >= end:
            continue
        while word < len(spans) and spans[word].end <= start:
            word += 1
        place = word
        if place < len(spans) and spans[place].start < end:
            own[place].append(piece)
            place += 1
        while place < len(spans) and spans[place].start < end:
            covered[place] = piece
            place += 1
    tagged = []
    for span, pieces, across in zip(spans, own, covered, strict=True):
        if pieces:
            row = _row(probabilities[pieces], aggregation)
        elif across is not None:
            row = probabilities[across]
        else:
            tagged.append(TaggedWord(*span, None, 0.0))
            continue
        best = int(row.argmax())
        tag = tags[best] if pieces else _inside(tags[best])
        tagged.append(TaggedWord(*span, tag, float(row[best])))
    return tagged


def _row(rows: numpy.ndarray, aggregation: str) -> numpy.ndarray:
    if aggregation == "first":
        return rows[0]
    if aggregation == "max":
        return rows[rows.max(axis=1).argmax()]
    return rows.mean(axis=0)


def _inside(tag: str) -> str:
    return tag if tag == OUTSIDE else f"I-{split_prefix(tag)[1]}"
