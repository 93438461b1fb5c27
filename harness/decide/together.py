"""Which answers of several backends are the same: by one rule for right and for wrong ones.

A relation is right where it is found (`found50`: a content Dice of at least .5 with its gold
partner), and two wrong ones are the same where their contents have that Dice with each other. If
wrong ones had to be identical, an intersection would drop errors that backends share but cut
differently, and a union would count one error several times. Entities, right or wrong, are the
same where span and label are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness.annotation import Attribution
from harness.errors import HarnessError, NothingMeasured
from harness.results.outcomes import Mention, named
from harness.results.pairs import Pair
from harness.results.systems import System
from harness.tasks.attribution import count as attribution
from harness.tasks.attribution.characters import Characters, Element, common

__all__ = ["Answers", "Group", "Item", "answers_of", "groups", "relations", "votes"]


class Item(NamedTuple):
    """An entity or a relation; relations that share hull and kind are told apart by the whole."""

    mention: Mention
    relation: Attribution | None = None
    content: Element | None = None
    """A wrong relation's content as the scorer sees it."""

    @property
    def place(self) -> tuple[str, int, int]:
        """Document, start and end; items that are the same overlap."""
        if self.content is None:
            return self.mention[:3]
        return self.mention.document, self.content.start, self.content.end


@dataclass(frozen=True, slots=True)
class Answers:
    """What a backend answered on a gold set, as strict or `found50` scoring counts it."""

    gold: frozenset[Item]
    found: frozenset[Item]
    """Gold ones that it found: each stands for a right prediction."""
    wrong: tuple[Item, ...]
    """Its other predictions, in an order that does not depend on the order of its answers."""


Group = tuple[tuple[Item, ...], ...]
"""Wrong answers that are the same: for every backend its own, in the order of the text."""


def answers_of(system: System) -> Answers:
    """The answers behind a system's counts.

    Raises `NothingMeasured` where predictions or gold are not at hand. Outcomes that a baseline
    kept will do for entities; they do not have the contents of relations.
    """
    if system.task == "ner":
        known = system.outcomes
        if known is None:
            raise _not_at_hand(system, system.without_outcomes)
        return Answers(
            frozenset(map(Item, known.gold)),
            frozenset(map(Item, known.found)),
            tuple(map(Item, sorted(known.spurious))),
        )
    if system.pairs is None:
        raise _not_at_hand(system, "they were not kept")
    try:
        return relations(system.pairs(), system.attribution_options)
    except (HarnessError, OSError) as error:
        raise _not_at_hand(system, str(error)) from error


def relations(
    pairs: Iterable[Pair], options: attribution.AttributionOptions | None = None
) -> Answers:
    """The answers of a backend that looks for attributions; every document once.

    What the scorer leaves out (repetitions, contents within ignored regions) is no answer. Two
    predictions that differ only in their source are two.
    """
    gold: set[Item] = set()
    found: set[Item] = set()
    wrong: list[Item] = []
    for pair in pairs:
        record, text = pair.gold, pair.gold.text or ""
        characters = Characters(text, record.ignore)
        for item in attribution.pairs(
            record.annotations.attributions or (),
            pair.predicted.attributions or (),
            options,
            text=text,
            ignore=record.ignore,
        ):
            right = item.dice >= 0.5
            if item.gold is not None:
                wanted = Item(named(record.id, item.gold), item.gold)
                gold.add(wanted)
                if right:
                    found.add(wanted)
            if item.predicted is not None and not right:
                content = characters.element(item.predicted.content)
                wrong.append(Item(named(record.id, item.predicted), item.predicted, content))
    return Answers(frozenset(gold), frozenset(found), tuple(wrong))


def groups(sides: Sequence[Sequence[Item]]) -> list[Group]:
    """Wrong answers that are the same, for the wrong answers of each of several backends.

    Answers of different backends that are the same are linked; a group is what hangs together,
    through others too. Answers of one backend are not linked with each other: they are several
    even where they share a content. Only the backends given here link: another one glues nothing.
    """
    entries = sorted(
        (item.place, item.mention, side, number)
        for side, items in enumerate(sides)
        for number, item in enumerate(items)
    )
    items = [sides[side][number] for _, _, side, number in entries]
    above = list(range(len(entries)))

    def root(node: int) -> int:
        while above[node] != node:
            above[node] = node = above[above[node]]
        return node

    near: list[int] = []
    for here, ((document, start, _), _, side, _) in enumerate(entries):
        near = [n for n in near if items[n].place[0] == document and items[n].place[2] > start]
        for there in near:
            if entries[there][2] != side and _same(items[here], items[there]):
                above[root(here)] = root(there)
        near.append(here)
    members: dict[int, list[list[Item]]] = {}
    for here, (_, _, side, _) in enumerate(entries):
        group = members.setdefault(root(here), [[] for _ in sides])
        group[side].append(items[here])
    return [tuple(map(tuple, group)) for group in members.values()]


def votes(group: Group, needed: int) -> int:
    """How many wrong answers of a group at least `needed` backends give.

    The `needed`-th largest of the numbers of answers that each backend has in it: 1 and a 3rd
    backend's 2 are one answer of both, and two of either.
    """
    return sorted(map(len, group), reverse=True)[needed - 1]


def _same(one: Item, other: Item) -> bool:
    if one.content is None or other.content is None:
        return one.mention == other.mention
    # Dice >= 1/2 in integers, as the scorer counts it.
    return 4 * common(one.content, other.content) >= one.content.size + other.content.size


def _not_at_hand(system: System, reason: str) -> NothingMeasured:
    return NothingMeasured(
        f"{system.name} on {system.gold}: its predictions or the gold set are not at hand "
        f"({reason})"
    )
