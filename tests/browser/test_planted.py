"""Markup in texts, ids, labels and names stays text wherever a page shows it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browsing import VIEWS, grave, marks_of, opened, places_of_figures, show
from page_runs import answered, page_of

from harness.annotation import Annotations, Attribution, Entity, Record, Span
from harness.cli.main import main
from harness.decide.history.file import add_lines
from harness.decide.history.line import lines_of, with_id
from harness.formats import jsonl
from harness.gold.goldset import GoldSet
from harness.gold.loading import load_goldset
from harness.results.load import read_run

PLANTED = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'`${alert(3)}\u2028\u202e"
    "javascript:alert(4) <a href='javascript:alert(5)'>x</a> {{ 7*7 }} &lt;b&gt;"
)
NAME = "<img src=x onerror=alert(6)>"
MARK = "<img src=x onerror=alert("


def _gold(folder: Path, number: int) -> tuple[GoldSet, list[Record]]:
    """A set whose name, ids, labels, texts and speakers are planted."""
    place = folder / f"gold{number}"
    place.mkdir()
    text = f"{PLANTED} said {PLANTED}."
    half = len(PLANTED)
    records = []
    for at in range(12):
        entities = (Entity(0, half, PLANTED), Entity(half + 1, half + 5, "PER"))
        items = Attribution(
            (Span(0, half),), Span(half + 6, 2 * half + 6), Span(half + 1, half + 5), None, PLANTED
        )
        said = {f"key {PLANTED}": f"value {PLANTED}" if at else "plain"}
        layers = Annotations(entities, (items,))
        records.append(Record(f"{number}{at} {PLANTED}", text, layers, metadata=said))
    jsonl.write(place / "gold.jsonl", records)
    name = json.dumps(f"set {number} {PLANTED}")
    card = f'name = {name}\nversion = "1"\ntasks = ["ner", "attribution"]\ndata = "gold.jsonl"\n'
    (place / "goldset.toml").write_text(card, "utf-8")
    return load_goldset(place), records


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two runs, in folders with planted names."""
    folder = tmp_path_factory.mktemp("planted")
    runs = []
    for number in range(2):
        place = folder / f"{number} {NAME}"
        place.mkdir()
        goldset, records = _gold(place, number)
        worse = [
            Record(
                one.id,
                None,
                Annotations(
                    tuple(e._replace(label="PER") for e in one.annotations.entities or ()),
                    () if at % 2 else one.annotations.attributions,
                ),
            )
            for at, one in enumerate(records)
        ]
        run = answered(place, [goldset], {f"good {PLANTED}": records, f"bad {PLANTED}": worse})
        runs.append(run.rename(place / f"run {number} {NAME}"))
    return runs


@pytest.fixture(scope="module")
def planted(runs: list[Path]) -> Path:
    """The page of both."""
    return page_of(runs, runs[0].parent.parent / f"{NAME}.html")


TAKEN_AS_MARKUP = """() => [
  ...document.querySelectorAll("img, a[href^=javascript], iframe, object, embed, body script"),
  ...[...document.querySelectorAll("*")].filter((one) =>
    [...one.attributes].some((attribute) => attribute.name.startsWith("on"))),
].filter((one) => !["application/json", "application/octet-stream"].includes(one.type))
  .map((one) => one.outerHTML.slice(0, 80))"""


