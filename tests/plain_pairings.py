"""The best pairing of mentions in plain ways: every permutation, or a list of all overlaps."""

from __future__ import annotations

from itertools import permutations

from harness.stats.assignment import assign
from harness.tasks.ner.matching import Alignment, MentionKey, MentionPair

PREFERENCES = ("span", "partial", "type")


def pairing(found: Alignment, preference: str) -> set[MentionPair]:
    """The pairs under a preference, from the base pairs and what changes."""
    changes = {"span": [], "partial": found.partial, "type": found.type}[preference]
    taken = {(g, p) for sign, g, p in changes if sign < 0 and g and p}
    given = {(g, p) for sign, g, p in changes if sign > 0 and g and p}
    assert taken <= set(found.pairs)
    assert not given & set(found.pairs)
    return (set(found.pairs) - taken) | given


def value(pairs: set[MentionPair], preference: str) -> tuple[int, ...]:
    """What each preference says that it maximises, first things first."""
    spans = sum(g[:2] == p[:2] for g, p in pairs)
    labels = sum(g[2] == p[2] for g, p in pairs)
    characters = sum(min(g[1], p[1]) - max(g[0], p[0]) for g, p in pairs)
    if preference == "partial":
        return (spans + len(pairs), spans, labels, len(pairs), characters)
    if preference == "type":
        return (labels, spans, len(pairs), characters)
    return (spans, labels, len(pairs), characters)


def shares(g: MentionKey, p: MentionKey) -> bool:
    return max(g[0], p[0]) < min(g[1], p[1])


def best_by_brute_force(
    gold: set[MentionKey], predicted: set[MentionKey], preference: str
) -> tuple[int, ...]:
    small, large = sorted((sorted(gold), sorted(predicted)), key=len)
    swapped = small != sorted(gold)
    padded = [*large, *([None] * len(small))]
    best = value(set(), preference)
    for chosen in permutations(padded, len(small)):
        pairs = {
            (large_, small_) if swapped else (small_, large_)
            for small_, large_ in zip(small, chosen, strict=True)
            if large_ is not None and shares(small_, large_)
        }
        best = max(best, value(pairs, preference))
    return best


def best_by_list(
    gold: set[MentionKey], predicted: set[MentionKey], preference: str
) -> tuple[int, ...]:
    """The best value, by a list of all overlaps and augmenting paths alone."""
    left, right = sorted(gold), sorted(predicted)
    base = 1 + 2 * max(len(left), len(right)) * max((key[1] for key in (*left, *right)), default=1)

    def number(digits: tuple[int, ...]) -> int:
        total = 0
        for digit in digits:
            total = total * base + digit
        return total

    edges = [
        (i, j, number(value({(g, p)}, preference)))
        for i, g in enumerate(left)
        for j, p in enumerate(right)
        if shares(g, p)
    ]
    chosen = assign(edges, len(left), len(right))
    assert chosen is not None
    return value({(left[i], right[j]) for i, j in chosen}, preference)
