"""One browser for each worker while it is in this folder, and one page file of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import started
from page_runs import page_of, two_tasks

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    with started() as one:
        yield one


@pytest.fixture(scope="package")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Names and quotations, by three backends."""
    return two_tasks(tmp_path_factory.mktemp("two"))


@pytest.fixture(scope="package")
def made(run: Path) -> Path:
    """The page of `run`."""
    return page_of([run], run.parent / "page.html")


@pytest.fixture(scope="package")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the committed record."""
    return page_of([ROOT / "results"], tmp_path_factory.mktemp("stored") / "page.html")
