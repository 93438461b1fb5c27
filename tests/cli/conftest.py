"""Running the command line in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.cli.main import UNFORESEEN, main

DATA = Path(__file__).parent.parent / "data" / "score"


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str


@pytest.fixture
def harness(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run a command; an unforeseen error fails the test."""

    def call(*arguments: str | Path) -> Outcome:
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert status != UNFORESEEN, captured.err
        return Outcome(status, captured.out, captured.err)

    return call


@pytest.fixture
def gold() -> Path:
    return DATA / "gold.jsonl"


@pytest.fixture
def pred() -> Path:
    return DATA / "pred.jsonl"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with tokens, gold tags and predicted tags in three columns."""
    monkeypatch.chdir(tmp_path)
    rows = ("Ada B-PER B-PER", "Roe I-PER O", "met O O", "NATO B-ORG B-ORG", "", "Oslo B-LOC B-ORG")
    (tmp_path / "x.conll").write_text("\n".join([*rows, "", ""]))
    return tmp_path
