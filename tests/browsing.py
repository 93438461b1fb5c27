"""A page in the Chromium of the system, and whatever it complains of or asks the network for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

__all__ = ["READY", "grave", "marks_of", "opened", "places_of_figures", "show", "started"]

READY = "html[data-ready]"
VIEWS = ("overview", "types", "errors", "texts", "why")

_INSIDE = ("file:", "data:", "blob:")

_MARKS = """place => {
  const view = drawn.get(place)?.view;
  if (!view) return [];
  const canvas = document.querySelector(`[data-figure="${place}"] canvas`);
  const box = canvas.getBoundingClientRect();
  const [left, top] = view.origin();
  const padding = view.padding();
  const out = [];
  const walk = (mark, x, y) => {
    for (const item of mark.items ?? []) {
      if (mark.marktype === "group") {
        for (const inner of item.items ?? []) walk(inner, x + (item.x ?? 0), y + (item.y ?? 0));
      } else if (item.datum?.name !== undefined) {
        const { x1, y1, x2, y2 } = item.bounds;
        out.push({ kind: mark.marktype, datum: JSON.parse(JSON.stringify(item.datum)),
          x: box.left + x + (x1 + x2) / 2, y: box.top + y + (y1 + y2) / 2 });
      }
    }
  };
  walk(view.scenegraph().root, left + padding.left, top + padding.top);
  return out;
}"""


@contextmanager
def started() -> Iterator[Any]:
    """A browser without a screen; the test is skipped where none is installed."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    with api.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Any, file: Path, address: str = "", **context: Any) -> Iterator[Any]:
    """The page of a file when it is ready; at the end it must have complained of nothing."""
    faults: list[str] = []
    context.setdefault("viewport", {"width": 1400, "height": 900})
    held = browser.new_context(**context)
    held.add_init_script(
        "window.unpackings = 0;"
        "window.DecompressionStream = class extends DecompressionStream {"
        "  constructor(...given) { super(...given); window.unpackings += 1; } };"
    )
    page = held.new_page()
    page.set_default_timeout(20_000)
    page.on("console", lambda said: faults.append(f"console: {said.type}: {said.text}"))
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (faults.append("dialog"), dialog.dismiss()))
    page.on(
        "request",
        lambda asked: (
            None if asked.url.startswith(_INSIDE) else faults.append(f"request: {asked.url}")
        ),
    )
    page.goto(file.as_uri() + address)
    page.wait_for_selector(READY, state="attached")
    try:
        yield page
    finally:
        held.close()
    assert faults == []


def show(page: Any, panel: int, view: str) -> None:
    """Open a view of a panel, with its figures drawn."""
    page.evaluate("([panel, view]) => go({ panel: String(panel), view })", [panel, view])
    if view == "texts":
        page.wait_for_selector(f"#p{panel} .entries, #p{panel}-texts > p")
    page.evaluate(
        "Promise.all([...document.querySelectorAll('.panel.open .view.open [data-figure]')]"
        ".map(draw)).then(() => null)"
    )


def places_of_figures(page: Any) -> list[str]:
    """Those in the open view."""
    places: list[str] = page.evaluate(
        "[...document.querySelectorAll('.panel.open .view.open [data-figure]')]"
        ".map((one) => one.dataset.figure)"
    )
    return places


def marks_of(page: Any, place: str) -> list[dict[str, Any]]:
    """The marks of a drawn figure that a click can be on: kind, datum, middle in the window."""
    page.locator(f'[data-figure="{place}"]').scroll_into_view_if_needed()
    found: list[dict[str, Any]] = page.evaluate(_MARKS, place)
    return found


def grave(page: Any) -> list[tuple[str, list[str]]]:
    """What axe calls serious or critical, with where it is."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        (one["id"], [node["html"][:100] for node in one["nodes"][:4]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
