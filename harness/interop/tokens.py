"""From characters to tokens, for scorers that know nothing else.

A token is a run of word characters (`\\w+`) or one other character that is no white space. A span
is aligned when it begins where a token begins and ends where one ends.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness.annotation import Entity

__all__ = ["Layer", "Tagged", "TokenSpan", "bio", "flat", "tag", "tokenise"]

_TOKEN = re.compile(r"\w+|[^\w\s]")


class TokenSpan(NamedTuple):
    """Tokens `[start, end)` with a label; `aligned` says that no token is cut."""

    start: int
    end: int
    label: str
    aligned: bool = True


@dataclass(frozen=True, slots=True)
class Layer:
    """One side of a document: its entities, and the token spans that they touch.

    `spans` are flat, sorted and widened to whole tokens; of overlapping ones the longest is kept,
    then the first. `raw` are the same before overlaps are resolved.
    """

    entities: tuple[Entity, ...]
    raw: tuple[TokenSpan, ...]
    spans: tuple[TokenSpan, ...]
    misaligned: int
    overlapping: int
    duplicates: int
    empty: int


@dataclass(frozen=True, slots=True)
class Tagged:
    """A document as tokens: how many there are, and both sides."""

    tokens: int
    gold: Layer
    predicted: Layer

    @property
    def labels(self) -> set[str]:
        return {span.label for layer in (self.gold, self.predicted) for span in layer.spans}


def tokenise(text: str) -> list[tuple[int, int]]:
    """The tokens' code-point offsets."""
    return [match.span() for match in _TOKEN.finditer(text)]


def tag(text: str, gold: Sequence[Entity], predicted: Sequence[Entity]) -> Tagged:
    """Both sides of a document on its tokens."""
    tokens = tokenise(text)
    return Tagged(len(tokens), _layer(tokens, gold), _layer(tokens, predicted))


def bio(tokens: int, spans: Sequence[TokenSpan]) -> list[str]:
    """IOB2 tags of flat spans."""
    tags = ["O"] * tokens
    for span in spans:
        tags[span.start] = f"B-{span.label}"
        tags[span.start + 1 : span.end] = [f"I-{span.label}"] * (span.end - span.start - 1)
    return tags


def flat(spans: Sequence[TokenSpan]) -> list[TokenSpan]:
    """Without overlaps: the longest first, then the earliest, then by label; sorted."""
    taken: set[int] = set()
    kept = []
    for span in sorted(spans, key=lambda s: (s.start - s.end, s.start, s.label)):
        places = range(span.start, span.end)
        if taken.isdisjoint(places):
            taken.update(places)
            kept.append(span)
    return sorted(kept)


def _layer(tokens: Sequence[tuple[int, int]], entities: Sequence[Entity]) -> Layer:
    unique = {(e.start, e.end, e.label): e for e in entities}
    starts, ends = [start for start, _ in tokens], [end for _, end in tokens]
    raw = []
    for start, end, label in sorted(unique):
        first, stop = bisect_right(ends, start), bisect_left(starts, end)
        if first < stop:
            aligned = starts[first] == start and ends[stop - 1] == end
            raw.append(TokenSpan(first, stop, label, aligned))
    spans = flat(raw)
    return Layer(
        tuple(unique.values()),
        tuple(raw),
        tuple(spans),
        misaligned=sum(not span.aligned for span in raw),
        overlapping=len(raw) - len(spans),
        duplicates=len(entities) - len(unique),
        empty=len(unique) - len(raw),
    )
