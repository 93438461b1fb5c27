"""The whole counted again from the predictions of its shards, with the gold set beside them.

So it is where the labels that occur in all answers decide in which labels they are compared, and
where the backend failed in a shard as such: its documents there count as all-missed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.annotation import Annotations, Record
from harness.errors import NotComparable, NothingMeasured, SchemaError, TooEntangled
from harness.formats import jsonl
from harness.gold.goldset import GoldSet
from harness.results.count import open_count
from harness.results.finder import GoldFinder
from harness.results.record import Failure, Result, RunRecord
from harness.results.settle import labels_of_predictions
from harness.run.asking import annotated, placed
from harness.run.counting import count_units
from harness.run.files import CellFiles
from harness.run.options import RunOptions, task_flags
from harness.scale.parts import Piece
from harness.scale.told import told_of, without_counts
from harness.scale.weave import prediction_lines, woven
from harness.tasks.registry import task_named

__all__ = ["counted_again", "gold_of", "scoring"]


def gold_of(record: RunRecord, name: str, finder: GoldFinder) -> GoldSet:
    """A gold set of the record, as it was.

    Raises `NothingMeasured` where it is not at hand, `NotComparable` where it has changed.
    """
    recorded = record.find_gold(name)
    goldset = finder.find(name)
    if goldset is None:
        raise NothingMeasured(
            f"the shards have to be counted again together, and gold set {name!r} is not at hand"
            f"{finder.looked(name)}; say where it lies: --gold PATH"
        )
    if goldset.digest != recorded.digest:
        raise NotComparable(
            f"gold set {name!r} has changed since the shards were run: its digest is "
            f"{goldset.digest[:8]}, theirs {recorded.digest[:8]}"
        )
    return goldset


def scoring(record: RunRecord) -> dict[str, Any]:
    """How each task counts by the options of a record."""
    said = {flag.name: record.options.get(flag.name) for flag in task_flags()}
    return RunOptions(counting=said).scoring()


def counted_again(each: Sequence[Piece], out: Path, finder: GoldFinder) -> Result:
    """The result of all pieces, with its files; raises what `gold_of` raises."""
    counted = [piece for piece in each if piece.is_whole]
    lost = [piece for piece in each if piece.is_lost]
    record, key = counted[0].part.record, counted[0].own.key
    gold = gold_of(record, key[0], finder)
    files, task = CellFiles(out, *key), task_named(key[1])
    failures: list[tuple[int, Failure]] = []
    with files.open("predictions") as file:
        assert file is not None
        for line in _lines(counted, lost, gold, failures):
            file.write(line)
    result = told_of(counted, failures)
    predictions = files.path("predictions")
    assert predictions is not None
    if result.status == "failed":
        return result
    schema = record.options.get("schema")
    try:
        count = open_count(
            gold,
            task,
            scoring(record)[task.name],
            predicted_labels=labels_of_predictions(
                task, result.declaration, result.labels, jsonl.read(predictions)
            ),
            schema=schema if isinstance(schema, str) else None,
            capabilities=result.capabilities,
            model=result.model,
        )
        pairs = zip(annotated(gold, task.name), jsonl.read(predictions), strict=True)
        with files.units(record.find_gold(gold.name).documents) as units_file:
            units = count_units(count, pairs, units_file)
        told = {"units": tuple(units)} if units_file is None else units_file.fields()
    except (SchemaError, TooEntangled) as error:
        reason = error.message + (f" ({error.hint})" if error.hint else "")
        return without_counts(result, reason)
    return replace(
        result,
        **count.fields(result.labels),
        predictions=files.name("predictions"),
        predictions_digest=files.digest("predictions"),
        **told,
    )


def _lines(
    counted: Sequence[Piece],
    lost: Sequence[Piece],
    gold: GoldSet,
    failures: list[tuple[int, Failure]],
) -> Iterator[str]:
    """A line of predictions for every document; those of lost pieces are errors, and listed."""
    rows = woven(counted, prediction_lines, whole=not lost)
    if not lost:
        yield from (line for _, line in rows)
        return
    task = task_named(counted[0].own.task)
    at, line = next(rows, (-1, ""))
    for place, document in placed(gold, task.name):
        if place == at:
            yield line
            at, line = next(rows, (-1, ""))
            continue
        piece = next((one for one in lost if one.part.shard.has(document.id)), None)
        if piece is None or piece.result is None:
            raise NothingMeasured(f"document {document.id!r} of {gold.name} is in no shard")
        error = f"shard {piece.part.shard} failed: {piece.result.reason}"
        failures.append((place, Failure(document.id, error)))
        yield jsonl.dumps(Record(document.id, None, Annotations(), error=error)) + "\n"
    if at != -1:
        raise NothingMeasured(f"a shard has documents that {gold.name} has not")
