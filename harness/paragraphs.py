"""Where a text falls apart: into paragraphs, which are what is resampled, and into tokens.

A line ends where Unicode has a text broken in any case (UAX 14: LF, CR, VT, FF, NEL, U+2028 and
U+2029). Five documents are too few for a test over documents (its two-sided floor is 2/2^5), so the
unit of the bootstrap and of the randomisation test is then the paragraph within its document.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

__all__ = ["lines", "paragraph_starts", "stand_together", "tokens", "unit_of"]

# Thai, Lao, Burmese, Khmer, kana and Chinese characters: no space stands between words.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
# Marks that stand on the character before them: a name neither begins nor ends between the two.
_MARKS = (
    "\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e"
    "\u17b4-\u17d3\u3099\u309a\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef"
)
_TOKEN = re.compile(rf"[{_UNSPACED}][{_MARKS}]*|(?:[^\W{_UNSPACED}]|[{_MARKS}])+|\S[{_MARKS}]*")
_TOGETHER = re.compile(rf"[{_UNSPACED}\u3001-\u303f\uff00-\uffef]")  # and their punctuation
_ENDS = r"\n\r\v\f\x85\u2028\u2029"
_END, _LINE = re.compile(f"[{_ENDS}]"), re.compile(f"[^{_ENDS}]+")


def lines(text: str) -> list[tuple[int, int]]:
    """Start and end of every line that is not blank, its line end left out."""
    return [m.span() for m in _LINE.finditer(text) if not m.group().isspace()]


def tokens(text: str) -> list[tuple[int, int]]:
    """Start and end of every run of word characters (`\\w+`) and of every other character that is
    no white space: the tokens of a text whose file has none.

    In scripts that put no space between words every character is a token, with its marks.
    """
    return [m.span() for m in _TOKEN.finditer(text)]


def stand_together(before: str, after: str) -> bool:
    """Whether two tokens, neither of them empty, stand side by side without a space: both are of a
    script that puts none between words where they meet."""
    if after[0] < "\u0e00" or before[-1] < "\u0e00":
        return False
    return bool(_TOGETHER.match(before[-1]) and _TOGETHER.match(after[0]))


def paragraph_starts(text: str) -> list[int]:
    """The offset (code points) at which each paragraph of `text` begins.

    A paragraph is a line that is not blank, with the line ends and blank lines after it. The
    first always begins at 0, so that no offset is left out; a text without any word is one
    paragraph: `[0]`.
    """
    if _END.search(text) is None:
        return [0]
    return [0, *(start for start, _ in lines(text)[1:])]


def unit_of(offset: int, starts: Sequence[int]) -> int:
    """The index of the unit that holds `offset`, given sorted starts of which the first is 0."""
    return max(0, bisect_right(starts, offset) - 1)
