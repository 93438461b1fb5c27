"""Quotations that no cue has claimed: more of the utterance before them, or on their own."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from heapq import heapify, heappop, heappush, heapreplace
from itertools import pairwise

from harness.adapters._attribution.beside import Beside, spoken
from harness.adapters._attribution.contents import extend
from harness.adapters._attribution.cover import Cover
from harness.adapters._attribution.lexicon import Lexicon
from harness.adapters._attribution.parse import Parse
from harness.adapters._attribution.quotation import Quotation
from harness.adapters._attribution.relation import DraftAttribution
from harness.adapters._attribution.stops import stops_of
from harness.annotation import Span
from harness.quotation.doubles import previous

__all__ = ["adjacent", "claim_rest", "join_paragraphs"]

_CLAUSAL = frozenset(
    ["clause", "parenthesis", "according", "label", "that-clause", "quote-alone", "adjacent"]
)
# Shorter stray quotations inside a sentence are names, titles and scare quotes.
_SHORT = 4
_WORD = re.compile(r"\w+")


def adjacent(
    text: str,
    parse: Parse,
    lexicon: Lexicon,
    relations: Sequence[DraftAttribution],
    quotes: Sequence[Quotation],
) -> list[DraftAttribution]:
    """Quotations with a verb right beside them that the parser did not connect.

    After the quotation nothing but the subject may come before the verb ("…" Roe beams); before
    it a few words may follow a reporting verb (Roe writes in her book: "…"), and more before a
    colon (Roe went further: "…"). A cue is used once.
    """
    taken = _covered(relations)
    free = [quote for quote in quotes if not taken.overlaps(quote.start, quote.end)]
    if not free:
        return []
    busy = {relation.cue.start for relation in relations if relation.cue is not None}
    beside = Beside(text, parse, lexicon, busy)
    made: list[DraftAttribution] = []
    for quote in free:
        verb = beside.after(quote) or beside.before(quote)
        if verb is not None:
            content = [Span(quote.start, quote.end)]
            made.append(DraftAttribution(content, verb.cue, verb.source, "adjacent"))
            busy.add(verb.cue.start)
    return made


def _covered(relations: Sequence[DraftAttribution]) -> Cover:
    covered = Cover()
    for relation in relations:
        for part in relation.content:
            covered.add(part.start, part.end)
    return covered


def claim_rest(
    text: str, parse: Parse, relations: list[DraftAttribution], quotes: Sequence[Quotation]
) -> None:
    """Give the paragraph's unclaimed quotations to the relation before them, or let them stand.

    A quotation that follows the sentence of a reported utterance continues it. Any other becomes
    a relation of its own when it is long enough to be an utterance: with the verb before it in
    its sentence, or, where it stands as a sentence, without cue and source. (Whoever spoke last
    would be the right source in fewer than half of those.)
    """
    covered = _covered(relations)
    speaking: _Speaking | None = None
    for quote in quotes:
        if covered.overlaps(quote.start, quote.end):
            continue
        speaking = speaking or _Speaking(text, parse, relations)
        before = speaking.before(quote)
        span = Span(quote.start, quote.end)
        if before is not None:
            extend(text, before.content, [span])
            speaking.went_on()
            covered.add(*before.content[-1])
        elif _utterance(text, quote):
            cue, source = _host_of(parse, quote)
            relations.append(DraftAttribution([span], cue, source, "quote-alone"))
            covered.add(span.start, span.end)
            speaking.add(relations[-1])


def _host_of(parse: Parse, quote: Quotation) -> tuple[Span | None, Span | None]:
    """Cue and source of a quotation inside a sentence: the verb before it and its subject."""
    first = bisect_left(parse.starts, quote.start)
    if first == len(parse):
        return None, None
    verbs = spoken(parse)
    start, _ = parse.sentence(first)
    for number in range(bisect_left(verbs, first, key=lambda verb: verb.index) - 1, -1, -1):
        verb = verbs[number]
        if verb.index < start:
            break
        if verb.source.end <= quote.start:
            return verb.cue, verb.source
    return None, None


class _Speaking:
    """The relations of a paragraph that may go on, for its quotations from left to right."""

    def __init__(self, text: str, parse: Parse, relations: Sequence[DraftAttribution]) -> None:
        self._text = text
        self._stops = stops_of(text, parse)
        self._count = len(relations)
        self._to_come = [
            (max(relation.cue.start, relation.content[-1].start), number, relation)
            for number, relation in enumerate(relations)
            if relation.rule in _CLAUSAL and relation.cue is not None
        ]
        heapify(self._to_come)
        # The furthest end first, of equals the later relation.
        self._begun: list[tuple[int, int, DraftAttribution]] = []

    def before(self, quote: Quotation) -> DraftAttribution | None:
        """The relation that a quotation goes on with: the last of those in the sentence before."""
        mark = previous(self._text, 0, quote.start)
        if mark and mark not in ".!?”\"'’)":
            return None
        while self._to_come and self._to_come[0][0] <= quote.start:
            _, number, relation = heappop(self._to_come)
            heappush(self._begun, (-relation.end, -number, relation))
        while self._begun:
            relation = self._begun[0][2]
            assert relation.cue is not None
            anchor = max(relation.cue.end, relation.content[-1].end)
            if self._stops.count(anchor, quote.start) <= 1:
                return relation
            heappop(self._begun)  # Too far behind for the quotations that follow as well.
        return None

    def went_on(self) -> None:
        """The relation that `before` gave has the quotation now."""
        _, number, relation = self._begun[0]
        heapreplace(self._begun, (-relation.end, number, relation))

    def add(self, relation: DraftAttribution) -> None:
        """One more, which has begun."""
        if relation.cue is not None:
            heappush(self._begun, (-relation.end, -self._count, relation))
        self._count += 1


def _utterance(text: str, quote: Quotation) -> bool:
    words = len(_WORD.findall(text[quote.inner_start : quote.inner_end]))
    if quote.single and words < 2 * _SHORT:
        return False
    place = quote.start
    while place and text[place - 1].isspace() and text[place - 1] != "\n":
        place -= 1
    lead = text[place - 1 : place].strip("\n")
    return words >= _SHORT or lead in ("", ":", ",")


def join_paragraphs(
    text: str,
    spans: Sequence[tuple[int, int]],
    paragraphs: Sequence[list[DraftAttribution]],
    quotes: Sequence[Quotation],
) -> list[DraftAttribution]:
    """The relations of all paragraphs, at `spans`, in order; speech that runs on is one relation.

    It runs on where the mark is not closed and opens again in the next paragraph.
    """
    found = [relation for some in paragraphs for relation in some]
    order = {id(relation): number for number, relation in enumerate(found)}
    gone: set[int] = set()
    living = {number: list(some) for number, some in enumerate(paragraphs)}
    starts = [start for start, _ in spans]

    def holder(quote: Quotation) -> DraftAttribution | None:
        some = living.get(bisect_right(starts, quote.end - 1) - 1, ())
        holders = (one for one in some if id(one) not in gone and _holds(one, quote))
        return min(holders, key=lambda one: order[id(one)], default=None)

    for one, two in pairwise(quotes):
        if one.closed or text[one.end : two.start].strip():
            continue
        first, second = holder(one), holder(two)
        if first is None or second is None or first is second:
            continue
        if second.cue is None:
            keep, drop = first, second
        elif first.cue is None:
            keep, drop = second, first
        else:
            continue
        extend(text, keep.content, drop.content)
        gone.add(id(drop))
        for quote in (one, two):
            living[bisect_right(starts, quote.end - 1) - 1].append(keep)
    return [relation for relation in found if id(relation) not in gone]


def _holds(relation: DraftAttribution, quote: Quotation) -> bool:
    """Whether the content has something of the quotation."""
    before = bisect_left(relation.content, (quote.end,)) - 1
    return before >= 0 and relation.content[before].end > quote.start
