"""Which answers of several backends are the same: by one rule for right and for wrong ones.

A right answer is the gold item that it found. Two wrong ones are the same where the task says so:
entities where span and label are, relations where their contents share at least half, as right
ones do with theirs. If wrong relations had to be identical, an intersection would drop errors that
backends share but cut differently, and a union would count one error several times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.annotation import Record, replaced
from harness.errors import HarnessError, NothingMeasured
from harness.results.outcomes import Mention
from harness.results.scored import Scored
from harness.results.stored import stored_predictions
from harness.tasks.base import Task

__all__ = ["Answers", "SameAnswers", "AnswerItem", "answered_alike", "answers_of", "same_answers"]
__all__ += ["votes"]


class AnswerItem(NamedTuple):
    """An answer or a gold item; items of one name are told apart by the whole."""

    mention: Mention
    item: Any = None
    """What the task found; `None` where a baseline kept the name alone."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a backend answered on a gold set, as outcomes tell it."""

    task: Task
    documents: dict[str, Record]
    gold: frozenset[AnswerItem]
    found: frozenset[AnswerItem]
    """Gold ones that it found: each stands for a right prediction."""
    wrong: tuple[AnswerItem, ...]
    """Its other predictions, in an order that does not depend on the order of its answers."""


SameAnswers = tuple[tuple[AnswerItem, ...], ...]
"""Wrong answers that are the same: for every backend its own, in the order of the text."""


def answers_of(scored: Scored) -> Answers:
    """The answers behind the counts of a backend.

    What the scorer leaves out (repetitions, what lies in ignored regions) is no answer. Raises
    `NothingMeasured` where predictions or gold are not at hand. Outcomes that a baseline kept will
    do where answers are told apart by their names.
    """
    task = scored.definition
    if task.same is None:
        outcomes = scored.outcomes
        if outcomes is None:
            raise _not_at_hand(scored, scored.without_outcomes)
        return Answers(
            task,
            {},
            frozenset(map(AnswerItem, outcomes.gold)),
            frozenset(map(AnswerItem, outcomes.found)),
            tuple(map(AnswerItem, sorted(outcomes.spurious))),
        )
    try:
        pairs = scored.pairs()
    except (HarnessError, OSError) as error:
        raise _not_at_hand(scored, str(error)) from error
    gold: set[AnswerItem] = set()
    found: set[AnswerItem] = set()
    wrong: list[AnswerItem] = []
    for pair in pairs:
        for outcome in task.outcomes(pair, scored.options):
            if outcome.gold is not None:
                wanted = AnswerItem(scored.mention(pair.gold.id, outcome.gold), outcome.gold)
                gold.add(wanted)
                if outcome.right:
                    found.add(wanted)
            if outcome.predicted is not None and not outcome.right:
                name = scored.mention(pair.gold.id, outcome.predicted)
                wrong.append(AnswerItem(name, outcome.predicted))
    documents = {pair.gold.id: pair.gold for pair in pairs}
    return Answers(task, documents, frozenset(gold), frozenset(found), tuple(wrong))


def same_answers(sides: Sequence[Answers]) -> list[SameAnswers]:
    """Wrong answers of several backends that are the same.

    Answers of different backends that are the same are linked; a group is what hangs together,
    through others too. Answers of one backend are not linked with each other: they are several
    even where they share a content. Only the backends given here link: another one glues nothing.
    """
    entries = sorted(
        (item.mention, side, number)
        for side, answers in enumerate(sides)
        for number, item in enumerate(answers.wrong)
    )
    items = [sides[side].wrong[number] for _, side, number in entries]
    above = list(range(len(entries)))

    def root(node: int) -> int:
        while above[node] != node:
            above[node] = node = above[above[node]]
        return node

    near: list[int] = []
    for here, (mention, side, _) in enumerate(entries):
        near = [
            n
            for n in near
            if items[n].mention.document == mention.document
            and items[n].mention.end > mention.start
        ]
        for there in near:
            if entries[there][1] != side and _same(sides[side], items[here], items[there]):
                above[root(here)] = root(there)
        near.append(here)
    members: dict[int, list[list[AnswerItem]]] = {}
    for here, (_, side, _) in enumerate(entries):
        group = members.setdefault(root(here), [[] for _ in sides])
        group[side].append(items[here])
    return [tuple(map(tuple, group)) for group in members.values()]


def answered_alike(one: Scored, other: Scored) -> bool:
    """Whether two results of runs hold the same answers to every document, in whatever order.

    Labels are taken as they were answered; confidences do not count, and why a document has no
    answer does not either. Raises `InputError` for a file of predictions that is not the run's, and
    `NothingMeasured` where one was not kept.
    """
    first, second = (side.result and side.result.predictions_digest for side in (one, other))
    return (bool(first) and first == second) or _all_said(one) == _all_said(other)


def _all_said(scored: Scored) -> dict[str, tuple[bool, Counter[Any]]]:
    """By document: whether there is an answer, and what is in it."""
    result, task = scored.result, scored.definition
    if result is None or result.predictions is None:
        raise _not_at_hand(scored, "the run kept no predictions")
    return {
        said.id: (said.error is None, Counter(map(_unsure, task.items(said.annotations))))
        for said in stored_predictions(result, scored.source)
    }


def _unsure(item: Any) -> Any:
    return replaced(item, score=None) if hasattr(item, "score") else item


def votes(group: SameAnswers, needed: int) -> int:
    """How many wrong answers of a group at least `needed` backends give.

    The `needed`-th largest of the numbers of answers that each backend has in it: 1 and a 3rd
    backend's 2 are one answer of both, and two of either.
    """
    return sorted(map(len, group), reverse=True)[needed - 1]


def _same(answers: Answers, one: AnswerItem, other: AnswerItem) -> bool:
    if answers.task.same is None:
        return one.mention == other.mention
    return answers.task.same(answers.documents[one.mention.document], one.item, other.item)


def _not_at_hand(scored: Scored, reason: str) -> NothingMeasured:
    return NothingMeasured(
        f"{scored.name} on {scored.gold}: its predictions or the gold set are not at hand "
        f"({reason})"
    )
