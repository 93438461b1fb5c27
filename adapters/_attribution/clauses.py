"""What is said: candidate relations read off a dependency parse, one rule per construction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adapters._attribution import cues, sources
from adapters._attribution.lexicon import Lexicon
from adapters._attribution.parse import Parse, Token

__all__ = ["Candidate", "candidates"]

_WH = frozenset(["what", "who", "whom", "whose", "which", "when", "where", "why", "how", "whether", "if"])


@dataclass(frozen=True, slots=True)
class Candidate:
    """A relation in token indices of one paragraph; `rule` names the construction."""

    rule: str
    trigger: int
    content: frozenset[int]
    cue: frozenset[int]
    source: frozenset[int]


def candidates(parse: Parse, lexicon: Lexicon) -> Iterator[Candidate]:
    """Every candidate of a paragraph, by trigger from left to right; they may overlap."""
    for token in parse.tokens:
        lemma = lemma_of(token)
        if token.pos in ("VERB", "AUX"):
            yield from _verb(parse, lexicon, token, lemma)
        elif token.pos in ("NOUN", "PROPN"):
            yield from _noun(parse, lexicon, token, lemma)
        elif token.pos == "ADJ":
            yield from _adjective(parse, lexicon, token)
        if token.text.lower() == "according":
            yield from _according(parse, token)


def lemma_of(token: Token) -> str:
    """The lemma, with the ones mended that a lemmatiser gets wrong."""
    if token.lemma == "hop" and token.text.lower().startswith("hop") and "pp" not in token.text:
        return "hope"
    return token.lemma


def is_passive(parse: Parse, verb: int) -> bool:
    if parse.child(verb, "auxpass", "nsubjpass") is not None:
        return True
    return parse[verb].tag == "VBN" and parse[verb].dep in ("acl",)


def _verb(parse: Parse, lexicon: Lexicon, verb: Token, lemma: str) -> Iterator[Candidate]:
    passive = is_passive(parse, verb.index)
    clause = _clause_of(parse, verb)
    if clause is not None:
        known = lemma in lexicon.verbs["clause"]
        if known or _starts_with_that(parse, clause):
            content = parse.subtree(clause.index)
            if clause.index < verb.index:
                content = _fronted(parse, verb, clause)
            yield _build(parse, "clause" if known else "that-clause", verb, content, passive)
            return
    if lemma in lexicon.verbs["clause"] and verb.dep in ("parataxis", "advcl", "dep", "conj"):
        host = parse.head(verb.index)
        if verb.dep == "parataxis" and _has_subject(parse, verb):
            content = parse.subtree(host.index) - parse.subtree(verb.index)
            yield _build(parse, "parenthesis", verb, content, passive)
            return
    xcomp = parse.child(verb.index, "xcomp")
    if xcomp is not None and xcomp.index > verb.index:
        person = parse.child(verb.index, "dobj", "dative")
        to = _is_infinitive(parse, xcomp)
        if passive and lemma in lexicon.verbs["passive"] and to:
            subject = parse.child(verb.index, "nsubjpass")
            content = parse.subtree(xcomp.index)
            if subject is not None:
                content |= parse.subtree(subject.index)
            yield _build(parse, "passive-infinitive", verb, content, True)
            return
        if person is not None and to and lemma in lexicon.verbs["person-infinitive"]:
            yield _build(parse, "person-infinitive", verb, parse.subtree(xcomp.index), passive)
            return
        if person is None and to and lemma in lexicon.verbs["infinitive"]:
            if lemma in ("seem", "appear"):
                subject = parse.child(verb.index, "nsubj")
                content = parse.subtree(xcomp.index)
                if subject is not None:
                    content |= parse.subtree(subject.index)
                yield Candidate(
                    "seem", verb.index, content, cues.verb_group(parse, verb.index), frozenset()
                )
                return
            yield _build(parse, "infinitive", verb, parse.subtree(xcomp.index), passive)
            return
    if lemma in lexicon.verbs["predicate"]:
        predicate = parse.child(verb.index, "oprd")
        thing = parse.child(verb.index, "dobj", "nsubjpass")
        if predicate is not None:
            content = parse.subtree(predicate.index)
            if thing is not None:
                content |= parse.subtree(thing.index)
            yield _build(parse, "predicate", verb, content, passive)
            return
    for prep in parse.children(verb.index, "prep"):
        noun = parse.child(prep.index, "pobj", "pcomp")
        if noun is None or prep.index < verb.index:
            continue
        name = f"{lemma}:{prep.text.lower()}"
        if name in lexicon.verbs["prepositional"]:
            extra = frozenset([prep.index])
            yield _build(parse, "prepositional", verb, parse.subtree(noun.index), passive, extra)
            return
        if prep.text.lower() == "as" and lemma in lexicon.verbs["predicate"]:
            thing = parse.child(verb.index, "dobj", "nsubjpass")
            content = parse.subtree(prep.index)
            if thing is not None:
                content |= parse.subtree(thing.index)
            yield _build(parse, "as-predicate", verb, content, passive)
            return
    if lemma in lexicon.verbs["object"]:
        thing = parse.child(verb.index, "nsubjpass" if passive else "dobj")
        if thing is not None:
            content = parse.subtree(thing.index)
            yield _build(parse, "passive-object" if passive else "object", verb, content, passive)


def _build(
    parse: Parse,
    rule: str,
    verb: Token,
    content: frozenset[int],
    passive: bool,
    extra: frozenset[int] = frozenset(),
) -> Candidate:
    source = sources.of_verb(parse, verb.index, passive=passive)
    cue = cues.verb_group(parse, verb.index, extra=extra)
    return Candidate(rule, verb.index, content - cue, cue, source - content - cue)


def _clause_of(parse: Parse, verb: Token) -> Token | None:
    """The finite clause that depends on a verb, before or after it."""
    found = [
        child
        for child in parse.children(verb.index, "ccomp")
        if not (_is_infinitive(parse, child) and child.index > verb.index)
    ]
    return found[0] if found else None


def _starts_with_that(parse: Parse, clause: Token) -> bool:
    mark = parse.child(clause.index, "mark")
    return mark is not None and mark.text.lower() == "that"


def _fronted(parse: Parse, verb: Token, clause: Token) -> frozenset[int]:
    """Everything from the start of the clause's side up to the subject or the cue."""
    content = parse.subtree(clause.index)
    left = min(parse.subtree(verb.index))
    return content | frozenset(range(left, max(i for i in content if i < verb.index) + 1))


