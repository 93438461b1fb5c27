"""Token sets to content spans, stretched over the quotations that they belong to."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import attrgetter

from harness.adapters._attribution.parse import Parse
from harness.adapters._attribution.quotation import Quotation
from harness.adapters._attribution.tokens import Tokens
from harness.annotation import Span

__all__ = ["extend", "holding", "runs", "span_of", "stretch", "trim_edges", "united"]

_EDGE = frozenset(",;:.–—-―…")
_PAIRS = ("()", "[]")
_LOOSE_ENDS = frozenset(["and", "but", "or", "nor", "yet", "so", "while", "as"])


def span_of(parse: Parse, tokens: Tokens) -> Span | None:
    """From the first to the last token; `None` for none."""
    return Span(parse[tokens.first].start, parse[tokens.last].end) if tokens else None


def runs(parse: Parse, tokens: Tokens) -> list[Span]:
    """One span for each unbroken run of tokens."""
    return [Span(parse[start].start, parse[stop - 1].end) for start, stop in tokens.ranges]


def trim_edges(text: str, span: Span) -> Span | None:
    """Without edge punctuation, unpaired brackets and a dangling conjunction at the end.

    `None` when no letter or digit is left.
    """
    start, end = span
    while start < end and (text[start] in _EDGE or text[start].isspace() or text[start] in ")]"):
        start += 1
    changed = True
    while changed and end > start:
        changed = False
        while end > start and (text[end - 1] in _EDGE or text[end - 1].isspace()):
            if text.endswith("...", start, end) or _abbreviation(text, start, end):
                break
            end -= 1
        space = text.rfind(" ", max(start, end - 6), end)  # No loose end is longer than five.
        word = text[space + 1 : end].lower() if space >= 0 else ""
        last = text[end - 1 : end] if end > start else ""
        if last and (last in "([" or (last in ")]" and not _balanced(text, start, end))):
            end -= 1
            changed = True
        if word in _LOOSE_ENDS:
            end -= len(word)
            changed = True
    return Span(start, end) if any(text[i].isalnum() for i in range(start, end)) else None


def _abbreviation(text: str, start: int, end: int) -> bool:
    """`U.S.` keeps its last stop."""
    return (
        text[end - 1] == "."
        and end - start >= 4
        and text[end - 3] == "."
        and text[end - 2].isupper()
    )


def _balanced(text: str, start: int, end: int) -> bool:
    counts = {
        mark: bisect_left(places, end) - bisect_left(places, start)
        for mark, places in _brackets(text).items()
    }
    return all(counts[one] == counts[two] for one, two in _PAIRS)


@lru_cache(maxsize=2)
def _brackets(text: str) -> dict[str, list[int]]:
    """Where each kind of bracket stands."""
    return {
        mark: [match.start() for match in re.finditer(re.escape(mark), text)]
        for pair in _PAIRS
        for mark in pair
    }


def holding(quotes: Sequence[Quotation], place: int) -> Quotation | None:
    """Which of the quotations, sorted and disjoint, has the place behind its first character."""
    before = bisect_left(quotes, place, key=attrgetter("start")) - 1
    return quotes[before] if before >= 0 and place < quotes[before].end else None


def stretch(
    spans: Iterable[Span], quotes: Sequence[Quotation], cue: int, host: Quotation | None
) -> list[Span]:
    """Each span with the whole of every quotation that it touches; they are sorted and disjoint.

    A quotation that holds the cue, and `host`, in which everything lies, do not stretch it.
    """
    out: list[Span] = []
    held = holding(quotes, cue)
    for start, end in spans:
        low = bisect_right(quotes, start, key=attrgetter("end"))
        high = bisect_left(quotes, end, key=attrgetter("start")) - 1
        while low <= high and (quotes[low] is host or quotes[low] is held):
            low += 1
        while low <= high and (quotes[high] is host or quotes[high] is held):
            high -= 1
        if low <= high:
            start, end = min(start, quotes[low].start), max(end, quotes[high].end)
        out.append(Span(start, end))
    return out


def united(text: str, spans: Iterable[Span]) -> list[Span]:
    """Sorted; overlapping ones, and ones with nothing but punctuation between them, united."""
    out: list[Span] = []
    for span in sorted(spans):
        _append(text, out, span)
    return out


def extend(text: str, content: list[Span], spans: Iterable[Span]) -> None:
    """Have a content that is `united` hold these spans, too."""
    for span in spans:
        if not content or span >= content[-1]:
            _append(text, content, span)
        else:
            content[:] = united(text, [*content, span])


def _append(text: str, out: list[Span], span: Span) -> None:
    if out and (
        span.start <= out[-1].end
        or not any(char.isalnum() for char in text[out[-1].end : span.start])
    ):
        out[-1] = Span(out[-1].start, max(out[-1].end, span.end))
    else:
        out.append(span)
