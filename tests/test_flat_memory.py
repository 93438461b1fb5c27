"""Documents stream through: four times as many take no more memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.scale import measure, write_documents

pytestmark = [pytest.mark.processes]


def test_predicting_takes_no_more_memory_for_more_documents(tmp_path: Path) -> None:
    """In MiB, of the parent; 10,000 documents are beyond all that is kept in memory of each."""
    taken = []
    for number in (10_000, 40_000):
        folder = tmp_path / str(number)
        folder.mkdir()
        write_documents(folder / "docs.jsonl", number)
        command = ["predict", "empty", "--docs", "docs.jsonl", "--out", "p.jsonl", "--task", "ner"]
        memory, _, _ = measure([*command, "--quiet"], folder)
        taken.append(memory)
    few, many = taken
    assert many < 1.1 * few, taken
