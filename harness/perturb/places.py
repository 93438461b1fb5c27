"""Where a text can be changed, and which of these places a share of them are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import TypeVar

from harness.perturb.edits import TextEdit
from harness.perturb.perturbation import Level

__all__ = ["LETTERS", "WORD", "drawn", "each", "is_mark", "matches", "one_of", "stays_whole"]

T = TypeVar("T")

LETTERS = re.compile(r"[^\W\d_]+")
"""A run of letters, of any script."""

WORD = re.compile(r"\S+")
"""What stands between white space."""

_FLAGS = range(0x1F1E6, 0x1F200)
_TAILS = {"\u200d", *map(chr, range(0x1F3FB, 0x1F400)), *map(chr, range(0xE0020, 0xE0080))}


def drawn(places: Iterable[T], level: Level, rng: Random) -> Iterator[tuple[T, float]]:
    """A share of the places, each with a number in [0, 1) that says what becomes of it.

    A place takes the same two numbers whatever the level is: what a lower one changes a higher one
    changes as well, and in the same way.
    """
    assert not isinstance(level, str)
    for place in places:
        at, how = rng.random(), rng.random()
        if at < level:
            yield place, how


def one_of(options: Sequence[T], number: float) -> T:
    """The option that a number in [0, 1) falls on."""
    return options[int(number * len(options))]


def each(text: str, become: Sequence[str]) -> Iterator[TextEdit]:
    """The edits that make of each character of a text what stands for it in `become`."""
    for at, (char, new) in enumerate(zip(text, become, strict=True)):
        if char != new:
            yield TextEdit(at, at + 1, new)


def matches(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    """Start and end of every match."""
    return [match.span() for match in pattern.finditer(text)]


def is_mark(char: str) -> bool:
    """Whether a character stands on the one before it."""
    return char in _TAILS or unicodedata.category(char).startswith("M")


def stays_whole(text: str, at: int) -> bool:
    """Whether no character as it is seen is cut in two at an offset within the text: a letter with
    its marks, a sequence of emoji, a flag, CRLF."""
    before, after = text[at - 1], text[at]
    if is_mark(after) or before == "\u200d" or before + after == "\r\n":
        return False
    return not (ord(before) in _FLAGS and ord(after) in _FLAGS)
