"""A candidate relation in tokens, and the small questions that every rule asks."""

from __future__ import annotations

from dataclasses import dataclass

from harness.adapters._attribution.parse import Parse, Token
from harness.adapters._attribution.tokens import Tokens

__all__ = ["SourceCandidate", "is_infinitive", "lemma_of", "starts_with_that"]


@dataclass(frozen=True, slots=True)
class SourceCandidate:
    """A relation in token indices of one paragraph; `rule` names the construction."""

    rule: str
    trigger: int
    content: Tokens
    cue: Tokens
    source: Tokens


def lemma_of(token: Token) -> str:
    """The lemma, with the ones mended that a lemmatiser gets wrong."""
    if token.lemma == "hop" and token.text.lower().startswith("hop") and "pp" not in token.text:
        return "hope"
    return token.lemma


def starts_with_that(parse: Parse, clause: Token) -> bool:
    mark = parse.child(clause.index, "mark")
    return mark is not None and mark.text.lower() == "that"


def is_infinitive(parse: Parse, verb: Token) -> bool:
    """Whether `to` stands before the verb."""
    return any(
        child.text.lower() == "to" and child.index < verb.index
        for child in parse.children(verb.index, "aux", "mark")
    )
