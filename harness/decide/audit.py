"""Where to look for errors in the gold: what all backends say against it, and what none finds.

Of the "errors" of good models on CoNLL-2003, 47 % were errors of the gold (Rücker and Akbik 2023,
"CleanCoNLL"). Backends that were made independently seldom invent the same mention, so the places
where all of them agree against the gold come first on a review list. They agree by the rule of
`harness.decide.same_answers`: entities in span and label, relations where contents share at least
half.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from harness.decide.compare import check_same_count
from harness.decide.same_answers import AnswerItem, Answers, answers_of, same_answers
from harness.errors import NothingMeasured, UsageError
from harness.results.outcomes import Mention
from harness.results.scored import Scored

__all__ = ["Audit", "Suspect", "audit"]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A mention to look at, with the gold mentions that it overlaps."""

    mention: Mention
    """Where backends give a relation different contents: the one whose name comes first."""
    backends: tuple[str, ...]
    """Those that predict it (`against`), or those asked in vain (`missed`)."""
    gold: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True)
class Audit:
    """A review list for one gold set and task, in the order of the texts."""

    gold: str
    task: str
    backends: tuple[str, ...]
    agree: int
    """How many backends have to agree."""
    against: tuple[Suspect, ...]
    """Predicted by at least `agree` backends, and not in the gold."""
    missed: tuple[Suspect, ...]
    """In the gold, and found by none of the backends."""
    texts: dict[str, str] = field(default_factory=dict, repr=False)


def audit(scored: Sequence[Scored], *, agree: int | None = None, force: bool = False) -> Audit:
    """Compare backends on one gold set with the gold.

    `agree` is how many of them have to predict a mention; all of them unless given. Raises
    `NothingMeasured` for fewer than two backends and where predictions or gold are not at hand,
    `UsageError` for a number that cannot be.
    """
    if len(scored) < 2:
        raise NothingMeasured("an audit takes at least two backends: one alone agrees with itself")
    needed = len(scored) if agree is None else agree
    if not 2 <= needed <= len(scored):
        raise UsageError(f"--agree {needed}: expected a number from 2 to {len(scored)} (backends)")
    check_same_count(scored, force=force)
    answers = {one.name: answers_of(one) for one in scored}
    names = tuple(answers)
    gold = frozenset[AnswerItem]().union(*(one.gold for one in answers.values()))
    found = frozenset[AnswerItem]().union(*(one.found for one in answers.values()))
    known = {item.mention for item in gold}
    return Audit(
        gold=scored[0].gold,
        task=scored[0].task,
        backends=names,
        agree=needed,
        against=tuple(_against(answers, known, needed)),
        missed=tuple(Suspect(m, names) for m in sorted(one.mention for one in gold - found)),
        texts=scored[0].texts(),
    )


def _against(answers: Mapping[str, Answers], gold: Set[Mention], needed: int) -> list[Suspect]:
    """A candidate for each group of wrong answers that enough backends have a part in.

    An answer that has the name of a gold mention (a relation that one more source is given for) is
    nothing to look for in the gold.
    """
    by_document: dict[str, list[Mention]] = {}
    for mention in sorted(gold):
        by_document.setdefault(mention.document, []).append(mention)
    candidates = []
    for group in same_answers(list(answers.values())):
        said: dict[str, Mention] = {}
        for name, members in zip(answers, group, strict=True):
            strange = [item.mention for item in members if item.mention not in gold]
            if strange:
                said[name] = min(strange)
        if len(said) >= needed:
            shown = said[min(said)]
            candidates.append(Suspect(shown, tuple(said), _overlapping(shown, by_document)))
    return sorted(candidates, key=lambda candidate: candidate.mention)


def _overlapping(mention: Mention, by_document: dict[str, list[Mention]]) -> tuple[Mention, ...]:
    return tuple(
        other
        for other in by_document.get(mention.document, ())
        if other.start < mention.end and mention.start < other.end
    )
