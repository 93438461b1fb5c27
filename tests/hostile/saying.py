"""What a backend that is bad on purpose says and does, in pieces; standard library only."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

BAD = ("a", "plain")
"""The first document of the gold set, and of the contract test."""

Must = Literal["fails", "unavailable", "partial", "drops", "holds", "named"]
"""What comes of it: no document is answered; it is not on this machine; the bad document alone has
no answer; it has one, without what does not fit; nothing is wrong; or any of these."""


Text = str | bytes | Callable[[], str]
"""What is said; large ones are made when they are."""


class Mode(NamedTuple):
    """One thing done wrong. Every function gives bytes to be written, or does what it does."""

    must: Must
    words: str
    """What the row's reason, or the first failure or drop says."""
    hello: Callable[[], bytes | None] = lambda: said(sound_hello())
    answer: Callable[[Mapping[str, Any]], bytes | None] = lambda document: said(sound(document))
    start: Callable[[], None] = lambda: None
    later: Callable[[Mapping[str, Any]], bytes | None] = lambda document: said(sound(document))
    """What the documents get that are not `BAD`."""
    options: tuple[str, ...] = ()
    """Of the run."""
    slow: bool = False
    contract: bool = True
    """Whether the contract test is asked, too."""
    again: Must | None = None
    """What comes of it when what was answered is stored, where that is something else."""


# What a sound backend says

MODEL = {"name": "hostile", "version": "1", "digest": "d"}


def sound_hello(**change: Any) -> dict[str, Any]:
    return {"type": "hello", "protocol": 1, "labels": ["PERSON"], "model": MODEL} | change


def sound(document: Mapping[str, Any], **change: Any) -> dict[str, Any]:
    entities = [
        {"start": match.start(), "end": match.end(), "label": "PERSON"}
        for match in re.finditer("[A-Z][a-z]+", document["text"])
    ]
    return {
        "type": "annotations",
        "id": document["id"],
        "entities": entities,
        "seconds": 0.001,
    } | change


def said(message: Any) -> bytes:
    return json.dumps(message).encode() + b"\n"


# What is said as it stands, and not as JSON has it

_RAW = re.compile(r'"<raw (\d+)>"')
_raws: list[Text] = []


def raw(text: Text) -> str:
    """Stands in a message for bytes that `json` would not write."""
    _raws.append(text)
    return f"<raw {len(_raws) - 1}>"


def as_bytes(text: Text) -> bytes:
    text = text() if callable(text) else text
    return text.encode() if isinstance(text, str) else text


def with_raw(message: Any) -> bytes:
    parts = _RAW.split(json.dumps(message))
    whole = [
        part.encode() if i % 2 == 0 else as_bytes(_raws[int(part)]) for i, part in enumerate(parts)
    ]
    return b"".join(whole) + b"\n"


def hello_with(text: Text, *place: str) -> Callable[[], bytes]:
    """A hello with these bytes at a place: `("seconds", "load")`."""

    def hello() -> bytes:
        message: dict[str, Any] = sound_hello()
        inside = message
        for key in place[:-1]:
            inside[key] = dict(inside.get(key, {}))
            inside = inside[key]
        inside[place[-1]] = raw(text)
        return with_raw(message)

    return hello


def answer_with(text: Text, key: str) -> Callable[[Mapping[str, Any]], bytes]:
    return lambda document: with_raw(sound(document, **{key: raw(text)}))


def entity_with(text: Text, key: str) -> Callable[[Mapping[str, Any]], bytes]:
    """An answer with one more entity, which has these bytes for the value of `key`."""

    def answer(document: Mapping[str, Any]) -> bytes:
        message = sound(document)
        entity = {"start": 0, "end": 1, "label": "PERSON", key: raw(text)}
        message["entities"].append(entity)
        return with_raw(message)

    return answer


def instead(text: Text) -> Callable[..., bytes]:
    """These bytes and a line break, whatever is due."""
    return lambda *_: as_bytes(text) + b"\n"


def error_with(text: Text) -> Callable[[Mapping[str, Any]], bytes]:
    """An error that is said to be final."""
    return lambda document: with_raw(
        {"type": "error", "id": document["id"], "error": raw(text), "final": True}
    )


def quoted(text: str) -> str:
    return json.dumps(text)


# What a process does wrong


def ends(status: int) -> Callable[..., None]:
    return lambda *_: os._exit(status)


def dies(number: int) -> Callable[..., None]:
    return lambda *_: os.kill(os.getpid(), number)


def sleeps(*_: Any) -> None:
    time.sleep(600)


def closes(*numbers: int) -> Callable[..., None]:
    def close(*_: Any) -> None:
        for number in numbers:
            os.close(number)
        time.sleep(600)

    return close


def then(line: bytes | Callable[..., bytes], act: Callable[..., None]) -> Callable[..., None]:
    """Write, then do something."""

    def both(*about: Any) -> None:
        write(line if isinstance(line, bytes) else line(*about))
        act()

    return both


def forks(*_: Any) -> None:
    """A child keeps the pipes open."""
    if os.fork() == 0:
        time.sleep(600)
    os._exit(0)


def endless(number: int) -> Callable[..., None]:
    def shout(*_: Any) -> None:
        while True:
            os.write(number, b"x" * (1 << 16))

    return shout


def eats(*_: Any) -> None:
    kept = []
    while True:
        kept.append(b"x" * (1 << 20))
        time.sleep(0.001)


def deaf(*_: Any) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)


def in_turn(first: bytes, second: bytes) -> Callable[[], bytes]:
    """Another hello every second time; the mark lies where it is started."""

    def hello() -> bytes:
        mark = Path(f"started-{sys.argv[1]}")
        if mark.exists():
            mark.unlink()
            return second
        mark.write_text("")
        return first

    return hello


def write(data: bytes | None) -> None:
    view = memoryview(data or b"")
    while view:
        view = view[os.write(1, view) :]


def bit_by_bit(document: Mapping[str, Any]) -> None:
    for byte in said(sound(document)):
        write(bytes([byte]))


# The modes

MANY = "1" + "0" * 400
ENDLESS = "9" * 5000
NOT_JSON = "printed"
SOON = ("--timeout", "0.5")
LOADS_SOON = ("--load-timeout", "1")
MODES: dict[str, Mode] = {}


def add(name: str, must: Must, words: str, **what: Any) -> None:
    assert name not in MODES, name
    MODES[name] = Mode(must, words, **what)
