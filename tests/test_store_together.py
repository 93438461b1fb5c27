"""One store, many processes at once: nothing is lost, nothing is wrong, nobody is turned away."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from support import alive
from test_resume import wait_until, workers_of
from test_store_merge import FILE, contents, dump, put

from harness.annotation import Annotations, Entity
from harness.registry import BackendSpec
from harness.run import copying
from harness.run.key import StoreKey, document_digest
from harness.run.predictions import Predictions, PredictOptions
from harness.run.predictor import Query
from harness.run.protocol import Hello
from harness.run.rows import ProcessCosts, Timing
from harness.run.shelf import Shelf
from harness.run.store import Store, Stored, taken_up

pytestmark = pytest.mark.processes

FORK = get_context("fork")
SHARED, OWN, GOING, MERGED = (
    StoreKey({"backend": f"a/{name}"}) for name in ("shared", "own", "going", "merged")
)
DOCUMENTS = [f"{number:03}".encode() for number in range(150)]


def right(key: StoreKey, document: bytes) -> Annotations:
    return Annotations((Entity(0, 4, f"{key.fields['backend']} {document.decode()}"),))


def own(number: int) -> StoreKey:
    return StoreKey({**OWN.fields, "number": number})


@contextmanager
def under_way(*jobs: tuple[Callable[..., None], *tuple[Any, ...]]) -> Iterator[list[BaseProcess]]:
    """A process for each function with its arguments."""
    started: list[BaseProcess] = [FORK.Process(target=job, args=rest) for job, *rest in jobs]
    for process in started:
        process.start()
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.join()


def write(folder: Path, number: int) -> None:
    """Answer all documents under keys that others have, too, and under one of its own.

    Times are the writer's number, as are its costs.
    """
    with Store(folder) as store:
        shelves = [Shelf(store, key, "box") for key in (SHARED, own(number), GOING)]
        costs = ProcessCosts("box", float(number), None, None)
        processes = [shelf.begin(Hello(), costs) for shelf in shelves]
        for document in DOCUMENTS:
            for shelf, process in zip(shelves, processes, strict=True):
                timings = (Timing(float(number), process),)
                shelf.put({document: Stored(right(shelf._key, document), timings=timings)})
                shelf.note_peak(process, 5)


def read(folder: Path) -> None:
    """Whatever is found is right, until all is there."""
    with Store(folder) as store:
        found: dict[bytes, Stored] = {}
        while len(found) < len(DOCUMENTS):
            found = Shelf(store, SHARED, "box").get(DOCUMENTS)
            assert {d: one.annotations for d, one in found.items()} == {
                d: right(SHARED, d) for d in found
            }
        assert store.damaged == 0


def prune(folder: Path) -> None:
    with Store(folder) as store:
        for _ in range(8):
            store.prune(row.id for row in store.backends() if row.digest == GOING.digest)
            time.sleep(0.02)


def merge(folder: Path, source: Path) -> None:
    with Store(folder) as store:
        ((_, copied),) = store.merge([source])
        assert copied.predictions + copied.same == 2 * len(DOCUMENTS)
        assert not copied.differing


def costed(store: Store, key: StoreKey) -> None:
    """Every document has its right answer, and its times are of the process that they name."""
    row = store.backend_id(key)
    found = store.get(row, key.digest, DOCUMENTS)
    assert found.keys() == set(DOCUMENTS)
    for document, stored in found.items():
        assert stored.annotations == right(key, document)
        ((seconds, process),) = stored.timings
        assert store.processes([process])[process].load_seconds == seconds


def test_writers_readers_a_prune_and_a_merge(tmp_path: Path) -> None:
    folder, source = tmp_path / "store", tmp_path / "source"
    with Store(source) as store:
        for key in (MERGED, SHARED):
            shelf = Shelf(store, key, "box")
            process = shelf.begin(Hello(), ProcessCosts("box", 9.0, None, None))
            for document in DOCUMENTS:
                timed = Stored(right(key, document), timings=(Timing(9.0, process),))
                shelf.put({document: timed})
    jobs: list[Any] = [(write, folder, number) for number in range(4)]
    jobs += [(merge, folder, source), (prune, folder), (read, folder), (read, folder)]
    with under_way(*jobs) as started:
        for process_ in started:
            process_.join(60)
        assert [one.exitcode for one in started] == [0] * len(jobs)
    with Store(folder) as store:
        for key in (SHARED, MERGED, *map(own, range(4))):
            costed(store, key)
        row = store.backend_id(GOING)
        for document, stored in store.get(row, GOING.digest, DOCUMENTS).items():
            assert stored.annotations == right(GOING, document)
            for seconds, process in stored.timings:
                costs = store.processes([process])
                assert process not in costs or costs[process].load_seconds == seconds
        assert store.damaged == 0
    with closing(sqlite3.connect(folder / FILE)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_merges_that_are_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "_BATCH_ROWS", 10)
    folder, source = tmp_path / "store", tmp_path / "source"
    for number, key in enumerate((MERGED, SHARED)):
        costs = ProcessCosts("box", float(number), None, None)
        put(source, key, dict.fromkeys(DOCUMENTS, "PER"), costs)
    counted = 0
    for _ in range(50):
        with under_way((merge, folder, source)) as (process,):
            wait_until(partial(has_gone_on, process, folder, counted))
        assert answers(folder) % 10 == 0, "whole batches"
        if answers(folder) == 2 * len(DOCUMENTS):
            break
        counted = answers(folder)
    merge(folder, source)
    assert contents(folder) == contents(source)
    with closing(sqlite3.connect(folder / FILE)) as db:
        assert db.execute("SELECT load_seconds FROM processes").fetchall() == [(0.0,), (1.0,)]


def has_gone_on(process: BaseProcess, folder: Path, counted: int) -> bool:
    """Whether there are more answers than so many, or never will be."""
    return answers(folder) > counted or not process.is_alive()


def answers(folder: Path) -> int:
    """How many a store has; none where there is no store yet."""
    if not (folder / FILE).exists():
        return 0
    with closing(sqlite3.connect(f"file:{folder / FILE}?mode=ro", uri=True)) as db:
        tables = db.execute("SELECT name FROM sqlite_master WHERE name = 'runs'").fetchall()
        query = "SELECT count(*) FROM predictions" if tables else "SELECT 0"
        return int(db.execute(query).fetchone()[0])


def look(folder: Path, behind: list[Path]) -> None:
    with Store(folder, behind=behind) as store:
        row = store.backend_id(SHARED)
        for document in DOCUMENTS:
            assert store.get(row, SHARED.digest, [document]).keys() == {document}


def test_stores_behind_that_several_look_into(tmp_path: Path) -> None:
    halves = [tmp_path / "odd", tmp_path / "even"]
    for number, half in enumerate(halves):
        costs = ProcessCosts("box", float(number), None, None)
        put(half, SHARED, dict.fromkeys(DOCUMENTS[number::2], "PER"), costs)
    before = [dump(half) for half in halves]
    jobs: list[Any] = [(look, tmp_path / "one", halves)] * 2 + [
        (look, tmp_path / "two", halves)
    ] * 2
    with under_way(*jobs) as started:
        for process in started:
            process.join(60)
        assert [one.exitcode for one in started] == [0] * len(jobs)
    assert [dump(half) for half in halves] == before
    for name in ("one", "two"):
        with closing(sqlite3.connect(tmp_path / name / FILE)) as db:
            assert db.execute("SELECT count(*) FROM processes").fetchone() == (2,)


# Several processes of one run


TEXTS = [f"Text {number} by Anna." for number in range(120)]


def predict(folder: Path, token: str, texts: list[str]) -> None:
    """A part of the run that has this token."""
    options = PredictOptions(run=token)  # Timed: one document after the other.
    spec = BackendSpec.parse("planted/no-identity")
    with Store(folder) as store:
        predictions = Predictions(spec, task="ner", options=options, store=store)
        asked = (Query(text, text, document_digest(text)) for text in texts)
        for prediction in predictions.round(asked):
            assert prediction.annotations is not None


def kept(folder: Path, token: str) -> set[str]:
    """The texts that the run has answers for."""
    digests = {document_digest(text): text for text in TEXTS}
    query = "SELECT document FROM predictions JOIN backends ON id = backend WHERE fields LIKE ?"
    with closing(sqlite3.connect(folder / FILE)) as db:
        return {digests[found] for (found,) in db.execute(query, (f'%"run":"{token}"%',))}


@pytest.mark.usefixtures("planted")
def test_processes_of_one_run_share_its_token(tmp_path: Path, log: Callable[[], list[str]]) -> None:
    class Stopped(Exception):
        """What ends the driver."""

    parts: list[Any] = [TEXTS[0::2], TEXTS[1::2]]
    with pytest.raises(Stopped), Store(tmp_path) as store, taken_up(store, "plan") as token:
        with under_way(*((predict, tmp_path, token, part) for part in parts)) as started:
            wait_until(lambda: len(log()) > 20)
            children = [child for one in started for child in workers_of(one.pid or 0)]
        wait_until(lambda: not any(map(alive, children)))
        raise Stopped
    before, there = Counter(log()), kept(tmp_path, token)
    assert 20 - 2 <= len(there) < len(TEXTS)
    assert set(before) >= there
    with Store(tmp_path) as store, taken_up(store, "plan") as again:
        assert again == token
        with under_way(*((predict, tmp_path, again, part) for part in parts)) as started:
            for process in started:
                process.join(60)
            assert [one.exitcode for one in started] == [0, 0]
        assert Counter(log()) - before == Counter(set(TEXTS) - there), "each that was missing, once"
        assert kept(tmp_path, token) == set(TEXTS)
    assert kept(tmp_path, token) == set(), "the run has ended"
    assert list(tmp_path.glob("*.lock")) == []
