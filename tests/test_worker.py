"""The Python worker as a program: what it says on stdout, and what it never says there."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import Any

import pytest

from harness.run import parenthood
from harness.run.protocol import documents_message, load_message

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("planted")]


def talk(
    backend: str, *documents: tuple[str, str], batch_size: int = 1, **load: Any
) -> tuple[list[dict[str, Any]], str, int]:
    """Everything that a worker says to a load and one message of documents."""
    said = load_message(backend, task="ner", batch_size=batch_size, **load)
    said += documents_message((id_, text, None) for id_, text in documents)
    done = subprocess.run(
        [sys.executable, "-m", "harness.run.worker", "--backend", backend],
        input=said,
        capture_output=True,
        check=False,
        timeout=60,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return lines, done.stderr.decode(), done.returncode


def test_a_conversation() -> None:
    (hello, answer), _, status = talk("planted/ok", ("a", "Anna 😀 in Bonn"))
    assert status == 0
    assert hello["type"] == "hello"
    assert (hello["protocol"], hello["offsets"], hello["labels"]) == (1, "codepoint", ["ENT"])
    assert hello["model"]["name"] == "ok"
    assert hello["seconds"]["load"] >= 0
    assert answer.pop("seconds") >= 0
    assert answer == {
        "type": "annotations",
        "id": "a",
        "entities": [
            {"start": 0, "end": 4, "label": "ENT"},
            {"start": 10, "end": 14, "label": "ENT"},
        ],
    }


def test_what_libraries_print_goes_to_stderr() -> None:
    lines, stderr, _ = talk("planted/prints", ("a", "Anna"))
    assert [line["type"] for line in lines] == ["hello", "annotations"]
    assert "Loading model... done" in stderr
    assert "garbage from C code" in stderr


@pytest.mark.parametrize("batch_size", [1, 2, 3, 9])
def test_every_document_is_answered_in_order(batch_size: int) -> None:
    documents = [("a", "Anna"), ("b", "FAULT"), ("c", "Carl"), ("d", ""), ("e", "Emil")]
    lines, _, _ = talk("planted/raises", *documents, batch_size=batch_size)
    assert [(line["type"], line.get("id")) for line in lines[1:]] == [
        ("annotations", "a"),
        ("error", "b"),
        ("annotations", "c"),
        ("annotations", "d"),
        ("annotations", "e"),
    ]
    assert lines[2]["error"] == "ValueError: this text is beyond me in two lines"


def test_a_refusal_is_final() -> None:
    lines, _, _ = talk("planted/refuses", ("b", "FAULT"))
    expected = {"type": "error", "id": "b", "error": "an odd number of marks", "final": True}
    assert lines[1] == expected


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        (
            "planted/load-unavailable",
            {
                "type": "unavailable",
                "reason": "no such library",
                "install": "pip install such-a-library",
            },
        ),
        (
            "planted/load-raises",
            {
                "type": "error",
                "error": "cannot be loaded: RuntimeError: the weights are corrupt",
            },
        ),
        ("nonsense", {"type": "error"}),
    ],
)
def test_what_cannot_be_loaded(backend: str, expected: dict[str, Any]) -> None:
    (line,), _, status = talk(backend)
    assert status == 1
    assert line.items() >= expected.items()


def test_odd_values_go_out_for_the_parent_to_see() -> None:
    lines, _, _ = talk("planted/outside", ("a", "FAULT here"))
    assert lines[1]["entities"][5] == {"start": "0", "end": 2.5, "label": "ENT"}


def test_it_ends_when_stdin_does_and_says_nothing_when_nobody_listens() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "harness.run.worker", "--backend", "empty"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (b"", b"")
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            # With -X dev every Python prints what 3.13 prints anyway: a file that cannot be closed.
            [sys.executable, "-X", "dev", "-m", "harness.run.worker", "--backend", "empty"],
            input=load_message("empty", task="ner"),
            stdout=write,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(write)
    assert b"Traceback" not in done.stderr


def test_a_worker_of_a_parent_that_is_gone_ends_at_once() -> None:
    ours, others = socket.socketpair()
    with ours, others:
        ours.shutdown(socket.SHUT_WR)
        program = (sys.executable, "-I", "-S", parenthood.__file__, str(others.fileno()))
        done = subprocess.run(
            [*program, "sleep", "60"], pass_fds=[others.fileno()], check=True, timeout=20
        )
        assert ours.recv(100).split()[1] == b"-9"
    assert done.returncode == 0


def test_characters_seen_are_passed_on() -> None:
    """A backend may say how much of a text it looked at."""
    from harness.adapter import ModelIdentity
    from harness.annotation import Annotations
    from harness.run.worker import _Served

    class Short:
        labels = None
        identity = ModelIdentity("short")

        def predict(self, texts: list[str]) -> list[str]:
            return [text[:5] for text in texts]

        def annotations(self, text: str, raw: str) -> Annotations:
            return Annotations(entities=())

        def characters_seen(self, text: str, raw: str) -> int:
            return len(raw)

    class Adapter:
        from harness.adapter import Declaration

        declaration = Declaration("short", ("ner",), "")

    sent: list[Any] = []
    channel = type("Channel", (), {"send": lambda self, message: sent.append(message)})()
    _Served(Adapter(), Short(), channel, 1).answer([{"id": "a", "text": "0123456789"}])  # type: ignore[arg-type]
    assert sent[0]["characters"] == 5
