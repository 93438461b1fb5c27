"""What was scored, out of a run record: its counts as they were, or counted again.

Counts come from the record alone, without model, text or gold. Stored predictions can be counted
again, with today's rules and gold, or in another label schema.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from harness import __version__
from harness.annotation import Record
from harness.errors import InputError, NotComparable, NothingMeasured, UsageError
from harness.formats.alike import read_alike
from harness.formats.files import is_there, opened
from harness.formats.losses import Losses
from harness.formats.opening import open_source
from harness.formats.source import Source
from harness.gold.goldset import GoldSet
from harness.paths import RECORD
from harness.results import stored
from harness.results.consistent import check_record, read_tally
from harness.results.count import Caveats, Count, open_count, options_of
from harness.results.finder import GoldFinder
from harness.results.outcomes import MOST_LISTED
from harness.results.pairs import join_documents, read_predictions
from harness.results.record import Result, ResultKey, RunRecord
from harness.results.scored import Scored, score_pairs, score_records
from harness.results.settle import labels_of_predictions
from harness.results.signature import TOKENS
from harness.results.unfinished import check_finished
from harness.results.units import UnitIds
from harness.tasks.base import DocumentPair
from harness.tasks.registry import task_named

__all__ = [
    "Opened",
    "check_whole",
    "from_file",
    "from_run",
    "is_run",
    "read_run",
    "scored_in",
]

Opened: TypeAlias = tuple[RunRecord, Path]
"""What `read_run` gives: a record, and the folder that its other files lie in."""


def is_run(path: str | Path) -> bool:
    """Whether a path is a run: a folder with `run.json`, or a file that looks like one inside."""
    path = Path(path)
    if not is_there(path):
        return False
    if path.is_dir():
        return (path / RECORD).is_file()
    if path.suffix != ".json" or not path.is_file():
        return False
    with opened(path, "a run record") as handle:
        return b'"schema_version"' in handle.read(2000)


def read_run(path: str | Path) -> Opened:
    """The record of a run, and its folder.

    Raises `InputError` where there is none, a broken one, or one that contradicts itself or the
    files beside it, `NothingMeasured` where a later run into the folder was not finished.
    """
    path = Path(path)
    file = path / RECORD if is_there(path) and path.is_dir() else path
    if not is_there(file):
        check_finished(file.parent)
        raise InputError(
            "no run here", path=file, hint="make one with `harness run`, or name its folder"
        )
    check_finished(file.parent)
    record = stored.read(file)
    check_record(record, file.parent, path=file)
    return record, file.parent


def check_whole(record: RunRecord, folder: str | Path) -> None:
    """Raise `NotComparable` for the record of a shard: its numbers are of some documents alone."""
    if record.shard is not None:
        raise NotComparable(
            f"{folder} is shard {record.shard.shard} of a run, and its numbers are of its own "
            "documents alone: put all shards together (harness merge), and name the whole"
        )


def from_run(
    run: str | Path | Opened,
    *,
    finder: GoldFinder | None = None,
    replay: bool = False,
    schema: str | None = None,
    lenient: bool = False,
    unread: dict[ResultKey, str] | None = None,
) -> list[Scored]:
    """Every result of a run that has counts and is about a wanted gold set, in its order.

    With `replay` the stored predictions are counted again, with this version's rules and the gold
    as it is now; with `schema` too, in that label schema, with the gold as it was.
    `NothingMeasured` where predictions or gold are not at hand. Raises `NotComparable` where the
    gold set that was given, or lies there, is not the run's, but for a replay; `UsageError` when
    the run has none of the wanted gold sets, unless `lenient`. `unread` takes what cannot be
    counted again because its predictions are gone, with the reason, so that the others still can
    be.
    """
    record, folder = run if isinstance(run, tuple) else read_run(run)
    check_whole(record, folder)
    finder = finder or GoldFinder()
    finder.learn(record, folder)
    finder.check_options(record)
    if not replay:
        finder.check_given(record)
    golds = sorted({result.gold for result in record.results})
    if golds and not lenient and not any(map(finder.wants, golds)):
        raise UsageError(
            f"no gold set {', '.join(finder.patterns)} in {folder}; there is: {', '.join(golds)}"
        )
    kept: dict[str, list[Record]] = {}
    units: dict[tuple[str, str], UnitIds] = {}
    scored = []
    for result in record.results:
        if result.signature is None or not result.answered or not finder.wants(result.gold):
            continue
        own = _Run(result, record, folder, finder, kept, units)
        if replay and unread is not None and (reason := own.without_predictions):
            unread[result.key] = reason
            continue
        one = replace(_scored(own), common=_in_common(own))
        if replay or schema is not None:
            one = _again(one, own, schema, as_it_was=not replay)
        scored.append(one)
    return scored


def scored_in(
    record: RunRecord,
    folder: str | Path,
    results: Sequence[Result],
    *,
    finder: GoldFinder | None = None,
) -> list[Scored]:
    """Some of a record's own results that have counts, as they were counted."""
    finder = finder or GoldFinder()
    kept: dict[str, list[Record]] = {}
    units: dict[tuple[str, str], UnitIds] = {}
    again = {id(result) for result in record.common}
    return [
        _scored(
            _Run(result, record, Path(folder), finder, kept, units),
            meet_in=result.counted.schema if id(result) in again else None,
        )
        for result in results
        if result.signature is not None and result.answered
    ]


