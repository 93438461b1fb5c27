"""Gets answers out of a worker that may do anything: hang, crash, lie, run out of memory.

Every document asked for comes back exactly once and in order, with an answer or with an error. A
fault costs the document that it hit, and a restart; the documents after it go to the new worker.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from math import inf
from time import monotonic
from typing import Any, NamedTuple

from harness.annotation import TaskName, printable
from harness.coding import short
from harness.errors import BackendFailed, BackendUnavailable
from harness.formats.offsets import Offsets
from harness.run.answers import check_answer, hello, plain_answer
from harness.run.launch import Launch
from harness.run.options import Limits
from harness.run.process import Exit, Fault, Log, Worker
from harness.run.protocol import Answer, Hello, ProtocolError, documents_message, parse_message

__all__ = ["Query", "Reply", "Predictor"]

_FAULTS_IN_A_ROW = 3


class Query(NamedTuple):
    """A document to be predicted; `gold` for backends that ask for it."""

    id: str
    text: str
    digest: bytes = b""
    gold: Mapping[str, Any] | None = None


class Reply(NamedTuple):
    """What became of a document: an answer, or the reason why there is none."""

    answer: Answer | None
    error: str | None = None
    final: bool = False
    """The backend says that it would give the same error again."""


def _words(value: Any) -> str:
    """What a worker says to a person: one line that can be shown and written."""
    said = value or "no reason given"
    return printable((said if isinstance(said, str) else short(said))[:1000])


def _timed(answer: Answer, seconds: float) -> Reply:
    return Reply(answer if answer.seconds is not None else answer._replace(seconds=seconds))


class _Group:
    """A batch; `left` are those that have no reply."""

    __slots__ = ("left", "size")

    def __init__(self, documents: Sequence[Query]) -> None:
        self.left = deque(documents)
        self.size = len(documents)


class Predictor:
    """A worker that is started when first needed and replaced when it breaks down."""

    def __init__(
        self,
        launch: Launch,
        load: bytes,
        *,
        task: TaskName,
        batch_size: int = 1,
        ahead: int = 0,
        limits: Limits | None = None,
        on_load: Callable[[], None] = lambda: None,
        on_start: Callable[[Hello], None] = lambda hello: None,
        on_end: Callable[[int | None], None] = lambda peak: None,
        stop: threading.Event | None = None,
    ) -> None:
        """With `ahead` the worker has up to so many documents to work on, and need not wait for
        this process; without, it is sent a batch once the one before is answered.

        `on_load` is called before a worker loads, `on_start` is told its hello, `on_end` its
        peak memory.

        Once `stop` is set no worker is started any more, and the rest comes back as errors.
        """
        self._launch = launch
        self._load = load
        self._task: TaskName = task
        self._batch = batch_size
        self._ahead = ahead
        self._groups: deque[_Group] = deque()
        """What has no reply yet."""
        self._sent = 0
        """How many of these groups the worker was sent."""
        self._under_way = 0
        """How many documents of theirs have no reply."""
        self._limits = limits or Limits()
        self._on_load = on_load
        self._on_start = on_start
        self._on_end = on_end
        self._stop = stop or threading.Event()
        self._worker: Worker | None = None
        self._hello = Hello()
        self._loaded = False
        self._began = inf
        self._faults = 0
        self._given_up = ""
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
        """Have the first worker loaded. Raises `BackendUnavailable` or `BackendFailed`.

        Those that replace it are started by `ask`.
        """
        if not self._loaded:
            self._start_worker()
        return self._hello

    def peak_memory(self) -> int | None:
        """Peak memory of the running worker so far."""
        return self._worker.peak_memory() if self._worker else None

    def ask(self, documents: Sequence[Query], *, seconds: float | None = None) -> Iterator[Reply]:
        """One reply per document, in order. Never raises for what a worker does.

        `seconds` for a document, in place of those of the limits.
        """
        self.add(documents)
        try:
            for _ in documents:
                yield self.reply(seconds=seconds)
        finally:
            self._groups.clear()
            self._sent = self._under_way = 0

    def add(self, documents: Sequence[Query]) -> None:
        """Have documents asked about, behind those that there are; no batch has some of both."""
        for first in range(0, len(documents), self._batch):
            self._groups.append(_Group(documents[first : first + self._batch]))

    def reply(self, *, seconds: float | None = None) -> Reply:
        """What became of the first document that was added and has no reply yet; as `ask`."""
        each = self._limits.document_seconds if seconds is None else seconds
        while True:
            group = self._groups[0]
            if not self._sent and self._ready() is None:
                self._answered()
                return Reply(None, f"not tried: {self._given_up}")
            worker = self._worker
            assert worker is not None
            try:
                self._send(worker)
                reply = self._receive(worker, group.left[0], each * group.size)
            except Fault as fault:
                self.kill()
                self._sent = self._under_way = 0  # Whatever was sent behind it is sent again.
                if group.size > 1:
                    # Any of the batch may be to blame: those without an answer go one by one.
                    self._groups.popleft()
                    self._groups.extendleft(_Group([one]) for one in reversed(group.left))
                    continue
                self._answered()
                return Reply(None, self._count(fault))
            self._answered()
            return reply

    def _answered(self) -> None:
        """The first document has a reply."""
        left = self._groups[0].left
        left.popleft()
        self._under_way -= 1 if self._sent else 0
        if not left:
            self._groups.popleft()
            self._sent -= 1 if self._sent else 0

    def kill(self) -> None:
        """End the worker at once."""
        self._end(Worker.kill)

    def close(self) -> None:
        """Let the worker end."""
        self._end(Worker.close)

    def _end(self, how: Callable[[Worker], Exit]) -> None:
        if self._worker is not None:
            worker, self._worker = self._worker, None
            self.log = worker.log
            self._on_end(how(worker).peak_memory_bytes)

    def _start_worker(self) -> Worker:
        self._on_load()
        before = monotonic()
        self._began = min(self._began, before)
        try:
            worker = Worker(
                self._launch.command,
                env=self._launch.variables,
                max_memory=self._limits.memory_bytes,
            )
        except Fault as fault:
            raise BackendFailed(fault.message) from None
        try:
            if self._stop.is_set():
                raise BackendFailed("the run was stopped")
            worker.send(self._load)
            message = worker.receive(self._within(self._limits.load_seconds), "loading")
            stated = self._read_hello(message)
            if stated.load_seconds is None:
                # A foreign worker that does not say: then its start counts as well.
                stated = replace(stated, load_seconds=monotonic() - before)
            self._on_start(stated)
        except BaseException as error:
            worker.kill()
            self.log = worker.log
            if isinstance(error, Fault):
                raise BackendFailed(error.message) from None
            raise
        self._worker, self._hello, self._loaded = worker, stated, True
        return worker

    def _send(self, worker: Worker) -> None:
        """Send what is due: one batch at a time, for the harness is idle while the worker is on the
        clock; with `ahead`, more as soon as half of that has been answered."""
        if self._sent and 2 * self._under_way > self._ahead:
            return
        asking, messages = not self._sent, []
        for group in islice(self._groups, self._sent, None):
            if self._sent and self._under_way + group.size > self._ahead:
                break
            asked = documents_message((item.id, item.text, item.gold) for item in group.left)
            messages.append(asked)
            self._sent += 1
            self._under_way += group.size
        if messages:
            worker.send(b"".join(messages), asking=asking)

    def _receive(self, worker: Worker, item: Query, allowed: float) -> Reply:
        unit = self._hello.offsets

        def parse(line: bytes) -> Answer | Mapping[str, Any]:
            plain = plain_answer(line, item.id, item.text, self._task, unit)
            return plain or parse_message(line)

        before = monotonic()
        doing = f"working on document {short(item.id)}"
        said = worker.receive(self._within(allowed), doing, parse)
        reply = self._reply(said, item, monotonic() - before)
        self._faults = 0
        return reply

    def _reply(self, said: Answer | Mapping[str, Any], item: Query, seconds: float) -> Reply:
        if isinstance(said, Answer):
            return _timed(said, seconds)
        message = said
        kind = message["type"]
        if kind not in ("annotations", "error"):
            raise Fault(
                "protocol", f"the worker sent a message of type {short(kind)}, not an answer"
            )
        if message.get("id") != item.id:
            detail = f": {_words(message.get('error'))}" if kind == "error" else ""
            raise Fault(
                "protocol",
                f"the worker answered for {short(message.get('id'))} when {short(item.id)} was due"
                f"{detail}",
            )
        if kind == "error":
            return Reply(None, _words(message.get("error")), message.get("final") is True)
        try:
            offsets = Offsets(item.text, self._hello.offsets)
            answer = check_answer(message, item.text, self._task, offsets)
        except ProtocolError as error:
            return Reply(None, str(error))
        return _timed(answer, seconds)

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
            raise BackendFailed(f"the worker sent {short(kind)} where its hello was due")
        try:
            return hello(message)
        except ProtocolError as error:
            raise BackendFailed(f"the worker {error}") from None

    def _ready(self) -> Worker | None:
        """The worker to ask; where there is none any more `_given_up` says why."""
        if self._stop.is_set():
            self._given_up = "the run was stopped"
        if self._given_up:
            return None
        if self._within(1.0) <= 0:
            self._given_up = self._time_is_up()
            self.close()
            return None
        try:
            return self._worker or self._start_worker()
        except (BackendUnavailable, BackendFailed) as error:
            self._given_up = f"the backend did not start again: {error}"
            return None

    def _within(self, seconds: float) -> float:
        """`seconds`, or what is left of the total when that is less."""
        total = self._limits.total_seconds
        return (
            seconds if total is None else min(seconds, max(0.0, self._began + total - monotonic()))
        )

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
