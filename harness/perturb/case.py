"""Upper case, lower case, and every word with a capital; each character is an edit of its own.

Lengths change: ß is SS in upper case, İ is i and a dot above it in lower case.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from harness.perturb.edits import TextEdit
from harness.perturb.perturbation import EVERYWHERE, Level, TextPerturbation
from harness.perturb.places import each, is_mark

__all__ = ["LOWER", "TITLE", "UPPER"]

_APOSTROPHES = "'’"


def _upper(text: str, level: Level, rng: Random) -> Iterator[TextEdit]:
    return each(text, [char.upper() for char in text])


def _lower(text: str, level: Level, rng: Random) -> Iterator[TextEdit]:
    return each(text, _lowered(text))


def _lowered(text: str) -> list[str]:
    """What becomes of each character in `text.lower()`, in which a sigma depends on its word."""
    whole, pieces, done = text.lower(), [], 0
    for char in text:
        size = len(char.lower())
        pieces.append(whole[done : done + size])
        done += size
    return pieces


def _title(text: str, level: Level, rng: Random) -> Iterator[TextEdit]:
    become, inside = _lowered(text), False
    for at, char in enumerate(text):
        if char.isalpha() and not inside:
            become[at] = char.title()
        inside = char.isalnum() or (inside and (char in _APOSTROPHES or is_mark(char)))
    return each(text, become)


UPPER = TextPerturbation("upper", "every letter in upper case", EVERYWHERE, _upper)
LOWER = TextPerturbation("lower", "every letter in lower case", EVERYWHERE, _lower)
TITLE = TextPerturbation(
    "title", "every word with a capital, all its other letters in lower case", EVERYWHERE, _title
)
