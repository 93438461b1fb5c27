"""The weak slices that nobody named: slices and pairs of slices, tested against all other items.

Of the gold items it is tested whether more are missed in a slice than elsewhere, of the predictions
whether more are wrong (`harness.stats.discovery`). Slices with the same items are one; those with
little support are not tested.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.stats.discovery import clustered_p, design_effect, discoveries, excess_p
from harness.stats.units import LEAST_UNITS, blocks

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = ["Clusters", "Condition", "WeakGroup", "Search", "Side", "members_of", "weakest"]

_MOST_FOUND = 5
_CELLS = 1 << 22
"""Of a block of items by slices."""

Condition = tuple[int, int]
"""A facet and one of its values, by their numbers."""


class WeakGroup(NamedTuple):
    """A slice, or what two have in common, that is worse than all other items."""

    conditions: tuple[Condition, ...]
    hits: int
    size: int
    elsewhere: float
    """The share of hits among all other items."""
    false_discovery_rate: float


class Search(NamedTuple):
    """What was found, how much was tested, and how much was too small to be."""

    found: list[WeakGroup]
    tested: int
    too_small: int


class _Group(NamedTuple):
    conditions: tuple[Condition, ...]
    size: int
    hits: int


def members_of(codes: Any, conditions: Sequence[Condition]) -> Any:
    """Which items, `(items, facets)` codes in, meet all conditions."""
    members = codes[:, conditions[0][0]] == conditions[0][1]
    for facet, code in conditions[1:]:
        members = members & (codes[:, facet] == code)
    return members


class Clusters(NamedTuple):
    """Of each item numbers from 0 up of what it hangs together with."""

    units: Any
    """What is resampled."""
    documents: Any
    of_document: frozenset[int]
    """Facets by which whole documents differ."""

    def of(self, conditions: Sequence[Condition]) -> Any:
        """Those of slices with these conditions: documents, where it is documents that differ."""
        whole = any(facet in self.of_document for facet, _ in conditions)
        return self.documents if whole else self.units


class Side(NamedTuple):
    """The items of one side that are searched."""

    codes: Any
    """`(items, facets)`: the number of each facet's value, or -1."""
    hits: Any
    """1 for what is wrong, else 0."""
    clusters: Clusters


_SHARES = ((0.75, 0.08), (0.1, 0.07))
"""What single slices and pairs have of the allowed false discoveries, on the first side and on the
second. There are ten times as many pairs, and what is weak in a pair mostly shows in one of its
slices."""
_LARGE = 0.05
"""A slice of a larger part of all items weighs less, by the power of 1.5 of its part: of many items
a difference is clear at smaller levels too."""


def weakest(sides: tuple[Side, Side], *, min_support: int, level: float) -> tuple[Search, Search]:
    """The slices with more hits than all other items of their side, at a false discovery rate of
    `level`, at most .05, over both sides; on each the clearest first, and none that has mostly the
    hits of one before.

    Slices of more than half of the items are the rule and no exception: they are not tested.
    Nothing is found in fewer than 6 clusters, or of as few others.
    """
    tested = [_groups(side.codes, side.hits, min_support) for side in sides]
    weights = _weights(sides, [groups for groups, _ in tested])
    # A larger p-value than the level times its weight is no discovery, whatever the others are.
    most = iter(level * weight for weight in weights)
    p_values = [
        [_p_value(side, group, next(most)) for group in groups]
        for side, (groups, _) in zip(sides, tested, strict=True)
    ]
    rates = iter(discoveries([p for side in p_values for p in side], weights))
    first, second = (
        Search(
            _clearest(side, groups, [next(rates) for _ in groups], own, level), len(groups), small
        )
        for side, (groups, small), own in zip(sides, tested, p_values, strict=True)
    )
    return first, second


def _weights(sides: tuple[Side, Side], tested: Sequence[Sequence[_Group]]) -> list[float]:
    """Of every group, with a mean of 1; none of them rests on how many of its items are hits."""
    families: list[tuple[int, int]] = []
    sizes: list[float] = []
    for number, (side, groups) in enumerate(zip(sides, tested, strict=True)):
        for group in groups:
            families.append((number, len(group.conditions) - 1))
            sizes.append(min(1.0, _LARGE * len(side.hits) / group.size) ** 1.5)
    held: Counter[tuple[int, int]] = Counter()
    for family, size in zip(families, sizes, strict=True):
        held[family] += size  # type: ignore[assignment]  # counters add floats too
    shares = sum(_SHARES[side][pair] for side, pair in held)
    return [
        len(families) * _SHARES[family[0]][family[1]] / shares * size / held[family]
        for family, size in zip(families, sizes, strict=True)
    ]


