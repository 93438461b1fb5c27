"""Other ways to read the offsets of a prediction: UTF-16 units, bytes, another form of the text.

A *reading* says how the text was changed before somebody counted in it. It is a sparse list of
edits, from which an offset into the changed text is mapped back to the document's code points.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

__all__ = ["READINGS", "Edit", "Reading", "Remap"]

Remap = Callable[[int], int | None]
"""An offset as it was counted -> a code-point offset; `None` where it falls inside a character."""


class Edit(NamedTuple):
    """`before` code points at `start` of the document that count as `after` in the reading."""

    start: int
    before: int
    after: int


class Reading(NamedTuple):
    """One way to misread offsets; `edits` gives nothing for a text that it leaves as it is."""

    code: str
    what: str
    mend: str
    edits: Callable[[str], Iterator[Edit]]

    def remap(self, text: str) -> Remap | None:
        """How offsets into the changed text map back; `None` when nothing changes."""
        edits = list(self.edits(text))
        return _remap(edits) if edits else None


_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_CHUNK = re.compile(r"[\x00-\x7f]?[^\x00-\x7f]+")
_SPACES = re.compile(r"\s+")


def _remap(edits: list[Edit]) -> Remap:
    starts: list[int] = []  # where each edit begins and ends in the changed text
    ends: list[int] = []
    resume: list[int] = []  # the document's offset right after each edit
    drift = 0
    for edit in edits:
        begin = edit.start + drift
        drift += edit.after - edit.before
        # Nothing is left of the edit: the offset at its place is already behind it.
        starts.append(begin if edit.after else begin - 1)
        ends.append(begin + edit.after)
        resume.append(edit.start + edit.before)

    def remap(offset: int) -> int | None:
        index = bisect_left(starts, offset) - 1
        if index < 0:
            return offset
        if offset < ends[index]:
            return None
        return resume[index] + offset - ends[index]

    return remap


def _each(pattern: str, before: int, after: int) -> Callable[[str], Iterator[Edit]]:
    """Whatever fits a pattern is `before` code points and counts as `after`."""
    found = re.compile(pattern).finditer
    return lambda text: (Edit(match.start(), before, after) for match in found(text))


def _utf8(text: str) -> Iterator[Edit]:
    if text.isascii():
        return
    for match in _NOT_ASCII.finditer(text):
        yield Edit(match.start(), 1, len(match.group().encode("utf-8", "surrogatepass")))


def _normal_form(form: Literal["NFC", "NFD"]) -> Callable[[str], Iterator[Edit]]:
    def edits(text: str) -> Iterator[Edit]:
        if text.isascii() or unicodedata.is_normalized(form, text):
            return
        for chunk in _CHUNK.finditer(text):
            for start, piece in _clusters(chunk.group(), chunk.start()):
                length = len(unicodedata.normalize(form, piece))
                if length != len(piece):
                    yield Edit(start, len(piece), length)

    return edits


def _clusters(chunk: str, start: int) -> Iterator[tuple[int, str]]:
    """Pieces of a chunk that normalise independently: a base and what combines with it."""
    begin = 0
    for index in range(1, len(chunk) + 1):
        if index == len(chunk) or not _combines(chunk[index]):
            yield start + begin, chunk[begin:index]
            begin = index


def _combines(char: str) -> bool:
    # Hangul vowels and finals compose although their combining class is 0.
    return unicodedata.combining(char) != 0 or "\u1161" <= char <= "\u11ff"


def _stripped(text: str) -> Iterator[Edit]:
    length = len(text) - len(text.lstrip())
    if length:
        yield Edit(0, length, 0)


def _collapsed(text: str) -> Iterator[Edit]:
    for match in _SPACES.finditer(text):
        length = match.end() - match.start()
        if match.start() == 0:
            yield Edit(0, length, 0)
        elif length > 1:
            yield Edit(match.start(), length, 1)


READINGS: tuple[Reading, ...] = (
    Reading(
        "utf16",
        "UTF-16 code units (JavaScript, Java, C#)",
        "convert the offsets to Unicode code points, or declare the unit utf16 in the worker's "
        "hello",
        _each("[\U00010000-\U0010ffff]", 1, 2),
    ),
    Reading(
        "bytes",
        "UTF-8 bytes",
        "convert the offsets to Unicode code points, or declare the unit byte in the worker's "
        "hello",
        _utf8,
    ),
    Reading(
        "newlines",
        "offsets into the text with \\r\\n turned into \\n",
        "read the documents without newline translation: open(path, newline='')",
        _each(r"\r\n", 2, 1),
    ),
    Reading(
        "newlines",
        "offsets into the text with \\n turned into \\r\\n",
        "read the documents without newline translation: open(path, newline='')",
        _each(r"(?<!\r)\n", 1, 2),
    ),
    Reading(
        "normal-form",
        "offsets into the text in Unicode normal form C",
        "give the backend the text as it is, without unicodedata.normalize",
        _normal_form("NFC"),
    ),
    Reading(
        "normal-form",
        "offsets into the text in Unicode normal form D",
        "give the backend the text as it is, without unicodedata.normalize",
        _normal_form("NFD"),
    ),
    Reading(
        "stripped",
        "offsets into the text without its leading white space",
        "give the backend the text as it is, without strip()",
        _stripped,
    ),
    Reading(
        "white-space",
        "offsets into the text with runs of white space made one space",
        "give the backend the text as it is, without ' '.join(text.split())",
        _collapsed,
    ),
)
