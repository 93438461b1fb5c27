"""Which predicted document belongs to which gold document, and whether it fits.

Nothing is dropped silently: a gold document without predictions counts as all-missed and is listed;
a prediction for a document that the gold does not have is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from harness.annotation import Annotations, Record, span_problems
from harness.errors import AnnotationError, InputError, NothingMeasured
from harness.formats import jsonl
from harness.formats.losses import Losses
from harness.formats.reader import Reader
from harness.tasks.base import DocumentPair, Task

__all__ = ["checked", "join_documents", "read_predictions", "renamed"]


def read_predictions(
    reader: Reader, gold: Sequence[Record], losses: Losses | None = None
) -> list[Record]:
    """The predictions in a file of any format that is read, under the gold's document ids.

    What spans say of themselves (`"text"`) is held against the document, which is the gold's where
    the file leaves it out. Raises `InputError` for what cannot be read or is about other
    documents, `AnnotationError` for spans that contradict the text.
    """
    path = reader.source.path
    predicted = renamed(gold, list(reader.records(losses)), path=path)
    for part in reader.place.parts:
        with part.named():
            checked(part.path, gold, predicted)
    if losses is not None and (regions := sum(len(record.ignore) for record in predicted)):
        losses["ignore regions of predictions: left out"] += regions
    return predicted


def checked(path: str | Path, gold: Sequence[Record], predicted: Sequence[Record]) -> None:
    """Raise `AnnotationError` where spans in a file contradict the gold's text.

    Reading has checked that wherever the text stands beside them: only JSON lines may leave it out.
    """
    if any(record.text is None for record in predicted):
        jsonl.check_said(path, {r.id: r.text for r in gold if r.text is not None})


def renamed(
    gold: Sequence[Record], predicted: Sequence[Record], *, path: str | Path | None = None
) -> list[Record]:
    """Predictions from a format without ids, under the ids of the gold documents.

    Such a reader numbers the documents (`Record.number`). Where none of these ids is the gold's,
    the first document is paired with the gold's first, and so on, if their texts are equal. Raises
    `InputError` with the first place where they are not.
    """
    known = {record.id for record in gold}
    if not predicted or any(r.number is None or r.id in known for r in predicted):
        return list(predicted)
    places = {
        number if record.number is None else record.number: record
        for number, record in enumerate(gold, 1)
    }
    out = []
    for record in predicted:
        number = record.number
        assert number is not None
        partner = places.get(number)
        if partner is None:
            raise InputError(
                f"has a document number {number}, the gold has {len(gold)} documents",
                path=path,
                hint=_BY_NUMBER,
            )
        if record.text is not None and partner.text not in (None, record.text):
            raise InputError(
                f"document {number} is not document {number} of the gold ({partner.id!r}): their "
                f"texts differ ({_first_difference(partner.text, record.text or '')})",
                path=path,
                hint=_BY_NUMBER,
            )
        out.append(replace(record, id=partner.id))
    return out


_BY_NUMBER = (
    "documents without ids are paired by their place in the file: all of them have to be there, in "
    "the gold's order and with the same tokens; JSON lines with ids are paired by id"
)


def join_documents(
    gold: Sequence[Record],
    predicted: Iterable[Record],
    *,
    task: Task,
    path: str | Path | None = None,
) -> list[DocumentPair]:
    """Gold documents in their order, each with its predictions, which lie in the file `path`.

    Raises `InputError` for a prediction whose document the gold does not have, whose text differs
    from the gold's, which comes twice, or which lacks the task's layer; `AnnotationError` for
    offsets outside the text; `NothingMeasured` when no gold document has the layer.
    """
    annotated = list(filter(task.is_annotated, gold))
    if not annotated:
        raise NothingMeasured(
            f"the gold has no {task.layer} layer: {len(gold)} documents, none annotated"
        )
    by_id: dict[str, Record] = {}
    for record in renamed(gold, list(predicted)):
        if record.id in by_id:
            raise InputError(f"two predictions for the document {record.id!r}", path=path)
        by_id[record.id] = record
    known = {record.id for record in gold}
    strangers = [id_ for id_ in by_id if id_ not in known]
    if strangers:
        shown = ", ".join(repr(id_) for id_ in strangers[:3])
        raise InputError(
            f"{len(strangers)} predicted document(s) are not in the gold: {shown}",
            path=path,
            hint=f"gold ids look like {annotated[0].id!r}; are these predictions for other texts?",
        )
    try:
        return [_pair(record, by_id.get(record.id), task) for record in annotated]
    except InputError as error:
        raise error.of(path) from None


def _pair(gold: Record, predicted: Record | None, task: Task) -> DocumentPair:
    if predicted is None:
        return DocumentPair(gold, task.layers(), missing=True)
    if predicted.error is not None:
        return DocumentPair(gold, task.layers(), error=predicted.error)
    if gold.text is not None and predicted.text is not None and gold.text != predicted.text:
        raise InputError(
            f"document {gold.id!r}: the predictions' text differs from the gold's "
            f"({_first_difference(gold.text, predicted.text)})",
            hint="was it stripped, were newlines or Unicode normalised?",
        )
    if not task.is_annotated(predicted):
        raise InputError(
            f"document {gold.id!r}: the predictions have no {task.layer} layer",
            hint=f'write an empty list where nothing was found: "{task.layer}": []',
        )
    if gold.text is not None and predicted.text is None:
        _check_offsets(gold.id, gold.text, predicted.annotations, task)
    return DocumentPair(gold, predicted.annotations)


def _check_offsets(id_: str, text: str, annotations: Annotations, task: Task) -> None:
    for start, end in (span for item in task.items(annotations) for span in task.spans(item)):
        problem = span_problems(len(text), start, end)
        if problem:
            raise AnnotationError(
                f"document {id_!r}: predicted span [{start}, {end}): {problem}",
                hint="offsets are Unicode code points into the gold's text, half-open",
            )


def _first_difference(one: str, other: str) -> str:
    for index, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return f"first at code point {index}: {left!r} against {right!r}"
    return f"{len(one)} against {len(other)} code points"
