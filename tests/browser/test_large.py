"""A page of a thousand documents by five backends opens without unpacking them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browsing import opened
from page_runs import page_of
from synthetic import articles, gold, predict, run_folder, skilled


@pytest.mark.slow
def test_texts_are_unpacked_when_they_are_opened(
    tmp_path: Path, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Small p-values are drawn once, which is most of the time that writing takes.
    monkeypatch.setattr("harness.stats.permutation._MORE", 1)
    records = articles(1_000, seed=1, paragraphs=3, mentions=1)
    answers = {
        f"backend {number}": predict(records, skilled(0.95 - 0.1 * number, 0.1), seed=number)
        for number in range(5)
    }
    run = run_folder(tmp_path / "run", gold(tmp_path, records), answers)
    file = page_of([run], tmp_path / "page.html")
    assert file.stat().st_size < 15_000_000
    with opened(browser, file) as page:
        assert page.evaluate("unpackings") == 0
        page.keyboard.press("4")
        page.wait_for_selector("#p0 .piece")
        assert page.evaluate("unpackings") == 2, "the index, and the block of the first document"
        assert page.locator("#p0 .outline button").count() == 1_000
        page.locator("#p0 .outline button").nth(500).click()
        page.wait_for_selector("#p0 .outline li:nth-child(501) button[aria-current]")
        assert page.evaluate("unpackings") == 3
