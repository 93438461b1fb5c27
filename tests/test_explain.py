"""`harness explain` from the user's side, planted causes and weak slices, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from explaining import scored_in_memory
from simulations.explaining import (
    Planted,
    planted_cause,
    planted_slice,
    without_weakness,
)
from support import in_json, printed
from synthetic import articles, gold, predict, run_folder, skilled, speeches

from harness.annotation import Annotations, Attribution, Entity, Record, Span
from harness.cli.main import main
from harness.decide.explain.explain import ExplainOptions, explain
from harness.errors import NotComparable, UsageError
from harness.report.explain import difference_section, explanation_section
from harness.report.tables import render_tables
from harness.results.scored import Scored

ROOT = Path(__file__).parent.parent
RESULTS, SEEDS = str(ROOT / "results"), str(ROOT / "goldsets" / "seeds")
Capsys = pytest.CaptureFixture[str]
OPTIONS = ExplainOptions(resamples=50, min_support=5)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two backends on a gold set that lies beside it."""
    folder = tmp_path_factory.mktemp("explained")
    records = articles(10, seed=3)
    goldset = gold(folder, records)
    backends = {
        "good": predict(records, skilled(0.9, 0.1), seed=1),
        "poor": predict(records, skilled(0.6, 0.4), seed=2),
    }
    run_folder(folder / "run", goldset, backends)
    return folder


@pytest.fixture
def own(desk: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(desk, tmp_path / "own"))


def command(folder: Path, *more: str) -> list[str]:
    return ["explain", str(folder / "run"), "--gold", str(folder / "planted.jsonl"), *more]


FAST = ("--resamples", "50", "--min-support", "5")


def test_json_has_costs_that_add_up_and_slices(desk: Path, capsys: Capsys) -> None:
    got = in_json(capsys, command(desk, *FAST))
    assert set(got) == {"systems", "differences", "left_out", "no_difference"}
    assert [one["backend"] for one in got["systems"]] == ["good", "poor"]
    stated = {
        r["backend"]: r["scores"]["strict"]["f1"]
        for r in json.loads((desk / "run" / "run.json").read_text("utf-8"))["results"]
    }
    for one in got["systems"]:
        assert (one["gold"], one["task"]) == ("planted", "ner")
        assert one["f1"] == stated[one["backend"]]
        costs = one["costs"]
        assert sum(cost["cost"] for cost in costs) == pytest.approx(1 - one["f1"], abs=1e-9)
        assert [c["cost"] for c in costs] == sorted((c["cost"] for c in costs), reverse=True)
        for cost in costs:
            low, high = cost["interval"]
            assert low <= cost["cost"] + 1e-9 and cost["cost"] <= high + 1e-9
            assert 1 <= len(cost["examples"]) <= 5 and cost["cases"] >= 1
        assert {"facet", "value", "support", "predicted", "recall"} <= set(one["slices"][0])
        assert all(each["support"] >= 5 for each in one["slices"])
    assert got["differences"] == got["left_out"] == got["no_difference"] == []


def test_the_committed_run_is_explained(capsys: Capsys) -> None:
    got = in_json(capsys, ["explain", RESULTS, "--gold", SEEDS, "--resamples", "20"])
    assert {one["task"] for one in got["systems"]} == {"ner", "attribution"} and not got["left_out"]
    for one in got["systems"]:
        assert sum(c["cost"] for c in one["costs"]) == pytest.approx(1 - one["f1"], abs=1e-9)
    shown = printed(capsys, ["explain", RESULTS, "--task", "attribution", "--resamples", "20"])
    assert "What errors cost: quotes on seeds (attribution)" in shown
    assert "null source" in shown and "pairs of slices tested at a" in shown
    assert "the run's headline is another measure, found50: 0.373" in shown


def test_a_slice_of_one_task_is_looked_for_in_it_alone(capsys: Capsys) -> None:
    got = in_json(capsys, ["explain", RESULTS, "--slice", "case", "--resamples", "20"])
    assert {one["task"] for one in got["systems"]} == {"ner"}
    assert all(one["signature"].startswith("ner|gold:seeds") for one in got["systems"])


