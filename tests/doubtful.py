"""A good run with everything in it that a run can have, to be made doubtful one edit at a time."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import synthetic

from harness.annotation import Annotations, Record
from harness.cli.main import main
from harness.results import stored
from harness.results.record import Result
from harness.results.save import write_run
from harness.results.unit_files import write_units

__all__ = ["BASE", "CHECK", "OTHERS", "VERBS", "Capture", "Desk", "accepted", "failing", "said"]

BASE = ("--baseline", "base.json")
CHECK = ("check", "run", *BASE, "--resamples", "50")
OTHERS: tuple[tuple[str, ...], ...] = (
    ("baseline", "accept", "run", "--baseline", "new.json", "--yes"),
    ("compare", "run", "--resamples", "50"),
    ("choose", "run", "--task", "ner", "--resamples", "50"),
    ("audit", "run"),
    ("report", "run"),
    ("report", "run", "--html", "page.html"),
)
VERBS = (CHECK, *OTHERS)

Capture = pytest.CaptureFixture[str]
Edit = Callable[[dict[str, Any]], object]


class Desk:
    """A folder with two gold sets, a run of them and the baseline that it was accepted as."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        docs = synthetic.articles(12, seed=5)
        good = synthetic.predict(docs, synthetic.skilled(0.85, 0.1), seed=1)
        fair = synthetic.predict(docs, synthetic.skilled(0.6, 0.3), seed=2)
        speeches = synthetic.speeches(8, seed=1)
        planted = synthetic.gold(folder, docs)
        quotes = synthetic.gold(folder, speeches, "quotes")
        backends = {"b": good, "c": fair, "d": failing(good, 3, 7)}
        systems = [
            *synthetic.systems_of(planted, backends),
            *synthetic.systems_of(quotes, {"q": speeches, "r": speeches[:6]}, "attribution"),
        ]
        record = write_run(folder / "run", systems, [planted, quotes])
        b, c, d, *others = record.results
        with write_units(folder / "run", "units/c.jsonl", len(c.units)) as file:
            file.add(c.units)
        c = replace(c, units=(), **file.fields())
        absent = Result("x", "planted", "ner", "unavailable", reason="not here")
        common = [
            replace(one, signature=str(one.signature).replace("schema:none", "schema:all"))
            for one in (b, d)
        ]
        record = replace(record, results=(b, c, d, *others, absent), common=tuple(common))
        stored.write(folder / "run" / "run.json", record)
        self.good: dict[str, Any] = json.loads(self.path.read_text("utf-8"))

    @property
    def path(self) -> Path:
        """The run's record."""
        return self.folder / "run" / "run.json"

    def restore(self) -> None:
        """The record as it was."""
        self.path.write_text(json.dumps(self.good), "utf-8")

    def edit(self, change: Edit) -> None:
        """The good record with one change."""
        value = copy.deepcopy(self.good)
        change(value)
        self.path.write_text(json.dumps(value), "utf-8")

    def copy(self, folder: Path) -> None:
        """Everything, for a test that changes more than the record."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)


def accepted(folder: Path) -> Desk:
    """A run with its baseline."""
    desk = Desk(folder)
    argv = ["baseline", "accept", str(folder / "run"), "--yes"]
    assert main([*argv, "--baseline", str(folder / "base.json")]) == 0
    return desk


def failing(answers: list[Record], *numbers: int) -> list[Record]:
    """The answers, with none to some documents."""
    return [
        replace(one, annotations=Annotations(()), error="lost") if i in numbers else one
        for i, one in enumerate(answers)
    ]


def said(capsys: Capture, argv: tuple[str, ...]) -> tuple[int, str]:
    """Exit status, and all that was printed."""
    capsys.readouterr()
    status = main(list(argv))
    captured = capsys.readouterr()
    return status, captured.out + captured.err
