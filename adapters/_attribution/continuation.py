"""Quotations that no cue has claimed: more of the utterance before them, or on their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from harness.adapters._attribution import cues, sources
from harness.adapters._attribution.candidate import lemma_of
from harness.adapters._attribution.contents import span_of, united
from harness.adapters._attribution.lexicon import Lexicon
from harness.adapters._attribution.parse import Parse, Token
from harness.adapters._attribution.quotation import Quotation
from harness.adapters._attribution.relation import DraftAttribution
from harness.annotation import Span

__all__ = ["adjacent", "claim_rest", "join_paragraphs"]

_CLAUSAL = frozenset(
    ["clause", "parenthesis", "according", "label", "that-clause", "quote-alone", "adjacent"]
)
_STOP = re.compile(
    r"(?<![A-Z])(?<!Mr)(?<!Ms)(?<!Mrs)(?<!Dr)(?<!Sen)(?<!Rep)(?<!Gov)[.!?][”\"'’)]*(?=\s)"
)
# Shorter stray quotations inside a sentence are names, titles and scare quotes.
_SHORT = 4


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
    colon (Roe went further: "…").
    """
    made: list[DraftAttribution] = []
    taken = [part for relation in relations for part in relation.content]
    busy = {relation.cue.start for relation in relations if relation.cue is not None}
    for quote in quotes:
        if any(part.start < quote.end and quote.start < part.end for part in taken):
            continue
        best: tuple[int, DraftAttribution] | None = None
        for token in parse.tokens:
            if token.pos != "VERB" or token.index in parse.quoted:
                continue
            distance = _beside(text, parse, lexicon, token, quote)
            if distance is None or (best is not None and best[0] <= distance):
                continue
            group = cues.verb_group(parse, token.index)
            cue = span_of(parse, group)
            source = span_of(parse, sources.of_verb(parse, token.index) - group)
            if cue is not None and cue.start not in busy and source is not None:
                content = [Span(quote.start, quote.end)]
                best = (distance, DraftAttribution(content, cue, source, "adjacent"))
        if best is not None:
            made.append(best[1])
            taken += best[1].content
            busy.add(best[1].cue.start if best[1].cue is not None else -1)
    return made


def _beside(text: str, parse: Parse, lexicon: Lexicon, verb: Token, quote: Quotation) -> int | None:
    """How far a verb's clause is from the quotation in characters; `None` where too far."""
    reports = lemma_of(verb) in lexicon.verbs["clause"]
    subject = parse.child(verb.index, "nsubj")
    core = {verb.index} | (parse.subtree(subject.index) if subject is not None else set())
    start, end = parse[min(core)].start, parse[max(core)].end
    if quote.end <= start:
        touches = not _letters(text[quote.end : start])
        finite = verb.tag in ("VBD", "VBZ") and subject is not None
        return 0 if touches and (reports or finite) else None
    if end > quote.start:
        return None
    lead = text[end : quote.start]
    if _STOP.search(lead) or subject is None:
        return None
    if lead.rstrip().endswith(":"):
        return len(lead)
    close = reports and len(lead.split()) <= 5 and lead.rstrip()[-1:] == ","
    return len(lead) if close else None


def _letters(text: str) -> bool:
    return any(char.isalnum() for char in text)


def claim_rest(
    text: str, parse: Parse, relations: list[DraftAttribution], quotes: Sequence[Quotation]
) -> None:
    """Give the paragraph's unclaimed quotations to the relation before them, or let them stand.

    A quotation that follows the sentence of a reported utterance continues it. Any other becomes
    a relation of its own when it is long enough to be an utterance: with the verb before it in
    its sentence, or, where it stands as a sentence, without cue and source. (Whoever spoke last
    would be the right source in fewer than half of those.)
    """
    for quote in quotes:
        if any(
            part.start < quote.end and quote.start < part.end
            for relation in relations
            for part in relation.content
        ):
            continue
        before = _speaking_before(text, relations, quote)
        if before is not None:
            before.content = united(text, [*before.content, Span(quote.start, quote.end)])
        elif _utterance(text, quote):
            span = Span(quote.start, quote.end)
            cue, source = _host_of(parse, quote)
            relations.append(DraftAttribution([span], cue, source, "quote-alone"))


def _host_of(parse: Parse, quote: Quotation) -> tuple[Span | None, Span | None]:
    """Cue and source of a quotation inside a sentence: the verb before it and its subject."""
    first = next((t.index for t in parse.tokens if t.start >= quote.start), None)
    if first is None:
        return None, None
    start, _ = parse.sentence(first)
    for index in range(first - 1, start - 1, -1):
        if parse[index].pos != "VERB" or index in parse.quoted:
            continue
        group = cues.verb_group(parse, index)
        source = span_of(parse, sources.of_verb(parse, index) - group)
        if source is not None and source.end <= quote.start:
            return span_of(parse, group), source
    return None, None


def _speaking_before(
    text: str, relations: Sequence[DraftAttribution], quote: Quotation
) -> DraftAttribution | None:
    best: DraftAttribution | None = None
    for relation in relations:
        if (
            relation.rule not in _CLAUSAL
            or relation.cue is None
            or relation.cue.start > quote.start
        ):
            continue
        if max(part.start for part in relation.content) > quote.start:
            continue
        anchor = max(relation.cue.end, max(part.end for part in relation.content))
        gap = text[anchor : quote.start]
        if len(_STOP.findall(gap)) > 1 or not _starts_sentence(text, quote):
            continue
        if best is None or relation.end >= best.end:
            best = relation
    return best


def _starts_sentence(text: str, quote: Quotation) -> bool:
    lead = text[: quote.start].rstrip()
    return not lead or lead[-1] in ".!?”\"'’)"


def _utterance(text: str, quote: Quotation) -> bool:
    words = len(re.findall(r"\w+", text[quote.inner_start : quote.inner_end]))
    if quote.single and words < 2 * _SHORT:
        return False
    line = text.rfind("\n", 0, quote.start) + 1
    lead = text[line : quote.start].rstrip()
    return words >= _SHORT or bool(lead and lead[-1] in ":,") or not lead


def join_paragraphs(
    text: str, relations: list[DraftAttribution], quotes: Sequence[Quotation]
) -> None:
    """Speech that runs on over paragraphs: the mark is not closed, and opens again below."""
    for one, two in pairwise(quotes):
        if one.closed or text[one.end : two.start].strip():
            continue
        first, second = _holder(relations, one), _holder(relations, two)
        if first is None or second is None or first is second:
            continue
        if second.cue is None:
            keep, drop = first, second
        elif first.cue is None:
            keep, drop = second, first
        else:
            continue
        keep.content = united(text, [*keep.content, *drop.content])
        relations.remove(drop)


def _holder(relations: Sequence[DraftAttribution], quote: Quotation) -> DraftAttribution | None:
    return next(
        (
            relation
            for relation in relations
            for part in relation.content
            if part.start < quote.end and quote.start < part.end
        ),
        None,
    )
