"""What annotation conventions disagree about at the edges of a name.

OntoNotes takes a determiner and a possessive marker into some names, CoNLL-2003 into none; whether
a title or a full stop belongs to a name differs from guideline to guideline. A backend trained on
one convention makes boundary errors under another without being any less skilled. `trim` removes
what is a matter of convention from both sides before matching; `boundary_cause` says what a
boundary error was about.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Literal, TypeAlias, get_args
from unicodedata import category

from harness.annotation import Entity, Span
from harness.tasks.ner.edges import EDGE_CLASS, EDGE_SIGNS, SIGN

__all__ = ["BOUNDARY_CAUSES", "BoundaryCause", "boundary_cause", "are_trimmed", "trim"]

BoundaryCause: TypeAlias = Literal["determiner", "possessive", "title", "punctuation", "other"]
BOUNDARY_CAUSES: tuple[BoundaryCause, ...] = get_args(BoundaryCause)

_DETERMINER = "(?i:the|an?|this|that|these|those)"
# The prime is no apostrophe: it stands for minutes and feet.
_APOSTROPHE = "['’ʼ＇]"
_POSSESSIVE = rf"(?i:{_APOSTROPHE}s|(?<=s){_APOSTROPHE})"
_SHORT = 64
"""Characters of a name that is remembered."""

_LEADING = re.compile(rf"(?:{SIGN}|{_DETERMINER}(?=\s))+")
_TRAILING = re.compile(rf"{_POSSESSIVE}\Z")

_TITLES = (
    r"mr|mrs|ms|mx|dr|prof|rev|hon|sen|rep|gov|gen|lt|col|maj|capt|cmdr|sgt|cpl|adm|sr|jr"
    r"|miss|sir|dame|lord|lady|professor|doctor|reverend|pope|cardinal|archbishop|bishop|rabbi|imam"
    r"|king|queen|prince|princess|emperor|duke|duchess|president|chancellor|premier|prime|minister"
    r"|secretary|general|vice|deputy|acting|former|chief|chair|chairman|chairwoman|chairperson"
    r"|speaker|senator|representative|congressman|congresswoman|governor|mayor|judge|justice"
    r"|ambassador|commissioner|director|ceo|attorney|sheriff|officer|inspector|detective|admiral"
    r"|lieutenant|colonel|major|captain|commander|sergeant|corporal|private"
)


def trim(text: str, start: int, end: int) -> Span:
    """The span without what the rule `normalised` leaves out at its edges.

    That is, as often as they come: punctuation of any script, white space and characters that show
    nothing, at either edge (`edges.EDGE_SIGNS`); English determiners in front (the,
    a, an, this, that, these, those, in any case, followed by white space); and the English
    possessive behind ('s, or the bare apostrophe after an s). Signs that carry meaning stay: "5%",
    "AT&T", a minus or a decimal point directly before the number. Brackets go, though "(5)" may be
    an accountant's minus; so does the apostrophe of "'90s", and any dash behind a number.

    Only the span itself is looked at. No sign is cut from a combining mark that it carries. A span
    that would vanish ("The", "...") is returned as it was; trimming twice is trimming once.
    """
    lead = _LEADING.match(text, start, end)
    first = lead.end() if lead else start
    if start < first < end and category(text[first])[0] == "M":
        first -= 1
    last = end
    while last > first:
        if text[last - 1] in EDGE_SIGNS:
            last -= 1
        elif tail := _TRAILING.search(text, max(first + 1, last - 2), last):
            last = tail.start()
        else:
            return Span(first, last)
    return Span(start, end)


def are_trimmed(text: str, entities: Sequence[Entity]) -> bool:
    """Whether `trim` leaves the spans of all as they are, and none has fragments."""
    for start, end, _, _, fragments in entities:
        if fragments:
            return False
        short = end - start <= _SHORT
        if not (_is_trimmed(text[start:end]) if short else trim(text, start, end) == (start, end)):
            return False
    return True


@lru_cache(1 << 14)
def _is_trimmed(covered: str) -> bool:
    """Of the text that a span covers, which is all that `trim` looks at."""
    return trim(covered, 0, len(covered)) == (0, len(covered))


def boundary_cause(text: str, gold: Span, predicted: Span) -> BoundaryCause:
    """What two overlapping spans disagree about: the text that one has and the other has not.

    Every stretch in dispute has to be explained by a convention, else the cause is `other`. Where
    both edges are in dispute, the left one names the cause, unless it is mere punctuation.
    """
    (start, first), (last, end) = sorted((gold[0], predicted[0])), sorted((gold[1], predicted[1]))
    stretches = [(a, b) for a, b in ((start, first), (last, end)) if b > a]
    causes = [_cause(text, *stretch) for stretch in stretches]
    if not causes or "other" in causes or _ends_in_sign_of_amount(text, start, first, last):
        return "other"
    return next((cause for cause in causes if cause != "punctuation"), "punctuation")


def _cause(text: str, start: int, end: int) -> BoundaryCause:
    causes = (cause for cause, pattern in _causes().items() if pattern.fullmatch(text, start, end))
    return next(causes, "other")


@cache
def _causes() -> dict[BoundaryCause, re.Pattern[str]]:
    """Compiled when first asked for, which few commands do."""
    # The possessive goes first, because the bare apostrophe is punctuation everywhere else.
    return {
        "possessive": re.compile(rf"{EDGE_CLASS}*{_POSSESSIVE}(?:{EDGE_CLASS}|{_POSSESSIVE})*"),
        "punctuation": re.compile(rf"{EDGE_CLASS}+"),
        "determiner": re.compile(rf"(?:{EDGE_CLASS}|\b{_DETERMINER}\b)+"),
        "title": re.compile(rf"(?:{EDGE_CLASS}|\b(?:(?i:{_TITLES})|{_DETERMINER})\b)+"),
    }


def _ends_in_sign_of_amount(text: str, start: int, end: int, limit: int) -> bool:
    """Whether the stretch ends in a sign that belongs to the number behind it, before `limit`."""
    first = end
    while first > start and text[first - 1] in EDGE_SIGNS:
        first -= 1
    signs = _LEADING.match(text, first, max(end, limit))
    return first < end and (signs is None or signs.end() < end)
