"""Direct, indirect or mixed: read off the quotation marks, by one rule for everybody.

Gold that names no kinds, predictions of our own adapters, the scorer: all ask here. A paragraph is
a line. `docs/gold.md` has the rule with examples, `harness.quotation.regions` its first three
parts.

1. Double marks (with „ « `` '' and the corner brackets of Chinese and Japanese) are paired first.
2. Single marks are paired in what is left: apostrophes and measures are no marks.
3. A region is a pair with its marks, or what goes on over the end of a paragraph.
4. A content is direct if more than 98 % of its letters and digits are in regions, indirect if none
   is, mixed otherwise. A region that holds the content's cue too does not count: the relation is
   nested in a quotation, and only the marks inside that quotation are its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from harness.annotation import Kind
from harness.quotation.doubles import MARK
from harness.quotation.regions import outermost, quoted_regions

__all__ = ["DIRECT_SHARE", "kind_of"]

DIRECT_SHARE = 0.98
"""A content with more than this share of its letters and digits within marks is direct."""

_DEPTH = 4  # Nobody quotes deeper; the bound keeps hostile texts cheap.


def kind_of(
    text: str,
    content: Sequence[tuple[int, int]],
    quoted: Sequence[tuple[int, int]],
    *,
    cue: tuple[int, int] | None = None,
) -> Kind:
    """The kind of a content; `quoted` is `quoted_regions(text)`, made once a document.

    A content without letters or digits is judged by all its characters. Regions that hold the
    `cue` and some of the content, but not with their first mark, are replaced by those inside.
    """
    if not quoted:
        return "indirect"
    content = outermost(content)
    weigh, letters = _letters, sum(_letters(text, *span) for span in content)
    if not letters:
        weigh, letters = _characters, sum(end - start for start, end in content)
    for _ in range(_DEPTH if cue and any(map(str.isalnum, text[cue[0] : cue[1]])) else 0):
        touched = _touched(text, quoted, content, weigh)
        if not any(_nests(region, cue, content) for region in touched):
            break
        quoted = [inner for region in touched for inner in _inside(text, region)]
    inside = sum(_touched(text, quoted, content, weigh).values())
    if not inside:
        return "indirect"
    return "direct" if inside > DIRECT_SHARE * letters else "mixed"


def _letters(text: str, start: int, end: int) -> int:
    return sum(map(str.isalnum, text[start:end]))


def _characters(text: str, start: int, end: int) -> int:
    return end - start


def _nests(
    region: tuple[int, int], cue: tuple[int, int] | None, content: Sequence[tuple[int, int]]
) -> bool:
    """Whether a region holds the cue, and its first mark is not the content's own."""
    start, end = region
    own = any(low <= start < high for low, high in content)
    return cue is not None and start <= cue[0] and cue[1] <= end and not own


def _touched(
    text: str,
    quoted: Sequence[tuple[int, int]],
    content: Sequence[tuple[int, int]],
    weigh: Callable[[str, int, int], int],
) -> dict[tuple[int, int], int]:
    """The regions that hold some of the content, in order, with how much they hold."""
    touched: dict[tuple[int, int], int] = {}
    for start, end in content:
        at = max(0, bisect_right(quoted, (start, len(text))) - 1)
        while at < len(quoted) and quoted[at][0] < end:
            region = quoted[at]
            inside = weigh(text, max(start, region[0]), max(start, min(end, region[1])))
            if inside:
                touched[region] = touched.get(region, 0) + inside
            at += 1
    return touched


def _inside(text: str, region: tuple[int, int]) -> list[tuple[int, int]]:
    """The regions within a region. Its last mark stays: it may close one of them as well."""
    start, end = region
    mark = MARK.match(text, start)
    start = mark.end() if mark else start + 1
    return [(start + a, start + b) for a, b in quoted_regions(text[start:end])]