def _p_value(side: Side, group: _Group, most: float) -> float:
    """That a slice has no more hits than all other items. Above `most` it may be too small."""
    everything, all_hits = len(side.hits), int(side.hits.sum())
    if group.hits * everything <= all_hits * group.size:  # No more than anywhere.
        return 1.0
    p_value = excess_p(group.hits, group.size, all_hits, everything)
    if p_value > most:
        return p_value
    members = members_of(side.codes, group.conditions)
    of = side.clusters.of(group.conditions)
    held, others = _distinct(of[members]), _distinct(of[~members])
    if min(held, others) < LEAST_UNITS:
        return 1.0
    effect = design_effect(side.hits.astype(float), members, of)
    return clustered_p(p_value, effect, held)


def _clearest(
    side: Side,
    groups: Sequence[_Group],
    rates: Sequence[float],
    p_values: Sequence[float],
    level: float,
) -> list[WeakGroup]:
    """Those found at that level, without those that have mostly the hits of a clearer one."""
    everything, all_hits = len(side.hits), int(side.hits.sum())
    found: list[WeakGroup] = []
    covered: list[Any] = []
    for number in sorted(range(len(groups)), key=lambda n: (rates[n], p_values[n])):
        if rates[number] > level or len(found) == _MOST_FOUND:
            break
        group = groups[number]
        own = members_of(side.codes, group.conditions) & (side.hits > 0)
        if any(2 * (own & other).sum() > own.sum() for other in covered):
            continue
        covered.append(own)
        elsewhere = (all_hits - group.hits) / (everything - group.size)
        found.append(WeakGroup(group.conditions, group.hits, group.size, elsewhere, rates[number]))
    return found


def _groups(codes: Any, hits: Any, min_support: int) -> tuple[list[_Group], int]:
    """Every slice and pair of slices with so many items, and no more than half of all; of those
    with the same items the first and simplest. And how many hold fewer: pairs are made of slices
    that are large enough alone."""
    singles, small = _singles(codes, min_support)
    if not singles:
        return [], small
    size, hit, marks = _together(codes, hits, singles)
    everything = len(hits)
    seen: set[tuple[int, float]] = set()
    groups: list[_Group] = []
    for one, other in _pairs(singles):
        count = round(float(size[one, other]))
        if not count:
            continue
        if count < min_support:
            small += 1
            continue
        mark = count, round(float(marks[one, other]), 6)
        if 2 * count > everything or mark in seen:
            continue
        seen.add(mark)
        conditions = (singles[one],) if one == other else (singles[one], singles[other])
        groups.append(_Group(conditions, count, round(float(hit[one, other]))))
    return groups, small


def _singles(codes: Any, min_support: int) -> tuple[list[Condition], int]:
    """The slices with so many items, and how many hold fewer."""
    import numpy as np

    held: list[tuple[Condition, int]] = []
    for facet in range(codes.shape[1]):
        counts = np.bincount(codes[:, facet] + 1)[1:]
        held += (((facet, code), n) for code, n in enumerate(counts.tolist()) if n)
    large = [condition for condition, n in held if n >= min_support]
    return large, len(held) - len(large)


def _distinct(numbers: Any) -> int:
    """How many different numbers from 0 up there are."""
    import numpy as np

    return int(np.count_nonzero(np.bincount(numbers)))


def _pairs(singles: Sequence[Condition]) -> Iterator[tuple[int, int]]:
    """Each slice with itself, then with every one of another facet."""
    yield from ((number, number) for number in range(len(singles)))
    for one, other in combinations(range(len(singles)), 2):
        if singles[one][0] != singles[other][0]:
            yield one, other


def _together(codes: Any, hits: Any, singles: Sequence[Condition]) -> tuple[Array, Array, Array]:
    """Of every two slices how many items are in both, how many of them are hits, and a sum of
    random numbers that tells sets of items apart."""
    import numpy as np

    count = len(singles)
    size, hit, marks = (np.zeros((count, count)) for _ in range(3))
    random = np.random.default_rng(0).uniform(1.0, 2.0, len(hits))
    for rows in blocks(len(hits), max(1, _CELLS // count)):
        part = codes[rows]
        matrix = np.stack([part[:, facet] == code for facet, code in singles]).astype(np.float64)
        size += matrix @ matrix.T
        hit += (matrix * hits[rows]) @ matrix.T
        marks += (matrix * random[rows]) @ matrix.T
    return size, hit, marks
