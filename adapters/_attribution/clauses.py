"""What is said: candidate relations read off a dependency parse, one rule per construction."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator

from harness.adapters._attribution import cues, nominal, sources
from harness.adapters._attribution.candidate import (
    SourceCandidate,
    is_infinitive,
    lemma_of,
    starts_with_that,
)
from harness.adapters._attribution.lexicon import Lexicon
from harness.adapters._attribution.parse import Parse, Token
from harness.adapters._attribution.tokens import NONE, Tokens

__all__ = ["candidates"]


def candidates(parse: Parse, lexicon: Lexicon) -> Iterator[SourceCandidate]:
    """Every candidate of a paragraph, by trigger from left to right; they may overlap."""
    for token in parse.tokens:
        lemma = lemma_of(token)
        if token.pos in ("VERB", "AUX"):
            yield from _verb(parse, lexicon, token, lemma)
        elif token.pos in ("NOUN", "PROPN"):
            yield from nominal.noun(parse, lexicon, token, lemma)
        elif token.pos == "ADJ":
            yield from nominal.adjective(parse, lexicon, token)
        yield from nominal.adjunct(parse, lexicon, token)


_SENSES = frozenset(["see", "hear", "watch", "feel", "notice", "observe"])


def _finite(parse: Parse, clause: Token) -> bool:
    verbs = (clause, *parse.children(clause.index, "aux", "auxpass"))
    return any(verb.tag in ("VBD", "VBZ", "VBP", "MD") for verb in verbs)


def is_passive(parse: Parse, verb: int) -> bool:
    if parse.child(verb, "auxpass", "nsubjpass") is not None:
        return True
    # "Roe, said that ...": what the parser takes for a participle is active if a clause follows.
    reduced = parse[verb].tag == "VBN" and parse[verb].dep == "acl"
    return reduced and parse.child(verb, "ccomp") is None


def _verb(parse: Parse, lexicon: Lexicon, verb: Token, lemma: str) -> Iterator[SourceCandidate]:
    passive = is_passive(parse, verb.index)
    clauses = _clauses_of(parse, verb)
    if clauses:
        known = lemma in lexicon.verbs["clause"]
        if lemma in _SENSES and not _finite(parse, clauses[0]):
            known = False  # "saw him leave" reports nothing
        unheard = lemma not in lexicon.elsewhere and starts_with_that(parse, clauses[0])
        if known or unheard:
            content = _clause_content(parse, lexicon, verb, clauses)
            yield _build(parse, "clause" if known else "that-clause", verb, content, passive)
            return
    if lemma in lexicon.verbs["clause"] and verb.dep in ("parataxis", "advcl", "dep", "conj"):
        host = parse.head(verb.index)
        if verb.dep == "parataxis" and _has_subject(parse, verb):
            content = parse.subtree(host.index) - parse.subtree(verb.index)
            left = parse.subtree(verb.index).first - 1
            if left in content and left in parse.quoted and parse[left].pos == "PUNCT":
                content &= parse.once("quoted", lambda: _united(parse.quotations))
            yield _build(parse, "parenthesis", verb, content, passive)
            return
    for attempt in (_infinitive, _gerund, _predicate, _prepositional, _object):
        made = attempt(parse, lexicon, verb, lemma, passive)
        if made is not None:
            yield made
            return


def _infinitive(
    parse: Parse, lexicon: Lexicon, verb: Token, lemma: str, passive: bool
) -> SourceCandidate | None:
    xcomp = parse.child(verb.index, "xcomp") or parse.child(verb.index, "ccomp")
    if lemma in ("seem", "appear"):
        return _seem(parse, verb) if lemma in lexicon.verbs["infinitive"] else None
    if xcomp is None or xcomp.index < verb.index or not is_infinitive(parse, xcomp):
        return None
    content = parse.subtree(xcomp.index)
    person = parse.child(verb.index, "dobj", "dative")
    if passive and lemma in lexicon.verbs["passive"]:
        subject = parse.child(verb.index, "nsubjpass")
        raised = parse.subtree(subject.index) if subject is not None else NONE
        return _build(parse, "passive-infinitive", verb, content | raised, True)
    if person is not None or xcomp.dep == "ccomp":
        known = lemma in lexicon.verbs["person-infinitive"]
        return _build(parse, "person-infinitive", verb, content, passive) if known else None
    if lemma not in lexicon.verbs["infinitive"]:
        return None
    return _build(parse, "infinitive", verb, content, passive)


def _seem(parse: Parse, verb: Token) -> SourceCandidate | None:
    """It seems so to nobody in particular: the raised subject and what is seen in it."""
    seen = parse.child(verb.index, "xcomp", "oprd", "acomp") or next(
        (p for p in parse.children(verb.index, "prep") if p.text.lower() == "like"), None
    )
    if seen is None or seen.index < verb.index:
        return None
    subject = parse.child(verb.index, "nsubj")
    raised = parse.subtree(subject.index) if subject is not None else NONE
    cue = cues.verb_group(parse, verb.index)
    return SourceCandidate(
        "seem", verb.index, (parse.subtree(seen.index) | raised) - cue, cue, NONE
    )


def _gerund(
    parse: Parse, lexicon: Lexicon, verb: Token, lemma: str, passive: bool
) -> SourceCandidate | None:
    xcomp = parse.child(verb.index, "xcomp")
    known = lemma in lexicon.verbs["gerund"]
    if xcomp is None or not known or xcomp.index < verb.index or xcomp.tag != "VBG":
        return None
    return _build(parse, "gerund", verb, parse.subtree(xcomp.index), passive)


def _predicate(
    parse: Parse, lexicon: Lexicon, verb: Token, lemma: str, passive: bool
) -> SourceCandidate | None:
    if lemma not in lexicon.verbs["predicate"]:
        return None
    thing = parse.child(verb.index, "dobj", "nsubjpass", "nmod")
    named = parse.subtree(thing.index) if thing is not None else NONE
    predicate = parse.child(verb.index, "oprd")
    if predicate is not None:
        content = parse.subtree(predicate.index) | named
        return _build(parse, "predicate", verb, content, passive)
    near = parse.children(verb.index, "prep", "advcl")
    if thing is not None:
        near += parse.children(thing.index, "prep")
    for child in near:
        subtree = parse.subtree(child.index)
        if parse[subtree.first].text.lower() == "as" and subtree.first > verb.index and named:
            content = subtree | named
            return _build(parse, "as-predicate", verb, content, passive)
    return None


def _prepositional(
    parse: Parse, lexicon: Lexicon, verb: Token, lemma: str, passive: bool
) -> SourceCandidate | None:
    if verb.dep == "acl" and parse.head(verb.index).text.lower() == "order":
        return None  # "in order to respond to" reports nothing
    for prep in parse.children(verb.index, "prep"):
        noun = parse.child(prep.index, "pobj", "pcomp")
        if noun is None or prep.index < verb.index:
            continue
        if f"{lemma}:{prep.text.lower()}" in lexicon.verbs["prepositional"]:
            content = parse.subtree(noun.index) | _rest(parse, verb, prep)
            extra = Tokens.of(prep.index)
            return _build(parse, "prepositional", verb, content, passive, extra)
    return None


def _object(
    parse: Parse, lexicon: Lexicon, verb: Token, lemma: str, passive: bool
) -> SourceCandidate | None:
    if lemma not in lexicon.verbs["object"]:
        return None
    thing = parse.child(verb.index, "nsubjpass" if passive else "dobj")
    if thing is None:
        return None
    content = parse.subtree(thing.index)
    if passive:
        return _build(parse, "passive-object", verb, content, passive)
    return _build(parse, "object", verb, content | _rest(parse, verb, thing), passive)


_ATTACHED = frozenset(["prep", "advmod", "npadvmod", "xcomp", "advcl", "oprd", "dobj", "ccomp"])


def _rest(parse: Parse, verb: Token, after: Token) -> Tokens:
    """What follows the object up to the first comma or conjunction: "criticised him *for it*"."""
    tokens = NONE
    last = parse.subtree(after.index).last
    for child in parse.children(verb.index):
        if child.index <= last:
            continue
        subtree = parse.subtree(child.index)
        if child.dep not in _ATTACHED or subtree.first != last + 1:
            break
        tokens |= subtree
        last = subtree.last
    return tokens


def _build(
    parse: Parse,
    rule: str,
    verb: Token,
    content: Tokens,
    passive: bool,
    extra: Tokens = NONE,
) -> SourceCandidate:
    source = sources.of_verb(parse, verb.index, passive=passive)
    if not source and not passive and content and content.first < verb.index:
        source = sources.after_verb(parse, verb.index)
    cue = cues.verb_group(parse, verb.index, extra=extra)
    return SourceCandidate(rule, verb.index, content - cue, cue, source - content - cue)


def _clauses_of(parse: Parse, verb: Token) -> list[Token]:
    """The finite clauses that depend on a verb, before or after it."""
    return [
        child
        for child in parse.children(verb.index, "ccomp")
        if (child.index > verb.index and not is_infinitive(parse, child))
        or (child.index < verb.index and _is_set_off(parse, verb, child))
    ]


_PAUSES = frozenset([",", "-", "--", "–", "—", "―", "?", "!", "...", "…"])


def _is_set_off(parse: Parse, verb: Token, clause: Token) -> bool:
    """Whether a pause stands between a clause and the report after it: "A, he said".

    Not so in "A because he said B" and "A: he said B", which the parser may read alike.
    """
    mark = parse.child(verb.index, "mark")
    if mark is not None and mark.index < verb.index:
        return False
    first = cues.verb_group(parse, verb.index).first
    subject = parse.child(verb.index, "nsubj", "nsubjpass")
    if subject is not None and subject.index < verb.index:
        first = min(first, parse.subtree(subject.index).first)
    words = parse.once("words", lambda: [t.index for t in parse.tokens if t.pos != "PUNCT"])
    last = parse.subtree(clause.index).before(first).last_of(words)
    if last is None:
        return False
    pauses = parse.once("pauses", lambda: [t.index for t in parse.tokens if _pauses(parse, t)])
    return Tokens.span(last + 1, first).last_of(pauses) is not None


def _pauses(parse: Parse, token: Token) -> bool:
    return token.text in _PAUSES or (token.index in parse.quoted and token.pos == "PUNCT")


def _clause_content(parse: Parse, lexicon: Lexicon, verb: Token, clauses: list[Token]) -> Tokens:
    """What of a verb's clauses is reported: those before it, after it, or around it."""
    before = [clause for clause in clauses if clause.index < verb.index]
    after = [clause for clause in clauses if clause.index > verb.index]
    end = cues.verb_group(parse, verb.index).last + 1
    breaks = end < len(parse) and parse[end].pos == "PUNCT"
    if before and after:
        only_after_quoted = after[0].index in parse.quoted and before[-1].index not in parse.quoted
        if not breaks or parse[end].text == ":" or only_after_quoted:
            before = []  # "A: he said B", "when asked, he said, 'B'"
    if not before:
        return _following(parse, lexicon, verb, after[0])
    content = _fronted(parse, verb, before[-1])
    last = content.before(verb.index).last
    if last in parse.quoted and parse[last].pos == "PUNCT":
        inside = content & parse.quotations[parse.quoted[last]]
        if _reports_elsewhere(parse, lexicon, content - inside):
            content = inside
        after = [clause for clause in after if clause.index in parse.quoted]
    if after and breaks:
        content |= _following(parse, lexicon, verb, after[0])
    return content


