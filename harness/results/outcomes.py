"""What became of every mention, and which change from one backend to another.

Mentions are compared one by one and by offset, as the task names them: an entity by span and
label, a relation by its content's hull and its kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.annotation import printable, surroundings
from harness.tasks.base import DocumentPair, Task

__all__ = [
    "MOST_LISTED",
    "Flips",
    "Mention",
    "Outcomes",
    "mention_lines",
    "flips",
    "in_text",
    "outcomes_of",
    "passage_of",
]

MOST_LISTED = 200_000
"""Documents of a result of which every mention may be looked at; gold and predictions of more would
not fit into memory. What needs them says that it is left out."""

_WIDTH = 40


class Mention(NamedTuple):
    """An item of a task, by document and code-point offsets."""

    document: str
    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of every mention: gold ones are found or missed, predicted ones may be spurious.

    A gold mention that met a wrong partner (boundary, type) is missed, and its partner spurious, in
    every match mode.
    """

    found: frozenset[Mention]
    missed: frozenset[Mention]
    spurious: frozenset[Mention]

    @property
    def gold(self) -> frozenset[Mention]:
        return self.found | self.missed

    def only(self, task: Task, labels: frozenset[str]) -> Outcomes:
        """The mentions with these labels; without any, all."""
        if not labels:
            return self
        found, missed, spurious = (
            frozenset(one for one in side if task.label_of(one.label) in labels)
            for side in (self.found, self.missed, self.spurious)
        )
        return Outcomes(found, missed, spurious)


@dataclass(frozen=True, slots=True)
class Flips:
    """What changes from a reference to another; each sorted by document and offset."""

    lost: tuple[Mention, ...]
    """Gold mentions that the reference finds and the other does not."""
    gained: tuple[Mention, ...]
    """Gold mentions that the other finds and the reference does not."""
    introduced: tuple[Mention, ...]
    """Spurious mentions of the other alone."""
    removed: tuple[Mention, ...]
    """Spurious mentions of the reference alone."""

    def __bool__(self) -> bool:
        return bool(self.lost or self.gained or self.introduced or self.removed)

    def of(self, task: Task, label: str) -> Flips:
        """Only the mentions with that label."""
        parts = (tuple(m for m in part if task.label_of(m.label) == label) for part in self.parts())
        return Flips(*parts)

    def parts(self) -> tuple[tuple[Mention, ...], ...]:
        """`lost`, `gained`, `introduced`, `removed`."""
        return (self.lost, self.gained, self.introduced, self.removed)

    def summary(self) -> str:
        """`lost 3, gained 5, new errors 1, errors gone 0`."""
        names = ("lost", "gained", "new errors", "errors gone")
        counts = zip(names, map(len, self.parts()), strict=True)
        return ", ".join(f"{name} {count}" for name, count in counts)


def outcomes_of(pairs: Iterable[DocumentPair], task: Task, options: Any) -> Outcomes:
    """The outcome of every mention of documents whose labels are as they are compared."""
    found: set[Mention] = set()
    missed: set[Mention] = set()
    spurious: set[Mention] = set()
    for pair in pairs:
        for outcome in task.outcomes(pair, options):
            if outcome.right:
                found.add(Mention(pair.gold.id, *task.mention(outcome.gold)))
                continue
            if outcome.gold is not None:
                missed.add(Mention(pair.gold.id, *task.mention(outcome.gold)))
            if outcome.predicted is not None:
                spurious.add(Mention(pair.gold.id, *task.mention(outcome.predicted)))
    return Outcomes(frozenset(found), frozenset(missed - found), frozenset(spurious - found))


def flips(reference: Outcomes, other: Outcomes) -> Flips:
    """What changes from `reference` to `other`, two outcomes on the same gold."""
    return Flips(
        lost=tuple(sorted(reference.found - other.found)),
        gained=tuple(sorted(other.found - reference.found)),
        introduced=tuple(sorted(other.spurious - reference.spurious)),
        removed=tuple(sorted(reference.spurious - other.spurious)),
    )


def mention_lines(
    mentions: Sequence[Mention], texts: Mapping[str, str], *, limit: int | None = None
) -> list[str]:
    """A line per mention (`in_text`), of which `limit`, and one that says how many more there
    are."""
    lines = [in_text(mention, texts) for mention in mentions[:limit]]
    if limit is not None and len(mentions) > limit:
        lines.append(f"… and {len(mentions) - limit} more")
    return lines


def in_text(mention: Mention, texts: Mapping[str, str]) -> str:
    """A mention with its surroundings on a line, without control characters.

    `texts` may lack its document: then it is named by offset alone. Of a long mention (a quotation)
    the beginning and the end are shown.
    """
    place = printable(f"{mention.label} {mention.document} [{mention.start}, {mention.end})")
    passage = passage_of(mention, texts)
    if passage is None:
        return place
    before, inside, after = passage
    return f"{place}: {before}[{inside}]{after}"


def passage_of(mention: Mention, texts: Mapping[str, str]) -> tuple[str, str, str] | None:
    """What stands before a mention, the mention, what stands behind it; `None` without the text."""
    text = texts.get(mention.document)
    if text is None:
        return None
    start, end = mention.start, mention.end
    if end - start > 3 * _WIDTH:
        text = f"{text[: start + _WIDTH]} … {text[end - _WIDTH :]}"
        end = start + 2 * _WIDTH + 3
    return surroundings(text, (start, end), width=_WIDTH)
