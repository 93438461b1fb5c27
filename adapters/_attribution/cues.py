"""The extent of a cue: the whole verb group, or a noun with its possessive and preposition."""

from __future__ import annotations

from harness.adapters._attribution.parse import Parse
from harness.adapters._attribution.tokens import NONE, Tokens

__all__ = ["verb_group"]

_GROUP = frozenset(["aux", "auxpass", "neg", "prt"])


def verb_group(parse: Parse, verb: int, *, extra: Tokens = NONE) -> Tokens:
    """Auxiliaries, negation, particle and the adverbs that stand next to the verb.

    One unbroken run of tokens around the verb (`extra` tokens may join it), since a cue is
    contiguous; a subject that stands between auxiliary and verb cuts the auxiliary off.
    """
    if extra:
        return _verb_group(parse, verb, extra)
    return parse.once(("verb_group", verb), lambda: _verb_group(parse, verb, NONE))


def _verb_group(parse: Parse, verb: int, extra: Tokens) -> Tokens:
    allowed = {verb, *extra}
    for child in parse.children(verb):
        if (child.dep in _GROUP and not child.children) or (
            child.dep == "advmod" and not child.children and child.index < verb
        ):
            allowed.add(child.index)
    if parse[verb].dep == "xcomp":
        head = parse.head(verb)
        if head.index < verb and verb - head.index <= 3:
            allowed |= {head.index} | {
                c.index for c in parse.children(head.index) if c.dep in _GROUP
            }
    first = last = verb
    while first - 1 in allowed:
        first -= 1
    while last + 1 in allowed:
        last += 1
    return Tokens.span(first, last + 1)
