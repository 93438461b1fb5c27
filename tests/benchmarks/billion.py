"""A run of 10^9 documents, simulated from what a small one takes: where does it break first?

    python tests/benchmarks/billion.py                        # measures, simulates, prints
    python tests/benchmarks/billion.py --write                # and puts both into docs/scale.md
    python tests/benchmarks/billion.py --set rate=8 --set slow=0.1

Driver, workers, file server and merge are simulated job by job, one worker for each shard at first,
with the driver's own rule for cutting slow shards again. Constants are CPU seconds and bytes of
this machine; those of a cluster (`Constants`) are assumed, and said by `--set`.
"""

from __future__ import annotations

import argparse
import heapq
import re
import sys
import tempfile
import time
import tracemalloc
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

# A script's own folder is on the path; the tests' folder is put there.
sys.path.insert(0, str(Path(__file__).parents[1]))

from harness.formats.source import Source
from harness.run.options import RunOptions
from harness.run.progress import Progress
from harness.scale.driver import _KEPT, _STRAGGLES, _Drive
from harness.scale.executor import JobEvent
from harness.scale.job import Job
from harness.scale.names import STORE
from harness.scale.overall import Overall
from harness.shards import MOST_SHARDS, Shard

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"
MARKS = ("<!-- billion -->", "<!-- /billion -->")
SIZES = [(d, n) for d in (10**6, 10**8, 10**9) for n in (64, 1_000, 10_000)]
DOCUMENTS = 20_000
"""Of the run that is measured."""


def _assumed(value: float, says: str) -> Any:
    return field(default=value, metadata={"says": says})


def _measured(says: str) -> Any:
    return field(default=0.0, metadata={"says": says, "measured": True})


@dataclass(frozen=True)
class Constants:
    """What the simulation is made of; seconds are CPU seconds of one core."""

    rate: float = _assumed(100, "documents/s of a worker")
    slow: float = _assumed(0.02, "share of workers that are slow")
    slower: float = _assumed(4, "how many times slower they are")
    server: float = _assumed(5e9, "bytes/s of the file server, all readers together")
    link: float = _assumed(1.25e9, "bytes/s of one machine's network")
    store: float = _assumed(20e9, "bytes of Ray's object store on the driver's machine")
    opened: float = _assumed(524_288, "files that a process may let itself open (`ulimit -Hn`)")
    room: float = _assumed(4e9, "bytes of memory of a shard")
    hall: float = _assumed(64e9, "bytes of memory of the driver, and of the merge")
    asked: float = _assumed(2.6e-6, "s of the driver for each Ray actor, whenever it hears of one")
    start: float = _measured("s until a shard's process has loaded a model that is small")
    facts: float = _measured("s a document: the driver counts the gold set, once")
    proven: float = _measured("s a document: a shard sees that the files are those")
    passed: float = _measured("s a document: it looks whose each line is")
    counted: float = _measured("s a document of its own: count and write")
    known: float = _measured("bytes of memory a document of the gold set, while it is counted")
    gold: float = _measured("bytes a document of the gold set")
    answers: float = _measured("bytes a document of predictions, units and places")
    kept: float = _measured("bytes a document in a shard's store")
    files: float = _measured("files of a shard")
    event: float = _measured("s of the driver for an event; a shard sends two a second")
    advance: float = _measured("s of the driver for a document that is done")
    meets: float = _measured("s of the merge for a shard: does it meet another?")
    opens: float = _measured("s of the merge for a shard's record")
    held: float = _measured("bytes of the driver, and of the merge, for a shard")
    base: float = _measured("bytes of the driver without shards")
    woven: float = _measured("s of the merge for a document")
    tabled: float = _measured("s of the tables for a document")
    shown: float = _measured("bytes of memory of the tables for a document")


