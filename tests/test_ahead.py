"""Where no times are wanted a worker has documents ahead of their turn: the same comes of each."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from support import BACKENDS

from harness.registry import BackendSpec
from harness.run.key import document_digest
from harness.run.options import Limits
from harness.run.predictions import Prediction, Predictions, PredictOptions
from harness.run.predictor import Query
from harness.run.store import Store

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("planted")]

FAULTY = (3, 70, 71, 150)
TEXTS = [
    f"Anna {'FAULT ' if number in FAULTY else ''}met Bert on day {number % 90}."
    for number in range(160)
]
"""Some come twice, and not all in windows of their own."""
SPEAKER = f"process:{shlex.quote(sys.executable)} {BACKENDS / 'speaker.py'}"


def asked(texts: Iterable[str] = TEXTS) -> Iterator[Query]:
    for number, text in enumerate(texts):
        yield Query(f"d{number}", text, document_digest(text))


def told(
    backend: str, store: Store | None, *, timed: bool, batch_size: int = 1, seconds: float = 20.0
) -> list[Prediction]:
    options = PredictOptions(
        timed=timed, batch_size=batch_size, run="one", limits=Limits(document_seconds=seconds)
    )
    predictions = Predictions(BackendSpec.parse(backend), task="ner", options=options, store=store)
    return [one._replace(seconds=None) for one in predictions.round(asked())]


@pytest.mark.parametrize(
    ("backend", "batch_size", "kept"),
    [
        ("planted/ok", 1, True),
        ("planted/crashes", 1, True),
        ("planted/crashes", 7, False),
        (f"{SPEAKER} wrong-id", 1, False),
        (f"{SPEAKER} wrong-id", 100, True),
    ],
)
def test_what_comes_of_a_document_is_the_same(
    backend: str, batch_size: int, kept: bool, tmp_path: Path
) -> None:
    found = []
    for timed in (True, False):
        with Store(tmp_path / str(timed)) as store:
            some = store if kept else None
            found.append(told(backend, some, timed=timed, batch_size=batch_size))
    plain, ahead = found
    assert ahead == plain
    assert [one.id for one in ahead] == [f"d{number}" for number in range(len(TEXTS))]
    failed = [int(one.id[1:]) for one in ahead if one.error is not None]
    assert failed == ([] if backend == "planted/ok" else [*FAULTY])


def test_who_hangs_is_blamed_alone(tmp_path: Path) -> None:
    hanging = told("planted/hangs", None, timed=False, seconds=0.5)
    assert [int(one.id[1:]) for one in hanging if one.error is not None] == [*FAULTY]
    assert all("no answer within 0.5 s" in one.error for one in hanging if one.error is not None)


@pytest.mark.parametrize("take", [1, 100])
def test_what_was_taken_is_in_the_store(take: int, tmp_path: Path) -> None:
    """And it is not asked about again, whoever leaves whenever."""
    options = PredictOptions(timed=False)
    for _ in range(2):
        with Store(tmp_path) as store:
            predictions = Predictions(
                BackendSpec.parse("planted/ok"), task="ner", options=options, store=store
            )
            coming = predictions.round(asked(f"Text {number}" for number in range(128)))
            found = [next(coming) for _ in range(take)]
            coming.close()
    assert all(one.replayed for one in found)


def test_the_worker_does_not_wait(log: Callable[[], list[str]]) -> None:
    """While the first window is looked at it is at work on the second, and no further."""
    predictions = Predictions(
        BackendSpec.parse("planted/ok"), task="ner", options=PredictOptions(timed=False)
    )
    coming = predictions.round(asked(f"Text {number}" for number in range(300)))
    next(coming)
    deadline = time.monotonic() + 20
    while len(log()) < 96:
        assert time.monotonic() < deadline, "it waits for the one who asks"
        time.sleep(0.01)
    coming.close()
    assert len(log()) <= 128
