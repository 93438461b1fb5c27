"""A run record from systems that were scored here, for backends that no adapter wraps."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from harness import __version__
from harness import record as records
from harness.annotation import Record
from harness.comparison.systems import System
from harness.evaluate import Pair
from harness.formats import jsonl
from harness.goldset import GoldSet
from harness.record import Failure, GoldRecord, Result, RunRecord, Unit, slug
from harness.running.distributions import versions
from harness.running.provenance import git_state, machine

__all__ = ["run_record", "write_run"]


def run_record(
    systems: Sequence[System],
    goldsets: Sequence[GoldSet],
    *,
    seed: int = 0,
    command: Sequence[str] = (),
) -> RunRecord:
    """A record of these systems. Costs are left empty: nothing was timed."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return RunRecord(
        schema_version=records.SCHEMA_VERSION,
        tool_version=__version__,
        status="success",
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
        gold=tuple(_gold(goldset) for goldset in goldsets),
        results=tuple(map(_result, systems)),
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
    for system in systems:
        said = (Record(p.gold.id, None, p.predicted, error=p.error) for p in _pairs(system))
        jsonl.write(folder / _predictions(system), said)
    record = run_record(systems, goldsets, seed=seed, command=command)
    records.write(folder / "run.json", record)
    return record


def _pairs(system: System) -> list[Pair]:
    return system.pairs() if system.pairs is not None else []


def _predictions(system: System) -> str:
    return f"predictions/{slug(system.gold)}/{system.task}/{slug(system.backend)}.jsonl"


def _result(system: System) -> Result:
    pairs = _pairs(system)
    failed = [Failure(pair.gold.id, pair.error) for pair in pairs if pair.error is not None]
    units = zip(system.units, system.tallies, strict=True)
    return Result(
        backend=system.backend,
        gold=system.gold,
        task=system.task,
        status="partial" if failed else "ok",
        documents=len(pairs),
        failed=len(failed),
        failures=tuple(failed),
        characters=sum(len(pair.gold.text or "") for pair in pairs if pair.error is None),
        signature=str(system.signature),
        predictions=_predictions(system),
        units=tuple(Unit(*unit, tally.to_json()) for unit, tally in units),
    )


def _gold(goldset: GoldSet) -> GoldRecord:
    texts = [record.text or "" for record in goldset.records()]
    return GoldRecord(
        name=goldset.name,
        version=goldset.version,
        digest=goldset.digest,
        schema="" if goldset.schema is None else str(goldset.schema),
        tasks=goldset.tasks,
        documents=goldset.documents,
        characters=sum(map(len, texts)),
        words=sum(len(text.split()) for text in texts),
    )
