"""Tags on words to entities: IO, BIO (either kind), BIOES and BILOU, read leniently.

An entity begins at `B`, `S` or `U`, where the type changes, and after `E`, `S`, `L`, `U` or `O`,
as in the CoNLL-2003 evaluation script: a model's odd sequence loses a tag, never an entity.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from harness.annotation import Entity

__all__ = ["OUTSIDE", "TaggedWord", "entities", "label_of", "labels_of"]

OUTSIDE = "O"
_PREFIXES = "BIESLUM"


class TaggedWord(NamedTuple):
    """A word's characters with its tag; `None` where the model never saw the word."""

    start: int
    end: int
    tag: str | None
    score: float


def split_prefix(tag: str) -> tuple[str, str]:
    """`("B", "PER")` of `B-PER`; a tag without prefix is inside its type."""
    if len(tag) > 2 and tag[0] in _PREFIXES and tag[1] in "-_":
        return tag[0], tag[2:]
    return "I", tag


def label_of(tag: str) -> str | None:
    """The entity type of a tag, `None` for `O`."""
    return None if tag == OUTSIDE else split_prefix(tag)[1]


def labels_of(tags: Iterable[str]) -> tuple[str, ...]:
    """Every entity type among the tags, sorted."""
    return tuple(sorted({label for tag in tags if (label := label_of(tag)) is not None}))


def entities(tagged: Iterable[TaggedWord]) -> list[Entity]:
    """The entities of a sequence of words, in order; the score is the mean of its words'.

    A word without tag neither begins, extends nor ends an entity.
    """
    ended: list[Entity] = []
    current: list[TaggedWord] = []
    label, closed = "", True

    def finish() -> None:
        if current:
            score = sum(word.score for word in current) / len(current)
            ended.append(Entity(current[0].start, current[-1].end, label, score))
            current.clear()

    for word in tagged:
        if word.tag is None:
            continue
        if word.tag == OUTSIDE:
            finish()
            closed = True
            continue
        prefix, own = split_prefix(word.tag)
        if closed or prefix in "BSU" or own != label:
            finish()
        label = own
        current.append(word)
        closed = prefix in "ESLU"
    finish()
    return ended
