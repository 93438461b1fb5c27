"""Shards put together: the record, and the files beside it, of the run that was not cut.

Counts add up (`harness.results.sums`), files are woven by the places of documents
(`harness.scale.weave`), and nothing is asked again. Where the labels of all answers decide in which
labels they are compared, and where a shard failed as such, the whole is counted again from its
predictions (`harness.scale.recount`), which needs the gold set.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from harness.errors import InputError, NothingMeasured, UsageError
from harness.formats.source import is_remote
from harness.paths import RECORD
from harness.results.consistent import read_tally
from harness.results.count import options_of
from harness.results.finder import GoldFinder
from harness.results.record import (
    Git,
    GoldRecord,
    Result,
    RunRecord,
    run_status,
)
from harness.results.signature import Signature
from harness.results.stored import write
from harness.results.sums import Sums
from harness.results.unfinished import unfinished
from harness.results.unit_files import read_columns
from harness.run.common import count_in_common
from harness.run.files import CellFiles
from harness.scale.command import undivided
from harness.scale.parts import Piece, ShardRun, opened_parts, pieces
from harness.scale.recount import counted_again, gold_of, scoring
from harness.scale.told import told_of, with_units
from harness.scale.weave import own_file, prediction_lines, unit_groups, woven
from harness.tasks.base import Task
from harness.tasks.registry import task_named

__all__ = ["Merged", "merge_shards", "merge_marked", "moved_gold"]

_OPEN_AT_A_TIME = 2
"""Files of a shard that are read side by side."""
_EDITED = "it was edited: run that shard again"


@dataclass(frozen=True, slots=True)
class Merged:
    """The whole record, and what of it is not whole."""

    record: RunRecord
    lost: tuple[Piece, ...]
    """Where a backend failed in a shard as such: its documents there count as failed."""

    @property
    def partial(self) -> Iterator[str]:
        """A line for each of these."""
        return (f"partial: {one}: {one.result.reason}" for one in self.lost if one.result)


def merge_shards(
    folders: Sequence[Path],
    out: Path,
    *,
    finder: GoldFinder | None = None,
    complete: bool = False,
    command: Sequence[str] = (),
) -> Merged:
    """Put the shards in these folders together and write the record of the whole into `out`.

    Apart from times it is, byte for byte, that of the run that was not cut, and so are the files
    beside it. `finder` knows where gold sets lie that were moved since; `command` is what `out` is
    marked with until the record is there.

    Raises what `opened_parts` raises; `NothingMeasured` where the gold set is needed and not at
    hand, and, if it has to be `complete`, where a shard failed as such.
    """
    opened = _opened(folders, out, complete=complete)
    if any(folder.resolve() == out.resolve() for folder in folders):
        raise UsageError(f"{out} is the folder of the shards: write into another (--out)")
    with unfinished(out, tuple(command)):
        return _written(opened, out, finder or GoldFinder())


def merge_marked(folders: Sequence[Path], out: Path) -> Merged:
    """The same into a folder that is marked as that of a run which is under way."""
    return _written(_opened(folders, out, complete=False), out, GoldFinder())


@dataclass(frozen=True, slots=True)
class _Opened:
    parts: list[ShardRun]
    whole: list[list[Piece]]
    lost: tuple[Piece, ...]


def _opened(folders: Sequence[Path], out: Path, *, complete: bool) -> _Opened:
    parts = opened_parts(folders, out)
    _make_room(_OPEN_AT_A_TIME * len(parts))
    for part in parts:
        if out.resolve().is_relative_to(part.folder.resolve()):
            raise UsageError(
                f"{out} is the folder of shard {part.shard}, or in it: write into another (--out)"
            )
    whole = list(pieces(parts))
    lost = tuple(piece for each in whole for piece in each if piece.is_lost and _is_partly(each))
    if complete:
        _check_complete(whole)
    return _Opened(parts, whole, lost)


def _make_room(files: int) -> None:
    """Let so many files more be open at a time, as far as the system lets a process say so."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = soft + files if hard == resource.RLIM_INFINITY else min(soft + files, hard)
    if soft not in (resource.RLIM_INFINITY, wanted):
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _written(opened: _Opened, out: Path, finder: GoldFinder) -> Merged:
    for part in opened.parts:
        finder.learn(part.record, part.folder)
    finder.check_patterns()
    finder.check_given(opened.parts[0].record)
    results = tuple(
        result for each in opened.whole if (result := _merged(each, out, finder)) is not None
    )
    record = _record(opened.parts, results, out, finder)
    write(out / RECORD, record)
    return Merged(record, opened.lost)


