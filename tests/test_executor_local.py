"""Runs in shards on this machine, with real processes: killed anywhere, the record is the same."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sharded import ROOT, Driver, Sharded, laid, shards_of, wait_until, workers_below
from support import BACKENDS

from harness.cli.main import main
from harness.paths import RECORD
from harness.results.stored import read
from harness.scale import driver
from harness.scale.job import Job
from harness.scale.local import LocalExecutor

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("planted", "log")]

COUNT = 18
Write = Callable[[int], Sharded]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(ROOT), str(BACKENDS))))
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    return lambda count: laid(tmp_path, count, tmp_path / "planted.log")


@pytest.fixture
def shards(made: Write) -> Iterator[Sharded]:
    one = made(COUNT)
    yield one
    wait_until(lambda: not one.left(), 10)


def test_the_record_is_that_of_the_undivided(
    shards: Sharded, capsys: pytest.CaptureFixture[str]
) -> None:
    """With backends that fail, wholly or partly, that are proven or not, and two gold sets."""
    second = f"{shards.gold}?name=second"
    words = [shards.backend(), "n=planted/ok?n=1", "planted/missing", "planted/load-dies"]
    words += ["--gold", second, "--rounds", "2", "--match", "exact"]
    shards.undivided(*words)
    capsys.readouterr()
    shards.run(*words, "--json")
    printed = capsys.readouterr()
    assert json.loads(printed.out)["results"]
    shards.check_same()
    assert len(read(shards.folder / "out").results) == 8
    # Twice, for its time; the second set has the same texts.
    assert set(shards.asked().values()) == {2}, shards.asked()
    assert len(shards.asked()) == COUNT
    assert printed.err.count("it was never there") == 2  # Said once, not by every shard.
    # By whichever came first.
    assert re.match(r"shard [123]/3: \[3/8\] planted/missing on second", printed.err)


def test_each_is_asked_once_and_units_have_files(made: Write) -> None:
    """More documents than a record holds units of."""
    one = made(1010)
    one.undivided(one.backend())
    one.run(one.backend())
    one.check_same()
    assert any(name.startswith("units/") for name in one.files())
    assert set(one.asked().values()) == {1}
    assert len(one.asked()) == 1010


def test_nothing_stands_on_stdout_but_results(
    shards: Sharded, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(shards.command("planted/prints", "--rankings")) == 0
    printed = capsys.readouterr()
    assert "planted/prints" in printed.out
    assert "garbage" not in printed.out
    assert "shards, 18 of 18 answers in " in printed.err
    shards.run("planted/prints", "--rankings")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("who", ["shard", "worker", "driver"])
def test_killed(who: str, shards: Sharded) -> None:
    backend = shards.backend(slow=0.05, quick=0.05)
    shards.undivided(backend)
    running = Driver(shards.command(backend, "-q"))
    wait_until(lambda: len(shards.asked()) > 5)
    (shard, *_) = wait_for(lambda: shards_of(running.pid))
    if who == "driver":
        running.kill()
        running.wait()
        # At once: the processes of the first may be writing yet.
        shards.run(backend)
    else:
        for victim in [shard] if who == "shard" else workers_below(shard):
            os.kill(victim, signal.SIGKILL)
        assert running.wait() == 0
    if who == "worker":  # As in any run, the document that it died of has failed.
        (result,) = read(shards.folder / "out").results
        assert (result.documents, result.failed) == (COUNT, 1)
        assert set(shards.asked().values()) == {1}
    else:
        shards.check_same()
    # Of each process that was killed, or stopped, the document that it had under way.
    assert sum(shards.asked().values()) <= COUNT + 2


def wait_for(found: Callable[[], list[int]]) -> list[int]:
    wait_until(lambda: bool(found()))
    return found()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_stopped(number: int, shards: Sharded) -> None:
    backend = shards.backend(slow=0.05, quick=0.05)
    shards.undivided(backend)
    running = Driver(shards.command(backend, "-q"))
    wait_until(lambda: len(shards.asked()) > 5)
    running.kill(number)
    assert running.wait(20) == 130
    assert not shards.left()
    assert not (shards.folder / "out" / RECORD).exists()
    shards.run(backend)
    shards.check_same()
    assert sum(shards.asked().values()) <= COUNT + 2


@pytest.mark.parametrize("when", ["before", "within", "after"])
def test_killed_while_shards_are_merged(when: str, shards: Sharded) -> None:
    backend, reached = shards.backend(), shards.folder / "reached"
    shards.undivided(backend)

    def wait(*_: object, **__: object) -> None:
        reached.touch()
        time.sleep(60)

    def prepare() -> None:
        if when == "before":
            driver.merge_marked = wait
        elif when == "within":
            driver.merge_marked.__globals__["write"] = wait
        else:
            driver.forget = wait

    running = Driver(shards.command(backend, "-q"), prepare)
    wait_until(reached.exists)
    running.kill()
    running.wait()
    shards.run(backend)
    shards.check_same()
    assert set(shards.asked().values()) == {1}


def test_a_slow_shard_is_cut(shards: Sharded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "_STRAGGLES", 0.5)
    monkeypatch.setattr(driver, "_KEPT", -99.0)
    backend = shards.backend(slow=0.4)
    shards.undivided(backend)
    cut: list[str] = []
    stop = LocalExecutor.stop

    def noted(self: LocalExecutor, job: Job) -> None:
        cut.append(str(job.shard))
        stop(self, job)

    monkeypatch.setattr(LocalExecutor, "stop", noted)
    shards.run(backend)
    assert "1/3" in cut
    shards.check_same()
    assert sum(shards.asked().values()) <= COUNT + len(cut)


@pytest.mark.slow
def test_kills_at_random_moments(made: Write) -> None:
    command = [sys.executable, str(Path(__file__).parent / "benchmarks" / "kills.py"), "3", "7"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.stdout == "3 of 3\n", done.stderr


# What is refused, and what is not


def test_a_second_driver_is_refused(shards: Sharded, capsys: pytest.CaptureFixture[str]) -> None:
    backend = shards.backend(slow=0.1, quick=0.1)
    running = Driver(shards.command(backend, "-q"))
    wait_until(lambda: len(shards.asked()) > 2)
    shards.run(backend, status=2)
    assert "another run is writing into this folder" in capsys.readouterr().err
    assert running.wait() == 0
    assert read(shards.folder / "out").status == "success"


def test_what_makes_no_sense_is_said(shards: Sharded, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(*words: str, cut: bool = True) -> str:
        shards.run("empty", *words, cut=cut, status=2)
        said = capsys.readouterr()
        assert not said.out
        return said.err

    assert "may take" in refused("--max-memory", "100TB")
    assert "3 workers" not in refused("--max-memory", "10TB", "--jobs", "2")
    assert "name one (--executor local)" in refused("--workers", "2", cut=False)
    assert "leave one of them out" in refused("--shard", "1/2")
    assert "--ray-address is for --executor ray" in refused("--ray-address", "auto")
    assert "--workers" in refused("--workers", "0")
    assert not (shards.folder / "out").exists()


def test_what_else_a_run_has(
    shards: Sharded, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    history = shards.folder / "history.jsonl"
    (shards.folder / "harness.toml").write_text(
        f'[suites.mine]\nbackends = ["planted/ok"]\ngold = ["{shards.gold}"]\n'
        'executor = "local"\nworkers = 2\nshards = 2\nout = "suite"\n'
    )
    monkeypatch.chdir(shards.folder)
    assert main(["run", "--suite", "mine", "-q"]) == 0
    shards.run("planted/ok", "--history", str(history), "--require", "planted/ok")
    assert json.loads(history.read_text().splitlines()[0])["backend"] == "planted/ok"
    shards.run("planted/ok", "empty", "--jobs", "2", "--fresh", "--require", "quotes", status=3)
    assert "quotes was not run" in capsys.readouterr().err
    shards.run("planted/bad-label", "--strict-labels", status=2)
    assert "labels that no schema knows: {'planted/bad-label'" in capsys.readouterr().err
    again = ["--gold", str(shards.gold), "--executor", "local", "--out", "again", "-q"]
    assert main(["run", "empty", *again, "--no-cache"]) == 0
    assert read(Path("again")).options["cache"] is False


@pytest.mark.skipif(os.geteuid() == 0, reason="whoever may write everywhere is not refused")
def test_an_unwritable_folder_is_an_error(shards: Sharded) -> None:
    shards.folder.joinpath("out").mkdir(mode=0o500)
    shards.run("empty", status=2)


def test_a_shard_that_cannot_write_ends_the_run(
    shards: Sharded, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what is wrong, and where; as where a disk is full, another try would end the same."""
    begin = driver.begin

    def spoilt(place: Path, *args: Any, **options: Any) -> int:
        count = begin(place, *args, **options)
        (place / "2-of-3").mkdir()
        (place / "2-of-3" / "predictions").write_text("no folder")
        return count

    monkeypatch.setattr(driver, "begin", spoilt)
    shards.run("empty", status=2)
    said = capsys.readouterr().err
    assert "shard 2/3 was not run: " in said
    assert "shards/2-of-3/predictions" in said


def test_gold_by_name_and_with_a_card(
    made: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = made(3)
    monkeypatch.chdir(ROOT)
    same = ["run", "empty", "--gold", "seeds", "--task", "ner", "-q", "--no-cache"]
    assert main([*same, "--out", str(tmp_path / "whole")]) == 0
    shards = ["--executor", "local", "--workers", "2", "--out", str(tmp_path / "out")]
    assert main([*same, *shards]) == 0
    assert one.record() == one.record("whole")
    monkeypatch.chdir(tmp_path)
    words = ["run", "empty", "--gold", "gold.jsonl", "-q", "--no-cache"]
    assert main([*words, "--out", "relative"]) == 0
    assert main([*words, *shards[:4], "--out", "cut"]) == 0
    assert one.record("cut") == one.record("relative")
