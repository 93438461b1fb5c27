"""The texts of a page: what is chosen and marked, how one gets about, what the address keeps."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import opened, show

from harness.results.load import from_run
from harness.results.scored import Scored
from harness.tasks.base import Outcome

Wanted = Callable[[str, Outcome], bool]


@pytest.fixture(scope="module")
def systems(run: Path) -> dict[str, list[Scored]]:
    """By task; in the page's order of backends."""
    found: dict[str, list[Scored]] = defaultdict(list)
    for one in from_run(run):
        found[one.task].append(one)
    return {task: sorted(them, key=lambda one: -(one.f1 or 0)) for task, them in found.items()}


def outcomes(systems: list[Scored]) -> Iterator[tuple[str, str, Outcome]]:
    """Document, backend and outcome of all."""
    for one in systems:
        for pair in one.pairs():
            for outcome in one.definition.outcomes(pair, one.options):
                yield pair.gold.id, one.name, outcome


def errors_by_document(systems: list[Scored], wanted: Wanted) -> dict[str, int]:
    """Documents with anything that is wanted, and how much of it is wrong."""
    found: dict[str, int] = {}
    for document, backend, outcome in outcomes(systems):
        if wanted(backend, outcome):
            found[document] = found.get(document, 0) + (outcome.error != "correct")
    return found


def disagreed(systems: list[Scored]) -> set[tuple[str, str, int]]:
    """Document, backend and place of the outcome, where all fail the same gold or give the same
    wrong answer."""
    wrong: dict[Any, set[str]] = defaultdict(set)
    keys: list[tuple[tuple[str, str, int], list[Any]]] = []
    places: dict[tuple[str, str], int] = defaultdict(int)
    task = systems[0].definition
    for document, backend, outcome in outcomes(systems):
        at = places[document, backend]
        places[document, backend] += 1
        if outcome.error == "correct":
            continue
        mine = []
        if outcome.gold is not None:
            mine.append((document, "gold", repr(outcome.gold)))
        if outcome.predicted is not None:
            label = task.label_of(task.mention(outcome.predicted)[2])
            spans = list(task.role_spans(outcome.predicted))
            mine.append((document, "said", label, repr(spans)))
        for key in mine:
            wrong[key].add(backend)
        keys.append(((document, backend, at), mine))
    return {where for where, mine in keys if any(len(wrong[k]) == len(systems) for k in mine)}


def outlined(page: Any, panel: int) -> dict[str, int]:
    """Documents of the outline with their numbers."""
    rows: list[list[str]] = page.evaluate(
        """panel => [...document.querySelectorAll(`#p${panel} .outline button`)].map((button) =>
          [".name", ".number"].map((part) => button.querySelector(part).textContent))""",
        panel,
    )
    return {name: int(number) for name, number in rows}


def settled(page: Any) -> None:
    """Wait until what was changed is shown: the box waits a moment for more."""
    page.wait_for_timeout(260)
    page.evaluate("views.get(Number(state.panel) || 0).filtered()")


def entries(page: Any) -> list[Any]:
    """Document, backend and place of everything that is wanted, over all documents."""
    found: list[Any] = page.evaluate(
        """async () => {
          const view = views.get(Number(state.panel) || 0);
          const out = [];
          for (let at = 0; at < view.documents.size; at++) {
            const body = await view.documents.body(at);
            for (const entry of view.wanted(body)) {
              const name = view.documents.index.backends[entry.backend];
              out.push([body.id, name, Number(entry.key.split(".")[1])]);
            }
          }
          return out;
        }"""
    )
    return found


