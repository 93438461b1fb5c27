"""A backend's answers to a stream of documents: from the store where it has them, else fresh.

Documents stream through in windows, so that memory stays flat; each answer is in the store before
the next is waited for, so that a killed run goes on where it stopped.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from statistics import median
from time import monotonic
from typing import NamedTuple

from harness.adapter import ModelIdentity
from harness.annotation import Annotations, Task
from harness.coding import DecodeError, decode, encode
from harness.errors import BackendFailed, BackendUnavailable
from harness.registry import BackendSpec
from harness.run.key import Description, Key, make_key, proof
from harness.run.launch import describe_backend, launch
from harness.run.options import WorkerOptions
from harness.run.predictor import Asked, Outcome, Predictor
from harness.run.process import Log
from harness.run.protocol import Answer, Hello, load_message
from harness.run.store import ProcessCosts, Store, Stored, Timing

__all__ = ["Asked", "PredictOptions", "Prediction", "Predictions"]

_WINDOW_DOCUMENTS = 64
_WINDOW_CHARACTERS = 1_000_000
_PEAK_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictOptions(WorkerOptions):
    """How to predict."""

    timed: bool = True
    """Whether times are wanted: an answer without times from this machine is then made again."""
    rounds: int = 1
    """How many rounds there will be."""
    machine: str = ""
    """What times of this machine are filed under."""
    run: str = ""
    """The run's token in the store (`Store.begin`): what is not proven is kept for it alone."""


class Prediction(NamedTuple):
    """What a backend says about one document; without annotations, `error` says why."""

    id: str
    text: str
    annotations: Annotations | None
    error: str | None = None
    problems: tuple[str, ...] = ()
    characters_seen: int | None = None
    seconds: float | None = None
    replayed: bool = False
    unstable: bool = False
    """An earlier round gave another answer; the earlier one stands here."""


