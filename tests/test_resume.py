"""Killed at any point, a run goes on where it was: nothing twice, the same record in the end."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path

import pytest
from support import alive, timeless

from harness.errors import UsageError
from harness.gold.goldset import GoldSet
from harness.registry import BackendSpec
from harness.results.stored import read, to_json
from harness.run.options import RunOptions
from harness.run.runner import run

TEXTS = {f"d{i:02}": f"Text {i} by Anna and Bert.\nIt is Number {i}." for i in range(24)}
BACKENDS = ("planted/ok", "planted/slow:0.002")
PROGRAM = """
import sys
from pathlib import Path
from harness.gold.loading import load_goldset
from harness.registry import BackendSpec
from harness.run.runner import run
from harness.run.options import RunOptions
gold, cache, out, *backends = sys.argv[1:]
jobs = int(backends.pop(1)) if backends[0] == "--jobs" else 1
run([BackendSpec.parse(name) for name in backends if name != "--jobs"], [load_goldset(gold)],
    RunOptions(cache=Path(cache), out=Path(out), jobs=jobs))
"""

Log = Callable[[], list[str]]
Make = Callable[..., GoldSet]

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("planted")]


@contextmanager
def started(
    gold: GoldSet, tmp_path: Path, *backends: str, out: str = "out"
) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", PROGRAM, gold.path, tmp_path / "cache", tmp_path / out]
    process = subprocess.Popen(
        [*map(str, command), *backends], stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def workers_of(pid: int) -> list[int]:
    """Children of every thread of a process."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, path.read_text("ascii").split())
    return found


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, str]:
    return {}


@pytest.mark.parametrize(
    "seed", [pytest.param(i, marks=[pytest.mark.slow] if i >= 6 else []) for i in range(20)]
)
def test_kill_at_a_random_point(
    seed: int, make_gold: Make, tmp_path: Path, log: Log, undisturbed: dict[str, str]
) -> None:
    """The parent (even seeds) or its worker (odd ones) gets SIGKILL after some documents."""
    gold = make_gold(TEXTS)
    rng = random.Random(seed)
    after = rng.randrange(2 * len(TEXTS))
    process = get_context("fork").Process(target=run_again, args=(gold, tmp_path))
    process.start()
    assert process.pid is not None
    wait_until(lambda: len(log()) > after or not process.is_alive())
    time.sleep(rng.random() * 0.004)
    children = workers_of(process.pid)
    if seed % 2 == 0:
        process.kill()
    for child in children if seed % 2 else ():
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    process.join(20)
    wait_until(lambda: not any(map(alive, children)))
    before = Counter(log())
    run_again(gold, tmp_path)
    twice = [text for text, count in Counter(log()).items() if count > 2]
    # Two backends see each text once. Only what was under way at the kill is seen again, and a
    # worker works on no more than one document at a time.
    assert len(twice) <= 1, twice
    assert sum(Counter(log()).values()) <= 2 * len(TEXTS) + 1
    assert set(log()) == {text.splitlines()[0] for text in TEXTS.values()}
    assert sum(before.values()) > after or process.exitcode == 0
    process.close()
    shown = record_of(tmp_path / "out")
    assert shown == undisturbed.setdefault("record", shown)


