"""docs/history.md, followed literally."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from md_blocks import SHELL, blocks
from test_docs_ci import follow
from test_examples_help import ROOT, copy_checkout

pytestmark = pytest.mark.processes

BLOCKS = blocks(ROOT / "docs" / "history.md")
MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d( [0-9a-f]{10}\+?)?"


def test_the_page_is_followed(tmp_path: Path) -> None:
    """Every block in order; the example ends as the page says, but for the moments."""
    folder = copy_checkout(tmp_path / "checkout")
    said = ""
    for language, text in BLOCKS:
        if language == "python":
            (folder / "names.py").write_text(text, "utf-8")
        elif language == SHELL:
            said = follow(text.splitlines(), folder)
    (expected,) = [text for language, text in BLOCKS if language == "text"]
    assert re.sub(MOMENT, "DATE", said).endswith(expected)
    assert (folder / ".gitattributes").read_text("utf-8") == "results/history.jsonl merge=union\n"
