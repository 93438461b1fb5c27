"""A run record from systems that were scored here, for backends that no adapter wraps."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from harness import __version__
from harness.annotation import Record
from harness.digest import digest_file
from harness.formats import jsonl
from harness.gold.goldset import GoldSet
from harness.results import record as records
from harness.results.card import gold_record
from harness.results.distributions import versions
from harness.results.pairs import Pair
from harness.results.provenance import git_state, machine, project_state
from harness.results.record import Failure, Result, RunRecord, Unit, run_status, slug
from harness.results.systems import System
from harness.results.unfinished import unfinished

__all__ = ["run_record", "write_run"]


def run_record(
    systems: Sequence[System],
    goldsets: Sequence[GoldSet],
    *,
    seed: int = 0,
    command: Sequence[str] = (),
    folder: Path | None = None,
) -> RunRecord:
    """A record of these systems. Costs are left empty: nothing was timed.

    With `folder` their predictions lie there already.
    """
    results = tuple(_result(system, folder) for system in systems)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return RunRecord(
        schema_version=records.SCHEMA_VERSION,
        tool_version=__version__,
        status=run_status(results),
        started=now,
        finished=now,
        command=tuple(command),
        git=git_state(),
        python=sys.version.split()[0],
        packages=versions(("nlp-harness", "numpy")),
        machine=machine(),
        threads=1,
        seed=seed,
        options={},
        gold=tuple(gold_record(goldset, folder) for goldset in goldsets),
        results=results,
        project=project_state(folder),
    )


def write_run(
    folder: str | Path,
    systems: Sequence[System],
    goldsets: Sequence[GoldSet],
    *,
    seed: int = 0,
    command: Sequence[str] = (),
) -> RunRecord:
    """Write `run.json` and the predictions of systems that know their pairs; returns the record.

    What is written can be compared, checked and accepted as a baseline like any other run.
    """
    folder = Path(folder)
    with unfinished(folder, command):
        for system in systems:
            said = (Record(p.gold.id, None, p.predicted, error=p.error) for p in _pairs(system))
            jsonl.write(folder / _predictions(system), said)
        record = run_record(systems, goldsets, seed=seed, command=command, folder=folder)
        records.write(folder / "run.json", record)
    return record


def _pairs(system: System) -> Sequence[Pair]:
    """As they came: whoever counts them again brings the labels together anew."""
    return () if system.counted is None else system.counted.pairs


def _predictions(system: System) -> str:
    return f"predictions/{slug(system.gold)}/{system.task}/{slug(system.backend)}.jsonl"


def _result(system: System, folder: Path | None) -> Result:
    pairs = _pairs(system)
    failed = [Failure(pair.gold.id, pair.error) for pair in pairs if pair.error is not None]
    found = Result(
        backend=system.backend,
        gold=system.gold,
        task=system.task,
        status="ok" if not failed else "failed" if len(failed) == len(pairs) else "partial",
        documents=len(pairs),
        failed=len(failed),
        failures=tuple(failed),
        schema=system.schema,
    )
    counted = system.counted
    if counted is None or found.status == "failed":
        return found
    return replace(
        found,
        duplicates=counted.duplicates,
        unknown_labels=counted.unknown_labels.get("predictions", {}),
        not_scored=counted.not_scored,
        f1_with_all=counted.f1_with_all,
        assumed=counted.terms.assumed,
        characters=sum(len(pair.gold.text or "") for pair in pairs if pair.error is None),
        signature=str(system.signature),
        scores=counted.headlines(),
        predictions=_predictions(system) if folder else None,
        predictions_digest=digest_file(folder / _predictions(system)) if folder else "",
        units=tuple(
            Unit(*unit, tally.to_json())
            for unit, tally in zip(system.units, system.tallies, strict=True)
        ),
    )
