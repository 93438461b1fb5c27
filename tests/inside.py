"""Workers inside this process, and backends for them: hundreds of runs in the time that one takes.

What a worker says goes through JSON as ever; what is left out is the process. So a run that is cut
into 64 shards is as quick as one that is not.
"""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from harness import registry
from harness.adapter import Adapter, Backend, Declaration, LoadRequest, ModelIdentity
from harness.annotation import Annotations, Entity
from harness.errors import BackendUnavailable
from harness.run.process import Exit, Fault, Log
from harness.run.protocol import parse_message
from harness.run.worker import _load

_NAME = re.compile(r"[A-Z]\w+(?: [A-Z]\w+)?")
_STRANGE = Entity(3, 2, "PER"), Entity(0, 10**6, "PER"), Entity(0, 2, "")

BROKEN: dict[str, str] = {}
"""Models that cannot be loaded now, with `gone` or what is wrong with them."""
_ASKED: Counter[str] = Counter()


class Inside:
    """In the place of `harness.run.process.Worker`."""

    def __init__(
        self, command: Sequence[str], *, env: Mapping[str, str], max_memory: int | None = None
    ) -> None:
        self.log = Log()
        self._name = command[command.index("--backend") + 1]
        self._said: deque[bytes] = deque()
        self._served: Any = None

    def send(self, message: bytes | Mapping[str, Any], *, asking: bool = False) -> None:
        """A message to the worker, or, as its channel, one from it."""
        if isinstance(message, Mapping):
            self._said.append(json.dumps(message).encode("ascii") + b"\n")
            return
        for said in map(json.loads, message.splitlines()):
            if said["type"] == "load":
                self._served = _load(self._name, said, self)  # type: ignore[arg-type]
            else:
                self._served.answer(said["documents"])

    def receive(
        self, timeout: float, doing: str, parse: Callable[[bytes], Any] = parse_message
    ) -> Any:
        if not self._said:
            raise Fault("died", f"it said nothing while {doing}")
        return parse(self._said.popleft())

    def peak_memory(self) -> int:
        return 1 << 20

    def kill(self) -> Exit:
        return Exit(0, self.peak_memory())

    close = kill


class _Names(Backend):
    """Names with labels that the text decides; the model says what is wrong with it."""

    def __init__(self, model: str, labels: tuple[str, ...] | None) -> None:
        self.identity = ModelIdentity(model, digest=model, licence="none")
        self.labels = labels
        self._model = model

    def predict(self, texts: Sequence[str]) -> Iterable[Any]:
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> list[Entity]:
        if "FAULT" in text and self._model != "fearless":
            raise ValueError(f"no answer to {text[:9]}")
        asked = 0
        if self._model == "changing":  # Others may be asked at the same time.
            asked = _ASKED[text] = _ASKED[text] + 1
        found = []
        for match in _NAME.finditer(text):
            seed = sum(map(ord, text[max(0, match.start() - 9) : match.end()]))
            if seed % 5 != asked % 5:
                one = Entity(*match.span(), self._label(match[0], seed, text))
                found += [one] * (1 + (seed % 11 == 0))
        if self._model == "odd" and found:
            found += _STRANGE * (len(text) % 4)
        return found

    def _label(self, name: str, seed: int, text: str) -> str:
        if self._model == "strange":
            return f"L{seed % 40}"
        if self._model == "spelled":
            return name  # The label is the text's own.
        if self._model == "ontonotes":
            return ("PERSON", "ORG", "GPE", "LOC", "DATE")[seed % 5]
        return ("PER", "ORG", "LOC", "LOC", "MISC")[seed % 5]

    def annotations(self, text: str, raw: Any) -> Annotations:
        return Annotations(tuple(raw))

    def characters_seen(self, text: str, raw: Any) -> int | None:
        return min(len(text), 100) if self._model == "hasty" else None


class _Adapter(Adapter):
    def identity(self, model: str) -> ModelIdentity:
        return ModelIdentity(model, digest=model, licence="none")

    def unavailable(self, model: str) -> str | None:
        return "it is not on this machine" if BROKEN.get(model) == "gone" else None

    def load(self, request: LoadRequest) -> Backend:
        if problem := BROKEN.get(request.model):
            raise ValueError(problem)
        if request.model == "missing":
            raise BackendUnavailable("no such library", install="pip install such-a-library")
        return self.open(request, self.identity(request.model))

    def open(self, request: LoadRequest, identity: ModelIdentity) -> Backend:
        labels: tuple[str, ...] | None = ("LOC", "MISC", "ORG", "PER")
        if request.model == "ontonotes":
            labels = ("DATE", "GPE", "LOC", "ORG", "PERSON")
        if self.declaration.name == "silent":
            labels = None
        return _Names(request.model, labels)


class _Telling(_Adapter):
    """States its labels once it is loaded."""

    declaration = Declaration("telling", ("ner",), "names", code_licence="MIT")


class _Silent(_Adapter):
    """Never states any: those that occur decide."""

    declaration = Declaration("silent", ("ner",), "names", code_licence="MIT")


TELLING, SILENT = _Telling(), _Silent()


@contextmanager
def planted_inside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Workers run in this process, and `telling` and `silent` are registered."""
    points = dict(registry._entry_points())
    for name in ("telling", "silent"):
        points[name] = EntryPoint(name, f"inside:{name.upper()}", registry.ADAPTER_GROUP)
    monkeypatch.setattr(registry, "_entry_points", lambda: points)
    monkeypatch.setattr("harness.run.predictor.Worker", Inside)
    # Two processes a run, and the answer may change under a test: somebody may commit meanwhile.
    monkeypatch.setattr("harness.results.provenance.git_state", lambda: None)
    monkeypatch.setattr("harness.results.provenance.project_state", lambda folder: None)
    monkeypatch.setattr("os.fsync", lambda handle: None)  # A disk takes longer than all else.
    registry.adapter.cache_clear()
    yield
    registry.adapter.cache_clear()
    forget()


def forget() -> None:
    """Nothing is broken, and nothing was asked."""
    BROKEN.clear()
    _ASKED.clear()
