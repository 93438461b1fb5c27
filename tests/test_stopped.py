"""Killed or stopped at any moment, a run leaves no process, no half-written file, no wrong record.

What it predicted twice, and that it goes on where it was, is in `test_resume.py`.
"""

from __future__ import annotations

import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from support import BACKENDS, timeless, whole

from harness.cli.main import main
from harness.formats.files import is_draft
from harness.gold.goldset import GoldSet
from harness.paths import UNFINISHED
from harness.results.stored import read, to_json

MOMENTS = 25
WHOM = ("kill", "stop", "worker")
MARK = "NLTK_DATA"  # Backends see it; the planted one writes what it is asked to that file.
TEXTS = {f"d{i:02}": f"Text {i} by Anna and Bert.\nIt is Number {i}." for i in range(16)}

# Its program leaves its process group.
LAUNCHER = """
import subprocess, sys
sys.exit(subprocess.call([sys.executable, *sys.argv[1:]], start_new_session=True))
"""
PROGRAM = """
import json, re, sys, time
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "load":
        hello = {"type": "hello", "protocol": 1, "model": {"name": "it", "digest": "1"}}
        print(json.dumps(hello), flush=True)
    for document in message.get("documents", []):
        time.sleep(0.02)
        found = [match.span() for match in re.finditer(r"[A-Z]\\w*", document["text"])]
        entities = [{"start": start, "end": end, "label": "ENT"} for start, end in found]
        answer = {"type": "annotations", "id": document["id"], "entities": entities}
        print(json.dumps(answer), flush=True)
"""

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("planted")]


class Bench(NamedTuple):
    """A run as a command, and what comes of it where nobody disturbs it."""

    command: list[str]
    folder: Path
    before: Path
    """The record of an earlier run in that folder."""
    old: str
    new: str
    seconds: float


def record_of(folder: Path) -> str:
    # Somebody may commit meanwhile.
    return to_json(replace(timeless(read(folder)), git=None, project=None))


def start(command: list[str], folder: Path, mark: str) -> subprocess.Popen[bytes]:
    places = ["--out", str(folder / "out"), "--cache-dir", str(folder / "cache"), "-q"]
    return subprocess.Popen(
        [sys.executable, "-m", "harness", "run", *command, *places, "--rankings"],
        env={**os.environ, MARK: mark, "PYTHONPATH": str(BACKENDS)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def marked(mark: str) -> list[int]:
    """Processes with the mark in their environment; a zombie has none."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if f"{MARK}={mark}".encode() in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
    return found


def gone(mark: str) -> bool:
    deadline = time.monotonic() + 10
    while marked(mark):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def drafts(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if is_draft(path.name)]


@pytest.fixture(scope="module")
def made() -> dict[str, Bench]:
    return {}


@pytest.fixture
def bench(
    made: dict[str, Bench],
    make_gold: Callable[..., GoldSet],
    tmp_path_factory: pytest.TempPathFactory,
) -> Bench:
    if "one" in made:
        return made["one"]
    folder = tmp_path_factory.mktemp("bench")
    gold = shutil.copy(str(make_gold(TEXTS).path), folder)
    for name, text in (("launcher.py", LAUNCHER), ("program.py", PROGRAM)):
        (folder / name).write_text(text, "utf-8")
    launched = shlex.join([sys.executable, f"{folder}/launcher.py", f"{folder}/program.py"])
    command = [f"process:{launched}", "planted/slow:0.02", "--gold", gold]
    work = folder / "work"
    old = finished(["empty", *command[2:]], work)
    shutil.copytree(work / "out", folder / "before")
    began = time.monotonic()
    new = finished(command, work)
    made["one"] = Bench(command, work, folder / "before", old, new, time.monotonic() - began)
    return made["one"]


def finished(command: list[str], folder: Path, mark: str = "") -> str:
    """The record of a run that is let be."""
    process = start(command, folder, mark)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    return record_of(folder / "out")


@pytest.fixture
def mark(bench: Bench, tmp_path: Path) -> Iterator[str]:
    """Of the processes of a test, which finds the earlier record and an empty store."""
    shutil.rmtree(bench.folder)
    shutil.copytree(bench.before, bench.folder / "out")
    mark = str(tmp_path / "asked")
    yield mark
    for pid in marked(mark):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("moment", "whom"),
    [
        pytest.param(moment, whom, marks=[] if moment == 15 else [pytest.mark.slow])
        for moment in range(MOMENTS)
        for number, whom in enumerate(WHOM)
        if whole() or moment % len(WHOM) == number
    ],
)
def test_at_any_moment(moment: int, whom: str, bench: Bench, mark: str) -> None:
    """SIGKILL or SIGTERM for the harness, or SIGKILL for any process that it has started.

    Each of them at every third moment, from the first to the last; under the profile `whole` at
    every one.
    """
    out = bench.folder / "out"
    process = start(bench.command, bench.folder, mark)
    time.sleep(bench.seconds * (moment + random.Random(moment).random()) / MOMENTS)
    if whom == "worker":
        others = sorted(set(marked(mark)) - {process.pid})
        for pid in random.Random(moment).sample(others, min(1, len(others))):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    else:
        process.send_signal(signal.SIGKILL if whom == "kill" else signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert gone(mark)
    status = process.returncode
    assert b"Traceback" not in said, said
    if whom == "stop":
        # Before anything begins, and after all is done, a signal does what it does by default.
        assert status in (130, 0, -signal.SIGTERM)
        assert (said == b"harness: stopped; what was finished is kept\n") == (status == 130), said
        assert not drafts(out)
        if status == -signal.SIGTERM:
            assert not (out / UNFINISHED).exists()
    elif whom == "kill":
        assert status in (0, -signal.SIGKILL)
    else:
        assert status == 0, said
    looked = main(["report", str(out)])
    if (out / UNFINISHED).exists():
        assert looked == 3
    else:
        assert looked == 0
        assert whom == "worker" or record_of(out) in (bench.old, bench.new)
    assert finished(bench.command, bench.folder, mark) == bench.new
    assert not drafts(out)
    assert gone(mark)


@pytest.mark.parametrize("pause", [0.003, 0.02, 0.05, 0.08])
def test_a_second_signal_changes_nothing(pause: float, bench: Bench, mark: str) -> None:
    process = start(bench.command, bench.folder, mark)
    time.sleep(bench.seconds / 2)
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        process.send_signal(number)
        time.sleep(pause)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"harness: stopped; what was finished is kept\n" in said
    assert not drafts(bench.folder / "out")
    assert gone(mark)


def test_a_draft_of_a_killed_run_is_swept(bench: Bench, mark: str) -> None:
    out = bench.folder / "out"
    process = start(bench.command, bench.folder, mark)
    deadline = time.monotonic() + 30
    while not drafts(out):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.002)
    process.kill()
    process.communicate()
    assert drafts(out)
    assert finished(bench.command, bench.folder, mark) == bench.new
    assert not list(out.rglob(".*"))
