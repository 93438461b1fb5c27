"""Systems out of a run record: their counts as they were, or counted again.

Counts come from the record alone, without model, text or gold. Stored predictions can be counted
again, with today's rules and gold, or in another label schema.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from harness import __version__
from harness import record as records
from harness.annotation import Record, Task
from harness.comparison.measures import Tally
from harness.comparison.systems import GoldFinder, System, counted
from harness.errors import InputError, NotComparable, NothingMeasured, UsageError
from harness.evaluate import Pair, join, project_records
from harness.formats import jsonl
from harness.goldset import GoldSet
from harness.labels import Meeting
from harness.record import Result, RunRecord
from harness.running.assess import Assessor, meeting_of, spoken
from harness.scoring.attribution_tally import AttributionTally
from harness.scoring.counts import NerTally
from harness.signature import Signature

__all__ = ["from_run", "is_run", "read_run"]

Key: TypeAlias = tuple[str, Task, str]
"""Gold set, task and backend: what a result is about."""


def is_run(path: str | Path) -> bool:
    """Whether a path is a run: a folder with `run.json`, or a file that looks like one inside."""
    path = Path(path)
    if path.is_dir():
        return (path / "run.json").is_file()
    if path.suffix != ".json" or not path.is_file():
        return False
    with path.open("rb") as handle:
        return b'"schema_version"' in handle.read(2000)


def read_run(path: str | Path) -> tuple[RunRecord, Path]:
    """The record and the folder that its other files lie in.

    Raises `InputError` where there is none, or a broken one.
    """
    path = Path(path)
    file = path / "run.json" if path.is_dir() else path
    if not file.exists():
        raise InputError(
            "no run here", path=file, hint="make one with `harness run`, or name its folder"
        )
    return records.read(file), file.parent


def from_run(
    path: str | Path,
    *,
    finder: GoldFinder | None = None,
    replay: bool = False,
    schema: str | None = None,
    lenient: bool = False,
    unread: dict[Key, str] | None = None,
) -> list[System]:
    """Every result of a run that has counts and is about a wanted gold set, in its order.

    With `replay` the stored predictions are counted again, with this version's rules and the gold
    as it is now, and with `schema` so that entities meet the gold in that label schema;
    `NothingMeasured` where predictions or gold are not at hand. Raises `UsageError` when the run
    has none of the wanted gold sets, unless `lenient`. `unread` takes what cannot be counted again
    because its predictions are gone, with the reason, so that the others still can be.
    """
    record, folder = read_run(path)
    finder = finder or GoldFinder()
    golds = sorted({result.gold for result in record.results})
    if golds and not lenient and not any(map(finder.wants, golds)):
        raise UsageError(
            f"no gold set {', '.join(finder.patterns)} in {folder}; there is: {', '.join(golds)}"
        )
    systems = []
    for result in record.results:
        answered = result.signature is not None and result.status in ("ok", "partial")
        if not answered or not finder.wants(result.gold):
            continue
        run = _Run(result, record, folder, finder)
        system = replace(_system(run), common=_in_common(run))
        if replay and unread is not None and (reason := run.without_predictions):
            unread[result.gold, result.task, result.backend] = reason
            continue
        if replay or (schema is not None and result.task == "ner"):
            system = _recounted(system, run, schema)
        systems.append(system)
    return systems


class _Run(NamedTuple):
    """A result and where it comes from."""

    result: Result
    record: RunRecord
    folder: Path
    finder: GoldFinder

    @property
    def what(self) -> str:
        return f"{self.result.backend} on {self.result.gold}"

    @property
    def without_predictions(self) -> str | None:
        """Why there are no stored predictions to count again; `None` where there are."""
        if self.result.predictions is None:
            return "the run kept no predictions"
        if not (self.folder / self.result.predictions).is_file():
            return f"{self.result.predictions} is missing in the run's folder"
        return None


class _Uncounted(Counter[str]):
    """Unknown labels are scored as they are spelled; here nobody asks how many there were."""


def _in_common(run: _Run) -> Callable[[], System] | None:
    """How the run counted the same backend in a schema that all backends share, if it did."""
    one = run.result
    for result in run.record.common:
        if (result.gold, result.task, result.backend) == (one.gold, one.task, one.backend):
            schema = Signature.parse(str(result.signature)).schema
            return partial(_system, run._replace(result=result), schema=schema)
    return None


def _system(run: _Run, *, schema: str | None = None) -> System:
    """The counts that the run has; `schema` is where they met, if not where the run asked for."""
    result = run.result
    assert result.signature is not None
    read: Callable[[Any], Tally] = (
        NerTally.from_json if result.task == "ner" else AttributionTally.from_json
    )
    units: list[tuple[str, int]] = []
    tallies: list[Tally] = []
    try:
        for unit in records.iter_units(result, run.folder):
            units.append((unit.document, unit.paragraph))
            tallies.append(read(unit.tally))
    except (ValueError, InputError) as error:
        raise InputError(
            f"{run.what}: {error}",
            path=run.folder / "run.json",
            hint="was it edited, or written by another version? run again",
        ) from None
    if not units:
        raise NothingMeasured(f"{run.what}: the run has no counts of a single document")
    signature = Signature.parse(result.signature)
    return System(
        name=result.backend,
        backend=result.backend,
        gold=result.gold,
        task=result.task,
        signature=signature,
        units=tuple(units),
        tallies=tuple(tallies),
        source=str(run.folder),
        result=result,
        pairs=_Once(lambda: _stored_pairs(run, digest=signature.gold_digest, schema=schema)[0]),
    )


class _Once:
    """Calls once: several tables ask for the same pairs."""

    def __init__(self, make: Callable[[], list[Pair]]) -> None:
        self._make = make
        self._pairs: list[Pair] | None = None

    def __call__(self) -> list[Pair]:
        if self._pairs is None:
            self._pairs = self._make()
        return self._pairs


def _stored_pairs(
    run: _Run, *, digest: str | None = None, schema: str | None = None
) -> tuple[list[Pair], Meeting | None]:
    """Gold and stored predictions in one label schema, and how they came to meet there.

    `digest` is what the gold's has to begin with; `None` takes the gold as it is now. `schema` is
    the schema to meet in, in place of the run's.
    """
    result = run.result
    if result.predictions is None:
        raise NothingMeasured(f"{run.what}: the run kept no predictions")
    path = (run.folder / result.predictions).resolve()
    if not path.is_relative_to(run.folder.resolve()):
        raise InputError(f"predictions {result.predictions!r} lie outside the run's folder")
    goldset = run.finder.find(result.gold)
    if goldset is None:
        raise NothingMeasured(
            f"{run.what}: gold set {result.gold!r} is not at hand; name it with --gold"
        )
    if digest is not None and not goldset.digest.startswith(digest):
        raise NotComparable(f"{run.what}: gold set {result.gold!r} has changed since the run")
    gold: Iterable[Record] = goldset.records()
    predicted: Iterable[Record] = jsonl.read(path)
    meeting = _meeting(run, goldset, schema) if result.task == "ner" else None
    if meeting is not None:
        gold = project_records(gold, meeting.project_gold, _Uncounted())
        predicted = project_records(predicted, meeting.project_predicted, _Uncounted())
    return join(list(gold), predicted, task=result.task), meeting


def _meeting(run: _Run, goldset: GoldSet, schema: str | None) -> Meeting | None:
    assert run.result.signature is not None
    if schema is None and Signature.parse(run.result.signature).schema == "none":
        return None  # Labels were compared as they are spelled.
    declared = run.result.declaration.labels if run.result.declaration else None
    forced = schema or run.record.options.get("schema")
    return meeting_of(
        goldset.schema,
        spoken(declared, run.result.labels, goldset.schema_folders),
        schema=forced if isinstance(forced, str) else None,
        folders=goldset.schema_folders,
    )


def _recounted(system: System, run: _Run, schema: str | None) -> System:
    pairs, meeting = _stored_pairs(run, schema=schema)
    goldset = run.finder.find(run.result.gold)
    assert goldset is not None
    signature = replace(
        system.signature,
        gold_version=goldset.version,
        gold_digest=goldset.digest[:8],
        documents=len(pairs),
        version=__version__,
    )
    if meeting is not None:
        met = Assessor("ner", system.options, meeting=meeting)
        signature = replace(signature, schema=met.schema, projection=met.projection)
    return counted(replace(system, signature=signature, aliases=goldset.aliases), pairs)
