"""Which person or organisation a source refers to, by name; `None` rather than a guess.

Names resolve to the longest form in the document, pronouns and titles ("the secretary general")
to the latest compatible person, organisations and places to themselves. Groups, unnamed sources
and ties are left unresolved.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import heappop, heappush
from itertools import islice

from harness.adapters._attribution.names import NameMention, People, Person, speaker_words
from harness.adapters._attribution.quotation import Quotation
from harness.annotation import Span

__all__ = ["SourceMention", "resolve"]

_GENDER = {"he": "male", "him": "male", "his": "male", "she": "female", "her": "female"}
_PREPOSITIONS = frozenset(
    [
        "of",
        "for",
        "by",
        "from",
        "with",
        "to",
        "at",
        "in",
        "on",
        "about",
        "against",
        "between",
        "like",
        "than",
        "under",
    ]
)
_AFTER_NAME = _PREPOSITIONS | {
    "and",
    "or",
    "who",
    "whose",
    "himself",
    "herself",
    "also",
    "now",
    "as",
}
_BEFORE_NAME = frozenset(["and", "or", "even", "only", "not", "then"])
_PLACES = frozenset(["ORG", "GPE", "NORP", "LOC"])
_WORD = re.compile(r"(?<![\w'’.-])[\w'’.-]*\w")
_INDEFINITE = frozenset(
    [
        "a",
        "an",
        "one",
        "some",
        "many",
        "several",
        "other",
        "another",
        "two",
        "three",
        "most",
        "all",
        "both",
        "any",
        "no",
    ]
)
_SENTENCE = re.compile(
    r"\n|(?<![A-Z])(?<!Mr)(?<!Ms)(?<!Mrs)(?<!Dr)(?<!Sen)(?<!Rep)(?<!Gov)[.?!][”\"'’]*\s"
)
# Titles and an adverbial of time may come before a subject, more words seldom do.
_SUBJECT_BY = 4
# How far back a pronoun or title may look: further, the text has moved on.
_REACH = 1200


@dataclass(frozen=True, slots=True)
class SourceMention:
    """What is to be resolved: the source's span and the contents of its own relation."""

    span: Span | None
    content: tuple[Span, ...]


def resolve(
    text: str,
    sources: Sequence[SourceMention],
    mentions: Iterable[NameMention],
    quotes: Sequence[Quotation],
) -> list[str | None]:
    """One canonical name or `None` for each source, in the order given."""
    known = list(mentions)
    resolver = _Resolver(text, People(text, known), known, quotes)
    order = sorted(range(len(sources)), key=lambda i: sources[i].span or Span(0, 0))
    said_by = _outer(text, sources, order)
    names: list[str | None] = [None] * len(sources)
    for index in order:
        span = sources[index].span
        if span is None:
            continue
        if text[span.start : span.end] == "I":
            names[index] = names[said_by[index]] if index in said_by else None
        else:
            names[index] = resolver.name(span)
        if names[index] is not None:
            resolver.said(names[index], span)
    return names


@lru_cache(maxsize=1)
def _heads() -> frozenset[str]:
    return speaker_words().roles | speaker_words().generic


def _last_word(text: str, start: int, end: int) -> str:
    """The last that `_WORD` finds there, looked for from the end; empty for none."""
    while end > start and not (text[end - 1].isalnum() or text[end - 1] == "_"):
        end -= 1
    first = end
    while first > start and (text[first - 1].isalnum() or text[first - 1] in "_'’.-"):
        first -= 1
    return text[first:end]


def _may_precede(word: str) -> bool:
    """A title, a capitalised word or a conjunction: not "for Roe", not "the government Roe"."""
    low = word.lower()
    if low in _PREPOSITIONS:
        return False
    return word[:1].isupper() or low in _heads() or low in _BEFORE_NAME


def _outer(text: str, sources: Sequence[SourceMention], order: Sequence[int]) -> dict[int, int]:
    """For each "I" the relation in whose content it stands, the smallest one of them."""
    sizes = [sum(part.end - part.start for part in source.content) for source in sources]
    parts = sorted(
        (part.start, part.end, sizes[index], index)
        for index, source in enumerate(sources)
        for part in source.content
    )
    around: dict[int, int] = {}
    begun = 0
    open_ones: list[tuple[int, int, int]] = []  # size, index, end; those that ended go when met
    for index in order:
        span = sources[index].span
        if span is None or text[span.start : span.end] != "I":
            continue
        while begun < len(parts) and parts[begun][0] <= span.start:
            _, end, size, other = parts[begun]
            heappush(open_ones, (size, other, end))
            begun += 1
        own = []
        while open_ones and (open_ones[0][2] < span.end or open_ones[0][1] == index):
            one = heappop(open_ones)
            own += [one] * (one[1] == index)
        if open_ones:
            around[index] = open_ones[0][1]
        for one in own:
            heappush(open_ones, one)
    return around


