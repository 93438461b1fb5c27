"""Values that no backend may say: numbers, offsets, items, depths, sizes, texts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hostile.saying import (
    ENDLESS,
    MANY,
    MODEL,
    NOT_JSON,
    Must,
    Text,
    add,
    answer_with,
    endless,
    entity_with,
    error_with,
    hello_with,
    instead,
    quoted,
    raw,
    said,
    sound,
    sound_hello,
    with_raw,
)


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


NEAR_THE_LIMIT = ("text", "id", "note", "error")
"""Places at which 50 MB stand, nearly what a message may have; at all others less does."""


def add_sizes() -> None:
    for million in (1, 12, 50):
        size = f"{million}-MB"

        def long(million: int = million) -> str:
            return "x" * (million * 1_000_000)

        def text(before: str = "", after: str = "", long: Callable[[], str] = long) -> Text:
            return lambda: f'{before}"{long()}"{after}'

        def add_(
            name: str, must: Must, words: str, million: int = million, size: str = size, **what: Any
        ) -> None:
            large = million > 1
            if large and (million == 50) != (name in NEAR_THE_LIMIT):
                return
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


FAMILIES = (
    add_numbers,
    add_offsets,
    add_items,
    add_depths,
    add_sizes,
    add_texts,
)
