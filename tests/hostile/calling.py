"""The command line in this process, with backends that are bad on purpose."""

from __future__ import annotations

import io
import json
import shlex
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from support import gold_entities

from harness.cli.main import main

TEXTS = {"a": "Anna 😀 met Bert." + " and so on" * 10, "b": "Carla is in Bonn."}


class Said(NamedTuple):
    status: int
    out: str
    err: str


def backend(name: str) -> str:
    program = Path(__file__).with_name("backend.py")
    return "process:" + shlex.join([sys.executable, "-S", "-E", str(program), name])


def call(*arguments: str) -> Said:
    """A command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main(arguments)
    return Said(status, out.getvalue(), err.getvalue())


def run_command(names: Sequence[str], *options: str, beside: str = "gazetteer") -> list[str]:
    """A run of these modes beside a neighbour, which may be none."""
    files = ("--gold", "g.jsonl", "--task", "ner", "--out", "out", "--cache-dir", "cache")
    neighbour = (beside,) if beside else ()
    return ["run", *neighbour, *map(backend, names), *files, "--timeout", "30", *options]


def write_gold(folder: Path) -> None:
    lines = [
        json.dumps({"id": id_, "text": text, "entities": gold_entities(text, "PERSON")})
        for id_, text in TEXTS.items()
    ]
    (folder / "g.jsonl").write_text("\n".join(lines), "utf-8")
