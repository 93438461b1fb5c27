"""Which gold mention meets which prediction: one to one, optimal, and independent of order.

A mention equal on both sides (same span, same label) is always paired with its equal; nothing
steals an exact match. For what is left, mentions that share at least one character may be paired,
and a pairing of the highest total value is taken, where value is compared lexicographically:

    `span`     more pairs with the same span, then more with the same label, then more pairs,
               then more shared characters. Serves strict and exact matching and the error classes
    `partial`  more credit (same span 1, overlap 1/2), then as `span`
    `type`     more pairs with the same label, then as `span`

What is still tied after that is settled by the mentions themselves (earliest first where neither
side overlaps itself), never by the order of the input nor by which side is called gold: shuffling
changes nothing and swapping the sides transposes every count.

Greedy pairing, as in several scorers in use, makes scores depend on the order of the input. The
pairing here is exact. Mentions fall apart into runs that overlap; nearly every run is one against
one or one against several. A run in which neither side overlaps itself is solved by dynamic
programming in linear time, any other by shortest augmenting paths (Jonker and Volgenant 1987) on
the list of its overlaps. A crowd, a run for which that is too much work, is solved without a list
(`harness.stats.dense`), where ties may go to other mentions, though by the same rules; what would
be too much even so is refused (`TooEntangled`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

from harness.errors import TooEntangled
from harness.stats.assignment import assign
from harness.stats.dense import LARGEST_VALUE, Overrun, heaviest
from harness.stats.overlaps import count_overlaps
from harness.tasks.ner.crowd import Worth, crowd, most_pairs

__all__ = ["Alignment", "Change", "MentionKey", "MentionPair", "Preference", "align_mentions"]
__all__ += ["extent", "listed_overlaps", "shared_characters"]

MentionKey: TypeAlias = tuple[int, int, str] | tuple[int, int, str, tuple[int, ...]]
"""Start, end, label. Behind them may stand a number of one part, which tells apart mentions that
became equal by trimming, or the edges of every fragment of a discontinuous mention."""

MentionPair: TypeAlias = tuple[MentionKey, MentionKey]
Change: TypeAlias = tuple[int, MentionKey | None, MentionKey | None]
Preference: TypeAlias = Literal["span", "partial", "type"]
_Solved: TypeAlias = dict[Preference, list[MentionPair]]

_Edge: TypeAlias = tuple[int, int, int]
"""Index on the left, index on the right, value."""

_LISTED, _LISTED_EACH = 50_000, 16
"""Overlaps that are listed: so many, or so many for each mention where that is more."""
_LOOKS, _LOOKS_EACH = 1_000_000, 10
"""Looks at a listed overlap: so many, and so many for each; runs of 100 mentions a side need no
more in any case."""
_CROWD_LOOKS = 4_000_000_000
"""Looks at an overlap that is not listed."""


class Alignment(NamedTuple):
    """What became of the mentions that have no equal on the other side.

    `pairs`, `missed` and `spurious` follow the `span` preference. `partial` and `type` list what
    differs under those preferences: `(-1, gold, predicted)` for an outcome that is taken back and
    `(+1, gold, predicted)` for one that replaces it, `None` for an absent side.
    """

    pairs: list[MentionPair]
    missed: list[MentionKey]
    spurious: list[MentionKey]
    partial: list[Change]
    type: list[Change]


def extent(key: MentionKey) -> tuple[int, ...]:
    """Everything that the mention covers, as edges: of its span, or of its fragments."""
    return key[3] if len(key) == 4 and len(key[3]) > 1 else key[:2]


def _is_apart(key: MentionKey) -> bool:
    """Whether the mention is discontinuous."""
    return len(key) == 4 and len(key[3]) > 1


def shared_characters(one: MentionKey, other: MentionKey) -> int:
    """How many characters both cover; those in the gaps of a discontinuous one are not covered."""
    edges, others = extent(one), extent(other)
    return sum(
        max(0, min(end, b) - max(start, a))
        for start, end in zip(edges[::2], edges[1::2], strict=True)
        for a, b in zip(others[::2], others[1::2], strict=True)
    )


def align_mentions(gold: AbstractSet[MentionKey], predicted: AbstractSet[MentionKey]) -> Alignment:
    """Align the mentions of one document that have no equal on the other side.

    Linear in the number of mentions but for sorting, unless mentions of one side overlap each
    other. Raises `TooEntangled` for those that overlap too densely.
    """
    alignment = Alignment([], [], [], [], [])
    left: list[MentionKey] = []
    right: list[MentionKey] = []
    reach = -1
    for key in sorted(gold | predicted):
        if key[0] >= reach:
            if left or right:
                _settle(left, right, alignment)
            left, right = [], []
            reach = key[1]
        elif key[1] > reach:
            reach = key[1]
        (left if key in gold else right).append(key)
    if left or right:
        _settle(left, right, alignment)
    return alignment


def _settle(gold: list[MentionKey], predicted: list[MentionKey], alignment: Alignment) -> None:
    """Add the outcome of one run of overlapping mentions, sorted on both sides, to `alignment`."""
    if not predicted:
        alignment.missed.extend(gold)
        return
    if not gold:
        alignment.spurious.extend(predicted)
        return
    apart = any(map(_is_apart, gold)) or any(map(_is_apart, predicted))
    if len(gold) == 1 and len(predicted) == 1 and not apart:
        alignment.pairs.append((gold[0], predicted[0]))
        return
    # The side that begins first is solved as the left one, so that swapping changes nothing.
    flipped = predicted[0] < gold[0]
    sides = (predicted, gold) if flipped else (gold, predicted)
    found = _solved(*sides, apart=apart)
    if found is None and apart:
        raise TooEntangled("discontinuous mentions overlap too densely to be paired exactly")
    if found is None:
        found = _solved_crowd(*sides)
    if flipped:
        found = {name: [(g, p) for p, g in pairs] for name, pairs in found.items()}
    _record(gold, predicted, found["span"], alignment)
    if "partial" in found:
        _compare(found["span"], found["partial"], alignment.partial)
        if "type" in found:
            _compare(found["span"], found["type"], alignment.type)


def _solved(
    left: list[MentionKey], right: list[MentionKey], *, apart: bool = False
) -> _Solved | None:
    """The best pairings of a run by the list of its overlaps; `None` where that is too long.

    With `apart` some of them are discontinuous, and hulls say neither what they share nor cover.
    """
    if len(left) * len(right) > _LISTED and not (_flat(left) and _flat(right)):
        few = max(_LISTED, _LISTED_EACH * (len(left) + len(right)))
        if _count(left, right) > few:
            return None
    overlaps = listed_overlaps(left, right)
    if apart:
        overlaps = [(i, j) for i, j in overlaps if shared_characters(left[i], right[j])]
    same_span = any(extent(left[i]) == extent(right[j]) for i, j in overlaps)
    same_label = sum(left[i][2] == right[j][2] for i, j in overlaps)
    found: _Solved = {}
    for preference in _preferences(same_span, same_label, len(overlaps)):
        pairs = _solve(left, right, overlaps, preference, apart)
        if pairs is None:
            return None
        found[preference] = pairs
    return found


def _count(left: list[MentionKey], right: list[MentionKey]) -> int:
    return count_overlaps((key[:2] for key in left), (key[:2] for key in right))


def _preferences(same_span: bool, same_label: int, pairs: int) -> tuple[Preference, ...]:
    """Those that can disagree: only where some pairs share the label and others do not, and
    `type` only where some share the span, too (not the same ones: those would be equal mentions).
    """
    if not 0 < same_label < pairs:
        return ("span",)
    return ("span", "partial", "type") if same_span else ("span", "partial")


def _solved_crowd(left: list[MentionKey], right: list[MentionKey]) -> _Solved:
    """The same without a list. Raises `TooEntangled` where even that is too much work."""
    left, right = ([key for key in side if key[1] > key[0]] for side in (left, right))
    if not left or not right:
        return {"span": []}
    groups: dict[str, tuple[list[MentionKey], list[MentionKey]]] = {}
    for side, keys in enumerate((left, right)):
        for key in keys:
            groups.setdefault(key[2], ([], []))[side].append(key)
    alike = [group for group in groups.values() if all(group)]
    spans = {key[:2] for key in left} & {key[:2] for key in right}
    same_label = sum(_count(*group) for group in alike)
    wanted = _preferences(bool(spans), same_label, _count(left, right))
    base = _solve_crowd(left, right, "span", bool(spans))
    found: _Solved = {"span": base}
    if "partial" in wanted:
        # What cannot be better in its own terms need not be looked for.
        best = len(base) == most_pairs(left, right)
        found["partial"] = base if best else _solve_crowd(left, right, "partial", bool(spans))
    if "type" in wanted:
        labels = sum(one[2] == other[2] for one, other in base)
        best = labels == sum(most_pairs(*group) for group in alike)
        found["type"] = base if best else _solve_crowd(left, right, "type", bool(spans))
    return found


def _record(
    gold: list[MentionKey],
    predicted: list[MentionKey],
    pairs: list[MentionPair],
    alignment: Alignment,
) -> None:
    alignment.pairs.extend(pairs)
    left, right = {g for g, _ in pairs}, {p for _, p in pairs}
    alignment.missed.extend(key for key in gold if key not in left)
    alignment.spurious.extend(key for key in predicted if key not in right)


def _compare(base: list[MentionPair], other: list[MentionPair], out: list[Change]) -> None:
    """Append what changes when the pairs of a run are `other` and not `base`."""
    for sign, pairs, against in ((-1, base, other), (1, other, base)):
        kept = set(against)
        out.extend((sign, g, p) for g, p in pairs if (g, p) not in kept)
        # Whoever is paired only against this is alone in it.
        left, right = {g for g, _ in pairs}, {p for _, p in pairs}
        out.extend((sign, g, None) for g, _ in against if g not in left)
        out.extend((sign, None, p) for _, p in against if p not in right)


def listed_overlaps(
    left: Sequence[MentionKey], right: Sequence[MentionKey]
) -> list[tuple[int, int]]:
    """Index pairs whose hulls share a character, sorted; both sides are sorted too. The time is
    that of listing them."""
    edges: list[tuple[int, int]] = []
    open_left: list[int] = []
    open_right: list[int] = []
    i = j = 0
    while i < len(left) or j < len(right):
        if j == len(right) or (i < len(left) and left[i][0] <= right[j][0]):
            start, end = left[i][0], left[i][1]
            open_right = [k for k in open_right if right[k][1] > start]
            if end > start:
                edges += [(i, k) for k in open_right]
                open_left.append(i)
            i += 1
        else:
            start, end = right[j][0], right[j][1]
            open_left = [k for k in open_left if left[k][1] > start]
            if end > start:
                edges += [(k, j) for k in open_left]
                open_right.append(j)
            j += 1
    edges.sort()
    return edges


def _solve(
    left: Sequence[MentionKey],
    right: Sequence[MentionKey],
    overlaps: list[tuple[int, int]],
    preference: Preference,
    apart: bool,
) -> list[MentionPair] | None:
    value = _valuer(left, right, preference, apart)
    edges = [(i, j, value(left[i], right[j])) for i, j in overlaps]
    chosen: Iterable[tuple[int, int]] | None
    if len(left) == 1 or len(right) == 1:
        # `max` keeps the first of equals, and edges are sorted: the earliest mention wins.
        best = max(edges, key=lambda edge: edge[2], default=None)
        chosen = [] if best is None else [best[:2]]
    elif _flat(left) and _flat(right):
        chosen = _chain(edges)
    else:
        most = _LOOKS + _LOOKS_EACH * len(edges)
        chosen = assign(edges, len(left), len(right), most)
    return None if chosen is None else [(left[i], right[j]) for i, j in chosen]


def _solve_crowd(
    left: Sequence[MentionKey], right: Sequence[MentionKey], preference: Preference, spans: bool
) -> list[MentionPair]:
    pairs = min(len(left), len(right))
    longest = min(max(key[1] - key[0] for key in side) for side in (left, right))
    worth = _worth(pairs * longest + 1, pairs + 1, preference)
    if not spans:
        worth = worth._replace(span=0)
    try:
        if 2 * (sum(worth) + longest) > LARGEST_VALUE:
            raise Overrun
        chosen = heaviest(crowd(left, right, worth), _CROWD_LOOKS)
    except Overrun:
        start, end = left[0][0], max(key[1] for key in (*left, *right))
        raise TooEntangled(
            f"{len(left):,} mentions of one side and {len(right):,} of the other overlap in one "
            f"stretch, [{start}, {end}), too densely to be paired exactly"
        ) from None
    return [(left[i], right[j]) for i, j in chosen]


def _worth(characters: int, pairs: int, preference: Preference) -> Worth:
    """What makes sums of values compare like tuples of sums; `characters` and `pairs` exceed any
    number of those, so that no carry upsets the order."""
    first, second, third = characters * pairs * pairs, characters * pairs, characters
    if preference == "partial":
        # Credit is counted in halves: one for any pair, another for the same span.
        return Worth(pair=first, span=first + second, label=third)
    if preference == "type":
        return Worth(pair=third, span=second, label=first)
    return Worth(pair=third, span=first, label=second)


def _valuer(
    left: Sequence[MentionKey], right: Sequence[MentionKey], preference: Preference, apart: bool
) -> Callable[[MentionKey, MentionKey], int]:
    """The value of a pair as one integer whose sums compare like tuples of sums."""
    pairs = 2 * min(len(left), len(right)) + 1
    characters = pairs * max(key[1] - key[0] for key in (*left, *right)) + 1
    for_pair, for_span, for_label = _worth(characters, pairs, preference)

    def value(one: MentionKey, other: MentionKey) -> int:
        # Spelt out: in long chains of mentions this is most of the work.
        start, end, label = one[0], one[1], one[2]
        other_start, other_end, other_label = other[0], other[1], other[2]
        shared = (end if end < other_end else other_end) - (
            start if start > other_start else other_start
        )
        same = start == other_start and end == other_end
        return for_pair + shared + for_span * same + for_label * (label == other_label)

    def value_apart(one: MentionKey, other: MentionKey) -> int:
        same = extent(one) == extent(other)
        shared = shared_characters(one, other)
        return for_pair + shared + for_span * same + for_label * (one[2] == other[2])

    return value_apart if apart else value


def _flat(side: Sequence[MentionKey]) -> bool:
    """Whether no two mentions of a sorted side overlap."""
    return all(a[1] <= b[0] for a, b in pairwise(side))


def _chain(edges: list[_Edge]) -> list[tuple[int, int]]:
    """The best pairing when neither side overlaps itself; earliest edges first among equals.

    The sorted edges then form a staircase: taking one rules out exactly the following ones that
    share a mention with it, so this is weighted interval scheduling.
    """
    count = len(edges)
    after = [count] * count
    for side in (0, 1):
        following = count
        for k in range(count - 1, -1, -1):
            if k + 1 < count and edges[k + 1][side] != edges[k][side]:
                following = k + 1
            after[k] = following if side == 0 else max(after[k], following)
    best = [0] * (count + 1)
    for k in range(count - 1, -1, -1):
        best[k] = max(best[k + 1], edges[k][2] + best[after[k]])
    chosen: list[tuple[int, int]] = []
    k = 0
    while k < count:
        if best[k] == edges[k][2] + best[after[k]]:
            chosen.append(edges[k][:2])
            k = after[k]
        else:
            k += 1
    return chosen
