"""The engine: candidates of every paragraph, aligned with the quotations, made into relations."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from operator import attrgetter

from harness.adapters._attribution import contents, cues, sources
from harness.adapters._attribution.candidate import lemma_of
from harness.adapters._attribution.clauses import candidates
from harness.adapters._attribution.continuation import adjacent, claim_rest, join_paragraphs
from harness.adapters._attribution.cover import Cover
from harness.adapters._attribution.labels import labelled
from harness.adapters._attribution.lexicon import Lexicon
from harness.adapters._attribution.parse import Parse
from harness.adapters._attribution.quotation import Quotation, is_scare_quote
from harness.adapters._attribution.relation import DraftAttribution

__all__ = ["relations"]


def relations(
    text: str,
    parses: Sequence[Parse],
    quotes: Sequence[Quotation],
    lexicon: Lexicon,
    names: Iterable[tuple[int, int]] = (),
    *,
    nested: bool = False,
) -> list[DraftAttribution]:
    """The relations of a text from the parses of its paragraphs, paragraph by paragraph.

    `names` are the spans of persons' names, which tell a speaker's label from other labels.
    """
    filled = [parse for parse in parses if len(parse)]
    spans = [(parse[0].start, parse[len(parse) - 1].end) for parse in filled]
    labels = labelled(text, spans, quotes, names)
    utterances = [quote for quote in quotes if not is_scare_quote(text, quote)]
    found: list[list[DraftAttribution]] = []
    for parse, (start, end) in zip(filled, spans, strict=True):
        inside = _within(utterances, start, end)
        parse.mark_quotations((quote.start, quote.end) for quote in inside)
        here = range(
            bisect_left(labels, start, key=_source_start),
            bisect_left(labels, end, key=_source_start),
        )
        made = [_sharpened(parse, lexicon, labels[number]) for number in here]
        marks = _within(quotes, start, end)
        made += _candidates(text, parse, inside, marks, lexicon, nested=nested)
        kept = _apart(made, nested=nested)
        kept.sort(key=lambda relation: relation.content[0])
        kept += adjacent(text, parse, lexicon, kept, inside)
        claim_rest(text, parse, kept, inside)
        found.append(kept)
    return join_paragraphs(text, spans, found, utterances)


def _within(quotes: Sequence[Quotation], start: int, end: int) -> Sequence[Quotation]:
    """The quotations, which are sorted and disjoint, that have something of a paragraph."""
    first = bisect_right(quotes, start, key=attrgetter("end"))
    return quotes[first : bisect_left(quotes, end, key=attrgetter("start"))]


def _source_start(label: DraftAttribution) -> int:
    assert label.source is not None
    return label.source.start


def _candidates(
    text: str,
    parse: Parse,
    quotes: Sequence[Quotation],
    marks: Sequence[Quotation],
    lexicon: Lexicon,
    *,
    nested: bool,
) -> list[DraftAttribution]:
    made = []
    for candidate in candidates(parse, lexicon):
        cue = contents.span_of(parse, candidate.cue)
        source = contents.span_of(parse, candidate.source)
        place = cue.start if cue is not None else parse[candidate.trigger].start
        host = contents.holding(quotes, place)
        if host is not None and not nested:
            continue
        tokens = candidate.content - candidate.cue - candidate.source
        trimmed = [contents.trim_edges(text, span) for span in contents.runs(parse, tokens)]
        spans = contents.stretch((s for s in trimmed if s is not None), marks, place, host)
        content = contents.united(text, spans)
        if content:
            made.append(DraftAttribution(content, cue, source, candidate.rule))
    return made


def _sharpened(parse: Parse, lexicon: Lexicon, label: DraftAttribution) -> DraftAttribution:
    """A label with a reporting verb ("He added:") gets its verb as cue, its subject as source."""
    assert label.source is not None
    for token in parse.tokens:
        inside = label.source.start <= token.start < label.source.end
        if inside and token.pos == "VERB" and lemma_of(token) in lexicon.verbs["clause"]:
            subject = sources.of_verb(parse, token.index)
            cue = contents.span_of(parse, cues.verb_group(parse, token.index))
            return DraftAttribution(
                label.content, cue, contents.span_of(parse, subject), label.rule
            )
    return label


def _apart(made: list[DraftAttribution], *, nested: bool) -> list[DraftAttribution]:
    """One relation for each cue, the one with the larger content: "is expected to agree".

    Unless `nested`, a relation whose cue lies in another's content goes too.
    """
    kept: list[DraftAttribution] = []
    covered = Cover()
    for relation in sorted(made, key=lambda item: -item.size):
        cue = relation.cue
        if cue is not None and covered.overlaps(cue.start, cue.start + 1):
            continue
        kept.append(relation)
        for part in (*(() if nested else relation.content), *(() if cue is None else (cue,))):
            covered.add(part.start, part.end)
    return kept
