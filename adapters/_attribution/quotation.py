"""Quotation marks paired paragraph by paragraph, so that one stray mark spoils one paragraph.

A mark's role comes from its surroundings first (white space before it: it opens; after it: it
closes) and from its shape where they do not decide, since keyboards and machine translation
confuse the shapes. An opening mark inside an open quotation continues it; a quotation that is
never closed ends with its paragraph where it opened like speech, and is dropped elsewhere.

This finds what may be extracted; whether a content is direct is asked of `kinds_of` of the scorer.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from harness.adapters._attribution.ahead import Ahead
from harness.paragraphs import lines
from harness.quotation.doubles import previous

__all__ = ["Quotation", "is_scare_quote", "quotations"]

_DOUBLE = re.compile(r"'{2,3}|``|[\"“”„‟«»″＂]")
_OPENING_SHAPES = frozenset(["“", "„", "‟", "«", "``"])
_CLOSING_SHAPES = frozenset(["”", "»"])
_SINGLE = re.compile(r"(?<!['’‘`])['‘’‚‹›](?!['’‘`])")
_OPENS_AFTER = frozenset(" \t\u00a0\u2009\u202f\n([{—–-―:;,/")
_CLOSES_BEFORE = frozenset(" \t\u00a0\u2009\u202f\n)]}—–-―:;,.!?…/")
_WORD = re.compile(r"\w[\w'’-]*")
_FEET = re.compile(r"\d['′]\s?\d+$")
_LINE_END = re.compile(r"\n")
_CLOSES_WORD = re.compile(r"[\w.,!?…]['’](?!\w)")
# Longest reading of a pair of single marks: beyond it they are rather apostrophes.
_SINGLE_LIMIT = 600


class Quotation(NamedTuple):
    """A quoted stretch with its marks: `text[start:end]`.

    `inner_start`, `inner_end` leave the marks out. `single` tells single from double marks;
    `closed` is False where the closing mark is missing, `opened` where the opening one is.
    """

    start: int
    end: int
    inner_start: int
    inner_end: int
    single: bool = False
    closed: bool = True
    opened: bool = True


def quotations(text: str) -> list[Quotation]:
    """The quotations of a whole text in order of offset; single marks inside double ones are left.

    A quotation never crosses the end of a paragraph: speech that goes on in the next paragraph is
    two quotations, the first of which is not `closed`.
    """
    found: list[Quotation] = []
    left_open = False
    line_end, closing = Ahead(_LINE_END, text), Ahead(_CLOSES_WORD, text)
    for start, end in lines(text):
        double = list(_pair_double(text, start, end, left_open))
        left_open = bool(double) and not double[-1].closed
        single = [
            quote
            for quote in _pair_single(text, start, end, line_end, closing)
            if not _overlaps(double, quote)
        ]
        found.extend(sorted([*double, *single], key=lambda quote: quote.start))
    return found


def _overlaps(sorted_ones: list[Quotation], quote: Quotation) -> bool:
    """Whether one of them, which are disjoint, has a character of `quote`."""
    before = bisect_right(sorted_ones, quote.end - 1, key=lambda other: other.start)
    return before > 0 and sorted_ones[before - 1].end > quote.start


def is_scare_quote(text: str, quote: Quotation) -> bool:
    """A word or a few in marks that are no utterance: short, no sentence in it.

    At most three words, unless they begin like a sentence and end like one ("I hope not,"); or up
    to eight words that are all capitalised (a title, a brand). After a colon, or with a question
    or exclamation mark at the end, it is an utterance.
    """
    inner = text[quote.inner_start : quote.inner_end].strip()
    words = _WORD.findall(inner)
    if not words:
        return True
    if inner[-1] in "!?…" and len(words) > 1:
        return False
    place = quote.start
    while place and text[place - 1] in " \u00a0":
        place -= 1
    if place and text[place - 1] == ":":
        return False
    if all(word[:1].isupper() or word.lower() in _SMALL for word in words):
        return len(words) <= 8
    sentence = inner[:1].isupper() and inner[-1] in ".,"
    return len(words) <= 3 and not sentence


_SMALL = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "and",
        "in",
        "on",
        "for",
        "to",
        "at",
        "by",
        "with",
        "from",
        "or",
        "as",
        "is",
    ]
)


def _pair_double(text: str, start: int, end: int, continued: bool) -> Iterator[Quotation]:
    opened: re.Match[str] | None = None
    last_end, depth = start, 0
    for mark in _DOUBLE.finditer(text, start, end):
        if _is_measure(text, mark.start()):
            continue
        role = _role(text, mark.start(), mark.end(), mark.group(), opened is not None)
        if opened is None:
            if role == "open":
                opened = mark
            elif last_end == start and continued and mark.start() > start:
                # The paragraph continues an open quotation but did not repeat the mark.
                yield Quotation(start, mark.end(), start, mark.start(), opened=False)
                last_end = mark.end()
            # Any other closing mark is a stray one: ignored, it inverts nothing.
        elif opened.group() == '"' and role == "open" and mark.group() == "“":
            depth += 1  # curly marks inside straight ones: a quotation within the quotation
        elif depth and mark.group() == "”":
            depth -= 1
        elif role == "close":
            depth = 0
            yield Quotation(opened.start(), mark.end(), opened.end(), mark.start())
            opened, last_end = None, mark.end()
    if opened is not None and _opens_speech(text, start, opened.start()):
        stop = start + len(text[start:end].rstrip())
        if stop > opened.end():
            yield Quotation(opened.start(), stop, opened.end(), stop, closed=False)


def _role(text: str, start: int, end: int, shape: str, inside: bool) -> str:
    before, after = text[start - 1 : start], text[end : end + 1]
    may_open = (not before or before in _OPENS_AFTER) and bool(after) and not after.isspace()
    may_close = (not after or after in _CLOSES_BEFORE) and bool(before) and not before.isspace()
    if may_open != may_close:
        return "open" if may_open else "close"
    if shape in _OPENING_SHAPES:
        return "open"
    if shape in _CLOSING_SHAPES:
        return "close"
    return "close" if inside else "open"


def _is_measure(text: str, place: int) -> bool:
    """6'2" is no quotation."""
    before = text[place - 1 : place]
    if text[place] not in "\"″'" or not (before.isdigit() or before == "\n"):
        return False
    return _FEET.search(text[max(0, place - 8) : place]) is not None