@pytest.mark.parametrize(("panel", "task"), [(0, "ner"), (1, "attribution")])
def test_what_is_chosen_is_what_python_counts(
    panel: int, task: str, made: Path, browser: Any, systems: dict[str, list[Scored]]
) -> None:
    them = systems[task]
    names = [one.name for one in them]
    classes = {outcome.error for _, _, outcome in outcomes(them)} - {"correct"}
    label_of, mention = them[0].definition.label_of, them[0].definition.mention
    with opened(browser, made) as page:
        show(page, panel, "texts")
        root = page.locator(f"#p{panel}")
        everything = errors_by_document(them, lambda *_: True)
        assert {k: v for k, v in outlined(page, panel).items() if k in everything} == everything
        shown = root.locator(".tracks li").all_inner_texts()
        assert shown == ["gold", *names]

        root.locator(f"input[name=b][value='{names[1]}']").uncheck()
        settled(page)
        chosen = {names[0], names[2]}
        counts = errors_by_document(them, lambda backend, _: backend in chosen)
        assert {k: v for k, v in outlined(page, panel).items() if v} == {
            k: v for k, v in counts.items() if v
        }
        assert root.locator(".tracks li").count() == 3
        root.locator(f"input[name=b][value='{names[1]}']").check()

        one_class = sorted(classes)[0]
        root.locator(f"input[name=c][value='{one_class}']").check()
        settled(page)
        counts = errors_by_document(them, lambda _, outcome: outcome.error == one_class)
        assert {k: v for k, v in outlined(page, panel).items() if v} == counts
        assert set(root.locator(".entries .badge").all_inner_texts()) <= {one_class}
        root.locator(f"input[name=c][value='{one_class}']").uncheck()

        label = root.locator("select[name=label] option").nth(1).get_attribute("value")
        root.locator("select[name=label]").select_option(label)
        settled(page)

        def labelled(_: str, outcome: Outcome) -> bool:
            sides = filter(None, (outcome.gold, outcome.predicted))
            return any(label_of(mention(item)[2]) == label for item in sides)

        assert outlined(page, panel) == errors_by_document(them, labelled)
        root.locator("select[name=label]").select_option("")

        root.locator("input[name=all]").check()
        settled(page)
        assert sorted(map(tuple, entries(page))) == sorted(disagreed(them)) != []
        root.locator("input[name=all]").uncheck()

        last = max(everything)
        root.locator("input[name=q]").fill(last.upper())
        settled(page)
        assert outlined(page, panel) == {last: everything[last]}
        root.locator("input[name=q]").fill("no such text")
        settled(page)
        assert outlined(page, panel) == {}


STEPS = """async (direction) => {
  const view = views.get(1);
  const out = [];
  do {
    out.push(`${state.doc} ${state.at}`);
    await view.step(direction);
  } while (view.status.textContent !== "No further error.");
  return out;
}"""


def test_keys_lead_through_all_errors(
    made: Path, browser: Any, systems: dict[str, list[Scored]]
) -> None:
    name = systems["attribution"][1].name  # of one: a browser takes 200 steps in ten seconds
    mine = errors_by_document(systems["attribution"], lambda backend, _: backend == name)
    with opened(browser, made, f"#panel=1&view=texts&b={name}") as page:
        page.wait_for_selector("#p1 .outline button[aria-current]")
        page.keyboard.press("j")
        page.wait_for_selector("#p1 .entries [aria-current]")
        seen = page.evaluate(STEPS, 1)
        assert len(set(seen)) == len(seen) == sum(mine.values())
        documents = [step.split()[0] for step in seen]
        assert {one: documents.count(one) for one in documents} == {
            one: number for one, number in mine.items() if number
        }
        assert page.evaluate(STEPS, -1) == seen[::-1]
        page.keyboard.press("n")
        page.wait_for_selector("#p1 .outline li:nth-child(2) button[aria-current]")
        page.keyboard.press("p")
        page.wait_for_selector("#p1 .outline li:first-child button[aria-current]")
        page.locator("#p1").get_by_role("button", name="error →").click()
        page.wait_for_selector("#p1 .entries [aria-current]")


def test_arrows_speakers_tips_and_legend(
    made: Path, browser: Any, systems: dict[str, list[Scored]]
) -> None:
    with opened(browser, made, "#panel=1&view=texts&c=correct") as page:
        page.wait_for_selector("#p1 .entries button")
        page.locator("#p1 .entries button").first.click()
        named = page.locator("#p1 svg.arrows text").first.text_content()
        listed = page.locator("#p1 .entries button").first.inner_text()
        assert named.startswith("speaker: ")
        assert listed.endswith(f"speaker {named.removeprefix('speaker: ')}")
        assert page.locator("#p1 svg.arrows g").count() == 2, "source to cue, cue to content"
        assert page.locator("#p1 .kind").all_inner_texts() == ["source", "cue", "content"]
        piece = page.locator("#p1 .piece").first
        piece.hover()
        tip = page.locator("#tip")
        assert tip.is_visible() and tip.inner_text().startswith("gold: ")
        covering = page.evaluate("views.get(1).pieces[0].marks.length")
        assert page.locator("#tip > div").count() == covering
        page.mouse.move(2, 2)
        assert not tip.is_visible()
        # The gold's marks are its spans, to the letter.
        marked = page.evaluate(
            """() => { const view = views.get(1); return [view.body.id, [...new Set(view.marks()
              .filter((mark) => mark.track === 0)
              .map((mark) => JSON.stringify([mark.role, mark.start, mark.end])))].sort()]; }"""
        )
        gold = next(p.gold for p in systems["attribution"][0].pairs() if p.gold.id == marked[0])
        spans = {
            json.dumps([role, span.start, span.end], separators=(",", ":"))
            for item in gold.annotations.attributions or ()
            for role, span in item.spans()
        }
        assert marked[1] == sorted(spans)


