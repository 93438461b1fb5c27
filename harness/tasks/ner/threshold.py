"""The match mode `overlap=T`: the same type, and enough of the characters that either covers.

Mentions that are equal on both sides are paired with each other first, as in every mode; of the
others as many pairs as possible are made, then those that share most. What is counted are the
changes against the pairing of `strict`: a pair that overlaps enough becomes correct, and whoever
was paired with one of the two is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.errors import TooEntangled
from harness.stats.assignment import assign
from harness.stats.overlaps import count_overlaps
from harness.tasks.ner.matching import (
    Alignment,
    MentionKey,
    MentionPair,
    extent,
    listed_overlaps,
    shared_characters,
)

__all__ = ["overlap_changes"]

_LISTED = 5_000_000
_LOOKS = 500_000_000
_FINE = 1_000_000
_Changed = tuple[int, MentionKey | None, MentionKey | None, bool]
"""Sign, gold, prediction, and whether the two overlap enough."""


def overlap_changes(rest: Alignment, threshold: float) -> Iterator[_Changed]:
    """What differs from `rest`, the pairing of `strict` of mentions without an equal."""
    gold = sorted([*(g for g, _ in rest.pairs), *rest.missed])
    predicted = sorted([*(p for _, p in rest.pairs), *rest.spurious])
    found = _paired(gold, predicted, threshold)
    left, right = {g for g, _ in found}, {p for _, p in found}
    for one, other in found:
        yield 1, one, other, True
    for one, other in rest.pairs:
        if one in left or other in right:
            yield -1, one, other, False
            if one not in left:
                yield 1, one, None, False
            if other not in right:
                yield 1, None, other, False
    yield from ((-1, key, None, False) for key in rest.missed if key in left)
    yield from ((-1, None, key, False) for key in rest.spurious if key in right)


def _paired(
    gold: Sequence[MentionKey], predicted: Sequence[MentionKey], threshold: float
) -> list[MentionPair]:
    spans = [[key[:2] for key in side] for side in (gold, predicted)]
    if count_overlaps(*spans) > _LISTED:
        raise TooEntangled("mentions overlap too densely to be paired by their overlap")
    edges = [
        # More pairs first, and of as many the ones that share most.
        (i, j, _FINE * (len(gold) + 1) + round(share * _FINE))
        for i, j in listed_overlaps(gold, predicted)
        if gold[i][2] == predicted[j][2] and (share := _share(gold[i], predicted[j])) >= threshold
    ]
    pairs = assign(edges, len(gold), len(predicted), _LOOKS)
    if pairs is None:
        raise TooEntangled("mentions overlap too densely to be paired by their overlap")
    return [(gold[i], predicted[j]) for i, j in pairs]


def _share(one: MentionKey, other: MentionKey) -> float:
    """Characters that both cover, of those that either does."""
    both = shared_characters(one, other)
    covered = sum(
        end - start
        for edges in (extent(one), extent(other))
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    )
    return both / (covered - both)
