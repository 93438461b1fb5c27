"""What the HTML page shows of each document: every mention with its error class, per backend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.annotation import Attribution, Entity, Record, Span, Task, printable
from harness.gold.goldset import GoldSet
from harness.report.html import BrowsedDocument, BrowsedItem, Group, MarkedSpan
from harness.results.load import stored_terms
from harness.results.pairs import Pair, join
from harness.results.record import Result, RunRecord, stored_predictions
from harness.results.rescore import options_of
from harness.results.scored import together
from harness.results.systems import GoldFinder
from harness.tasks.attribution import count as attribution
from harness.tasks.attribution.count import AttributionOptions
from harness.tasks.ner import count as ner

__all__ = ["MOST_DOCUMENTS", "groups"]

MOST_DOCUMENTS = 50
"""A page with more would be too large to open; the first ones are shown."""


def groups(
    record: RunRecord, folder: str | Path, finder: GoldFinder | None = None
) -> tuple[list[Group], list[str]]:
    """A group per gold set and task, and a sentence for whatever cannot be shown.

    Gold that has changed since the run or is not at hand is left out, since its marks would stand
    in the wrong places; so are results whose predictions are gone.
    """
    finder = finder or GoldFinder()
    finder.learn(record, folder)
    found: list[Group] = []
    missing: list[str] = []
    for card in record.gold:
        goldset = finder.find(card.name)
        if goldset is None:
            missing.append(
                f"{card.name}: its mentions are not shown, since the gold set is not at hand; say "
                "where it lies with --gold"
            )
            continue
        if goldset.digest != card.digest:
            missing.append(
                f"{card.name}: its mentions are not shown, since the gold set at {goldset.path} "
                "is not the one of the run (another digest)"
            )
            continue
        golds = list(goldset.records())
        if len(golds) > MOST_DOCUMENTS:
            missing.append(
                f"{card.name}: the first {MOST_DOCUMENTS} of {len(golds)} documents are shown"
            )
        for task in card.tasks:
            results = []
            for result in record.select(gold=card.name, task=task):
                if result.declaration and result.declaration.sanity:
                    continue
                if result.predictions and (Path(folder) / result.predictions).is_file():
                    results.append(result)
                elif result.status in ("ok", "partial"):
                    missing.append(f"{result.backend} on {card.name}: its predictions are gone")
            if results:
                found.append(_group(goldset, golds, record, task, results, Path(folder)))
    return found, missing


def _group(
    goldset: GoldSet,
    golds: list[Record],
    record: RunRecord,
    task: Task,
    results: list[Result],
    folder: Path,
) -> Group:
    shown = golds[:MOST_DOCUMENTS]
    items: dict[str, dict[str, tuple[BrowsedItem, ...]]] = {gold.id: {} for gold in shown}
    for result in results:
        predicted = list(stored_predictions(result, folder))
        terms = stored_terms(result, record, goldset, predicted)
        pairs = {pair.gold.id: pair for pair in join(golds, predicted, task=task)}
        options = options_of(result)
        for gold in shown:
            pair = pairs.get(gold.id)
            if pair is None:
                made: Iterator[BrowsedItem] = iter(())
            elif task == "ner":
                made = _entity_items(together(pair, terms, task), options)
            else:
                made = _attribution_items(pair, AttributionOptions(aliases=goldset.aliases))
            items[gold.id][result.backend] = tuple(made)
    documents = tuple(BrowsedDocument(gold.id, gold.text or "", items[gold.id]) for gold in shown)
    return Group(f"{goldset.name}: {task}", tuple(r.backend for r in results), documents)


def _entity_items(pair: Pair, options: ner.NerOptions) -> Iterator[BrowsedItem]:
    text = pair.gold.text or ""
    for mention in ner.mentions(
        pair.gold.annotations.entities or (),
        pair.predicted.entities or (),
        options,
        text=text,
        ignore=pair.gold.ignore,
    ):
        sides = [
            f"{name} {side.label} “{printable(text[side.start : side.end])}”"
            for name, side in (("gold", mention.gold), ("predicted", mention.predicted))
            if side is not None
        ]
        yield BrowsedItem(
            mention.error, "; ".join(sides), _marks(mention.gold), _marks(mention.predicted)
        )


def _marks(entity: Entity | None) -> tuple[MarkedSpan, ...]:
    return () if entity is None else (MarkedSpan(entity.start, entity.end, entity.label),)


def _attribution_items(pair: Pair, options: AttributionOptions) -> Iterator[BrowsedItem]:
    text = pair.gold.text or ""
    for found in attribution.pairs(
        pair.gold.annotations.attributions or (),
        pair.predicted.attributions or (),
        options,
        text=text,
        ignore=pair.gold.ignore,
    ):
        sides = [
            f"{name} {_told(text, side)}"
            for name, side in (("gold", found.gold), ("predicted", found.predicted))
            if side is not None
        ]
        yield BrowsedItem(
            found.error, "; ".join(sides), _roles(found.gold), _roles(found.predicted)
        )


def _told(text: str, item: Attribution) -> str:
    def part(span: Span | None) -> str:
        return "∅" if span is None else f"“{printable(text[span.start : span.end])}”"

    content = " … ".join(part(span) for span in item.content)
    shown = content if len(content) <= 160 else content[:159] + "…"
    kind = f", {item.kind}" if item.kind else ""
    speaker = f", speaker {printable(item.speaker)}" if item.speaker else ""
    return f"{part(item.source)} | {part(item.cue)} | {shown}{kind}{speaker}"


def _roles(item: Attribution | None) -> tuple[MarkedSpan, ...]:
    if item is None:
        return ()
    return tuple(MarkedSpan(span.start, span.end, role) for role, span in item.spans())