class Predictions:
    """One backend for one task, over as many rounds as wanted.

    `description` is there from the start, `hello` and `environment` once the first prediction is.
    """

    def __init__(
        self,
        spec: BackendSpec,
        *,
        task: Task,
        labels: Sequence[str] = (),
        options: PredictOptions | None = None,
        store: Store | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        """Describe the backend; no worker is started yet.

        Raises `BackendUnavailable` when it is not on this machine, `BackendFailed` when its
        environment does not answer, `UsageError` for an unknown adapter. A `stop` that is set
        makes the rest come back as errors.
        """
        self._options = options or PredictOptions()
        self._spec = spec
        self._task: Task = task
        self._labels = tuple(labels)
        self._store = store
        self._stop = stop
        self.description: Description = describe_backend(spec, prove=store is not None)
        if self.description.unavailable is not None:
            raise BackendUnavailable(self.description.unavailable)
        self._launch = launch(spec, threads=self._options.threads, offline=self._options.offline)
        self.environment = self._launch.environment
        self.hello: Hello | None = None
        self.log = Log()
        self._key: Key | None = None
        self._row: int | None = None
        self._numbers = count(-1, -1)
        self._process = 0
        self._processes: dict[int, ProcessCosts] = {}
        self._used: set[int] = set()
        self._first: dict[bytes, Stored] = {}
        self._asked: set[bytes] = set()
        self._noted = 0.0
        self._kept = store is not None
        self._stated: tuple[object, ...] | None = None
        self._predictor: Predictor | None = None
        self._bind(None)

    def round(self, documents: Iterable[Asked], number: int = 0) -> Iterator[Prediction]:
        """One prediction per document, in order; `number` counts the rounds from 0.

        Raises `BackendUnavailable` or `BackendFailed` when the backend cannot be loaded at all.
        Later breakdowns are errors of documents.
        """
        try:
            for window in _windows(documents):
                yield from self._window(window, number)
        except BaseException:
            self._end(kill=True)
            raise
        self._end()

    @property
    def model(self) -> ModelIdentity | None:
        """The model as the worker gave it, else as the adapter describes it."""
        if self.hello is not None and self.hello.model.name:
            return self.hello.model
        return self.description.model

    @property
    def cached(self) -> bool:
        """Whether answers go to the store and come from it."""
        return self._row is not None

    @property
    def proof(self) -> str:
        """Why answers may be used again in other runs, or why not; empty without a store."""
        if not self._kept:
            return ""
        proven, why = proof(self._spec, self.description, self.hello)
        return why if proven else f"not proven: {why}"

    def process_costs(self) -> tuple[float | None, float | None, int | None]:
        """Median load and warm-up seconds and largest peak memory of all processes used."""
        used = [self._processes[number] for number in self._used if number in self._processes]
        loads = [item.load_seconds for item in used if item.load_seconds is not None]
        warmups = [item.warmup_seconds for item in used if item.warmup_seconds is not None]
        peaks = [item.peak_memory_bytes for item in used if item.peak_memory_bytes is not None]
        return (
            median(loads) if loads else None,
            median(warmups) if warmups else None,
            max(peaks, default=None),
        )

    # One window: look up, ask for the rest, keep what comes

    def _window(self, window: Sequence[Asked], number: int) -> list[Prediction]:
        if self._store is not None and self._row is None:
            self._start()  # Only the loaded model can say what it is.
        known = self._look_up(window)
        missing = [
            item for item in window if not self._usable(item.digest, known.get(item.digest), number)
        ]
        fresh: dict[bytes, Prediction] = {}
        if missing:
            outcomes = self._start().ask(missing)
            for item, outcome in zip(missing, outcomes, strict=True):
                fresh[item.digest] = self._taken(item, outcome, number)
        return [
            fresh.get(item.digest) or self._replay(item, known[item.digest], number)
            for item in window
        ]

    def _look_up(self, window: Sequence[Asked]) -> dict[bytes, Stored]:
        digests = [item.digest for item in window]
        if self._store is None or self._row is None or self._key is None:
            return {digest: self._first[digest] for digest in digests if digest in self._first}
        found = self._store.get(self._row, self._key.digest, digests)
        numbers = {timing.process for stored in found.values() for timing in stored.timings}
        self._processes.update(self._store.processes(numbers - self._processes.keys()))
        return {digest: self._own_times(stored) for digest, stored in found.items()}

    def _own_times(self, stored: Stored) -> Stored:
        # Times of another machine say nothing about this one.
        own = []
        for timing in stored.timings:
            process = self._processes.get(timing.process)
            if process is None or process.machine != self._options.machine:
                break
            own.append(timing)
        return replace(stored, timings=tuple(own))

    def _usable(self, digest: bytes, stored: Stored | None, number: int) -> bool:
        if stored is None:
            return False
        if not self.cached:
            return False  # Kept only to compare the rounds.
        if self._options.fresh and digest not in self._asked:
            return False
        if stored.error is not None:
            return True
        return not self._options.timed or len(stored.timings) > number

    def _replay(self, item: Asked, stored: Stored, number: int) -> Prediction:
        seconds = None
        if self._options.timed and stored.error is None:
            timing = stored.timings[number]
            seconds = timing.seconds
            self._used.add(timing.process)
        return _prediction(item, stored, seconds, replayed=True)

    def _taken(self, item: Asked, outcome: Outcome, number: int) -> Prediction:
        self._asked.add(item.digest)
        if outcome.answer is not None:
            return self._keep(item, outcome.answer, number)
        if outcome.final and self._store is not None and self._row is not None and self._key:
            refused = Stored(None, error=outcome.error)
            self._store.put(self._row, self._key.digest, item.digest, refused)
        return Prediction(item.id, item.text, None, outcome.error)

    def _keep(self, item: Asked, answer: Answer, number: int) -> Prediction:
        self._used.add(self._process)
        new = Stored(answer.annotations, answer.problems, answer.characters_seen)
        old = self._look_up([item]).get(item.digest) if number else None
        if old is not None:
            unstable = old.unstable or old.answer_text() != new.answer_text()
            new = replace(old, unstable=unstable)
        timings = list(new.timings[:number])
        if self._options.timed and answer.seconds is not None and len(timings) == number:
            timings.append(Timing(answer.seconds, self._process))
        new = replace(new, timings=tuple(timings))
        if self._store is not None and self._row is not None and self._key is not None:
            self._store.put(self._row, self._key.digest, item.digest, new)
            self._note_peak()
        elif self._options.rounds > 1:
            self._first[item.digest] = replace(new, timings=())
        return _prediction(item, new, answer.seconds if self._options.timed else None)

    # The worker

    def _start(self) -> Predictor:
        if self._predictor is None:
            options = self._options
            self._predictor = Predictor(
                self._launch,
                load_message(
                    str(self._spec),
                    task=self._task,
                    model=self._spec.model,
                    labels=self._labels,
                    options=self._spec.options,
                    batch_size=options.batch_size,
                    offline=options.offline,
                ),
                task=self._task,
                batch_size=options.batch_size,
                limits=options.limits,
                on_start=self._started,
                on_end=self._ended,
                stop=self._stop,
            )
            try:
                self._predictor.start()
            finally:
                self.log = self._predictor.log
        return self._predictor

    def _started(self, hello: Hello) -> None:
        self._check_model(hello.model)
        self._check_files(hello)
        self.hello = hello
        self._bind(hello)
        costs = ProcessCosts(self._options.machine, hello.load_seconds, hello.warmup_seconds, None)
        if not self._options.timed:
            costs = costs._replace(load_seconds=None, warmup_seconds=None)
        if self._store is not None and self._row is not None:
            self._process = self._store.add_process(self._row, costs)
        else:
            self._process = next(self._numbers)
        self._processes[self._process] = costs

    def _ended(self, peak: int | None) -> None:
        if not self._options.timed:
            peak = None
        costs = self._processes[self._process]
        peak = max((p for p in (costs.peak_memory_bytes, peak) if p is not None), default=None)
        self._processes[self._process] = costs._replace(peak_memory_bytes=peak)
        if self._store is not None and self._row is not None:
            self._store.note_peak(self._process, peak)

    def _note_peak(self) -> None:
        # Now and then, so that a killed run leaves a figure behind.
        if self._predictor is not None and monotonic() - self._noted > _PEAK_SECONDS:
            self._noted = monotonic()
            self._ended(self._predictor.peak_memory())

    def _end(self, *, kill: bool = False) -> None:
        if self._predictor is not None:
            predictor, self._predictor = self._predictor, None
            if kill:
                predictor.kill()
            else:
                predictor.close()
            self.log = predictor.log

    def _bind(self, hello: Hello | None) -> None:
        """Find the row of the store that answers belong to, as soon as the key is known."""
        if self._store is None:
            return
        if self._key is None:
            self._key = make_key(
                self._spec,
                self.description,
                task=self._task,
                labels=self._labels,
                batch_size=self._options.batch_size,
                threads=self._options.threads,
                environment=self.environment,
                hello=hello,
                run=self._options.run,
            )
        if self._key is None:
            if hello is not None:
                self._store = None  # Nothing proves that it is the same: never kept.
            return
        shown = "" if hello is None else _hello_text(hello)
        self._row = self._store.backend_id(self._key, hello=shown)
        if self.hello is None:
            self.hello = _hello(self._store.hello(self._row))

    def _check_files(self, hello: Hello) -> None:
        """Whether what was loaded is what was described: files may change in between."""
        if self._store is None:
            return
        same = _decisive(describe_backend(self._spec)) == _decisive(self.description)
        before, self._stated = self._stated, (hello.model, hello.packages, hello.offsets)
        if not same or (before is not None and before != self._stated):
            raise BackendFailed(
                f"{self._spec} changed while the run was under way: its files, or what it says of "
                "itself, are not what they were when it began; run again"
            )

    def _check_model(self, loaded: ModelIdentity) -> None:
        described = self.description.model
        if described is None:
            return
        for name in ("digest", "version"):
            one, other = getattr(described, name), getattr(loaded, name)
            if one and other and one != other:
                raise BackendFailed(
                    f"the loaded model has {name} {other[:40]!r}, its files say {one[:40]!r}: "
                    "they changed meanwhile, or the adapter's identity() is wrong "
                    f"(harness check-backend {self._spec})"
                )


def _decisive(found: Description) -> tuple[str, ...]:
    """What must be the same when the backend is loaded, and loaded again."""
    model = "" if found.model is None else found.model.digest
    return found.source, found.installed, found.named, model


def _prediction(
    item: Asked, stored: Stored, seconds: float | None, *, replayed: bool = False
) -> Prediction:
    return Prediction(
        item.id,
        item.text,
        stored.annotations,
        stored.error,
        stored.problems,
        stored.characters_seen,
        seconds,
        replayed,
        stored.unstable,
    )


def _windows(documents: Iterable[Asked]) -> Iterator[list[Asked]]:
    """Pieces of the stream; a text that comes twice comes in two windows, to be replayed."""
    window: list[Asked] = []
    seen: set[bytes] = set()
    characters = 0
    for document in documents:
        full = len(window) == _WINDOW_DOCUMENTS or characters >= _WINDOW_CHARACTERS
        if full or document.digest in seen:
            yield window
            window, seen, characters = [], set(), 0
        window.append(document)
        seen.add(document.digest)
        characters += len(document.text)
    if window:
        yield window


def _hello_text(hello: Hello) -> str:
    return json.dumps(encode(replace(hello, load_seconds=None, warmup_seconds=None)))


def _hello(text: str) -> Hello | None:
    try:
        return decode(Hello, json.loads(text)) if text else None
    except (ValueError, DecodeError):
        return None
