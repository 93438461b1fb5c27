"""What backends find together: union, intersection, majority, and what only one of them finds.

Right and wrong predictions are put together by one rule (`together`): relations where contents
share at least half, entities where span and label are the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from harness.decide.compare import check_same_count
from harness.decide.same_answers import Answers, answers_of, same_answers, votes
from harness.errors import NothingMeasured
from harness.results.scored import Scored, read_with
from harness.stats.rates import defined, rates

__all__ = ["Combination", "Complement", "complement"]


@dataclass(frozen=True, slots=True)
class Combination:
    """The score of several backends taken together.

    `rule` says which predictions count: `one` (a backend alone), `any` (union), `all`
    (intersection) or `most` (more than half of them). An entity is right under strict matching, a
    relation where it is found (`found50`). A right answer counts once for a gold mention, a wrong
    one as often as the backends that it needs give it.
    """

    rule: str
    names: tuple[str, ...]
    precision: float | None
    recall: float | None
    f1: float | None
    right: int
    predicted: int
    gold: int


@dataclass(frozen=True, slots=True)
class Complement:
    """How backends complete each other on one gold set and task."""

    gold: str
    task: str
    signature: str
    same: str
    """Which answers are the same, a sentence."""
    combinations: tuple[Combination, ...]
    """Each backend alone; every pair's union and intersection; of three and more all together."""
    only: dict[str, int]
    """Gold mentions that this backend alone finds."""
    nobody: int
    """Gold mentions that none of them finds."""
    matrix: dict[str, dict[str, int]]
    """`matrix[a][b]`: gold mentions that `a` finds and `b` misses."""


def complement(scored: Sequence[Scored], *, force: bool = False) -> Complement:
    """Put backends on the same gold set and task together.

    Raises `NothingMeasured` for fewer than two backends and where predictions or gold are not at
    hand; `NotComparable` where they were counted differently.
    """
    if len(scored) < 2:
        raise NothingMeasured("it takes two backends to complement each other")
    check_same_count(scored, force=force)
    answers = {one.name: answers_of(one) for one in scored}
    names = tuple(answers)
    gold = next(iter(answers.values())).gold
    combinations_ = [_score("one", (name,), answers, len(gold)) for name in names]
    for pair in combinations(names, 2):
        combinations_ += [_score(rule, pair, answers, len(gold)) for rule in ("any", "all")]
    if len(names) > 2:
        combinations_ += [
            _score(rule, names, answers, len(gold)) for rule in ("any", "most", "all")
        ]
    finders = Counter(mention for one in answers.values() for mention in one.found)
    return Complement(
        gold=scored[0].gold,
        task=scored[0].task,
        signature=str(_as_named(scored[0]).signature),
        same=scored[0].definition.same_text,
        combinations=tuple(combinations_),
        only={
            name: sum(finders[mention] == 1 for mention in one.found)
            for name, one in answers.items()
        },
        nobody=sum(not finders[mention] for mention in gold),
        matrix={
            a: {b: len(answers[a].found - answers[b].found) for b in names if b != a} for a in names
        },
    )


def _score(
    rule: str, names: tuple[str, ...], answers: dict[str, Answers], gold: int
) -> Combination:
    needed = {"one": 1, "any": 1, "all": len(names), "most": len(names) // 2 + 1}[rule]
    finders = Counter(mention for name in names for mention in answers[name].found)
    right = sum(count >= needed for count in finders.values())
    wrong = sum(votes(group, needed) for group in same_answers([answers[name] for name in names]))
    precision, recall, f1 = map(defined, rates(right, gold, right, right + wrong))
    return Combination(rule, names, precision, recall, f1, right, right + wrong, gold)


def _as_named(scored: Scored) -> Scored:
    """As its mentions are told apart: by span and label, whatever the match mode."""
    return read_with(scored, match="strict")
