"""A run cut into shards, by whatever executor, and put together again: one command, one record.

Shards that are done lie in `shards/` of the run's folder until all are there, so that the same
command, given again after a kill, goes on with what is missing. A shard that takes much longer than
the others is stopped and cut in two, and again; what it had answered is not asked for again. A
shard whose process dies, or whose node is lost, is run again, three times at most.
"""

from __future__ import annotations

import shutil
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic

from harness import __version__
from harness.coding import encode
from harness.digest import digest_text
from harness.errors import BackendFailed, HarnessError
from harness.formats.files import is_there, read_text, write_text
from harness.gold.goldset import GoldSet
from harness.interrupt import stoppable
from harness.paths import RECORD, UNFINISHED
from harness.registry import BackendSpec
from harness.results.unfinished import unfinished
from harness.run.options import RunOptions
from harness.run.progress import Progress
from harness.run.runner import planned
from harness.run.store import Store, taken_up
from harness.scale.executor import Event, Executor
from harness.scale.job import Job, source_of, spelled
from harness.scale.merge import Merged, merge_marked
from harness.scale.names import STORE
from harness.shards import Shard

__all__ = ["SHARDS", "drive", "folder_of", "remaining"]

SHARDS = "shards"
"""In the folder of a run that is under way: a folder for every shard."""
_PLAN = "plan.txt"
_TRIES = 3
_STRAGGLES = 20.0
"""Seconds that a shard must have left, and take more than loading does, to be cut in two."""
_KEPT = 0.5
"""Of the time that cutting saves, so much at least has to be left when its cost is taken off."""


@dataclass(slots=True)
class _Running:
    """How far a job is."""

    seeds: tuple[Job, ...]
    since: float = field(default_factory=monotonic)
    first: float | None = None
    """When its first document was done."""
    done: int = 0
    is_cut: bool = False
    """It was told to stop, to be cut in two."""


def drive(
    specs: Sequence[BackendSpec],
    goldsets: Sequence[GoldSet],
    options: RunOptions,
    executor: Executor,
    *,
    shards: int,
    progress: Progress | None = None,
) -> Merged:
    """Run in so many shards, merge them into `options.out`, and forget them.

    Raises what `harness.run.runner.planned` and `merge` raise, `BackendFailed` for a shard whose
    process ends again and again, and `KeyboardInterrupt` after everything has been stopped.
    """
    assert options.out is not None
    progress = progress or Progress(quiet=True)
    plan = planned(specs, goldsets, options)
    total = sum(gold.documents for _, gold, _ in plan)
    base = Job(
        spelled(specs),
        tuple(source_of(gold) for gold in goldsets),
        replace(options, shard=Shard(1, 1)),
    )
    place = options.out / SHARDS
    with stoppable(), unfinished(options.out, options.command), _token(base) as token:
        _begin(place, base, goldsets)
        base = replace(base, options=replace(base.options, token=token))
        todo = [
            base.of(shard, folder_of(place, shard))
            for number in range(1, shards + 1)
            for shard in remaining(Shard(number, shards), _done(place))
        ]
        with executor:
            _Drive(executor, todo, total, progress).run()
        folders = [folder_of(place, shard) for shard in sorted(_done(place))]
        merged = merge_marked(folders, options.out)
        _bring_home(place, options.cache)
    shutil.rmtree(place, ignore_errors=True)
    return merged


def remaining(shard: Shard, done: Sequence[Shard]) -> Iterator[Shard]:
    """What of a shard is still to be run, as few shards as its halves allow."""
    inside = [one for one in done if one.meets(shard)]
    if not inside:
        yield shard
    elif not any(shard.count % one.count == 0 for one in inside):
        for half in shard.halves():
            yield from remaining(half, inside)


def folder_of(place: Path, shard: Shard) -> Path:
    """Where a shard is written."""
    return place / f"{shard.number}-of-{shard.count}"


def _done(place: Path) -> list[Shard]:
    """The shards whose records are there."""
    found = []
    for folder in place.iterdir() if place.is_dir() else ():
        number, _, count = folder.name.partition("-of-")
        if (folder / RECORD).is_file() and not (folder / UNFINISHED).exists():
            with suppress(ValueError):
                found.append(Shard.parse(f"{number}/{count}"))
    return found


def _bring_home(place: Path, cache: Path | None) -> None:
    """What shards have answered in stores of their own goes into the run's."""
    stores = sorted(place.glob(f"*/{STORE}"))
    if cache is not None and stores:
        with Store(cache) as store:
            store.merge(stores)


