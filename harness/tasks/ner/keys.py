"""The two sides of a document, each mention under the key by which it is matched.

A key is the span, trimmed where the boundary rule says so, and the label; mentions that only
trimming made equal are numbered.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from harness.annotation import Entity, Span
from harness.errors import UsageError
from harness.tasks.ner.boundary import trim
from harness.tasks.ner.matching import MentionKey, extent
from harness.tasks.ner.options import BoundaryRule

__all__ = ["Sides", "key_of", "outside", "sides", "trimmed_key"]


class Sides(NamedTuple):
    """Gold mentions and predictions that take part, and the repetitions that were left out."""

    gold: dict[MentionKey, Entity]
    predicted: dict[MentionKey, Entity]
    duplicates_gold: list[Entity]
    duplicates_predicted: list[Entity]

    def common(self) -> set[MentionKey]:
        """The keys of mentions that are equal on both sides."""
        return self.gold.keys() & self.predicted.keys()


def key_of(entity: Entity) -> MentionKey:
    """Under what a mention is matched, as it stands."""
    if not entity.fragments:
        return entity[:3]
    return (*entity[:3], tuple(edge for part in entity.fragments for edge in part))


def sides(
    gold: Sequence[Entity],
    predicted: Sequence[Entity],
    *,
    boundary: BoundaryRule,
    text: str | None,
    ignore: Sequence[Span],
) -> Sides:
    """Leave out what is ignored and what is repeated, and key the rest.

    Raises `UsageError` when the rule is `normalised` and there is no text.
    """
    if ignore:
        gold, predicted = outside(gold, ignore), outside(predicted, ignore)
    left: dict[MentionKey, Entity] = {key_of(entity): entity for entity in gold}
    right: dict[MentionKey, Entity] = {key_of(entity): entity for entity in predicted}
    duplicates_gold: list[Entity] = []
    duplicates_predicted: list[Entity] = []
    if len(left) < len(gold):
        left, duplicates_gold = _distinct(gold)
    if len(right) < len(predicted):
        right, duplicates_predicted = _distinct(predicted)
    if boundary == "normalised":
        if text is None:
            raise UsageError(
                "the boundary rule 'normalised' needs the text of every document; "
                "give a corpus with texts, or use --boundary raw"
            )
        equal = left.keys() & right.keys()
        left, right = _trimmed(left, equal, text), _trimmed(right, equal, text)
    return Sides(left, right, duplicates_gold, duplicates_predicted)


def _distinct(entities: Sequence[Entity]) -> tuple[dict[MentionKey, Entity], list[Entity]]:
    """Without identical duplicates; the most confident one stays, whatever the order."""
    kept: dict[MentionKey, Entity] = {}
    left_out: list[Entity] = []
    for entity in sorted(entities, key=lambda e: float("inf") if e.score is None else -e.score):
        key = key_of(entity)
        if key in kept:
            left_out.append(entity)
        else:
            kept[key] = entity
    return kept, left_out


def trimmed_key(key: MentionKey, text: str) -> MentionKey:
    """The key after trimming: of a mention with fragments its outer edges alone are trimmed, and
    what would be trimmed away whole stays."""
    start, end = trim(text, key[0], key[1])
    edges = extent(key)
    if len(edges) == 2:
        return (start, end, key[2])
    edges = (min(start, edges[1] - 1), *edges[1:-1], max(end, edges[-2] + 1))
    return (edges[0], edges[-1], key[2], edges)


def outside(entities: Sequence[Entity], ignore: Sequence[Span]) -> list[Entity]:
    """The entities that share no character with an ignored region."""
    regions: list[list[int]] = []
    for start, end in sorted(ignore):
        if regions and start <= regions[-1][1]:
            regions[-1][1] = max(regions[-1][1], end)
        elif end > start:
            regions.append([start, end])
    ends = [end for _, end in regions]

    def ignored(start: int, end: int) -> bool:
        first = bisect_right(ends, start)
        return first < len(regions) and regions[first][0] < end

    return [
        entity
        for entity in entities
        if not any(ignored(*part) for part in entity.fragments or (entity.span,))
    ]


def _trimmed(
    side: dict[MentionKey, Entity], equal: AbstractSet[MentionKey], text: str
) -> dict[MentionKey, Entity]:
    """The same mentions under trimmed keys.

    Mentions that trimming makes equal are numbered, those with an equal on the other side
    (`equal`) first and then the shortest, so that trimming never takes a match away.
    """
    ranked = sorted(side, key=lambda key: (key not in equal, key[1] - key[0], key))
    out: dict[MentionKey, Entity] = {}
    seen: Counter[MentionKey] = Counter()
    for key in ranked:
        kind = trimmed_key(key, text)
        if len(kind) > 3:
            out.setdefault(kind, side[key])
            continue
        out[(*kind, (seen[kind],)) if seen[kind] else kind] = side[key]
        seen[kind] += 1
    return out