def test_tables_name_what_they_leave_out(desk: Path, capsys: Capsys) -> None:
    shown = printed(capsys, command(desk, "--backend", "poor", "--resamples", "50"))
    assert "What errors cost: poor on planted (ner)" in shown
    assert "better slice" in shown and "--all" in shown and "fewer than 20 gold: " in shown
    whole = printed(capsys, command(desk, "--backend", "poor", "--all", "--resamples", "50"))
    assert "--all" not in whole and len(whole) > len(shown)
    one = printed(capsys, command(desk, "--backend", "poor", "--slice", "type", *FAST))
    rows = one.partition("Slices: ")[2].partition("difference: ")[0].splitlines()
    assert {row.split()[0] for row in rows[4:] if row.strip()} == {"type"}


def test_too_little_support_is_said(desk: Path, capsys: Capsys) -> None:
    shown = printed(capsys, command(desk, "--backend", "poor", "--min-support", "9999"))
    assert "fewer than 9999 gold: " in shown
    assert "No slice was found to be weaker. Slices" in shown


def test_differences_to_a_reference(desk: Path, capsys: Capsys) -> None:
    got = in_json(capsys, command(desk, "--reference", "good", *FAST))
    (one,) = got["differences"]
    f1 = {system["backend"]: system["f1"] for system in got["systems"]}
    assert (one["reference"], one["backend"]) == ("good", "poor")
    assert one["difference"] == pytest.approx(f1["poor"] - f1["good"], abs=1e-12)
    more = sum(cost["cost"] for cost in one["costs"])
    assert more == pytest.approx(f1["good"] - f1["poor"], abs=1e-9)
    compared = in_json(
        capsys,
        [
            *("compare", str(desk / "run"), "--gold", str(desk / "planted.jsonl")),
            *("--resamples", "50"),
        ],
    )
    row = next(row for row in compared[0]["systems"] if row["name"] == "poor")
    assert one["difference"] == pytest.approx(row["difference"], abs=1e-12)
    shown = printed(capsys, command(desk, "--reference", "good", *FAST))
    assert "What costs more: poor against good on planted (ner)" in shown


def test_alone_with_its_reference_nothing_is_compared(desk: Path, capsys: Capsys) -> None:
    words = command(desk, "--backend", "good", "--reference", "good", *FAST, "--json")
    assert main(words) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["differences"] == []
    assert "nothing is compared with good: no other backend is explained" in captured.err


# What is refused


@pytest.mark.parametrize(
    ("more", "status", "message"),
    [
        (("--slice", "lenght"), 2, "unknown slice 'lenght' of named entities. Did you mean"),
        (("--slice", "training"), 2, "nothing has a slice by training"),
        (("--reference", "gud"), 2, "no backend 'gud' to compare with. Did you mean 'good'?"),
        (("--backend", "gud"), 2, "no backend 'gud'"),
        (("--columns", "nope"), 2, "no column 'nope'"),
        (("--min-support", "0"), 2, "--min-support"),
        (("--train", "nowhere.jsonl"), 2, "nowhere.jsonl"),
        (("--task", "attribution"), 2, "attribution"),
    ],
)
def test_what_there_is_not(
    more: tuple[str, ...], status: int, message: str, desk: Path, capsys: Capsys
) -> None:
    assert message in printed(capsys, command(desk, *more), status)


def test_gold_that_changed_or_is_gone(own: Path, capsys: Capsys) -> None:
    path = own / "planted.jsonl"
    text = path.read_text("utf-8")
    path.write_text(text.replace("PER", "ORG", 1), "utf-8")
    assert "planted" in printed(capsys, command(own), 3)
    path.unlink()
    words = ["explain", str(own / "run")]
    shutil.rmtree(own.parent / "explained", ignore_errors=True)
    record = json.loads((own / "run" / "run.json").read_text("utf-8"))
    for one in record["gold"]:
        one["path"] = str(own / "nowhere.jsonl")
    (own / "run" / "run.json").write_text(json.dumps(record), "utf-8")
    assert "is not at hand" in printed(capsys, words, 3)


