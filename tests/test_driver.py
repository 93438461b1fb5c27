"""The driver of shards, with an executor that does what a test wants: no process is started."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import examples

from harness.errors import BackendFailed, InputError, NotComparable
from harness.formats import urls
from harness.formats.source import Source
from harness.gold.goldset import GoldSet
from harness.gold.loading import load_goldset
from harness.paths import RECORD, UNFINISHED
from harness.registry import BackendSpec
from harness.results.provenance import origin
from harness.results.record import RunRecord, ShardRecord, ShardResult
from harness.results.stored import write
from harness.run.options import Limits, RunOptions
from harness.run.progress import Progress
from harness.scale import driver, overall, resume
from harness.scale.driver import drive
from harness.scale.executor import JobEvent
from harness.scale.job import Job, asked_as
from harness.scale.names import SHARD_FOLDERS
from harness.scale.overall import Overall
from harness.scale.resume import await_end, done_shards, folder_of, plan_of, remaining
from harness.shards import Shard

DOCUMENTS = [f"d{number}" for number in range(60)]
Make = Callable[..., GoldSet]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Shown(Progress):
    """Keeps every line."""

    def __init__(self) -> None:
        super().__init__(stream=StringIO())
        self.lines: list[str] = []
        self.notes: list[str] = []

    @property
    def pace(self) -> float:
        return 0.0

    def update(self, text: str, *, last: bool) -> None:
        self.lines.append(text)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def counts(self) -> list[tuple[int, int]]:
        """Answers, and of how many."""
        found = []
        for line in self.lines:
            words = line.replace(",", "").split()
            at = words.index("answers")
            found.append((int(words[at - 3]), int(words[at - 1])))
        return found


class Fake:
    """An executor that answers some documents at a time, in any order, and may lose jobs.

    `deaths` are how often the job of a shard ends without its record.
    """

    def __init__(
        self,
        rng: random.Random,
        *,
        slots: int,
        deaths: Callable[[Shard], int] = lambda _: 0,
        status: int = -9,
        clock: Clock | None = None,
        slow: Sequence[str] = (),
    ) -> None:
        self.slots = slots
        self.asked: Counter[str] = Counter()
        self.started: Counter[Shard] = Counter()
        self.running: dict[Job, list[str]] = {}
        self.done: dict[Job, int] = {}
        self.stores: dict[Shard, set[str]] = {}
        """A shard has its own, and looks into those that it is given."""
        self.replayed: Counter[Job] = Counter()
        self.stopped: set[Job] = set()
        self.cut: list[Shard] = []
        self.seeds: dict[Shard, list[Shard]] = {}
        self.most = 0
        self._rng, self._deaths, self._status = rng, deaths, status
        self._clock = clock or Clock()
        self._slow = set(slow)

    def start(self, job: Job, seeds: Sequence[Job] = ()) -> None:
        assert job not in self.running
        self.running[job] = [one for one in DOCUMENTS if job.shard.has(one)]
        self.done[job] = 0
        self.started[job.shard] += 1
        self.seeds[job.shard] = [one.shard for one in seeds]
        self.most = max(self.most, len(self.running))
        assert self.most <= self.slots
        job.folder.mkdir(parents=True, exist_ok=True)
        (job.folder / UNFINISHED).write_text("{}")

    def stop(self, job: Job) -> None:
        self.stopped.add(job)
        self.cut.append(job.shard)

    def events(self) -> list[JobEvent]:
        rng = self._rng
        job = rng.choice(list(self.running))
        documents, at = self.running[job], self.done[job]
        tries = self.started[job.shard]
        if tries <= self._deaths(job.shard) and rng.random() < 0.5:
            return [self._end(job, self._status)]
        if job in self.stopped and rng.random() < 0.7:
            return [self._end(job, 130)]
        if at == len(documents):
            (job.folder / UNFINISHED).unlink()
            write_shard(job)
            return [self._end(job, 0)]
        taken = documents[at : at + rng.randint(1, 4)]
        self._clock.now += sum(100.0 if one in self._slow else 1.0 for one in taken)
        self.done[job] = at + len(taken)
        stores = [self.stores.setdefault(one, set()) for one in (job.shard, *self.seeds[job.shard])]
        fresh = [one for one in taken if not any(one in store for store in stores)]
        self.asked.update(fresh)
        stores[0].update(taken)
        self.replayed[job] += len(taken) - len(fresh)
        counts = {"done": self.done[job], "failed": 0, "replayed": self.replayed[job]}
        return [JobEvent(job, {"progress": counts})]

    def _end(self, job: Job, status: int) -> JobEvent:
        del self.running[job]
        return JobEvent(job, {}, status)

    def __enter__(self) -> Fake:
        return self

    def __exit__(self, *_: object) -> None:
        for job in list(self.running):
            self._end(job, 130)


@cache
def _origin() -> dict[str, Any]:
    return origin((), None)


def write_shard(job: Job) -> None:
    """A record of a shard, as far as the driver looks at it."""
    documents = sum(job.shard.has(one) for one in DOCUMENTS)
    own = ShardResult("tiny", "ner", "empty", documents=documents)
    record = RunRecord(
        **_origin(),
        status="success",
        started="",
        finished="",
        command=(),
        threads=1,
        seed=0,
        options={},
        gold=(),
        results=(),
        shard=ShardRecord(job.shard, (own,)),
    )
    write(job.folder / RECORD, record)


def job_of(place: Path, shard: Shard, **options: Any) -> Job:
    said = RunOptions(out=folder_of(place, shard), shard=shard, **options)
    return Job(("empty",), (), said)


def covers(shards: Sequence[Shard]) -> bool:
    """Whether every document is in one of them, and in one alone."""
    return all(sum(one.has(name) for one in shards) == 1 for name in DOCUMENTS)


def run_jobs(
    place: Path, fake: Fake, count: int, monkeypatch: pytest.MonkeyPatch, shown: Shown
) -> list[Shard]:
    monkeypatch.setattr(overall, "monotonic", fake._clock)
    monkeypatch.setattr(driver, "monotonic", fake._clock)
    shards = [Shard(number, count) for number in range(1, count + 1)]
    jobs = [(job_of(place, one, cache=place / "store"), ()) for one in shards]
    whole = Overall(shown, len(DOCUMENTS), count, {})
    driver._Drive(fake, jobs, len(DOCUMENTS), whole, shown).run()
    whole.finish()
    return list(done_shards(place))


@pytest.mark.parametrize("seed", range(examples(60)))
def test_every_document_is_there_once(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever comes in whatever order, while jobs die up to twice and are cut again and again."""
    rng = random.Random(seed)
    monkeypatch.setattr(driver, "_STRAGGLES", rng.choice([0.0, 5.0, 20.0]))
    monkeypatch.setattr(driver, "_KEPT", -9.0)
    deaths: dict[Shard, int] = {}
    fake = Fake(
        rng,
        slots=rng.randint(1, 5),
        deaths=lambda shard: deaths.setdefault(shard, rng.randint(0, 2)),
        status=rng.choice([-9, -11, 1]),
        slow=rng.sample(DOCUMENTS, 10),
    )
    shown = Shown()
    done = run_jobs(tmp_path / "s", fake, rng.randint(1, 7), monkeypatch, shown)
    assert covers(done)
    assert max(fake.started.values()) <= 3
    assert fake.asked == Counter(DOCUMENTS)
    counts = shown.counts()
    assert [one for one, _ in counts] == sorted(one for one, _ in counts)
    assert all(one <= whole == len(DOCUMENTS) for one, whole in counts)
    assert counts[-1] == (len(DOCUMENTS), len(DOCUMENTS))
    assert shown.lines[-1].startswith(f"{len(done)} of {len(done)} shards, ")


