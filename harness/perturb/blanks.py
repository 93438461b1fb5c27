"""Blanks that are none to a program, characters that nobody sees, and blanks that are too many."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from harness.perturb.edits import TextEdit
from harness.perturb.perturbation import Level, TextPerturbation
from harness.perturb.places import drawn, matches, one_of, stays_whole

__all__ = ["NBSP", "WHITESPACE", "ZERO_WIDTH"]

_BLANK = re.compile(" ")
_INVISIBLE = ("\u200b", "\u200c", "\u2060", "\xad")


def _nbsp(text: str, level: Level, rng: Random) -> Iterator[TextEdit]:
    for (start, end), _ in drawn(matches(_BLANK, text), level, rng):
        yield TextEdit(start, end, "\xa0")


def _whitespace(text: str, level: Level, rng: Random) -> Iterator[TextEdit]:
    for (start, end), how in drawn(matches(_BLANK, text), level, rng):
        yield TextEdit(start, end, one_of(("  ", "\t"), how))


def _zero_width(text: str, level: Level, rng: Random) -> Iterator[TextEdit]:
    places = (at for at in range(1, len(text)) if stays_whole(text, at))
    for at, how in drawn(places, level, rng):
        yield TextEdit(at, at, one_of(_INVISIBLE, how))


NBSP = TextPerturbation(
    "nbsp", "a share of the blanks as no-break spaces (U+00A0)", (0.1, 0.5, 1.0), _nbsp
)
WHITESPACE = TextPerturbation(
    "whitespace", "a share of the blanks doubled, or as tabs", (0.1, 0.5, 1.0), _whitespace
)
ZERO_WIDTH = TextPerturbation(
    "zero-width",
    "zero-width space, zero-width non-joiner, word joiner or soft hyphen at a share of the places "
    "between two characters",
    (0.01, 0.05, 0.1),
    _zero_width,
)
