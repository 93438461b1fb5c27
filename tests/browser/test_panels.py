"""Tabs, keys, tables, and the lists of mentions behind their cells and behind figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browsing import VIEWS, marks_of, opened, places_of_figures, show

CELLS = """() => [...document.querySelectorAll("td button[data-show]")].map((cell, at) => ({
  at, show: JSON.parse(cell.dataset.show), text: cell.textContent,
  panel: Number(cell.closest("[data-panel]").dataset.panel) }))"""
COUNTS = """async (cells) => Promise.all(cells.map(async ({ panel, show }) => {
  const documents = await Documents.of(panel);
  let sum = 0;
  for (let place = 0; place < documents.size; place++) {
    const { entries } = await documents.body(place);
    sum += entries.filter((entry) => fits(entry, show, documents.index)).length;
  }
  return sum;
}))"""


LABELS = """panels => Promise.all([...Array(panels).keys()].map(async (panel) =>
  (await Documents.of(panel)).index.labels))"""


def listed_of(mark: dict[str, Any], labels: list[str]) -> bool:
    """Whether a click on a mark lists anything: parts that are no label do not."""
    return "key" not in mark["datum"] or mark["datum"]["key"] in labels


def number_in(text: str) -> int:
    return int(text.replace(",", ""))


@pytest.mark.parametrize("which", ["made", "stored"])
def test_cells_list_as_many_mentions_as_they_say(
    which: str, browser: Any, request: pytest.FixtureRequest
) -> None:
    with opened(browser, request.getfixturevalue(which)) as page:
        cells = page.evaluate(CELLS)
        counted = [c for c in cells if c["show"].keys() & {"class", "side", "gold"}]
        assert len(counted) > 100
        kinds: dict[tuple[int, str], Any] = {}
        for cell, number in zip(counted, page.evaluate(COUNTS, counted), strict=True):
            assert number == number_in(cell["text"]), cell
            kind = next(name for name in ("class", "side", "gold") if name in cell["show"])
            kinds[cell["panel"], kind] = cell
        assert {kind for _, kind in kinds} == {"class", "side", "gold"}
        for (panel, _), cell in kinds.items():
            show(page, panel, "errors" if "side" not in cell["show"] else "types")
            page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
            page.locator("td button[data-show]").nth(cell["at"]).click()
            page.wait_for_selector("#sheet[open] .note:has-text(' of ')")
            said = page.locator("#sheet-body > .note").first.inner_text()
            assert number_in(said.split(" of ")[1].split(" ")[0]) == number_in(cell["text"]), cell
            page.keyboard.press("Escape")


REASONS = """panel => all(`#p${panel}-why button[data-show]`).map((one) => ({
  panel, show: JSON.parse(one.dataset.show), text: one.textContent }))"""
NO_LISTS = ('"slice":"x"', '"slice":"[[1,2]]"', '"slice":"[3]"', '"at":"{}"', '"at":"[[],7]"')


def test_why_lists_slices_and_examples(stored: Path, browser: Any) -> None:
    with opened(browser, stored) as page:
        asked = page.evaluate(REASONS, 1)
        counts = page.evaluate(COUNTS, asked)
        assert min(counts) > 0
        weak = [
            (int(one["text"].split()[1]), count)
            for one, count in zip(asked, counts, strict=True)
            if "of" in one["show"]
        ]
        assert len(weak) > 10 and all(said == count for said, count in weak)
        # A row of a slice lists all backends, of whose gold each has its support.
        rows = [
            dict(one, show={**one["show"], "of": "gold"})
            for one in asked
            if one["show"].keys() == {"slice"}
        ]
        slices = page.get_by_role("region", name="Every slice of every backend")
        show(page, 1, "why")
        support = slices.locator("tbody td:nth-child(2)")
        backends = page.locator("#p1-why table").first.locator("thead th").count() - 1
        assert page.evaluate(COUNTS, rows) == [
            backends * number_in(text) for text in support.all_inner_texts()
        ]
        page.locator("#p1-why p button[data-show]").first.click()
        page.wait_for_selector("#sheet[open] .mentions li")
        assert f"{weak[0][0]} of {weak[0][0]} in" in page.locator("#sheet-body").inner_text()
        page.locator(".mentions .link").first.click()
        page.wait_for_selector("#p1-texts .entries [aria-current]")
    for show_nothing in NO_LISTS:
        with opened(browser, stored, f"#view=why&show={{{show_nothing}}}") as page:
            page.wait_for_selector("#sheet[open] .note:has-text('0 of 0')")


def test_sheet(made: Path, browser: Any) -> None:
    with opened(browser, made) as page:
        show(page, 0, "errors")
        button = page.locator("#p0-errors td button[data-show]").first
        number = number_in(button.inner_text())
        assert number > 60
        button.click()
        page.wait_for_selector("#sheet[open] .mentions li")
        title = page.locator("#sheet-title").inner_text()
        assert title == "process:system 0 · correct"
        assert page.locator(".mentions li").count() == 60
        while page.get_by_role("button", name="More").count():
            page.get_by_role("button", name="More").click()
        assert page.locator(".mentions li").count() == number
        first = page.locator(".mentions li").first
        quoted = first.locator("mark").inner_text()
        first.locator("button.link").click()
        page.wait_for_selector("#p0-texts .entries [aria-current]")
        assert not page.evaluate("byId('sheet').open")
        assert page.locator("#p0-texts .selected").first.inner_text() == quoted
        page.go_back()
        page.wait_for_selector("#sheet[open]")
        page.keyboard.press("Escape")
        page.wait_for_url(lambda url: "show" not in url)
        assert not page.evaluate("byId('sheet').open")


@pytest.mark.parametrize("which", ["made", "stored"])
def test_figures_are_drawn_and_their_marks_open(
    which: str, browser: Any, request: pytest.FixtureRequest
) -> None:
    scale = {"made": 1, "stored": 2}[which]
    with opened(browser, request.getfixturevalue(which), device_scale_factor=scale) as page:
        panels = page.locator("section.panel").count()
        labels = page.evaluate(LABELS, panels)
        clicked = set()
        for panel in range(panels):
            for view in VIEWS:
                show(page, panel, view)
                for place in places_of_figures(page):
                    canvas = page.locator(f'[data-figure="{place}"] canvas')
                    drawn = canvas.evaluate("(one) => [one.width, one.clientWidth]")
                    assert drawn[0] == pytest.approx(scale * drawn[1], abs=scale)
                    kind = place.rpartition("-")[0]
                    marks = marks_of(page, place)
                    if kind in clicked or not marks:
                        continue
                    mark = next((one for one in marks if listed_of(one, labels[panel])), None)
                    if mark is None:
                        continue
                    clicked.add(kind)
                    page.mouse.click(mark["x"], mark["y"])
                    page.wait_for_selector("#sheet[open] .note:has-text(' of ')")
                    title = page.locator("#sheet-title").inner_text()
                    assert mark["datum"]["name"] in title
                    counted = mark["datum"].get("count")
                    said = page.locator("#sheet-body > .note").first.inner_text()
                    number = number_in(said.split(" of ")[1].split(" ")[0])
                    assert number == counted if counted is not None else number > 0, title
                    page.keyboard.press("Escape")
        assert len(clicked) >= 3 * panels - 2


SORTED = """(table) => [...table.tHead.rows[0].cells].flatMap((head, column) => {
  const numeric = head.classList.contains("n");
  const texts = () => [...table.tBodies[0].rows].map((row) => row.cells[column].textContent.trim());
  const step = () => { head.querySelector("button").click();
    return [head.getAttribute("aria-sort"), texts()]; };
  return [{ numeric, steps: [step(), step()] }];
})"""


def _value(text: str) -> float | None:
    text = text.replace(",", "").lstrip("~<≥ [+").replace("−", "-")
    head = text.split()[0].rstrip("],%") if text.split() else ""
    try:
        return float(head)
    except ValueError:
        return None


@pytest.mark.parametrize("which", ["made", "stored"])
def test_every_column_sorts_both_ways_with_unknown_last(
    which: str, browser: Any, request: pytest.FixtureRequest
) -> None:
    with opened(browser, request.getfixturevalue(which)) as page:
        tables = page.locator("table[data-sort]")
        assert tables.count() > 8
        seen = set()
        for at in range(tables.count()):
            for column in tables.nth(at).evaluate(SORTED):
                every = column["steps"][0][1]
                numbers = [_value(text) is not None for text in every if text not in ("–", "")]
                assert not (numbers and all(numbers)) or column["numeric"], every
                for way, texts in column["steps"]:
                    seen.add((column["numeric"], way))
                    if not column["numeric"]:
                        assert sorted(texts) == sorted(column["steps"][0][1])
                        continue
                    values = [_value(text) for text in texts]
                    known = [one for one in values if one is not None]
                    assert values[: len(known)] == known, texts
                    assert known == sorted(known, reverse=way == "descending"), texts
                if not column["numeric"]:
                    up, down = (
                        dict(map(reversed, enumerate(texts)))  # type: ignore[arg-type]
                        for _, texts in column["steps"]
                    )
                    assert sorted(up) == sorted(down)
        assert len(seen) == 4


def test_rows_are_filtered(stored: Path, browser: Any) -> None:
    with opened(browser, stored) as page:
        show(page, 0, "types")
        page.locator("#p0-types .filter").first.fill("or")
        rows = page.locator("#p0-types table").first.locator("tbody tr:visible")
        shown = [text.lower() for text in rows.all_inner_texts()]
        assert shown and all("or" in text for text in shown)
        assert page.locator("#p0-types .filter-line .note").first.inner_text().strip() == (
            f"{len(shown)} of {page.locator('#p0-types table').first.locator('tbody tr').count()}"
        )


def test_tabs_and_keys(made: Path, browser: Any) -> None:
    with opened(browser, made) as page:

        def at() -> tuple[str, str]:
            return (
                page.locator(".panel.open").get_attribute("id"),
                page.locator(".panel.open .view.open").get_attribute("data-view"),
            )

        assert at() == ("p0", "overview")
        page.locator("#tab1").click()
        assert at() == ("p1", "overview")
        page.keyboard.press("ArrowLeft")
        assert at() == ("p0", "overview")
        page.keyboard.press("End")
        assert at() == ("p1", "overview")
        page.locator("#p1-tab-types").click()
        page.keyboard.press("ArrowRight")
        assert at() == ("p1", "errors")
        page.keyboard.press("Home")
        assert at() == ("p1", "overview")
        for key, view in enumerate(VIEWS, 1):
            page.keyboard.press(str(key))
            assert at() == ("p1", view)
        page.keyboard.press("4")
        page.keyboard.press("?")
        assert page.locator("#sheet-title").inner_text() == "Keys"
        page.keyboard.press("2")
        assert at() == ("p1", "texts"), "a key goes to the open sheet alone"
        page.keyboard.press("Escape")
        assert not page.evaluate("byId('sheet').open")
        assert page.locator("#p1 [role=tab][aria-selected=true]").get_attribute("tabindex") == "0"
        assert page.locator("#p1 [role=tab][tabindex='-1']").count() == len(VIEWS) - 1
        page.wait_for_selector("#p1 .outline button[aria-current]")
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.name") == "q"
        page.keyboard.press("2")
        assert at() == ("p1", "texts"), "in a box a digit is text"
        policy = page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
        assert "default-src 'none'" in policy and "unsafe" not in policy