def test_a_straggler_is_cut_and_cut_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "_KEPT", -9.0)
    slow = [name for name in DOCUMENTS if Shard(1, 2).has(name)]
    cut = []
    for seed in range(5):
        fake = Fake(random.Random(seed), slots=4, slow=slow)
        done = run_jobs(tmp_path / str(seed), fake, 2, monkeypatch, Shown())
        assert covers(done)
        cut += fake.cut
    assert Shard(1, 2) in cut
    assert any(shard.count > 2 for shard in cut)


@pytest.mark.parametrize(
    "options", [{}, {"cache": Path("c"), "fresh": True}], ids=["none", "fresh"]
)
def test_without_answers_to_keep_nothing_is_cut(options: dict[str, Any], tmp_path: Path) -> None:
    """Its halves would ask again for what it has answered."""
    state = driver._Running((), -1.0, first=0.0, fresh=2, done=2)
    drive_ = driver._Drive(Fake(random.Random(0), slots=1), [], 1000, None, None)  # type: ignore[arg-type]
    assert drive_._seconds_left(job_of(tmp_path, Shard(1, 1), **options), state) is None
    cached = job_of(tmp_path, Shard(1, 1), cache=tmp_path)
    assert (drive_._seconds_left(cached, state) or 0) > 20


def test_what_was_replayed_has_no_speed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A half replays a thousand answers in a second, and then takes a second for each."""
    clock = Clock()
    monkeypatch.setattr(driver, "monotonic", clock)
    job = job_of(tmp_path, Shard(1, 1), cache=tmp_path)
    whole = Overall(Progress(quiet=True), 2000, 1, {})
    one = driver._Drive(Fake(random.Random(0), slots=1), [], 2000, whole, Progress(quiet=True))
    state = driver._Running((), 0.0)
    for at, done, replayed in ((1, 1000, 1000), (2, 1001, 1000), (12, 1011, 1000)):
        clock.now = at
        one._note(job, state, {"progress": {"done": done, "replayed": replayed}})
    assert one._seconds_left(job, state) == pytest.approx(989.0)


@pytest.mark.parametrize(
    ("status", "tries", "kind"),
    [(-9, 3, BackendFailed), (1, 3, BackendFailed), (2, 1, InputError), (3, 1, BackendFailed)],
)
def test_a_shard_that_always_fails_ends_the_run(
    status: int, tries: int, kind: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = Shard(2, 4)
    fake = Fake(random.Random(1), slots=2, deaths=lambda one: 9 * (one == bad), status=status)
    with pytest.raises(kind, match=r"shard 2/4 was not run"):
        run_jobs(tmp_path / "s", fake, 4, monkeypatch, shown := Shown())
    assert fake.started[bad] == tries
    assert sum("shard 2/4 is run again" in one for one in shown.notes) == tries - 1


def test_what_a_shard_ends_of_is_said(tmp_path: Path) -> None:
    job = job_of(tmp_path, Shard(1, 2))
    shown = Shown()
    whole = Overall(shown, 10, 2, {})
    one = driver._Drive(Fake(random.Random(0), slots=1), [], 10, whole, shown)
    one._running[job] = driver._Running((), 0.0)
    one._hear(JobEvent(job, {"error": "gold.jsonl: is not there"}))
    with pytest.raises(InputError, match=r"shard 1/2 was not run: gold\.jsonl: is not there"):
        one._hear(JobEvent(job, {}, 2, "the last line of its log"))
    one._running[job] = driver._Running((), 0.0)
    one._hear(JobEvent(job, {}, -9))
    assert shown.notes[-1] == "shard 1/2 is run again: its process was killed by SIGKILL"


def test_notes_name_their_shard_and_are_said_once(tmp_path: Path) -> None:
    shown = Shown()
    one = driver._Drive(Fake(random.Random(0), slots=1), [], 10, Overall(shown, 10, 2, {}), shown)
    for number in (1, 2):
        state = driver._Running((), 0.0)
        one._note(job_of(tmp_path, Shard(number, 2)), state, {"note": "spacy is missing"})
    assert shown.notes == ["shard 1/2: spacy is missing"]


def test_the_line_about_all(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(overall, "monotonic", clock)
    shown = Shown()
    whole = Overall(shown, 100_000, 8, {Shard(1, 8): 12_000, Shard(2, 8): 0})
    whole.hear(Shard(3, 8), 100, 100)
    assert shown.lines[-1] == "2 of 8 shards, 12,100 of 100,000 answers, time left unknown"
    clock.now = 10.0
    whole.hear(Shard(3, 8), 345, 100)
    whole.end()
    assert shown.lines[-1] == "3 of 8 shards, 12,345 of 100,000 answers, 60 min left"
    whole.cut(Shard(4, 8))
    whole.finish()
    assert shown.lines[-1] == "3 of 9 shards, 12,345 of 100,000 answers in 10.0 s"


# What is still to be run


@st.composite
def partly_done(draw: st.DrawFn) -> list[Shard]:
    """Shards of which no two meet, made by cutting again and again, some of them left out."""
    whole = [Shard(1, 1)]
    for _ in range(draw(st.integers(0, 4))):
        shard = whole.pop(draw(st.integers(0, len(whole) - 1)))
        parts = draw(st.sampled_from([2, 2, 3, 5]))
        whole += [
            Shard(shard.number + at * shard.count, shard.count * parts) for at in range(parts)
        ]
    return [one for one in whole if draw(st.booleans())]


@given(partly_done(), st.integers(1, 6))
def test_what_remains_is_exact(done: list[Shard], count: int) -> None:
    left = [one for number in range(1, count + 1) for one in remaining(Shard(number, count), done)]
    inside = [one for one in done if not any(one.meets(other) for other in left)]
    assert inside == done
    assert covers([*done, *left])


def test_what_remains_is_as_few_as_halves_allow() -> None:
    assert list(remaining(Shard(1, 2), [])) == [Shard(1, 2)]
    assert list(remaining(Shard(1, 2), [Shard(1, 1)])) == []
    assert list(remaining(Shard(1, 2), [Shard(1, 8)])) == [Shard(5, 8), Shard(3, 4)]
    assert list(remaining(Shard(1, 2), [Shard(2, 8)])) == [Shard(1, 2)]
    assert len(list(remaining(Shard(1, 2), [Shard(1, 3)]))) == 2  # Never without an end.


# A run that was interrupted


class Stopped(Fake):
    """Ctrl-C comes after some shards."""

    def __init__(self, rng: random.Random, after: int, **options: Any) -> None:
        super().__init__(rng, **options)
        self._after = after

    def events(self) -> list[JobEvent]:
        found = super().events()
        self._after -= any(one.status == 0 for one in found)
        if self._after < 0:
            raise KeyboardInterrupt
        return found


@pytest.fixture
def gold(make_gold: Make) -> GoldSet:
    return make_gold({name: f"Text of {name}." for name in DOCUMENTS})


@pytest.fixture
def merged(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The folders that were put together, by name."""
    found: list[list[str]] = []

    def merge_marked(folders: Sequence[Path], out: Path) -> object:
        found.append([folder.name for folder in folders])
        return SimpleNamespace()

    monkeypatch.setattr(driver, "merge_marked", merge_marked)
    monkeypatch.setattr("harness.results.provenance.git_state", lambda: None)
    return found