@dataclass(frozen=True)
class Outcome:
    """What became of a run; seconds, and bytes."""

    documents: int
    shards: int
    plan: float
    """The driver counts the gold set."""
    read: float
    """A shard starts, and sees that the gold set is the one that was counted."""
    last: float
    """From then on, until the last shard is done, slow ones cut again."""
    uncut: float
    """The same where none is cut again."""
    merge: float
    tables: float
    busy: float
    """Share of its time that the driver hears events."""
    round: float
    """Seconds until a driver of Ray actors has heard of each of them once."""
    memory: float
    """Of the driver, which merges and makes the tables in the end."""
    each: float
    """Memory of a shard."""
    carried: float
    """Through the network."""
    files: float
    packed: float
    """Where folders are not shared, what all shards send through Ray's object store."""

    @property
    def wall(self) -> float:
        return self.plan + self.read + self.last + self.merge + self.tables


def simulate(documents: int, shards: int, c: Constants) -> Outcome:
    """A run of so many documents in so many shards, with a worker for each."""
    read = max(c.start + documents * c.proven, documents * c.gold * shards / c.server)
    cut, times = _shards(documents, shards, c, again=True)
    uncut, _ = _shards(documents, shards, c, again=False)
    started = shards + times
    answers = documents * c.answers
    return Outcome(
        documents,
        shards,
        plan=max(documents * c.facts, documents * c.gold / c.link),
        read=read,
        last=cut - read,
        uncut=uncut - read,
        merge=shards * (c.meets + c.opens) + max(documents * c.woven, 2 * answers / c.link),
        tables=documents * c.tabled,
        busy=shards * 2 * c.event + documents * c.advance / cut,
        round=shards * max(shards * c.asked, c.event),
        memory=c.base + shards * c.held + documents * max(c.known, c.shown),
        each=c.base,
        carried=documents * c.gold * (2 * started + 1) + 3 * answers,
        files=started * c.files,
        packed=answers + documents * c.kept,
    )


def limits(one: Outcome, c: Constants) -> Iterator[tuple[float, str]]:
    """How many times over a limit it is, and which: 1 is at the limit."""
    day = 24 * 3600
    yield one.each / c.room, "memory of each shard"
    yield one.memory / c.hall, "memory of the driver"
    yield one.read / (one.documents / one.shards / c.rate), "reading takes longer than predicting"
    yield 2 * one.shards / c.opened, "open files of the merge"
    yield one.packed / c.store, "object store, where folders are not shared"
    yield one.busy, "events that the driver hears"
    yield one.round / 60, "a minute until Ray's driver has heard of each shard"
    yield one.files / 1e6, "a million files"
    yield one.merge / day, "a day of merging"
    yield one.tables / day, "a day of tables"
    yield one.uncut / one.last / 2, "twice the time where slow shards are not cut again"


def own_reading(c: Constants) -> Constants:
    """The same where a shard reads its own documents alone, and nobody the whole gold set."""
    return replace(c, facts=0.0, proven=0.0, passed=0.0, known=0.0, gold=0.0)


@dataclass(slots=True, eq=False)
class _Job:
    """A shard on a worker; moments are seconds since the first began."""

    worker: int
    since: float
    begun: float
    """When its first document is done."""
    end: float
    work: float
    """Seconds that its documents take a worker that is not slow."""
    stopped: bool = False


def _shards(documents: int, shards: int, c: Constants, *, again: bool) -> tuple[float, int]:
    """When the last shard is done, and how often one was cut in two.

    Every `1 / slow`-th worker is slow. While a worker is free, the shard that has most left is
    stopped where `harness.scale.driver` would stop it, and its halves go to those that are free,
    the one that had it last; documents that were done are not done again. All that run read the
    gold set, and share what the file server gives.
    """
    every = round(1 / c.slow) if c.slow else shards + 1
    number = count()
    moments: list[tuple[float, int, _Job]] = []
    latest: list[tuple[float, int, _Job]] = []
    free: deque[int] = deque()

    def begin(now: float, worker: int, work: float, readers: int) -> None:
        speed = 1 / c.slower if worker % every == every - 1 else 1.0
        served = documents * c.gold * readers / c.server
        begun = now + max(served, (c.start + documents * c.proven) / speed)
        one = _Job(worker, now, begun, begun + (documents * c.passed + work) / speed, work)
        for moment in (one.begun, one.end):
            heapq.heappush(moments, (moment, next(number), one))
        heapq.heappush(latest, (-one.end, next(number), one))

    for worker in range(shards):
        begin(0.0, worker, documents / shards * (1 / c.rate + c.counted), shards)
    cuts, running, last = 0, shards, 0.0
    while moments:
        now, _, one = heapq.heappop(moments)
        if one.stopped:
            continue
        if now == one.end:
            last = now
            running -= 1
            free.append(one.worker)
        while again and free and latest:
            slowest = latest[0][2]
            if not slowest.stopped and slowest.end > now:
                if not _is_cut(slowest, now):
                    break
                slowest.stopped = True
                cuts, running = cuts + 1, running + 1
                free.append(slowest.worker)
                left = (slowest.end - now) / (slowest.end - slowest.begun)
                for _ in range(2):
                    begin(now, free.popleft(), slowest.work * left / 2, running)
            else:
                heapq.heappop(latest)
    return last, cuts