def test_markup_stays_text(planted: Path, browser: Any) -> None:
    with opened(browser, planted) as page:
        (own,) = page.evaluate(TAKEN_AS_MARKUP)
        assert own.startswith("<script>") and "alert" not in own

        def shows(selector: str, text: str = MARK) -> None:
            page.wait_for_selector(selector)
            said = page.locator(selector).first.text_content()
            assert text in said, (selector, said)
            assert "\u202e" not in said, selector
            assert page.evaluate(TAKEN_AS_MARKUP) == [own]

        panels = page.locator("section.panel").count()
        assert panels == 4
        shows("#tab0")
        for panel in range(panels):
            for view in VIEWS:
                show(page, panel, view)
                assert page.evaluate(TAKEN_AS_MARKUP) == [own]
                for place in places_of_figures(page):
                    for mark in marks_of(page, place)[:1]:
                        if "confusion" in place:  # its tip has labels: PER here
                            continue
                        page.mouse.move(mark["x"], mark["y"])
                        shows("#tip:not([hidden])", "</script><")  # figures shorten names
                    page.mouse.move(1, 1)
        for selector in (".verdict", "#p0-overview table", ".facts", ".panel-title"):
            show(page, 0, "overview")
            shows(f"#p0 {selector}")
        show(page, 0, "types")
        shows("#p0-types tbody th")
        show(page, 0, "errors")
        shows("#p0-errors tbody th")
        show(page, 0, "why")
        for selector in (".reason strong", "thead th:nth-child(2)", "tbody th:has-text('type')"):
            shows(f"#p0-why {selector}")
        whole = page.get_by_role("region", name="Every slice of every backend")
        slices = whole.locator("tbody th button")
        (kept,) = [one for one in slices.all_text_contents() if one.startswith("key ")]
        assert kept.count(MARK) == 2, "the key of metadata and its value"
        slices.filter(has_text="key ").click()
        shows("#sheet[open] #sheet-title")
        assert "44 of 44" in page.locator("#sheet-body > .note").first.inner_text()
        page.keyboard.press("Escape")
        show(page, 0, "errors")
        page.locator("#p0-errors td button[data-show]:not(:text-is('0'))").first.click()
        for selector in (
            "#sheet-title",
            ".mentions .link",
            ".mentions .context",
            ".mentions .note",
        ):
            shows(f"#sheet[open] {selector}")
        page.locator(".mentions .link").first.click()
        page.wait_for_selector("#p0-texts .entries [aria-current]")
        for selector in (".outline .name", ".check", ".tracks", ".text", ".entries", ".reading h3"):
            shows(f"#p0 {selector}")
        assert MARK in page.locator("#p0 select option").nth(1).text_content()
        page.locator("#p0 .piece").first.hover()
        shows("#tip:not([hidden])")
        show(page, 1, "texts")
        page.keyboard.press("j")
        page.wait_for_selector("#p1 .entries [aria-current]")
        shows("#p1 svg.arrows text")
        page.locator("#p1 input[name=q]").fill("<img src=x")
        page.wait_for_timeout(400)
        address = page.evaluate("location.hash")
        assert page.evaluate(TAKEN_AS_MARKUP) == [own]
    with opened(browser, planted, address) as page:
        page.wait_for_selector("#p1 .outline button")
        assert page.locator("#p1 input[name=q]").input_value() == "<img src=x"
        assert page.evaluate(TAKEN_AS_MARKUP) == [own]


def _compared(run: Path, file: Path) -> None:
    assert main(["compare", str(run), "--html", str(file)]) == 0


def _told(run: Path, file: Path) -> None:
    """A history of the run and of the same a day later."""
    lines = lines_of(read_run(run))
    later = [with_id(replace(one, started="2031-01-01T00:00:00+00:00")) for one in lines]
    history = file.with_suffix(".jsonl")
    add_lines(history, [*lines, *later])
    assert main(["history", "show", str(history), "--html", str(file)]) == 0


@pytest.mark.parametrize(
    ("write", "keys"),
    [(_compared, ["← →", "Esc", "?"]), (_told, ["Esc", "?"])],
    ids=["compare", "history"],
)
def test_pages_without_texts(
    write: Callable[[Path, Path], None],
    keys: list[str],
    runs: list[Path],
    tmp_path: Path,
    browser: Any,
) -> None:
    """Figures are drawn, markup stays text, and no key of the texts is there or does anything."""
    pytest.importorskip("axe_playwright_python")
    file = tmp_path / f"{NAME}.html"
    write(runs[0], file)
    with opened(browser, file, color_scheme="light", bypass_csp=True) as page:
        (own,) = page.evaluate(TAKEN_AS_MARKUP)
        assert own.startswith("<script>") and "alert" not in own
        page.evaluate("all('[data-figure]').forEach(draw)")
        figures = page.locator(".panel.open [data-figure], main > .charts [data-figure]")
        assert figures.count() >= 1 and figures.count() == figures.locator("canvas").count()
        assert MARK in page.locator("table").first.inner_text()
        assert MARK in page.locator("figcaption").first.inner_text()
        assert page.evaluate(TAKEN_AS_MARKUP) == [own]
        assert grave(page) == []
        address, steps = page.evaluate("[location.hash, history.length]")
        for key in "12345jknp/":
            page.keyboard.press(key)
        for mark in marks_of(page, figures.first.get_attribute("data-figure"))[:1]:
            page.mouse.click(mark["x"], mark["y"])
        assert not page.evaluate("byId('sheet').open"), "there are no mentions to list"
        assert page.evaluate("[location.hash, history.length]") == [address, steps]
        page.keyboard.press("?")
        assert page.locator("#sheet kbd").all_inner_texts() == keys
        assert grave(page) == []
    with opened(browser, file, "#show=%7B%22backend%22%3A%22x%22%7D&view=texts") as page:
        assert not page.evaluate("byId('sheet').open")
