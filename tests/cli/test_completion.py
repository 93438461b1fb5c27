"""What <Tab> offers: words of the command line, asked for as the shells ask."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cli.completion import _SCRIPTS, words
from harness.cli.main import VERBS
from harness.registry import adapter_names

Run = Callable[..., Any]
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (["ru"], ["run"]),
        (["check"], ["check", "check-backend"]),
        (["--v"], ["--version"]),
        (["baseline", "a"], ["accept"]),
        (["run", "gaz"], ["gazetteer"]),
        (["run", "quotes", "gaz"], ["gazetteer"]),  # Any number of them.
        (["run", "--task", ""], ["ner", "attribution"]),
        (["run", "--task", "=", "n"], ["ner"]),  # bash takes words apart at `=`.
        (["run", "--task", "="], ["ner", "attribution"]),
        (["run", "--task=n"], ["--task=ner"]),  # zsh and fish do not.
        (["run", "--gold", "see"], ["seeds"]),
        (["run", "--schema", "onto"], ["ontonotes5"]),
        (["report", "--no-s"], ["--no-sanity"]),
        (["report", "results", "--pool", "--for"], ["--format"]),
        (["run", "--quiet", "quo"], ["quotes"]),  # It takes no value.
        (["formats", "conllu"], ["conllu"]),
        (["env", "create", "stan"], ["stanza"]),
        (["completion", "f"], ["fish"]),
        # What the shell does better, or nobody: files, numbers, unknown verbs.
        (["report", "res"], []),
        (["report", "results", "x"], []),
        (["run", "--out", ""], []),
        (["run", "--threads", ""], []),
        (["nonsense", ""], []),
    ],
)
def test_what_is_offered(line: list[str], found: list[str]) -> None:
    assert list(words(line)) == found


def test_everything_is_offered() -> None:
    assert set(words([])) == {*VERBS, "--help", "--version"}
    assert {word.partition("/")[0] for word in words(["run", ""])} == set(adapter_names())


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_of_every_verb_is_offered(verb: str, harness: Run) -> None:
    said = harness(verb, "--help").out
    offered = list(words([verb, "--"]))
    assert "--help" in offered
    assert all(option in said for option in offered)


def test_the_verb_prints_them(harness: Run) -> None:
    assert harness("completion", "words", "report", "--no-s").out == "--no-sanity\n"
    assert harness("completion", "words", "nonsense", "").out == ""


@pytest.mark.parametrize("shell", _SCRIPTS)
def test_a_script_is_as_it_is_written_and_the_shell_reads_it(harness: Run, shell: str) -> None:
    script = harness("completion", shell).out
    assert script == _SCRIPTS[shell]
    if program := shutil.which(shell):
        done = subprocess.run([program, "-n"], input=script, text=True, check=False)
        assert done.returncode == 0


@pytest.mark.processes
@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_completes(harness: Run, tmp_path: Path) -> None:
    """With bash's own variables; a name that the shell would obey is quoted."""
    card = ROOT / "goldsets" / "seeds" / "goldset.toml"
    folder = tmp_path / "goldsets" / "a;b $(c)"
    folder.mkdir(parents=True)
    shutil.copy(card, folder)
    asked = f"""{harness("completion", "bash").out}
harness() {{ '{sys.executable}' -m harness "$@"; }}
ask() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _harness; printf '%s\\n' "${{COMPREPLY[@]}}"; }}
ask harness comp
ask harness run --gold a
ask harness run --task ''
"""
    done = subprocess.run(
        ["bash"],
        input=asked,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert done.stdout.split("\n") == [
        "compare", "completion", r"a\;b\ \$\(c\)", "ner", "attribution", "",
    ]  # fmt: skip