def test_a_run_without_predictions(own: Path, capsys: Capsys) -> None:
    for path in (own / "run" / "predictions").rglob("poor.jsonl"):
        path.unlink()
    assert main(command(own, *FAST, "--reference", "good", "--json")) == 0
    captured = capsys.readouterr()
    got = json.loads(captured.out)
    assert [one["backend"] for one in got["left_out"]] == ["poor"]
    assert [one["backend"] for one in got["systems"]] == ["good"]
    assert "poor is left out: " in captured.err and "nothing is compared with good" in captured.err
    assert main(command(own, *FAST, "--reference", "poor", "--json")) == 0
    got = json.loads(capsys.readouterr().out)
    assert [one["backend"] for one in got["no_difference"]] == ["good"]
    shutil.rmtree(own / "run" / "predictions")
    assert printed(capsys, command(own), 2)


# Differences


def pair(name: str, recall: float, noise: float, seed: int) -> Scored:
    records = articles(12, seed=3)
    return scored_in_memory(records, predict(records, skilled(recall, noise), seed=seed), name=name)


def test_against_itself_everything_is_nought() -> None:
    one = pair("a", 0.7, 0.3, 1)
    (difference,) = explain([one, pair("b", 0.7, 0.3, 1)], OPTIONS, reference="a").differences
    assert difference.difference == 0 and difference.p_value in (None, 1.0)
    for cost in difference.costs:
        assert (cost.cost, cost.cases) == (0, 0) and cost.interval.bounds == (0, 0)
    for each in difference.slices:
        assert {one.difference.value for one in each.contrasts.values()} <= {0.0, None}
    assert difference.searched.weaknesses == () and difference.searched.tested == 0


def test_differences_are_antisymmetric() -> None:
    systems = [pair("a", 0.9, 0.1, 1), pair("b", 0.6, 0.3, 2)]
    (there,) = explain(systems, OPTIONS, reference="a").differences
    (back,) = explain(systems, OPTIONS, reference="b").differences
    assert (there.name, back.name) == ("b", "a")
    assert there.difference == -back.difference and there.p_value == back.p_value
    costs = {cost.kind: cost for cost in back.costs}
    assert {cost.kind for cost in there.costs} == set(costs)
    for cost in there.costs:
        other = costs[cost.kind]
        assert (cost.cost, cost.cases) == (-other.cost, -other.cases)
        assert cost.interval.bounds is not None and other.interval.bounds is not None
        low, high = other.interval.bounds
        assert cost.interval.bounds == pytest.approx((-high, -low), abs=1e-12)
    slices = {(each.facet, each.value): each for each in back.slices}
    for each in there.slices:
        for name, contrast in each.contrasts.items():
            here = slices[each.facet, each.value].contrasts[name].difference.value
            assert contrast.difference.value == (None if here is None else -here)


def test_what_was_counted_differently_is_not_compared() -> None:
    records = articles(9, seed=3)
    fewer = [
        Record(r.id, r.text, Annotations((r.annotations.entities or ())[:-1])) for r in records
    ]
    first = scored_in_memory(records, records, name="a")
    second = scored_in_memory(fewer, fewer, name="b")
    got = explain([first, second], OPTIONS, reference="a")
    ((name, error),) = got.no_difference
    assert name == "b" and isinstance(error, NotComparable)
    forced = ExplainOptions(resamples=50, min_support=5, force=True)
    ((name, error),) = explain([first, second], forced, reference="a").no_difference
    assert "not counted on the same gold items" in str(error)
    other = scored_in_memory(records[:-1], records[:-1], name="c")
    ((name, error),) = explain([first, other], OPTIONS).left_out
    assert name == "c" and "counts of other documents" in str(error)
    with pytest.raises(UsageError, match="no backend 'd' to compare with"):
        explain([first], OPTIONS, reference="d")


# Odd input


