"""One backend in a process of its own: `python -m harness.run.worker --backend NAME`.

Speaks the protocol of docs/protocol.md on what was its stdin and stdout; a library that prints or
reads gets stderr and /dev/null instead. Only `predict` is on the clock: conversion to annotations
and writing are not. Ends when its stdin does.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter
from typing import IO, Any

from harness.adapter import AnyAdapter, Backend, LoadRequest
from harness.annotation import Annotations
from harness.coding import encode
from harness.digest import load_memo, save_memo
from harness.distributions import versions
from harness.errors import BackendUnavailable, DocumentRefused
from harness.formats.jsonl import annotations_from_json, annotations_to_json
from harness.paths import DIGESTS, cache_folder
from harness.registry import BackendSpec, adapter
from harness.run import protocol

__all__ = ["WARM_UP", "main"]

WARM_UP = "Jane Roe of Example Corp. said on Monday: “The bridge in Riga will open in May.”\n"
"""Predicted once before the clock starts; counted nowhere."""

Json = Mapping[str, Any]


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until stdin ends. Returns 0, or 1 when the backend could not be loaded."""
    parser = argparse.ArgumentParser(prog="python -m harness.run.worker", description=__doc__)
    parser.add_argument("--backend", required=True, help="spacy/en_core_web_sm, ...")
    parser.add_argument("--describe", action="store_true", help="say what it is, load nothing")
    parser.add_argument("--prove", action="store_true", help="with digests of what may decide")
    args = parser.parse_args(argv)
    stdin, stdout = _take_channel()
    channel = _Channel(stdout)
    try:
        if args.describe:
            from harness.run.key import describe_here

            # The libraries of another environment are hashed once, and not for every run.
            memo = cache_folder() / DIGESTS
            load_memo(memo)
            description = describe_here(BackendSpec.parse(args.backend), prove=args.prove)
            save_memo(memo)
            channel.send({"type": "description", **encode(description)})
            return 0
        served = None
        for line in stdin:
            message = protocol.parse_message(line, json.loads)
            if message["type"] == "load":
                served = _load(args.backend, message, channel)
                if served is None:
                    return 1
            elif served is not None:
                served.answer(message.get("documents", ()))
    except BrokenPipeError:
        return 0  # The parent is gone; there is nobody left to tell.
    return 0


_encode = json.JSONEncoder(separators=(",", ":"), default=repr).encode


class _Channel:
    """The real stdout, unbuffered. A value that JSON does not know goes out as its `repr`: the
    parent, which checks every field, then reports it instead of the worker dying of it."""

    def __init__(self, handle: IO[bytes]) -> None:
        self._handle = handle

    def send(self, message: Json) -> None:
        rest = memoryview(_encode(message).encode("ascii") + b"\n")
        while rest:
            rest = rest[self._handle.write(rest) :]


