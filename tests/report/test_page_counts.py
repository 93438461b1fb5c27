"""What a page lists is what the record counts: classes, found, missed and spurious, confusions."""

from __future__ import annotations

import json
import re
from collections import Counter
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from material import Material, material
from page_runs import answered, two_tasks
from pages import class_counts, panel_titles, unpacked_texts
from support import examples
from ways import clear

from harness.decide.ranking import rankings
from harness.errors import HarnessError
from harness.gold.loading import load_goldset
from harness.report.page.report import RankedRun, report_page
from harness.results.finder import GoldFinder
from harness.results.load import read_run
from harness.tasks.registry import task_named

ROOT = Path(__file__).parent.parent.parent

CELL = re.compile(r'data-show="([^"]*)">([^<]*)<')
PANEL = re.compile(r'<section class="panel"')


def listed(page: str, panel: int) -> Counter[tuple[str, str]]:
    """How many mentions a click of each kind lists, by what the button asks for: read as
    `mentions.js` does."""
    index, blocks = unpacked_texts(page, panel)
    labels = index["labels"]
    out: Counter[tuple[str, str]] = Counter()
    for document in (one for block in blocks for one in block):
        for name, row in zip(index["backends"], document["p"], strict=True):
            for error, at, said, right, *_ in row:
                gold = labels[document["g"][at][0]] if at >= 0 else None
                predicted = gold if said == 1 else labels[said[0]] if said else None
                out[name, f"class {index['classes'][error]}"] += 1
                out[name, f"pair {gold or '-'} {predicted or '-'}"] += 1
                if gold is not None:
                    out[name, f"{'found' if right else 'missed'} {gold}"] += 1
                if predicted is not None and not right:
                    out[name, f"spurious {predicted}"] += 1
    return out


def stated(html: str) -> dict[tuple[str, str], int]:
    """What the buttons of a panel say, by what they ask for."""
    out = {}
    for show, text in CELL.findall(html):
        asked: dict[str, str] = json.loads(unescape(show))
        if "class" in asked:
            key = f"class {asked['class']}"
        elif "side" in asked:
            key = f"{asked['side']} {asked['label']}"
        elif "gold" in asked:
            key = f"pair {asked['gold']} {asked['predicted']}"
        else:
            continue
        out[asked["backend"], key] = int(text.replace(",", ""))
    return out


def check_page(folder: Path) -> tuple[int, int]:
    """Compare the panels of a run's page with its record; how many panels and buttons it has."""
    record, where = read_run(folder)
    finder = GoldFinder()
    finder.learn(record, where)
    page, missing = report_page([RankedRun.of(record, where, finder)])
    ranked = list(rankings(record, where, finder))
    assert missing == [] and len(panel_titles(page)) == len(ranked)
    buttons = 0
    for number, (ranking, html) in enumerate(zip(ranked, PANEL.split(page)[1:], strict=True)):
        task = task_named(ranking.task.name)
        shown = class_counts(page, number)
        says = stated(html)
        counts = listed(page, number)
        buttons += len(says)
        assert says == {key: counts[key] for key in says}
        assert set(shown) == {one.name for one in ranking.real}
        for one in ranking.real:
            # Two ways: the sums of the record, and every mention that the page shows.
            of_record = Counter(dict(task.error_counts(one.total, one.options)))
            assert +of_record == shown[one.name]
            for name in of_record:
                assert says[one.name, f"class {name}"] == of_record[name]
    return len(ranked), buttons


def test_the_committed_record() -> None:
    panels, buttons = check_page(ROOT / "results")
    assert panels == 3 and buttons > 300


def test_two_tasks_by_three_backends(tmp_path: Path) -> None:
    panels, buttons = check_page(two_tasks(tmp_path))
    assert panels == 2 and buttons > 80


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=examples(40))
def test_random_answers(data: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    task = data.draw(st.sampled_from(("ner", "attribution")))
    one: Material = data.draw(material(task, carded=True))
    folder = clear(tmp_path_factory.getbasetemp() / "counted")
    gold, _ = one.write(folder)
    try:
        run = answered(folder, [load_goldset(gold)], {"some": list(one.answers.values())})
    except HarnessError:  # Labels that no schema knows; test_two_paths.py asks about these.
        return
    if any(result.signature for result in read_run(run)[0].results):
        check_page(run)
