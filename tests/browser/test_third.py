"""The page of a task that somebody else installs, whose items have no place in the text."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from browsing import VIEWS, opened, places_of_figures, show

ROOT = Path(__file__).parent.parent.parent
THIRD = ROOT / "tests" / "third"

PROGRAM = """
from harness.cli.main import main
from harness.formats import jsonl
from harness.gold.loading import load_goldset
from harness.results.save import write_run
from harness.results.scored import score_records
gold = load_goldset("news.jsonl")
write_run("run", [score_records("some", gold, list(jsonl.read("some.jsonl")), "topics")], [gold])
main(["report", "run", "--html", "page.html"])
"""


@pytest.fixture
def topics(tmp_path: Path) -> Path:
    """The page of a run over twelve documents, made where the task is installed."""
    for name, said in (("news", ["sport", "rain"]), ("some", ["sport", "money"])):
        lines = [
            json.dumps({"id": f"d{at}", "text": f"Text {at}.", "topics": said[: 1 + at % 2]})
            for at in range(12)
        ]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(THIRD), str(ROOT)))},
        check=True,
    )
    return tmp_path / "page.html"


@pytest.mark.processes
def test_a_task_without_places_in_the_text(topics: Path, browser: Any) -> None:
    with opened(browser, topics) as page:
        for view in VIEWS:
            show(page, 0, view)
            for place in places_of_figures(page):
                assert page.locator(f'[data-figure="{place}"] canvas').count() == 1
        show(page, 0, "texts")
        assert page.locator("#p0 .outline button").count() == 12
        assert page.locator("#p0 .text").inner_text() == "Text 0."
        assert "topic" in page.locator("#p0-types table").first.inner_text()
        assert page.get_by_text("tells no classes of errors apart").count() == 1
        page.keyboard.press("j")
        page.wait_for_selector("#p0 .entries [aria-current]")
        said = page.locator("#p0 .entries button").all_inner_texts()
        assert [" ".join(one.split()) for one in said] == [
            "spurious some predicted: money",
            "missed some gold: rain",
        ]
        assert page.locator("#p0 .reading h3").inner_text() == "d1"
        show(page, 0, "types")
        page.locator("#p0-types td button[data-show]").first.click()
        page.wait_for_selector("#sheet[open] .mentions li")
        assert page.locator("#sheet .context").first.inner_text() == "Text 1.", "errors come first"
