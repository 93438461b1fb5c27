"""What the HTML page shows of each document: every mention with its error class, per backend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.annotation import Annotations, Attribution, Entity, Record, Span, Task, printable
from harness.errors import InputError
from harness.formats import jsonl
from harness.goldset import GoldSet, load_goldset
from harness.labels import Projection, project
from harness.record import Result, RunRecord
from harness.report.html import BrowsedDocument, BrowsedItem, Group, MarkedSpan
from harness.running.assess import meeting_of
from harness.scoring import attribution, ner

__all__ = ["MOST_DOCUMENTS", "groups"]

MOST_DOCUMENTS = 50
"""A page with more would be too large to open; the first ones are shown."""


def groups(record: RunRecord, folder: str | Path) -> list[Group]:
    """A group per gold set and task whose gold is on this machine and unchanged since the run.

    Gold that has changed or is gone is left out: its marks would stand in the wrong places.
    """
    found: list[Group] = []
    for card in record.gold:
        goldset = _same_gold(card.name, card.digest)
        if goldset is None:
            continue
        records = [r for _, r in zip(range(MOST_DOCUMENTS), goldset.records(), strict=False)]
        for task in card.tasks:
            results = [
                result
                for result in record.select(gold=card.name, task=task)
                if result.predictions and not (result.declaration and result.declaration.sanity)
            ]
            if results:
                found.append(_group(goldset, records, task, results, Path(folder)))
    return found


def _same_gold(name: str, digest: str) -> GoldSet | None:
    try:
        goldset = load_goldset(name)
    except InputError:
        return None
    return goldset if goldset.digest == digest else None


def _group(
    goldset: GoldSet, records: list[Record], task: Task, results: list[Result], folder: Path
) -> Group:
    items: dict[str, dict[str, tuple[BrowsedItem, ...]]] = {record.id: {} for record in records}
    for result in results:
        assert result.predictions is not None
        predicted = {r.id: r.annotations for r in jsonl.read(folder / result.predictions)}
        for record in records:
            layers = predicted.get(record.id, Annotations((), ()))
            make = _entity_items if task == "ner" else _attribution_items
            items[record.id][result.backend] = tuple(make(goldset, result, record, layers))
    documents = tuple(
        BrowsedDocument(record.id, record.text or "", items[record.id]) for record in records
    )
    return Group(f"{goldset.name}: {task}", tuple(r.backend for r in results), documents)


def _entity_items(
    goldset: GoldSet, result: Result, record: Record, layers: Annotations
) -> Iterator[BrowsedItem]:
    labels = result.labels or (result.declaration.labels if result.declaration else None)
    meeting = meeting_of(goldset.schema, labels, folders=goldset.schema_folders)
    gold = _onto(record.annotations.entities, meeting.project_gold if meeting else None)
    predicted = _onto(layers.entities, meeting.project_predicted if meeting else None)
    text = record.text or ""
    found = ner.mentions(gold, predicted, ner.NerOptions(), text=text, ignore=record.ignore)
    for mention in found:
        sides = [
            f"{name} {side.label} “{printable(text[side.start : side.end])}”"
            for name, side in (("gold", mention.gold), ("predicted", mention.predicted))
            if side is not None
        ]
        yield BrowsedItem(
            mention.error, "; ".join(sides), _marks(mention.gold), _marks(mention.predicted)
        )


def _onto(entities: tuple[Entity, ...] | None, projection: Projection | None) -> list[Entity]:
    if projection is None:
        return list(entities or ())
    return list(project(entities or (), projection)[0])


def _marks(entity: Entity | None) -> tuple[MarkedSpan, ...]:
    return () if entity is None else (MarkedSpan(entity.start, entity.end, entity.label),)


def _attribution_items(
    goldset: GoldSet, result: Result, record: Record, layers: Annotations
) -> Iterator[BrowsedItem]:
    text = record.text or ""
    found = attribution.pairs(
        record.annotations.attributions or (),
        layers.attributions or (),
        text=text,
        ignore=record.ignore,
    )
    for pair in found:
        sides = [
            f"{name} {_told(text, side)}"
            for name, side in (("gold", pair.gold), ("predicted", pair.predicted))
            if side is not None
        ]
        yield BrowsedItem(pair.error, "; ".join(sides), _roles(pair.gold), _roles(pair.predicted))


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