def started(
    gold: GoldSet, out: Path, fake: Fake, shards: int = 4, **options: Any
) -> tuple[Fake, Shown]:
    shown = Shown()
    said = RunOptions(out=out, **options)
    drive([BackendSpec.parse("empty")], [gold], said, fake, shards=shards, progress=shown)
    return fake, shown


@pytest.mark.parametrize("seed", range(4))
def test_the_same_command_goes_on(
    seed: int, gold: GoldSet, tmp_path: Path, merged: list[list[str]]
) -> None:
    rng = random.Random(seed)
    before = Stopped(rng, after=seed, slots=2)
    with pytest.raises(KeyboardInterrupt):
        started(gold, tmp_path / "out", before)
    done = done_shards(tmp_path / "out" / SHARD_FOLDERS)
    assert len(done) == seed + 1
    # Also with another number of shards: it goes on with those that it had.
    after, shown = started(gold, tmp_path / "out", Fake(rng, slots=3), shards=3)
    assert not set(after.started) & set(done)
    assert sorted([*after.started, *done]) == [Shard(number, 4) for number in range(1, 5)]
    assert sorted(merged[-1]) == [f"{number}-of-4" for number in range(1, 5)]
    assert shown.counts()[0][0] >= sum(done.values())
    assert shown.counts()[-1] == (60, 60)
    assert not (tmp_path / "out" / SHARD_FOLDERS).exists()
    assert not (tmp_path / "out" / UNFINISHED).exists()


