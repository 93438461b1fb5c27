"""Where to look for errors in the gold: what all backends say against it, and what none finds.

Of the "errors" of good models on CoNLL-2003, 47 % were errors of the gold (Rücker and Akbik 2023,
"CleanCoNLL"). Backends that were made independently seldom invent the same mention, so the places
where all of them agree against the gold come first on a review list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.annotation import Task
from harness.comparison import check_same_count
from harness.comparison.systems import System
from harness.errors import NothingMeasured, UsageError
from harness.flips import Mention

__all__ = ["Audit", "Candidate", "audit"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mention to look at, with the gold mentions that it overlaps."""

    mention: Mention
    backends: tuple[str, ...]
    """Those that predict it (`against`), or those asked in vain (`missed`)."""
    gold: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True)
class Audit:
    """A review list for one gold set and task, in the order of the texts."""

    gold: str
    task: Task
    backends: tuple[str, ...]
    agree: int
    """How many backends have to agree."""
    against: tuple[Candidate, ...]
    """Predicted by at least `agree` backends, and not in the gold."""
    missed: tuple[Candidate, ...]
    """In the gold, and found by none of the backends."""
    texts: dict[str, str] = field(default_factory=dict, repr=False)


def audit(systems: Sequence[System], *, agree: int | None = None, force: bool = False) -> Audit:
    """Compare systems on one gold set with the gold.

    `agree` is how many of them have to predict a mention; all of them unless given. Raises
    `NothingMeasured` for fewer than two systems and where predictions or gold are not at hand,
    `UsageError` for a number that cannot be.
    """
    if len(systems) < 2:
        raise NothingMeasured("an audit takes at least two backends: one alone agrees with itself")
    needed = len(systems) if agree is None else agree
    if not 2 <= needed <= len(systems):
        raise UsageError(f"--agree {needed}: expected a number from 2 to {len(systems)} (backends)")
    check_same_count(systems, force=force)
    votes: dict[Mention, list[str]] = {}
    found: Counter[Mention] = Counter()
    gold: frozenset[Mention] = frozenset()
    for system in systems:
        outcomes = system.outcomes
        if outcomes is None:
            raise NothingMeasured(f"its mentions cannot be looked at: {system.without_outcomes}")
        gold |= outcomes.gold
        found.update(outcomes.found)
        for mention in outcomes.spurious:
            votes.setdefault(mention, []).append(system.name)
    names = tuple(system.name for system in systems)
    by_document: dict[str, list[Mention]] = {}
    for mention in sorted(gold):
        by_document.setdefault(mention.document, []).append(mention)
    return Audit(
        gold=systems[0].gold,
        task=systems[0].task,
        backends=names,
        agree=needed,
        against=tuple(
            Candidate(mention, tuple(votes[mention]), _overlapping(mention, by_document))
            for mention in sorted(votes)
            if len(votes[mention]) >= needed and mention not in gold
        ),
        missed=tuple(Candidate(mention, names) for mention in sorted(gold) if not found[mention]),
        texts=systems[0].texts(),
    )


def _overlapping(mention: Mention, by_document: dict[str, list[Mention]]) -> tuple[Mention, ...]:
    return tuple(
        other
        for other in by_document.get(mention.document, ())
        if other.start < mention.end and mention.start < other.end
    )
