"""Which prediction answers which gold relation: one-to-one, by maximum total content Dice.

Matching is by document. Greedy matching depends on the order of the input, and matching many to
many lets five copies of one right answer count five times; here each relation has at most one
partner, and the sum of the partners' Dice is the largest possible. All sums are integers over a
common denominator, so two alignments are tied exactly when their totals are equal.

Ties go, in this order, to the larger total Dice of cues and sources (two absent ones count as
equal), to more elements, kinds and speakers that agree, and then to the offsets. Both sides are
sorted first and the solver always sees the lesser side first, so neither the order within a side
nor the side that is called gold can change an alignment. Whether speakers agree depends on who
else is named in the gold; it is therefore asked both ways, with each side as the gold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf, lcm
from typing import NamedTuple

from harness.annotation import Attribution, Kind
from harness.errors import TooEntangled
from harness.stats.assignment import assign
from harness.stats.deadline import check_time
from harness.stats.dense import Overrun
from harness.stats.overlaps import count_overlaps
from harness.tasks.attribution.characters import Element, common, equal_elements
from harness.tasks.attribution.crowd import degrees, likely

__all__ = [
    "Relation",
    "SameSpeaker",
    "align_relations",
    "maximum_weight_matching",
    "touches",
    "touching",
]

_LISTED, _LISTED_EACH = 50_000, 16
"""Pairs that touch are listed: so many, or so many for each relation where that is more."""
_LISTED_OF_CROWD = 1_000_000
_LOOKS, _CROWD_LOOKS = 50_000_000, 4_000_000_000
"""Looks at a listed pair (fewer where weights have thousands of bits), and at one that is not
listed; beyond that the alignment is refused."""
_BITS = 2_500_000_000
"""Of the weights of pairs that hang together, in all."""


class Relation(NamedTuple):
    """An attribution as the scorer sees it; `key` orders it and tells it from all others."""

    key: tuple[object, ...]
    content: Element
    source: Element | None
    cue: Element | None
    kind: Kind
    speaker: str | None
    origin: Attribution


SameSpeaker = Callable[[str | None, str | None], bool]
"""Whether the first name, one of the side's own, and the second, of the other side, are one."""


def align_relations(
    gold: Sequence[Relation],
    predicted: Sequence[Relation],
    in_gold: SameSpeaker,
    in_predicted: SameSpeaker,
) -> list[tuple[int, int]]:
    """Pairs of indices `(gold, predicted)` whose contents share characters, sorted.

    Both sequences must be sorted by `key` and hold each key once. `in_gold` is asked with the gold
    name first, `in_predicted` with the predicted one first. Raises `TooEntangled` for contents that
    overlap too densely.
    """
    swapped = [item.key for item in predicted] < [item.key for item in gold]
    one, other = (predicted, gold) if swapped else (gold, predicted)

    def agreeing(a: Relation, b: Relation) -> int:
        ours, theirs = (b.speaker, a.speaker) if swapped else (a.speaker, b.speaker)
        return in_gold(ours, theirs) + in_predicted(theirs, ours)

    pairs: list[tuple[int, int]] = []
    try:
        edges = _likely(one, other) if _is_crowd(one, other) else touching(one, other)
        for component in _components(edges):
            weights = (
                _weights(one, other, component, agreeing) if len(component) > 1 else dict(component)
            )
            pairs += _matched(weights)
    except Overrun:
        raise TooEntangled(
            f"the contents of {len(one):,} attributions of one side and {len(other):,} of the "
            "other overlap too densely to be aligned exactly"
        ) from None
    return sorted((j, i) for i, j in pairs) if swapped else sorted(pairs)


def _is_crowd(one: Sequence[Relation], other: Sequence[Relation]) -> bool:
    """Whether so many contents touch that their pairs are not to be listed."""
    few = max(_LISTED, _LISTED_EACH * (len(one) + len(other)))
    return len(one) * len(other) > few and few < count_overlaps(
        *(((item.content.start, item.content.end) for item in side) for side in (one, other))
    )


def _likely(one: Sequence[Relation], other: Sequence[Relation]) -> dict[tuple[int, int], int]:
    """Of what `touching` gives, all that may be in an alignment of largest total Dice."""
    left, right = ([item.content for item in side] for side in (one, other))
    return likely(left, right, _CROWD_LOOKS, _LISTED_OF_CROWD)