class _Resolver:
    def __init__(
        self, text: str, people: People, mentions: list[NameMention], quotes: Sequence[Quotation]
    ) -> None:
        self._text = text
        self._people = people
        places = (m for m in mentions if m.label in _PLACES)
        self._mentions = sorted(places, key=lambda mention: mention.start)
        self._named_from = [mention.start for mention in self._mentions]
        self._quotes = quotes
        self._quoted_from = [quote.start for quote in quotes]
        self._by_name = {person.name: person for person in reversed(people.persons)}
        self._in_role: dict[tuple[str, frozenset[str], frozenset[str]], list[str]] = {}
        self._starts = [match.end() for match in _SENTENCE.finditer(text)]
        self._last: tuple[str, Span] | None = None

    def said(self, name: str | None, span: Span) -> None:
        """Remember the latest speaker: pronouns go on with them."""
        if name is not None and ";" not in name:
            self._last = (name, span)

    def name(self, span: Span) -> str | None:
        said = self._text[span.start : span.end].strip()
        low = said.lower()
        if low in ("he", "she"):
            return self._pronoun(span, _GENDER[low])
        if low in ("who", "which", "that"):
            return self._relative(span)
        if low == "it":
            return self._organisation_before(span)
        persons = self._named(span)
        if persons:
            return "; ".join(dict.fromkeys(person.name for person in persons))
        tokens = [word.lower() for word in _WORD.findall(said)]
        if not tokens:
            return None
        if tokens[0] in ("his", "her") and set(tokens[1:]) & speaker_words().proxies:
            return self._pronoun(span, _GENDER[tokens[0]])
        if self._people.inside(span.start, span.end):
            return self._place(span)  # "Roe's aide", "a spokesman for Roe": somebody else
        return self._place(span) or self._role(span, tokens)

    def _named(self, span: Span) -> list[Person]:
        """Persons who are the head of the phrase: no possessive, no object of a preposition."""
        found: list[Person] = []
        previous_end = span.start
        for place, person in self._people.inside(span.start, span.end):
            after = self._text[place.end : min(place.end + 40, span.end)]
            before = _last_word(self._text, span.start, place.start)
            if re.match(r"['’]s?\b|['’](?= )", after):
                owned = [word.lower() for word in _WORD.findall(after[2:])]
                if not owned or owned[-1] not in speaker_words().proxies:
                    continue
            if before and not _may_precede(before):
                continue
            modified = re.match(r" ([a-z]\w+)", after)
            if modified and modified.group(1) not in _AFTER_NAME:
                continue  # "Roe spokesman Bob Moe", "the Roe campaign"
            if found:
                gap = self._text[previous_end : place.start]
                if not re.fullmatch(r"[\s,]*+(?:and)?\s*+(?:[A-Z][\w.]*\s)*", gap):
                    break
            found.append(person)
            previous_end = place.end
        return found

    def _pronoun(self, span: Span, gender: str) -> str | None:
        """Whoever spoke last, unless somebody else who fits has become the subject since."""
        fits = [
            (place, person)
            for place, person in self._before(span, since=span.start - _REACH)
            if person.gender in ("", gender)
        ]
        if self._last is not None:
            name, end = self._last[0], self._last[1].end
            person = self._person(name)
            if person is not None and span.start - end <= _REACH and person.gender in ("", gender):
                since = [p for place, p in fits if place.start >= end and self._leads(place)]
                return since[-1].name if since else name
        if not fits:
            return None
        # The last sentence that names somebody who fits: they, or its subject, or nobody.
        start = self._sentence(fits[-1][0].start)
        sentence = [(place, person) for place, person in fits if place.start >= start]
        names = {person.name for _, person in sentence}
        if len(names) == 1:
            return sentence[0][1].name
        leading = {person.name for place, person in sentence if self._leads(place)}
        return leading.pop() if len(leading) == 1 else None

    def _sentence(self, place: int) -> int:
        """Where the sentence around `place` begins, roughly."""
        before = bisect_right(self._starts, place)
        return self._starts[before - 1] if before else 0

    def _leads(self, place: Span) -> bool:
        """Whether a name stands where subjects stand: among its sentence's first words."""
        if re.match(r"['’]", self._text[place.end : place.end + 1]):
            return False
        lead = _WORD.finditer(self._text, self._sentence(place.start), place.start)
        return sum(1 for _ in islice(lead, _SUBJECT_BY + 1)) <= _SUBJECT_BY

    def _before(self, span: Span, *, since: int) -> list[tuple[Span, Person]]:
        """Mentions outside quotations that end before the source."""
        return [
            (place, person)
            for place, person in self._people.inside(max(0, since), span.start)
            if not self._is_quoted(place.start)
        ]

    def _is_quoted(self, place: int) -> bool:
        before = bisect_left(self._quoted_from, place)
        return before > 0 and place < self._quotes[before - 1].end

    def _person(self, name: str) -> Person | None:
        return self._by_name.get(name)

    def _relative(self, span: Span) -> str | None:
        near = max(0, span.start - 120)
        start = max(near, self._text.rfind(". ", near, span.start))
        before = self._people.inside(start, span.start)
        if before and len(_WORD.findall(self._text[before[-1][0].end : span.start])) <= 6:
            return before[-1][1].name
        return None

    def _organisation_before(self, span: Span) -> str | None:
        if self._last is None or span.start - self._last[1].end > 400:
            return None
        return None if self._person(self._last[0]) else self._last[0]

    def _place(self, span: Span) -> str | None:
        """An organisation or country that heads the phrase, or owns the body that does."""
        head = re.split(
            r",| (?:of|for|in|on|at|who|which|that|to)\b", self._text[span.start : span.end]
        )[0]
        end = span.start + len(head.rstrip())
        for number in range(bisect_left(self._named_from, span.start), len(self._mentions)):
            mention = self._mentions[number]
            lead = self._text[span.start : mention.start].strip()
            if mention.start >= end or len(lead) > len("the"):
                break
            if mention.end > span.end or mention.label == "NORP" or lead.lower() not in ("", "the"):
                continue
            rest = self._text[mention.end : end].lower().split()
            if mention.end >= end or (len(rest) == 1 and rest[0] in speaker_words().bodies):
                name = self._text[mention.start : mention.end]
                return re.sub(r"^[Tt]he\s+|['’]s?$", "", name)
        return None

    def _role(self, span: Span, tokens: Sequence[str]) -> str | None:
        """`the Norwegian politician`: who was described with these words, if only one was."""
        parts = [part for token in tokens for part in token.split("-")]
        if parts[0] in _INDEFINITE:
            return None
        stop = next((i for i, part in enumerate(parts) if part in _PREPOSITIONS), len(parts))
        heads = _heads()
        head = next((p for p in reversed(parts[:stop]) if p in heads), None)
        if head is None or parts[stop - 1] != head:
            return None
        keys = set(parts) - {"the", "its", "of", "this", "that", "s", "former"}
        said = self._text[span.start : span.end].replace("-", " ")
        named = {
            word.lower()
            for word in _WORD.findall(said)[1:]
            if word[:1].isupper() and word.lower() not in speaker_words().roles
        }
        asked = (head, frozenset(keys), frozenset(named))
        if asked not in self._in_role:
            self._in_role[asked] = self._described(*asked)
        winners = self._in_role[asked]
        if len(winners) == 1:
            return winners[0]
        if not winners and head in speaker_words().generic and self._last is not None:
            near = span.start - self._last[1].end <= _REACH // 2
            recent = {p.name for _, p in self._before(span, since=span.start - _REACH)}
            if near and self._person(self._last[0]) and len(recent) <= 1:
                return self._last[0]
        return None

    def _described(self, head: str, keys: frozenset[str], named: frozenset[str]) -> list[str]:
        """The persons of whom most of the words were said."""
        scored: dict[str, int] = {}
        for person in self._people.persons:
            overlap = keys & person.descriptions
            if not named <= person.descriptions:
                continue  # "the president of France" is not the president of somewhere else
            if head in overlap or (overlap and head in speaker_words().generic):
                scored[person.name] = len(overlap)
        best = max(scored.values(), default=0)
        return [name for name, score in scored.items() if score == best]
