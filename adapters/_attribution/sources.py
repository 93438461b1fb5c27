"""Who is the source of a cue: its subject, a controller further up, an agent, or nobody."""

from __future__ import annotations

from harness.adapters._attribution.parse import Parse, Token
from harness.adapters._attribution.tokens import NONE, Tokens

__all__ = ["after_verb", "noun_phrase", "of_verb"]

_SUBJECTS = ("nsubj", "nsubjpass", "csubj", "expl")
_EDGE = frozenset(",;:.–—-―")
_CONTROLLED = frozenset(["xcomp", "advcl", "conj", "pcomp", "ccomp", "acomp", "oprd"])


def of_verb(parse: Parse, verb: int, *, passive: bool = False) -> Tokens:
    """Tokens of the source of a verbal cue; empty where the text names none.

    A passive has its `by`-agent or nobody. An active verb has its subject; without one, that of
    the verb that it is joined to or controlled by, or the noun that it modifies.
    """
    if passive:
        return _agent(parse, verb)
    token = parse[verb]
    for _ in range(4):
        subject = parse.child(token.index, *_SUBJECTS)
        if subject is not None:
            if subject.dep == "expl" or is_expletive(parse, subject, token.index):
                return NONE
            if subject.dep == "nsubjpass":
                above = parse.head(token.index)
                if token.index == verb or token.dep != "ccomp" or above.index == token.index:
                    return _agent(parse, token.index)
                token = above  # "said A was B, adding C": whoever said it added it
                continue
            return noun_phrase(parse, subject.index, stop=verb)
        if token.dep in ("acl", "relcl"):
            head = parse.head(token.index)
            return noun_phrase(parse, head.index, stop=token.index)
        if token.dep not in _CONTROLLED or token.head == token.index:
            return NONE
        head = parse.head(token.index)
        if token.dep == "xcomp":  # "urged him to say": the object speaks
            person = parse.child(head.index, "dobj")
            if person is not None and person.index < token.index:
                return noun_phrase(parse, person.index, stop=token.index)
        if token.dep == "pcomp" and head.head != head.index:
            head = parse.head(head.index)
        token = head
    return NONE


def after_verb(parse: Parse, verb: int) -> Tokens:
    """The subject of an inverted report ("…," says Roe), which parsers often call an object."""
    noun = parse.child(verb, "dobj", "attr", "oprd", "npadvmod", "dep")
    if noun is None or not verb < parse.subtree(noun.index).first <= verb + 2:
        return NONE
    if noun.pos not in ("PROPN", "NOUN", "PRON"):
        return NONE
    return noun_phrase(parse, noun.index, stop=verb)


def is_expletive(parse: Parse, subject: Token, verb: int) -> bool:
    """`it` that stands for a clause: "it is said that", "it seems"."""
    if subject.text.lower() != "it":
        return False
    return parse.child(verb, "auxpass") is not None or parse[verb].lemma in ("seem", "appear")


def _agent(parse: Parse, verb: int) -> Tokens:
    by = parse.child(verb, "agent")
    noun = parse.child(by.index, "pobj") if by is not None else None
    return noun_phrase(parse, noun.index) if noun is not None else NONE


def noun_phrase(parse: Parse, head: int, *, stop: int | None = None) -> Tokens:
    """The whole noun phrase: titles, appositions and relative clauses, edges trimmed.

    `stop` is the cue: the phrase is the part of the subtree on the noun's side of it.
    """
    tokens = parse.subtree(head)
    if stop is not None:
        tokens = tokens.before(stop) if head < stop else tokens.after(stop)
    left, right = tokens.around(head - 1), tokens.around(head + 1)
    first, last = left[0] if left else head, right[1] - 1 if right else head
    while first < last and parse[first].text in _EDGE | {"“", '"', "”", "''"}:
        first += 1
    while first < last and parse[last].text in _EDGE | {"“", '"'}:
        last -= 1
    return Tokens.span(first, last + 1)
