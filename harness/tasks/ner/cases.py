"""Named entities: what would have to be mended of every mention.

missed, spurious      a mention without a partner
boundary (CAUSE)      a partner with other edges: by convention (determiner, possessive, title,
                      punctuation), or other
type GOLD > PREDICTED a partner of another type; both where the edges differ too
split                 a gold mention, and several predictions of its type in its place
merged                several gold mentions, and one prediction of their type in their place
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from operator import itemgetter

from harness.annotation import Entity
from harness.tasks.base import Outcome
from harness.tasks.cases import Case
from harness.tasks.ner.boundary import boundary_cause

__all__ = ["entity_cases"]

_Touching = dict[int, list[Entity]]
_start, _place = itemgetter(0), itemgetter(0, 1, 4)  # Confidences are there or not: no order.


def entity_cases(outcomes: Sequence[Outcome], text: str | None) -> Iterator[Case]:
    """The cases of one document, whose outcomes are in the order of the text.

    Without the text no convention can be told: boundaries are `other` then.
    """
    alone = [one for one in outcomes if one.gold is None or one.predicted is None]
    pairs = [one for one in outcomes if one.error == "boundary"]
    split, merged = _touching(pairs, alone, "spurious"), _touching(pairs, alone, "missed")
    taken: set[int] = set()
    for one in outcomes:
        gold, predicted = one.gold, one.predicted
        if one.right:
            yield Case((), (gold,), (predicted,))
        elif gold is not None and predicted is not None:
            parts = _free(split.get(id(one), ()), taken)
            wholes = [] if parts else _free(merged.get(id(one), ()), taken)
            if parts:
                yield Case(("split",), (gold,), (predicted, *parts))
            elif wholes:
                yield Case(("merged",), (gold, *wholes), (predicted,))
            else:
                yield Case(_kinds(one.error, gold, predicted, text), (gold,), (predicted,))
    for one in alone:
        if id(one.gold or one.predicted) not in taken:
            gold = () if one.gold is None else (one.gold,)
            yield Case((one.error,), gold, () if one.predicted is None else (one.predicted,))


def _touching(pairs: Sequence[Outcome], alone: Sequence[Outcome], error: str) -> _Touching:
    """For each pair, by identity, the mentions of that error class and of its type that lie in its
    other side's place: spurious ones that overlap its gold, missed ones its prediction."""
    side = "gold" if error == "missed" else "predicted"
    mentions: list[Entity] = [getattr(one, side) for one in alone if one.error == error]
    if not pairs or not mentions:
        return {}
    # By size, so that one long mention does not make all of them near.
    sizes: dict[str, dict[int, list[Entity]]] = {}
    for one in sorted(mentions, key=_place):
        by_size = sizes.setdefault(one.label, {})
        by_size.setdefault((one.end - one.start).bit_length(), []).append(one)
    out: _Touching = {}
    for pair in pairs:
        other: Entity = getattr(pair, "predicted" if error == "missed" else "gold")
        found: list[Entity] = []
        for size, some in sizes.get(other.label, {}).items():
            first = bisect_left(some, other.start - (1 << size), key=_start)
            last = bisect_left(some, other.end, key=_start)
            found += (one for one in some[first:last] if _overlap(one, other))
        if found:
            out[id(pair)] = sorted(found, key=_place)
    return out


def _free(mentions: Sequence[Entity], taken: set[int]) -> list[Entity]:
    free = [one for one in mentions if id(one) not in taken]
    taken.update(map(id, free))
    return free


def _overlap(one: Entity, other: Entity) -> bool:
    return any(
        start < high and low < end
        for start, end in one.fragments or (one.span,)
        for low, high in other.fragments or (other.span,)
    )


def _kinds(error: str, gold: Entity, predicted: Entity, text: str | None) -> tuple[str, ...]:
    kinds = []
    if error in ("boundary", "boundary_type"):
        apart = gold.fragments or predicted.fragments or text is None
        cause = "other" if apart else boundary_cause(text or "", gold.span, predicted.span)
        kinds.append(f"boundary ({cause})")
    if error in ("type", "boundary_type"):
        kinds.append(f"type {gold.label} > {predicted.label}")
    return tuple(kinds)
