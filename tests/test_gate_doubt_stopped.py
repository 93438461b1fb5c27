"""A run that was stopped leaves a mark, and no verb passes on what it left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from doubtful import BASE, CHECK, VERBS, Capture, Desk, accepted, said

from harness.results.unfinished import unfinished

REPLAY = (*CHECK, "--replay")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return accepted(tmp_path_factory.mktemp("doubt"))


@pytest.fixture
def desk(made: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folder, to change what lies in it."""
    made.copy(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("content", ["", "{", '{"started": 3}', "\udcff", "[" * 100_000, "folder"])
def test_a_mark_is_believed_whatever_is_in_it(content: str, desk: Path, capsys: Capture) -> None:
    mark = desk / "run" / "unfinished.json"
    if content == "folder":
        mark.mkdir()
    else:
        mark.write_text(content, "utf-8", "surrogateescape")
    for argv in (*VERBS, REPLAY):
        status, text = said(capsys, argv)
        assert status == 3 and "has not ended" in text and "Traceback" not in text, (argv, text)


def test_a_mark_that_was_just_taken_away_is_made_anew(tmp_path: Path) -> None:
    """Between opening it and locking it the run before may have ended."""
    mark, real, taken = tmp_path / "unfinished.json", os.fstat, []

    def fstat(number: int) -> os.stat_result:
        found = real(number)
        if not taken and mark.exists():
            taken.append(mark.unlink())
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.results.unfinished.os.fstat", fstat)
        with unfinished(tmp_path):
            assert taken and mark.exists()
    assert not mark.exists()


PROGRAM = """
import json, os, pathlib, re, sys, time
slow = "slow" in sys.argv
parent = os.getppid()
NAMES = "Ana Roe|Acme Corp|Riga|Lake Union|Bo Li|Orbis"
version = pathlib.Path("version").read_text()
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "load":
        print(json.dumps({"type": "hello", "protocol": 1, "labels": ["PER"],
                          "model": {"name": "m", "version": version}}), flush=True)
    for document in message.get("documents", []):
        while slow and pathlib.Path("held").exists() and os.getppid() == parent:
            time.sleep(0.005)
        found = [] if version == "2" else re.finditer(NAMES, document["text"])
        spans = [{"start": m.start(), "end": m.end(), "label": "PER"} for m in found]
        print(json.dumps({"type": "annotations", "id": document["id"], "entities": spans}),
              flush=True)
"""


@contextmanager
def running() -> Iterator[subprocess.Popen[bytes]]:
    """A run whose first backend has written its predictions, and whose second is held."""
    Path("version").write_text("2")
    Path("held").touch()
    before = quick_predictions().read_bytes()
    process = subprocess.Popen(command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while quick_predictions().read_bytes() == before or not drafts():
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.005)
        yield process
    finally:
        Path("held").unlink()
        process.kill()
        process.wait()


def command() -> list[str]:
    program = f"process:{sys.executable} be.py"
    run = ["run", program, f"{program} slow", "--gold", "planted.jsonl", "--task", "ner", "--out"]
    return [sys.executable, "-m", "harness", *run, "run", "--cache-dir", "store", "--rankings"]


def quick_predictions() -> Path:
    (path,) = (p for p in Path("run").rglob("[!.]*.jsonl") if "be.py~" in p.name)
    return path


def drafts() -> list[Path]:
    return list(Path("run").rglob(".*be.py*"))


@pytest.fixture
def ran(desk: Path, capsys: Capture) -> Path:
    """A run that was accepted."""
    shutil.rmtree("run")
    Path("be.py").write_text(PROGRAM)
    Path("version").write_text("1")
    subprocess.run(command(), check=True, capture_output=True)
    assert said(capsys, ("baseline", "accept", "run", *BASE, "--yes", "--remove-missing"))[0] == 0
    assert said(capsys, CHECK)[0] == 0
    return desk


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped(number: int, ran: Path, capsys: Capture) -> None:
    """Its first predictions lie beside the record of the run before."""
    mark = Path("run", "unfinished.json")
    with running() as process:
        assert said(capsys, CHECK)[0] == 3
        second = subprocess.run(command(), capture_output=True, text=True, check=False)
        assert second.returncode == 2 and "another run is writing into this folder" in second.stderr
        process.send_signal(number)
        process.wait(20)
    assert mark.exists() and bool(drafts()) == (number == signal.SIGKILL)
    for argv in (*VERBS, REPLAY, ("check", "run/run.json", *BASE)):
        status, text = said(capsys, argv)
        assert status == 3 and "was begun, at 2" in text and "has not ended" in text, argv
    shutil.move(mark, "kept.json")
    assert said(capsys, CHECK)[0] == 2  # Without the mark the digests still tell.
    shutil.move("kept.json", mark)
    subprocess.run(command(), check=True, capture_output=True)
    assert not mark.exists() and not drafts()
    assert said(capsys, CHECK)[0] == 1  # It finds nothing any more.