SHOWN = """() => {
  const one = (selector) => document.querySelector(`.panel.open .view.open ${selector}`);
  return {
    panel: document.querySelector(".panel.open").id,
    view: document.querySelector(".panel.open .view.open").dataset.view,
    document: one(".outline [aria-current]")?.textContent ?? null,
    current: one(".entries [aria-current]")?.textContent ?? null,
    entries: one(".entries")?.textContent ?? null,
    chosen: [...document.querySelectorAll(".panel.open .view.open input:checked")]
      .map((box) => box.value),
    label: one("select")?.value ?? null,
    query: one("input[name=q]")?.value ?? null,
    sheet: document.querySelector("#sheet[open]")?.textContent ?? null,
  };
}"""


def test_every_step_has_an_address_that_shows_it_again(made: Path, browser: Any) -> None:
    with opened(browser, made) as page:
        steps: list[tuple[str, Any]] = []

        def kept(selector: str) -> None:
            page.wait_for_selector(selector)
            page.wait_for_timeout(50)
            steps.append((page.evaluate("location.hash"), page.evaluate(SHOWN)))

        kept(".panel.open")
        page.locator("#tab1").click()
        kept("#p1.open")
        page.locator("#p1-tab-errors").click()
        kept("#p1-errors.open")
        page.locator("#p1-errors td button[data-show]").nth(1).click()
        kept("#sheet[open] .mentions li")
        page.locator(".mentions button.link").nth(2).click()
        kept("#p1-texts .entries [aria-current]")
        page.locator("#p1 .outline button").nth(4).click()
        kept("#p1 .outline li:nth-child(5) [aria-current]")
        page.keyboard.press("j")
        kept("#p1 .entries [aria-current]")
        before = len(steps)
        page.locator("#p1 input[name=c]").nth(2).check()
        page.locator("#p1 select").select_option(index=1)
        page.locator("#p1 input[name=q]").fill("said")
        page.locator("#p1 input[name=all]").check()
        page.wait_for_timeout(300)
        kept("#p1-texts.open")
        assert len({address for address, _ in steps}) == len(steps)
        for address, shown in reversed(steps[:-2]):  # Filters change the step that one is on.
            page.go_back()
            page.wait_for_timeout(150)
            assert page.evaluate("location.hash") == address
            assert page.evaluate(SHOWN) == shown
        for _, shown in steps[1 : before - 1]:
            page.go_forward()
            page.wait_for_timeout(150)
            assert page.evaluate(SHOWN) == shown
    for address, shown in steps:
        with opened(browser, made, address) as page:
            if shown["sheet"]:
                page.wait_for_selector("#sheet[open] .mentions li")
            if shown["entries"] is not None:
                page.wait_for_selector(".panel.open .reading h3:not(:empty)", state="attached")
            page.wait_for_timeout(100)
            assert page.evaluate(SHOWN) == shown, address


@pytest.mark.parametrize(
    "address",
    [
        "#panel=9&view=texts&doc=none&at=7.7&b=x&c=y&label=z",
        "#show={",
        "#panel=-1&view=x&show=[]",
        "#show=null",
        "#show=5",
        '#show={"backend":5}',
    ],
)
def test_an_address_of_something_else_shows_the_page_all_the_same(
    address: str, made: Path, browser: Any
) -> None:
    with opened(browser, made, address) as page:
        page.wait_for_timeout(150)
        assert page.locator(".panel.open .view.open").count() == 1
        assert not page.evaluate("byId('sheet').open") and "show" not in page.url
        assert page.locator("#trouble:visible").count() == 0
