"""Set predictions against gold: join by document id, bring the labels together, count.

This is what `harness score` does with two files. Nothing is dropped silently: a gold document
without predictions counts as all-missed and is listed; a prediction for a document that the gold
does not have is an error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from harness.annotation import Annotations, Record, Task, span_problems
from harness.errors import AnnotationError, InputError, NothingMeasured, SchemaError
from harness.labels import Meeting, Projection, Schema
from harness.scoring import attribution, ner
from harness.scoring.units import paragraph_starts

_T = TypeVar("_T")

__all__ = [
    "DocumentTally",
    "Evaluation",
    "Pair",
    "evaluate",
    "join",
    "onto_schema",
    "project_records",
    "projection_name",
    "tally_document",
]


@dataclass(frozen=True, slots=True)
class Pair:
    """One gold document and what was predicted for it; `predicted` is empty where nothing was."""

    gold: Record
    predicted: Annotations
    missing: bool = False
    """The predictions have no such document."""
    error: str | None = None
    """The backend failed on this document."""


@dataclass(frozen=True, slots=True)
class DocumentTally:
    """The statistics of one document, a tally per paragraph."""

    id: str
    units: tuple[ner.NerTally, ...] | tuple[attribution.AttributionTally, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A score with the statistics that it was computed from."""

    task: Task
    score: ner.NerScore | attribution.AttributionScore
    documents: tuple[DocumentTally, ...]
    missing: tuple[str, ...] = ()
    """Gold documents that the predictions do not have: all-missed."""
    failed: tuple[tuple[str, str], ...] = ()
    """Documents for which the predictions carry an error, with it: all-missed."""
    unknown_labels: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """`gold` / `predictions`: labels that the schema does not have, with counts."""
    warnings: tuple[str, ...] = ()
    schema: str = "none"
    """The schema in which both sides were compared, with its version; for the signature."""
    projection: str = "none"
    """How both sides came to it, for the signature (`projection_name`)."""


def join(gold: Sequence[Record], predicted: Iterable[Record], *, task: Task) -> list[Pair]:
    """Gold documents in their order, each with its predictions.

    Raises `InputError` for a prediction whose document the gold does not have, whose text differs
    from the gold's, or which lacks the task's layer; `AnnotationError` for offsets outside the
    text; `NothingMeasured` when no gold document has the layer.
    """
    annotated = [record for record in gold if record.annotations.layer(task) is not None]
    if not annotated:
        raise NothingMeasured(
            f"the gold has no {_layer_name(task)} layer: {len(gold)} documents, none annotated"
        )
    found = {record.id: record for record in predicted}
    known = {record.id for record in gold}
    strangers = [id_ for id_ in found if id_ not in known]
    if strangers:
        shown = ", ".join(repr(id_) for id_ in strangers[:3])
        raise InputError(
            f"{len(strangers)} predicted document(s) are not in the gold: {shown}",
            hint=f"gold ids look like {annotated[0].id!r}; are these predictions for other texts?",
        )
    return [_pair(record, found.get(record.id), task) for record in annotated]


def project_records(
    records: Iterable[Record], projection: Projection, unknown: Counter[str]
) -> Iterator[Record]:
    """Records with their entity labels projected; unknown labels are counted into `unknown`."""
    from harness.labels import project

    for record in records:
        entities = record.annotations.entities
        if entities is not None:
            entities, strange = project(entities, projection)
            unknown.update(strange)
        layers = Annotations(entities, record.annotations.attributions)
        yield Record(record.id, record.text, layers, record.ignore, record.error)


