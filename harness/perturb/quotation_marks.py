"""Quotation marks: straight, curly, doubled, missing and stray ones.

Which marks a text has is a matter of typesetting, and much that finds quotations goes by them.
Doubled ones are those of TeX and of the Penn Treebank (Marcus et al. 1993), `` and ''.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from harness.perturb.edits import TextEdit
from harness.perturb.perturbation import EVERYWHERE, Level, TextPerturbation
from harness.perturb.places import WORD, drawn, each, matches

__all__ = ["CURLY", "DOUBLED", "MISSING", "STRAIGHT", "STRAY"]

_DOUBLE, _SINGLE = "“”„‟«»〝〞", "‘’‚‛‹›"
_STRAIGHT = str.maketrans({**dict.fromkeys(_DOUBLE, '"'), **dict.fromkeys(_SINGLE, "'")})
_ANY = re.compile(f'["{_DOUBLE}]')
_ALIKE = re.compile("[\"']")
_OPENING = "“„‟«〝"
_BEFORE_OPENING = "([{<—–-/" + _OPENING


def _straight(text: str, level: Level, rng: Random) -> Iterator[TextEdit]:
    return each(text, text.translate(_STRAIGHT))


def _sides(text: str) -> dict[int, bool]:
    """Where marks stand that look alike on both sides of a quotation, and whether one opens it: by
    what stands before."""
    opens: dict[int, bool] = {}
    for match in _ALIKE.finditer(text):
        at = match.start()
        before = text[at - 1] if at else " "
        if at - 1 in opens and before != match[0]:  # One quotation begins, or ends, in another.
            opens[at] = opens[at - 1]
        else:
            opens[at] = before.isspace() or before in _BEFORE_OPENING
    return opens


def _curly(text: str, level: Level, rng: Random) -> Iterator[TextEdit]:
    pairs = {'"': "”“", "'": "’‘"}
    for at, opens in _sides(text).items():
        yield TextEdit(at, at + 1, pairs[text[at]][opens])


def _doubled(text: str, level: Level, rng: Random) -> Iterator[TextEdit]:
    sides = _sides(text)
    for start, end in matches(_ANY, text):
        opens = sides.get(start, text[start] in _OPENING)
        yield TextEdit(start, end, "``" if opens else "''")


def _missing(text: str, level: Level, rng: Random) -> Iterator[TextEdit]:
    for (start, end), _ in drawn(matches(_ANY, text), level, rng):
        yield TextEdit(start, end, "")


def _stray(text: str, level: Level, rng: Random) -> Iterator[TextEdit]:
    opening, closing = "“”" if "“" in text else '""'
    for (start, end), how in drawn(matches(WORD, text), level, rng):
        yield TextEdit(start, start, opening) if how < 0.5 else TextEdit(end, end, closing)


STRAIGHT = TextPerturbation(
    "quotes-straight",
    "every quotation mark and apostrophe straight: \" and '",
    EVERYWHERE,
    _straight,
)
CURLY = TextPerturbation(
    "quotes-curly",
    "every straight quotation mark and apostrophe curly: “ ” ‘ ’",
    EVERYWHERE,
    _curly,
)
DOUBLED = TextPerturbation(
    "quotes-doubled",
    "every double quotation mark as two single ones, as in TeX",
    EVERYWHERE,
    _doubled,
)
MISSING = TextPerturbation(
    "quotes-missing",
    "a share of the double quotation marks is missing, each for itself: one of a pair may stay",
    (0.1, 0.25, 0.5),
    _missing,
)
STRAY = TextPerturbation(
    "quotes-stray",
    "a quotation mark that has no other, before or behind a share of the words",
    (0.01, 0.05, 0.1),
    _stray,
)