def from_file(
    path: str | Path,
    goldset: GoldSet,
    task: str,
    options: Any = None,
    *,
    schema: str | None = None,
    strict_labels: bool = False,
) -> Scored:
    """A file of predictions, scored against a gold set.

    Labels are compared as they are spelled unless `schema` names one to project both sides onto.
    Raises what reading and joining raise (`InputError`, `NothingMeasured`, `SchemaError`), with the
    file.
    """
    reader = open_source(path)
    own = goldset.reader()
    if own is not None:
        own, reader = read_alike(own, reader)
        goldset = replace(goldset, read=own.records, reader=lambda: own)
    gold = goldset.read_all()
    losses = Losses()
    predicted = read_predictions(reader, gold, losses)
    scored = score_records(
        reader.source.stem,
        goldset,
        predicted,
        task,
        options,
        schema=schema,
        strict_labels=strict_labels,
        gold=gold,
        source=str(Source.parse(path)),
        read_as=reader.note,
    )
    return replace(
        scored,
        losses={"gold": goldset.losses, "predictions": dict(losses)},
        sources={"gold": goldset.source, "predictions": str(reader.settled)},
    )


class _Run(NamedTuple):
    """A result and where it comes from."""

    result: Result
    record: RunRecord
    folder: Path
    finder: GoldFinder
    kept: dict[str, list[Record]]
    """The records of gold sets that were read, by name: the results of one run share them."""
    units: dict[tuple[str, str], UnitIds]
    """Of which units there are counts, by gold set and task: shared by those who have the same."""

    def records(self, goldset: GoldSet) -> list[Record]:
        """Those of a gold set, read once for all results that are asked for together."""
        name = self.result.gold  # A record has one gold set of a name.
        if name not in self.kept:
            self.kept[name] = goldset.read_all()
        return self.kept[name]

    @property
    def what(self) -> str:
        return f"{self.result.backend} on {self.result.gold}"

    @property
    def without_predictions(self) -> str | None:
        """Why there are no stored predictions to count again; `None` where there are."""
        if self.result.predictions is None:
            return "the run kept no predictions"
        if not stored.inside(self.folder, self.result.predictions, "predictions").exists():
            return f"{self.result.predictions} is missing in the run's folder"
        return None


def _in_common(run: _Run) -> Callable[[], Scored] | None:
    """How the run counted the same backend in a schema that all backends share, if it did."""
    for result in run.record.common:
        if result.key == run.result.key:
            return partial(_scored, run._replace(result=result), meet_in=result.counted.schema)
    return None


