"""Where perturbations have moved annotations, and which of them are missed there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from harness.errors import NothingMeasured, UsageError
from harness.gold.goldset import GoldSet
from harness.results.finder import GoldFinder
from harness.results.outcomes import Mention, Outcomes
from harness.tasks.base import Task

__all__ = ["Moves", "missed_where_moved"]

Hull: TypeAlias = tuple[str, int, int]
"""Of an annotation: document, start, end."""


def missed_where_moved(
    found: Iterable[Mention], there: Outcomes, moved: Mapping[Hull, Hull | None]
) -> Iterator[tuple[Mention, Mention]]:
    """Mentions that were found, and are missed where they are now; by document and offset.

    What an item is called may be read from the text (whether a quotation is direct), and then be
    another after a perturbation: where it is alone on its hull it is the same item all the same.
    """
    on_hull: dict[Hull, list[Mention]] = {}
    for mention in there.gold:
        on_hull.setdefault(mention[:3], []).append(mention)
    for one in sorted(found):
        hull = moved.get(one[:3])
        if hull is None:
            continue
        ours = on_hull.get(hull, [])
        now = Mention(*hull, one.label)
        if now not in ours and len(ours) == 1:
            (now,) = ours
        if now in there.missed:
            yield one, now


@dataclass(frozen=True, eq=False)
class Moves:
    """Where a perturbation has moved annotations, each set and task looked at once."""

    finder: GoldFinder
    known: dict[tuple[str, str], dict[Hull, Hull | None]] = field(default_factory=dict)

    def of(self, gold: str, task: Task) -> dict[Hull, Hull | None]:
        """Each annotation's hull as it was, with what it is now; `None` where nothing is left, or
        two that had one hull have different ones."""
        key = gold, task.name
        if key not in self.known:
            goldset = self.finder.find(gold)
            if goldset is None:
                raise NothingMeasured(f"gold set {gold!r} is not at hand")
            self.known[key] = _moved(goldset, task)
        return self.known[key]


def _moved(goldset: GoldSet, task: Task) -> dict[Hull, Hull | None]:
    of = goldset.perturbed
    if of is None:
        raise UsageError(f"{goldset.name} is no perturbed gold set")
    out: dict[Hull, Hull | None] = {}
    for record in of.original.records():
        items = task.items(record.annotations)
        # A layer of its own for each item tells which has become which, though some are gone.
        layers = record.annotations
        marks = {f"#{place}": (item,) for place, item in enumerate(items)}
        marked = replace(layers, others={**layers.others, **marks})
        now = of.apply(record.with_annotations(marked)).annotations.others
        for place, item in enumerate(items):
            hull = (record.id, *task.mention(item)[:2])
            left = now[f"#{place}"]
            to = (record.id, *task.mention(left[0])[:2]) if left else None
            out[hull] = to if out.get(hull, to) == to else None
    return out
