"""Annotations as sets of characters: how attribution compares two stretches of text.

Two views of a document, both counted in characters of the raw text:

- *letters and digits* (`str.isalnum`) carry the overlap: Dice and proportional overlap do not
  see punctuation and white space, so "said “yes”." and "said yes" overlap in full;
- the *core* leaves out white space, control characters, punctuation and free-standing accents,
  but keeps symbols: two elements with the same core are equal up to punctuation and white space
  at their edges ("$5" and "5" are not).

Either view is a prefix count over the text, so a span becomes an interval of ranks and a
discontinuous element becomes a few intervals, with no set of positions ever built. Regions that
take no part in scoring count as nothing, which subtracts them from every element at once.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import accumulate
from typing import NamedTuple

from harness.annotation import span_problems
from harness.errors import AnnotationError

__all__ = ["Characters", "Element", "common", "dice", "equal_elements", "share_half"]

Intervals = tuple[tuple[int, int], ...]


class Element(NamedTuple):
    """A source, cue or content as its characters; made by `Characters.element`.

    `size` is the number of letters and digits. `bare` elements have none (“…”, a dash used as a
    cue): they are compared by all their positions, and so only ever meet other bare elements.
    """

    characters: Intervals
    size: int
    core: Intervals
    start: int
    end: int
    bare: bool


class Characters:
    """The two views of one document's text, less its ignored regions."""

    __slots__ = ("_core", "_letters", "_text", "_visible")

    def __init__(self, text: str, ignore: Iterable[tuple[int, int]] = ()) -> None:
        alphabet = set(text)
        letters = {char for char in alphabet if char.isalnum()}
        core = {char for char in alphabet if not _is_edge(char)}
        hidden = [(max(start, 0), min(end, len(text))) for start, end in ignore]
        self._text = text
        self._letters = _ranks((char in letters for char in text), hidden)
        self._core = _ranks((char in core for char in text), hidden)
        self._visible = _ranks((True for _ in text), hidden) if hidden else None

    def element(self, spans: Sequence[tuple[int, int]]) -> Element | None:
        """The characters of one or more spans; `None` where nothing is left outside the ignored.

        Something that had letters or digits, all of them ignored, is gone too: the stray mark
        which may be left of it is nothing that one could find. Raises `AnnotationError` for a
        span that does not fit the text; offsets are never clipped.
        """
        if len(spans) == 1:
            start, end = spans[0]
        else:
            start = min((start for start, _ in spans), default=0)
            end = max((end for _, end in spans), default=0)
        for first, last in spans:
            problem = span_problems(len(self._text), first, last)
            if problem:
                raise AnnotationError(
                    problem, hint="offsets are Unicode code points into the text, half-open"
                )
        characters = _intervals(spans, self._letters)
        core = _intervals(spans, self._core)
        bare = not characters
        if bare:
            visible = self._visible
            characters = _merged(spans) if visible is None else _intervals(spans, visible)
            had_letters = visible is not None and any(
                char.isalnum() for first, last in spans for char in self._text[first:last]
            )
            if not characters or had_letters:
                return None
        return Element(characters, sum(b - a for a, b in characters), core, start, end, bare)


def common(one: Element, other: Element) -> int:
    """How many characters two elements share."""
    if one.bare is not other.bare:
        return 0
    if len(one.characters) == 1 and len(other.characters) == 1:
        (a, b), (c, d) = one.characters[0], other.characters[0]
        return max(0, min(b, d) - max(a, c))
    shared = i = j = 0
    while i < len(one.characters) and j < len(other.characters):
        (a, b), (c, d) = one.characters[i], other.characters[j]
        shared += max(0, min(b, d) - max(a, c))
        if b <= d:
            i += 1
        else:
            j += 1
    return shared


def dice(one: Element, other: Element) -> float:
    """2 |A ∩ B| / (|A| + |B|), Dice (1945); 1 for equal sets, 0 for disjoint ones."""
    return 2 * common(one, other) / (one.size + other.size)


def share_half(one: Element, other: Element) -> bool:
    """Whether their Dice is at least 1/2; in integers, where nothing is rounded."""
    return 4 * common(one, other) >= one.size + other.size


def equal_elements(one: Element, other: Element) -> bool:
    """Equal up to punctuation and white space at the edges (of every fragment)."""
    if one.core or other.core:
        return one.core == other.core
    return one.characters == other.characters


@cache
def _is_edge(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) in _EDGE_CATEGORIES


# Sk holds ` and ´, which stand in for quotation marks. Symbols ($, %, €) have a meaning; of them,
# Unicode counts % as punctuation.
_EDGE_CATEGORIES = frozenset(
    ("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Zs", "Zl", "Zp", "Cc", "Cf", "Sk")
)


def _ranks(flags: Iterable[bool], hidden: Sequence[tuple[int, int]]) -> list[int]:
    """`ranks[i]` = how many of the first `i` characters count."""
    values = list(flags)
    for start, end in hidden:
        if start < end:
            values[start:end] = [False] * (end - start)
    return list(accumulate(values, initial=0))


def _intervals(spans: Sequence[tuple[int, int]], ranks: list[int]) -> Intervals:
    if len(spans) == 1:
        start, end = spans[0]
        first, last = ranks[start], ranks[end]
        return ((first, last),) if first < last else ()
    return _merged([(ranks[start], ranks[end]) for start, end in spans])


def _merged(spans: Sequence[tuple[int, int]]) -> Intervals:
    """Sorted and disjoint; touching and overlapping spans become one."""
    out: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return tuple(out)
