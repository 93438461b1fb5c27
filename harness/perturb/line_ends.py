"""Lines that end elsewhere. Units stay those of the text as it was (`Record.cuts`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from random import Random

from harness.paragraphs import lines
from harness.perturb.edits import TextEdit
from harness.perturb.perturbation import EVERYWHERE, Level, TextPerturbation
from harness.perturb.places import LETTERS, drawn, matches, one_of

__all__ = ["CRLF", "HYPHENATION", "LINE_BREAKS", "PARAGRAPHS_JOINED"]

_LONE_LF = re.compile("(?<!\r)\n")
_KEPT = 3
"""Letters on either side of a hyphen."""


def _wrapped(text: str, level: Level, rng: Random) -> Iterator[TextEdit]:
    width = int(level)
    for start, end in lines(text):
        last = None
        for at in (*(at for at in range(start, end) if text[at] == " "), end):
            if last is not None and at - start > width:
                yield TextEdit(last, last + 1, "\n")
                start = last + 1
            last = at


def _crlf(text: str, level: Level, rng: Random) -> Iterator[TextEdit]:
    for start, end in matches(_LONE_LF, text):
        yield TextEdit(start, end, "\r\n")


def _joined(text: str, level: Level, rng: Random) -> Iterator[TextEdit]:
    for (_, end), (start, _) in pairwise(lines(text)):
        # The blank is the last: what began with any of these still begins before the next line.
        for at in range(end, start - 1):
            yield TextEdit(at, at + 1, "")
        yield TextEdit(start - 1, start, " ")


def _hyphenated(text: str, level: Level, rng: Random) -> Iterator[TextEdit]:
    words = [one for one in matches(LETTERS, text) if one[1] - one[0] >= 2 * _KEPT]
    for (start, end), how in drawn(words, level, rng):
        at = one_of(range(start + _KEPT, end - _KEPT + 1), how)
        yield TextEdit(at, at, "-\n")


LINE_BREAKS = TextPerturbation(
    "line-breaks",
    "lines broken at blanks so that none is wider than 80, 60 or 40 characters",
    ("80", "60", "40"),
    _wrapped,
)
CRLF = TextPerturbation("crlf", "every line ends as on Windows: CR LF for LF", EVERYWHERE, _crlf)
PARAGRAPHS_JOINED = TextPerturbation(
    "paragraphs-joined",
    "the whole text on one line, a blank between paragraphs",
    EVERYWHERE,
    _joined,
)
HYPHENATION = TextPerturbation(
    "hyphenation",
    "a share of the words of six letters or more broken by a hyphen and a line end",
    (0.01, 0.05, 0.1),
    _hyphenated,
)
