"""Backends with planted faults: `planted/<fault>`. Registered like anybody's adapter.

A good one marks every capitalised word. Faults strike on a document that holds the word FAULT, so
that a test can see whether the others get through. `NLTK_DATA`, which backends see and nothing here
needs, names a file to which every prediction is appended, so that a test can count them.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from harness.adapter import Backend, Declaration, LoadRequest, ModelIdentity
from harness.annotation import Annotations, Entity
from harness.digest import digest_files
from harness.errors import BackendUnavailable, DocumentRefused

_WORD = re.compile(r"[A-Z]\w*")


class Planted(Backend):
    labels = ("ENT",)

    def __init__(self, fault: str, identity: ModelIdentity) -> None:
        self.identity = identity
        self._fault, _, self._detail = fault.partition(":")
        self._calls = 0
        self._previous = ""

    def predict(self, texts: Sequence[str]) -> Iterable[Any]:
        if self._fault == "short" and any("FAULT" in text for text in texts):
            return []
        if self._fault == "split":
            return [words for text in texts for words in text.split(". ")]
        if self._fault == "batch" and len(texts) > 1:
            return [_WORD.findall(text)[:1] for text in texts]
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> Any:
        _log(text)
        self._calls += 1
        if self._fault == "slow":
            time.sleep(float(self._detail))
        if self._fault == "prints":
            print("Loading model... done")
            os.write(1, b"\x00garbage from C code\n")
        if "FAULT" in text:
            strike(self._fault, self._detail)
        if "said said" in text:
            strike_row(self._fault, text)
        if self._fault == "model-file":
            return [Path(self._detail).read_text("utf-8").strip()] * len(_WORD.findall(text))
        if self._fault == "cuts":
            return _WORD.findall(text[:5000])
        if self._fault == "no-empty" and not text.strip():
            raise IndexError("list index out of range")
        if self._fault == "random":
            return [f"E{time.perf_counter_ns()}"]
        if self._fault == "leaks":
            seen, self._previous = self._previous, text
            return _WORD.findall(text)[: 1 + len(seen) % 3]
        if self._fault == "strips":
            return _spans(text.strip())
        if self._fault == "normalises":
            return _spans(text.replace("\r\n", "\n"))
        if self._fault == "utf16":
            return _utf16(text)
        if self._fault == "no-capitals" and text.isupper():
            return []
        if self._fault == "lazy" and "FAULT" in text:
            return (word for word in _WORD.findall(text))
        return _WORD.findall(text)

    def annotations(self, text: str, raw: Any) -> Annotations:
        if self._fault == "outside" and "FAULT" in text:
            return Annotations(
                (
                    Entity(0, 4, "ENT"),
                    Entity(5, 5, "ENT"),
                    Entity(3, len(text) + 7, "ENT"),
                    Entity(-1, 3, "ENT"),
                    Entity(0, 2, ""),
                    Entity("0", 2.5, "ENT"),  # type: ignore[arg-type]
                )
            )
        if self._fault == "no-layer":
            return Annotations()
        if self._fault == "wrong-type":
            return raw
        if self._fault == "converts-badly" and "FAULT" in text:
            raise ValueError("cannot convert")
        if self._fault == "bad-label":
            word = re.search(r"\w+", text)
            return Annotations((Entity(*word.span(), "NEVER-DECLARED"),) if word else ())
        if self._fault in ("strips", "normalises", "utf16"):
            return Annotations(tuple(Entity(start, end, "ENT") for start, end in raw))
        if self._fault in ("random", "model-file"):
            spans = [match.span() for match in _WORD.finditer(text)]
            return Annotations(
                tuple(Entity(*span, label) for span, label in zip(spans, raw, strict=False))
            )
        limit = len(list(raw))
        spans = [match.span() for match in _WORD.finditer(text)][:limit]
        return Annotations(tuple(Entity(start, end, "ENT") for start, end in spans))


class PlantedAdapter:
    declaration = Declaration(
        name="planted",
        tasks=("ner",),
        summary="faults, planted",
        install="pip install planted",
        labels=("ENT",),
        code_licence="MIT",
        model_licence="none",
    )

    def unavailable(self, model: str) -> str | None:
        return "it was never there" if model == "missing" else None

    def identity(self, model: str) -> ModelIdentity | None:
        fault, _, detail = model.partition(":")
        if fault == "no-identity":
            return None
        files = [Path(__file__)]
        if fault == "model-file":
            files.append(Path(detail))
        if fault == "wrong-identity":
            return ModelIdentity(model, version=str(time.perf_counter_ns()))
        return ModelIdentity(model, digest=digest_files(files), licence="none")

    def load(self, request: LoadRequest) -> Planted:
        fault, _, detail = request.model.partition(":")
        if fault == "load-raises":
            raise RuntimeError("the weights are corrupt")
        if fault == "load-unavailable":
            raise BackendUnavailable("no such library", install="pip install such-a-library")
        if fault == "load-dies":
            print("about to die", file=sys.stderr, flush=True)
            os._exit(7)
        if fault == "load-hangs":
            time.sleep(600)
        if fault == "pid-file":
            Path(detail).write_text(str(os.getpid()), "ascii")
            time.sleep(600)
        if fault == "environ":
            Path(detail).write_text(repr(os.environ), "utf-8")
        identity = self.identity(request.model) or ModelIdentity(request.model)
        return Planted(request.model, identity)


def strike(fault: str, detail: str) -> None:
    """What happens to the document with FAULT in it."""
    if fault == "raises":
        raise ValueError("this text is beyond me\nin two lines")
    if fault == "refuses":
        raise DocumentRefused("an odd number of marks")
    if fault == "sys-exit":
        sys.exit("the library calls sys.exit")
    if fault == "exits":
        os._exit(3)
    if fault == "crashes":
        ctypes.string_at(0)
    if fault == "hangs":
        time.sleep(600)
    if fault == "forks":
        if os.fork() == 0:
            Path(detail).write_text(str(os.getpid()), "ascii")
            time.sleep(600)
        time.sleep(600)
    if fault == "eats":
        eaten = []
        for _ in range(600):
            eaten.append(b"x" * (10 << 20))
            time.sleep(0.01)
    if fault == "shouts":
        line = b"x" * 1023 + b"\n"
        for _ in range(100):
            os.write(2, line * 1024)


def strike_row(fault: str, text: str) -> None:
    """What happens to a document that repeats a verb, as hostile ones do."""
    if fault == "looks-back":
        time.sleep(len(text) ** 2 * 15e-12)
    if fault == "never-ends":
        time.sleep(600)
    if fault == "refuses-rows":
        raise DocumentRefused("no rows of verbs")


def _log(text: str) -> None:
    path = os.environ.get("NLTK_DATA")
    if path:
        with Path(path).open("a", encoding="utf-8") as handle:
            handle.write((text.splitlines() or ["(empty)"])[0] + "\n")


def _spans(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in _WORD.finditer(text)]


def _utf16(text: str) -> list[tuple[int, int]]:
    def units(offset: int) -> int:
        return len(text[:offset].encode("utf-16-le")) // 2

    return [(units(start), units(end)) for start, end in _spans(text)]


ADAPTER = PlantedAdapter()
