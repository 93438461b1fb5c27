"""The weak slices that nobody named: slices and pairs of slices, tested against all other items.

Of the gold items it is tested whether more are missed in a slice than elsewhere, of the predictions
whether more are wrong. Slices with the same items are one; those with little support are not
tested. Half of the allowed false discoveries is for single slices and half for pairs, of which
there are many more (`harness.stats.discovery`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.stats.discovery import clustered_p, design_effect, discoveries, excess_p
from harness.stats.units import LEAST_UNITS, blocks

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = ["Condition", "Found", "Search", "members_of", "weakest"]

_MOST_FOUND = 5
_SCREEN = 0.05
"""A larger p-value is no discovery at any level up to this one."""
_ROWS = 65_536

Condition = tuple[int, int]
"""A facet and one of its values, by their numbers."""


class Found(NamedTuple):
    """A slice, or what two have in common, that is worse than all other items."""

    conditions: tuple[Condition, ...]
    hits: int
    size: int
    elsewhere: float
    """The share of hits among all other items."""
    false_discovery_rate: float


class Search(NamedTuple):
    """What was found, how much was tested, and how much was too small to be."""

    found: list[Found]
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


def weakest(codes: Any, hits: Any, clusters: Any, *, min_support: int, level: float) -> Search:
    """The slices with more hits than all other items, at a false discovery rate of `level`, which
    is at most .05; the clearest first, and none that has mostly the hits of one before.

    `codes` are `(items, facets)`, the number of each facet's value or -1; `hits` 1 or 0 for each
    item, `clusters` a number from 0 up of what it hangs together with.
    """
    everything, all_hits = len(hits), int(hits.sum())
    if not everything:
        return Search([], 0, 0)
    groups, small = _groups(codes, hits, min_support)
    p_values = []
    for group in groups:
        if group.hits * everything <= all_hits * group.size:  # No more than anywhere.
            p_values.append(1.0)
            continue
        p_value = excess_p(group.hits, group.size, all_hits, everything)
        if p_value <= _SCREEN:
            members = members_of(codes, group.conditions)
            held = len({*clusters[members].tolist()})
            effect = design_effect(hits.astype(float), members, clusters)
            p_value = clustered_p(p_value, effect, held) if held >= LEAST_UNITS else 1.0
        p_values.append(p_value)
    rates = discoveries(p_values, _weights(groups))
    found: list[Found] = []
    covered: list[Any] = []
    for number in sorted(range(len(groups)), key=lambda n: (rates[n], p_values[n])):
        if rates[number] > level or len(found) == _MOST_FOUND:
            break
        group = groups[number]
        own = members_of(codes, group.conditions) & (hits > 0)
        if any(2 * (own & other).sum() > own.sum() for other in covered):
            continue
        covered.append(own)
        elsewhere = (all_hits - group.hits) / (everything - group.size)
        found.append(Found(group.conditions, group.hits, group.size, elsewhere, rates[number]))
    return Search(found, len(groups), small)


def _groups(codes: Any, hits: Any, min_support: int) -> tuple[list[_Group], int]:
    """Every slice and pair of slices with so many items, and so many others; of those with the same
    items the first and simplest. And how many hold fewer."""
    singles = [
        (facet, int(code))
        for facet in range(codes.shape[1])
        for code in sorted({*codes[:, facet].tolist()} - {-1})
    ]
    size, hit, marks = _together(codes, hits, singles)
    everything = len(hits)
    seen: set[tuple[int, float]] = set()
    groups: list[_Group] = []
    small = 0
    for one, other in _pairs(singles):
        count = round(float(size[one, other]))
        if not count:
            continue
        if count < min_support:
            small += 1
            continue
        mark = count, round(float(marks[one, other]), 6)
        if count > everything - min_support or mark in seen:
            continue
        seen.add(mark)
        conditions = (singles[one],) if one == other else (singles[one], singles[other])
        groups.append(_Group(conditions, count, round(float(hit[one, other]))))
    return groups, small


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
    for rows in blocks(len(hits), _ROWS):
        part = codes[rows]
        matrix = np.stack([part[:, facet] == code for facet, code in singles]).astype(np.float64)
        size += matrix @ matrix.T
        hit += (matrix * hits[rows]) @ matrix.T
        marks += (matrix * random[rows]) @ matrix.T
    return size, hit, marks


def _weights(groups: Sequence[_Group]) -> list[float]:
    """Single slices have together the weight of all pairs."""
    single = sum(len(one.conditions) == 1 for one in groups)
    pairs = len(groups) - single
    if not single or not pairs:
        return [1.0] * len(groups)
    half = len(groups) / 2
    return [half / (single if len(one.conditions) == 1 else pairs) for one in groups]
