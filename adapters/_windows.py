"""Long texts in overlapping windows, each token answered for by exactly one of them.

A text that fits into one window is one window. A longer one is cut into *cores* at the ends of
some sentences; which ones depends only on the few characters before each, so that the cuts come
at the same places of the text whatever stands before it. A window is a core with `context`
tokens on either side; labels are taken from the core alone, where each token has the most context.
A label therefore depends on no more than one window's length on either side.
"""

from __future__ import annotations

import re
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from harness.adapters._paragraphs import words

__all__ = ["Window", "plan"]

_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]]*\s+")
_SEEN = 16  # characters that decide whether a sentence end is a cut
_ONE_IN = 8  # sentence ends that are cuts: cores of about two hundred tokens


class Window(NamedTuple):
    """Tokens `[start, stop)` go into the model; labels of `[first, last)` are kept."""

    start: int
    stop: int
    first: int
    last: int


def plan(text: str, starts: Sequence[int], *, limit: int, context: int) -> list[Window]:
    """Windows over the tokens that begin at `starts` (offsets into `text`, in order).

    No window has more than `limit` tokens. The kept ranges follow each other without gap or
    overlap and begin at words; only a word longer than a whole core is cut. Sentences longer than
    a core, or text without any sentence end, are cut by count from the last cut before.
    Raises `ValueError` unless `limit > 2 * context >= 0`.
    """
    core = limit - 2 * context
    if context < 0 or core < 1:
        raise ValueError(f"a window of {limit} tokens has no room for 2 x {context} of context")
    count = len(starts)
    if count <= limit:
        return [Window(0, count, 0, count)] if count else []
    begins = {word.start for word in words(text)}
    whole = [
        i for i in range(count) if starts[i] in begins and (not i or starts[i - 1] < starts[i])
    ]
    bounds = [0, *_cuts(text, starts, whole), count]
    windows = []
    for left, right in pairwise(bounds):
        for first, last in _pieces(left, right, core, whole):
            start = _at(whole, max(0, first - context), first)
            stop = last + context
            stop = count if stop >= count else max(last, whole[bisect_right(whole, stop) - 1])
            windows.append(Window(start, stop, first, last))
    return windows


def _cuts(text: str, starts: Sequence[int], whole: Sequence[int]) -> list[int]:
    """Tokens that follow a sentence end which its last characters select."""
    cuts = set()
    for match in _SENTENCE_END.finditer(text):
        seen = text[max(0, match.end() - _SEEN) : match.end()]
        if zlib.crc32(seen.encode("utf-8", "surrogatepass")) % _ONE_IN == 0:
            token = bisect_left(starts, match.end())
            if 0 < token < len(starts) and whole[bisect_left(whole, token) % len(whole)] == token:
                cuts.add(token)
    return sorted(cuts)


def _pieces(left: int, right: int, core: int, whole: Sequence[int]) -> Iterator[tuple[int, int]]:
    while right - left > core:
        cut = whole[bisect_right(whole, left + core) - 1]
        if cut <= left:
            cut = left + core
        yield left, cut
        left = cut
    if left < right:
        yield left, right


def _at(whole: Sequence[int], wanted: int, at_most: int) -> int:
    """The first word's beginning from `wanted` on."""
    place = bisect_left(whole, wanted)
    return min(whole[place], at_most) if place < len(whole) else at_most
