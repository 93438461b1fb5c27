"""Double marks of one paragraph, paired: position first, shape second.

1. A mark that leans on the text to its right only opens; one that leans on the text to its left
   only closes, whatever way it is drawn: machine translation turns marks round. Corner brackets
   are always believed. Where both or neither side has text, a straight mark closes if something
   is open, and a shaped one is believed, unless it answers the mark that is open („ … “, » … «) or
   has nothing after it in its paragraph.
2. Each closing mark takes the nearest opening mark before it that is still free.
3. A free opening mark that opens speech (it begins its paragraph or follows punctuation) joins
   the next pair if that begins a sentence: “One. “Two,” he said. Translators open every sentence.
4. A last opening mark without partner quotes the rest of its paragraph if it opens speech or the
   next paragraph begins with a mark. After it, a left-over first closing mark quotes its own
   paragraph from the beginning, and so does a first pair that begins a sentence (rule 3). Any
   other mark without partner quotes nothing.

Inches are no marks: 6'2", and a 12" that would close a quotation whose own mark comes next.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["MARK", "SENTENCE_END", "opens_speech", "pair_doubles", "previous"]

MARK = re.compile("[“”„‟\"«»＂″〝〞〟「」『』｢｣]|``|'{2,3}|‘‘|’’|‚‚|(?<![^\\s(\\[—–]),,(?=\\w)")
_OPENING = frozenset(("“", "„", "‟", "«", "``", "‘‘", "‚‚", ",,", "〝", "「", "『", "｢"))
_CLOSING = frozenset(("”", "»", "''", "’’", "〞", "〟", "」", "』", "｣"))
_CORNERS = frozenset("「」『』｢｣〝〞〟")
_GAP_BEFORE = frozenset("([{—–-―（")
_GAP_AFTER = frozenset(")]}—–-―.,;:!?。，、；：？！）")
_FEET = re.compile(r"\d['’′]\s?\d+\Z")
SENTENCE_END = frozenset(".!?…。！？")
_SPEECH_AFTER = SENTENCE_END | frozenset(",:;—–―，：")


class _Mark(NamedTuple):
    start: int
    end: int
    shape: str
    lean: int
    """1 opens, -1 closes, by position or as a corner bracket; 0: text on both sides or none."""
    blank: bool
    """Nothing but white space or closing punctuation after it, and a gap before."""


def pair_doubles(
    text: str, start: int, end: int, *, carried: bool, resumed: bool
) -> tuple[list[tuple[int, int]], int | None]:
    """The pairs of a paragraph, and the mark from which its quotation goes on past its end.

    `carried`: the paragraph before left a quotation open. `resumed`: the next one begins with a
    mark.
    """
    marks = _marks(text, start, end)
    pairs: list[tuple[int, int]] = []
    free: list[_Mark] = []
    closed: dict[int, int] = {}
    joined: list[tuple[_Mark, _Mark]] = []  # An opening mark and the next mark, which opens too.
    orphan = -1
    before: _Mark | None = None
    for mark in marks:
        opens = _opens(mark, free[-1] if free else None, end, carried=carried)
        if opens:
            if free and free[-1] is before:
                joined.append((before, mark))
            free.append(mark)
        elif free:
            opened = free.pop()
            closed[opened.start] = mark.end
            pairs.append((opened.start, mark.end))
        elif orphan < 0 and not pairs:
            orphan = mark.end
        before = mark
    tail = free[-1] if free and free[-1] is before else None
    if tail and not (resumed or opens_speech(text, start, tail.start)):
        tail = None
    for first, second in reversed(joined):
        stop = closed.get(second.start)
        if stop is None or first.start in closed or not opens_speech(text, start, first.start):
            continue
        if previous(text, start, second.start) in SENTENCE_END:
            closed[first.start] = stop
            pairs.append((first.start, stop))
    if carried and orphan >= 0:
        pairs.append((start, orphan))
    elif carried and marks and previous(text, start, marks[0].start) in SENTENCE_END:
        pairs.extend((start, stop) for stop in [closed.get(marks[0].start)] if stop)
    return pairs, None if tail is None else tail.start


def opens_speech(text: str, start: int, at: int) -> bool:
    """Whether a mark begins its paragraph or follows punctuation, as speech does."""
    return (before := previous(text, start, at)) == "" or before in _SPEECH_AFTER


def previous(text: str, start: int, at: int) -> str:
    """The last character before `at` that is not white space; empty at the paragraph's start."""
    at -= 1
    while at >= start and text[at].isspace():
        at -= 1
    return text[at] if at >= start else ""


def _marks(text: str, start: int, end: int) -> list[_Mark]:
    marks = [_lean(match, start, end) for match in MARK.finditer(text, start, end)]
    return [
        mark
        for mark, after in zip(marks, [*marks[1:], None], strict=False)
        if not _is_measure(text, start, mark, after)
    ]


def _lean(match: re.Match[str], start: int, end: int) -> _Mark:
    text, (at, stop), shape = match.string, match.span(), match.group()
    before = at > start and not _is_gap(text, at - 1, _GAP_BEFORE)
    after = stop < end and not _is_gap(text, stop, _GAP_AFTER)
    lean = after - before
    if shape in _CORNERS:
        lean = 1 if shape in _OPENING else -1
    return _Mark(at, stop, shape, lean, not after and not before)


def _is_gap(text: str, at: int, others: frozenset[str]) -> bool:
    return text[at].isspace() or text[at] in others or MARK.match(text, at) is not None


def _is_measure(text: str, start: int, mark: _Mark, after: _Mark | None) -> bool:
    if mark.shape not in ('"', "″", "''") or not text[max(start, mark.start - 1)].isdigit():
        return False
    if mark.shape == "″" or _FEET.search(text, max(start, mark.start - 8), mark.start):
        return True
    following = text[mark.end : mark.end + 2]
    if following[:1] in ("x", "×"):
        return True
    return following[:1] == " " and following[1:].islower() and after is not None and after.lean < 0


def _opens(mark: _Mark, opened: _Mark | None, end: int, *, carried: bool) -> bool:
    if mark.lean:
        return mark.lean > 0
    if opened is None:
        # With a gap on both sides a closing shape opens, » Ja «, where nothing could be closed.
        closes = mark.shape in _CLOSING and (carried or not mark.blank or mark.end == end)
        return not closes
    answers = opened.shape in ("„", "‚‚", ",,") or opened.shape in _CLOSING
    return mark.shape in _OPENING and not answers and mark.end < end
