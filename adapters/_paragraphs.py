"""Where a text breaks: paragraphs, which no entity crosses, and words, which none cuts."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache

from harness.annotation import Span
from harness.paragraphs import lines

__all__ = ["encodable", "paragraphs", "words"]

_BETWEEN_SPACES = re.compile(r"\S+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_EMPTY_LINE = re.compile(r"(?:\r\n|\n|\r(?!\n))[^\S\n\r]*(?:\r\n|\n|\r(?!\n))\s*")


def paragraphs(text: str, *, wrapped: bool = False) -> Iterator[Span]:
    """Spans of the text that hold more than white space, in order.

    Every line break ends a paragraph, as in `harness.paragraphs`: no name runs over one. With
    `wrapped`, for texts broken into lines of equal length, only an empty line does, and a single
    line break is white space like any other.
    """
    if wrapped:
        yield from (span for span in _blocks(text) if text[slice(*span)].strip())
    else:
        yield from (Span(*line) for line in lines(text))


def words(text: str, *, spaces: bool = False) -> Iterator[Span]:
    """Runs of letters, digits and marks; any other character but white space is one of its own.

    Combining accents and vowel signs belong to their letter, which `\\w` alone does not see. With
    `spaces`, for texts that were tokenised before, words are whatever stands between white space.
    """
    for match in (_BETWEEN_SPACES if spaces else _word()).finditer(text):
        yield Span(*match.span())


def encodable(text: str) -> str:
    """The text with lone surrogates, which no UTF-8 library takes, as U+FFFD; same length."""
    return _SURROGATE.sub("\ufffd", text)


def _blocks(text: str) -> Iterator[Span]:
    start = 0
    for match in _EMPTY_LINE.finditer(text):
        yield Span(start, match.start())
        start = match.end()
    yield Span(start, len(text))


@cache
def _word() -> re.Pattern[str]:
    marks = [
        chr(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in ("Mn", "Mc", "Me")
    ]
    inside = f"\\w{_ranges(marks)}"
    return re.compile(rf"\w[{inside}]*|[^\s\w][{_ranges(marks)}]*")


def _ranges(chars: list[str]) -> str:
    """A regular expression's character ranges for sorted characters."""
    ranges: list[list[str]] = []
    for char in chars:
        if ranges and ord(char) == ord(ranges[-1][1]) + 1:
            ranges[-1][1] = char
        else:
            ranges.append([char, char])
    return "".join(f"{re.escape(first)}-{re.escape(last)}" for first, last in ranges)