def test_the_shards_of_another_plan_go(
    gold: GoldSet, tmp_path: Path, merged: list[list[str]]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        started(gold, tmp_path / "out", Stopped(random.Random(0), after=1, slots=2))
    fake, _ = started(gold, tmp_path / "out", Fake(random.Random(0), slots=2), seed=7)
    assert len(fake.started) == 4


def test_what_lies_there_of_a_run_that_ended_goes(
    gold: GoldSet, tmp_path: Path, merged: list[list[str]]
) -> None:
    """As where a run was killed when all was done but forgetting the shards."""
    with pytest.raises(KeyboardInterrupt):
        started(gold, tmp_path / "out", Stopped(random.Random(0), after=1, slots=2))
    (tmp_path / "out" / UNFINISHED).unlink()
    fake, _ = started(gold, tmp_path / "out", Fake(random.Random(0), slots=2))
    assert len(fake.started) == 4


def test_shards_that_were_being_forgotten_are_not_gone_on_with(
    gold: GoldSet, tmp_path: Path, merged: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a kill some may have lost a file, and still have their record."""

    def killed(place: Path, **_: object) -> None:
        if done_shards(place):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(resume.shutil, "rmtree", killed)
        started(gold, tmp_path / "out", Fake(random.Random(0), slots=2))
    assert done_shards(tmp_path / "out" / SHARD_FOLDERS)
    fake, _ = started(gold, tmp_path / "out", Fake(random.Random(0), slots=2))
    assert len(fake.started) == 4
    assert not (tmp_path / "out" / SHARD_FOLDERS).exists()


def test_shards_that_do_not_fit_together_are_named(
    gold: GoldSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def merge_marked(folders: Sequence[Path], out: Path) -> object:
        raise NotComparable("1-of-4 is not of the same run")

    monkeypatch.setattr(driver, "merge_marked", merge_marked)
    with pytest.raises(NotComparable, match="out/shards and give the command again"):
        started(gold, tmp_path / "out", Fake(random.Random(0), slots=2))
    assert (tmp_path / "out" / UNFINISHED).exists()


def test_a_process_of_the_killed_run_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.errors import UsageError
    from harness.results.lock import locked

    mark = tmp_path / UNFINISHED
    mark.write_text("{}")
    handle = locked(mark)
    assert handle is not None
    with pytest.raises(UsageError, match="still writing"):
        await_end(tmp_path, 0.1)
    monkeypatch.setattr(resume, "sleep", lambda _: handle.close())
    await_end(tmp_path, 5.0)
    assert mark.read_text() == "{}"


# What decides


def test_the_plan_is_what_decides(
    gold: GoldSet, make_gold: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.results.provenance.git_state", lambda: None)
    monkeypatch.setenv("TOKEN_OF_MINE", "a")
    (tmp_path / "rules.py").write_text("1")
    program = f"process:python {tmp_path / 'rules.py'}"
    options = RunOptions(cache=tmp_path / "c", out=tmp_path / "o", pass_env=("TOKEN_OF_MINE",))

    def plan(*names: str, sets: Sequence[GoldSet] = (gold,), **changed: Any) -> str:
        specs = [BackendSpec.parse(name) for name in names or ("empty", program)]
        return plan_of(specs, sets, replace(options, **changed))

    same = plan()
    assert same == plan(cache=tmp_path / "d", out=tmp_path / "p", command=("harness", "run"))
    assert same == plan(token="t", behind=(tmp_path,))
    different = [
        plan(cache=None),
        plan("empty"),
        plan(program, "empty"),
        plan("x=empty", program),
        plan(seed=1),
        plan(rounds=2),
        plan(threads=2),
        plan(batch_size=4),
        plan(counting={"match": "exact"}),
        plan(schema="conll03"),
        plan(tasks=("ner",)),
        plan(limits=Limits(document_seconds=1.0)),
        plan(sets=[load_goldset(f"{gold.path}?name=other")]),
        plan(sets=[make_gold({"d0": "Another text."})]),
    ]
    monkeypatch.setenv("TOKEN_OF_MINE", "b")
    different.append(plan())
    monkeypatch.setenv("TOKEN_OF_MINE", "a")
    (tmp_path / "rules.py").write_text("2")
    different.append(plan())
    monkeypatch.setattr(resume, "own_code", lambda: "other")
    different.append(plan())
    monkeypatch.setattr(resume, "__version__", "99.0")
    different.append(plan())
    assert len({same, *different}) == 1 + len(different)


@pytest.mark.parametrize("name", ["empty", "x=quotes", "process:node a.js --n=1", "a=process:b ?c"])
def test_a_job_is_read_back_as_it_was(name: str, tmp_path: Path, gold: GoldSet) -> None:
    spec = BackendSpec.parse(name)
    said = RunOptions(
        shard=Shard(2, 3),
        out=tmp_path,
        cache=tmp_path / "c",
        behind=(tmp_path / "d",),
        tasks=("ner",),
        counting={"match": "exact"},
        limits=Limits(memory_bytes=10**9, total_seconds=5.0),
        command=("harness", "run"),
        pass_env=("HOME",),
        seed=3,
    )
    source = load_goldset(f"{gold.path}?name=other").said
    assert source is not None
    job = Job(asked_as([spec, spec]), (source,), said)
    back = Job.from_json(job.to_json())
    assert (back.backends, back.gold, back.options) == (job.backends, job.gold, job.options)
    assert back.specs() == [spec]
    assert [one.name for one in back.goldsets()] == ["other"]
    assert back.options.recorded() == said.recorded()


def test_another_process_is_told_the_secrets_of_a_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "https://me:hunter2@host.example/gold.jsonl?sig=abcdef"
    options = RunOptions(shard=Shard(1, 2), out=tmp_path)
    sent = Job(("empty",), (Source.parse(url),), options).to_json()
    monkeypatch.setattr(urls, "_REAL", {})  # As in a new process.
    (source,) = Job.from_json(sent).gold
    assert source.path == "https://REDACTED@host.example/gold.jsonl?sig=REDACTED"
    assert urls.real(source.path) == url
