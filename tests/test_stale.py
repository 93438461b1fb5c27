"""No stale answer of a program, and none of an interrupted run but to that run itself."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from planting import Bench, write

from harness.cli.main import main
from harness.gold.goldset import GoldSet
from harness.results.stored import read

pytestmark = pytest.mark.processes

MANY = {f"d{i}": f"Anna met Bertram on day {i}." for i in range(8)}

Make = Callable[..., GoldSet]


@pytest.mark.parametrize("change", ["script", "module", "data"])
def test_a_program_that_states_a_version(change: str, bench: Bench) -> None:
    changes = {
        "script": lambda: bench.program(own="Bertram", version="1"),
        "module": lambda: bench.beside("marks.py", "WORDS = 'Bertram'\n"),
        "data": lambda: bench.beside("rules.txt", "Bertram"),
    }
    backend = bench.program(own="Anna" if change == "script" else "", version="1")
    if change == "module":
        bench.beside("rules.txt", "")
        bench.beside("marks.py", "WORDS = 'Anna'\n")
    why = bench.never_keeps(backend, changes[change])
    assert why.startswith("its hello states no digest")


@pytest.mark.parametrize("change", ["module", "data"])
def test_a_digest_that_stays_is_its_word(change: str, bench: Bench) -> None:
    backend = bench.program(digest="d1")
    assert bench.run(backend)[:3] == ({"Anna"}, 2, 0)
    if change == "data":
        bench.beside("rules.txt", "Bertram")
    else:
        bench.beside("marks.py", "WORDS = 'Bertram'\n")
    row = bench.run(backend, out="other")
    assert row[:3] == ({"Anna"}, 0, 2)
    assert row.proof == "the program states the digest d1 in its hello"


def test_a_script_that_changes_is_asked_again_whatever_it_states(bench: Bench) -> None:
    backend = bench.program(own="Anna", digest="d1")
    bench.misses(backend, lambda: bench.program(own="Bertram", digest="d1"))


def test_a_digest_that_changes(bench: Bench) -> None:
    def change() -> None:
        bench.beside("rules.txt", "Bertram")
        bench.state(digest="d2")

    bench.misses(bench.program(digest="d1"), change)


@pytest.mark.parametrize(
    ("then", "trouble"),
    [
        ({"digest": "d1"}, ""),
        ({"digest": "d2"}, "changed while the run was under way"),
        ({"digest": "d1", "version": "2"}, "changed while the run was under way"),
    ],
)
def test_a_program_that_is_started_again(
    then: dict[str, str], trouble: str, bench: Bench, make_gold: Make
) -> None:
    """It dies on one document; another program must not answer for the others in its name."""
    bench.gold = make_gold(
        {"a": "Anna.", "b": "FAULT lies with Anna.", "c": "Anna again."}, "faulty"
    )
    backend = bench.program(digest="d1")
    bench.state(file="next.json", **then)
    row = bench.run(backend)
    assert row.asked == (2 if trouble else 3)
    assert trouble in row.trouble
    assert (row.trouble.count("changed while") > 0) is bool(trouble)


def test_fresh_asks_again_and_replaces(bench: Bench) -> None:
    backend = bench.program(digest="d1")
    assert bench.run(backend)[:3] == ({"Anna"}, 2, 0)
    bench.beside("rules.txt", "Bertram")
    assert bench.run(backend, "--fresh")[:3] == ({"Bertram"}, 2, 0)
    assert bench.run(backend)[:3] == ({"Bertram"}, 0, 2)


@pytest.mark.parametrize("model", [{}, {"version": "1"}, {"digest": "d1"}], ids=str)
def test_every_round_is_timed(model: dict[str, str], bench: Bench) -> None:
    row = bench.run(bench.program(**model), "--rounds", "2")
    assert row.asked == 4
    (result,) = read(bench.folder / "out").results
    assert len(result.costs.rounds) == 2
    assert all(result.costs.rounds)


# A run that was killed


@pytest.fixture
def slow(bench: Bench, make_gold: Make) -> str:
    """A program that proves nothing and takes its time."""
    bench.gold = make_gold(MANY, "many")
    return bench.program(seconds=0.05, version="1")


def test_the_same_command_takes_it_up(slow: str, bench: Bench) -> None:
    done = bench.kill(*bench.command(slow))
    assert 2 < done < len(MANY)
    row = bench.run(slow)
    assert row.words == {"Anna"}
    assert row.replayed >= done - 1
    assert sum(count > 1 for count in Counter(bench.log()).values()) <= 1, "but what was under way"
    assert bench.run(slow).asked == len(MANY), "it has finished, and took its answers along"


@pytest.mark.parametrize("change", ["out", "program.py", "marks.py", "rules.txt", "finished"])
def test_nothing_else_takes_it_up(change: str, slow: str, bench: Bench) -> None:
    bench.kill(*bench.command(slow))
    if change == "out":
        row = bench.run(slow, out="other")
    elif change == "finished":
        bench.run(slow)
        row = bench.run(slow)
    else:
        path = bench.folder / "program" / change
        write(path, path.read_text().replace("Anna", "Anna ") + "\n")
        row = bench.run(slow)
    assert row[:3] == ({"Anna"}, len(MANY), 0)


@pytest.mark.parametrize(
    "command", ["./go --fast", "./go --rules=rules.txt", "{python} -m program"]
)
def test_programs_without_a_script_on_their_command_line(
    command: str, slow: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies in their folder may be the program: where that has changed, nothing goes on."""
    folder = bench.folder / "program"
    monkeypatch.chdir(folder)
    bench.beside("go", f"#!/bin/sh\nexec {sys.executable} program.py\n")
    (folder / "go").chmod(0o755)
    backend = f"process:{command.format(python=sys.executable)}"
    done = bench.kill(*bench.command(backend))
    assert 2 < done < len(MANY)
    bench.beside("marks.py", "WORDS = 'Bertram'\n")
    assert bench.run(backend)[:3] == ({"Anna", "Bertram"}, len(MANY), 0)


