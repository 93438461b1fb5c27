"""A run cut into shards, by whatever executor, and put together again: one command, one record.

Shards that are done lie in `shards/` of the run's folder until all are there, so that the same
command, given again after a kill, goes on with what is missing. A shard that takes much longer than
the others is stopped and cut in two, and again; what it had answered is not asked for again. A
shard whose process dies, or whose node is lost, is run again, three times at most.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import monotonic

from harness.errors import BackendFailed, InputError, NotComparable
from harness.formats.files import is_there
from harness.gold.goldset import GoldSet
from harness.interrupt import stoppable
from harness.paths import UNFINISHED
from harness.registry import BackendSpec
from harness.results.unfinished import unfinished
from harness.run.options import RunOptions
from harness.run.process import Exit
from harness.run.progress import Progress
from harness.run.runner import at_hand, check_folder, planned
from harness.run.store import Store, taken_up
from harness.scale.executor import Executor, JobEvent
from harness.scale.job import Job, asked_as, source_of
from harness.scale.merge import Merged, merge_marked
from harness.scale.names import SHARD_FOLDERS
from harness.scale.overall import Overall
from harness.scale.resume import (
    begin,
    bring_home,
    done_shards,
    folder_of,
    forget,
    is_done,
    left_stores,
    plan_of,
    remaining,
)
from harness.shards import MOST_SHARDS, Shard, ShardIndex

__all__ = ["drive"]

_TRIES = 3
_STRAGGLES = 20.0
"""Seconds that a shard must have left, and take more than loading does, to be cut in two."""
_KEPT = 0.5
"""Of the time that cutting saves, so much at least has to be left when its cost is taken off."""
_HOPELESS = (2, 3)
"""Exit statuses of errors that are raised on purpose: another try would end the same way."""


@dataclass(slots=True)
class _Running:
    """How far a job is."""

    seeds: tuple[Job, ...]
    since: float
    first: float | None = None
    """When its first answer that was asked for was there."""
    fresh: int = 0
    """How many it has asked for since."""
    at_first: int = 0
    done: int = 0
    error: str = ""
    """What it said that it ends of."""
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
    """Run in so many shards, merge them into `options.out`, and forget them. A run that was
    interrupted goes on with the shards that it had.

    Raises what `harness.run.runner.planned` and `merge` raise, `BackendFailed` for a shard whose
    process ends again and again, `InputError` for one that cannot read or write what it has to,
    and `KeyboardInterrupt` after everything has been stopped.
    """
    assert options.out is not None
    check_folder(options)
    progress = progress or Progress(quiet=True)
    goldsets = [at_hand(gold, options) for gold in goldsets]  # So that no shard needs a pass of it.
    total = sum(gold.documents for _, gold, _ in planned(specs, goldsets, options))
    base = Job(
        asked_as(specs),
        tuple(source_of(gold) for gold in goldsets),
        replace(options, shard=Shard(1, 1)),
    )
    place = options.out / SHARD_FOLDERS
    interrupted = is_there(options.out / UNFINISHED)
    with stoppable(), _token(base) as token, unfinished(options.out, options.command):
        plan = plan_of(specs, goldsets, options)
        count = begin(
            place, plan, shards, interrupted=interrupted, cache=options.cache, token=token
        )
        base = replace(base, options=replace(base.options, token=token))
        done = done_shards(place)
        there, stores = ShardIndex(done), ShardIndex(left_stores(place))
        todo = [
            base.of(shard, folder_of(place, shard))
            for one in (Shard(number, count) for number in range(1, count + 1))
            for shard in remaining(one, there.meeting(one))
        ]
        waiting = [
            (
                job,
                tuple(
                    base.of(one, folder_of(place, one))
                    for one in stores.meeting(job.shard)
                    if one != job.shard
                ),
            )
            for job in todo
        ]
        overall = Overall(progress, total * options.rounds, len(done) + len(todo), done)
        with executor:
            _Drive(executor, waiting, total, overall, progress).run()
        overall.finish()
        try:
            merged = merge_marked(
                [folder_of(place, one) for one in done_shards(place)], options.out
            )
        except (NotComparable, InputError) as error:
            raise NotComparable(
                f"{error}\n  or, where their files or what they were made with have changed, "
                f"delete {place} and give the command again"
            ) from None
        bring_home(place, options.cache, token, fresh=options.fresh)
        # Before the mark goes: then somebody else may have begun in the same folder.
        forget(place)
    return merged


@contextmanager
def _token(base: Job) -> Iterator[str]:
    """One token of the store for all shards, which share what is not proven to be the same."""
    options = base.options
    if options.cache is None:
        yield ""
        return
    assert options.out is not None
    gold = [str(source) for source in base.gold]
    what = ["shards", list(base.backends), gold, str(options.out.resolve())]
    with Store(options.cache) as store, taken_up(store, what) as token:
        yield token


class _Drive:
    """Keeps an executor busy until every shard is done."""

    def __init__(
        self,
        executor: Executor,
        waiting: Sequence[tuple[Job, tuple[Job, ...]]],
        total: int,
        overall: Overall,
        progress: Progress,
    ) -> None:
        self._executor = executor
        self._waiting = deque(waiting)
        self._running: dict[Job, _Running] = {}
        self._tries: Counter[Shard] = Counter()
        self._total = total
        self._overall = overall
        self._progress = progress
        self._said: set[str] = set()

    def run(self) -> None:
        while self._waiting or self._running:
            while self._waiting and len(self._running) < self._executor.slots:
                job, seeds = self._waiting.popleft()
                self._running[job] = _Running(seeds, monotonic())
                self._tries[job.shard] += 1
                self._executor.start(job, seeds)
            for event in self._executor.events():
                self._hear(event)
            self._cut_slowest()

    def _hear(self, event: JobEvent) -> None:
        job, state = event.job, self._running[event.job]
        if event.status is None:
            self._note(job, state, event.said)
            return
        del self._running[job]
        if is_done(job.folder):
            self._overall.end()
        elif state.is_cut:
            self._overall.cut(job.shard)
            for half in reversed(job.shard.halves()):
                seeds = (*state.seeds, job)
                self._waiting.appendleft((job.of(half, folder_of(job.folder.parent, half)), seeds))
        else:
            self._again(event, state)

    def _again(self, event: JobEvent, state: _Running) -> None:
        """Run a shard again that has ended without a record, where there is hope."""
        shard, tries = event.job.shard, self._tries[event.job.shard]
        assert event.status is not None
        why = state.error or event.reason or f"its process {Exit(event.status, None)}"
        if event.status in _HOPELESS or tries >= _TRIES:
            wrong = InputError if event.status == InputError.exit_status else BackendFailed
            tried = f" ({tries} times)" if tries > 1 else ""
            raise wrong(f"shard {shard} was not run{tried}: {why}")
        self._progress.note(f"shard {shard} is run again: {why}")
        self._waiting.append((event.job, state.seeds))

    def _note(self, job: Job, state: _Running, said: Mapping[str, object]) -> None:
        if isinstance(error := said.get("error"), str):
            state.error = error
        note = said.get("note")
        if isinstance(note, str) and note not in self._said:  # What all shards say is said once.
            self._said.add(note)
            self._progress.note(f"shard {job.shard}: {note}")
        counts = said.get("progress")
        if isinstance(counts, Mapping):
            done, replayed = int(counts.get("done", 0)), int(counts.get("replayed", 0))
            self._overall.hear(job.shard, done, replayed)
            fresh, state.done = done - replayed, done
            if fresh and state.first is None:
                state.first, state.at_first = monotonic(), fresh
            state.fresh = fresh - state.at_first

    def _cut_slowest(self) -> None:
        """Where a slot is free and nothing waits, stop the job that has most left to do."""
        if self._waiting or len(self._running) >= self._executor.slots:
            return
        left = {
            job: seconds
            for job, state in self._running.items()
            if not state.is_cut and (seconds := self._seconds_left(job, state)) is not None
        }
        if left:
            slowest = max(left, key=lambda job: left[job])
            self._running[slowest].is_cut = True
            self._executor.stop(slowest)

    def _seconds_left(self, job: Job, state: _Running) -> float | None:
        """How long a job will take yet; `None` where cutting it in two is not worth the start of
        its halves, where they would ask again for what it has answered, and where nobody can tell.
        """
        options = job.options
        if options.cache is None or options.fresh or job.shard.count * 2 > MOST_SHARDS:
            return None
        expected = self._total * options.rounds / job.shard.count
        if state.first is None or not state.fresh or state.done >= expected:
            return None
        now = monotonic()
        start, busy = state.first - state.since, now - state.first
        seconds = (expected - state.done) * busy / state.fresh
        saved = seconds / 2 - start
        return seconds if seconds > _STRAGGLES and saved > seconds / 2 * _KEPT else None