def _matched(weights: Mapping[tuple[int, int], int]) -> list[tuple[int, int]]:
    """The best matching; `Overrun` where that is too much work."""
    bits = max(weights.values()).bit_length()
    found = maximum_weight_matching(weights, _LOOKS // (1 + bits // 1000))
    if found is None:
        raise Overrun
    return found


def touching(one: Sequence[Relation], other: Sequence[Relation]) -> dict[tuple[int, int], int]:
    """How many characters the contents share, for all pairs that share some."""
    order = sorted(range(len(one)), key=lambda i: one[i].content.start)
    queue = sorted(range(len(other)), key=lambda j: other[j].content.start)
    shared: dict[tuple[int, int], int] = {}
    active: list[int] = []
    at = 0
    for i in order:
        content = one[i].content
        while at < len(queue) and other[queue[at]].content.start < content.end:
            active.append(queue[at])
            at += 1
        active = [j for j in active if other[j].content.end > content.start]
        for j in active:
            if other[j].content.start < content.end and (
                overlap := common(content, other[j].content)
            ):
                shared[i, j] = overlap
    return shared


def touches(
    one: Sequence[Relation], other: Sequence[Relation]
) -> tuple[Sequence[int], Sequence[int]]:
    """How many contents of the other side each content shares characters with."""
    if _is_crowd(one, other):
        return degrees([item.content for item in one], [item.content for item in other])
    left, right = [0] * len(one), [0] * len(other)
    for i, j in touching(one, other):
        left[i] += 1
        right[j] += 1
    return left, right


def maximum_weight_matching(
    weights: Mapping[tuple[int, int], int], most: float = inf
) -> list[tuple[int, int]] | None:
    """The matching of a bipartite graph with the largest total weight, sorted.

    `weights` maps an edge `(left, right)` to a positive integer; nodes without an edge need not
    be named. The answer depends on the weights alone, not on their order in the mapping. `None`
    where more than `most` edges had to be looked at.
    """
    left = sorted({i for i, _ in weights})
    right = sorted({j for _, j in weights})
    if len(left) == 1 or len(right) == 1:
        return [max(sorted(weights), key=weights.__getitem__)]
    rows = {i: number for number, i in enumerate(left)}
    columns = {j: number for number, j in enumerate(right)}
    edges = [(rows[i], columns[j], weight) for (i, j), weight in weights.items()]
    chosen = assign(edges, len(left), len(right), most)
    return None if chosen is None else [(left[i], right[j]) for i, j in chosen]


Edges = list[tuple[tuple[int, int], int]]


def _components(edges: Mapping[tuple[int, int], int]) -> Iterator[Edges]:
    """The edges by connected component of the graph: each is a problem of its own."""
    parent: dict[int, int] = {}

    def root(node: int) -> int:
        while (above := parent.setdefault(node, node)) != node:
            parent[node] = parent[above] = parent.setdefault(above, above)
            node = parent[node]
        return node

    for i, j in edges:
        parent[root(i)] = root(~j)  # ~j is negative: right nodes are told from left ones
    components: dict[int, Edges] = {}
    for edge, value in edges.items():
        components.setdefault(root(edge[0]), []).append((edge, value))
    yield from components.values()


def _weights(
    one: Sequence[Relation],
    other: Sequence[Relation],
    component: Edges,
    speakers: Callable[[Relation, Relation], int],
) -> dict[tuple[int, int], int]:
    """Integers that order matchings first by content Dice, then by each tie-break in turn."""
    most = len(component)
    contents = _scaled(
        [(2 * shared, one[i].content.size + other[j].content.size) for (i, j), shared in component]
    )
    roles = _scaled([_role_dice(one[i], other[j]) for (i, j), _ in component])
    # Speakers agree by halves: 2 where both sides say so.
    check_time()
    agreed = [
        2 * _agreements(one[i], other[j]) + speakers(one[i], other[j]) for (i, j), _ in component
    ]
    over_roles = most * max(roles) + 1
    over_agreed = most * max(agreed) + 1
    return {
        edge: (content * over_roles + role) * over_agreed + agree
        for (edge, _), content, role, agree in zip(component, contents, roles, agreed, strict=True)
    }


def _scaled(fractions: list[tuple[int, int]]) -> list[int]:
    denominator = lcm(*(below for _, below in fractions))
    if denominator.bit_length() * len(fractions) > _BITS:
        raise Overrun
    return [above * (denominator // below) for above, below in fractions]


def _role_dice(one: Relation, other: Relation) -> tuple[int, int]:
    """Dice of the cues plus Dice of the sources, as a fraction."""
    (a, b), (c, d) = _fraction(one.cue, other.cue), _fraction(one.source, other.source)
    return a * d + c * b, b * d


def _fraction(one: Element | None, other: Element | None) -> tuple[int, int]:
    if one is None or other is None:
        return (1, 1) if one is other else (0, 1)
    return 2 * common(one, other), one.size + other.size


def _agreements(one: Relation, other: Relation) -> int:
    return (
        equal_elements(one.content, other.content)
        + _both_same(one.cue, other.cue)
        + _both_same(one.source, other.source)
        + (one.kind == other.kind)
    )


def _both_same(one: Element | None, other: Element | None) -> bool:
    if one is None or other is None:
        return one is other
    return equal_elements(one, other)