def _is_cut(job: _Job, now: float) -> bool:
    """Whether the driver would stop it to cut it in two: `_Drive._seconds_left`."""
    seconds = job.end - now
    saved = seconds / 2 - (job.begun - job.since)
    return now > job.begun and seconds > _STRAGGLES and saved > seconds / 2 * _KEPT


# Tables


def constants_table(c: Constants) -> Iterator[str]:
    yield "| constant | value | what it is |"
    yield "| --- | ---: | --- |"
    for part in fields(c):
        says = part.metadata["says"] + ("" if "measured" in part.metadata else " (assumed)")
        yield f"| `{part.name}` | {getattr(c, part.name):.4g} | {says} |"


def outcomes_table(c: Constants, sizes: Sequence[tuple[int, int]] = SIZES) -> Iterator[str]:
    head = (
        *("documents", "shards", "plan", "read", "predict (uncut)", "merge", "tables", "in all"),
        *("a shard's MB", "driver's MB", "network", "files", "furthest over a limit"),
    )
    yield f"| {' | '.join(head)} |"
    yield f"|{' ---: |' * (len(head) - 1)} --- |"
    for documents, shards in sizes:
        one = simulate(documents, shards, c)
        over = [each for each in limits(one, c) if each[0] > 1]
        broken = "{1} ({0:,.3g} times)".format(*max(over)) if over else "–"
        broken += f", and {len(over) - 1} more" if len(over) > 1 else ""
        seconds = (one.plan, one.read, one.merge, one.tables, one.wall)
        plan, read, merge, tables, wall = map(_time, seconds)
        cells = (
            *(f"10^{len(str(documents)) - 1}", f"{shards:,}", plan, read),
            f"{_time(one.last)} ({_time(one.uncut)})",
            *(merge, tables, wall, f"{one.each / 1e6:,.0f}", f"{one.memory / 1e6:,.0f}"),
            *(_bytes(one.carried), f"{one.files:,.0f}", broken),
        )
        yield f"| {' | '.join(cells)} |"


def limits_table(c: Constants) -> Iterator[str]:
    """From which number on each limit is passed, more or less."""
    documents, shards = (
        [10 ** (5 + n / 10) for n in range(51)],
        [10 ** (1 + n / 10) for n in range(31)],
    )
    yield "| limit | documents, in 1,000 shards | shards, of 10^8 documents |"
    yield "| --- | ---: | ---: |"
    names = [what for _, what in limits(simulate(10**6, 64, c), c)]

    @cache
    def times(documents: float, shards: float) -> list[float]:
        one = simulate(round(documents), round(shards), c)
        return [each for each, _ in limits(one, c)]

    for place, what in enumerate(names):
        cells = (
            _first(documents, lambda n, place=place: times(n, 1_000)[place] > 1),
            _first(shards, lambda n, place=place: times(10**8, n)[place] > 1),
        )
        yield f"| {what} | {cells[0]} | {cells[1]} |"


def _first(values: Sequence[float], passed: Callable[[float], bool]) -> str:
    """The first of these values at which it is, once it is for all that follow."""
    if passed(values[0]):
        return "always"
    if not passed(values[-1]):
        return f"above {values[-1]:,.0f}"
    return f"{float(f'{values[bisect_left(values, True, key=passed)]:.2g}'):,.0f}"


