"""Whatever one backend does or says, the run ends, and its neighbour's row is as it always is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import chdir
from functools import cache
from itertools import groupby
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hostile.backend import BAD, MODES
from hostile.calling import Said, backend, call, run_command, write_gold
from hostile.saying import Must
from support import timeless

from harness.results.consistent import check_record
from harness.results.record import Result, RunRecord
from harness.results.stored import read
from harness.run import contract

pytestmark = pytest.mark.processes

TOGETHER = 12
"""So many bad backends are in one run."""
MOST_TEXT = 1_100
"""Characters of a string in a record, whoever said it."""
MOST_BYTES = 16_000
"""What one bad backend adds at most to a record, or to what is printed."""


class Ran(NamedTuple):
    """The same command twice in a folder of its own; the second time answers may be stored."""

    folder: Path
    names: tuple[str, ...]
    records: tuple[RunRecord, RunRecord]


def groups() -> Iterator[tuple[str, ...]]:
    """Modes that are run together: of the same options, and each slow one with others of them."""

    def alike(name: str) -> tuple[bool, tuple[str, ...]]:
        return MODES[name].slow, MODES[name].options

    for _, names in groupby(sorted(MODES, key=alike), alike):
        several = list(names)
        for at in range(0, len(several), TOGETHER):
            yield tuple(several[at : at + TOGETHER])


GROUP_OF = {name: group for group in groups() for name in group}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What came of a group of modes, by one of them."""
    patch = pytest.MonkeyPatch()
    patch.setattr("harness.results.provenance.git_state", lambda: None)
    patch.setattr("harness.run.contract._cheap", lambda spec: contract.ContractCheck("x", "ok"))
    alone = tmp_path_factory.mktemp("alone")
    write_gold(alone)
    with chdir(alone):
        assert call(*run_command([])).status == 0

    @cache
    def of_group(names: tuple[str, ...]) -> Ran:
        folder = tmp_path_factory.mktemp("hostile")
        write_gold(folder)
        shutil.copytree(alone / "cache", folder / "cache")
        with chdir(folder):
            command = run_command(names, *MODES[names[0]].options)
            records = []
            for _ in range(2):
                shutil.rmtree(folder / "out", ignore_errors=True)
                said = call(*command)
                assert said.status == 0, said.err[-3000:]
                records.append(read("out"))
                check_run(names, said, records[-1], read(alone / "out"))
        return Ran(folder, names, (records[0], records[1]))

    yield lambda name: of_group(GROUP_OF[name])
    patch.undo()


NAMES = [
    pytest.param(name, marks=pytest.mark.slow if mode.slow else ()) for name, mode in MODES.items()
]


@pytest.mark.parametrize("name", NAMES)
def test_the_run_ends_and_says_what_was_wrong(name: str, ran: Any) -> None:
    mode = MODES[name]
    for record, must in zip(ran(name).records, (mode.must, mode.again or mode.must), strict=True):
        (row,) = (row for row in record.results if row.backend == backend(name))
        check_row(must, mode.words, row)


def check_run(names: tuple[str, ...], said: Said, record: RunRecord, alone: RunRecord) -> None:
    """What holds for a run whoever takes part in it."""
    assert "Traceback" not in said.err
    check_record(record, "out")
    assert timeless(record).results[0] == timeless(alone).results[0], "the neighbour's row"
    rows = len(names)
    text = Path("out", "run.json").read_text("utf-8")
    assert len(text) < MOST_BYTES * (rows + 1)
    check_value(json.loads(text, parse_constant=pytest.fail))
    table = Path("out", "leaderboard.md").read_text("utf-8")
    for printed in (table, said.out, said.err):
        assert len(printed) < MOST_BYTES * (rows + 1)
        assert not [char for char in printed if char != "\n" and not char.isprintable()]


def check_value(value: Any) -> None:
    """Finite numbers and bounded strings alone."""
    if isinstance(value, dict):
        for key, item in value.items():
            check_value(key)
            check_value(item)
    elif isinstance(value, list):
        for item in value:
            check_value(item)
    elif isinstance(value, str):
        assert len(value) <= MOST_TEXT
    elif isinstance(value, int | float):
        assert isfinite(value) and abs(value) < 1 << 63


def check_row(must: Must, words: str, row: Result) -> None:
    """The row says `failed`, or names the document, or what of its answer was left out."""
    if row.answered:
        assert row.scores["strict"]["support"] == 4
    else:
        assert not row.scores
    if must == "named":
        return
    status = {"holds": "ok", "drops": "ok", "fails": "failed"}.get(must, must)
    assert row.status == status, row.reason
    assert (row.dropped > 0) == (must == "drops"), row.drops[:3]
    if must == "drops":
        assert {drop.id for drop in row.drops} == {BAD[0]}
        assert words in row.drops[0].error
    elif must == "partial":
        assert len(row.failures) == row.failed == 1
        assert words in row.failures[0].error
    elif must != "holds":
        assert words in (row.reason or "")


REPORTS = (
    ["report", "out", "--format", "simple"],
    ["report", "out", "--format", "csv"],
    ["report", "out", "--format", "github"],
    ["report", "out", "--json"],
    ["report", "out", "--html", "page.html"],
    ["compare", "out", "--resamples", "50"],
    ["choose", "out", "--task", "ner", "--resamples", "50"],
    ["cache", "list", "--cache-dir", "cache"],
)


@pytest.mark.parametrize(
    "name", [one for one in NAMES if GROUP_OF[one.values[0]][0] == one.values[0]]
)
def test_what_is_left_can_be_read(name: str, ran: Any) -> None:
    with chdir(ran(name).folder):
        for command in REPORTS:
            said = call(*command)
            assert said.status in (0, 1, 3), (command, said.err[-2000:])
            assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if mode.slow or number % 16 else ())
        for number, (name, mode) in enumerate(MODES.items())
        if mode.contract and number % 4 == 0  # A run reads the same answers, of all of them.
    ],
)
def test_the_contract_test_ends(name: str, ran: Any, tmp_path: Path) -> None:
    with chdir(tmp_path):
        said = call(
            *("check-backend", backend(name), "--task", "ner", "--no-long", "--load-timeout", "2"),
            *("--timeout", "0.3"),
        )
    expected = {"holds": (0, 1), "unavailable": (1,)}.get(MODES[name].must, (1,))
    assert said.status in expected, said.err[-2000:] + said.out
    assert "Traceback" not in said.err
    assert len(said.out + said.err) < MOST_BYTES
