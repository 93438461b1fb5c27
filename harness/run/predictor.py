"""Gets answers out of a worker that may do anything: hang, crash, lie, run out of memory.

Every document asked for comes back exactly once and in order, with an answer or with an error. A
fault costs the document that it hit, and a restart; the documents after it go to the new worker.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any, NamedTuple

from harness.annotation import Task, printable
from harness.errors import BackendFailed, BackendUnavailable
from harness.offsets import Offsets
from harness.run.launch import Launch
from harness.run.options import Limits
from harness.run.process import Fault, Log, Worker
from harness.run.protocol import (
    Answer,
    Hello,
    ProtocolError,
    check_answer,
    documents_message,
    hello,
)

__all__ = ["Asked", "Limits", "Outcome", "Predictor"]

_FAULTS_IN_A_ROW = 3


class Asked(NamedTuple):
    """A document to be predicted; `gold` for backends that ask for it."""

    id: str
    text: str
    digest: bytes = b""
    gold: Mapping[str, Any] | None = None


class Outcome(NamedTuple):
    """What became of a document: an answer, or the reason why there is none."""

    answer: Answer | None
    error: str | None = None
    final: bool = False
    """The backend says that it would give the same error again."""


def _words(value: Any) -> str:
    """What a worker says to a person: one line that can be shown and written."""
    return printable(str(value or "no reason given"))[:1000]


class Predictor:
    """A worker that is started when first needed and replaced when it breaks down."""

    def __init__(
        self,
        launch: Launch,
        load: bytes,
        *,
        task: Task,
        batch_size: int = 1,
        limits: Limits | None = None,
        on_start: Callable[[Hello], None] = lambda hello: None,
        on_end: Callable[[int | None], None] = lambda peak: None,
        stop: threading.Event | None = None,
    ) -> None:
        """`on_start` is told the hello of every worker that loads, `on_end` its peak memory.

        Once `stop` is set no worker is started any more, and the rest comes back as errors.
        """
        self._launch = launch
        self._load = load
        self._task: Task = task
        self._batch = batch_size
        self._limits = limits or Limits()
        self._on_start = on_start
        self._on_end = on_end
        self._stop = stop
        self._worker: Worker | None = None
        self._hello = Hello()
        self._faults = 0
        self._given_up: str | None = None
        self._began: float | None = None
        self.log = Log()
        """Stderr of the worker that broke down last."""

    def __enter__(self) -> Predictor:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.kill()

    def start(self) -> Hello:
        """Have a loaded worker. Raises `BackendUnavailable` or `BackendFailed`."""
        if self._worker is not None:
            return self._hello
        if self._began is None:
            self._began = monotonic()
        began = monotonic()
        try:
            worker = Worker(
                self._launch.command,
                env=self._launch.variables,
                max_memory=self._limits.memory_bytes,
            )
        except Fault as fault:
            raise BackendFailed(fault.message) from None
        try:
            if self._stopped():
                raise BackendFailed("the run was stopped")
            worker.send(self._load)
            message = worker.receive(self._within(self._limits.load_seconds), "loading")
            found = self._read_hello(message)
        except BaseException as error:
            worker.kill()
            self.log = worker.log
            if isinstance(error, Fault):
                raise BackendFailed(error.message) from None
            raise
        if found.load_seconds is None:
            # A foreign worker that does not say: then its start counts as well.
            found = replace(found, load_seconds=monotonic() - began)
        self._worker, self._hello = worker, found
        try:
            self._on_start(found)
        except BaseException:
            self._worker = None
            worker.kill()
            raise
        return found

    def peak_memory(self) -> int | None:
        """Peak memory of the running worker so far."""
        return self._worker.peak_memory() if self._worker else None

    def ask(self, documents: Sequence[Asked]) -> Iterator[Outcome]:
        """One outcome per document, in order. Never raises for what a worker does."""
        pending = deque(documents)
        singly = 0
        while pending:
            if not self._ready():
                reason = self._given_up or ""
                while pending:
                    pending.popleft()
                    yield Outcome(None, f"not tried: {reason}")
                return
            # One batch at a time: the harness is idle while the worker is on the clock, and a kill
            # costs no more than the batch that was under way.
            size = 1 if singly else self._batch
            group = [pending[i] for i in range(min(size, len(pending)))]
            singly = max(0, singly - 1)
            before = len(pending)
            try:
                for outcome in self._ask_group(group):
                    pending.popleft()
                    yield outcome
            except Fault as fault:
                self._break_down()
                if len(group) > 1:
                    # Any of the batch may be to blame: those without an answer go one by one.
                    singly = len(group) - (before - len(pending))
                    continue
                pending.popleft()
                yield Outcome(None, self._count(fault))

    def kill(self) -> None:
        """End the worker at once."""
        self._break_down()

    def close(self) -> None:
        """Let the worker end."""
        if self._worker is not None:
            worker, self._worker = self._worker, None
            self.log = worker.log
            self._on_end(worker.close().peak_memory_bytes)

    def _ask_group(self, group: Sequence[Asked]) -> Iterator[Outcome]:
        worker = self._worker
        assert worker is not None
        worker.send(documents_message((item.id, item.text, item.gold) for item in group))
        allowed = self._limits.document_seconds * len(group)
        before = monotonic()
        for item in group:
            message = worker.receive(self._within(allowed), f"working on document {item.id!r}")
            now = monotonic()
            yield self._outcome(message, item, now - before)
            before = monotonic()
            self._faults = 0

    def _outcome(self, message: Mapping[str, Any], item: Asked, seconds: float) -> Outcome:
        kind = message["type"]
        if kind not in ("annotations", "error"):
            raise Fault("protocol", f"the worker sent a message of type {kind!r}, not an answer")
        if message.get("id") != item.id:
            detail = f": {_words(message.get('error'))}" if kind == "error" else ""
            raise Fault(
                "protocol",
                f"the worker answered for {message.get('id')!r} when {item.id!r} was due{detail}",
            )
        if kind == "error":
            return Outcome(None, _words(message.get("error")), message.get("final") is True)
        try:
            offsets = Offsets(item.text, self._hello.offsets)
            answer = check_answer(message, item.text, self._task, offsets)
        except ProtocolError as error:
            return Outcome(None, str(error))
        return Outcome(answer if answer.seconds is not None else answer._replace(seconds=seconds))

    def _read_hello(self, message: Mapping[str, Any]) -> Hello:
        kind = message["type"]
        if kind == "unavailable":
            install = message.get("install")
            raise BackendUnavailable(
                _words(message.get("reason")), install=_words(install) if install else None
            )
        if kind == "error":
            raise BackendFailed(_words(message.get("error")))
        if kind != "hello":
            raise BackendFailed(f"the worker sent {kind!r} where its hello was due")
        try:
            return hello(message)
        except ProtocolError as error:
            raise BackendFailed(f"the worker {error}") from None

    def _ready(self) -> bool:
        """Whether there is a worker to ask; otherwise `_given_up` says why there is none."""
        if self._stopped():
            self._given_up = "the run was stopped"
        if self._given_up is not None:
            return False
        if self._within(1.0) <= 0:
            self._given_up = self._time_is_up()
            self.close()
            return False
        try:
            self.start()
        except (BackendUnavailable, BackendFailed) as error:
            self._given_up = f"the backend did not start again: {error}"
            return False
        return True

    def _stopped(self) -> bool:
        return self._stop is not None and self._stop.is_set()

    def _within(self, seconds: float) -> float:
        """`seconds`, or what is left of the total when that is less."""
        total = self._limits.total_seconds
        if total is None or self._began is None:
            return seconds
        return min(seconds, max(0.0, self._began + total - monotonic()))

    def _break_down(self) -> None:
        if self._worker is not None:
            worker, self._worker = self._worker, None
            self.log = worker.log
            self._on_end(worker.kill().peak_memory_bytes)

    def _count(self, fault: Fault) -> str:
        """Count a breakdown that one document is to blame for; returns the document's error."""
        if fault.kind == "timeout" and self._within(1.0) <= 0:
            return f"no answer before {self._time_is_up()}"
        self._faults += 1
        if self._faults >= _FAULTS_IN_A_ROW:
            self._given_up = f"{self._faults} breakdowns in a row, the last one: {fault.message}"
        return fault.message

    def _time_is_up(self) -> str:
        return f"the {self._limits.total_seconds:g} s for the whole backend were used up"
