"""The engine: candidates of every paragraph, aligned with the quotations, made into relations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adapters._attribution.clauses import Candidate, candidates
from adapters._attribution.lexicon import Lexicon
from adapters._attribution.parse import Parse
from adapters._attribution.quotation import Quotation, is_scare_quote
from adapters._attribution.relation import Relation
from harness.annotation import Span

__all__ = ["relations"]

_TRIM = frozenset(",;:.–—-―…")


def relations(
    text: str,
    parses: Sequence[Parse],
    quotes: Sequence[Quotation],
    lexicon: Lexicon,
    *,
    nested: bool = False,
) -> list[Relation]:
    found: list[Relation] = []
    for parse in parses:
        if not len(parse):
            continue
        start, end = parse[0].start, parse[len(parse) - 1].end
        inside = [quote for quote in quotes if quote.start < end and quote.end > start]
        found.extend(_paragraph(text, parse, inside, lexicon, nested))
    return found


def _paragraph(
    text: str, parse: Parse, quotes: list[Quotation], lexicon: Lexicon, nested: bool
) -> list[Relation]:
    utterances = [q for q in quotes if not is_scare_quote(text, q)]
    made: list[tuple[Relation, Candidate]] = []
    for candidate in candidates(parse, lexicon):
        cue_start = min((parse[i].start for i in candidate.cue), default=0)
        host = next((q for q in utterances if q.start < cue_start < q.end), None)
        if host is not None and not nested:
            continue
        content = _content(text, parse, candidate, utterances, host)
        if not content:
            continue
        made.append(
            (
                Relation(
                    content,
                    _span(parse, candidate.cue),
                    _span(parse, candidate.source),
                    candidate.rule,
                ),
                candidate,
            )
        )
    kept = made if nested else _outermost(made)
    kept.sort(key=lambda r: r.content[0])
    _quotes_left(text, parse, kept, utterances)
    return kept


def _span(parse: Parse, tokens: Iterable[int]) -> Span | None:
    tokens = sorted(tokens)
    return Span(parse[tokens[0]].start, parse[tokens[-1]].end) if tokens else None


def _content(
    text: str, parse: Parse, candidate: Candidate, quotes: list[Quotation], host: Quotation | None
) -> list[Span]:
    taken = candidate.cue | candidate.source
    spans = _runs(parse, candidate.content - taken)
    spans = [s for s in (_trim(text, s) for s in spans) if s is not None]
    cue_start = min((parse[i].start for i in candidate.cue), default=0)
    out: list[Span] = []
    for span in spans:
        start, end = span
        for quote in quotes:
            if quote is host or quote.start < cue_start < quote.end:
                continue
            if quote.start < end and start < quote.end:
                start, end = min(start, quote.start), max(end, quote.end)
        out.append(Span(start, end))
    return _join(text, out)


def _runs(parse: Parse, tokens: Iterable[int]) -> list[Span]:
    runs: list[list[int]] = []
    for index in sorted(tokens):
        if runs and index == runs[-1][-1] + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return [Span(parse[run[0]].start, parse[run[-1]].end) for run in runs]


def _trim(text: str, span: Span) -> Span | None:
    start, end = span
    while start < end and (text[start] in _TRIM or text[start].isspace()):
        start += 1
    while end > start and (text[end - 1] in _TRIM or text[end - 1].isspace()):
        end -= 1
    return Span(start, end) if any(c.isalnum() for c in text[start:end]) else None


def _join(text: str, spans: list[Span]) -> list[Span]:
    out: list[Span] = []
    for span in sorted(spans):
        if out and (
            span.start <= out[-1].end
            or not any(c.isalnum() for c in text[out[-1].end : span.start])
        ):
            out[-1] = Span(out[-1].start, max(out[-1].end, span.end))
        else:
            out.append(span)
    return out


def _outermost(made: list[tuple[Relation, Candidate]]) -> list[Relation]:
    """Drop a relation whose cue lies in another's content."""
    kept: list[Relation] = []
    for relation, _ in sorted(made, key=lambda pair: -pair[0].size):
        cue = relation.cue
        inside = cue is not None and any(
            part.start <= cue.start < part.end for other in kept for part in other.content
        )
        if not inside:
            kept.append(relation)
    return kept


def _quotes_left(text: str, parse: Parse, kept: list[Relation], quotes: list[Quotation]) -> None:
    for quote in quotes:
        if quote.single:
            continue
        if any(
            part.start < quote.end and quote.start < part.end for r in kept for part in r.content
        ):
            continue
        before = [
            r
            for r in kept
            if max(p.end for p in r.content) <= quote.start or (r.cue and r.cue.end <= quote.start)
        ]
        prior = max(
            before,
            key=lambda r: max([p.end for p in r.content] + ([r.cue.end] if r.cue else [])),
            default=None,
        )
        if prior is not None and any(text[p.end - 1] in "”\"'" for p in prior.content):
            last = max(
                [p.end for p in prior.content]
                + ([prior.cue.end] if prior.cue else [])
                + ([prior.source.end] if prior.source else [])
            )
            if len(text[last : quote.start].split()) <= 12:
                prior.content = _join(text, [*prior.content, Span(quote.start, quote.end)])
                continue
        kept.append(Relation([Span(quote.start, quote.end)], None, None, "quote-alone"))
