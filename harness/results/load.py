"""Systems out of a run record: their counts as they were, or counted again.

Counts come from the record alone, without model, text or gold. Stored predictions can be counted
again, with today's rules and gold, or in another label schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from harness.annotation import Record, Task
from harness.errors import InputError, NotComparable, NothingMeasured, UsageError
from harness.gold.goldset import GoldSet
from harness.results import record as records
from harness.results.consistent import check_record
from harness.results.measures import Tally
from harness.results.pairs import Pair, join
from harness.results.record import Result, RunRecord
from harness.results.rescore import options_of
from harness.results.scored import count_pairs, together
from harness.results.systems import GoldFinder, System, recounted
from harness.results.terms import Terms, settle, speech_of
from harness.results.unfinished import check_finished
from harness.signature import Signature
from harness.tasks.attribution.tally import AttributionTally
from harness.tasks.ner.tally import NerTally

__all__ = ["from_run", "is_run", "read_run", "stored_terms"]

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

    Raises `InputError` where there is none, a broken one, or one that contradicts itself or the
    files beside it, `NothingMeasured` where a later run into the folder was not finished.
    """
    path = Path(path)
    file = path / "run.json" if path.is_dir() else path
    if not file.exists():
        raise InputError(
            "no run here", path=file, hint="make one with `harness run`, or name its folder"
        )
    check_finished(file.parent)
    record = records.read(file)
    check_record(record, file.parent, path=file)
    return record, file.parent


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
    as it is now, and with `schema` too, so that entities meet the gold in that label schema;
    `NothingMeasured` where predictions or gold are not at hand. Raises `NotComparable` where a gold
    set was given that is not the run's and nothing is counted again, `UsageError` when the run has
    none of the wanted gold sets, unless `lenient`. `unread` takes what cannot be counted again
    because its predictions are gone, with the reason, so that the others still can be.
    """
    record, folder = read_run(path)
    finder = finder or GoldFinder()
    finder.learn(record, folder)
    if not replay and schema is None:
        finder.check_given(record)
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
        if replay or schema is not None:
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


def _in_common(run: _Run) -> Callable[[], System] | None:
    """How the run counted the same backend in a schema that all backends share, if it did."""
    one = run.result
    for result in run.record.common:
        if (result.gold, result.task, result.backend) == (one.gold, one.task, one.backend):
            schema = Signature.parse(str(result.signature)).schema
            return partial(_system, run._replace(result=result), place=schema)
    return None


def _system(run: _Run, *, place: str | None = None) -> System:
    """The counts that the run has; `place` is the schema of the run's second count."""
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
        pairs=_Once(
            lambda: _stored(run, digest=signature.gold_digest, place=place).together(result.task)
        ),
        schema=result.schema,
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


def _stored(
    run: _Run, *, digest: str | None = None, schema: str | None = None, place: str | None = None
) -> _Stored:
    """Gold and stored predictions, and the labels in which they are compared.

    `digest` is what the gold's has to begin with; `None` takes the gold as it is now. `schema` is
    asked for in place of the run's, `place` is where labels met in the run's second count.
    """
    result = run.result
    if result.predictions is None:
        raise NothingMeasured(f"{run.what}: the run kept no predictions")
    goldset = run.finder.find(result.gold)
    if goldset is None:
        raise NothingMeasured(
            f"{run.what}: gold set {result.gold!r} is not at hand; name it with --gold"
        )
    if digest is not None and not goldset.digest.startswith(digest):
        raise NotComparable(f"{run.what}: gold set {result.gold!r} has changed since the run")
    predicted = list(records.stored_predictions(result, run.folder))
    return _Stored(
        goldset,
        join(list(goldset.records()), predicted, task=result.task),
        stored_terms(result, run.record, goldset, predicted, schema=schema, place=place),
    )


class _Stored(NamedTuple):
    goldset: GoldSet
    pairs: list[Pair]
    """With labels as they came."""
    terms: Terms

    def together(self, task: Task) -> list[Pair]:
        return [together(pair, self.terms, task) for pair in self.pairs]


def stored_terms(
    result: Result,
    record: RunRecord,
    goldset: GoldSet,
    predicted: Iterable[Record],
    *,
    schema: str | None = None,
    place: str | None = None,
) -> Terms:
    """In which labels a result was counted, or with `schema` is to be counted."""
    asked = record.options.get("schema") if result.schema is None else result.schema
    wanted = schema or (asked if isinstance(asked, str) else None)
    return settle(
        goldset,
        speech_of(result.declaration, result.labels, predicted),
        task=result.task,
        schema=wanted,
        place=place,
        # Those were compared as they were spelled.
        as_spelled=Signature.parse(str(result.signature)).schema == "none",
    )


def _recounted(system: System, run: _Run, schema: str | None) -> System:
    stored = _stored(run, schema=schema)
    signed = system.signature
    options = options_of(run.result)
    again = count_pairs(
        stored.goldset, stored.pairs, stored.terms, task=system.task, options=options
    )
    found = recounted(system, stored.goldset, again)
    _, prompts, told = signed.projection.partition(",prompts=")
    projection = f"{again.signature.projection}{prompts}{told}"
    return replace(
        found,
        signature=replace(again.signature, projection=projection),
        schema=schema or system.schema,
    )