def _scored(run: _Run, *, meet_in: str | None = None) -> Scored:
    """The counts that the run has; `meet_in` is the schema of the run's second count."""
    result = run.result
    task = task_named(result.task)
    try:
        like = run.units.get((result.gold, result.task))
        columns = stored.read_units(result, run.folder, partial(read_tally, task), like)
    except (ValueError, InputError) as error:
        raise InputError(
            f"{run.what}: {error}",
            path=run.folder / RECORD,
            hint="was it edited, or written by another version? run again",
        ) from None
    if not columns.ids:
        raise NothingMeasured(f"{run.what}: the run has no counts of a single document")
    run.units.setdefault((result.gold, result.task), columns.ids)
    signature = result.counted
    goldset = cache(partial(_gold, run, signature.gold_digest))

    def pairs() -> list[DocumentPair]:
        if result.documents > MOST_LISTED:
            raise NothingMeasured(
                f"{result.gold} has {result.documents:,} documents, and mentions are told one by "
                f"one of up to {MOST_LISTED:,}"
            )
        joined, count = _stored(run, goldset(), meet_in=meet_in)
        return [count.compared(pair) for pair in joined]

    return Scored(
        name=result.backend,
        backend=result.backend,
        gold=result.gold,
        task=result.task,
        signature=signature,
        units=columns.ids,
        tallies=columns.tallies,
        options=options_of(task, signature),
        caveats=Caveats(**{name: getattr(result, name) for name in Caveats.__slots__}),
        source=str(run.folder),
        seed=run.record.seed,
        result=result,
        schema=result.schema,
        losses={"gold": next((g.losses for g in run.record.gold if g.name == result.gold), {})},
        recall_pairs=cache(pairs),
    )


def _gold(run: _Run, digest: str | None) -> GoldSet:
    """The run's gold set, whose digest has to begin so; `None` takes it as it is now."""
    goldset = run.finder.find(run.result.gold)
    if goldset is None:
        raise NothingMeasured(
            f"{run.what}: gold set {run.result.gold!r} is not at hand"
            f"{run.finder.looked(run.result.gold)}; say where it lies: --gold PATH"
        )
    if digest is not None and not goldset.digest.startswith(digest):
        raise NotComparable(f"{run.what}: gold set {run.result.gold!r} has changed since the run")
    return goldset


def _stored(
    run: _Run, goldset: GoldSet, *, schema: str | None = None, meet_in: str | None = None
) -> tuple[list[DocumentPair], Count]:
    """Gold with stored predictions, and a count in the labels in which they are compared.

    `schema` is asked for in place of the run's, `meet_in` is where labels met in its second count.
    """
    if run.result.predictions is None:
        raise NothingMeasured(f"{run.what}: the run kept no predictions")
    result, signature = run.result, run.result.counted
    task = task_named(result.task)
    predicted = list(stored.stored_predictions(result, run.folder))
    asked = run.record.options.get("schema") if result.schema is None else result.schema
    count = open_count(
        goldset,
        task,
        options_of(task, signature),
        predicted_labels=labels_of_predictions(task, result.declaration, result.labels, predicted),
        schema=schema or (asked if isinstance(asked, str) else None),
        meet_in=meet_in,
        # Those were compared as they were spelled.
        as_spelled=signature.schema == "none",
        capabilities=result.capabilities,
        model=result.model,
    )
    return join_documents(run.records(goldset), predicted, task=task), count


def _again(scored: Scored, run: _Run, schema: str | None, *, as_it_was: bool) -> Scored:
    """Counted again; with `as_it_was` the gold set has to be the one that the run had."""
    goldset = _gold(run, run.result.counted.gold_digest if as_it_was else None)
    pairs, count = _stored(run, goldset, schema=schema)
    again = score_pairs(scored, pairs, count)
    had, has = (one.fields.get(TOKENS) for one in (run.result.counted, again.signature))
    if as_it_was and had != has:
        raise NotComparable(
            f"{run.what}: the tokens of gold set {run.result.gold!r} have changed since the run"
        )
    stated = next(one.digest for one in run.record.gold if one.name == run.result.gold)
    if stated != goldset.digest and stated[:8] == goldset.digest[:8]:
        raise _contradiction(run, "its digest of the gold set is not whole")
    same = stated == goldset.digest and schema is None and run.result.counted.version == __version__
    same = same and had == has
    if same and (again.units, again.tallies) != (scored.units, scored.tallies):
        raise _contradiction(run, "its counts are not those of its predictions")
    return replace(again, schema=schema or scored.schema)


def _contradiction(run: _Run, problem: str) -> InputError:
    return InputError(
        f"the record contradicts itself: {run.what}: {problem}",
        path=run.folder,
        hint="it was edited, or the code that counts has changed: run again",
    )
