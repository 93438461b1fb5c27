"""The match mode `overlap=T`: the same type, and enough of the characters that either covers.

Mentions that are equal on both sides are paired with each other first, as in every mode; of the
others as many pairs as possible are made, then those that share most. What is counted are the
changes against the pairing of `strict`: a pair that overlaps enough becomes correct, and whoever
was paired with one of the two is left alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from harness.errors import TooEntangled
from harness.stats.assignment import assign
from harness.tasks.ner.matching import Alignment, MentionKey, MentionPair, extent

__all__ = ["overlap_changes"]

_LOOKS = 5_000_000
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
    edges: list[tuple[int, int, int]] = []
    looked = first = 0
    for i, one in enumerate(gold):
        while first < len(predicted) and predicted[first][1] <= one[0]:
            first += 1
        for j in range(first, len(predicted)):
            other = predicted[j]
            if other[0] >= one[1]:
                break
            looked += 1
            if looked > _LOOKS:
                raise TooEntangled("mentions overlap too densely to be paired by their overlap")
            if one[2] == other[2] and (share := _share(extent(one), extent(other))) >= threshold:
                # More pairs first, and of as many the ones that share most.
                edges.append((i, j, _FINE * (len(gold) + 1) + round(share * _FINE)))
    pairs = assign(edges, len(gold), len(predicted), 100 * _LOOKS)
    if pairs is None:
        raise TooEntangled("mentions overlap too densely to be paired by their overlap")
    return [(gold[i], predicted[j]) for i, j in pairs]


def _share(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Characters that both cover, of those that either does."""
    both = 0
    for start, end in zip(one[::2], one[1::2], strict=True):
        for a, b in zip(other[::2], other[1::2], strict=True):
            both += max(0, min(end, b) - max(start, a))
    sizes: Counter[str] = Counter()
    for name, edges in (("one", one), ("other", other)):
        sizes[name] = sum(end - start for start, end in zip(edges[::2], edges[1::2], strict=True))
    return both / (sizes.total() - both)
