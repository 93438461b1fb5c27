"""A run record of what was scored here, for backends that no adapter wraps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.annotation import Record
from harness.digest import digest_file
from harness.formats import jsonl
from harness.gold.goldset import GoldSet
from harness.paths import RECORD
from harness.registry import OWN_DISTRIBUTION
from harness.results import stored
from harness.results.gold_record import gold_record
from harness.results.provenance import now, origin
from harness.results.record import (
    MOST_FAILURES,
    Failure,
    Result,
    RunRecord,
    UnitTally,
    result_status,
    run_status,
    stands_in_record,
)
from harness.results.scored import Scored, stated_scores
from harness.results.unfinished import unfinished
from harness.results.unit_files import write_units

__all__ = ["run_record", "write_run"]


def run_record(
    scored: Sequence[Scored],
    goldsets: Sequence[GoldSet],
    *,
    folder: Path | None = None,
) -> RunRecord:
    """A record of these. Costs are left empty: nothing was timed.

    With `folder` their predictions lie there already, and counts of many documents are written
    there, into a file of units for each. Without, all counts are in what is returned, which
    `stored.write` refuses where they are of many.
    """
    golds = tuple(gold_record(goldset, folder) for goldset in goldsets)
    documents = {gold.name: gold.documents for gold in golds}
    results = tuple(_result(one, folder, documents.get(one.gold, 0)) for one in scored)
    here = now()
    return RunRecord(
        **origin((OWN_DISTRIBUTION, "numpy"), folder),
        status=run_status(results),
        started=here,
        finished=here,
        command=(),
        threads=1,
        seed=0,
        options={},
        gold=golds,
        results=results,
    )


def write_run(
    folder: str | Path,
    scored: Sequence[Scored],
    goldsets: Sequence[GoldSet],
) -> RunRecord:
    """Write `run.json`, the predictions of what was counted here and, of many documents, the
    counts by unit; returns the record.

    What is written can be compared, checked and accepted as a baseline like any other run.
    """
    folder = Path(folder)
    with unfinished(folder):
        for one in scored:
            # As they came: whoever counts them again brings the labels together anew.
            answers = (Record(p.gold.id, None, p.predicted, error=p.error) for p in one.documents)
            jsonl.write(folder / _predictions(one), answers)
        record = run_record(scored, goldsets, folder=folder)
        stored.write(folder / RECORD, record)
    return record


def _predictions(scored: Scored) -> str:
    return _file(scored, "predictions")


def _file(scored: Scored, kind: str) -> str:
    return stored.file_name(kind, scored.gold, scored.task, scored.backend)


def _units(scored: Scored, folder: Path | None, documents: int) -> dict[str, Any]:
    """The fields that hold the units of a gold set of so many documents, or name their file."""
    units = (
        UnitTally(*unit, tally.to_json())
        for unit, tally in zip(scored.units, scored.tallies, strict=True)
    )
    if folder is None or stands_in_record(documents):
        return {"units": tuple(units)}
    with write_units(folder, _file(scored, "units"), documents) as file:
        file.add(units)
    return file.fields()


def _result(scored: Scored, folder: Path | None, documents: int) -> Result:
    """`documents` are how many the gold set has, be they annotated for the task or not."""
    pairs = scored.documents
    failed = [Failure(*failure) for failure in scored.failed]
    result = Result(
        backend=scored.backend,
        gold=scored.gold,
        task=scored.task,
        status=result_status(len(pairs), len(failed)),
        documents=len(pairs),
        failed=len(failed),
        failures=tuple(failed[:MOST_FAILURES]),
        schema=scored.schema,
    )
    if scored.count is None or result.status == "failed":
        return result
    return replace(
        result,
        **scored.caveats.fields(),
        characters=sum(len(pair.gold.text or "") for pair in pairs if pair.error is None),
        signature=str(scored.signature),
        scores=stated_scores(scored),
        predictions=_predictions(scored) if folder else None,
        predictions_digest=digest_file(folder / _predictions(scored)) if folder else "",
        **_units(scored, folder, max(documents, len(pairs))),
    )