def evaluate(
    gold: Sequence[Record],
    predicted: Iterable[Record],
    *,
    task: Task,
    options: ner.NerOptions | None = None,
    attribution_options: attribution.AttributionOptions | None = None,
    schema: str | None = None,
    gold_schema: Schema | None = None,
    strict_labels: bool = False,
) -> Evaluation:
    """Score predictions against gold.

    Labels are compared as they are spelled, unless `schema` names one onto which both sides are
    projected; `gold_schema` is the one that the gold set states. `strict_labels` makes a predicted
    label that the schema does not have a `SchemaError`; in the gold it always is one. Without
    `schema` the labels are those that occur in the gold and those of `gold_schema`.
    """
    options = options or ner.NerOptions()
    unknown: dict[str, Counter[str]] = {"gold": Counter(), "predictions": Counter()}
    meeting = None
    if schema is not None and task == "ner":
        gold, predicted, meeting = onto_schema(
            schema, list(gold), list(predicted), unknown, gold_schema=gold_schema
        )
        for side in ("gold", "predictions") if strict_labels else ("gold",):
            _refuse(unknown[side], side, schema)
    elif strict_labels and task == "ner":
        gold, predicted = list(gold), list(predicted)
        _refuse_strangers(gold, predicted, gold_schema)
    pairs = join(gold, predicted, task=task)
    documents = tuple(tally_document(pair, task, options, attribution_options) for pair in pairs)
    missing = tuple(pair.gold.id for pair in pairs if pair.missing)
    failed = tuple((pair.gold.id, pair.error) for pair in pairs if pair.error is not None)
    return Evaluation(
        task,
        _score(documents, task, options),
        documents,
        missing,
        failed,
        {side: dict(counts) for side, counts in unknown.items() if counts},
        schema="none" if meeting is None else str(meeting.schema),
        projection=projection_name(meeting),
    )


def _pair(gold: Record, predicted: Record | None, task: Task) -> Pair:
    if predicted is None:
        return Pair(gold, Annotations((), ()), missing=True)
    if predicted.error is not None:
        return Pair(gold, Annotations((), ()), error=predicted.error)
    if gold.text is not None and predicted.text is not None and gold.text != predicted.text:
        raise InputError(
            f"document {gold.id!r}: the predictions' text differs from the gold's "
            f"({_first_difference(gold.text, predicted.text)})",
            hint="was it stripped, were newlines or Unicode normalised?",
        )
    if predicted.annotations.layer(task) is None:
        raise InputError(
            f"document {gold.id!r}: the predictions have no {_layer_name(task)} layer",
            hint='write an empty list where nothing was found: "entities": []',
        )
    if gold.text is not None and predicted.text is None:
        _check_offsets(gold.id, gold.text, predicted.annotations, task)
    return Pair(gold, predicted.annotations)


def _check_offsets(id_: str, text: str, annotations: Annotations, task: Task) -> None:
    spans: Iterable[tuple[int, int]]
    if task == "ner":
        spans = [entity.span for entity in annotations.entities or ()]
    else:
        spans = [span for item in annotations.attributions or () for _, span in item.spans()]
    for start, end in spans:
        problem = span_problems(len(text), start, end)
        if problem:
            raise AnnotationError(
                f"document {id_!r}: predicted span [{start}, {end}): {problem}",
                hint="offsets are Unicode code points into the gold's text, half-open",
            )


def tally_document(
    pair: Pair,
    task: Task,
    options: ner.NerOptions,
    attribution_options: attribution.AttributionOptions | None = None,
) -> DocumentTally:
    """Count one document, paragraph by paragraph. Labels are compared as they are spelled.

    Raises `InputError` for attributions without a text.
    """
    record = pair.gold
    text = record.text
    if task == "ner":
        entities = _no_none(record.annotations.entities)
        return DocumentTally(
            record.id,
            tuple(
                ner.tally_units(
                    entities,
                    _no_none(pair.predicted.entities),
                    options,
                    text=text,
                    ignore=record.ignore,
                    starts=[0] if text is None else paragraph_starts(text),
                )
            ),
        )
    if text is None:
        raise InputError(
            f"document {record.id!r}: the gold has no text, which attribution scoring needs",
            hint='add "text" to the gold, or give a gold set with its texts',
        )
    return DocumentTally(
        record.id,
        tuple(
            attribution.tally_units(
                _no_none(record.annotations.attributions),
                _no_none(pair.predicted.attributions),
                attribution_options,
                text=text,
                ignore=record.ignore,
                starts=paragraph_starts(text),
            )
        ),
    )


