"""Runs backends over gold sets and writes down everything that was found out.

Nothing stops a run in the middle: a backend that is missing, breaks or lies is a row that says so.
Ctrl-C (or SIGTERM, or SIGHUP) does stop it, leaves no process behind and keeps every finished
prediction, so that the same command goes on from there.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path

from harness.annotation import TaskName
from harness.errors import BackendFailed, HarnessError, NothingMeasured, UsageError
from harness.formats.files import read_text
from harness.gold.goldset import GoldSet
from harness.gold.held import held
from harness.gold.known import with_known_facts
from harness.interrupt import stoppable
from harness.paths import RECORD
from harness.registry import OWN_DISTRIBUTION, BackendSpec, adapter_of
from harness.results.count import check_possible
from harness.results.gold_record import gold_record
from harness.results.provenance import machine, now, origin
from harness.results.record import GoldRecord, RunRecord, ShardRecord, run_status
from harness.results.stored import from_json, write
from harness.results.unfinished import unfinished
from harness.run.cell import Answering, RunCell
from harness.run.common import count_in_common
from harness.run.options import RunOptions, WorkerOptions
from harness.run.predictions import PredictOptions
from harness.run.process import kill_all
from harness.run.progress import Progress
from harness.run.proof import own_code
from harness.run.store import Store, taken_up
from harness.shards import Shard
from harness.tasks.registry import task_named

__all__ = [
    "at_hand",
    "check_folder",
    "check_required",
    "interruptible",
    "planned",
    "predict_options",
    "run",
    "run_token",
]

_PACKAGES = (OWN_DISTRIBUTION, "numpy", "tabulate")


def run(
    specs: Sequence[BackendSpec],
    goldsets: Sequence[GoldSet],
    options: RunOptions | None = None,
    progress: Progress | None = None,
    *,
    answering: Answering | None = None,
) -> RunRecord:
    """Apply every backend to every gold set for every task that both know.

    `answering` gives their answers where somebody has asked for them already. Returns the record
    and, with `out`, has written it. Raises `UsageError` for an unknown adapter or a backend that
    fits no gold set, `NothingMeasured` when there is nothing to do, and `KeyboardInterrupt` after
    cleaning up.
    """
    options = options or RunOptions()
    progress = progress or Progress(quiet=True)
    started = now()
    stop = threading.Event()
    check_folder(options)
    goldsets = [replace(at_hand(gold, options), shard=options.shard) for gold in goldsets]
    gold_records = {
        gold.name: gold_record(gold, options.out, schema=options.schema) for gold in goldsets
    }
    if len(gold_records) != len(goldsets):
        name, _ = Counter(gold.name for gold in goldsets).most_common(1)[0]
        raise UsageError(
            f"two gold sets have the same name, {name!r}; give one of them another: PATH?name=NAME"
        )
    plan = planned(specs, goldsets, options)
    with (
        interruptible(stop),
        run_token(specs, gold_records.values(), options) as token,
        unfinished(options.out, options.command),
    ):
        cells = _cells(plan, gold_records, options, progress, stop, token, answering)
        try:
            _run_cells(cells, options, stop, progress)
        finally:
            for cell in cells:
                cell.close()
        results = tuple(cell.result() for cell in cells if not cell.is_empty)
        idle = bool(cells) and not results
        record = RunRecord(
            **origin(_PACKAGES, options.out),
            status="success" if idle else run_status(results),
            started=started,
            finished=now(),
            command=options.command,
            threads=options.threads,
            seed=options.seed,
            options=options.recorded(),
            gold=tuple(gold_records.values()),
            results=results,
            shard=_shard_record(cells, options.shard),
        )
        if options.out is not None:
            if options.shard is None:  # Else whoever puts them together does it.
                common = count_in_common(results, goldsets, options.scoring(), options.out)
                record = replace(record, common=common)
            write(options.out / RECORD, record)
    return record


def check_folder(options: RunOptions) -> None:
    """Raise `UsageError` where the folder has another shard than the one that is asked for, or a
    shard in place of a whole run, or the other way round: its record would be lost."""
    if options.out is None or not (path := options.out / RECORD).is_file():
        return
    try:
        text = read_text(path)
        if options.shard is None and '"shard": {' not in text:
            return
        there = from_json(text).shard
    except HarnessError:  # Nobody can read it any more.
        return
    if (there and there.shard) != options.shard:
        what = "a whole run" if there is None else f"shard {there.shard}"
        own = "a whole run" if options.shard is None else f"shard {options.shard}"
        raise UsageError(
            f"{options.out} has {what}, which {own} would take the place of: write into a folder "
            "of its own (--out), or delete that one"
        )


def check_required(record: RunRecord, required: Sequence[str]) -> None:
    """Raise `BackendFailed` unless every required backend answered every document.

    A name is a backend's full name, or an adapter's for all of its backends.
    """
    problems = []
    for name in required:
        rows = [
            r for r in record.results if name in (r.backend, BackendSpec.parse(r.asked).adapter)
        ]
        if not rows:
            problems.append(f"{name} was not run")
        problems.extend(
            f"{r.backend} on {r.gold} ({r.task}) is {r.status}: {r.reason}"
            for r in rows
            if r.status != "ok"
        )
    if problems:
        raise BackendFailed("required, but " + "; ".join(problems))


def _cells(
    plan: Sequence[tuple[BackendSpec, GoldSet, TaskName]],
    gold_records: dict[str, GoldRecord],
    options: RunOptions,
    progress: Progress,
    stop: threading.Event,
    token: str,
    answering: Answering | None,
) -> list[RunCell]:
    predict = predict_options(options, token)
    return [
        RunCell(
            spec=spec,
            gold=gold,
            gold_record=gold_records[gold.name],
            task=task,
            options=options,
            predict=predict,
            progress=progress,
            title=f"[{number}/{len(plan)}] {spec.row} on {gold.name} ({task})",
            stop=stop,
            answering=answering,
        )
        for number, (spec, gold, task) in enumerate(plan, 1)
    ]


def predict_options(options: RunOptions, token: str) -> PredictOptions:
    """How a run asks backends; `token` is its own in the store."""
    return PredictOptions(
        **{part.name: getattr(options, part.name) for part in fields(WorkerOptions)},
        timed=options.jobs == 1,
        rounds=options.rounds,
        machine=f"{machine().cpu}, {machine().cores} cores",
        run=token,
    )


def _shard_record(cells: Sequence[RunCell], shard: Shard | None) -> ShardRecord | None:
    if shard is None:
        return None
    results = tuple(cell.cut.result for cell in cells if cell.cut is not None)
    return ShardRecord(shard, results, own_code())


@contextmanager
def run_token(
    specs: Sequence[BackendSpec], golds: Iterable[GoldRecord | GoldSet], options: RunOptions
) -> Iterator[str]:
    """The run's token in the store (`harness.run.store.taken_up`); empty without a store."""
    if options.cache is None or options.token:
        yield options.token
        return
    what = [
        [str(spec) for spec in specs],
        [[one.name, one.digest] for one in golds],
        [options.tasks, options.batch_size, options.threads, options.offline, options.rounds],
        [str(Path.cwd()), None if options.out is None else str(options.out.resolve())],
    ]
    with Store(options.cache) as store, taken_up(store, what) as token:
        yield token


