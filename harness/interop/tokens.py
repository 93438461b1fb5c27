"""From characters to tokens, for scorers that know nothing else.

The tokens are those of the gold's file where it has any, else those of `harness.paragraphs`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.annotation import Entity, Record
from harness.errors import InputError
from harness.formats.tags import encode_tags
from harness.formats.tokens import flat
from harness.paragraphs import tokens

__all__ = ["TokenSide", "Tagged", "tag"]


@dataclass(frozen=True, slots=True)
class TokenSide:
    """One side of a document in tokens: its entities' `start` and `end` count tokens here.

    `spans` are flat, sorted and widened to whole tokens; of overlapping ones the longest is kept,
    then the first. `aligned` are the same of those alone that begin and end where tokens do, `cut`
    are the other ones, widened, overlaps and all.
    """

    spans: tuple[Entity, ...]
    aligned: tuple[Entity, ...]
    cut: tuple[Entity, ...]
    overlapping: int
    duplicates: int
    empty: int
    """Entities that touch no token."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A document as tokens: how many there are, whether the file had them, and both sides."""

    tokens: int
    own: bool
    gold: TokenSide
    predicted: TokenSide

    def tags(self) -> tuple[list[str], list[str]]:
        """IOB2 tags of the gold and of the predictions."""
        return self._tags(self.gold), self._tags(self.predicted)

    def _tags(self, layer: TokenSide) -> list[str]:
        return encode_tags([span[:3] for span in layer.spans], self.tokens, "IOB2")


def tag(gold: Record, entities: Iterable[Entity], predicted: Iterable[Entity]) -> Tagged:
    """`entities` and `predicted` on the tokens of the gold document.

    Raises `InputError` where it has neither tokens nor a text.
    """
    if gold.tokens is None and gold.text is None:
        raise InputError(f"gold document {gold.id!r} has no text to tokenise")
    cut = tokens(gold.text or "") if gold.tokens is None else gold.tokens
    sides = (_layer(cut, tuple(side)) for side in (entities, predicted))
    return Tagged(len(cut), gold.tokens is not None, *sides)


def _layer(tokens: Sequence[tuple[int, int]], entities: Sequence[Entity]) -> TokenSide:
    starts, ends = [start for start, _ in tokens], [end for _, end in tokens]
    # Where empty tokens stand at an edge, the entity holds them: so the file's tags had it.
    first = {start: index for index, start in reversed([*enumerate(starts)])}
    after = {end: index for index, end in enumerate(ends, 1)}
    unique = {(e.start, e.end, e.label) for e in entities}
    aligned, cut = [], []
    for start, end, label in sorted(unique):
        if start in first and end in after:
            aligned.append(Entity(first[start], after[end], label))
        elif (here := bisect_right(ends, start)) < (stop := bisect_left(starts, end)):
            cut.append(Entity(here, stop, label))
    spans = flat([*aligned, *cut], Counter())
    return TokenSide(
        tuple(spans),
        tuple(flat(aligned, Counter())),
        tuple(cut),
        overlapping=len(aligned) + len(cut) - len(spans),
        duplicates=len(entities) - len(unique),
        empty=len(unique) - len(aligned) - len(cut),
    )
