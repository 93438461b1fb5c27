"""What a long run says of the time that is left, with a clock of our own."""

from __future__ import annotations

import random
import re
from contextlib import closing
from io import StringIO

import pytest

from harness.registry import BackendSpec
from harness.run import progress as module
from harness.run.predictions import Predictions
from harness.run.predictor import Query
from harness.run.progress import Progress, ProgressBar


class Clock:
    """Seconds since the test began."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(module, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def _predict(clock: Clock, bar: ProgressBar, sizes: list[int], per_word: float) -> None:
    for words in sizes:
        clock.now += per_word * words
        bar.advance(words=words)


def _seconds(text: str) -> float:
    number, unit = re.fullmatch(r"([0-9.]+) (s|min|h)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"s": 1, "min": 60, "h": 3600}[unit]


@pytest.mark.parametrize("load", [0.0, 90.0, 3600.0])
@pytest.mark.parametrize("seed", range(5))
def test_a_slow_load_is_not_taken_for_slow_documents(clock: Clock, load: float, seed: int) -> None:
    """After a fifth of the documents, of any length, what is said lies within 30 % of the truth."""
    rng = random.Random(seed)
    sizes = sorted(rng.randint(10, 2000) for _ in range(100))  # The short ones come first.
    stream = StringIO()
    bar = Progress(stream=stream).task("t", len(sizes), words=sum(sizes))
    bar.loading()
    clock.now += load
    bar.loaded()
    _predict(clock, bar, sizes[:20], 0.05)
    clock.now += 10  # Long enough ago that a line is due.
    stream.truncate(0)
    _predict(clock, bar, sizes[20:21], 0.05)
    said = re.search(r"21/100 documents, (.*) left", stream.getvalue())
    assert said
    truth = 0.05 * sum(sizes[21:])
    assert _seconds(said[1]) == pytest.approx(truth, rel=0.3)


def test_a_worker_that_is_replaced_loads_again(clock: Clock) -> None:
    stream = StringIO()
    bar = Progress(stream=stream).task("t", 4, words=4)
    for _ in range(2):
        bar.loading()
        clock.now += 500
        bar.loaded()
        clock.now += 20
        bar.advance()
    assert "2/4 documents, 40.0 s left" in stream.getvalue()


def test_what_comes_from_the_store_has_no_speed(clock: Clock) -> None:
    stream = StringIO()
    bar = Progress(stream=stream).task("t", 30, words=3000)
    for _ in range(10):
        clock.now += 11
        bar.advance(words=100, replayed=True)
    assert "10/30 documents (10 from the store), time left unknown" in stream.getvalue()
    bar.loading()
    bar.loaded()
    clock.now += 11
    bar.advance(words=100)
    assert re.search(r"11/30 .*, \d+ min left", stream.getvalue())


def test_what_comes_after_is_claimed_only_where_its_speed_is_known(clock: Clock) -> None:
    stream = StringIO()
    progress = Progress(stream=stream)

    def one(pace: str, ahead: list[tuple[str, int]]) -> str:
        progress.ahead(ahead)
        bar = progress.task(pace, 2, words=200, pace=pace)
        bar.loading()
        clock.now += 30
        bar.loaded()
        _predict(clock, bar, [100, 100], 0.2)
        bar.finish()
        return stream.getvalue().splitlines()[-2]

    # 20 s left of this one; then a load of 30 s and 0.2 s for each of 1,000 words.
    assert one("a", [("b", 200), ("a", 1000)]).endswith("1/2 documents, 20.0 s left")
    assert one("b", [("a", 1000)]).endswith("1/2 documents, 20.0 s left, 4 min in all")
    assert one("a", []).endswith("1/2 documents, 20.0 s left")


def test_what_was_only_replayed_teaches_no_speed(clock: Clock) -> None:
    progress = Progress(stream=StringIO())
    bar = progress.task("a", 1, words=10, pace="a")
    bar.advance(words=10, replayed=True)
    bar.finish()
    progress.ahead([("a", 10)])
    assert progress.after() is None


def test_an_estimated_number_is_said_to_be_one_and_is_never_passed(clock: Clock) -> None:
    """Of a shard nobody knows beforehand how many documents it has."""
    stream = StringIO()
    bar = Progress(stream=stream).task("t", 3, words=30, estimated=True)
    for _ in range(5):
        clock.now += 11
        bar.advance(words=10)
    bar.finish()
    assert stream.getvalue().splitlines() == [
        "t: 1/~3 documents, 22.0 s left",
        "t: 2/~3 documents, 11.0 s left",
        "t: 3 documents, time left unknown",
        "t: 4 documents, time left unknown",
        "t: 5 documents, time left unknown",
        "t: 5/5 documents in 55.0 s",
    ]


def test_a_terminal_is_told_that_something_loads(clock: Clock) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    Progress(stream=stream).task("t", 2).loading()
    assert stream.getvalue() == "\rt: 0/2 documents, loading"


@pytest.mark.processes
def test_a_backend_says_when_it_loads_and_what_is_done() -> None:
    """Every document is told of when its answer is there, not when its window is over."""
    told: list[str] = []

    class Told(ProgressBar):
        def loading(self) -> None:
            told.append("loading")

        def loaded(self) -> None:
            told.append("loaded")

        def advance(self, *, words: int = 1, replayed: bool = False, failed: bool = False) -> None:
            told.append(f"{words} {replayed} {failed}")

    bar = Told(Progress(quiet=True), "t", 3)
    queries = [Query("a", "one two", b"a"), Query("b", "one", b"b"), Query("c", "", b"c")]
    predictions = Predictions(BackendSpec.parse("gazetteer"), task="ner")
    with closing(predictions.round(queries, bar=bar)) as answers:
        first = next(answers)
    assert first.id == "a"
    assert told == ["loading", "loaded", "2 False False", "1 False False", "0 False False"]
