"""Direct, indirect or mixed: read off the quotation marks where nobody said which.

The rule, paragraph by paragraph (a paragraph is a line), for double marks only (“ ” „ ‟ " « » ``
'' and their full-width forms), since single marks are mostly apostrophes:

1. A mark that leans on the text to its right only (nothing or a space before it) opens; one that
   leans on the text to its left only closes, whatever way the mark itself is drawn: machine
   translation turns marks round. Where both or neither side has text, a curly mark is believed,
   and a straight one closes if something is open and opens otherwise.
2. Each closing mark takes the nearest opening mark before it that is still free; what lies within
   the outermost pairs is quoted.
3. A mark without partner quotes nothing, with two exceptions, for quotations that go on over
   paragraphs: an opening mark that is the last mark of its paragraph quotes it to its end, if it
   stands at the very beginning or if the next paragraph begins with a mark; and after such a
   paragraph, a left-over first closing mark quotes its own from the beginning.

So one stray mark harms its own paragraph at most.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from harness.annotation import Kind, Span

__all__ = ["DIRECT_SHARE", "derive_kind", "quoted_regions"]

DIRECT_SHARE = 0.98
"""A content with more than this share of its letters and digits within marks is direct."""

_PARAGRAPH = re.compile(r"[^\s][^\n]*")
_MARK = re.compile("[“”„‟\"«»＂〝〞]|``|''")
_OPENING = frozenset(("“", "„", "‟", "«", "``", "〝"))
_CLOSING = frozenset(("”", "»", "''", "〞"))


def quoted_regions(text: str) -> tuple[Span, ...]:
    """Everything within double quotation marks, marks included; sorted, disjoint."""
    regions: list[Span] = []
    paragraphs = [match.span() for match in _PARAGRAPH.finditer(text)]
    carried = False
    for number, (start, end) in enumerate(paragraphs):
        following = paragraphs[number + 1][0] if number + 1 < len(paragraphs) else len(text)
        found, carried = _paragraph(
            text, start, end, carried=carried, resumed=_MARK.match(text, following) is not None
        )
        regions += found
    return tuple(regions)


def derive_kind(
    text: str, content: Sequence[tuple[int, int]], *, quoted: Sequence[tuple[int, int]]
) -> Kind:
    """The kind of a content: `direct` if more than 98 % of its letters and digits are quoted.

    `indirect` if none is, `mixed` otherwise. `quoted` is `quoted_regions(text)`, made once a
    document. A content without letters or digits is judged by all its characters.
    """
    starts = [start for start, _ in quoted]
    positions = {i for start, end in content for i in range(start, end)}
    letters = {i for i in positions if text[i].isalnum()} or positions
    inside = sum(
        1 for i in letters if (at := bisect_right(starts, i) - 1) >= 0 and i < quoted[at][1]
    )
    if not inside:
        return "indirect"
    return "direct" if inside > DIRECT_SHARE * len(letters) else "mixed"


def _paragraph(
    text: str, start: int, end: int, *, carried: bool, resumed: bool
) -> tuple[list[Span], bool]:
    """The quoted regions of one paragraph, and whether its quotation goes on in the next."""
    pairs: list[tuple[int, int]] = []
    free: list[int] = []
    orphan = last = -1
    for mark in _MARK.finditer(text, start, end):
        last = mark.start()
        if _opens(mark, start, end, is_open=bool(free)):
            free.append(last)
        elif free:
            pairs.append((free.pop(), mark.end()))
        elif orphan < 0 and not pairs:
            orphan = mark.end()
    goes_on = bool(free) and free[-1] == last and (last == start or resumed)
    if goes_on:
        pairs.append((last, end))
    if carried and orphan >= 0:
        pairs.append((start, orphan))
    return _outermost(pairs), goes_on


def _opens(mark: re.Match[str], start: int, end: int, *, is_open: bool) -> bool:
    text = mark.string
    before = mark.start() > start and not _is_gap(text[mark.start() - 1], "([{—–-―")
    after = mark.end() < end and not _is_gap(text[mark.end()], ")]}—–-―.,;:!?")
    if after and not before:
        return True
    if before and not after:
        return False
    if mark.group() in _OPENING:
        return True
    if mark.group() in _CLOSING:
        return False
    return not is_open


def _is_gap(char: str, others: str) -> bool:
    return char.isspace() or char in others or _MARK.match(char) is not None


def _outermost(pairs: list[tuple[int, int]]) -> list[Span]:
    out: list[Span] = []
    for start, end in sorted(pairs, key=lambda pair: (pair[0], -pair[1])):
        if not out or start >= out[-1].end:
            out.append(Span(start, end))
        elif end > out[-1].end:
            out[-1] = Span(out[-1].start, end)
    return out
