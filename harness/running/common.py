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

from harness.errors import SchemaError
from harness.formats import jsonl
from harness.formats.files import atomic_writer
from harness.goldset import GoldSet
from harness.labels import Meeting, coverage, load_schema, meet, schema_names, schema_of
from harness.record import Result, Unit, dump_units, slug
from harness.running.assess import Assessor, spoken
from harness.scoring.ner import NerOptions
from harness.signature import Signature

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
        meetings = _meetings(gold, measured)
        if meetings:
            found += [
                _count(result, gold, meeting, scoring, out)
                for result, meeting in zip(measured, meetings, strict=True)
            ]
    return tuple(found)


def _meetings(gold: GoldSet, results: Sequence[Result]) -> list[Meeting]:
    """How each result meets the gold in the schema with most labels that all can reach."""
    schema = gold.schema
    if schema is None:
        return []
    folders = gold.schema_folders
    names = [schema.name, *schema_names(folders)]
    for name in sorted(dict.fromkeys(names), key=lambda n: -len(load_schema(n, folders).labels)):
        try:
            return [
                meet(
                    schema, schema_of(_labels(result, gold), folders), schema=name, folders=folders
                )
                for result in results
            ]
        except SchemaError:
            continue
    return []


def _labels(result: Result, gold: GoldSet) -> str | Sequence[str]:
    declared = result.declaration.labels if result.declaration else None
    known = spoken(declared, result.labels, gold.schema_folders)
    assert gold.schema is not None
    return gold.schema.name if known is None else known


def _count(
    result: Result, gold: GoldSet, meeting: Meeting, scoring: NerOptions, out: Path
) -> Result:
    assessor = Assessor("ner", scoring, meeting=meeting)
    name = f"units/{slug(gold.name)}/common/{slug(result.backend)}.jsonl"
    kept: list[Unit] = []
    with ExitStack() as files:
        handle = files.enter_context(atomic_writer(out / name)) if result.units_file else None
        for units in _units(result, gold, assessor, out):
            if handle is None:
                kept += units
            else:
                handle.writelines(dump_units(units))
    signature = Signature.parse(str(result.signature))
    missing, ceiling = coverage(meeting, result.labels, gold.labels)
    return replace(
        result,
        signature=str(replace(signature, schema=assessor.schema, projection=assessor.projection)),
        scores=assessor.scores(),
        units=tuple(kept),
        units_file=name if result.units_file else None,
        duplicates=assessor.duplicates,
        unknown_labels=dict(sorted(assessor.unknown.items())),
        cannot_produce=missing,
        ceiling_recall=ceiling,
        merged_labels=tuple(str(merge) for merge in meeting.lossy),
        left_out_labels=meeting.dropped_gold,
    )


def _units(result: Result, gold: GoldSet, assessor: Assessor, out: Path) -> Iterator[list[Unit]]:
    assert result.predictions is not None
    annotated = (r for r in gold.records() if r.annotations.entities is not None)
    predicted = jsonl.read(out / result.predictions)
    for record, answer in zip(annotated, predicted, strict=True):
        layers = None if answer.error is not None else answer.annotations
        yield assessor.add(record, layers, answer.error)