def _reports_elsewhere(parse: Parse, lexicon: Lexicon, tokens: Tokens) -> bool:
    """Whether an unquoted lead-in has a reporting verb with a subject of its own."""
    reports = parse.once(
        ("reports", id(lexicon)),
        lambda: [
            token.index
            for token in parse.tokens
            if token.pos == "VERB"
            and lemma_of(token) in lexicon.verbs["clause"]
            and token.index not in parse.quoted
            and _has_subject(parse, token)
        ],
    )
    return tokens.first_of(reports) is not None


def _fronted(parse: Parse, verb: Token, clause: Token) -> Tokens:
    """Everything from the start of the clause's side up to the subject or the cue."""
    content = parse.subtree(clause.index)
    left = parse.subtree(verb.index).first
    return content | Tokens.span(left, content.before(verb.index).last + 1)


def _following(parse: Parse, lexicon: Lexicon, verb: Token, clause: Token) -> Tokens:
    """The clause, its sisters, and a co-ordinated clause that the parser hung on the cue."""
    content = parse.subtree(clause.index)
    for child in parse.children(verb.index, "ccomp", "conj"):
        if child.index <= clause.index:
            continue
        if child.dep == "conj" and (
            not _has_subject(parse, child)
            or lemma_of(child) in lexicon.verbs["clause"]
            or parse.child(child.index, "ccomp") is not None
        ):
            break
        content |= Tokens.span(content.last + 1, parse.subtree(child.index).last + 1)
    return _before_next_report(parse, lexicon, verb, clause, content)


