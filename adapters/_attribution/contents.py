"""Token sets to content spans, stretched over the quotations that they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.adapters._attribution.parse import Parse
from harness.adapters._attribution.quotation import Quotation
from harness.annotation import Span

__all__ = ["united", "runs", "span_of", "stretch", "trim_edges"]

_EDGE = frozenset(",;:.–—-―…")
_OPEN = frozenset("“‘\"'«([")
_PAIRS = {"(": ")", "[": "]"}
_LOOSE_ENDS = frozenset(["and", "but", "or", "nor", "yet", "so", "while", "as"])


def span_of(parse: Parse, tokens: Iterable[int]) -> Span | None:
    """From the first to the last token; `None` for none."""
    ordered = sorted(tokens)
    return Span(parse[ordered[0]].start, parse[ordered[-1]].end) if ordered else None


def runs(parse: Parse, tokens: Iterable[int]) -> list[Span]:
    """One span for each unbroken run of tokens."""
    found: list[list[int]] = []
    for index in sorted(tokens):
        if found and index == found[-1][-1] + 1:
            found[-1].append(index)
        else:
            found.append([index])
    return [Span(parse[run[0]].start, parse[run[-1]].end) for run in found]


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
            if text[start:end].endswith("...") or _abbreviation(text, start, end):
                break
            end -= 1
        last = text[start:end]
        if last and (last[-1] in "([" or (last[-1] in ")]" and not _balanced(last))):
            end -= 1
            changed = True
        word = last.rpartition(" ")[2].lower()
        if word in _LOOSE_ENDS and " " in last:
            end -= len(word)
            changed = True
    return Span(start, end) if any(char.isalnum() for char in text[start:end]) else None


def _abbreviation(text: str, start: int, end: int) -> bool:
    """`U.S.` keeps its last stop."""
    return (
        text[end - 1] == "."
        and end - start >= 4
        and text[end - 3] == "."
        and text[end - 2].isupper()
    )


def _balanced(text: str) -> bool:
    return all(text.count(one) == text.count(two) for one, two in _PAIRS.items())


def stretch(
    spans: Iterable[Span], quotes: Sequence[Quotation], cue: int, host: Quotation | None
) -> list[Span]:
    """Each span with the whole of every quotation that it touches.

    A quotation that holds the cue, and `host`, in which everything lies, do not stretch it.
    """
    out: list[Span] = []
    for start, end in spans:
        for quote in quotes:
            if quote is host or quote.start < cue < quote.end:
                continue
            if quote.start < end and start < quote.end:
                start, end = min(start, quote.start), max(end, quote.end)
        out.append(Span(start, end))
    return out


def united(text: str, spans: Iterable[Span]) -> list[Span]:
    """Sorted; overlapping ones, and ones with nothing but punctuation between them, united."""
    out: list[Span] = []
    for span in sorted(spans):
        if out and (
            span.start <= out[-1].end
            or not any(char.isalnum() for char in text[out[-1].end : span.start])
        ):
            out[-1] = Span(out[-1].start, max(out[-1].end, span.end))
        else:
            out.append(span)
    return out