def _begin(place: Path, base: Job, goldsets: Sequence[GoldSet]) -> None:
    """Keep the shards of the interrupted run with the same plan; those of any other go."""
    value = base.to_json()
    said = {name: one for name, one in value["options"].items() if name not in ("command", "token")}
    what = [value["backends"], said, [[gold.name, gold.digest] for gold in goldsets], __version__]
    plan = digest_text(repr(encode(what)))
    file = place / _PLAN
    with suppress(HarnessError):
        if is_there(file) and read_text(file).strip() == plan:
            return
    shutil.rmtree(place, ignore_errors=True)
    write_text(file, plan + "\n")


@contextmanager
def _token(base: Job) -> Iterator[str]:
    """One token of the store for all shards, which share what is not proven to be the same."""
    options = base.options
    if options.cache is None:
        yield ""
        return
    what = ["shards", list(base.backends), [str(source) for source in base.gold], str(options.out)]
    with Store(options.cache) as store, taken_up(store, what) as token:
        yield token


class _Drive:
    """Keeps an executor busy until every shard is done."""

    def __init__(
        self, executor: Executor, todo: Sequence[Job], total: int, progress: Progress
    ) -> None:
        self._executor = executor
        self._waiting: deque[tuple[Job, tuple[Job, ...]]] = deque((job, ()) for job in todo)
        self._running: dict[Job, _Running] = {}
        self._tries: Counter[Shard] = Counter()
        self._progress = progress
        self._whole = total
        self._bar = progress.task(f"{len(todo)} shards", total)
        self._told: Counter[Shard] = Counter()
        self._credit = 0

    def run(self) -> None:
        while self._waiting or self._running:
            while self._waiting and len(self._running) < self._executor.slots:
                job, seeds = self._waiting.popleft()
                self._running[job] = _Running(seeds)
                self._tries[job.shard] += 1
                self._executor.start(job, seeds)
            for event in self._executor.events():
                self._hear(event)
            self._cut_slowest()
        self._bar.finish()

    def _hear(self, event: Event) -> None:
        job, state = event.job, self._running[event.job]
        if event.status is None:
            self._note(job, state, event.said)
            return
        del self._running[job]
        if (job.folder / RECORD).is_file() and not (job.folder / UNFINISHED).exists():
            return
        if state.is_cut:
            halves = [
                job.of(half, folder_of(job.folder.parent, half)) for half in job.shard.halves()
            ]
            self._waiting.extendleft((half, (*state.seeds, job)) for half in reversed(halves))
            return
        why = event.reason or f"its process ended with status {event.status}"
        if event.status == 2 or self._tries[job.shard] >= _TRIES:
            tried = f" ({self._tries[job.shard]} times)" if self._tries[job.shard] > 1 else ""
            raise BackendFailed(f"shard {job.shard} was not run{tried}: {why}")
        self._progress.note(f"shard {job.shard} is run again: {why}")
        self._waiting.append((job, state.seeds))

    def _note(self, job: Job, state: _Running, said: Mapping[str, object]) -> None:
        if isinstance(note := said.get("note"), str):
            self._progress.note(f"shard {job.shard}: {note}")
        counts = said.get("progress")
        if isinstance(counts, Mapping):
            done = int(counts.get("done", 0))
            if done and state.first is None:
                state.first = monotonic()
            for _ in range(max(0, done - max(state.done, self._told[job.shard]))):
                if self._credit:  # It was done, and told, in the shard that this is a half of.
                    self._credit -= 1
                else:
                    self._bar.advance()
            state.done = max(state.done, done)
            self._told[job.shard] = max(self._told[job.shard], done)

    def _cut_slowest(self) -> None:
        """Where a slot is free and nothing waits, stop the job that has most left to do."""
        if self._waiting or len(self._running) >= self._executor.slots:
            return
        left = {
            job: seconds
            for job, state in self._running.items()
            if not state.is_cut and (seconds := self._seconds_left(job, state)) is not None
        }
        if not left:
            return
        slowest = max(left, key=lambda job: left[job])
        self._running[slowest].is_cut = True
        self._executor.stop(slowest)

    def _seconds_left(self, job: Job, state: _Running) -> float | None:
        """How long a job will take yet; `None` where cutting it in two is not worth the start of
        its halves, and where nobody can tell."""
        if state.first is None or job.shard.count * 2 > 1_000_000:
            return None
        now = monotonic()
        start, busy = state.first - state.since, now - state.first
        expected = self._whole / job.shard.count
        if state.done < 2 or busy <= 0 or state.done >= expected:
            return None
        seconds = (expected - state.done) * busy / state.done
        saved = seconds / 2 - start
        return seconds if seconds > _STRAGGLES and saved > seconds / 2 * _KEPT else None
