"""What is to be mended: every item in a case, which is right, or wrong for the reasons it names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = ["Case", "ExplainedMeasure", "cases_of"]


class Case(NamedTuple):
    """Gold items and predictions that belong together; every item of a document is in one case.

    Right without any kind. Else all of its kinds have to be mended before it is right: then each of
    its gold items is found, by one prediction each, and of its predictions no other is left.
    """

    kinds: tuple[str, ...]
    gold: tuple[Any, ...]
    predicted: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ExplainedMeasure:
    """Which F the cases of a task are about."""

    title: str
    """What counts as right, for the head of a table."""
    part: int | str = 0
    """The measure whose counts they have to give: its place among the parts, or its name."""
    read: Mapping[str, Any] = field(default_factory=dict)
    """Options with which the counts are to be read, where the run had others."""
    besides: frozenset[str] = frozenset()
    """Kinds that this measure knows nothing of: what is wrong by them alone it counts as right."""


def cases_of(outcomes: Iterable[Any]) -> Iterator[Case]:
    """A case for each outcome (`harness.tasks.base.Outcome`), wrong by its class of error."""
    for one in outcomes:
        gold = () if one.gold is None else (one.gold,)
        predicted = () if one.predicted is None else (one.predicted,)
        yield Case(() if one.right else (one.error,), gold, predicted)
