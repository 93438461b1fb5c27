"""Plain helpers that several test modules share; fixtures are in conftest.py."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from harness.annotation import Record
from harness.cli.main import main
from harness.results.record import Costs, RunRecord

BACKENDS = Path(__file__).parent / "backends"


def gold_entities(text: str, label: str) -> list[dict[str, object]]:
    return [
        {"start": match.start(), "end": match.end(), "label": label}
        for match in re.finditer(r"[A-Z]\w*", text)
    ]


def whole() -> bool:
    """Whether everything is tried, as under `make test PROFILE=whole`."""
    return settings().max_examples >= 100


def examples(count: int) -> int:
    """How many examples Hypothesis tries: so many under the profile `whole`, else fewer."""
    return max(10, count * settings().max_examples // 100)


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def printed(capsys: pytest.CaptureFixture[str], command: list[str], status: int = 0) -> str:
    """What a command prints: its output, or what it says where it is expected to end otherwise."""
    assert main(command) == status
    captured = capsys.readouterr()
    return captured.out if status == 0 else captured.err


def in_json(capsys: pytest.CaptureFixture[str], command: list[str]) -> Any:
    """What a command prints for machines."""
    return json.loads(printed(capsys, [*command, "--json"]))


def timeless(record: RunRecord) -> RunRecord:
    """The record without anything that a clock or a memory counter wrote.

    Two runs over the same things have the same timeless record, however often the first one was
    killed and taken up again.
    """
    results = tuple(replace(result, costs=Costs()) for result in record.results)
    common = tuple(replace(result, costs=Costs()) for result in record.common)
    return replace(record, started="", finished="", results=results, common=common)


def by_annotator(path: Path) -> dict[str, list[Record]]:
    """The records of every annotator whom JSON lines name."""
    from harness.formats import jsonl

    return {name: list(jsonl.read(path, annotator=name)) for name in jsonl.annotators(path)}


def json_lines(folder: Path, *values: Any) -> Path:
    """A file with each value on a line."""
    path = folder / "a.jsonl"
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in values), "utf-8")
    return path


def surfaces(*records: Record) -> list[tuple[str, str]]:
    """What every entity covers, and its label."""
    return [
        ((record.text or "")[one.start : one.end], one.label)
        for record in records
        for one in record.annotations.entities or ()
    ]