def _take_channel() -> tuple[IO[bytes], IO[bytes]]:
    # Descriptors 0 and 1 are replaced, not only sys.stdin and sys.stdout: C code prints too.
    stdin = os.fdopen(os.dup(0), "rb")
    # Nothing may stay in a buffer when the parent is gone: writing it again while the interpreter
    # ends fails again, and Python 3.13 prints that.
    stdout = os.fdopen(os.dup(1), "wb", buffering=0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    sys.stdout.flush()
    os.dup2(2, 1)
    return stdin, stdout


def _load(name: str, message: Json, channel: _Channel) -> _Served | None:
    spec = BackendSpec.parse(name)
    task = message["task"]
    start = perf_counter()
    try:
        wrapper = adapter(spec.adapter)
        backend = _backend(
            wrapper.load(
                LoadRequest(
                    model=spec.model,
                    task=task,
                    labels=tuple(message.get("labels", ())),
                    options=dict(message.get("options", {})),
                    offline=bool(message.get("offline")),
                )
            )
        )
    except BackendUnavailable as error:
        channel.send({"type": "unavailable", "reason": error.reason, "install": error.install})
        return None
    except (Exception, SystemExit) as error:
        channel.send({"type": "error", "error": f"cannot be loaded: {_say(error)}"})
        return None
    loaded = perf_counter()
    served = _Served(wrapper, backend, channel, int(message.get("batch_size", 1)))
    warmup = served.warm_up()
    channel.send(
        {
            "type": "hello",
            "protocol": protocol.PROTOCOL,
            "offsets": "codepoint",
            "labels": None if backend.labels is None else list(backend.labels),
            "packages": versions(wrapper.declaration.requires),
            "model": encode(backend.identity),
            "seconds": {"load": loaded - start, "warmup": warmup},
        }
    )
    return served


def _backend(loaded: object) -> Backend:
    if not isinstance(loaded, Backend):
        raise TypeError(
            f"load() gave {type(loaded).__name__}, which is no backend: let it inherit "
            "harness.adapter.Backend"
        )
    return loaded


class _Served:
    """A loaded backend that answers documents."""

    def __init__(
        self, wrapper: AnyAdapter, backend: Backend, channel: _Channel, batch: int
    ) -> None:
        self._backend = backend
        self._channel = channel
        self._batch = max(1, batch)
        self._gold = wrapper.declaration.needs_gold

    def warm_up(self) -> float:
        start = perf_counter()
        # A backend that is broken will say so on the first document.
        with contextlib.suppress(Exception, SystemExit):
            self._predict([{"text": WARM_UP}])
        return perf_counter() - start

    def answer(self, documents: Sequence[Json]) -> None:
        for first in range(0, len(documents), self._batch):
            self._answer_batch(documents[first : first + self._batch])

    def _answer_batch(self, batch: Sequence[Json]) -> None:
        start = perf_counter()
        try:
            raws = self._predict(batch)
            seconds = perf_counter() - start
            if len(raws) != len(batch):
                raise ValueError(
                    f"predict() gave {len(raws)} results for {len(batch)} texts: expected one each"
                )
        except (Exception, SystemExit) as error:
            if len(batch) == 1:
                self._fail(batch[0], error)
            else:  # One bad document must not take the others of its batch with it.
                for document in batch:
                    self._answer_batch([document])
            return
        # A library gives a batch back at once; its time is shared out by length.
        whole = sum(len(document["text"]) + 1 for document in batch)
        for document, raw in zip(batch, raws, strict=True):
            self._convert(document, raw, seconds * (len(document["text"]) + 1) / whole)

    def _predict(self, batch: Sequence[Json]) -> list[Any]:
        texts = [document["text"] for document in batch]
        if not self._gold:
            return list(self._backend.predict(texts))
        gold = [annotations_from_json(item.get("gold", {}), item["text"]) for item in batch]
        return list(self._backend.predict_gold(texts, gold))

    def _convert(self, document: Json, raw: Any, seconds: float) -> None:
        text = document["text"]
        answer: dict[str, Any] = {"type": "annotations", "id": document["id"], "seconds": seconds}
        try:
            if isinstance(raw, Iterator):
                raise TypeError(
                    "predict() gave a lazy result, whose work would be done off the clock: "
                    "make it a list"
                )
            annotations = self._backend.annotations(text, raw)
            if not isinstance(annotations, Annotations):
                raise TypeError(
                    f"annotations() gave {type(annotations).__name__}, expected Annotations"
                )
            answer |= annotations_to_json(annotations)
            seen = self._backend.characters_seen(text, raw)
            if seen is not None:
                answer["characters"] = seen
        except (Exception, SystemExit) as error:
            self._fail(document, error)
            return
        self._channel.send(answer)

    def _fail(self, document: Json, error: BaseException) -> None:
        answer = {"type": "error", "id": document["id"], "error": _say(error)}
        if isinstance(error, DocumentRefused):
            answer = {**answer, "error": str(error), "final": True}
        self._channel.send(answer)


def _say(error: BaseException) -> str:
    text = " ".join(str(error).split())
    name = type(error).__name__
    return f"{name}: {text[:500]}" if text else name


if __name__ == "__main__":
    sys.exit(main())
