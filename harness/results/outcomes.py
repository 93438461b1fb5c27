"""What became of every mention, and which change from one backend to another.

Mentions are compared one by one and by offset, as the task names them: an entity by span and
label, a relation by its content's hull and its kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.annotation import context, printable
from harness.tasks.base import Pair, Task

__all__ = ["Flips", "Mention", "Outcomes", "flips", "describe", "outcomes_of"]


class Mention(NamedTuple):
    """An item of a task, by document and code-point offsets."""

    document: str
    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of every mention: gold ones are found or missed, predicted ones may be spurious.

    A gold mention that met a wrong partner (boundary, type) is missed, and its partner spurious.
    """

    found: frozenset[Mention]
    missed: frozenset[Mention]
    spurious: frozenset[Mention]

    @property
    def gold(self) -> frozenset[Mention]:
        return self.found | self.missed


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

    def of(self, label: str) -> Flips:
        """Only the mentions with that label."""
        return Flips(*(tuple(m for m in part if m.label == label) for part in self.parts()))

    def parts(self) -> tuple[tuple[Mention, ...], ...]:
        """`lost`, `gained`, `introduced`, `removed`."""
        return (self.lost, self.gained, self.introduced, self.removed)

    def summary(self) -> str:
        """`lost 3, gained 5, new errors 1, errors gone 0`."""
        names = ("lost", "gained", "new errors", "errors gone")
        counts = zip(names, map(len, self.parts()), strict=True)
        return ", ".join(f"{name} {count}" for name, count in counts)


def outcomes_of(pairs: Iterable[Pair], task: Task, options: Any) -> Outcomes:
    """The outcome of every mention of documents whose labels are as they are compared."""
    found: set[Mention] = set()
    missed: set[Mention] = set()
    spurious: set[Mention] = set()
    for pair in pairs:
        for outcome in task.outcomes(pair, options):
            if outcome.right:
                found.add(Mention(pair.gold.id, *task.named(outcome.gold)))
                continue
            if outcome.gold is not None:
                missed.add(Mention(pair.gold.id, *task.named(outcome.gold)))
            if outcome.predicted is not None:
                spurious.add(Mention(pair.gold.id, *task.named(outcome.predicted)))
    return Outcomes(frozenset(found), frozenset(missed - found), frozenset(spurious - found))


def flips(reference: Outcomes, other: Outcomes) -> Flips:
    """What changes from `reference` to `other`, two outcomes on the same gold."""
    return Flips(
        lost=tuple(sorted(reference.found - other.found)),
        gained=tuple(sorted(other.found - reference.found)),
        introduced=tuple(sorted(other.spurious - reference.spurious)),
        removed=tuple(sorted(reference.spurious - other.spurious)),
    )


def describe(
    mentions: Sequence[Mention], texts: Mapping[str, str], *, limit: int = 20, width: int = 40
) -> list[str]:
    """A line per mention with its surroundings, without control characters.

    `texts` may lack documents: their mentions are named by offset alone.
    """
    lines = []
    for mention in mentions[:limit]:
        text = texts.get(mention.document)
        place = f"{printable(mention.document)} [{mention.start}, {mention.end})"
        shown = "" if text is None else f": {_in_context(text, mention, width)}"
        lines.append(f"{printable(mention.label)} {place}{shown}")
    if len(mentions) > limit:
        lines.append(f"… and {len(mentions) - limit} more")
    return lines


def _in_context(text: str, mention: Mention, width: int) -> str:
    """The surroundings; of a long mention (a quotation) the beginning and the end."""
    length = mention.end - mention.start
    if length <= 3 * width:
        return context(text, mention[1:3], width=width)
    head, tail = text[: mention.start + width], text[mention.end - width :]
    shown = f"{head} … {tail}"
    return context(shown, (mention.start, mention.start + 2 * width + 3), width=width)
