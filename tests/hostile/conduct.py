"""How no backend may behave: hellos, conversations, processes."""

from __future__ import annotations

import os

from hostile.saying import (
    LOADS_SOON,
    MANY,
    MODEL,
    NOT_JSON,
    SOON,
    add,
    answer_with,
    bit_by_bit,
    closes,
    deaf,
    dies,
    eats,
    endless,
    ends,
    error_with,
    forks,
    hello_with,
    in_turn,
    instead,
    said,
    sleeps,
    sound,
    sound_hello,
    then,
)


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


FAMILIES = (
    add_hellos,
    add_conversations,
    add_processes,
)