def _before_next_report(
    parse: Parse, lexicon: Lexicon, verb: Token, clause: Token, content: Tokens
) -> Tokens:
    """Cut where the sentence goes on to the next report: "says A *and tells them B*",
    "said A, *adding that B*". The parser hangs both on the first report's clause.
    """
    nexts = parse.once(("next", id(lexicon)), lambda: _next_reports(parse, lexicon))
    found = (content.first_of(nexts[tag], after=clause.index) for tag in ("VBG", verb.tag))
    index = min((index for index in found if index is not None), default=None)
    if index is None:
        return content
    left = parse.subtree(index).first
    if parse[index].dep == "conj":
        joins = parse.below(parse[index].head, "cc")
        before = bisect_left(joins, left)
        left = joins[before - 1] if before else left
    return content.before(left)


def _next_reports(parse: Parse, lexicon: Lexicon) -> dict[str, list[int]]:
    """By tag the verbs with which the next report may begin."""
    nexts: dict[str, list[int]] = defaultdict(list)
    for token in parse.tokens:
        if token.index in parse.quoted or lemma_of(token) not in lexicon.verbs["clause"]:
            continue
        if parse.child(token.index, "ccomp") is None:
            continue
        joined = token.dep == "conj" and token.tag in ("VBZ", "VBD")
        added = token.dep == "advcl" and token.tag == "VBG"
        if joined or (added and parse[parse.subtree(token.index).first - 1].text == ","):
            nexts[token.tag].append(token.index)
    return nexts


def _has_subject(parse: Parse, verb: Token) -> bool:
    return parse.child(verb.index, "nsubj", "nsubjpass") is not None


def _united(some: Iterable[Tokens]) -> Tokens:
    return Tokens(one for tokens in some for one in tokens.ranges)