def _score(
    documents: Sequence[DocumentTally], task: Task, options: ner.NerOptions
) -> ner.NerScore | attribution.AttributionScore:
    units = [unit for document in documents for unit in document.units]
    if task == "ner":
        return ner.score(ner.total(u for u in units if isinstance(u, ner.NerTally)), options)
    return attribution.score(
        attribution.total(u for u in units if isinstance(u, attribution.AttributionTally)),
        attribution.AttributionOptions(),
    )


def onto_schema(
    name: str,
    gold: list[Record],
    predicted: list[Record],
    unknown: dict[str, Counter[str]],
    *,
    gold_schema: Schema | None = None,
) -> tuple[list[Record], list[Record], Meeting]:
    """Both sides with their labels projected onto the schema of that name, and where they met.

    What a gold set states of its labels (`gold_schema`) goes before a guess from those that occur.
    Labels that the schema does not have are counted in `unknown["gold"]` and
    `unknown["predictions"]`.
    """
    from harness.labels import load_schema, meet, schema_of

    target = load_schema(name)

    def way(records: list[Record], stated: Schema | None) -> Projection:
        labels = {e.label for record in records for e in record.annotations.entities or ()}
        for known in (stated, target):
            if known and known.origin and all(known.canonical(one) is not None for one in labels):
                with suppress(SchemaError):  # No way from there: the labels may still be others'.
                    return meet(known, target, schema=target).project_gold
        source = schema_of(labels)
        return meet(source if source.origin else target, target, schema=target).project_gold

    meeting = Meeting(target, way(gold, gold_schema), way(predicted, None))
    return (
        list(project_records(gold, meeting.project_gold, unknown["gold"])),
        list(project_records(predicted, meeting.project_predicted, unknown["predictions"])),
        meeting,
    )


def projection_name(meeting: Meeting | None) -> str:
    """How both sides came to the meeting's schema, as a signature says it; `none` if unchanged."""
    if meeting is None:
        return "none"
    sides = {"gold": meeting.project_gold, "pred": meeting.project_predicted}
    maps = [f"{side}={p.name}" for side, p in sides.items() if not p.is_identity]
    if meeting.by_name:
        maps.append("by-name")
    return ",".join(maps) or "none"


def _refuse(unknown: Counter[str], side: str, schema: str) -> None:
    if unknown:
        listed = ", ".join(f"{label} ({count})" for label, count in unknown.most_common(10))
        raise SchemaError(
            f"labels in the {side} that the schema {schema!r} does not have: {listed}",
            hint="name the schema that has them (--schema), or write a projection",
        )


def _refuse_strangers(
    gold: Sequence[Record], predicted: Sequence[Record], gold_schema: Schema | None
) -> None:
    """Labels are compared as spelled here, so that an alias of a label is a stranger too."""
    known = {entity.label for record in gold for entity in record.annotations.entities or ()}
    known.update(gold_schema.labels if gold_schema else ())
    said = (e.label for record in predicted for e in record.annotations.entities or ())
    strange = Counter(label for label in said if label not in known)
    if strange:
        listed = ", ".join(f"{label} ({count})" for label, count in strange.most_common(10))
        more = f" and {len(strange) - 10} more" if len(strange) > 10 else ""
        raise SchemaError(
            f"labels in the predictions that neither the gold nor its schema has: {listed}{more}",
            hint=f"the gold has {', '.join(sorted(known)[:20])}; project both sides onto one "
            "schema with --schema NAME",
        )


def _no_none(layer: tuple[_T, ...] | None) -> tuple[_T, ...]:
    return () if layer is None else layer


def _layer_name(task: Task) -> str:
    return "entities" if task == "ner" else "attributions"


def _first_difference(one: str, other: str) -> str:
    for index, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return f"first at code point {index}: {left!r} against {right!r}"
    return f"{len(one)} against {len(other)} code points"
