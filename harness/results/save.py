"""A run record of what was scored here, for backends that no adapter wraps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.annotation import Record
from harness.digest import digest_file
from harness.formats import jsonl
from harness.gold.goldset import GoldSet
from harness.paths import RECORD
from harness.registry import OWN_DISTRIBUTION
from harness.results import stored
from harness.results.gold_record import gold_record
from harness.results.provenance import now, origin
from harness.results.record import Failure, Result, RunRecord, UnitTally, result_status, run_status
from harness.results.scored import Scored, stated_scores
from harness.results.unfinished import unfinished

__all__ = ["run_record", "write_run"]


def run_record(
    scored: Sequence[Scored],
    goldsets: Sequence[GoldSet],
    *,
    folder: Path | None = None,
) -> RunRecord:
    """A record of these. Costs are left empty: nothing was timed.

    With `folder` their predictions lie there already.
    """
    results = tuple(_result(one, folder) for one in scored)
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
        gold=tuple(gold_record(goldset, folder) for goldset in goldsets),
        results=results,
    )


def write_run(
    folder: str | Path,
    scored: Sequence[Scored],
    goldsets: Sequence[GoldSet],
) -> RunRecord:
    """Write `run.json` and the predictions of what was counted here; returns the record.

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
    return stored.file_name("predictions", scored.gold, scored.task, scored.backend)


def _result(scored: Scored, folder: Path | None) -> Result:
    pairs = scored.documents
    failed = [Failure(*failure) for failure in scored.failed]
    result = Result(
        backend=scored.backend,
        gold=scored.gold,
        task=scored.task,
        status=result_status(len(pairs), len(failed)),
        documents=len(pairs),
        failed=len(failed),
        failures=tuple(failed),
        schema=scored.schema,
    )
    if scored.count is None or result.status == "failed":
        return result
    units = zip(scored.units, scored.tallies, strict=True)
    return replace(
        result,
        **scored.caveats.fields(),
        characters=sum(len(pair.gold.text or "") for pair in pairs if pair.error is None),
        signature=str(scored.signature),
        scores=stated_scores(scored),
        predictions=_predictions(scored) if folder else None,
        predictions_digest=digest_file(folder / _predictions(scored)) if folder else "",
        units=tuple(UnitTally(*unit, tally.to_json()) for unit, tally in units),
    )
