"""Where numbers come from: machine, versions, commit."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import harness
from harness import distributions
from harness.results import provenance
from harness.results.record import Git


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    command = [shutil.which("git", path=os.defpath) or "git", *identity, *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a package in it that the harness believes to be its own."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    (tmp_path / "harness").mkdir()
    (tmp_path / "harness" / "__init__.py").write_text("")
    monkeypatch.setattr(harness, "__file__", str(tmp_path / "harness" / "__init__.py"))
    return tmp_path


def test_commit_and_dirty(checkout: Path) -> None:
    assert provenance.git_state() is None
    git(checkout, "init", "-q")
    git(checkout, "add", ".")
    git(checkout, "commit", "-qm", "first")
    state = provenance.git_state()
    assert state is not None
    assert len(state.commit) == 40
    assert not state.dirty
    # What a run writes makes nothing dirty; what changes a number does.
    (checkout / "results").mkdir()
    (checkout / "results" / "run.json").write_text("{}")
    assert provenance.git_state() == state
    (checkout / "seeds").mkdir()
    (checkout / "seeds" / "new.txt").write_text("x")
    assert provenance.git_state() == Git(state.commit, dirty=True)


def test_no_git(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(checkout, "init", "-q")
    assert provenance.git_state() is None  # No commit yet.
    monkeypatch.setenv("PATH", "")
    assert provenance.git_state() is None


def test_the_project_of_whoever_runs_it(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit of the folder that the command is given in, beside the harness's own."""
    outside = tmp_path / "project"
    (outside / "deep").mkdir(parents=True)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.chdir(outside / "deep")
    assert provenance.project_state() is None
    git(outside, "init", "-q")
    (outside / "model.txt").write_text("1")
    git(outside, "add", ".")
    git(outside, "commit", "-qm", "first")
    state = provenance.project_state()
    assert state is not None and not state.dirty
    assert state != provenance.git_state()
    (outside / "out").mkdir()
    (outside / "out" / "run.json").write_text("{}")
    assert provenance.project_state(outside / "out") == state, "what the run writes is no change"
    assert provenance.project_state() == Git(state.commit, dirty=True)
    (outside / "out" / "run.json").unlink()
    (outside / "model.txt").write_text("2")
    assert provenance.project_state(outside / "out") == Git(state.commit, dirty=True)


def test_a_checkout_may_be_anybodys(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its settings name is not run, nor a git that lies in it."""
    there, ran = tmp_path / "unpacked", tmp_path / "ran"
    there.mkdir()
    git(there, "init", "-q")
    (there / ".gitattributes").write_text("* filter=evil\n")
    (there / "a.txt").write_text("a")
    git(there, "add", ".")
    git(there, "commit", "-qm", "first")
    (there / "a.txt").write_text("b")
    (there / "git").write_text(f"#!/bin/sh\necho git >> {ran}\n")
    (there / "git").chmod(0o755)
    monkeypatch.chdir(there)
    monkeypatch.setenv("PATH", f".:{os.environ['PATH']}")
    git(there, "config", "core.fsmonitor", f"echo fsmonitor >> {ran}; false")
    state = provenance.project_state()
    assert state is not None and state.dirty
    for key in ("clean", "process"):
        git(there, "config", f"filter.evil.{key}", f"echo {key} >> {ran}; cat")
        assert provenance.project_state() is None
        git(there, "config", "--unset", f"filter.evil.{key}")
    (there / "own").write_text(f'[filter "evil"]\nclean = echo included >> {ran}; cat\n')
    git(there, "config", "include.path", str(there / "own"))
    assert provenance.project_state() is None
    assert not ran.exists()


def test_the_machine() -> None:
    machine = provenance.machine()
    assert machine.cores >= 1
    assert machine.memory_bytes > 1 << 20
    assert machine.cpu
    assert machine.system.count(" ") == 2


def test_versions() -> None:
    found = distributions.versions(["pytest>=8", "no-such-distribution-1a2b", "pytest[x] ; y"])
    assert found == {"pytest": pytest.__version__}


@pytest.mark.parametrize(
    ("requirement", "name"),
    [
        ("spacy>=3.8,<3.9", "spacy"),
        ("nlp-harness[spacy]==0.1", "nlp-harness"),
        (" a.b_c ; python_version > '3'", "a.b_c"),
        ("x @ https://example.org/x.whl", "x"),
    ],
)
def test_requirement_names(requirement: str, name: str) -> None:
    assert distributions.requirement_name(requirement) == name


def test_the_checkout_is_found() -> None:
    root = Path(__file__).parent.parent
    if not (root / ".git").exists():
        pytest.skip("this is no checkout")
    state = provenance.git_state()
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=True
    )
    assert state is not None
    assert state.commit == head.stdout.strip()