def _opens_speech(text: str, start: int, place: int) -> bool:
    return previous(text, start, place) in ("", *":,.!?…")


def _pair_single(
    text: str, start: int, end: int, line_end: Ahead, closing: Ahead
) -> Iterator[Quotation]:
    opened: int | None = None
    for mark in _SINGLE.finditer(text, start, end):
        place, shape = mark.start(), mark.group()
        before, after = text[place - 1 : place], text[place + 1 : place + 2]
        if opened is None:
            starts_word = not before or before in _OPENS_AFTER or before in '"“'
            if starts_word and after and (after.isalnum() or after in "…$£€[") and shape != "’":
                opened = place
        elif shape in "'’›" and _closes_single(text, place, before, after, line_end, closing):
            if place - opened <= _SINGLE_LIMIT:
                yield Quotation(opened, place + 1, opened + 1, place, single=True)
            opened = None


def _closes_single(
    text: str, place: int, before: str, after: str, line_end: Ahead, closing: Ahead
) -> bool:
    if before.isspace() or (after and after not in _CLOSES_BEFORE and after not in '"”'):
        return False
    if before in ".,!?…":
        return True
    # `voters' rights` is a plural possessive, unless no other mark can close the quotation.
    if before == "s" and re.match(r" [a-z]", text[place + 1 : place + 3]):
        return closing.start(place + 1) >= line_end.start(place)
    return True
