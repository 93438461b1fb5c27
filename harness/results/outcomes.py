"""Which mentions one backend finds and another does not: the differences behind a difference.

Mentions are compared as strict scoring compares them, one by one and by offset. For attribution a
relation is found when its content is (`found50`), and named by its content's hull and its kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness.annotation import Attribution, Entity, Task, context, printable
from harness.results.pairs import Pair
from harness.tasks.attribution import count as attribution
from harness.tasks.ner import count as ner

__all__ = ["Flips", "Mention", "Outcomes", "describe", "flips", "named", "outcomes"]


class Mention(NamedTuple):
    """An entity or a relation, by document and code-point offsets."""

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


def outcomes(
    pairs: Iterable[Pair],
    task: Task,
    options: ner.NerOptions,
    attribution_options: attribution.AttributionOptions | None = None,
) -> Outcomes:
    """The outcome of every mention of documents whose labels are in one schema already."""
    found: set[Mention] = set()
    missed: set[Mention] = set()
    spurious: set[Mention] = set()
    for pair in pairs:
        walk = _entities(pair, options) if task == "ner" else _relations(pair, attribution_options)
        for right, gold, predicted in walk:
            if right:
                assert gold is not None
                found.add(gold)
                continue
            if gold is not None:
                missed.add(gold)
            if predicted is not None:
                spurious.add(predicted)
    return Outcomes(frozenset(found), frozenset(missed - found), frozenset(spurious - found))


def named(document: str, item: Attribution) -> Mention:
    """The name of a relation: its content's hull and its kind. Several may have the same."""
    return Mention(
        document, item.content[0].start, item.content[-1].end, item.kind or "attribution"
    )


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


_Outcome = tuple[bool, Mention | None, Mention | None]


def _entities(pair: Pair, options: ner.NerOptions) -> Iterator[_Outcome]:
    def mention(entity: Entity | None) -> Mention | None:
        if entity is None:
            return None
        return Mention(pair.gold.id, entity.start, entity.end, entity.label)

    for error, gold, predicted in ner.mentions(
        pair.gold.annotations.entities or (),
        pair.predicted.entities or (),
        options,
        text=pair.gold.text,
        ignore=pair.gold.ignore,
    ):
        yield error == "correct", mention(gold), mention(predicted)


def _relations(pair: Pair, options: attribution.AttributionOptions | None) -> Iterator[_Outcome]:
    def mention(item: Attribution | None) -> Mention | None:
        return None if item is None else named(pair.gold.id, item)

    for item in attribution.pairs(
        pair.gold.annotations.attributions or (),
        pair.predicted.attributions or (),
        options,
        text=pair.gold.text or "",
        ignore=pair.gold.ignore,
    ):
        yield item.dice >= 0.5, mention(item.gold), mention(item.predicted)
