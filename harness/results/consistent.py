"""Whether a run record says one thing: no gate may pass on a record that contradicts itself.

Records are written whole by this program; one whose parts do not fit was edited, is half of one run
and half of another, or comes from a fault of ours. None of its numbers can be trusted then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

from harness.coding import EXACT, encode, short
from harness.errors import HarnessError, InputError
from harness.results.count import options_of
from harness.results.record import (
    MOST_FAILURES,
    GoldRecord,
    Result,
    RunRecord,
    result_status,
    run_status,
)
from harness.results.stored import beside, inside, read_units
from harness.results.units import GoldCounts, UnitColumns, UnitIds, unit_problems
from harness.stats.rates import defined, rates
from harness.tasks.base import Task
from harness.tasks.parts import block
from harness.tasks.registry import task_named, tasks
from harness.tasks.tally import Tally

__all__ = ["check_record", "other_scores", "read_tally"]

_TOLERANCE = 1e-9
_FIRST = "0.1."
_DEEPEST = 20
"""Objects of scores inside objects of scores."""


@dataclass(slots=True)
class _Seen:
    """What the counts of a row are of."""

    what: str
    golds: GoldCounts
    """Shared by all rows."""
    units: UnitIds | None = None
    """Before its counts are read, those of another row, which it should have too."""
    gold: Sequence[int] = ()
    """The gold of each unit, as `golds` numbers it; empty where nothing was counted."""


def check_record(record: RunRecord, folder: str | Path, *, path: str | Path | None = None) -> None:
    """Raise `InputError` for the first thing in a record, or beside it, that contradicts another.

    `folder` is the record's: the files that it names have to be those that it is about. One that is
    gone is no contradiction.
    """
    try:
        problem = next(_problems(record, Path(folder)), None)
    except InputError as error:
        raise error.of(path) from None
    if problem is not None:
        raise InputError(
            f"the record contradicts itself: {problem}",
            path=path,
            hint="it was edited, or is of several runs: run again",
        )


def _problems(record: RunRecord, folder: Path) -> Iterator[str]:
    if record.schema_version == 1 and not record.tool_version.startswith(_FIRST):
        # Its files have no digests, its counts no status: nothing says that they belong together.
        yield f"it is of schema version 1, which harness {short(record.tool_version)} never wrote"
    gold_records = {gold_record.name: gold_record for gold_record in record.gold}
    if len(gold_records) < len(record.gold):
        yield "two gold sets have the same name"
    for name, gold_record in gold_records.items():
        for task, figures in gold_record.agreement.items():
            if task in tasks() and figures != {} and not _is_agreement(figures):
                yield f"the agreement of annotators on {name!r} ({task}) is no numbers"
    golds = GoldCounts()
    seen: dict[tuple[str, str], _Seen] = {}
    alike: dict[str | None, _Seen] = {}
    for kind, results in (("results", record.results), ("common", record.common)):
        keys = [result.key for result in results]
        for gold, task, backend in keys:
            if keys.count((gold, task, backend)) > 1:
                yield f"two rows in {kind} are about {backend} on {gold} ({task})"
        for result in results:
            before = seen.get((result.gold, result.task))
            mine = _Seen(
                f"{result.backend} on {result.gold} ({result.task})",
                golds,
                None if before is None else before.units,
            )
            for what, file in (("predictions", result.predictions), ("units", result.units_file)):
                if file is not None:
                    inside(folder, file, what)
            for said in _of_result(result, gold_records, folder, mine):
                yield f"{mine.what}: {said}"
            if record.schema_version > 1:
                told = (*_of_digests(result), *_of_options(result, record))
                yield from (f"{mine.what}: {said}" for said in told)
            if mine.units is None or not mine.gold:
                continue
            other = seen.setdefault((result.gold, result.task), mine)
            if other.units != mine.units:
                yield f"{mine.what}: its counts are of other paragraphs than those of {other.what}"
            other = alike.setdefault(result.signature, mine)
            for document, label, one, two in golds.differences(mine.units, other.gold, mine.gold):
                yield (
                    f"{other.what} has {one} gold {label} in {document!r}, {mine.what} has {two}, "
                    "and they were counted in the same way"
                )
    measured = {result.key for result in record.results}
    for result in record.common:
        if result.key not in measured:
            yield f"{result.backend} on {result.gold} ({result.task}) is in common alone"
    status = run_status(record.results)
    if record.results and record.status != status and record.schema_version > 1:
        yield f"its status is {record.status!r}, its results make it {status!r}"
    elif record.status == "error" and status != "error":
        yield f"its status is 'error', and its results were measured ({status!r})"


def _of_result(
    result: Result, gold_records: dict[str, GoldRecord], folder: Path, seen: _Seen
) -> Iterator[str]:
    if result.gold not in gold_records:
        yield f"the record has no gold set {result.gold!r}"
        return
    has_counts = bool(result.units) or result.units_file is not None
    if not result.answered:
        if has_counts or result.signature is not None:
            yield f"its status is {result.status!r}, and yet it has counts"
        return
    expected = result_status(result.documents, result.failed)
    listed = len(result.failures)
    if expected == "failed":
        yield f"{result.failed} of {result.documents} documents failed, and yet it has counts"
    elif result.status != expected:
        yield f"its status is {result.status!r}, but {result.failed} documents failed"
    elif not min(result.failed, MOST_FAILURES) <= listed <= result.failed:
        yield f"{result.failed} documents failed, and {listed} are listed"
    if result.signature is None or not has_counts:
        yield f"its status is {result.status!r}, and yet it has no counts"
        return
    if result.units and result.units_file is not None:
        yield "it has counts of its own and in a file"
    yield from _of_gold(result, gold_records[result.gold])
    yield from _of_scores(result)
    if result.predictions and inside(folder, result.predictions, "predictions").exists():
        beside(folder, result.predictions, result.predictions_digest, "predictions")
    yield from _of_counts(result, folder, seen)


def _of_digests(result: Result) -> Iterator[str]:
    """Every file that a run writes is named with its digest."""
    for what, name, digest in (
        ("predictions", result.predictions, result.predictions_digest),
        ("units", result.units_file, result.units_digest),
    ):
        if name and not digest:
            yield f"it names a file of {what} without a digest"
        elif digest and not name:
            yield f"it has the digest of {what}, but names no file"


def _of_options(result: Result, record: RunRecord) -> Iterator[str]:
    """One run counts in one way, and is made by one version."""
    if result.signature is None:
        return
    signed = result.counted
    options = options_of(task_named(result.task), signed)
    said = {"version": record.tool_version, **record.options}
    for name, value in {"version": signed.version, **encode(options)}.items():
        if isinstance(value, str) and said.get(name, value) != value:
            yield f"the {name} is {value!r} in its signature and {short(said[name])} in the record"


def _of_gold(result: Result, gold_record: GoldRecord) -> Iterator[str]:
    if result.task not in gold_record.tasks:
        yield f"its gold set has no annotations for {result.task}"
    if result.documents > gold_record.documents:
        yield f"{result.documents} documents of {gold_record.documents} were counted"
    try:
        signature = result.counted
        options_of(task_named(result.task), signature)
    except (HarnessError, ValueError) as error:
        yield f"its signature cannot be read: {str(error)[:300]}"
        return
    for name, signed, said in (
        ("task", signature.task, result.task),
        ("gold set", signature.gold, result.gold),
        ("version of the gold set", signature.gold_version, gold_record.version),
        ("digest of the gold set", signature.gold_digest[:8], gold_record.digest[:8]),
        ("number of documents", signature.documents, result.documents),
    ):
        if signed != said:
            yield f"the {name} is {signed!r} in its signature and {said!r} in the record"


def _of_counts(result: Result, folder: Path, seen: _Seen) -> Iterator[str]:
    if result.units_file is not None and not inside(folder, result.units_file, "units").exists():
        return
    task = task_named(result.task)
    try:
        columns = read_units(result, folder, partial(read_tally, task), seen.units)
    except ValueError as error:
        yield f"its counts cannot be read: {error}"
        return
    failed = {failure.id for failure in result.failures}
    there = columns.ids.find(failed)
    problems = [
        *unit_problems(columns, task),
        *_answered_all_the_same(columns, task, result, frozenset(there.values())),
    ]
    if problems:
        yield min(problems, key=itemgetter(0))[1]
        return
    seen.units, seen.gold = columns.ids, seen.golds.add(columns.tallies, task)
    if (counted := columns.ids.document_count) != result.documents:
        yield f"{result.documents} documents were counted, its counts are of {counted}"
    for lost in sorted(failed - there.keys()):
        yield f"the document {lost!r} failed, and its counts do not have it"


def _answered_all_the_same(
    columns: UnitColumns, task: Task, result: Result, failed: Collection[int]
) -> Iterator[tuple[int, str]]:
    """The first unit of a document without an answer in which something is predicted."""
    options = options_of(task, result.counted)
    for place, number in enumerate(columns.ids.documents) if failed else ():
        if number in failed and _predicts(task, columns.tallies[place], options):
            name = columns.ids.name(number)
            yield place, f"the document {name!r} failed, and yet something is predicted in it"
            return


def read_tally(task: Task, value: Any) -> Tally:
    """The stored counts of a unit. Raises `ValueError` for what the task cannot have counted."""
    tally = Tally.from_json(value)
    for key, n in tally.items():
        if problem := task.problem(key, n):
            raise ValueError(problem)
        if abs(n) > EXACT:
            raise ValueError(f"{' '.join(map(str, key))} is {n}, expected a count")
    return tally


def _of_scores(result: Result) -> Iterator[str]:
    """Stated numbers may differ from those of the counts, but numbers they have to be."""
    blocks = result.scores.values()
    if not all(isinstance(block, Mapping) and _are_scores(block) for block in blocks):
        yield "its scores are no numbers"


def other_scores(result: Result, total: Tally) -> str:
    """A sentence where a result's stated numbers are not those of its counts, of which `total` is
    the sum; else none.

    The counts are what everything is computed from; stated numbers are for readers of the file.
    What the counts do not tell is left out, as scores with forgiving boundaries are.
    """
    for place, value in _named(_scores(result, total)):
        stated: Any = result.scores
        for name in place:
            stated = stated.get(name) if isinstance(stated, Mapping) else None
        if stated != value and (
            stated is None
            or value is None
            or not _is_number(stated)
            or not abs(stated - value) <= _TOLERANCE
        ):
            where = " ".join(place[:-1])
            return (
                f"the record states a {place[-1]} under {where} of {stated}, its counts make it "
                f"{value}"
            )
    return ""


def _scores(result: Result, total: Tally) -> Mapping[str, Any]:
    """The numbers that counts make, in the shape of a result's `scores`."""
    task = task_named(result.task)
    options = options_of(task, result.counted)
    scores = task.stated_scores(total, options, result.capabilities)
    weights = task.parts(total, options, result.capabilities)[0].weights
    for name in task.further_options(options):
        stated = result.scores.get(name)
        if isinstance(stated, Mapping):  # Of these the counts say nothing, but they have to fit.
            tp, predicted, gold = (stated.get(side) or 0 for side in ("tp", "predicted", "support"))
            scores[name] = {"f1": defined(rates(tp, gold, tp, predicted, weights=weights).f1)}
    return scores


def _named(value: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every number in a tree of objects, with the names on the way to it."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _named(item, (*place, name))
    else:
        yield place, value


def _is_agreement(block: object) -> bool:
    names = ("f1", "lowest", "highest", "pairs")
    return isinstance(block, Mapping) and all(_is_number(block.get(name, "")) for name in names)


def _are_scores(value: Any, depth: int = 0) -> bool:
    """Numbers, perhaps in objects and lists; an object with an F1 holds numbers alone."""
    if not isinstance(value, Mapping | list):
        return _is_number(value)
    if depth > _DEEPEST or (isinstance(value, Mapping) and "f1" in value):
        return isinstance(value, Mapping) and all(map(_is_number, value.values()))
    items = value.values() if isinstance(value, Mapping) else value
    return all(_are_scores(item, depth + 1) for item in items)


def _is_number(value: Any) -> bool:
    """A number that can be computed with; `None` is an undefined one."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value is None or (is_number and abs(value) <= EXACT)


def _predicts(task: Task, tally: Tally, options: Any) -> bool:
    """Whether the counts of a unit have a prediction."""
    return block(task.parts(tally, options)[0], tally).predicted > 0