def _check_complete(whole: Sequence[Sequence[Piece]]) -> None:
    """A backend that is nowhere available is a row that says so, as in any run."""
    named = [
        f"{piece}: {piece.result.reason}"
        for each in whole
        for piece in each
        if piece.result is not None
        and piece.is_lost
        and (_is_partly(each) or piece.result.status == "failed")
    ]
    if named:
        raise NothingMeasured(f"not complete: {'; '.join(named)}")


def _is_partly(each: Sequence[Piece]) -> bool:
    return any(piece.is_whole for piece in each)


def _merged(each: Sequence[Piece], out: Path, finder: GoldFinder) -> Result | None:
    """The result of the whole, with its files; `None` where no shard has a document of it."""
    counted = [piece for piece in each if piece.is_whole]
    refused = [piece for piece in each if piece.is_refused]
    if refused or not counted:
        failed = [piece.result for piece in refused or each if piece.result is not None]
        return failed[0] if failed else None
    if any(piece.is_lost or not piece.own.settled for piece in each):
        return counted_again(each, out, finder)
    told = told_of(counted)
    files = CellFiles(out, *counted[0].own.key)
    with files.open("predictions") as file:
        assert file is not None
        file.writelines(line for _, line in woven(counted, prediction_lines))
    if told.status == "failed":
        return told
    documents = counted[0].part.record.find_gold(told.gold).documents
    units = chain.from_iterable(group for _, group in woven(counted, unit_groups))
    return replace(
        told,
        **_numbers(counted),
        predictions=files.name("predictions"),
        predictions_digest=files.digest("predictions"),
        **with_units(files, documents, units),
    )


def _numbers(counted: Sequence[Piece]) -> dict[str, Any]:
    """The fields of the result that come of the sums."""
    result = next(p.result for p in counted if p.result is not None and p.result.answered)
    task, sums = task_named(result.task), Sums()
    for piece in counted:
        path = piece.part.folder / RECORD
        try:
            own = _sums(task, piece.own.sums)
        except ValueError as error:
            problem = f"the sums of {piece} cannot be read: {error}"
            raise InputError(problem, path=path, hint=_EDITED) from None
        columns = read_columns(own_file(piece, "units"), partial(read_tally, task))
        if own.total != columns.tallies.total() or own.documents != piece.own.documents:
            problem = (
                f"the record contradicts itself: {piece}: its sums are not those of its counts"
            )
            raise InputError(problem, path=path, hint=_EDITED)
        sums.add(own)
    signature = replace(Signature.parse(counted[0].own.signature), documents=sums.documents)
    options = options_of(task, signature)
    return {
        "signature": str(signature),
        "scores": sums.stated_scores(task, options, result.capabilities),
        **sums.caveats(task, options, result.capabilities),
    }


def _sums(task: Task, value: Any) -> Sums:
    """Raises `ValueError` also for what the task cannot have counted."""
    sums = Sums.from_json(value)
    for tally in (sums.total, sums.everything, *map(sums.under, sums.further)):
        read_tally(task, tally.to_json())
    return sums


def _record(
    parts: Sequence[ShardRun], results: tuple[Result, ...], out: Path, finder: GoldFinder
) -> RunRecord:
    first = parts[0].record
    record = replace(
        first,
        status=run_status(results),
        started=min(part.record.started for part in parts),
        finished=max(part.record.finished for part in parts),
        command=undivided(first.command, out),
        git=_state([part.record.git for part in parts]),
        project=_state([part.record.project for part in parts]),
        gold=tuple(moved_gold(gold, parts[0].folder, out) for gold in first.gold),
        results=results,
        shard=None,
    )
    met: dict[tuple[str, str], set[str]] = {}
    for one in results:
        if one.signature is not None:
            met.setdefault((one.gold, one.task), set()).add(one.counted.schema)
    several = {gold for (gold, _), schemas in met.items() if len(schemas) > 1}
    goldsets = [gold_of(record, one.name, finder) for one in record.gold if one.name in several]
    if not goldsets:
        return record
    common = count_in_common(results, goldsets, scoring(record), out)
    return replace(record, common=common)


def _state(states: Sequence[Git | None]) -> Git | None:
    """The commit that all were made from; `None` where they differ."""
    if any(one is None for one in states) or len({one.commit for one in states if one}) > 1:
        return None
    known = [one for one in states if one is not None]
    return replace(known[0], dirty=any(one.dirty for one in known))


def moved_gold(gold: GoldRecord, folder: Path, out: Path) -> GoldRecord:
    """Its place seen from another folder."""
    if not gold.path or is_remote(gold.path) or Path(gold.path).is_absolute():
        return gold
    place = (folder.resolve() / gold.path).resolve()
    return replace(gold, path=Path(os.path.relpath(place, out.resolve())).as_posix())
