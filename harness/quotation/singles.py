"""Single marks of one paragraph, paired outside its double ones: most of them are apostrophes.

1. A mark opens at the start of a word, and closes at the end of one or after punctuation. Between
   letters it is an apostrophe. ‹ › may have spaces inside, and so may ‘ ’.
2. An opening mark takes a closing one that comes before the next opening mark; a plural
   possessive (the voters' rights), a dropped letter (goin' home), a number (6' tall) and a mark of
   the other fashion (‘ with ') only where none is better.
3. Where a word begins with an elision ('tis, '90s) a mark opens only if one after punctuation
   closes it, and U+2019 never does.
4. An opening mark without partner goes on as double marks do: to the next pair that begins a
   sentence, and to its paragraph's end, but that only if the next one begins with the same mark.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from harness.quotation.doubles import MARK, SENTENCE_END, opens_speech, previous

__all__ = ["pair_singles"]

_SINGLE = re.compile("(?<!['‘’‚`])['‘’‚‛‹›＇`](?!['‘’‚`])")
_OPENING, _ANGLES = frozenset("‘‚‛‹`"), frozenset("‹›")
_STRAIGHT = frozenset("'＇`")
_GAP_BEFORE = frozenset("([{—–-―/¿¡（：，")
_GAP_AFTER = frozenset(")]}—–-―.,;:!?…/）。，、；：？！")
_BEFORE_WORD = frozenset("…$£€¥₴₽([{¿¡#@—–")
_FINAL = frozenset('.,!?…;:—–-)]”"»。，！？')
_ELISION = re.compile(
    r"(?:\d\ds?|[nstmde]|ll|ve|re|tis|twas|twere|twill|twould|twixt|tween|em|im|er|ere|is|til|till|"
    r"cause|cos|coz|cuz|bout|round|fore|nother|nuff|mid|midst|neath|gainst|pon|way|kay|sup|scuse|"
    r"ow|ome|ead|ell|ello|ave|ad)(?!\w)",
    re.IGNORECASE,
)
_SURE = 2  # The rank from which on the first closing mark is taken.
_DROPPED = re.compile(r"(?:\b(?:n|o|th|an|ol|lil|mo|po|wi|ha|fo|d|l)|\w{2}in)\Z", re.IGNORECASE)


class _Mark(NamedTuple):
    at: int
    family: str
    opens: bool
    closes: bool
    rank: int
    """Of a closing mark, how surely it closes; of an opening one, the rank that it asks for."""


def pair_singles(
    text: str,
    start: int,
    end: int,
    taken: Sequence[tuple[int, int]],
    following: tuple[int, int] | None,
) -> list[tuple[int, int]]:
    """The pairs outside of `taken`; `following` is the next paragraph."""
    pairs: list[tuple[int, int]] = []
    opened: _Mark | None = None
    first = -1  # Where the quotation of `opened` began, if that is an earlier sentence's mark.
    speaks: bool | None = None  # Whether `first` opens speech, once it was asked.
    closer: _Mark | None = None
    for mark in _marks(text, start, end, taken):
        if opened is None:
            opened, first, speaks = (mark, mark.at, None) if mark.opens else (None, -1, None)
        elif mark.closes and (not mark.opens or not _sure(closer)):
            closer = _better(closer, mark, opened)
        elif mark.opens and (_sure(closer) or mark.rank <= opened.rank):
            if closer is not None:
                pairs.append((first, closer.at + 1))
            joins = closer is None and _joins(text, start, opened, mark)
            if joins and speaks is None:
                speaks = opens_speech(text, start, first)
            if not (joins and speaks):
                first, speaks = mark.at, None
            opened, closer = mark, None
    if opened is None:
        return pairs
    if not _sure(closer) and _resumes(text, start, opened, following, begun=closer is not None):
        pairs.append((first, end))
    elif closer is not None:
        pairs.append((first, closer.at + 1))
    return pairs


def _better(closer: _Mark | None, mark: _Mark, opened: _Mark) -> _Mark | None:
    """Which of two marks closes: the surer one; of two sure ones the first, else the last."""
    rank = mark.rank - (mark.family != opened.family)
    if rank < opened.rank or (closer is not None and rank < closer.rank + (closer.rank >= _SURE)):
        return closer
    return mark._replace(rank=rank)


def _sure(closer: _Mark | None) -> bool:
    return closer is not None and closer.rank >= _SURE


def _joins(text: str, start: int, opened: _Mark, mark: _Mark) -> bool:
    """Whether a mark opens the next sentence of the quotation that is open, if that is speech."""
    return (
        mark.family == opened.family
        and opened.rank < _SURE
        and previous(text, start, mark.at) in SENTENCE_END
    )


def _resumes(
    text: str,
    start: int,
    opened: _Mark,
    following: tuple[int, int] | None,
    *,
    begun: bool,
) -> bool:
    """Whether the quotation goes on in the next paragraph, which begins with the same mark."""
    if following is None or text[following[0]] != text[opened.at] or opened.rank:
        return False
    there = next(_marks(text, following[0], min(following[1], following[0] + 40), ()), None)
    if there is None or there.at != following[0] or not there.opens or there.rank:
        return False
    return opened.at == start if begun else opens_speech(text, start, opened.at)


def _marks(text: str, start: int, end: int, taken: Sequence[tuple[int, int]]) -> Iterator[_Mark]:
    for match in _SINGLE.finditer(text, start, end):
        at = match.start()
        index = bisect_right(taken, at, key=lambda region: region[0]) - 1
        if index < 0 or at >= taken[index][1]:
            mark = _mark(text, start, end, at)
            if mark is not None:
                yield mark


def _mark(text: str, start: int, end: int, at: int) -> _Mark | None:
    """What a mark may do where it stands; `None` where it is an apostrophe."""
    shape = text[at]
    family = "'" if shape in _STRAIGHT else "‹" if shape in _ANGLES else "‘"
    before, after = _neighbours(text, start, end, at)
    left, right = _is_gap(before, _GAP_BEFORE), _is_gap(after, _GAP_AFTER)
    opens, closes = left and not right, right and not left
    if left and right:  # As tokenised texts have it; a straight one is rather an apostrophe there.
        opens, closes = shape in _OPENING or shape == "›", shape in "’›"
    elif not left and not right:
        letters = before.isalnum() and after.isalnum()
        if (letters and not _is_wide(before + after)) or not (letters or before in _FINAL):
            return None
        opens, closes = shape in _OPENING or family == "'", shape not in _OPENING
    elif opens and not (after.isalnum() or after in _BEFORE_WORD):
        return None
    if opens and family != "‹" and _ELISION.match(text, at + 1, end):
        return None if shape == "’" else _Mark(at, family, True, False, 3)
    if closes:
        rank = _rank(text, start, end, at)
        return None if shape == "‚" or not rank + 1 else _Mark(at, family, opens, True, rank)
    hyphen = before == "-" and at - 1 > start and text[at - 2].isalnum()
    doubtful = hyphen or (shape == "’" and opens)
    return _Mark(at, family, True, False, _SURE if doubtful else 0) if opens else None


def _rank(text: str, start: int, end: int, at: int) -> int:
    """How surely a mark closes: 3 after punctuation, 2 after a word, 1 where it may be part of
    the word; -1 for that of rock 'n' roll."""
    spaced = at > start and text[at - 1].isspace()
    stop = at - 1 if spaced else at
    before = text[stop - 1] if stop > start else " "
    if before in _FINAL:
        return 3
    word = text[max(start, stop - 4) : stop]
    if re.search(r"(?<!\w)['‘’]n\Z", word, re.IGNORECASE):
        return -1
    if _DROPPED.search(word):
        return 1
    following = text[at + 1 : min(end, at + 3)]
    if following[:1].isspace() and following[1:].isalnum():
        return 1 if before in "sSxzXZ" or before.isdigit() else _SURE
    return _SURE if before in "sS" else 3


def _neighbours(text: str, start: int, end: int, at: int) -> tuple[str, str]:
    """The characters around a mark, double marks left out; a space where the paragraph ends."""
    low, high = at - 1, at + 1
    while low >= max(start, at - 3) and MARK.match(text[low]):
        low -= 1
    while high < min(end, at + 4) and MARK.match(text[high]):
        high += 1
    return text[low] if low >= start else " ", text[high] if high < end else " "


def _is_gap(char: str, others: frozenset[str]) -> bool:
    return char.isspace() or char in others


def _is_wide(chars: str) -> bool:
    """Whether one of the letters is of a script that sets no spaces (Chinese, Japanese)."""
    return any(char >= "\u2e80" for char in chars)
