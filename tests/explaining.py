"""Backends explained in memory, for tests of explanations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.annotation import Annotations, Attribution, Capabilities, Entity, Record, Span
from harness.gold.goldset import GoldSet
from harness.results.scored import Scored, score_records
from harness.tasks.base import DocumentPair
from harness.tasks.registry import task_named


def scored_in_memory(
    gold: Sequence[Record],
    said: Iterable[Record],
    task: str = "ner",
    options: Any = None,
    name: str = "planted",
) -> Scored:
    """Predictions scored against records that lie in no file."""
    goldset = GoldSet("planted", Path("planted.jsonl"), lambda losses: iter(gold))
    return score_records(name, goldset, list(said), task, options, gold=gold)


def entities(text: str, *marked: tuple[str, str] | Entity) -> tuple[Entity, ...]:
    """Entities by the words that they cover, the first time that these stand in a text."""
    return tuple(
        one
        if isinstance(one, Entity)
        else Entity(text.index(one[0]), text.index(one[0]) + len(one[0]), one[1])
        for one in marked
    )


def span(text: str, words: str) -> Span:
    """Where words stand first in a text."""
    start = text.index(words)
    return Span(start, start + len(words))


def attribution(
    text: str,
    content: str | tuple[str, ...],
    source: str | None = None,
    cue: str | None = None,
    **more: Any,
) -> Attribution:
    """An attribution by the words that its elements cover."""
    parts = (content,) if isinstance(content, str) else content
    source_span, cue_span = (None if one is None else span(text, one) for one in (source, cue))
    return Attribution(tuple(span(text, one) for one in parts), source_span, cue_span, **more)


def layers(items: Sequence[Any]) -> Annotations:
    """Entities or attributions as the annotations of a document."""
    if items and isinstance(items[0], Attribution):
        return Annotations(attributions=tuple(items))
    return Annotations(tuple(items))


def kinds_of(
    text: str | None,
    gold: Sequence[Any],
    said: Sequence[Any],
    options: Mapping[str, Any] | None = None,
    *,
    task: str = "ner",
    ignore: Sequence[Span] = (),
    able: Capabilities | None = None,
) -> list[tuple[tuple[str, ...], int, int]]:
    """The cases of one document: kinds, and how many gold items and predictions; sorted."""
    definition = task_named(task)
    record = Record("d", text, layers(gold), tuple(ignore))
    pair = DocumentPair(replace(record), layers(said))
    found = definition.cases(pair, definition.options(**(options or {})), able)
    return sorted((one.kinds, len(one.gold), len(one.predicted)) for one in found)