def test_predict_takes_up_what_was_killed(
    slow: str, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it writes beside the program."""
    out = tmp_path / "program" / "predicted.jsonl"
    given = ["--docs", str(bench.gold.path), "--cache-dir", str(tmp_path / "store"), "--quiet"]
    command = ["predict", slow, *given, "--out"]
    done = bench.kill(*command, str(out))
    assert 2 < done < len(MANY)
    assert main([*command, str(tmp_path / "other.jsonl")]) == 0
    assert len(bench.log()) == done + len(MANY), "another command"
    assert main([*command, str(out)]) == 0
    assert len(bench.log()) <= 2 * len(MANY) + 1
    assert len(out.read_text().splitlines()) == len(MANY)
    before = len(bench.log())
    assert main([*command, str(out)]) == 0
    assert len(bench.log()) == before + len(MANY), "it had finished"


def test_two_at_a_time_take_nothing_from_each_other(
    slow: str, bench: Bench, tmp_path: Path
) -> None:
    """The same command, in two terminals: neither has been interrupted."""
    given = ["--docs", str(bench.gold.path), "--cache-dir", str(tmp_path / "store"), "--quiet"]
    found: list[int] = []
    one = threading.Thread(target=lambda: found.append(main(["predict", slow, *given])))
    one.start()
    while len(bench.log()) < 3:
        time.sleep(0.005)
    found.append(main(["predict", slow, *given]))
    one.join()
    assert found == [0, 0]
    assert len(bench.log()) == 2 * len(MANY)


# What is said of it


def test_what_a_run_says(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    backend = bench.program(digest="d1")
    out, accepted = str(bench.folder / "out"), str(bench.folder / "baseline.json")
    bench.run(backend)
    assert "from the store" not in bench.said
    assert main(["baseline", "accept", out, "--baseline", accepted, "--yes"]) == 0
    assert main(["check", out, "--baseline", accepted]) == 0
    assert "From the store" not in capsys.readouterr().out
    bench.run(backend)
    why = "the program states the digest d1 in its hello"
    shown = f"2 of 2 answers come from the store: {why}"
    assert f"{backend}: {shown}\n" in bench.said
    assert shown in (bench.folder / "out" / "leaderboard.md").read_text()
    assert main(["check", out, "--baseline", accepted]) == 0
    said = capsys.readouterr().out
    assert "From the store" in said
    assert why in said


@pytest.mark.parametrize(
    ("model", "status", "detail"),
    [
        ({"version": "1"}, "warning", "its hello states no digest"),
        ({"digest": "d1"}, "ok", "the program states the digest d1"),
    ],
)
def test_what_check_backend_says(
    model: dict[str, str],
    status: str,
    detail: str,
    bench: Bench,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert (
        main(["check-backend", bench.program(**model), "--no-long", "--task", "ner", "--json"]) == 0
    )
    checks = json.loads(capsys.readouterr().out)["tasks"]["ner"]
    (check,) = [check for check in checks if check["name"] == "proven to be the same"]
    assert check["status"] == status
    assert check["detail"].startswith(detail)
