"""Documents stream through: four times as many take no more memory, in MiB, of the parent.

10,000 are beyond all that is kept in memory of each; 40,000 are resampled in groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.scale import measure, write_documents

pytestmark = [pytest.mark.processes]


def test_predicting_takes_no_more_memory_for_more_documents(tmp_path: Path) -> None:
    command = ["predict", "empty", "--docs", "docs.jsonl", "--out", "p.jsonl", "--task", "ner"]
    few, many = _taken([*command, "--quiet"], tmp_path)
    assert many < 1.1 * few


def test_running_takes_no_more_memory_for_more_documents(tmp_path: Path) -> None:
    """With counts, intervals and tables."""
    command = ["run", "gazetteer", "--gold", "docs.jsonl", "--out", "out", "--batch-size", "64"]
    few, many = _taken([*command, "--jobs", "2", "--quiet"], tmp_path)
    assert many < 1.1 * few


def _taken(command: list[str], folder: Path) -> Iterator[float]:
    for number in (10_000, 40_000):
        place = folder / str(number)
        place.mkdir()
        write_documents(place / "docs.jsonl", number)
        memory, _, _ = measure(command, place)
        yield memory