def _is_infinitive(parse: Parse, verb: Token) -> bool:
    return any(
        child.text.lower() == "to" and child.index < verb.index
        for child in parse.children(verb.index, "aux", "mark")
    )


def _has_subject(parse: Parse, verb: Token) -> bool:
    return parse.child(verb.index, "nsubj", "nsubjpass") is not None


def _noun(parse: Parse, lexicon: Lexicon, noun: Token, lemma: str) -> Iterator[Candidate]:
    for child in parse.children(noun.index, "acl", "ccomp", "relcl", "prep"):
        if child.index < noun.index:
            continue
        if (
            child.dep != "prep"
            and lemma in lexicon.nouns["clause"]
            and _starts_with_that(parse, child)
        ):
            yield _build_noun(parse, "noun-clause", noun, parse.subtree(child.index))
            return
        if (
            child.dep == "acl"
            and lemma in lexicon.nouns["infinitive"]
            and _is_infinitive(parse, child)
        ):
            yield _build_noun(parse, "noun-infinitive", noun, parse.subtree(child.index))
            return
        if (
            child.dep == "prep"
            and f"{lemma}:{child.text.lower()}" in lexicon.nouns["prepositional"]
        ):
            thing = parse.child(child.index, "pobj", "pcomp")
            if thing is not None:
                extra = frozenset([child.index])
                yield _build_noun(parse, "noun-prep", noun, parse.subtree(thing.index), extra)
                return


def _build_noun(
    parse: Parse,
    rule: str,
    noun: Token,
    content: frozenset[int],
    extra: frozenset[int] = frozenset(),
) -> Candidate:
    owner = parse.child(noun.index, "poss")
    cue = {noun.index, *extra}
    source: frozenset[int] = frozenset()
    if owner is not None:
        mark = parse.child(owner.index, "case")
        source = sources.noun_phrase(parse, owner.index, stop=noun.index)
        if mark is not None:
            source -= {mark.index}
            cue.add(mark.index)
        cue |= set(range(max(source) + 1, noun.index)) if source else set()
    else:
        by = next(
            (
                c
                for c in parse.children(noun.index, "prep")
                if c.text.lower() in ("by", "from", "of")
            ),
            None,
        )
        if by is not None and by.index not in extra and by.index < min(content):
            person = parse.child(by.index, "pobj")
            if person is not None:
                source = sources.noun_phrase(parse, person.index)
        elif noun.dep == "dobj":
            source = sources.of_verb(parse, noun.head)
            cue |= set(range(noun.head, noun.index))
    return Candidate(rule, noun.index, content - cue, frozenset(cue), source - content - cue)


def _adjective(parse: Parse, lexicon: Lexicon, adjective: Token) -> Iterator[Candidate]:
    if adjective.lemma not in lexicon.adjectives or adjective.dep not in ("acomp", "oprd", "ROOT"):
        return
    clause = parse.child(adjective.index, "ccomp") or parse.child(adjective.index, "xcomp")
    if clause is None or clause.index < adjective.index:
        return
    verb = parse.head(adjective.index)
    source = sources.of_verb(parse, verb.index)
    cue = cues.verb_group(parse, verb.index) | {adjective.index}
    yield Candidate(
        "adjective",
        adjective.index,
        parse.subtree(clause.index),
        frozenset(range(min(cue), max(cue) + 1)),
        source,
    )


def _according(parse: Parse, token: Token) -> Iterator[Candidate]:
    to = next(
        (i for i in (token.index + 1,) if i < len(parse) and parse[i].text.lower() == "to"), None
    )
    if to is None:
        return
    noun = parse.child(to, "pobj") or parse.child(token.index, "pobj")
    if noun is None:
        return
    source = sources.noun_phrase(parse, noun.index)
    first, last = parse.sentence(token.index)
    phrase = parse.subtree(token.index)
    content = frozenset(range(first, last)) - phrase
    host = parse.head(token.index)
    for ancestor in (host, *parse.ancestors(host.index)):
        if ancestor.pos in ("VERB", "AUX"):
            content = parse.subtree(ancestor.index) - phrase
            break
    yield Candidate("according", token.index, content, frozenset([token.index, to]), source)
