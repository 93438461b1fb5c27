"""What goes wrong or overtakes in a page: the reader is told, and the next step works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from browsing import opened, show

# One document's body waits until it is let through.
GATE = """([panel, held]) => {
  const { documents } = views.get(panel);
  const body = documents.body.bind(documents);
  const gate = new Promise((resolve) => { window.letThrough = resolve; });
  documents.body = async (at) => { if (at === held) await gate; return body(at); };
}"""
FAIL_ONCE = """name => {
  const real = window[name];
  window[name] = async () => { window[name] = real; throw new Error("it broke"); };
}"""


def shown(page: Any) -> list[Any]:
    """The document that is drawn, that of the address, and the entry that is chosen."""
    page.wait_for_timeout(60)
    found: list[Any] = page.evaluate(
        """() => [document.querySelector("#p0 .reading h3").textContent, readAddress().doc,
          document.querySelector("#p0 .entries [aria-current]")?.dataset.entry ?? null]"""
    )
    return found


def test_the_document_that_was_asked_for_last_is_shown(made: Path, browser: Any) -> None:
    with opened(browser, made, "#view=texts") as page:
        page.wait_for_selector("#p0 .outline [aria-current]")
        buttons = page.locator("#p0 .outline button")
        names = buttons.locator(".name").all_inner_texts()
        page.evaluate(GATE, [0, 3])
        buttons.nth(3).click()
        buttons.nth(1).click()
        assert shown(page) == [names[1], names[1], None]
        page.evaluate("letThrough()")
        assert shown(page) == [names[1], names[1], None], "the slow one came late"
        # A step into a slow document, and a click meanwhile.
        page.evaluate(GATE, [0, 2])
        page.evaluate("""() => { const view = views.get(0); view.at = view.entries.length;
          window.stepped = view.step(1); }""")
        buttons.nth(5).click()
        page.evaluate("letThrough()")
        page.evaluate("stepped")
        assert shown(page) == [names[5], names[5], None]
        # Keys that come faster than documents lose nothing.
        page.evaluate("for (const key of 'nnn') textKey(key)")
        page.evaluate("views.get(0).stepping.then(() => opening)")
        assert shown(page)[:2] == [names[8], names[8]]
        # Whoever went elsewhere stays there.
        page.evaluate(GATE, [0, 9])
        page.evaluate("textKey('n')")
        page.wait_for_timeout(30)
        page.keyboard.press("1")
        address = page.evaluate("location.hash")
        page.evaluate("letThrough()")
        assert shown(page)[0] == names[8] and page.evaluate("location.hash") == address


def test_what_fails_is_said_and_tried_again(made: Path, browser: Any) -> None:
    with opened(browser, made) as page:
        trouble = page.locator("#trouble")
        page.evaluate(FAIL_ONCE, "unpack")
        page.keyboard.press("4")
        trouble.wait_for(state="visible")
        assert trouble.inner_text() == "This cannot be shown: it broke"
        page.keyboard.press("1")
        assert not trouble.is_visible()
        page.keyboard.press("4")
        page.wait_for_selector("#p0 .piece")
        page.evaluate("views.get(0).documents.blocks.clear()")
        page.evaluate("views.get(0).at = views.get(0).entries.length")
        page.evaluate(FAIL_ONCE, "unpack")
        page.keyboard.press("j")
        trouble.wait_for(state="visible")
        page.keyboard.press("j")
        page.wait_for_selector("#p0 .entries [aria-current]")
        # In an open list the sentence stands in the list.
        show(page, 0, "errors")
        page.evaluate("views.get(0).documents.blocks.clear()")
        page.evaluate(FAIL_ONCE, "unpack")
        page.locator("#p0-errors td button[data-show]").first.click()
        page.locator("#sheet #trouble").wait_for(state="visible")
        page.keyboard.press("Escape")
        page.locator("#p0-errors td button[data-show]").first.click()
        page.wait_for_selector("#sheet .mentions li")
        assert not trouble.is_visible()
    with opened(browser, made) as page:
        page.evaluate("window.DecompressionStream = undefined")
        page.keyboard.press("4")
        page.locator("#trouble").wait_for(state="visible")
        assert "this browser cannot unpack the texts" in page.locator("#trouble").inner_text()
    with opened(browser, made) as page:
        page.evaluate("byId('p0-block0').textContent = 'AAAA'")
        page.keyboard.press("4")
        page.locator("#trouble").wait_for(state="visible")
        assert "p0-block0 of this page is damaged" in page.locator("#trouble").inner_text()


def test_an_address_in_another_spelling_is_no_step(made: Path, browser: Any) -> None:
    with opened(browser, made, "#view=errors&panel=0") as page:
        before = page.evaluate("history.length")
        asked = "#view=errors&panel=0&show=%7B%20%22backend%22:%22process:system%200%22%7D"
        page.evaluate("asked => { location.hash = asked; }", asked)
        for _ in range(2):
            page.wait_for_selector("#sheet[open] .mentions li")
            assert page.evaluate("[location.hash, history.length]") == [asked, before + 1]
            page.go_back()
            page.wait_for_selector("#sheet:not([open])", state="attached")
            page.wait_for_timeout(50)
            assert page.evaluate("[location.hash, history.length]") == [
                "#view=errors&panel=0",
                before + 1,
            ]
            page.go_forward()
        page.wait_for_selector("#sheet[open] .mentions li")


def test_a_list_that_nobody_waits_for_stops(made: Path, browser: Any) -> None:
    with opened(browser, made, "#view=errors") as page:
        page.evaluate(
            """() => { window.asked = 0; const body = Documents.prototype.body;
              Documents.prototype.body = async function (at) { window.asked += 1;
                await new Promise((next) => setTimeout(next, 40));
                return body.call(this, at); }; }"""
        )
        cells = page.locator("#p0-errors td button[data-show]")
        cells.first.click()
        page.wait_for_selector("#sheet[open]")
        page.keyboard.press("Escape")
        page.wait_for_timeout(60)
        asked = page.evaluate("asked")
        page.wait_for_timeout(150)
        assert page.evaluate("asked") == asked < 30
        cells.nth(1).click()
        page.wait_for_selector("#sheet[open] .mentions li")
        assert page.evaluate("asked") == asked + 30


def test_parts_are_counted_in_code_points(made: Path, browser: Any) -> None:
    with opened(browser, made) as page:
        for text in ("", "plain é", "a😀b\U0001f600c", "😀" * 3):
            for start in range(len(text) + 1):
                for end in range(start, len(text) + 1):
                    said = page.evaluate(
                        "([t, from, to]) => partOf({ t }, from, to)", [text, start, end]
                    )
                    assert said == text[start:end]


def test_lists_of_any_length(made: Path, browser: Any) -> None:
    """More than an engine takes as arguments of a call."""
    with opened(browser, made) as page:
        found = page.evaluate(
            """() => {
              const many = 70_000;
              const spans = Array.from({ length: many }, (_, at) =>
                ({ start: 2 * at, end: 2 * at + 1 }));
              const item = { label: "X", spans, facts: {} };
              const body = { t: "x".repeat(2 * many), length: 2 * many, gold: [item], entries: [] };
              const marks = marksOf(body, [], new Set(), () => 0);
              const node = make("div");
              return [startOf(item), endOf(item), drawPieces(node, body, marks, 1).length,
                node.childNodes.length];
            }"""
        )
        assert found == [0, 139_999, 70_000, 140_000]