def test_the_disturbed_record_is_the_undisturbed_one(
    make_gold: Make, tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    gold = make_gold(TEXTS)
    run_again(gold, tmp_path)
    assert record_of(tmp_path / "out") == undisturbed.setdefault("record", "")


def test_nothing_is_predicted_again(make_gold: Make, tmp_path: Path, log: Log) -> None:
    gold = make_gold(TEXTS)
    run_again(gold, tmp_path)
    assert len(log()) == 2 * len(TEXTS)
    first = record_of(tmp_path / "out")
    files = contents(tmp_path / "out" / "predictions")
    run_again(gold, tmp_path)
    assert len(log()) == 2 * len(TEXTS)
    assert record_of(tmp_path / "out") == first
    assert contents(tmp_path / "out" / "predictions") == files
    assert {r.costs.replayed for r in read(tmp_path / "out").results} == {len(TEXTS)}


def test_an_error_is_tried_again(
    make_gold: Make, tmp_path: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    gold = make_gold({**TEXTS, "bad": "FAULT here."})
    options = RunOptions(cache=tmp_path / "cache")
    for round_ in (1, 2):
        (result,) = run([BackendSpec.parse("planted/raises")], [gold], options).results
        assert (result.status, result.failed) == ("partial", 1)
        assert log().count("FAULT here.") == round_
        assert len(log()) == len(TEXTS) + round_


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_interrupt_keeps_what_is_done(
    number: int, make_gold: Make, tmp_path: Path, log: Log
) -> None:
    gold = make_gold(TEXTS)
    with started(gold, tmp_path, "planted/slow:0.03") as process:
        wait_until(lambda: len(log()) > 6)
        children = workers_of(process.pid)
        assert children
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
        assert process.returncode != 0
        assert b"KeyboardInterrupt" in said
        wait_until(lambda: not any(map(alive, children)))
    assert not (tmp_path / "out" / "run.json").exists()
    assert not list((tmp_path / "out").rglob("*.jsonl"))
    done = len(log())
    (result,) = run(
        [BackendSpec.parse("planted/slow:0.03")], [gold], RunOptions(cache=tmp_path / "cache")
    ).results
    assert result.status == "ok"
    assert result.costs.replayed >= done - 1
    assert len(log()) <= len(TEXTS) + 1


def test_interrupt_with_several_jobs(make_gold: Make, tmp_path: Path, log: Log) -> None:
    backends = [f"planted/slow:0.05?n={n}" for n in range(4)]
    with started(make_gold(TEXTS), tmp_path, "--jobs", "2", *backends) as process:
        wait_until(lambda: len(log()) > 4)
        children = workers_of(process.pid)
        assert len(children) == 2
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert time.monotonic() - began < 2
        assert not any(map(alive, children))
    assert not (tmp_path / "out" / "run.json").exists()


def test_no_orphan_when_the_parent_is_killed(make_gold: Make, tmp_path: Path) -> None:
    """Not even a worker that sleeps in C code and never looks at its stdin."""
    note = tmp_path / "pid"
    with started(make_gold(TEXTS), tmp_path, f"planted/pid-file:{note}") as process:
        wait_until(lambda: note.exists() and note.read_text("ascii").isdecimal())
        worker = int(note.read_text("ascii"))
        assert alive(worker)
        process.kill()
        process.wait()
        wait_until(lambda: not alive(worker), 5)


@pytest.mark.parametrize(
    "launcher",
    [
        "",
        "sh {folder}/launch.sh",
        "{python} -c 'import subprocess as s, sys; s.run(sys.argv[1:])'",
        "{python} -c 'import subprocess as s, sys; s.run(sys.argv[1:], start_new_session=True)'",
        "sh {folder}/daemon.sh",
    ],
    ids=["itself", "shell", "launcher", "session", "daemon"],
)
def test_no_orphan_of_a_foreign_program(launcher: str, make_gold: Make, tmp_path: Path) -> None:
    """Nor of a program behind another one, whether or not that waits for it."""
    note = tmp_path / "pid"
    program = tmp_path / "sleeper.py"
    program.write_text(
        "import os, pathlib, sys, time\n"
        "pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))\ntime.sleep(600)\n",
        "ascii",
    )
    (tmp_path / "launch.sh").write_text('"$@"\nexit $?\n', "ascii")
    (tmp_path / "daemon.sh").write_text('(setsid "$@" &)\nsleep 600\n', "ascii")
    words = launcher.format(folder=tmp_path, python=sys.executable)
    backend = f"process:{words} {sys.executable} {program} {note}"
    with started(make_gold(TEXTS), tmp_path, backend) as process:
        wait_until(lambda: note.exists() and note.read_text("ascii").isdecimal())
        worker = int(note.read_text("ascii"))
        process.kill()
        process.wait()
        wait_until(lambda: not alive(worker), 5)


def test_two_runs_may_share_a_store(make_gold: Make, tmp_path: Path) -> None:
    gold = make_gold(TEXTS)
    with (
        started(gold, tmp_path, "planted/slow:0.003") as one,
        started(gold, tmp_path, "planted/slow:0.003", out="other") as other,
    ):
        assert one.wait(60) == 0, one.communicate()
        assert other.wait(60) == 0
    for out in ("out", "other"):
        assert read(tmp_path / out).status == "success"


def test_two_runs_do_not_share_a_folder(make_gold: Make, tmp_path: Path, log: Log) -> None:
    gold = make_gold(TEXTS)
    with started(gold, tmp_path, "planted/slow:0.03") as process:
        wait_until(lambda: len(log()) > 2)
        with pytest.raises(UsageError, match="another run is writing"):
            run_again(gold, tmp_path)
        assert process.wait(60) == 0
    run_again(gold, tmp_path)


def run_again(gold: GoldSet, tmp_path: Path) -> None:
    run(
        [BackendSpec.parse(name) for name in BACKENDS],
        [gold],
        RunOptions(cache=tmp_path / "cache", out=tmp_path / "out"),
    )


def record_of(folder: Path) -> str:
    return to_json(timeless(read(folder)))


def contents(folder: Path) -> dict[str, list[object]]:
    return {
        str(path.relative_to(folder)): [json.loads(line) for line in path.read_bytes().splitlines()]
        for path in sorted(folder.rglob("*.jsonl"))
    }
