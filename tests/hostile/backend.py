"""A backend that keeps the protocol but for one thing: `backend.py MODE`; standard library only.

`MODES` says for every mode what it does wrong and what has to come of it. What it does wrong with
a document it does with those of `BAD` alone; all others get a sound answer.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
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
SOON = ("--timeout", "1")
LOADS_SOON = ("--load-timeout", "1")
MODES: dict[str, Mode] = {}


def add(name: str, must: Must, words: str, **what: Any) -> None:
    assert name not in MODES, name
    MODES[name] = Mode(must, words, **what)


def add_numbers() -> None:
    """Values that are no number of seconds, no score, no offset, no count."""
    spelled = {
        "401-digits": MANY,
        "1e308": "1e308",
        "minus": "-1",
        "NaN": "NaN",
        "Infinity": "Infinity",
        "minus-Infinity": "-Infinity",
        "1e400": "1e400",
        "1E999": "1E999",
        "minus-1e400": "-1e400",
        "string": '"1"',
        "true": "true",
        "list": "[1]",
        "object": '{"seconds": 1}',
    }
    for name, text in spelled.items():
        slow = "minus-" in name or name in ("object", "1E999")  # Much like others.
        answer = answer_with(text, "seconds")
        add(f"seconds-{name}", "drops", "seconds: found", answer=answer, slow=slow)
        if name != "1e308":  # A score may be that large.
            answer = entity_with(text, "score")
            add(f"score-{name}", "drops", "score is", answer=answer, slow=slow)
        add(f"end-{name}", "drops", "end", answer=entity_with(text, "end"), slow=slow)
        hello = hello_with(text, "seconds", "load")
        add(f"load-{name}", "fails", "seconds.load: found", hello=hello, slow=slow)
    for name, text in {"nan": "nan", "hex": "0x10", "plus": "+1", "inf": "inf"}.items():
        add(f"seconds-{name}", "partial", NOT_JSON, answer=answer_with(text, "seconds"))
    for place in ("seconds", "characters"):
        answer = answer_with(ENDLESS, place)
        add(f"{place}-5000-digits", "partial", NOT_JSON, answer=answer)
    for place in ("start", "score"):
        add(f"{place}-5000-digits", "partial", NOT_JSON, answer=entity_with(ENDLESS, place))
    add("load-5000-digits", "fails", NOT_JSON, hello=hello_with(ENDLESS, "seconds", "load"))
    add("seconds-5e-324", "holds", "", answer=answer_with("5e-324", "seconds"))
    add(
        "all-seconds-5e-324",
        "holds",
        "",
        answer=answer_with("5e-324", "seconds"),
        later=answer_with("5e-324", "seconds"),
    )
    add("seconds-zero", "holds", "", answer=answer_with("0", "seconds"))
    add("seconds-minus-zero", "holds", "", answer=answer_with("-0.0", "seconds"))
    add("seconds-null", "holds", "", answer=answer_with("null", "seconds"))
    add("seconds-two-days", "drops", "seconds: found", answer=answer_with("172800", "seconds"))
    add("load-5e-324", "holds", "", hello=hello_with("5e-324", "seconds", "load"))
    add("warmup-1e308", "fails", "warmup: found", hello=hello_with("1e308", "seconds", "warmup"))
    add("score-1e308", "holds", "", answer=entity_with("1e308", "score"))
    add("score-60-digits", "holds", "", answer=entity_with("9" * 60, "score"))
    add("score-5e-324", "holds", "", answer=entity_with("5e-324", "score"))
    for name, text in {"minus": "-1", "half": "1.5", "huge": "1e300", "string": '"5"'}.items():
        answer = answer_with(text, "characters")
        add(f"characters-{name}", "drops", "characters: found", answer=answer)
    for name, number in {"beyond": 1 << 20, "2^53": 1 << 53, "2^64": 1 << 64}.items():
        answer = answer_with(str(number), "characters")
        add(f"characters-{name}", "drops", "characters: found", answer=answer)
    unstated = {"hello": lambda: said(sound_hello(labels=None))}
    for name, text in {"60-digits": "9" * 60, "1e308": "1e308", "int": "1"}.items():
        answer = entity_with(text, "score")
        add(f"score-{name}-labels-unstated", "holds", "", answer=answer, **unstated)
    for name, text in {
        "minus": "-1",
        "2^64": str(1 << 64),
        "401-digits": MANY,
        "NaN": "NaN",
    }.items():
        hello = hello_with(text, "model", "size_bytes")
        add(f"size-{name}", "fails", "size_bytes: found", hello=hello)


def add_offsets() -> None:
    spans = {
        "minus": ("-1", "3"),
        "swapped": ("3", "1"),
        "empty": ("2", "2"),
        "beyond": ("0", "99999"),
        "2^53": ("0", str((1 << 53) + 1)),
        "2^64": ("0", str(1 << 64)),
        "float": ("0.0", "3.0"),
        "string": ('"0"', '"3"'),
        "true": ("true", "3"),
        "null": ("null", "null"),
    }
    for name, (start, end) in spans.items():

        def answer(document: Any, start: str = start, end: str = end) -> bytes:
            entity = {"start": raw(start), "end": raw(end), "label": "PERSON"}
            return with_raw(sound(document, entities=[entity]))

        add(f"offsets-{name}", "drops", "entities[0]: ", answer=answer)

    def encoded(name: str, size: int) -> Callable[..., bytes]:
        return lambda document: said(
            sound(
                document,
                entities=[
                    {"start": 0, "label": "X", "end": len(document["text"].encode(name)) // size}
                ],
            )
        )

    add("offsets-bytes", "drops", "outside the text", answer=encoded("utf-8", 1))
    add("offsets-utf16", "drops", "outside the text", answer=encoded("utf-16-le", 2))
    middle = [{"start": 6, "end": 8, "label": "PERSON"}]
    for unit in ("utf16", "byte"):
        add(
            f"offsets-in-a-character-{unit}",
            "drops",
            "in the middle of a character",
            hello=lambda unit=unit: said(sound_hello(offsets=unit)),
            answer=lambda document: said(sound(document, entities=middle)),
        )


def add_items() -> None:
    """Answers whose parts are of odd kinds."""
    for name, text in {
        "null": "null",
        "object": "{}",
        "string": '"Anna"',
        "number": "7",
        "true": "true",
    }.items():
        words = 'has no list "entities"'
        add(f"entities-{name}", "partial", words, answer=answer_with(text, "entities"))
        items = answer_with(f"[{text}]", "entities")
        add(f"entity-{name}", "drops", "entities[0]: found", answer=items)
    add("entity-list", "drops", "entities[0]: found", answer=answer_with("[[0, 4]]", "entities"))
    for name, text in {"empty": '""', "number": "1", "list": '["PERSON"]', "null": "null"}.items():
        add(f"label-{name}", "drops", "label is", answer=entity_with(text, "label"))
    add("text-another", "drops", '"text" is', answer=entity_with('"Zoe"', "text"))
    add("text-number", "drops", '"text" is', answer=entity_with("1", "text"))
    add(
        "another-layer",
        "partial",
        'has no list "entities"',
        answer=lambda document: said(
            {"type": "annotations", "id": document["id"], "attributions": []}
        ),
    )
    add("both-layers", "holds", "", answer=answer_with("[]", "attributions"))
    add(
        "twice-in-one-object",
        "holds",
        "",
        answer=lambda document: said(sound(document)).replace(
            b'"entities": [', b'"entities": 7, "entities": ['
        ),
    )

    def every(size: int, **change: Any) -> Callable[..., bytes]:
        entity = {"start": 0, "end": 4, "label": "PERSON"} | change
        return lambda document: said(sound(document, entities=[entity] * size))

    def labelled(size: int) -> Callable[..., bytes]:
        entities = [{"start": 0, "end": 4, "label": f"L{i}"} for i in range(size)]
        return lambda document: said(sound(document, entities=entities))

    def overlapping(size: int) -> Callable[..., bytes]:
        def answer(document: Any) -> bytes:
            length = len(document["text"])
            spans = [(i, j) for i in range(length) for j in range(i + 1, length + 1)]
            entities = [{"start": i, "end": j, "label": "PERSON"} for i, j in spans[:size]]
            return said(sound(document, entities=entities))

        return answer

    unstated = {"hello": lambda: said(sound_hello(labels=None))}
    for size, slow in ((300, False), (5_000, True)):
        many: dict[str, Any] = {"slow": slow, "contract": False}
        add(f"{size}-labels", "holds", "", answer=labelled(size), **many)
        add(f"{size}-labels-unstated", "holds", "", answer=labelled(size), **many, **unstated)
        add(f"{size}-overlapping", "holds", "", answer=overlapping(size), **many)
    for size, slow in ((2_000, False), (100_000, True)):
        must: Must = "partial" if slow else "drops"
        add(f"{size}-entities", "holds", "", answer=every(size), slow=slow, contract=False)
        add(f"{size}-bad-entities", must, "", answer=every(size, end=0), slow=slow)


def add_depths() -> None:
    """How deep a parser of JSON goes depends on what has called it: near its limit it is either."""
    for depth in (500, 980, 990, 1_000, 5_000, 100_000):
        deep, name = "[" * depth + "]" * depth, f"{depth}-deep"
        part: Must = "drops" if depth < 900 else "named" if depth < 1_000 else "partial"
        whole: Must = "holds" if depth < 900 else "named" if depth < 1_000 else "fails"
        add(f"unknown-key-{name}", whole, "", hello=hello_with(deep, "later"))
        objects = '{"a":' * depth + "1" + "}" * depth
        add(f"notes-{name}", "fails", "", hello=hello_with(objects, "model", "notes", "deep"))
        add(f"labels-{name}", "fails", "", hello=hello_with(deep, "labels"))
        add(f"protocol-{name}", "fails", "", hello=hello_with(deep, "protocol"))
        line = f'{{"type":"error","error":{deep}}}'
        add(f"load-error-{name}", "fails", "", hello=instead(line))
        add(f"id-{name}", "partial", "", answer=answer_with(deep, "id"))
        add(f"error-{name}", "partial", "", answer=error_with(deep))
        add(f"entities-{name}", part, "", answer=answer_with(deep, "entities"))
        add(f"start-{name}", part, "", answer=entity_with(deep, "start"))
        add(f"label-{name}", part, "", answer=entity_with(deep, "label"))
        add(f"seconds-{name}", part, "", answer=answer_with(deep, "seconds"))


def add_sizes() -> None:
    for million in (1, 50):
        size = f"{million}-MB"

        def long(million: int = million) -> str:
            return "x" * (million * 1_000_000)

        def text(before: str = "", after: str = "", long: Callable[[], str] = long) -> Text:
            return lambda: f'{before}"{long()}"{after}'

        def add_(name: str, must: Must, words: str, size: str = size, **what: Any) -> None:
            large = size != "1-MB"
            add(f"{name}-of-{size}", must, words, slow=large, contract=not large, **what)

        add_("label", "drops", "label is", answer=entity_with(text(), "label"))
        add_(
            "label-unstated",
            "drops",
            "label is",
            answer=entity_with(text(), "label"),
            hello=lambda: said(sound_hello(labels=None)),
        )
        add_("text", "drops", '"text" is', answer=entity_with(text(), "text"))
        add_("start", "drops", "start is", answer=entity_with(text(), "start"))
        add_("score", "drops", "score is", answer=entity_with(text(), "score"))
        add_(
            "entity", "drops", "entities[0]: found", answer=answer_with(text("[", "]"), "entities")
        )
        add_("id", "partial", "answered for", answer=answer_with(text(), "id"))
        add_("type", "partial", "of type", answer=answer_with(text(), "type"))
        add_("unknown-key", "holds", "", answer=answer_with(text(), "later"))
        add_("seconds", "drops", "seconds: found", answer=answer_with(text(), "seconds"))
        for kind in ("name", "version", "digest", "licence"):
            add_(
                f"model-{kind}", "fails", f"model.{kind}: ", hello=hello_with(text(), "model", kind)
            )
        add_("offsets", "fails", "offsets: found", hello=hello_with(text(), "offsets"))
        add_("protocol", "fails", "speaks protocol", hello=hello_with(text(), "protocol"))
        add_("note", "fails", "notes", hello=hello_with(text(), "model", "notes", "n"))
        named = text("{", ':"x"}')
        add_("name-of-note", "fails", "notes", hello=hello_with(named, "model", "notes"))
        add_("package", "fails", "packages", hello=hello_with(text(), "packages", "p"))
        add_("name-of-package", "fails", "packages", hello=hello_with(named, "packages"))
        add_("declared-label", "fails", "labels", hello=hello_with(text("[", "]"), "labels"))
        add_("hello-type", "fails", "where its hello was due", hello=hello_with(text(), "type"))
        add_("banner", "fails", NOT_JSON, hello=instead(long))
        add_("error", "partial", "xxx", answer=error_with(text()))
        add_("load-error", "fails", "xxx", hello=instead(text('{"type":"error","error":', "}")))
        line = text('{"type": "unavailable", "reason": ', ', "install": "x y"}')
        add_("reason", "unavailable", "xxx", hello=instead(line))
        line = text('{"type": "unavailable", "reason": "no", "install": ', "}")
        add_("install", "unavailable", "no", hello=instead(line))
    add(
        "20000-declared-labels",
        "fails",
        "labels: found",
        hello=lambda: said(sound_hello(labels=[f"label {i}" for i in range(20_000)])),
    )
    add(
        "10000-notes",
        "fails",
        "notes",
        hello=lambda: said(sound_hello(model=MODEL | {"notes": numbered(10_000)})),
    )
    add(
        "10000-packages",
        "fails",
        "packages",
        hello=lambda: said(sound_hello(packages=numbered(10_000))),
    )
    too_long = "a line of more than 64 MiB"
    bomb = answer_with(lambda: "[" + "{}," * 20_000_000 + "{}]", "later")
    add("objects-of-60-MB", "partial", "of more than 10,000,000 parts", answer=bomb, slow=True)
    add("line-of-100-MB", "partial", too_long, answer=instead(lambda: "x" * 100_000_000), slow=True)
    add("no-line-break-ever", "partial", too_long, answer=endless(1), slow=True)
    add("no-line-break-in-hello", "fails", too_long, hello=endless(1), slow=True)


def numbered(size: int) -> dict[str, str]:
    return {f"number {i}": "x" for i in range(size)}


def add_texts() -> None:
    """Characters that a terminal, a table, a file or a decoder may stumble over."""
    texts = {
        "nul": "a\0b",
        "escape": "a\x1b[31m\x1b]0;title\x07b",
        "line-separator": "a\u2028b\u2029c\x85d\x0be\x0cf",
        "line-break": "a\n::error::b\r\nc",
        "byte-order-mark": "\ufeffa",
        "right-to-left": "a\u202eb\u2066c",
        "markup": "<img src=x>|`a`[b](c)\\",
        "formula": "=HYPERLINK(1)",
        "unassigned": "a\U000e0001\U0010ffffb",
    }
    for name, text in texts.items():
        label = quoted(text)
        add(f"label-{name}", "holds", "", answer=entity_with(label, "label"))
        unstated = {"hello": lambda: said(sound_hello(labels=None))}
        answer = entity_with(label, "label")
        add(f"label-{name}-unstated", "holds", "", answer=answer, **unstated)
        add(f"model-{name}", "holds", "", hello=hello_with(label, "model", "name"))
        add(f"error-{name}", "partial", "", answer=error_with(label))
        add(f"id-{name}", "partial", "answered for", answer=answer_with(label, "id"))
    half = quoted("a\ud800b")
    add("label-half", "drops", "holds half a character", answer=entity_with(half, "label"))
    add("model-half", "fails", "whole characters", hello=hello_with(half, "model", "name"))
    add("labels-half", "fails", "whole characters", hello=hello_with(f"[{half}]", "labels"))
    add(
        "package-half",
        "fails",
        "packages: found",
        hello=hello_with("{" + half + ':"1"}', "packages"),
    )
    add("id-half", "partial", "answered for", answer=answer_with(half, "id"))
    add("type-half", "partial", "of type", answer=answer_with(half, "type"))
    for name, data in {
        "surrogate-bytes": b'"a\xed\xa0\x80b"',
        "overlong": b'"a\xc0\xafb"',
        "latin-1": b'"a\xe9b"',
        "cut-off": b'"a\xf0\x9f\x98"',
        "beyond-unicode": b'"a\xf5\x80\x80\x80b"',
        "control": b'"a\x01b"',
        "bad-escape": rb'"a\x41\ud8zz"',
    }.items():
        add(f"label-{name}", "partial", NOT_JSON, answer=entity_with(data, "label"))
        add(f"model-{name}", "fails", NOT_JSON, hello=hello_with(data, "model", "name"))
    for name in ("utf-16", "utf-16-le", "utf-32-be", "utf-8-sig"):
        text = json.dumps(sound_hello(model={"name": "é+"}), ensure_ascii=False)
        add(f"hello-in-{name}", "fails", NOT_JSON, hello=instead(text.encode(name)))


def add_hellos() -> None:
    for name, text in {
        "true": "true",
        "string": '"1"',
        "2": "2",
        "null": "null",
        "list": "[]",
        "object": "{}",
        "1.5": "1.5",
        "NaN": "NaN",
        "401-digits": MANY,
    }.items():
        add(f"protocol-{name}", "fails", "speaks protocol", hello=hello_with(text, "protocol"))
    for name, text in {"1.0": "1.0", "1e0": "1e0"}.items():
        add(f"protocol-{name}", "holds", "", hello=hello_with(text, "protocol"))
    add("protocol-missing", "fails", "speaks protocol None", hello=lambda: said({"type": "hello"}))
    odd = {
        "offsets": ("1", "[]", "true", '"Codepoint"'),
        "labels": ('"PER"', "{}", "[1]", "[[]]", "7", "true"),
        "packages": ("[]", '"x"', '{"a": 1}', '{"a": []}', "1"),
        "model": ("[]", '"x"', '{"name": 1}', '{"notes": []}', '{"notes": {"a": 1}}', "1"),
        "seconds": ("[]", '"1"', "1", '{"load": "1"}', '{"load": true}', '{"warmup": []}'),
    }
    for key, texts in odd.items():
        for number, text in enumerate(texts):
            hello = hello_with(text, key)
            add(f"hello-{key}-{number}", "fails", key, hello=hello, slow=number > 3)
        add(f"hello-{key}-null", "holds", "", hello=hello_with("null", key))
    add("hello-list", "fails", "expected an object with a type", hello=instead("[]"))
    add("hello-number", "fails", "expected an object with a type", hello=instead("1"))
    add("hello-string", "fails", "expected an object with a type", hello=instead('"hello"'))
    add("hello-null", "fails", "expected an object with a type", hello=instead("null"))
    add("hello-empty", "fails", NOT_JSON, hello=instead(""))
    add("hello-cut", "fails", NOT_JSON, hello=instead('{"type": "hello", "protocol": 1'))
    add(
        "hello-and-more", "fails", NOT_JSON, hello=lambda: said(sound_hello())[:-1] + b" and more\n"
    )
    add(
        "hello-of-no-type",
        "fails",
        "expected an object with a type",
        hello=instead('{"protocol": 1}'),
    )
    add(
        "hello-of-odd-type",
        "fails",
        "expected an object with a type",
        hello=hello_with("[1]", "type"),
    )
    add(
        "hello-named-otherwise",
        "fails",
        "'Hello' where its hello",
        hello=hello_with('"Hello"', "type"),
    )
    add("unknown-keys", "holds", "", hello=hello_with('{"a": [1, 2]}', "later"))
    add("says-another-name", "holds", "", hello=hello_with('"gazetteer"', "backend"))
    add("says-another-model", "holds", "", hello=hello_with('"gazetteer"', "model", "name"))
    odd_error = {"type": "error", "error": {"a": [None, 1.5]}}
    add("load-error-object", "fails", "{'a': [None, 1.5]}", hello=lambda: said(odd_error))
    add("load-error-none", "fails", "no reason given", hello=instead('{"type": "error"}'))
    for name, text in {
        "object": '{"a": 1}',
        "number": MANY,
        "list": "[[]]",
        "null": "null",
    }.items():
        line = f'{{"type": "unavailable", "reason": {text}, "install": {text}}}'
        add(f"unavailable-{name}", "unavailable", "", hello=instead(line))


def add_conversations() -> None:
    hello = said(sound_hello())
    add("two-hellos", "fails", "before it was asked", hello=lambda: hello * 2)
    add(
        "hello-after-an-answer",
        "partial",
        "of type 'hello', not an answer",
        answer=lambda document: hello + said(sound(document)),
    )
    early = {"type": "annotations", "id": "b", "entities": []}
    add("answers-unasked", "fails", "before it was asked", hello=lambda: hello + said(early))
    add("unknown-id", "partial", "answered for 'zzz'", answer=answer_with('"zzz"', "id"))
    for name, text in {"null": "null", "number": "1", "list": '["a"]', "object": "{}"}.items():
        add(f"id-{name}", "partial", "answered for", answer=answer_with(text, "id"))
    add(
        "answers-twice",
        "partial",
        "before it was asked",
        answer=lambda document: said(sound(document)) * 2,
        again="holds",
    )
    add("never-answers-in-time", "partial", "no answer within", answer=sleeps, options=SOON)
    answers = "sent a message of type"
    add("type-load", "partial", answers, answer=answer_with('"load"', "type"))
    add("type-null", "partial", "an object with a type", answer=answer_with("null", "type"))
    add("answer-list", "partial", "an object with a type", answer=instead("[]"))
    add("answer-number", "partial", "an object with a type", answer=instead("1"))
    add("empty-line", "partial", NOT_JSON, answer=lambda document: b"\n" + said(sound(document)))
    add(
        "prints",
        "partial",
        NOT_JSON,
        answer=lambda document: b"Loading...\n" + said(sound(document)),
    )
    add(
        "prints-errors",
        "partial",
        NOT_JSON,
        answer=lambda document: b"::error::no\n" + said(sound(document)),
    )
    add("crlf", "holds", "", answer=lambda document: said(sound(document))[:-1] + b"\r\n")
    add("spaces", "holds", "", answer=lambda document: b" \t" + said(sound(document)))
    add("bit-by-bit", "holds", "", answer=bit_by_bit)
    add(
        "two-in-a-line",
        "partial",
        NOT_JSON,
        answer=lambda document: said(sound(document))[:-1] * 2 + b"\n",
    )
    add(
        "python-s-own",
        "partial",
        NOT_JSON,
        answer=lambda document: repr(sound(document)).encode() + b"\n",
    )
    add(
        "a-comma-more",
        "partial",
        NOT_JSON,
        answer=lambda document: said(sound(document)).replace(b"}\n", b",}\n"),
    )
    for name, text in {
        "object": '{"a": 1}',
        "number": MANY,
        "true": "true",
        "list": "[[]]",
        "null": "null",
        "empty": '""',
    }.items():
        add(f"error-{name}", "partial", "", answer=error_with(text))
    add(
        "error-for-all",
        "fails",
        "no document was answered",
        answer=instead('{"type": "error"}'),
        later=instead('{"type": "error"}'),
    )


def add_processes() -> None:
    half = b'{"type": "hello", "prot'
    for name, ending in {"0": ends(0), "3": ends(3), "KILL": dies(9)}.items():
        add(f"ends-with-{name}", "fails", "while loading", start=ending)
        add(f"ends-with-{name}-at-hello", "fails", "while loading", hello=ending)
        add(f"ends-with-{name}-half-way", "fails", "while loading", hello=then(half, ending))
        add(f"ends-with-{name}-at-a-document", "partial", "while working", answer=ending)
        whole = lambda document: said(sound(document))  # noqa: E731
        cut = lambda document: said(sound(document))[:20]  # noqa: E731
        add(f"ends-with-{name}-in-an-answer", "partial", "while working", answer=then(cut, ending))
        add(
            f"ends-with-{name}-after-an-answer",
            "holds",
            "",
            later=then(whole, ending),
            contract=False,
        )
    unended = lambda document: said(sound(document))[:-1]  # noqa: E731
    add(
        "no-line-break-at-the-end", "partial", "exited with status 0", answer=then(unended, ends(0))
    )
    add("closes-stdin", "fails", "while loading", start=closes(0), options=LOADS_SOON)
    add("closes-stdout", "fails", "closed its stdin or stdout", start=closes(1))
    add("closes-all", "fails", "while loading", start=closes(0, 1, 2))
    add("closes-stderr", "holds", "", start=lambda: os.close(2))
    add("closes-stdout-at-a-document", "partial", "closed its stdin or stdout", answer=closes(1))
    add(
        "sleeps-at-first",
        "fails",
        "while loading",
        start=sleeps,
        options=LOADS_SOON,
        contract=False,
    )
    add(
        "sleeps-in-hello",
        "fails",
        "while loading",
        hello=then(half, sleeps),
        options=LOADS_SOON,
        contract=False,
    )
    add(
        "sleeps-in-an-answer", "partial", "no answer within", answer=then(cut, sleeps), options=SOON
    )
    add("ignores-signals", "partial", "no answer within", start=deaf, answer=sleeps, options=SOON)
    add("forks-at-first", "fails", "while loading", start=forks, options=LOADS_SOON, contract=False)
    add("forks-at-a-document", "partial", "while working", answer=forks, options=SOON)
    add("endless-stderr", "partial", "no answer within", answer=endless(2), options=SOON)
    add(
        "endless-stderr-at-first",
        "fails",
        "while loading",
        start=endless(2),
        options=LOADS_SOON,
        contract=False,
    )
    add(
        "eats",
        "partial",
        "more than the 57 MiB",
        answer=eats,
        options=("--max-memory", "60M"),
        contract=False,
    )
    for name, again in {
        "another-digest": said(sound_hello(model=MODEL | {"digest": "e"})),
        "another-unit": said(sound_hello(offsets="byte")),
        "other-labels": said(sound_hello(labels=["X"])),
        "other-packages": said(sound_hello(packages={"x": "2"})),
        "unavailable": said({"type": "unavailable"}),
        "nonsense": b"nonsense\n",
    }.items():
        hello = in_turn(said(sound_hello()), again)
        add(
            f"{name}-again",
            "fails",
            "exited with status 1",
            hello=hello,
            answer=ends(1),
            contract=False,
        )


for _add in (
    add_numbers,
    add_offsets,
    add_items,
    add_depths,
    add_sizes,
    add_texts,
    add_hellos,
    add_conversations,
    add_processes,
):
    _add()


# Modes that spoil what lies in the folder where they are started: the store and the record


def spoils(act: Callable[[], None]) -> Mode:
    def answer(document: Mapping[str, Any]) -> bytes:
        act()
        return said(sound(document))

    return Mode("named", "", answer=answer)


STORE = Path("cache", "predictions.sqlite")


def over(data: bytes, place: Callable[[], Path] = lambda: STORE) -> Callable[[], None]:
    return lambda: (place().write_bytes(data), None)[1]


def in_the_middle() -> None:
    data = bytearray(STORE.read_bytes())
    data[100:] = b"\xff" * (len(data) - 100)
    STORE.write_bytes(data)


def as_folder(path: Path) -> Callable[[], None]:
    def make() -> None:
        shutil.rmtree(path, ignore_errors=True)
        path.unlink(missing_ok=True)
        path.mkdir(parents=True)

    return make


def the_predictions() -> Path:
    folder = Path("out", "predictions", "g", "ner")
    folder.mkdir(parents=True, exist_ok=True)
    return next(folder.glob("*"), folder / "x")


def gone(path: str) -> Callable[[], None]:
    return lambda: shutil.rmtree(path, ignore_errors=True)


SPOILING = {
    "store-overwritten": spoils(over(b"no database")),
    "store-emptied": spoils(over(b"")),
    "store-damaged": spoils(in_the_middle),
    "store-a-folder": spoils(as_folder(STORE)),
    "store-gone": spoils(gone("cache")),
    "record-gone": spoils(gone("out")),
    "record-a-folder": spoils(as_folder(Path("out", "run.json"))),
    "record-folder-a-file": spoils(lambda: (gone("out")(), over(b"", lambda: Path("out"))())[1]),
    "predictions-overwritten": spoils(over(b"\xff{", the_predictions)),
    "gold-overwritten": spoils(over(b"\xff{", lambda: Path("g.jsonl"))),
    "gold-gone": spoils(lambda: Path("g.jsonl").unlink(missing_ok=True)),
}


def main() -> None:
    mode = (MODES | SPOILING)[sys.argv[1]]
    mode.start()
    for line in sys.stdin.buffer:
        message = json.loads(line)
        if message["type"] == "load":
            write(mode.hello())
            continue
        for document in message["documents"]:
            write((mode.answer if document["id"] in BAD else mode.later)(document))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
