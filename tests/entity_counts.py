"""Counts of entities for tests: of a document, by paragraph, and the score of a sum."""

from __future__ import annotations

from collections.abc import Sequence

from harness.annotation import Entity, Span
from harness.tasks.ner.count import events, outcomes
from harness.tasks.ner.options import NerOptions
from harness.tasks.ner.score import score
from harness.tasks.ner.tally import cells
from harness.tasks.tally import Tally

__all__ = ["cells", "mentions", "number", "score", "tally", "tally_units", "total"]

mentions = outcomes
total = Tally.of


def tally(
    gold: Sequence[Entity],
    predicted: Sequence[Entity],
    options: NerOptions,
    *,
    text: str | None = None,
    ignore: Sequence[Span] = (),
) -> Tally:
    """The counts of one document."""
    (whole,) = tally_units(gold, predicted, options, text=text, ignore=ignore, starts=[0])
    return whole


def tally_units(
    gold: Sequence[Entity],
    predicted: Sequence[Entity],
    options: NerOptions,
    *,
    starts: Sequence[int],
    text: str | None = None,
    ignore: Sequence[Span] = (),
) -> list[Tally]:
    """The same by unit; `starts` are the offsets at which units begin."""
    return Tally.units(events(gold, predicted, options, text=text, ignore=ignore), starts)


def number(counts: Tally, name: str) -> int:
    """A count that has no more than a name."""
    return counts[(name,)]