def tables(c: Constants) -> str:
    """What stands between the marks of the page."""
    own = "The same, if a shard read its own documents alone:"
    parts = (
        constants_table(c),
        outcomes_table(c),
        limits_table(c),
        [own],
        outcomes_table(own_reading(c)),
        limits_table(own_reading(c)),
    )
    return "\n\n".join("\n".join(part) for part in parts)


def _time(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{_short(seconds / size)} {unit}"
    return f"{_short(seconds)} s"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 9.95 else f"{value:.1f}"


def _bytes(count: float) -> str:
    for unit, size in (("PB", 1e15), ("TB", 1e12)):
        if count >= size:
            return f"{_short(count / size)} {unit}"
    return f"{_short(count / 1e9)} GB"


def constants_of(page: str) -> Constants:
    """Those that a page states."""
    found = re.findall(r"^\| `(\w+)` \| (\S+) \|", page.split(MARKS[0])[1], re.M)
    return Constants(**{name: float(value) for name, value in found})


# What is measured


def measured(documents: int, c: Constants) -> Constants:
    """The constants with those that can be measured, of a run with so many documents."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        values = {**_of_files(folder, documents), **_of_merge(folder), **_of_driver(folder)}
    return replace(c, **values)


def _cpu(function: Callable[[], Any]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


def _peak(function: Callable[[], Any]) -> int:
    """Bytes of memory that it takes at most."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _of_files(folder: Path, documents: int) -> Mapping[str, float]:
    """Reading, counting and writing, and how large everything is: of the first of two shards."""
    from benchmarks.scale import measure, write_documents

    from harness.digest import digest_file
    from harness.gold.known import with_known_facts
    from harness.gold.loading import load_goldset
    from harness.results import stored
    from harness.run.proof import own_code
    from harness.tasks.registry import task_named

    seconds = {}
    for name, size in (("few", 4), ("some", documents // 4), ("many", documents)):
        write_documents(folder / f"{name}.jsonl", size)
        measure(["cache", "gold", f"{name}.jsonl"], folder)
        for shard in (2, 1):
            command = ["run", "gazetteer", "--gold", f"{name}.jsonl", "--shard", f"{shard}/2"]
            command += ["--out", f"{name}/{shard}", "--quiet", "--rankings"]
            _, seconds[name], _ = measure(command, folder)
    gold, place = folder / "many.jsonl", folder / "many" / "1"
    facts = _cpu(lambda: load_goldset(gold).digest) / documents
    proven = _cpu(lambda: digest_file(gold)) / documents
    known = with_known_facts(load_goldset(gold), [folder / "cache"], own_code())
    others = replace(known, shard=Shard(1, MOST_SHARDS))
    passed = _cpu(lambda: [None for _ in others.placed(task_named("ner"))]) / documents
    own = stored.read(place).results[0].documents
    counted = (seconds["many"] - seconds["few"] - documents * (proven + passed)) / own
    return {
        "start": seconds["few"],
        "facts": facts,
        "proven": proven,
        "passed": passed,
        "counted": max(0.0, counted),
        "known": _peak(lambda: load_goldset(gold).digest) / documents,
        "gold": _size(gold) / documents,
        "answers": sum(_size(place / name) for name in ("predictions", "units", "places")) / own,
        "kept": _size(place / STORE) / own,
        "files": len([path for path in place.rglob("*") if path.is_file()]),
    }


def _size(place: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    files = [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in files)


def _of_merge(folder: Path) -> Mapping[str, float]:
    """Of the shards that `_of_files` leaves: what more documents take more."""
    from benchmarks.scale import measure

    from harness.scale.parts import opened_parts
    from harness.shards import first_meeting

    shards = [Shard(number, 1_000) for number in range(1, 1_001)]
    base, _, _ = measure(["merge", "few", "--out", "merged"], folder)
    _merged(folder, "few")  # Imports what it needs.
    some, many = (_merged(folder, name) for name in ("some", "many"))
    more = many.documents - some.documents
    opens = _cpu(lambda: [opened_parts([folder / "few"]) for _ in range(10)]) / 20
    return {
        "meets": _cpu(lambda: first_meeting(shards)) / len(shards),
        "opens": opens,
        "base": base * 2**20,
        "woven": max(0.0, many.merge - some.merge) / more,
        "tabled": max(0.0, many.tables - some.tables) / more,
        "shown": max(0, many.peak - some.peak) / more,
    }


class _Merged(NamedTuple):
    documents: int
    merge: float
    tables: float
    peak: int


def _merged(folder: Path, name: str) -> _Merged:
    """Seconds to merge the shards in a folder, and to make the tables."""
    from harness.decide.ranking import rankings
    from harness.report.run import details, ranking_tables
    from harness.scale.merge import merge_shards

    out = folder / f"merged-{name}"
    start = time.process_time()
    record = merge_shards(sorted((folder / name).iterdir()), out).record
    merged = time.process_time()

    def shown() -> None:
        ranking_tables(record, rankings(record, out))
        details(record, out, rankings(record, out))

    return _Merged(record.gold[0].documents, merged - start, _cpu(shown), _peak(shown))


class _Told:
    """An executor of jobs whose records are there already: each says something, and has ended."""

    def __init__(self, shards: int, said: Sequence[Mapping[str, Any]]) -> None:
        self.slots = shards
        self._said = iter(said)
        self._jobs: list[Job] = []

    def start(self, job: Job, seeds: Sequence[Job] = ()) -> None:
        self._jobs.append(job)

    def stop(self, job: Job) -> None: ...

    def events(self) -> list[JobEvent]:
        progress = next(self._said, None)
        if progress is None:
            return [JobEvent(job, {}, 0) for job in self._jobs]
        return [JobEvent(job, {"progress": progress}) for job in self._jobs]

    def __enter__(self) -> _Told:
        return self

    def __exit__(self, *_: object) -> None: ...


def _of_driver(folder: Path) -> Mapping[str, float]:
    """Of a driver that hears from a thousand shards, and holds what it knows of them."""
    from harness.coding import encode
    from harness.results import stored

    shards, each, documents = 1_000, 20, 50
    place = folder / "many" / "1"
    nothing = _cpu(_drive(place, shards, []).run)
    told = _cpu(_drive(place, shards, [{"done": 0}] * each).run)
    done = _cpu(_drive(place, shards, [{"done": documents}] + [{"done": 0}] * (each - 1)).run)
    tracemalloc.start()
    driver = _drive(place, shards, [])
    jobs, _ = tracemalloc.get_traced_memory()
    records = [encode(stored.read(place)) for _ in range(10)]
    both, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert driver is not None
    return {
        "event": max(0.0, told - nothing) / (shards * each),
        "advance": max(0.0, done - told) / (shards * documents),
        "held": jobs / shards + (both - jobs) / len(records),
    }


def _drive(folder: Path, shards: int, said: Sequence[Mapping[str, Any]]) -> _Drive:
    options = RunOptions(out=folder, shard=Shard(1, shards))
    first = Job(("gazetteer",), (Source("docs.jsonl"),), options)
    jobs = [first.of(Shard(number, shards), folder) for number in range(1, shards + 1)]
    waiting: list[tuple[Job, tuple[Job, ...]]] = [(job, ()) for job in jobs]
    progress, total = Progress(quiet=True), 10**9
    overall = Overall(progress, total, shards, {})
    return _Drive(_Told(shards, said), waiting, total, overall, progress)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=DOCUMENTS, help="of the run measured")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--from-page", action="store_true", help="take the page's constants")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/scale.md")
    options = parser.parse_args()
    said = {name: float(value) for name, _, value in (one.partition("=") for one in options.set)}
    text = PAGE.read_text("utf-8")
    found = constants_of(text) if options.from_page else measured(options.documents, Constants())
    # As the page states them, so that its tables are those of its constants.
    c = Constants(**{k: float(f"{v:.4g}") for k, v in {**asdict(found), **said}.items()})
    print(tables(c))
    if options.write:
        before, after = text.split(MARKS[0])[0], text.split(MARKS[1])[1]
        PAGE.write_text(f"{before}{MARKS[0]}\n\n{tables(c)}\n\n{MARKS[1]}{after}", "utf-8")


if __name__ == "__main__":
    main()
