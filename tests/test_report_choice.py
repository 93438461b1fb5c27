"""`harness report` of a part of a run, and one result over several gold sets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean

import pytest

from harness.annotation import Annotations, Record
from harness.cli.main import main
from harness.decide.compare import compare
from harness.decide.pool import pools
from harness.errors import NotComparable, NothingMeasured, UsageError
from harness.results import stored
from harness.results.finder import GoldFinder
from harness.results.load import read_run
from harness.results.save import write_run
from harness.results.scored import Scored
from harness.results.select import selected
from tests.support import printed
from tests.synthetic import articles, gold, predict, skilled, systems_of

RESULTS = Path(__file__).parent.parent / "results"
COMMITTED = str(RESULTS)


def _renamed(records: Sequence[Record], prefix: str) -> list[Record]:
    return [replace(record, id=f"{prefix}{record.id}") for record in records]


def _answers(records: Sequence[Record], recall: float) -> list[Record]:
    return predict(records, skilled(recall, 0.1), seed=7)


@pytest.fixture(scope="module")
def pooled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Scored], list[Scored]]:
    """A run on two gold sets whose documents have the same ids, of two backends on both and one on
    the first alone; its parts; and both backends on all documents as one gold set."""
    folder = tmp_path_factory.mktemp("pool")
    docs = [articles(6, seed=1, mentions=3), articles(9, seed=2)]
    said = [{"good": _answers(one, 0.9), "bad": _answers(one, 0.5)} for one in docs]
    golds = [gold(folder, one, name) for one, name in zip(docs, ("first", "second"), strict=True)]
    parts = [
        *systems_of(golds[0], {**said[0], "alone": _answers(docs[0], 0.7)}),
        *systems_of(golds[1], said[1]),
    ]
    write_run(folder / "run", parts, golds)
    whole = [*_renamed(docs[0], "a"), *_renamed(docs[1], "b")]
    answers = {
        name: [*_renamed(said[0][name], "a"), *_renamed(said[1][name], "b")]
        for name in ("good", "bad")
    }
    return folder / "run", parts, systems_of(gold(folder, whole, "whole"), answers)


def test_a_pool_is_the_score_on_all_documents_at_once(
    pooled: tuple[Path, list[Scored], list[Scored]],
) -> None:
    run, parts, whole = pooled
    (pool,) = pools(*read_run(run))
    assert [row.scored.name for row in pool.rows] == ["good", "bad"]
    assert pool.documents == 15
    compared = compare(whole)
    for row, one, other in zip(pool.rows, whole, compared.rows, strict=True):
        assert row.scored.headline == one.headline
        assert row.interval == other.interval
        mine = [part.f1 for part in parts if part.name == one.name]
        assert row.each == tuple(mine)
        assert row.macro == pytest.approx(mean(value or 0.0 for value in mine))
    assert pool.best == set(compared.groups[0]) == {"good"}
    assert pool.lacking == {"alone": ("second",)}
    assert pool.unit == "document"  # 15 documents, though one gold set alone would not do.


def test_pooled_counts_by_hand(tmp_path: Path) -> None:
    """2 of 2 on one gold set, 1 of 4 on the other: 3 of 6 together, (1 + 0.4) / 2 on average."""
    records = articles(40, seed=3)
    small, large = (
        next([one] for one in records if len(one.annotations.entities or ()) == size)
        for size in (2, 4)
    )
    answers = [Record(large[0].id, None, Annotations((large[0].annotations.entities or ())[:1]))]
    golds = [gold(tmp_path, small, "small"), gold(tmp_path, large, "large")]
    systems = [*systems_of(golds[0], {"x": small}), *systems_of(golds[1], {"x": answers})]
    write_run(tmp_path / "run", systems, golds)
    (pool,) = pools(*read_run(tmp_path / "run"))
    (row,) = pool.rows
    headline = row.scored.headline
    assert (headline.tp, headline.precision, headline.recall) == (3, 1.0, 0.5)
    assert row.each == (1.0, pytest.approx(0.4))
    assert row.macro == pytest.approx(0.7)


def test_the_pool_as_a_table(
    pooled: tuple[Path, list[Scored], list[Scored]], capsys: pytest.CaptureFixture[str]
) -> None:
    shown = printed(capsys, ["report", str(pooled[0]), "--pool"])
    assert shown.startswith("first + second: named entities")
    assert "F1 on first  F1 on second" in shown
    assert "alone is left out: not counted in this way on second" in shown


def test_one_gold_set_is_no_pool(capsys: pytest.CaptureFixture[str]) -> None:
    assert "nothing to pool" in printed(capsys, ["report", COMMITTED, "--pool"], status=3)


def test_gold_sets_that_were_counted_otherwise_are_not_pooled(tmp_path: Path) -> None:
    docs = articles(9, seed=1)
    golds = [gold(tmp_path, docs, name) for name in ("one", "two")]
    systems = [
        *systems_of(golds[0], {"x": docs}),
        *systems_of(golds[1], {"x": docs}, match="exact"),
    ]
    write_run(tmp_path / "run", systems, golds)
    with pytest.raises(NotComparable, match="nothing to pool"):
        pools(*read_run(tmp_path / "run"))


def _chosen(*patterns: str, **wanted: object) -> list[tuple[str, str]]:
    record = stored.read(RESULTS)
    finder = GoldFinder(patterns)
    finder.learn(record, RESULTS)
    chosen = selected(record, finder, **wanted)  # type: ignore[arg-type]
    return [(one.task, one.backend) for one in chosen.results]


def test_what_is_selected() -> None:
    everything = _chosen()
    assert _chosen("seeds") == everything
    assert {task for task, _ in _chosen(task="ner")} == {"ner"}
    real = [pair for pair in everything if pair[1] not in ("oracle", "empty", "whole-document")]
    assert _chosen(sanity=False) == real
    assert _chosen(backends=["spacy/*", "oracle"], task="ner") == [
        pair for pair in everything if pair[0] == "ner" and pair[1].startswith(("spacy/", "oracle"))
    ]


def test_counts_in_a_common_schema_go_where_one_is_enough() -> None:
    record = stored.read(RESULTS)
    finder = GoldFinder()
    finder.learn(record, RESULTS)
    assert record.common
    one_schema = selected(record, finder, backends=["spacy/*", "gazetteer"])
    assert one_schema.common == ()
    two = selected(record, finder, backends=["gazetteer", "stanza/*"])
    assert {one.backend for one in two.common} == {"gazetteer", "stanza/reference"}


@pytest.mark.parametrize(
    ("wanted", "error", "said"),
    [
        ({"backends": ["gazeteer"]}, UsageError, "no backend 'gazeteer' in there; known: "),
        ({"task": "topics"}, UsageError, "there is: attribution, ner"),
        ({"task": "ner", "backends": ["quotes"]}, NothingMeasured, "together"),
    ],
)
def test_what_is_not_there_is_an_error(
    wanted: dict[str, object], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        _chosen(**wanted)


def test_a_gold_set_that_the_run_has_not(capsys: pytest.CaptureFixture[str]) -> None:
    said = printed(capsys, ["report", COMMITTED, "--gold", "wikigold"], status=2)
    assert "no gold set 'wikigold' in there; there is: seeds" in said


@pytest.mark.parametrize("option", ["--pool", "--no-sanity", "--task=ner", "--backend=quotes"])
def test_the_record_is_printed_whole_or_not_at_all(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = printed(capsys, ["report", COMMITTED, "--json", option], status=2)
    assert f"leave out {option.partition('=')[0]}" in said


def test_a_part_of_a_run_as_tables(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["report", COMMITTED, "--task", "ner", "--no-sanity", "--columns", "F1,words/s"]
    tables = json.loads(printed(capsys, [*command, "--rankings", "--format", "json"]))
    assert {key for table in tables for row in table["rows"] for key in row} == {
        "backend", "F1", "words/s",
    }  # fmt: skip
    names = {row["backend"] for table in tables for row in table["rows"]}
    assert "gazetteer" in names
    assert not {name for name in names if "sanity" in name or "quotes" in name}
    for more in (["--pool"], ["--columns", "F1"]):
        assert main(["report", COMMITTED, *more, "--html", "x.html"]) == 2
