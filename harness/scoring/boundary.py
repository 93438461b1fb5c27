"""What annotation conventions disagree about at the edges of a name.

OntoNotes takes a determiner and a possessive marker into some names, CoNLL-2003 into none; whether
a title or a full stop belongs to a name differs from guideline to guideline. A backend trained on
one convention makes boundary errors under another without being any less skilled. `trim` removes
what is a matter of convention from both sides before matching; `boundary_cause` says what a
boundary error was about.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias, get_args

from harness.annotation import Span

__all__ = ["BOUNDARY_CAUSES", "BoundaryCause", "boundary_cause", "trim"]

BoundaryCause: TypeAlias = Literal["determiner", "possessive", "title", "punctuation", "other"]
BOUNDARY_CAUSES: tuple[BoundaryCause, ...] = get_args(BoundaryCause)

# Signs that carry meaning in a name or an amount ("5%", "AT&T", "#MeToo") are no punctuation here.
_EDGE = r"[\s.,:;!?…\-‐‑‒–—―/\\()\[\]{}<>«»‹›\"'`´‘’‚‛“”„‟]"
_DETERMINER = r"(?:the|an?|this|that|these|those)"
_LEADING = re.compile(rf"(?:{_EDGE}|{_DETERMINER}(?=\s))+", re.IGNORECASE)
# A bare apostrophe after a final s is an edge sign and needs no rule of its own. The stop is an
# abbreviation's: "the U.N.'s".
_TRAILING = re.compile(rf"(?:{_EDGE}|(?<=[\w.])['’]s)+\Z", re.IGNORECASE)

_TITLES = (
    r"mr|mrs|ms|mx|dr|prof|rev|hon|sen|rep|gov|gen|lt|col|maj|capt|cmdr|sgt|cpl|adm|sr|jr"
    r"|miss|sir|dame|lord|lady|professor|doctor|reverend|pope|cardinal|archbishop|bishop|rabbi|imam"
    r"|king|queen|prince|princess|emperor|duke|duchess|president|chancellor|premier|prime|minister"
    r"|secretary|general|vice|deputy|acting|former|chief|chair|chairman|chairwoman|chairperson"
    r"|speaker|senator|representative|congressman|congresswoman|governor|mayor|judge|justice"
    r"|ambassador|commissioner|director|ceo|attorney|sheriff|officer|inspector|detective|admiral"
    r"|lieutenant|colonel|major|captain|commander|sergeant|corporal|private"
)
_PUNCTUATION = re.compile(rf"{_EDGE}+")
_POSSESSIVE = re.compile(r"\s*(?:['’]s|(?<=s)['’])\s*", re.IGNORECASE)
_DETERMINERS = re.compile(rf"(?:{_EDGE}|\b{_DETERMINER}\b)+", re.IGNORECASE)
_TITLE = re.compile(rf"(?:{_EDGE}|\b(?:{_TITLES}|{_DETERMINER})\b)+", re.IGNORECASE)


def trim(text: str, start: int, end: int) -> Span:
    """The span without what the rule `normalised` leaves out at its edges.

    That is: determiners in front (the, a, an, this, that, these, those, in any case, followed by
    white space), a possessive behind ('s or ’s, or the bare apostrophe after an s), and
    punctuation and white space at either edge, as often as they come. A span that would vanish
    ("The", "...") is returned as it was.
    """
    lead = _LEADING.match(text, start, end)
    first = lead.end() if lead else start
    # Only the tail is searched: what can be trimmed is short, and a span may be a whole document.
    last = end
    while last > first:
        tail = _TRAILING.search(text[max(first, last - 64) : last])
        if tail is None or tail.start() == tail.end():
            break
        last -= tail.end() - tail.start()
    return Span(first, last) if last > first else Span(start, end)


def boundary_cause(text: str, gold: Span, predicted: Span) -> BoundaryCause:
    """What two overlapping spans disagree about: the text that one has and the other has not.

    Every stretch in dispute has to be explained by a convention, else the cause is `other`. Where
    both edges are in dispute, the left one names the cause, unless it is mere punctuation.
    """
    stretches = (
        (min(gold.start, predicted.start), max(gold.start, predicted.start)),
        (min(gold.end, predicted.end), max(gold.end, predicted.end)),
    )
    causes = [_cause(text, start, end) for start, end in stretches if end > start]
    if not causes or "other" in causes:
        return "other"
    return next((cause for cause in causes if cause != "punctuation"), "punctuation")


def _cause(text: str, start: int, end: int) -> BoundaryCause:
    # The possessive goes first, because the bare apostrophe is punctuation everywhere else.
    for cause, pattern in _CAUSES:
        if pattern.fullmatch(text, start, end):
            return cause
    return "other"


_CAUSES: tuple[tuple[BoundaryCause, re.Pattern[str]], ...] = (
    ("possessive", _POSSESSIVE),
    ("punctuation", _PUNCTUATION),
    ("determiner", _DETERMINERS),
    ("title", _TITLE),
)
