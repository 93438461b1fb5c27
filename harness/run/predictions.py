"""A backend's answers to a stream of documents: from the store where it has them, else fresh.

Documents stream through in windows, so that memory stays flat; each answer is in the store before
the next is waited for, so that a killed run goes on where it stopped. Where no times are wanted,
answers that came within 50 ms of each other wait for the next one, or the window's end, and are
kept together.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import monotonic
from typing import NamedTuple

from harness.adapter import ModelIdentity
from harness.annotation import Annotations, TaskName
from harness.errors import BackendUnavailable
from harness.registry import BackendSpec
from harness.run.answers import is_answer_to
from harness.run.key import Description, make_key, proof
from harness.run.launch import describe_backend, launch
from harness.run.options import WorkerOptions
from harness.run.predictor import Predictor, Query, Reply
from harness.run.process import Log
from harness.run.progress import ProgressBar
from harness.run.protocol import Answer, Hello, load_message
from harness.run.rows import ProcessCosts, Timing
from harness.run.shelf import NoShelf, Shelf
from harness.run.store import Store, Stored
from harness.run.unchanged import check_alike, check_model, check_unchanged
from harness.table import plural

__all__ = ["PredictOptions", "Prediction", "Predictions"]

_WINDOW_DOCUMENTS = 64
_WINDOW_CHARACTERS = 1_000_000
_PEAK_SECONDS = 2.0
_KEEP_SECONDS = 0.05


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
    once: bool = False
    """Whether rounds go over texts that earlier ones had: one without an answer is not asked about
    once more, but has its error again, and one that was asked about is not told as replayed."""


class Prediction(NamedTuple):
    """What a backend says about one document; without annotations, `error` says why."""

    id: str
    text: str
    annotations: Annotations | None
    error: str | None = None
    problems: tuple[str, ...] = ()
    characters_seen: int | None = None
    words: int = 0
    """Of the text, by white space."""
    seconds: float | None = None
    replayed: bool = False
    unstable: bool = False
    """An earlier round gave another answer; the earlier one stands here."""


class _Window(NamedTuple):
    """Documents that are looked up together."""

    items: Sequence[Query]
    stored: Mapping[bytes, Stored]
    missing: Sequence[Query]
    """Those to be asked about."""
    done: dict[bytes, Prediction]

    def asks_about(self, others: Iterable[Query]) -> bool:
        """Whether one of these texts is under way here."""
        under_way = {item.digest for item in self.missing}
        return any(item.digest in under_way for item in others)


class Predictions:
    """One backend for one task, over as many rounds as wanted.

    `description` is there from the start, `hello` and `environment` once the first prediction is.
    """

    def __init__(
        self,
        spec: BackendSpec,
        *,
        task: TaskName,
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
        self._task: TaskName = task
        self._labels = tuple(labels)
        self._store = store
        self._stop = stop
        # A program of somebody's own is promised that it gets the next when all are answered.
        waits = self._options.timed or spec.external
        self._ahead = 0 if waits else max(_WINDOW_DOCUMENTS, 2 * self._options.batch_size)
        self.description: Description = describe_backend(
            spec,
            prove=store is not None,
            passed=self._options.pass_env,
            named=self._options.environment,
        )
        if self.description.unavailable is not None:
            raise BackendUnavailable(self.description.unavailable)
        self._launch = launch(
            spec,
            threads=self._options.threads,
            offline=self._options.offline,
            passed=self._options.pass_env,
            named=self._options.environment,
        )
        self.environment = self._launch.environment
        self.hello: Hello | None = None
        """What the worker said of itself, in this run or else in the one that filled the store."""
        self.log = Log()
        """Stderr of the worker that broke down last in the last round."""
        self._first: Hello | None = None
        self._process = 0
        self._used: set[int] = set()
        self._asked: set[bytes] = set()
        self._noted = 0.0
        self._unkept: dict[bytes, Stored] = {}
        self._failed: dict[bytes, Stored] = {}
        """Errors of the moment, which nobody keeps, of those that ask `once`."""
        self._kept = 0.0
        """When answers were put into the store."""
        self._bar: ProgressBar | None = None
        self._shelf: Shelf | NoShelf = NoShelf(remember=self._options.rounds > 1)
        self._load_first = not self._find_shelf(None)
        """Whether only the loaded model can say where its answers are kept."""

    def round(
        self, documents: Iterable[Query], number: int = 0, *, bar: ProgressBar | None = None
    ) -> Generator[Prediction]:
        """One prediction per document, in order; `number` counts the rounds from 0.

        `bar` is told of every document when its answer is there, which is before its prediction
        comes out. Whoever does not take all of them closes it, before the store is closed.

        Raises `BackendUnavailable` or `BackendFailed` when the backend cannot be loaded at all.
        Later breakdowns are errors of documents.
        """
        self._bar = bar
        predictor = self._predictor()
        try:
            with predictor:
                yield from self._answered(_windows(documents), number, predictor)
        finally:
            self._keep_all()
            self.log = predictor.log

    @property
    def model(self) -> ModelIdentity | None:
        """The model as the worker gave it, else as the adapter describes it."""
        if self.hello is not None and self.hello.model.name:
            return self.hello.model
        return self.description.model

    @property
    def proof(self) -> str:
        """Why answers may be used again in other runs, or why not; empty without a store."""
        if self._store is None:
            return ""
        proven, why = proof(self._spec, self.description, self.hello)
        return why if proven else f"not proven: {why}"

    @property
    def damaged(self) -> str:
        """How many stored answers could not be used, as a sentence; else empty."""
        found = self._store.damaged if self._store else 0
        asked = "the backend was asked anew"
        return f"{plural(found, 'damaged row')} of the predictions store: {asked}" if found else ""

    def process_costs(self) -> tuple[float | None, float | None, int | None]:
        """Median load and warm-up seconds and largest peak memory of all processes used."""
        used = [self._shelf.processes[number] for number in self._used]
        loads = [item.load_seconds for item in used if item.load_seconds is not None]
        warmups = [item.warmup_seconds for item in used if item.warmup_seconds is not None]
        peaks = [item.peak_memory_bytes for item in used if item.peak_memory_bytes is not None]
        return (
            median(loads) if loads else None,
            median(warmups) if warmups else None,
            max(peaks, default=None),
        )

    # One window: look up, ask for the rest, keep what comes

    def _answered(
        self, windows: Iterator[list[Query]], number: int, predictor: Predictor
    ) -> Iterator[Prediction]:
        """Window after window; of adapters, where no times are wanted, the worker has the next."""
        begun: deque[_Window] = deque()
        following = None
        while True:
            while len(begun) <= (1 if self._ahead else 0):
                following = following or next(windows, None)
                # What is under way is not asked about once more, but replayed when it is kept.
                if following is None or any(one.asks_about(following) for one in begun):
                    break
                begun.append(self._begun(following, number, predictor))
                following = None
            if not begun:
                return
            yield from self._finished(begun.popleft(), number, predictor)

    def _begun(self, items: list[Query], number: int, predictor: Predictor) -> _Window:
        if self._load_first:
            predictor.start()
        stored = self._stored(items)
        replayed = {
            item.digest: self._replay(item, stored[item.digest], number)
            for item in items
            if self._is_usable(item.digest, stored, number)
        }
        missing = [item for item in items if item.digest not in replayed]
        predictor.add(missing)
        self._advance([item for item in items if item.digest in replayed], replayed)
        return _Window(items, stored, missing, replayed)

    def _finished(self, window: _Window, number: int, predictor: Predictor) -> list[Prediction]:
        done = window.done
        if window.missing:
            predictor.start()
            for item in window.missing:
                reply = predictor.reply()
                earlier = window.stored.get(item.digest) if number else None
                done[item.digest] = self._take(item, reply, number, earlier)
                self._advance([item], done)
                self._note_peak(predictor)
            self._keep_all()
        return [done[item.digest] for item in window.items]

    def _advance(self, items: Sequence[Query], done: Mapping[bytes, Prediction]) -> None:
        if self._bar is None:
            return
        for item in items:
            one = done[item.digest]
            failed = one.error is not None
            self._bar.advance(words=one.words, replayed=one.replayed, failed=failed)

    def _stored(self, window: Sequence[Query]) -> dict[bytes, Stored]:
        """What there is for these texts, but what cannot be an answer to them."""
        stored = self._shelf.get([item.digest for item in window])
        for item in window if self._failed else ():
            if item.digest in self._failed:
                stored[item.digest] = self._failed[item.digest]
        for item in window:
            one = stored.get(item.digest)
            said = None if one is None else one.annotations
            if said is not None and not is_answer_to(said, item.text, self._task):
                del stored[item.digest]
                if self._store is not None:
                    self._store.damaged += 1
        return stored

    def _is_usable(self, digest: bytes, stored: Mapping[bytes, Stored], number: int) -> bool:
        if digest in self._failed:
            return True
        if digest not in stored or not self._shelf.replays:
            return False
        if self._options.fresh and digest not in self._asked:
            return False
        one = stored[digest]
        return one.error is not None or not self._options.timed or len(one.timings) > number

    def _replay(self, item: Query, stored: Stored, number: int) -> Prediction:
        seconds = None
        if self._options.timed and stored.error is None:
            timing = stored.timings[number]
            seconds = timing.seconds
            self._used.add(timing.process)
        asked = self._options.once and item.digest in self._asked
        return _prediction(item, stored, seconds, replayed=not asked)

    def _take(self, item: Query, reply: Reply, number: int, earlier: Stored | None) -> Prediction:
        """Keep what came, unless it is an error of the moment."""
        if self._options.fresh or self._options.once:
            self._asked.add(item.digest)
        if reply.answer is not None:
            stored, seconds = self._timed(reply.answer, number, earlier)
        else:
            stored, seconds = Stored(None, error=reply.error), None
            if self._options.once:
                self._failed[item.digest] = stored
        if reply.answer is not None or reply.final:
            self._unkept[item.digest] = stored
            if self._options.timed or monotonic() - self._kept > _KEEP_SECONDS:
                self._keep_all()
        return _prediction(item, stored, seconds)

    def _keep_all(self) -> None:
        """Have all that came in the store."""
        if self._unkept:
            self._shelf.put(self._unkept)
            self._unkept = {}
        self._kept = monotonic()

    def _timed(
        self, answer: Answer, number: int, earlier: Stored | None
    ) -> tuple[Stored, float | None]:
        """The answer, or that of an earlier round, with its times; and the seconds of this one."""
        self._used.add(self._process)
        seconds = answer.seconds if self._options.timed else None
        timings = () if earlier is None else earlier.timings[:number]
        if seconds is not None and len(timings) == number:
            timings += (Timing(seconds, self._process),)
        stored = Stored(answer.annotations, answer.problems, answer.characters_seen, timings)
        if earlier is not None:
            unstable = earlier.unstable or earlier.answer_text() != stored.answer_text()
            stored = earlier._replace(unstable=unstable, timings=timings)
        return stored, seconds

    # The worker

    def _predictor(self) -> Predictor:
        options = self._options
        message = load_message(
            str(self._spec),
            task=self._task,
            model=self._spec.model,
            labels=self._labels,
            options=self._spec.options,
            batch_size=options.batch_size,
            offline=options.offline,
        )
        return Predictor(
            self._launch,
            message,
            task=self._task,
            batch_size=options.batch_size,
            ahead=self._ahead,
            limits=options.limits,
            on_load=self._loading,
            on_start=self._started,
            on_end=self._measured,
            stop=self._stop,
        )

    def _loading(self) -> None:
        if self._bar is not None:
            self._bar.loading()

    def _started(self, hello: Hello) -> None:
        check_model(self._spec, self.description.model, hello.model)
        self._first = self._first or hello
        check_alike(self._spec, self._first, hello)
        if self._store is not None:
            check_unchanged(self._spec, self.description, named=self._options.environment)
        if self._load_first:
            self._find_shelf(hello)
            self._load_first = False
        self.hello = hello
        costs = ProcessCosts(self._options.machine, hello.load_seconds, hello.warmup_seconds, None)
        if not self._options.timed:
            costs = ProcessCosts(self._options.machine, None, None, None)
        self._process = self._shelf.begin(hello, costs)
        if self._bar is not None:
            self._bar.loaded()

    def _measured(self, peak_memory_bytes: int | None) -> None:
        self._shelf.note_peak(self._process, peak_memory_bytes if self._options.timed else None)

    def _note_peak(self, predictor: Predictor) -> None:
        # Now and then, so that a killed run leaves a figure behind.
        if monotonic() - self._noted > _PEAK_SECONDS:
            self._noted = monotonic()
            self._measured(predictor.peak_memory())

    def _find_shelf(self, hello: Hello | None) -> bool:
        """Find where answers are kept; returns whether that is known now."""
        if self._store is None:
            return True
        key = make_key(
            self._spec,
            self.description,
            task=self._task,
            labels=self._labels,
            batch_size=self._options.batch_size,
            threads=self._options.threads,
            environment=self.environment,
            pass_env=self._options.pass_env,
            hello=hello,
            run=self._options.run,
        )
        if key is None:
            return False
        self._shelf = Shelf(self._store, key, self._options.machine)
        self.hello = self._shelf.hello
        return True


def _prediction(
    item: Query, stored: Stored, seconds: float | None, *, replayed: bool = False
) -> Prediction:
    return Prediction(
        item.id,
        item.text,
        stored.annotations,
        stored.error,
        stored.problems,
        stored.characters_seen,
        len(item.text.split()),
        seconds,
        replayed,
        stored.unstable,
    )


def _windows(documents: Iterable[Query]) -> Iterator[list[Query]]:
    """Pieces of the stream; a text that comes twice comes in two windows, to be replayed."""
    window: list[Query] = []
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
