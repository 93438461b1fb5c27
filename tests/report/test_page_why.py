"""The view that says why: its numbers are those of `harness explain`, its lists as long as said."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import synthetic
from page_runs import page_of, two_tasks
from pages import panel_titles, unpacked_texts

from harness.annotation import Annotations, Record
from harness.cli.main import main
from harness.decide.explain.explain import explain
from harness.report.figures.explained import cost_figure
from harness.report.page import report
from harness.results.load import from_run, read_run

ROOT = Path(__file__).parent.parent.parent

VIEW = re.compile(r'<div role="tabpanel" class="view" id="p\d+-why".*?\n</div>\n</section>', re.S)
BUTTON = re.compile(r'data-show="([^"]*)">([^<]*)<')


def views_of(page: str) -> list[str]:
    """The markup of the view in each panel."""
    return VIEW.findall(page)


def plain(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", markup)).strip()


def tables_of(view: str) -> list[list[list[str]]]:
    """Every table of a view as texts, the head first."""
    return [
        [
            [plain(cell) for cell in re.findall(r"<t[hd]\b[^>]*>(.*?)</t[hd]>", row)]
            for row in re.findall(r"<tr>(.*?)</tr>", table, re.S)
        ]
        for table in re.findall(r"<table data-sort>(.*?)</table>", view, re.S)
    ]


def reasons_of(view: str) -> list[str]:
    """Its sentences, without the links behind them."""
    return [
        plain(re.sub(r"<button.*?</button>", "", one))
        for one in re.findall(r'<p class="reason">(.*?)</p>', view, re.S)
    ]


def systems_of(run: Path, task: str, backends: list[str], capsys: Any) -> list[dict[str, Any]]:
    asked = [part for name in backends for part in ("--backend", name)]
    capsys.readouterr()
    assert main(["explain", str(run), "--task", task, *asked, "--json"]) == 0
    out: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["systems"]
    return out


def _interval(ends: list[float] | None, shown: str = "{:.3f}", times: float = 1) -> str:
    return f"[{', '.join(shown.format(times * one) for one in ends)}]" if ends else ""


def _cost(one: dict[str, Any]) -> str:
    return f"{one['cost']:.3f} {_interval(one['interval']) or '–'} ({one['cases']})"


def _rate(part: dict[str, Any]) -> tuple[str, str]:
    rate = part.get("f1", part["recall"])
    value, difference = rate["value"], rate["difference"]
    interval = _interval(rate["difference_interval"], "{:+.1f}", 100)
    return (
        "–" if value is None else f"{value:.3f}",
        ("–" if difference is None else f"{100 * difference:+.1f}") + f" {interval}".rstrip(),
    )


def check_view(view: str, systems: list[dict[str, Any]]) -> None:
    """Every number of a view against those that the command gives machines."""
    costs, slices = tables_of(view)[:2]  # What else says why comes below.
    assert [row[0] for row in costs[1:]] == sorted(
        {cost["kind"] for one in systems for cost in one["costs"]},
        key=lambda kind: (
            -max(c["cost"] for one in systems for c in one["costs"] if c["kind"] == kind),
            kind,
        ),
    )
    names = [one["backend"] for one in systems]
    assert costs[0] == ["kind", *names]
    shown = {
        (row[0], name): cell
        for row in costs[1:]
        for name, cell in zip(names, row[1:], strict=True)
        if cell != "–"
    }
    assert shown == {
        (cost["kind"], one["backend"]): _cost(cost) for one in systems for cost in one["costs"]
    }
    assert slices[0][:3] == ["slice", "support", "of"]
    listed = {
        (row[0], name): (row[1], row[2], *row[3 + 2 * at : 5 + 2 * at])
        for row in slices[1:]
        for at, name in enumerate(names)
    }
    assert listed == {
        (f"{part['facet']}: {part['value']}", one["backend"]): (
            str(part["support"]),
            "F" if "f1" in part else "R",
            *_rate(part),
        )
        for one in systems
        for part in one["slices"]
    }
    said = reasons_of(view)
    for one in systems:
        head = f"{one['backend']} {one['measure']}: {one['f1']:.3f} {_interval(one['interval'])};"
        assert sum(line.startswith(head) for line in said) == 1
        weak = [line for line in said if line.startswith(one["backend"]) and "(FDR " in line]
        assert [line.partition(" (FDR")[0] for line in weak] == [
            f"{one['backend']} {found['sentence']}" for found in one["weak"]["found"]
        ]
        assert any(
            line.startswith(one["backend"]) and f"rate of 5 %: {one['weak']['tested']:,};" in line
            for line in said
        )


Texts = tuple[Any, list[Any]]


def listed(texts: Texts, show: dict[str, str]) -> Counter[str]:
    """How many entries of each backend a click lists, read as `mentions.js` does."""
    index, blocks = texts
    numbers = {(facet, value): at for at, (facet, value, _) in enumerate(index["slices"])}
    wanted = [numbers[facet, value] for facet, value in json.loads(show.get("slice", "[]"))]
    keys = {tuple(one) for one in json.loads(show.get("at", "[]"))}
    gold_only = {at for at, one in enumerate(index["slices"]) if one[2]}

    def within(item: Any, gold: bool) -> bool:
        known = item[3] if item and len(item) > 3 else []
        return all(one in known and (gold or one not in gold_only) for one in wanted)

    out: Counter[str] = Counter()
    documents = (one for block in blocks for one in block)
    for place, document in enumerate(documents):
        name = index["documents"][place]["id"]
        for number, (backend, row) in enumerate(zip(index["backends"], document["p"], strict=True)):
            if show.get("backend", backend) != backend:
                continue
            for at, (_, gold, said, *_) in enumerate(row):
                item = document["g"][gold] if gold >= 0 else None
                predicted = item if said == 1 else said or None
                fits = not wanted or (
                    (show.get("of") != "predicted" and bool(item) and within(item, True))
                    or (show.get("of") != "gold" and bool(predicted) and within(predicted, False))
                )
                if fits and (not keys or (name, f"{number}.{at}") in keys):
                    out[backend] += 1
    return out


def check_lists(texts: Texts, view: str, systems: list[dict[str, Any]]) -> None:
    """A weak slice lists its mentions; of a slice as many are gold as its support; a cost lists
    the examples that it has."""
    seen = Counter[str]()
    for show, text in _buttons(view):
        if "of" in show:
            seen["weak"] += 1
            counted = listed(texts, show)
            assert counted.total() == int(text.split()[1].replace(",", "")) > 0, show
        elif "at" in show:
            seen["cost"] += 1
            (cost,) = [
                cost
                for one in systems
                if one["backend"] == show["backend"]
                for cost in one["costs"]
                if cost["kind"] == show["kind"]
            ]
            assert len({tuple(one["mention"]) for one in cost["examples"]}) <= (
                listed(texts, show).total()
            )
        else:
            seen["slice"] += 1
            ((facet, value),) = json.loads(show["slice"])
            for one in systems:
                for part in one["slices"]:
                    if (part["facet"], part["value"]) == (facet, value):
                        gold = listed(texts, {"slice": show["slice"], "of": "gold"})
                        assert gold[one["backend"]] == part["support"], show
    assert seen["cost"] == sum(len(one["costs"]) for one in systems)
    assert seen["weak"] == sum(len(one["weak"]["found"]) for one in systems)
    assert seen["slice"] == sum(len(one["slices"]) for one in systems) + len(systems[0]["slices"])


def _buttons(view: str) -> Iterator[tuple[dict[str, str], str]]:
    for show, text in BUTTON.findall(view):
        yield json.loads(html.unescape(show)), html.unescape(text)


@pytest.mark.parametrize("which", ["stored", "made"])
def test_numbers_and_lists_are_those_of_explain(
    which: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ROOT / "results" if which == "stored" else two_tasks(tmp_path)
    page = page_of([run], tmp_path / "page.html").read_text("utf-8")
    views = views_of(page)
    titles = panel_titles(page)
    assert len(views) == len(titles) == {"stored": 3, "made": 2}[which]
    for panel, (title, view) in enumerate(zip(titles, views, strict=True)):
        task = "attribution" if "attributions" in title else "ner"
        names = tables_of(view)[0][0][1:]
        systems = systems_of(run, task, names, capsys)
        by_name = {one["backend"]: one for one in systems}
        systems = [by_name[name] for name in names]
        check_view(view, systems)
        check_lists(unpacked_texts(page, panel), view, systems)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    records = synthetic.articles(9)
    said = {name: synthetic.predict(records, synthetic.skilled(0.8, 0.1)) for name in ("a", "b")}
    return synthetic.run_folder(tmp_path / "run", synthetic.gold(tmp_path, records), said)


def test_what_cannot_be_explained_is_said(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = small.parent / "page.html"
    monkeypatch.setattr(report, "MOST_EXPLAINED", 8)
    page = page_of([small], file).read_text("utf-8")
    (view,) = views_of(page)
    said, thresholds = reasons_of(view)
    assert said.startswith("a, b: not explained: all tabs of a page explain 1,000 documents")
    assert "this one has 9; harness explain takes more" in said
    assert thresholds.startswith("a, b: no thresholds: all tabs of a page have thresholds of 1,000")
    assert "this one has 9; harness threshold takes more" in thresholds
    assert tables_of(view) == [] and "<figure" not in view
    assert unpacked_texts(page, 0)[0]["slices"] == []

    monkeypatch.setattr(report, "MOST_EXPLAINED", 17)
    view, second = views_of(page_of([small, small], file).read_text("utf-8"))
    assert tables_of(view) and not tables_of(second), "all tabs share what is explained"
    (view,) = views_of(page_of([small], file).read_text("utf-8"))
    assert tables_of(view)[0][0] == ["kind", "a", "b"] and view.count("<figure") == 1
    (predictions,) = small.glob("predictions/**/a.jsonl")
    predictions.unlink()
    (view,) = views_of(page_of([small], file).read_text("utf-8"))
    assert reasons_of(view)[0].startswith("a: not explained: ")
    assert tables_of(view)[0][0] == ["kind", "b"]
    (gold,) = small.parent.glob("*.jsonl")
    gold.unlink()
    (view,) = views_of(page_of([small], file).read_text("utf-8"))
    said, thresholds = reasons_of(view)
    assert said.startswith("a, b: not explained: gold set 'planted' is not at hand")
    assert thresholds == said.replace("not explained", "no thresholds")
    assert tables_of(view) == []


def test_of_a_part_of_the_texts_nothing_is_listed_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = synthetic.articles(60)
    said = {"a": synthetic.predict(records, synthetic.skilled(0.8, 0.1))}
    run = synthetic.run_folder(tmp_path / "run", synthetic.gold(tmp_path, records), said)
    page = page_of([run], tmp_path / "p.html", "--page-size", "5KB").read_text("utf-8")
    texts = unpacked_texts(page, 0)
    index, _ = texts
    shown = {one["id"] for one in index["documents"]}
    assert 0 < len(shown) < 60
    (view,) = views_of(page)
    (system,) = systems_of(run, "ner", ["a"], capsys)
    check_view(view, [system])
    for show, _ in _buttons(view):
        assert {document for document, _ in json.loads(show.get("at", "[]"))} <= shown
        assert listed(texts, show).total() > 0


def test_keys_of_metadata_are_text(tmp_path: Path) -> None:
    key, value = "{0.__class__} {", "<b>{}"
    records = [
        Record(
            one.id,
            one.text,
            Annotations(one.annotations.entities, ()),
            metadata={key: value if at % 3 == 0 else "other"},
        )
        for at, one in enumerate(synthetic.articles(24))
    ]
    # Of the documents of that value everything is missed: a weak slice, as a sentence has it.
    said = [
        Record(one.id, None, Annotations(() if at % 3 == 0 else one.annotations.entities))
        for at, one in enumerate(records)
    ]
    run = synthetic.run_folder(tmp_path / "run", synthetic.gold(tmp_path, records), {"a": said})
    (view,) = views_of(page_of([run], tmp_path / "page.html").read_text("utf-8"))
    assert f"{key}: {value}" in [row[0] for row in tables_of(view)[1]]
    assert any(f"in documents of {key} {value}" in one for one in reasons_of(view))
    assert "<b>" not in view


def test_a_bar_is_as_long_as_what_lacks() -> None:
    ner = [one for one in from_run(read_run(ROOT / "results")) if one.task == "ner"]
    ones = explain([one for one in ner if not one.sanity]).explanations
    chart = cost_figure(ones, "title")
    assert chart is not None
    rows = chart.body["data"]["values"]
    orders: dict[str, set[int]] = {}
    for one in ones:
        own = [row for row in rows if row["name"] == one.name]
        assert sum(row["cost"] for row in own) == pytest.approx(1 - one.f1)
        assert {row["kind"]: row["cases"] for row in own} == {
            cost.kind: cost.cases for cost in one.costs if cost.cost > 0
        }
        for row in own:
            orders.setdefault(row["kind"], set()).add(row["order"])
    assert all(len(places) == 1 for places in orders.values()), "one order in all bars"
    assert sorted(place for (place,) in orders.values()) == list(range(len(orders)))
    groups = {row["group"]: row["order"] for row in rows}
    assert len(groups) == 8 and "other kinds" in groups
    rest = {row["kind"] for row in rows if row["group"] == "other kinds"}
    assert len(rest) == len(orders) - 7
    dearest = {row["kind"]: 0.0 for row in rows}
    for row in rows:
        dearest[row["kind"]] = max(dearest[row["kind"]], row["cost"])
    assert max(dearest[kind] for kind in rest) <= min(
        most for kind, most in dearest.items() if kind not in rest
    )


def test_nothing_wrong_has_no_bar(tmp_path: Path) -> None:
    records = synthetic.articles(9)
    run = synthetic.run_folder(
        tmp_path / "run", synthetic.gold(tmp_path, records), {"all": records}
    )
    (view,) = views_of(page_of([run], tmp_path / "page.html").read_text("utf-8"))
    assert "Nothing is wrong." in reasons_of(view) and "<figure" not in view
    assert len(tables_of(view)) == 1, "slices, and no costs"
