"""Slips of the fingers, and characters that a scanner takes for others.

Slips are those of Damerau 1964 (A technique for computer detection and correction of spelling
errors: substitution, transposition, omission, insertion), the substitution by a key beside it. The
first letter of a word stays: it is seldom wrong (Yannakoudakis and Fawthrop 1983, The rules of
spelling errors).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from harness.perturb.edits import TextEdit
from harness.perturb.perturbation import Level, TextPerturbation
from harness.perturb.places import LETTERS, drawn, matches, one_of, stays_whole

__all__ = ["OCR", "TYPOS"]

_ROWS = (("qwertyuiop", 0.0), ("asdfghjkl", 0.25), ("zxcvbnm", 0.75))
_SHORTEST = 3
"""Letters of a word that has slips."""


def _neighbours() -> dict[str, str]:
    """The keys beside each letter of a QWERTY keyboard, whose rows are shifted."""
    keys = {
        key: (column + shift, row)
        for row, (letters, shift) in enumerate(_ROWS)
        for column, key in enumerate(letters)
    }
    return {
        key: "".join(
            other
            for other, (x, y) in keys.items()
            if other != key and abs(x - keys[key][0]) <= 1 and abs(y - keys[key][1]) <= 1
        )
        for key in keys
    }


_BESIDE = _neighbours()


def _typos(text: str, level: Level, rng: Random) -> Iterator[TextEdit]:
    words = [(start, end) for start, end in matches(LETTERS, text) if end - start >= _SHORTEST]
    for (start, end), how in drawn(words, level, rng):
        if end < len(text) and not stays_whole(text, end):
            end -= 1  # Its marks would come to stand on another letter.
        letters = range(start + 1, end)
        kinds = _slips(text, one_of(letters, how), end)
        slips = one_of(kinds, how * len(letters) % 1)
        yield from one_of(slips, how * len(letters) * len(kinds) % 1)


def _slips(text: str, at: int, end: int) -> list[list[list[TextEdit]]]:
    """What can go wrong at a letter of a word that ends there, by kind."""
    letter = text[at]
    keys = _BESIDE.get(letter.lower(), "")
    beside = [[TextEdit(at, at + 1, key.upper() if letter.isupper() else key)] for key in keys]
    exchanged = []
    if at + 1 < end and letter != text[at + 1]:
        exchanged = [[TextEdit(at, at + 1, text[at + 1]), TextEdit(at + 1, at + 2, letter)]]
    omitted, doubled = [[TextEdit(at, at + 1, "")]], [[TextEdit(at, at + 1, letter + letter)]]
    return [kind for kind in (beside, exchanged, omitted, doubled) if kind]


_CONFUSED = {
    "rn": "m", "m": "rn", "cl": "d", "d": "cl", "vv": "w", "w": "vv", "ii": "u", "li": "h",
    "fi": "ﬁ", "fl": "ﬂ", "ff": "ﬀ", "l": "1", "1": "l", "I": "l", "O": "0", "0": "O",
    "S": "5", "5": "S", "B": "8", "8": "B", "Z": "2", "e": "c", "c": "e", "h": "b", "n": "u",
    "u": "n", "ä": "a", "ö": "o", "ü": "u", "é": "e", "ſ": "f",
}  # fmt: skip
_CONFUSING = re.compile("|".join(sorted(_CONFUSED, key=lambda one: (-len(one), one))))


def _ocr(text: str, level: Level, rng: Random) -> Iterator[TextEdit]:
    for (start, end), _ in drawn(matches(_CONFUSING, text), level, rng):
        yield TextEdit(start, end, _CONFUSED[text[start:end]])


TYPOS = TextPerturbation(
    "typos",
    "a slip of the fingers in a share of the words of three letters or more: a key beside, two "
    "letters exchanged, one left out, one doubled",
    (0.01, 0.05, 0.1),
    _typos,
)
OCR = TextPerturbation(
    "ocr",
    "a share of what a scanner confuses is confused: rn and m, cl and d, l and 1, O and 0, fi and "
    "its ligature",
    (0.01, 0.05, 0.1),
    _ocr,
)
