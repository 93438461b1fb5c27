"""Running the command line in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.cli.main import main

DATA = Path(__file__).parent.parent / "data" / "score"


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str


@pytest.fixture
def harness(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run a command; a traceback fails the test by itself, for nothing is caught here."""

    def call(*arguments: str | Path) -> Outcome:
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return call


@pytest.fixture
def gold() -> Path:
    return DATA / "gold.jsonl"


@pytest.fixture
def pred() -> Path:
    return DATA / "pred.jsonl"
