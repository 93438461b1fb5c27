"""Where a text falls apart: into paragraphs, which are what is resampled, and into tokens.

A line ends where Unicode has a text broken in any case (UAX 14: LF, CR, VT, FF, NEL, U+2028 and
U+2029). Five documents are too few for a test over documents (its two-sided floor is 2/2^5), so the
unit of the bootstrap and of the randomisation test is then the paragraph within its document.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

__all__ = ["lines", "paragraph_starts", "tokens", "unit_of"]

_TOKEN = re.compile(r"\w+|[^\w\s]")
_LINE = re.compile(r"[^\n\r\v\f\x85\u2028\u2029]+")


def lines(text: str) -> list[tuple[int, int]]:
    """Start and end of every line that is not blank, its line end left out."""
    return [m.span() for m in _LINE.finditer(text) if not m.group().isspace()]


def tokens(text: str) -> list[tuple[int, int]]:
    """Start and end of every run of word characters (`\\w+`) and of every other character that is
    no white space: the tokens of a text whose file has none."""
    return [m.span() for m in _TOKEN.finditer(text)]


def paragraph_starts(text: str) -> list[int]:
    """The offset (code points) at which each paragraph of `text` begins.

    A paragraph is a line that is not blank, with the line ends and blank lines after it. The
    first always begins at 0, so that no offset is left out; a text without any word is one
    paragraph: `[0]`.
    """
    return [0, *(start for start, _ in lines(text)[1:])]


def unit_of(offset: int, starts: Sequence[int]) -> int:
    """The index of the unit that holds `offset`, given sorted starts of which the first is 0."""
    return max(0, bisect_right(starts, offset) - 1)
