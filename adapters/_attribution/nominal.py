"""Reports without a reporting verb: nouns, adjectives, "according to", "reportedly"."""

from __future__ import annotations

from collections.abc import Iterator

from harness.adapters._attribution import cues, sources
from harness.adapters._attribution.candidate import SourceCandidate, is_infinitive, starts_with_that
from harness.adapters._attribution.lexicon import Lexicon
from harness.adapters._attribution.parse import Parse, Token
from harness.adapters._attribution.tokens import NONE, Tokens

__all__ = ["adjective", "adjunct", "noun"]


def noun(parse: Parse, lexicon: Lexicon, token: Token, lemma: str) -> Iterator[SourceCandidate]:
    """ "the claim that ...", "his promise to ...", "support for ..."; at most one for a noun."""
    for child in parse.children(token.index, "acl", "ccomp", "relcl", "prep"):
        if child.index < token.index:
            continue
        if child.dep == "prep":
            preposition = child.text.lower()
            thing = parse.child(child.index, "pobj", "pcomp")
            stances = lexicon.nouns["prepositional"]
            known = f"{lemma}:{preposition}" in stances or (stances and preposition == "about")
            if known and thing is not None:
                extra = Tokens.of(child.index)
                yield _noun_cue(parse, "noun-prep", token, parse.subtree(thing.index), extra)
                return
        elif lemma in lexicon.nouns["clause"] and starts_with_that(parse, child):
            yield _noun_cue(parse, "noun-clause", token, parse.subtree(child.index))
            return
        elif lemma in lexicon.nouns["infinitive"] and is_infinitive(parse, child):
            yield _noun_cue(parse, "noun-infinitive", token, parse.subtree(child.index))
            return


def _noun_cue(
    parse: Parse, rule: str, token: Token, content: Tokens, extra: Tokens = NONE
) -> SourceCandidate:
    """Cue and source of a noun: its owner, its `by`-phrase, or the subject of its light verb."""
    owner = parse.child(token.index, "poss")
    cue = Tokens.of(token.index) | extra
    source = NONE
    if owner is not None:
        mark = parse.child(owner.index, "case")
        source = sources.noun_phrase(parse, owner.index, stop=token.index)
        if mark is not None:
            source -= Tokens.of(mark.index)
            cue |= Tokens.of(mark.index)
        cue |= Tokens.span(source.last + 1, token.index) if source else NONE
    else:
        by = next(
            (
                child
                for child in parse.children(token.index, "prep")
                if child.text.lower() in ("by", "from", "of") and child.index not in extra
            ),
            None,
        )
        person = parse.child(by.index, "pobj") if by is not None else None
        if by is not None and person is not None and by.index < content.first:
            source = sources.noun_phrase(parse, person.index)
        elif token.dep == "dobj":
            source = sources.of_verb(parse, token.head)
            cue |= Tokens.span(token.head, token.index) | cues.verb_group(parse, token.head)
    return SourceCandidate(rule, token.index, content - cue, cue, source - content - cue)


def adjective(parse: Parse, lexicon: Lexicon, token: Token) -> Iterator[SourceCandidate]:
    """ "is confident that ...", "was critical of ..."."""
    if token.dep not in ("acomp", "oprd", "ROOT", "conj", "amod", "advcl"):
        return
    extra = NONE
    clause = parse.child(token.index, "ccomp", "xcomp")
    content = NONE
    if clause is not None and clause.index > token.index and token.lemma in lexicon.adjectives:
        content = parse.subtree(clause.index)
    else:
        for prep in parse.children(token.index, "prep"):
            thing = parse.child(prep.index, "pobj", "pcomp")
            if f"{token.lemma}:{prep.text.lower()}" in lexicon.adjectives and thing is not None:
                content, extra = parse.subtree(thing.index), Tokens.of(prep.index)
                break
    if not content:
        return
    verb = parse.head(token.index)
    cue = Tokens.of(token.index) | extra
    source = NONE
    if token.dep in ("acomp", "oprd"):
        source = sources.of_verb(parse, verb.index)
        cue |= cues.verb_group(parse, verb.index)
    whole = Tokens.span(cue.first, cue.last + 1) - source
    yield SourceCandidate("adjective", token.index, content - whole, whole, source - content)


def adjunct(parse: Parse, lexicon: Lexicon, token: Token) -> Iterator[SourceCandidate]:
    """Sentence adjuncts that name a source, or say that there is one."""
    word = token.text.lower()
    if word == "according":
        yield from _according(parse, token)
    elif word == "per" and token.dep == "prep":
        yield from _named_by(parse, token, "according", ("PROPN",), frozenset())
    elif word == "in" and token.dep == "prep" and parse.sentence(token.index)[0] == token.index:
        yield from _named_by(parse, token, "in-text", (), lexicon.texts)
    elif word in lexicon.hearsay and token.dep == "advmod":
        host = parse.head(token.index)
        if host.pos in ("VERB", "AUX"):
            cue = Tokens.of(token.index)
            yield SourceCandidate(
                "hearsay", token.index, parse.subtree(host.index) - cue, cue, NONE
            )


def _according(parse: Parse, token: Token) -> Iterator[SourceCandidate]:
    to = token.index + 1
    if to >= len(parse) or parse[to].text.lower() != "to":
        return
    thing = parse.child(to, "pobj") or parse.child(token.index, "pobj")
    if thing is None:
        return
    source = sources.noun_phrase(parse, thing.index)
    cue = Tokens.of(token.index, to)
    content = _host_clause(parse, token) - source - cue
    yield SourceCandidate("according", token.index, content, cue, source)


def _named_by(
    parse: Parse, token: Token, rule: str, tags: tuple[str, ...], lemmas: frozenset[str]
) -> Iterator[SourceCandidate]:
    thing = parse.child(token.index, "pobj")
    if thing is None or not (thing.pos in tags or thing.lemma in lemmas):
        return
    source = sources.noun_phrase(parse, thing.index)
    content = _host_clause(parse, token)
    yield SourceCandidate(rule, token.index, content, Tokens.of(token.index), source)


def _host_clause(parse: Parse, token: Token) -> Tokens:
    """The clause that the adjunct stands in, without the adjunct."""
    phrase = parse.subtree(token.index)
    host = parse.head(token.index)
    verb = parse.clause_verb(host.index)
    if verb is not None:
        return parse.subtree(verb.index) - phrase
    return Tokens.span(*parse.sentence(token.index)) - phrase
