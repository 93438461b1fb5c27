"""The command's frame: help, versions, unknown verbs, exit statuses."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import __version__
from harness.cli import backends
from harness.cli.main import UNFORESEEN, VERBS, main
from harness.errors import InputError
from harness.results import provenance
from harness.results.record import Git

Run = Callable[..., Any]


def test_overview_lists_every_verb_and_status(harness: Run) -> None:
    done = harness("--help")
    assert done.status == 0
    for verb in VERBS:
        assert f"\n  {verb} " in done.out
    for status in (0, 1, 2, 3, UNFORESEEN):
        assert f"\n  {status:<2} " in done.out


def test_no_arguments_is_a_usage_error(harness: Run) -> None:
    assert harness().status == 2


def test_version(harness: Run) -> None:
    said = harness("--version").out
    python = platform.python_version()
    commit = r"( \(commit [0-9a-f]{10}( with changes)?\))?"
    assert re.fullmatch(rf"harness {re.escape(__version__)}{commit}, Python {python}\n", said)


def test_the_version_outside_of_a_checkout(harness: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "git_state", lambda: None)
    expected = f"harness {__version__}, Python {platform.python_version()}\n"
    assert harness("--version").out == expected
    monkeypatch.setattr(provenance, "git_state", lambda: Git("0123456789abcdef", dirty=True))
    assert "(commit 0123456789 with changes)" in harness("-V").out


def test_unknown_verb_names_the_nearest(harness: Run) -> None:
    done = harness("socre")
    assert done.status == 2
    assert "Did you mean 'score'?" in done.err


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(harness: Run, verb: str) -> None:
    done = harness(verb, "--help")
    assert done.status == 0
    assert "example" in done.out


@pytest.mark.parametrize("verb", VERBS)
def test_wrong_option_is_a_usage_error(harness: Run, verb: str) -> None:
    done = harness(verb, "--no-such-option")
    assert done.status == 2
    assert "Traceback" not in done.err


def test_a_closed_pipe_is_no_traceback() -> None:
    root = Path(__file__).parent.parent.parent
    done = subprocess.run(
        f"{sys.executable} -m harness backends | head -1",
        shell=True, capture_output=True, text=True, cwd=root, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout == "Backends\n"


def test_a_closed_pipe_is_not_reported_as_fine() -> None:
    """`harness check | head` must not pass because nobody read to the end."""
    root = Path(__file__).parent.parent.parent
    program = [sys.executable, "-m", "harness", "backends", "--json"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, cwd=root) as process:
        assert process.stdout is not None
        process.stdout.close()
    assert process.returncode == 141


@pytest.mark.parametrize(
    ("redirected", "status", "said"),
    [
        (">&-", 2, "harness: stdout is closed, so that what was to be printed is lost\n"),
        ("> /dev/full", 2, "harness: stdout cannot be written to: No space left on device, so "
         "that what was to be printed is lost\n"),
        ("2>&-", 0, ""),
        ("2>/dev/full", 0, ""),
        (">&- 2>&-", 2, ""),
        ("<&-", 0, ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("verb", ["validate", "convert --formats --json", "--help"])
def test_what_cannot_be_printed_is_not_fine(
    redirected: str, status: int, said: str, verb: str, gold: Path
) -> None:
    file = str(gold) if verb == "validate" else ""
    done = subprocess.run(
        f"exec {sys.executable} -m harness {verb} {file} {redirected}",
        shell=True, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (status, said)


def test_what_is_done_before_is_kept_where_nothing_can_be_printed(
    gold: Path, tmp_path: Path
) -> None:
    line = f"run empty --gold {gold} --task ner --no-cache -q --out {tmp_path / 'out'}"
    done = subprocess.run(
        f"exec {sys.executable} -m harness {line} >&-",
        shell=True, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False,
    )  # fmt: skip
    assert done.returncode == 2 and done.stderr.startswith("harness: stdout is closed")
    assert (tmp_path / "out" / "run.json").is_file()


def test_a_terminal_of_few_characters_is_no_traceback(gold: Path, pred: Path) -> None:
    root = Path(__file__).parent.parent.parent
    program = [sys.executable, "-m", "harness", "score", "--task", "ner", "--gold", gold]
    done = subprocess.run(
        [*program, "--pred", pred], capture_output=True, text=True, cwd=root, check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert r"\u2013" in done.stdout  # what is undefined


def test_errors_cannot_command_the_terminal(harness: Run, tmp_path: Path) -> None:
    done = harness("validate", tmp_path / "\x1b[2J")
    assert done.status == 2
    assert "\x1b" not in done.err


def test_an_unforeseen_error_is_no_regression(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fault(args: object) -> int:
        raise ZeroDivisionError("planted\x1b[31m\n::error::planted")

    monkeypatch.setattr(backends, "run", fault)
    assert main(["backends"]) == 70
    said = capsys.readouterr().err
    assert said.startswith("Traceback") and "ZeroDivisionError: planted" in said
    assert "please report" in said and "\x1b" not in said
    assert "\n: :error::planted" in said


def test_no_log_obeys_an_error_message(harness: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(args: object) -> int:
        raise InputError("odd\n::warning::x")

    monkeypatch.setattr(backends, "run", fault)
    done = harness("backends")
    assert done.status == 2
    assert done.err == "harness: odd ::warning::x\n"


@pytest.mark.parametrize("verb", ["run", "predict", "check-backend"])
def test_an_option_that_a_backend_does_not_take_is_found_before_any_work(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": "a", "text": "Anna", "entities": []}\n')
    source, out = str(tmp_path / "a.jsonl"), tmp_path / "out"
    words = {
        "run": ["gazetteer?x=1", "--gold", source, "--out", str(out)],
        "predict": ["gazetteer?x=1", "--docs", source, "--out", str(out)],
        "check-backend": ["gazetteer?x=1"],
    }
    assert main([verb, *words[verb]]) == 2
    assert "gazetteer?x=1: unknown option 'x'; expected one of: none" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("verb", VERBS)
def test_what_is_wrong_with_a_command_stands_last_below_one_line_of_usage(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb, "--no-such-option"]) == 2
    printed = capsys.readouterr()
    assert not printed.out
    usage, error = printed.err.splitlines()
    assert usage == f"usage: harness {verb} ... (harness {verb} --help lists the options)"
    assert error.startswith(f"harness {verb}: error: ")
    assert main([verb, "--help"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 5  # There all of it stands.
