"""Scores and resampling counts out of a run record: no model, no text, no matching again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.results.record import Result, iter_units
from harness.signature import Signature
from harness.tasks.attribution.count import AttributionOptions, AttributionScore, AttributionTally
from harness.tasks.attribution.count import score as attribution_score
from harness.tasks.attribution.count import total as attribution_total
from harness.tasks.ner.count import MATCH_MODES, NerOptions, NerScore
from harness.tasks.ner.count import score as ner_score
from harness.tasks.ner.tally import NerTally
from harness.tasks.ner.tally import total as ner_total

__all__ = [
    "UnitCounts",
    "counts_of",
    "full_score",
    "headline",
    "options_of",
    "tallies_of",
    "unit_counts",
]

Triple = tuple[float, int, int]
"""`(tp, predicted, gold)`; `tp` may be a half under the match mode `partial`."""


@dataclass(frozen=True, slots=True)
class UnitCounts:
    """One row per unit: its document (numbered in order of appearance) and its counts."""

    documents: tuple[int, ...]
    counts: tuple[Triple, ...]


def full_score(
    result: Result, folder: str | Path, options: NerOptions | None = None
) -> NerScore | AttributionScore | None:
    """The whole score of a result, recomputed from its units; `None` where it has none.

    Without `options` entities are scored in the match mode that the result's signature names.
    `folder` is the record's folder (large gold sets keep their units in a file beside it).
    """
    tallies = [unit.tally for unit in iter_units(result, folder)]
    if not tallies:
        return None
    if result.task == "ner":
        return ner_score(ner_total(map(NerTally.from_json, tallies)), options or options_of(result))
    capabilities = result.declaration.capabilities if result.declaration else None
    return attribution_score(
        attribution_total(map(AttributionTally.from_json, tallies)),
        AttributionOptions(),
        capabilities=capabilities,
    )


def tallies_of(result: Result, folder: str | Path) -> list[NerTally | AttributionTally]:
    """The counts of every unit of a result."""
    read = NerTally.from_json if result.task == "ner" else AttributionTally.from_json
    return [read(unit.tally) for unit in iter_units(result, folder)]


def headline(result: Result) -> str:
    """The measure by which a result is ranked: `strict micro` (or another mode), `found50`."""
    return f"{options_of(result).match} micro" if result.task == "ner" else "found50"


def unit_counts(result: Result, folder: str | Path) -> UnitCounts:
    """Counts per paragraph of the measure that backends are ranked by, for resampling.

    Entities of all types in the match mode that the result's signature names; `found50` relations.
    """
    numbers: dict[str, int] = {}
    documents: list[int] = []
    rows: list[Triple] = []
    options = options_of(result)
    for unit in iter_units(result, folder):
        documents.append(numbers.setdefault(unit.document, len(numbers)))
        rows.append(_row(result, unit.tally, options))
    return UnitCounts(tuple(documents), tuple(rows))


def _row(result: Result, tally: Any, options: NerOptions) -> Triple:
    if result.task == "attribution":
        return AttributionTally.from_json(tally).relation("found50")
    counts = NerTally.from_json(tally)
    if options.match == "strict":
        return counts_of(counts)
    micro = ner_score(counts, options).micro
    return micro.tp, micro.predicted, micro.support


def options_of(result: Result) -> NerOptions:
    """How the mentions of a result were matched, by its signature."""
    if result.signature is None:
        return NerOptions()
    signature = Signature.parse(result.signature)
    return NerOptions(
        match=next((mode for mode in MATCH_MODES if mode == signature.match), "strict"),
        boundary="normalised" if signature.boundary == "normalised" else "raw",
    )


def counts_of(tally: NerTally, label: str | None = None) -> tuple[int, int, int]:
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
