"""Light and dark, wide and narrow, on paper, and what axe finds that bars people from a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browsing import VIEWS, grave, opened, show

WIDTHS = (380, 1400)

UNFOLD = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
WHITE = "rgb(255, 255, 255)"

OUTSIDE = """() => {
  const wide = document.documentElement.clientWidth;
  const scrolls = (node) => {
    for (let up = node.parentElement; up; up = up.parentElement) {
      if (getComputedStyle(up).overflowX !== "visible") return true;
    }
    return false;
  };
  return [...document.querySelectorAll("body *")].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.width && getComputedStyle(one).visibility !== "hidden" && !one.closest(".skip, #tip")
      && (box.right > wide + 1 || box.left < -1) && !scrolls(one);
  }).map((one) => one.outerHTML.slice(0, 90));
}"""
OVERLAPPING = """() => {
  const seen = [...document.querySelectorAll(
    ".panel.open .view.open"
    + " :is(h3, summary, .scroll, figure, .note, .hint, .verdict, fieldset, dl)")]
    .filter((one) => one.getBoundingClientRect().height
      && !one.closest(".outline-box, .side, .text"));
  const out = [];
  seen.forEach((one, at) => seen.slice(at + 1).forEach((other) => {
    if (one.contains(other) || other.contains(one)) return;
    const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
    const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (across > 2 && down > 2) out.push([one, other].map((two) => two.outerHTML.slice(0, 60)));
  }));
  return out;
}"""


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_sticks_out_or_overlaps(width: int, stored: Path, browser: Any) -> None:
    with opened(browser, stored, viewport={"width": width, "height": 800}) as page:
        for panel in range(page.locator("section.panel").count()):
            for view in VIEWS:
                show(page, panel, view)
                page.evaluate(
                    "document.querySelectorAll('details').forEach((d) => { d.open = true; })"
                )
                over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert over <= 0, (panel, view)
                assert page.evaluate(OUTSIDE) == [], (panel, view)
                assert page.evaluate(OVERLAPPING) == [], (panel, view)
                tab = page.locator(f"#p{panel}-tab-{view}")
                tab.scroll_into_view_if_needed()
                tab.click(trial=True)
        # What scrolls is the table, and its first column and its head stay.
        show(page, 0, "overview")
        moved = page.evaluate(
            """() => {
              const box = document.querySelector("#p0-overview .scroll");
              const first = box.querySelector("tbody tr > :first-child");
              const before = first.getBoundingClientRect().left;
              box.scrollLeft = 150;
              return [box.scrollLeft, first.getBoundingClientRect().left - before];
            }"""
        )
        assert abs(moved[1]) < 1
        assert (moved[0] > 100) == (width == WIDTHS[0])


def test_dark_by_the_system_and_by_the_button(made: Path, browser: Any) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    corner = """() => { const canvas = document.querySelector("#p0-types canvas");
      return [...canvas.getContext("2d").getImageData(1, 1, 1, 1).data].slice(0, 3); }"""
    seen = []
    for scheme in ("light", "dark"):
        with opened(browser, made, color_scheme=scheme) as page:
            show(page, 0, "types")
            seen.append((page.evaluate(ground), page.evaluate(corner)))
            page.locator("#theme").click()
            page.wait_for_timeout(400)
            seen.append((page.evaluate(ground), page.evaluate(corner)))
            page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
            page.wait_for_timeout(200)
            assert page.evaluate(ground) == seen[-1][0], "what was chosen stays"
    light, by_button, dark, back = seen
    assert light == back != dark == by_button
    assert light[0] == WHITE and light[1] == [255, 255, 255]


def test_paper_has_everything(made: Path, browser: Any) -> None:
    with opened(browser, made, color_scheme="dark") as page:
        show(page, 1, "texts")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        page.wait_for_timeout(600)
        for selector in (".panel", ".view", "table", "figure", "figure canvas", ".verdict"):
            every = page.locator(selector)
            assert every.count() > 1, selector
            assert every.count() == page.locator(f"{selector}:visible").count(), selector
        assert page.locator("figure").count() == page.locator("figure canvas").count()
        assert page.locator(".piece").count() > 3
        for selector in ("#panels", ".views", "#theme", ".filter", ".bar"):
            assert page.locator(f"{selector}:visible").count() == 0, selector
        cut = page.evaluate(
            """[...document.querySelectorAll(".scroll, .text, .side, .outline-box")].filter((one) =>
              one.scrollHeight > one.clientHeight + 2).map((one) => one.className)"""
        )
        assert cut == []
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == WHITE
        page.emulate_media(media="screen")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("details.fold[open]").count() == 0
        assert page.locator(".view:visible").count() == 1
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != WHITE


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_grave(scheme: str, browser: Any, request: pytest.FixtureRequest) -> None:
    pytest.importorskip("axe_playwright_python")
    places = [(0, view) for view in VIEWS]
    found = {}
    file, more = {"light": ("stored", (2, "texts")), "dark": ("made", (1, "texts"))}[scheme]
    file = request.getfixturevalue(file)
    with opened(browser, file, color_scheme=scheme, bypass_csp=True) as page:
        for panel, view in [*places, more]:
            show(page, panel, view)
            page.evaluate(UNFOLD)
            if view == "texts":
                page.locator(f"#p{panel} .entries button").first.click()
            found[panel, view] = grave(page)
        show(page, 0, "errors")
        page.locator("#p0-errors td button[data-show]").nth(1).click()
        page.wait_for_selector(".mentions li")
        found["sheet"] = grave(page)
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        found["keys"] = grave(page)
    assert {where: what for where, what in found.items() if what} == {}