def odd() -> Iterator[Any]:
    records = articles(9, seed=3)
    empty = [Record(r.id, None, Annotations(())) for r in records]
    wrong = [
        Record(
            r.id,
            None,
            Annotations(tuple(e._replace(label="X\x1b") for e in r.annotations.entities or ())),
        )
        for r in records
    ]
    one = [Record("d", "Riga is far. " * 3, Annotations((Entity(0, 4, "LOC"),)))]
    some = [*records[:8], Record("nothing", "Rain", Annotations(()))]
    yield pytest.param(records, records, 1.0, id="all right")
    yield pytest.param(records, empty, 0.0, id="nothing said")
    yield pytest.param(records, wrong, 0.0, id="all wrong, hostile label")
    yield pytest.param(records, records[:3], None, id="documents missing")
    yield pytest.param(one, one, 1.0, id="one document")
    yield pytest.param(one, [Record("d", None, Annotations(()))], 0.0, id="one that is missed")
    yield pytest.param(some, some, 1.0, id="a document without gold")


@pytest.mark.parametrize(("records", "said", "f1"), [*odd()])
def test_odd_input(records: list[Record], said: list[Record], f1: float | None) -> None:
    systems = [scored_in_memory(records, one, name=n) for n, one in (("a", said), ("b", records))]
    got = explain(systems, ExplainOptions(resamples=20, min_support=1), reference="b")
    assert not got.left_out
    assert f1 is None or got.explanations[0].f1 == f1
    for one in got.explanations:
        assert sum(cost.cost for cost in one.costs) == pytest.approx(1 - one.f1, abs=1e-9)
        json.dumps(one.to_json(), allow_nan=False)
        assert "\x1b" not in render_tables(explanation_section(one).tables, "simple")
    for other in got.differences:
        json.dumps(other.to_json(), allow_nan=False)
        render_tables(difference_section(other).tables, "simple")


def test_many_mentions_in_one_document_and_many_labels() -> None:
    """One of them as long as the document: that makes not all of them near each other."""
    count = 3_000
    text = "Riga Oslo. " * count
    places = [Entity(11 * n, 11 * n + 4, f"L{n % 100}") for n in range(count)]
    said = [
        one._replace(label="L0" if n % 3 else one.label, end=one.end + n % 2)
        for n, one in enumerate(places)
    ]
    said += [Entity(11 * n + 5, 11 * n + 9, "L1") for n in range(0, count, 4)]
    said.append(Entity(0, len(text), "L0"))
    systems = [
        scored_in_memory(
            [Record("d", text, Annotations(tuple(places)))],
            [Record("d", None, Annotations(tuple(said)))],
        )
    ]
    (one,) = explain(systems, ExplainOptions(resamples=10)).explanations
    assert sum(cost.cost for cost in one.costs) == pytest.approx(1 - one.f1, abs=1e-9)


def test_many_relations_in_one_document() -> None:
    count = 2_000
    text = "“We go,” said Roe. " * count
    step = len(text) // count
    items = [
        Attribution((Span(at, at + 8),), Span(at + 14, at + 17), Span(at + 9, at + 13))
        for at in range(0, len(text), step)
    ]
    wrong = [
        replace(one, source=other.source)
        for one, other in zip(items, [*items[1:], items[0]], strict=True)
    ]
    made = [Record("d", text, Annotations(attributions=tuple(side))) for side in (items, wrong)]
    scored = scored_in_memory([made[0]], [made[1]], "attribution")
    (one,) = explain([scored], ExplainOptions(resamples=10)).explanations
    assert [(cost.kind, cost.cases) for cost in one.costs] == [("wrong source", count)]


# Planted


SMALL = Planted(documents=30)


def test_planted_causes_come_first() -> None:
    assert [planted_cause(SMALL, seed) for seed in range(6)] == [True] * 6


def test_a_planted_weak_slice_is_found_and_others_are_not() -> None:
    assert sum(planted_slice(Planted(), seed) for seed in range(4)) >= 3
    assert sum(without_weakness(SMALL, seed) for seed in range(8)) <= 2


def test_relations_with_wrong_speakers_cost_it_alone() -> None:
    records = speeches(9, seed=2)
    said = []
    for record in records:
        items = (replace(one, speaker="Nobody") for one in record.annotations.attributions or ())
        said.append(Record(record.id, None, Annotations(attributions=tuple(items))))
    scored = scored_in_memory(records, said, "attribution")
    (one,) = explain([scored], OPTIONS).explanations
    assert one.f1 == 0 and [cost.kind for cost in one.costs] == ["speaker"]
    assert one.costs[0].cost == pytest.approx(1)