def planned(
    specs: Sequence[BackendSpec], goldsets: Sequence[GoldSet], options: RunOptions
) -> list[tuple[BackendSpec, GoldSet, TaskName]]:
    """What is to be measured, in order. Raises `NothingMeasured` and `UsageError`."""
    rows: dict[str, BackendSpec] = {}
    for spec in specs:
        other = rows.setdefault(spec.row, spec)
        if str(other) != str(spec):
            raise UsageError(
                f"two backends are called {spec.row}: {other} and {spec}; give one another alias"
            )
    unique = list(rows.values())
    plan: list[tuple[BackendSpec, GoldSet, TaskName]] = [
        (spec, gold, task)
        for gold in goldsets
        for task in gold.tasks
        if options.tasks is None or task in options.tasks
        for spec in unique
        if task in adapter_of(spec).declaration.tasks
    ]
    if not plan:
        names = ", ".join(gold.name for gold in goldsets) or "none"
        raise NothingMeasured(
            f"there is nothing to measure: {len(unique)} backends, gold sets: {names}, and no task "
            "that both know"
        )
    counting = options.scoring()
    for gold in goldsets:
        for task in {task for _, one, task in plan if one is gold}:
            check_possible(task_named(task), counting[task], gold)
    planned = {spec.row for spec, _, _ in plan}
    for spec in unique:
        if spec.row not in planned:
            only = adapter_of(spec).declaration.only(spec)
            raise UsageError(f"{only}, for which no gold set was chosen")
    return plan


def _run_cells(
    cells: Sequence[RunCell], options: RunOptions, stop: threading.Event, progress: Progress
) -> None:
    if options.jobs == 1:
        rounds = [cell for _ in range(options.rounds) for cell in cells]
        for number, cell in enumerate(rounds, 1):
            progress.ahead([one.ahead for one in rounds[number:] if not one.is_over])
            cell.run_round()
        return
    with ThreadPoolExecutor(options.jobs) as pool:
        futures = [pool.submit(cell.run_round) for cell in cells]
        try:
            for future in futures:
                future.result()
        except BaseException:
            # Before the pool waits for its threads, which wait for their workers.
            stop.set()
            kill_all()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def interruptible(stop: threading.Event) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP stop the run, and see to it that no worker survives."""
    with stoppable():
        try:
            yield
        except BaseException:
            stop.set()
            kill_all()
            raise


def at_hand(gold: GoldSet, options: RunOptions) -> GoldSet:
    """A small gold set read once for all backends; a large one streams each time it is asked, and
    what is known of it is kept beside the store."""
    there = held(gold)
    if options.cache is None or there is not gold:
        return there
    return with_known_facts(gold, [options.cache, *options.behind], own_code())
