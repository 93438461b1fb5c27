"""The quotation-mark baseline: cue and source from the words around a quotation, no parser.

A cue is an inflected reporting verb with a name, pronoun or short noun phrase next to it, looked
for after the quotation ("…," he said), then before it (he said: "…"), never across another
quotation and never beyond the sentence.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.adapters._attribution.ahead import Ahead
from harness.adapters._attribution.inflection import forms
from harness.adapters._attribution.lexicon import Lexicon
from harness.adapters._attribution.quotation import Quotation
from harness.annotation import Span

__all__ = ["SourceAndCue", "SpeechPatterns", "find"]

_PRONOUN = r"(?:[Hh]e|[Ss]he|[Tt]hey|[Ii]t|[Ww]e|I|who)"
_CAP = r"(?:[A-ZÀ-ÖØ-Þ][\w'’.-]*\w|[A-Z]\.|[A-Z])"
_LINK = r"(?:of|the|for|de|del|della|der|di|da|dos|van|von|bin|ibn|al|el|la|le|and|&)"
_NAME = rf"{_CAP}(?:[ \u00a0](?:{_LINK}[ \u00a0]){{0,2}}{_CAP})*"
_NOUN = r"(?:[Tt]he|[Aa]n?|[Hh]is|[Hh]er|[Tt]heir|[Oo]ne|[Aa]nother)(?:[ \u00a0][\w'’-]+){1,4}?"
_APPOSITION = r"(?:, [^,\"“”;]{2,80},)"
_ADVERB = r"(?:(?:also|later|then|has|had|have|once|\w+ly)[ \u00a0]){0,2}"


@dataclass(frozen=True, slots=True)
class SourceAndCue:
    """Source and cue found next to a quotation; either may be missing."""

    source: Span | None
    cue: Span | None


class SpeechPatterns:
    """The compiled patterns for one lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        words: set[str] = set()
        for lemma in lexicon.speech_verbs:
            words |= forms(lemma)
        verb = (
            "(?P<cue>" + _ADVERB + "(?:" + "|".join(sorted(words, key=len, reverse=True)) + r")\b)"
        )
        subject = rf"(?P<source>{_PRONOUN}|{_NAME}{_APPOSITION}?|{_NOUN}{_APPOSITION}?)"
        lead = r"[\s,.;:–—―-]*"
        self._after = (
            re.compile(rf"{lead}{subject}[ \u00a0,]+{verb}"),
            re.compile(rf"{lead}{verb}[ \u00a0]+{subject}"),
        )
        self._before = re.compile(rf"\b(?:{subject}[ \u00a0,]++{verb}|(?>{_NAME}))")
        noun = rf"(?P<source>{_NOUN}{_APPOSITION}?)"
        self._before_noun = re.compile(rf"\b{noun}[ \u00a0,]++{verb}")
        self._before_inverted = re.compile(rf"\b{verb}[ \u00a0]+{subject}\s*+[:,]?\s*+$")
        self._label = re.compile(rf"^\W*(?P<source>{_NAME}|{_NOUN})[^:]{{0,40}}?(?P<cue>[:―])\s*$")

    def attribute(self, text: str, quote: Quotation, left: int, right: int) -> SourceAndCue | None:
        """Who uttered `quote`, from the text in `[left, quote)` and `(quote, right)`."""
        after = text[quote.end : _sentence_end(text, quote.end, right)]
        for pattern in self._after:
            match = pattern.match(after)
            if match:
                return _spans(match, quote.end)
        start = _sentence_start(text, left, quote.start)
        before = text[start : quote.start]
        match = self._before_inverted.search(before)
        if match:
            return _spans(match, start)
        last = self._last_before(before)
        if last is not None and len(before) - last.end() <= 90:
            return _spans(last, start)
        match = self._label.match(before)
        return _spans(match, start) if match else None

    def _last_before(self, before: str) -> re.Match[str] | None:
        """The last subject with its verb, of those that follow each other from the left.

        A run of capitalised words that leads to no verb does not from its second word on either,
        but for "the ..." within it, and for a single letter at its end, which may be an initial.
        """
        last: re.Match[str] | None = None
        nouns: Ahead | None = None
        place = 0
        while match := self._before.search(before, place):
            place = match.end()
            if match["cue"] is not None:
                last = match
                continue
            nouns = nouns or Ahead(self._before_noun, before)
            inner = nouns.match(match.start() + 1)
            if inner is not None and inner.start() < place:
                last, place = inner, inner.end()
            else:
                place = max(match.start() + 1, place - 1)
        return last


def find(
    text: str,
    quotes: Sequence[Quotation],
    paragraphs: Iterable[tuple[int, int]],
    window: SpeechPatterns,
) -> list[tuple[list[Quotation], SourceAndCue | None]]:
    """Group the quotations of each paragraph into utterances with who said them.

    A quotation without a cue of its own joins the one before it in its paragraph when nothing but
    the sentence with that one's cue stands between ("…," he said. "…").
    """
    groups: list[tuple[list[Quotation], SourceAndCue | None]] = []
    starts = [quote.start for quote in quotes]
    for start, end in paragraphs:
        inside = quotes[bisect_left(starts, start) : bisect_left(starts, end)]
        last: tuple[list[Quotation], SourceAndCue | None] | None = None
        for place, quote in enumerate(inside):
            left = inside[place - 1].end if place else start
            right = inside[place + 1].start if place + 1 < len(inside) else end
            found = window.attribute(text, quote, left, right)
            shared = (
                last is not None
                and found is not None
                and last[1] is not None
                and (found.cue == last[1].cue)
            )
            if last is not None and (shared or (found is None and _follows(text, last, quote))):
                last[0].append(quote)
                continue
            last = ([quote], found)
            groups.append(last)
    return groups


def _follows(
    text: str, last: tuple[list[Quotation], SourceAndCue | None], quote: Quotation
) -> bool:
    gap = text[last[0][-1].end : quote.start]
    return len(gap) <= 160 and len(re.findall(r"[.!?](?=\s)", gap)) <= 1


def _spans(match: re.Match[str], offset: int) -> SourceAndCue:
    source = Span(match.start("source") + offset, match.end("source") + offset)
    if match.group("source").endswith(","):
        source = Span(source.start, source.end - 1)
    return SourceAndCue(source, Span(match.start("cue") + offset, match.end("cue") + offset))


_STOP = re.compile(r"(?<![A-Z])(?<!Mr)(?<!Ms)(?<!Mrs)(?<!Dr)(?<!Sen)(?<!Gov)(?<!Rep)[.!?](?=\s|$)")


def _sentence_end(text: str, start: int, limit: int) -> int:
    for match in _STOP.finditer(text, start, limit):
        if text[start : match.start()].strip(" ,"):
            return match.end()
    return limit


def _sentence_start(text: str, limit: int, end: int) -> int:
    start = limit
    words_end = limit + len(text[limit:end].rstrip())
    for match in _STOP.finditer(text, limit, end):
        if match.end() < words_end:
            start = match.end()
    return start
