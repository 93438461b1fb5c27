"""What the HTML page shows of each document: every mention with its error class, per backend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.annotation import Record
from harness.gold.goldset import GoldSet
from harness.media import one_line
from harness.report.html import BrowsedDocument, BrowsedGold, BrowsedItem, MarkedSpan
from harness.results.finder import GoldFinder
from harness.results.load import scored_in
from harness.results.record import RunRecord
from harness.results.scored import Scored
from harness.results.stored import inside
from harness.tasks.base import DocumentPair, Task

__all__ = ["MOST_DOCUMENTS", "browse"]

MOST_DOCUMENTS = 50
"""A page with more would be too large to open; the first ones are shown."""


def browse(
    record: RunRecord, folder: str | Path, finder: GoldFinder | None = None
) -> tuple[list[BrowsedGold], list[str]]:
    """A group per gold set and task, and a sentence for whatever cannot be shown.

    Gold that has changed since the run or is not at hand is left out, since its marks would stand
    in the wrong places; so are results whose predictions are gone.
    """
    finder = finder or GoldFinder()
    finder.learn(record, folder)
    shown: list[BrowsedGold] = []
    missing: list[str] = []
    for recorded in record.gold:
        goldset = finder.find(recorded.name)
        if goldset is None:
            missing.append(
                f"{recorded.name}: its mentions are not shown, since the gold set is not at hand; "
                "say where it lies with --gold"
            )
            continue
        if goldset.digest != recorded.digest:
            missing.append(
                f"{recorded.name}: its mentions are not shown, since the gold set at "
                f"{goldset.path} is not the one of the run (another digest)"
            )
            continue
        golds = list(goldset.records())
        if len(golds) > MOST_DOCUMENTS:
            missing.append(
                f"{recorded.name}: the first {MOST_DOCUMENTS} of {len(golds)} documents are shown"
            )
        for task in recorded.tasks:
            results = []
            for result in record.select(gold=recorded.name, task=task):
                if result.sanity:
                    continue
                said = result.predictions
                if said is not None and inside(folder, said, "predictions").exists():
                    results.append(result)
                elif result.answered:
                    missing.append(f"{result.backend} on {recorded.name}: its predictions are gone")
            if results:
                scored = scored_in(record, folder, results, finder=finder)
                shown.append(_group(goldset, golds, scored))
    return shown, missing


def _group(goldset: GoldSet, golds: list[Record], scored: list[Scored]) -> BrowsedGold:
    shown = golds[:MOST_DOCUMENTS]
    items: dict[str, dict[str, tuple[BrowsedItem, ...]]] = {gold.id: {} for gold in shown}
    for one in scored:
        pairs = {pair.gold.id: pair for pair in one.pairs()}
        for gold in shown:
            pair = pairs.get(gold.id)
            made = () if pair is None else _items(pair, one.definition, one.options)
            items[gold.id][one.backend] = tuple(made)
    documents = tuple(BrowsedDocument(gold.id, gold.text or "", items[gold.id]) for gold in shown)
    name = f"{goldset.name}: {scored[0].task}"
    return BrowsedGold(name, tuple(one.backend for one in scored), documents)


def _items(pair: DocumentPair, task: Task, options: Any) -> Iterator[BrowsedItem]:
    text = pair.gold.text or ""
    for outcome in task.outcomes(pair, options):
        sides = [
            f"{name} {one_line(task.describe(side, text))}"
            for name, side in (("gold", outcome.gold), ("predicted", outcome.predicted))
            if side is not None
        ]
        yield BrowsedItem(
            outcome.error,
            "; ".join(sides),
            _marks(task, outcome.gold),
            _marks(task, outcome.predicted),
        )


def _marks(task: Task, item: Any | None) -> tuple[MarkedSpan, ...]:
    if item is None:
        return ()
    return tuple(MarkedSpan(span.start, span.end, label) for label, span in task.marked_spans(item))
