"""Where answers are kept: whose times count, and what is remembered where there is no store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import ways

from harness.annotation import Annotations, Entity
from harness.gold.loading import load_goldset
from harness.registry import BackendSpec
from harness.run.key import StoreKey
from harness.run.options import RunOptions
from harness.run.predictions import Prediction
from harness.run.predictor import Query
from harness.run.protocol import Hello
from harness.run.rows import ProcessCosts, Timing
from harness.run.runner import run
from harness.run.shelf import NoShelf, Shelf
from harness.run.store import Store, Stored

KEY = StoreKey({"backend": "a/x", "task": "ner"})
HERE, THERE = (ProcessCosts(machine, 2.0, 1.0, None) for machine in ("here", "there"))
ANSWER = Stored(Annotations((Entity(0, 4, "PER"),)))


def test_times_of_another_machine_do_not_count(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        here, there = (Shelf(store, KEY, machine) for machine in ("here", "there"))
        one, other = here.begin(Hello(), HERE), there.begin(Hello(), THERE)
        mixed = (Timing(0.1, one), Timing(0.2, other), Timing(0.3, one))
        here.put({b"a": ANSWER._replace(timings=mixed)})
        here.put({b"b": ANSWER._replace(timings=(Timing(0.1, 99),))})
        here.put({b"c": Stored(None, error="never")})
    with Store(tmp_path) as store:
        for machine, own in (("here", mixed[:1]), ("there", ())):
            answers = Shelf(store, KEY, machine).get([b"a", b"b", b"c", b"d"])
            assert answers.keys() == {b"a", b"b", b"c"}
            assert answers[b"a"] == ANSWER._replace(timings=own)
            assert answers[b"b"].timings == (), "nobody knows the process"
            assert answers[b"c"].error == "never"


def test_a_shelf_knows_what_its_processes_cost(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        shelf = Shelf(store, KEY, "here")
        number = shelf.begin(Hello(), HERE)
        for peak in (5, None, 7, 6):
            shelf.note_peak(number, peak)
        shelf.put({b"a": ANSWER._replace(timings=(Timing(0.1, number),))})
        assert shelf.processes == {number: HERE._replace(peak_memory_bytes=7)}
        later = Shelf(store, KEY, "here")
        assert later.processes == {}
        later.get([b"a"])
        assert later.processes == shelf.processes


def test_the_hello_that_is_kept(tmp_path: Path) -> None:
    hello = Hello(labels=("PER",), packages={"lib": "1"}, load_seconds=3.0, warmup_seconds=1.0)
    with Store(tmp_path) as store:
        shelf = Shelf(store, KEY, "here")
        assert shelf.hello is None
        shelf.begin(hello, HERE)
        kept = replace(hello, load_seconds=None, warmup_seconds=None)
        assert shelf.hello == Shelf(store, KEY, "there").hello == kept
    for other in ("no JSON", '{"another": "version"}'):
        with closing(sqlite3.connect(tmp_path / "predictions.sqlite")) as db, db:
            db.execute("UPDATE backends SET hello = ?", (other,))
        with Store(tmp_path) as store:
            assert Shelf(store, KEY, "here").hello is None


@pytest.mark.parametrize("remember", [True, False])
def test_without_a_store_answers_only_serve_to_compare(remember: bool) -> None:
    shelf = NoShelf(remember=remember)
    assert not shelf.replays
    shelf.put({b"a": ANSWER})
    assert shelf.get([b"a", b"b"]) == ({b"a": ANSWER} if remember else {})
    numbers = [shelf.begin(Hello(), HERE), shelf.begin(Hello(), HERE)]
    shelf.note_peak(numbers[0], 5)
    shelf.note_peak(numbers[0], 4)
    peaks = [shelf.processes[number].peak_memory_bytes for number in numbers]
    assert peaks == [5, None]


class LateHello(ways.Replayed):
    """What the worker says of itself is not in the store: the first document comes from there."""

    def round(
        self, documents: Iterable[Query], number: int = 0, *, bar: object = None
    ) -> Iterator[Prediction]:
        for place, prediction in enumerate(super().round(documents, number)):
            hello, self.hello = self.hello, None if place == 0 else self.hello
            yield prediction
            self.hello = hello


@pytest.mark.parametrize("kept", [True, False])
def test_documents_before_the_first_hello_are_counted(
    kept: bool, make_gold: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gold = load_goldset(make_gold({"a": "Anna.", "b": "Bert.", "c": "Carl."}).path)
    answers = {record.id: record for record in gold.records()}
    monkeypatch.setattr(ways.cell, "Predictions", LateHello)
    monkeypatch.setattr(ways.Replayed, "backends", {"x": (answers, ("ENT",))})
    options = RunOptions(out=tmp_path / "out" if kept else None)
    (result,) = run([BackendSpec("process", "x")], [gold], options).results
    assert result.labels == ("ENT",)
    assert result.scores["strict"]["tp"] == 3
    assert [unit.document for unit in result.units] == ["a", "b", "c"]


def test_a_store_that_is_pruned_under_a_run(tmp_path: Path) -> None:
    with Store(tmp_path) as store, Store(tmp_path) as other:
        shelf = Shelf(store, KEY, "here")
        shelf.begin(Hello(), HERE)
        shelf.put({b"a": ANSWER})
        other.prune([row.id for row in other.backends()])
        shelf.put({b"b": ANSWER})
        assert shelf.get([b"a", b"b"]).keys() == {b"b"}
