"""A run record from systems that were scored here, for backends that no adapter wraps."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from harness import __version__
from harness import record as records
from harness.annotation import Record
from harness.compare.systems import System
from harness.distributions import versions
from harness.formats import jsonl
from harness.goldset import GoldSet
from harness.provenance import git_state, machine
from harness.record import GoldRecord, Result, RunRecord, Unit, slug

__all__ = ["write_run"]


def write_run(
    folder: str | Path,
    systems: Sequence[System],
    goldsets: Sequence[GoldSet],
    *,
    seed: int = 0,
    command: Sequence[str] = (),
) -> RunRecord:
    """Write `run.json` and the predictions of systems that know their pairs; returns the record.

    Costs are left empty: nothing was timed. The record can be compared, checked and accepted as
    a baseline like any other.
    """
    folder = Path(folder)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    results = tuple(_result(system, folder) for system in systems)
    record = RunRecord(
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
        results=results,
    )
    records.write(folder / "run.json", record)
    return record


def _result(system: System, folder: Path) -> Result:
    name = f"predictions/{slug(system.gold)}/{system.task}/{slug(system.backend)}.jsonl"
    pairs = system.pairs() if system.pairs is not None else []
    jsonl.write(folder / name, (Record(p.gold.id, None, p.predicted, error=p.error) for p in pairs))
    units = zip(system.units, system.tallies, strict=True)
    return Result(
        backend=system.backend,
        gold=system.gold,
        task=system.task,
        status="ok",
        documents=len(pairs),
        characters=sum(len(pair.gold.text or "") for pair in pairs),
        signature=str(system.signature),
        predictions=name,
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
