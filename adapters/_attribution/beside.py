"""Which verb stands right beside a quotation, where the parser saw no connection."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from harness.adapters._attribution import cues, sources
from harness.adapters._attribution.ahead import Ahead
from harness.adapters._attribution.candidate import lemma_of
from harness.adapters._attribution.contents import span_of
from harness.adapters._attribution.lexicon import Lexicon
from harness.adapters._attribution.parse import Parse
from harness.adapters._attribution.quotation import Quotation
from harness.adapters._attribution.stops import stops_of
from harness.annotation import Span
from harness.quotation.doubles import previous

__all__ = ["Beside", "Spoken", "spoken"]

_LETTER = re.compile(r"[^\W_]")
_WORDS = re.compile(r"\S+")
_NEAR = 5  # Words between a reporting verb and the comma before a quotation.
_TITLE = 3  # Characters before a stop that may be a title.


class Spoken(NamedTuple):
    """A verb outside quotations that has a source."""

    index: int
    cue: Span
    source: Span


class _Verb(NamedTuple):
    """One with the characters of its clause's core: the verb and its subject."""

    start: int
    end: int
    spoken: Spoken


def spoken(parse: Parse) -> list[Spoken]:
    """Those of a paragraph, from left to right, found once."""
    return parse.once("spoken", lambda: _spoken(parse))


def _spoken(parse: Parse) -> list[Spoken]:
    found = []
    for token in parse.tokens:
        if token.pos != "VERB" or token.index in parse.quoted:
            continue
        group = cues.verb_group(parse, token.index)
        cue = span_of(parse, group)
        source = span_of(parse, sources.of_verb(parse, token.index) - group)
        if cue is not None and source is not None:
            found.append(Spoken(token.index, cue, source))
    return found


class Beside:
    """The verbs of a paragraph by where they stand, for its quotations from left to right.

    Verbs whose cue is in `busy`, to which the caller adds those that it uses, are passed over.
    """

    def __init__(self, text: str, parse: Parse, lexicon: Lexicon, busy: set[int]) -> None:
        self._text = text
        self._busy = busy
        self._stops = stops_of(text, parse)
        self._letters = Ahead(_LETTER, text)
        words = list(_WORDS.finditer(text, parse[0].start, parse[len(parse) - 1].end))
        self._word_starts = [word.start() for word in words]
        self._word_ends = [word.end() for word in words]
        leading: list[_Verb] = []
        reporting: list[_Verb] = []
        following: list[_Verb] = []
        for one in spoken(parse):
            token = parse[one.index]
            reports = lemma_of(token) in lexicon.verbs["clause"]
            subject = parse.child(token.index, "nsubj")
            first = last = token.index
            if subject is not None:
                below = parse.subtree(subject.index)
                first, last = min(first, below.first), max(last, below.last)
            verb = _Verb(parse[first].start, parse[last].end, one)
            if reports or (subject is not None and token.tag in ("VBD", "VBZ")):
                following.append(verb)
            if subject is not None:
                leading.append(verb)
                if reports:
                    reporting.append(verb)
        self._following = sorted(following, key=lambda verb: verb.start)
        self._leading, self._reporting = _Leading(leading), _Leading(reporting)

    def after(self, quote: Quotation) -> Spoken | None:
        """The first verb of those that nothing but the subject parts from the quotation before."""
        letter = self._letters.start(quote.end)
        low = bisect_left(self._following, (quote.end,))
        high = bisect_left(self._following, (letter + 1,))
        free = (
            verb.spoken
            for verb in self._following[low:high]
            if verb.spoken.cue.start not in self._busy
        )
        return min(free, default=None)

    def before(self, quote: Quotation) -> Spoken | None:
        """The nearest verb that leads to the quotation by a colon, or nearly so by a comma."""
        place = quote.start
        mark = previous(self._text, 0, place)
        if mark not in (":", ","):
            return None
        end = place
        while self._text[end - 1].isspace():
            end -= 1
        verbs = self._leading if mark == ":" else self._reporting
        stop = self._stops.last(place) - _TITLE
        for verb in verbs.back_from(end - 1, self._busy):
            if verb.end <= stop or (mark == "," and self._words(verb.end, place) > _NEAR):
                return None
            if not self._stops.count(verb.end, place):
                return verb.spoken
        return None

    def _words(self, start: int, end: int) -> int:
        return bisect_left(self._word_starts, end) - bisect_right(self._word_ends, start)


class _Leading:
    """Verbs by where their core ends; those that are busy are passed over only once."""

    def __init__(self, verbs: Sequence[_Verb]) -> None:
        # Of those that end at the same place the first token is met first from the right.
        self._verbs = sorted(verbs, key=lambda verb: (verb.end, -verb.spoken.index))
        self._ends = [verb.end for verb in self._verbs]
        self._link = list(range(len(self._verbs)))

    def back_from(self, place: int, busy: set[int]) -> Iterator[_Verb]:
        """Those that end at `place` or before it, the nearest first."""
        at = self._free(bisect_right(self._ends, place) - 1)
        while at >= 0:
            if self._verbs[at].spoken.cue.start in busy:
                self._link[at] = at - 1
            else:
                yield self._verbs[at]
            at = self._free(at - 1)

    def _free(self, at: int) -> int:
        path = []
        while at >= 0 and self._link[at] != at:
            path.append(at)
            at = self._link[at]
        for passed in path:
            self._link[passed] = at
        return at
