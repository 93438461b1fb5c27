"""Backends with different labels on one footing: counted again in the finest common schema.

A backend that speaks OntoNotes and one that speaks CoNLL meet the gold in different schemas, and
their scores say nothing about each other. Here all of them are counted once more in the finest
schema that gold and every backend can be projected onto, from the predictions on disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from harness.digest import digest_file
from harness.errors import SchemaError
from harness.formats.files import atomic_writer
from harness.gold.goldset import GoldSet
from harness.labels.meeting import load_schema, schema_names
from harness.results.record import Result, Unit, dump_units, slug, stored_predictions
from harness.results.scored import Count
from harness.results.terms import Terms, settle, speech_of
from harness.run.counting import reach
from harness.signature import Signature
from harness.tasks.ner.count import NerOptions

__all__ = ["count_in_common"]


def count_in_common(
    results: Sequence[Result], goldsets: Sequence[GoldSet], scoring: NerOptions, out: Path
) -> tuple[Result, ...]:
    """Entity results of every gold set whose backends meet it in different schemas.

    Empty where they all meet in one, and where no schema is within reach of all. `out` is the
    record's folder, with the predictions.
    """
    found: list[Result] = []
    for gold in goldsets:
        measured = [
            result
            for result in results
            if (result.gold, result.task) == (gold.name, "ner")
            and result.signature is not None
            and result.predictions is not None
        ]
        if len({Signature.parse(str(result.signature)).schema for result in measured}) < 2:
            continue
        found += [
            _count(result, gold, terms, scoring, out)
            for result, terms in zip(measured, _terms(gold, measured, out), strict=False)
        ]
    return tuple(found)


def _terms(gold: GoldSet, results: Sequence[Result], out: Path) -> list[Terms]:
    """How each result meets the gold in the schema with most labels that all can reach."""
    own = gold.schema
    if own is None:
        return []
    folders = gold.schema_folders
    known = [own, *(load_schema(name, folders) for name in schema_names(folders))]
    speeches = [
        speech_of(result.declaration, result.labels, stored_predictions(result, out))
        for result in results
    ]
    for schema in sorted(dict.fromkeys(known), key=lambda one: -len(one.labels)):
        try:
            return [settle(gold, speech, task="ner", place=schema) for speech in speeches]
        except SchemaError:
            continue
    return []


def _count(result: Result, gold: GoldSet, terms: Terms, scoring: NerOptions, out: Path) -> Result:
    count = Count("ner", scoring, terms=terms)
    name = f"units/{slug(gold.name)}/common/{slug(result.backend)}.jsonl"
    kept: list[Unit] = []
    with ExitStack() as files:
        handle = files.enter_context(atomic_writer(out / name)) if result.units_file else None
        for units in _units(result, gold, count, out):
            if handle is None:
                kept += units
            else:
                handle.writelines(dump_units(units))
    signature = Signature.parse(str(result.signature))
    return replace(
        result,
        signature=str(replace(signature, schema=terms.schema, projection=terms.projection)),
        scores=count.scores(),
        units=tuple(kept),
        units_file=name if result.units_file else None,
        units_digest=digest_file(out / name) if result.units_file else "",
        duplicates=count.duplicates,
        unknown_labels=dict(sorted(count.unknown["predictions"].items())),
        **reach(count, result.labels, gold),
    )


def _units(result: Result, gold: GoldSet, count: Count, out: Path) -> Iterator[list[Unit]]:
    annotated = (r for r in gold.records() if r.annotations.entities is not None)
    for record, answer in zip(annotated, stored_predictions(result, out), strict=True):
        layers = None if answer.error is not None else answer.annotations
        yield count.add(record, layers, answer.error)
