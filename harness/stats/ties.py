"""Groups of backends that cannot be told apart: maximal sets in which no pair differs.

Sources: Piepho 2004, "An algorithm for a letter-based representation of all-pairwise comparisons",
Journal of Computational and Graphical Statistics 13 (what a compact letter display shows); Bron and
Kerbosch 1973, "Finding all cliques of an undirected graph", CACM 16.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

__all__ = ["letters", "tie_groups", "tied_with_best"]


def tie_groups(names: Sequence[str], tied: Callable[[str, str], bool]) -> list[tuple[str, ...]]:
    """All maximal sets of names of which no two differ, best first.

    `names` is in ranked order and so is each group; groups are in the order of their ranks. Two
    names share a group exactly when they are tied, so a name may stand in several (A ties with B, B
    with C, A beats C). Names of which none differs make one group, those that all differ one each.
    """
    number = range(len(names))
    near = {i: {j for j in number if j != i and tied(names[i], names[j])} for i in number}
    cliques = sorted(tuple(sorted(clique)) for clique in _cliques(set(), set(number), set(), near))
    return [tuple(names[i] for i in clique) for clique in cliques] if names else []


def tied_with_best(groups: Sequence[Sequence[str]]) -> frozenset[str]:
    """The best and all that were not found to differ from it, of what `tie_groups` gives."""
    return frozenset(name for group in groups if groups[0][0] in group for name in group)


def letters(names: Sequence[str], groups: Sequence[Sequence[str]]) -> dict[str, str]:
    """The letters of a compact letter display: backends that share one cannot be told apart.

    The first group is `a`. After `z` comes `aa`, set apart by a dot.
    """
    marks = [_letter(number) for number in range(len(groups))]
    separator = "." if len(groups) > 26 else ""
    return {
        name: separator.join(m for m, group in zip(marks, groups, strict=True) if name in group)
        for name in names
    }


def _letter(number: int) -> str:
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("a") + rest) + text
    return text


def _cliques(
    chosen: set[int], open_: set[int], done: set[int], near: dict[int, set[int]]
) -> Iterator[set[int]]:
    if not open_ and not done:
        yield chosen
        return
    pivot = max(open_ | done, key=lambda node: len(near[node] & open_))
    for node in sorted(open_ - near[pivot]):
        yield from _cliques(chosen | {node}, open_ & near[node], done & near[node], near)
        open_ = open_ - {node}
        done = done | {node}
