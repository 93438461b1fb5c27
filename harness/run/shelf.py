"""Where the answers of one backend are kept: on a row of the store, or nowhere.

Both kinds can be asked for answers, be given answers, and be told what worker processes cost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import lru_cache
from itertools import takewhile
from typing import Any, Literal

from harness.coding import decode, encode, load_json
from harness.run.answers import hello as checked_hello
from harness.run.database import Pruned
from harness.run.key import StoreKey
from harness.run.protocol import PROTOCOL, Hello, ProtocolError
from harness.run.rows import ProcessCosts
from harness.run.store import Store, Stored

__all__ = ["NoShelf", "Shelf"]


class Shelf:
    """The row of the store that a key names."""

    replays: Literal[True] = True
    """What it has stands for asking again."""

    def __init__(self, store: Store, key: StoreKey, machine: str) -> None:
        """`machine` is what times are filed under. Raises what the store raises."""
        self._store = store
        self._key = key
        self._machine = machine
        self._row = store.backend_id(key)
        self._said = ""
        self.processes: dict[int, ProcessCosts] = {}
        """Costs of the processes met so far, by number."""

    @property
    def hello(self) -> Hello | None:
        """What the worker said of itself when it last answered; `None` if it never did.

        It is checked like one that comes from a worker; also `None` if it does not pass.
        """
        return _stored_hello(self._store.hello(self._row))

    def get(self, documents: Sequence[bytes]) -> dict[bytes, Stored]:
        """The answers that it has, with the times that were measured on this machine.

        There are none without what the worker said of itself: its labels decide how they count.
        """
        answers = self._store.get(self._row, self._key.digest, documents)
        if answers and self.hello is None:
            self._store.damaged += len(answers)
            answers = {}
        numbers = {timing.process for stored in answers.values() for timing in stored.timings}
        self.processes.update(self._store.processes(numbers - self.processes.keys()))
        return {document: self._own_times(stored) for document, stored in answers.items()}

    def put(self, answers: Mapping[bytes, Stored]) -> None:
        """Keep answers, or refusals, by document; they are safe once this returns."""
        while True:
            try:
                with self._store.at_once() if len(answers) > 1 else nullcontext():
                    for document, stored in answers.items():
                        self._store.put(self._row, self._key.digest, document, stored)
                return
            except Pruned:  # Somebody pruned the store under a run.
                self._row = self._store.backend_id(self._key, hello=self._said)

    def begin(self, hello: Hello, costs: ProcessCosts) -> int:
        """A worker process has begun; returns its number, for the times of what it answers."""
        untimed = replace(hello, load_seconds=None, warmup_seconds=None)
        self._said = json.dumps(encode(untimed))
        while True:
            self._row = self._store.backend_id(self._key, hello=self._said)
            with suppress(Pruned):
                number = self._store.add_process(self._row, costs)
                break
        self.processes[number] = costs
        return number

    def note_peak(self, process: int, peak_memory_bytes: int | None) -> None:
        """A process has used so much memory so far."""
        costs = self.processes[process].with_peak(peak_memory_bytes)
        self.processes[process] = costs
        self._store.note_peak(process, costs.peak_memory_bytes)

    def _own_times(self, stored: Stored) -> Stored:
        """Times of another machine say nothing about this one, nor do the rounds after them."""
        own = tuple(takewhile(lambda timing: self._is_own(timing.process), stored.timings))
        return stored if own == stored.timings else stored._replace(timings=own)

    def _is_own(self, process: int) -> bool:
        return process in self.processes and self.processes[process].machine == self._machine


@lru_cache(maxsize=1)  # It is looked at again with every window.
def _stored_hello(text: str) -> Hello | None:
    try:
        value: Any = load_json(text) if text else None
        decode(Hello, value)  # Another version's has other keys.
        return checked_hello({**value, "protocol": PROTOCOL})
    except (ValueError, RecursionError, ProtocolError):
        return None


class NoShelf:
    """No store: nothing is read, nothing written. What rounds are compared by is remembered."""

    replays: Literal[False] = False

    def __init__(self, *, remember: bool) -> None:
        """With `remember`, for more rounds than one, answers stay in memory."""
        self._remember = remember
        self._answers: dict[bytes, Stored] = {}
        self.processes: dict[int, ProcessCosts] = {}

    def get(self, documents: Sequence[bytes]) -> dict[bytes, Stored]:
        """What was answered before, to compare with."""
        return {one: self._answers[one] for one in documents if one in self._answers}

    def put(self, answers: Mapping[bytes, Stored]) -> None:
        if self._remember:
            self._answers.update(answers)

    def begin(self, hello: Hello, costs: ProcessCosts) -> int:
        number = len(self.processes)
        self.processes[number] = costs
        return number

    def note_peak(self, process: int, peak_memory_bytes: int | None) -> None:
        self.processes[process] = self.processes[process].with_peak(peak_memory_bytes)
