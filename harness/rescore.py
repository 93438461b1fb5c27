"""Scores and resampling counts out of a run record: no model, no text, no matching again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.record import Result, iter_units
from harness.scoring.attribution import AttributionOptions, AttributionScore, AttributionTally
from harness.scoring.attribution import score as attribution_score
from harness.scoring.attribution import total as attribution_total
from harness.scoring.counts import NerTally
from harness.scoring.counts import total as ner_total
from harness.scoring.ner import NerOptions, NerScore
from harness.scoring.ner import score as ner_score

__all__ = ["HEADLINE", "UnitCounts", "counts_of", "full_score", "unit_counts"]

HEADLINE = {"ner": "strict micro", "attribution": "found50"}
"""The measure by which a task's backends are ranked."""

Triple = tuple[int, int, int]
"""`(tp, predicted, gold)`."""


@dataclass(frozen=True, slots=True)
class UnitCounts:
    """One row per unit: its document (numbered in order of appearance) and its counts."""

    documents: tuple[int, ...]
    counts: tuple[Triple, ...]

    @property
    def document_count(self) -> int:
        return len(set(self.documents))


def full_score(
    result: Result, folder: str | Path, options: NerOptions | None = None
) -> NerScore | AttributionScore | None:
    """The whole score of a result, recomputed from its units; `None` where it has none.

    `folder` is the record's folder (large gold sets keep their units in a file beside it).
    """
    tallies = [unit.tally for unit in iter_units(result, folder)]
    if not tallies:
        return None
    if result.task == "ner":
        return ner_score(ner_total(map(NerTally.from_json, tallies)), options or NerOptions())
    capabilities = result.declaration.capabilities if result.declaration else None
    return attribution_score(
        attribution_total(map(AttributionTally.from_json, tallies)),
        AttributionOptions(),
        capabilities=capabilities,
    )


def unit_counts(
    result: Result, folder: str | Path, *, label: str | None = None, relation: str = "found50"
) -> UnitCounts:
    """Counts per paragraph for resampling: strict entities (all types, or one), or a relation."""
    numbers: dict[str, int] = {}
    documents: list[int] = []
    rows: list[Triple] = []
    for unit in iter_units(result, folder):
        documents.append(numbers.setdefault(unit.document, len(numbers)))
        if result.task == "ner":
            rows.append(counts_of(NerTally.from_json(unit.tally), label))
        else:
            rows.append(AttributionTally.from_json(unit.tally).relation(relation))
    return UnitCounts(tuple(documents), tuple(rows))


def counts_of(tally: NerTally, label: str | None = None) -> Triple:
    """Strict `(tp, predicted, gold)` of a tally, over all types or for one label."""
    if label is None:
        tp = sum(tally.correct.values())
        errors = [(cell[1], cell[2], n) for cell, n in tally.errors.items()]
        gold = tp + sum(n for here, _, n in errors if here is not None)
        predicted = tp + sum(n for _, there, n in errors if there is not None)
        return tp, predicted, gold
    tp = tally.correct.get(label, 0)
    gold = tp + sum(n for cell, n in tally.errors.items() if cell[1] == label)
    predicted = tp + sum(n for cell, n in tally.errors.items() if cell[2] == label)
    return tp, predicted, gold
