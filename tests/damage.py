"""Valid files with one thing wrong in them: a value, a key, a few bytes; and how a command ends."""

from __future__ import annotations

import copy
import io
import json
import time
import warnings
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.cli.main import main

Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Spelt:
    """A value as it is spelt in the file, where no Python value is written so."""

    text: str


WRONG: dict[str, Any] = {
    "true": True,
    "-1": -1,
    "1e309": Spelt("1e309"),
    "5,000 digits": Spelt("9" * 5000),
    "no text": "",
    "x": "x",
    "[]": [],
    "{}": {},
    "null": None,
    "nested": Spelt("[" * 1000 + "]" * 1000),
    "NUL": "a\0b",
    "half a character": "\ud800",
    "a megabyte": "x" * 1_000_000,
    "up and away": "../../../x",
}
GONE = object()
"""In place of a value: its key is deleted."""


@dataclass(frozen=True)
class Ending:
    """How a command ended."""

    status: int
    said: str
    seconds: float

    @property
    def fault(self) -> str:
        """What no file may lead to; empty where nothing is wrong."""
        if self.status not in (0, 1, 2, 3):
            return f"exit {self.status}: {self.said[-1500:]}"
        if "Traceback" in self.said:
            return f"a traceback: {self.said[-1500:]}"
        return f"{self.seconds:.1f} s" if self.seconds > 10 else ""


def ending(*command: str | Path) -> Ending:
    """Run a command in this process; a warning is an error in it."""
    said = io.StringIO()
    began = time.process_time()
    with redirect_stdout(said), redirect_stderr(said), warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            status = main([str(word) for word in command])
        except Exception as error:  # main answers with 70, and is not to let anything through.
            status, _ = 70, print(repr(error))
    return Ending(status, said.getvalue(), time.process_time() - began)


def key_paths(value: Any, place: Path_ = ()) -> Iterator[Path_]:
    """The way to every value below; of a list, to the first item."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*place, key)
            yield from key_paths(item, (*place, key))
    elif isinstance(value, list) and value:
        yield (*place, 0)
        yield from key_paths(value[0], (*place, 0))


def at(value: Any, place: Path_) -> Any:
    """What stands there."""
    for step in place:
        value = value[step]
    return value


def changed(value: Any, place: Path_, new: Any) -> Any:
    """The same with another value in one place, or without it."""
    if not place:
        return new
    whole = copy.deepcopy(value)
    inner = at(whole, place[:-1])
    if new is GONE:
        del inner[place[-1]]
    else:
        inner[place[-1]] = new
    return whole


def damages(value: Any) -> Iterator[tuple[Path_, str, Any]]:
    """Where, what, and the damaged value: every value replaced, deleted, a key added beside it."""
    for place in key_paths(value):
        for name, wrong in WRONG.items():
            yield place, name, changed(value, place, wrong)
        yield place, "deleted", changed(value, place, GONE)
        if isinstance(at(value, place), dict):
            yield place, "a key more", changed(value, (*place, "unheard-of"), 1)
    for name, wrong in WRONG.items():
        yield (), name, wrong


def as_json(value: Any) -> str:
    """JSON text; what is `Spelt` stands there as it is."""
    spelt: list[str] = []

    def note(one: Any) -> str:
        spelt.append(one.text)
        return f"@spelt {len(spelt) - 1}@"

    text = json.dumps(value, default=note)
    for number, one in enumerate(spelt):
        text = text.replace(f'"@spelt {number}@"', one)
    return text


def as_toml(value: dict[str, Any]) -> str:
    """TOML text: a key a line, whatever is below it inline; `null` is spelt as nobody can."""
    return "".join(f"{json.dumps(key)} = {_inline(item)}\n" for key, item in value.items())


def _inline(value: Any) -> str:
    if isinstance(value, Spelt):
        return value.text
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key)} = {_inline(item)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)


def kind_of(value: Any) -> str:
    """The JSON type of a value."""
    if isinstance(value, Spelt):
        return "list" if value.text.startswith("[") else "number"
    if isinstance(value, bool) or value is None:
        return "null" if value is None else "true or false"
    return {str: "string", dict: "object", list: "list"}.get(type(value), "number")
