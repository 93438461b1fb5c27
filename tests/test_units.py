"""Units as columns and as files: the same numbers as those of a tally for each unit."""

from __future__ import annotations

import copy
import pickle
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cli.main import main
from harness.coding import compact
from harness.errors import InputError, UsageError
from harness.formats.files import is_draft
from harness.results import stored, unit_database, unit_files
from harness.results.consistent import check_record, read_tally
from harness.results.load import from_run, read_run
from harness.results.record import MOST_FAILURES, Result, UnitTally
from harness.results.save import run_record, write_run
from harness.results.unit_files import UnitFile, read_columns, units_in, write_units
from harness.results.units import GoldCounts, UnitColumns, UnitIds, unit_problems
from harness.tasks.base import Task
from harness.tasks.columns import TallyColumns
from harness.tasks.parts import Matrix
from harness.tasks.registry import task_named
from harness.tasks.tally import Tally, TallyKey
from tests import synthetic
from tests.doubtful import failing
from tests.third.topics import Topics

LABELS = ("PER", "ORG", "LOC")
NER_KEYS: list[TallyKey] = [
    *(("correct", label) for label in LABELS),
    *(("errors", "missed", label, None) for label in LABELS),
    *(("errors", "spurious", None, label) for label in LABELS),
    ("errors", "type", "PER", "ORG"),
    ("errors", "boundary", "LOC", "LOC"),
    ("duplicates_gold",),
]
QUOTE_KEYS: list[TallyKey] = [
    ("gold",), ("predicted",), ("found50",), ("error.correct",), ("error.missed",),
    ("error.spurious",), ("source.gold",), ("direct.gold",),
]  # fmt: skip
TOPIC_KEYS: list[TallyKey] = [
    (error, label) for error in ("correct", "missed", "spurious") for label in ("rain", "sport")
]


def _tallies(keys: Sequence[TallyKey]) -> st.SearchStrategy[list[Tally]]:
    counts = st.dictionaries(st.sampled_from(keys), st.integers(1, 3), max_size=4)
    return st.lists(counts.map(Tally), min_size=1, max_size=12)


CASES = st.one_of(
    st.tuples(st.just(task_named("ner")), _tallies(NER_KEYS)),
    st.tuples(st.just(task_named("attribution")), _tallies(QUOTE_KEYS)),
    st.tuples(st.just(Topics()), _tallies(TOPIC_KEYS)),
)


@given(CASES)
def test_columns_are_the_tallies(case: tuple[Task, list[Tally]]) -> None:
    task, tallies = case
    columns = TallyColumns.of(tallies)
    assert list(columns) == tallies and columns == tallies and columns == tuple(tallies)
    assert columns[-1] == tallies[-1] and columns[1:] == tallies[1:]
    assert columns != [*tallies, Tally()] and columns != [Tally({("x",): 1}), *tallies[1:]]
    assert columns.total() == Tally.of(tallies)
    assert list(columns.total()) == list(Tally.of(tallies))  # In the same order, too.
    assert list(columns.of_units(task.adds_up)) == [task.adds_up(one) for one in tallies]
    assert TallyColumns.chained([columns, columns[:1]]) == [*tallies, tallies[0]]
    options = task.options()
    for part in task.parts(columns.total(), options):
        if not part.groups:  # A mean over nothing.
            continue
        sums = [[list(one.sums(tally)) for one in part.groups] for tally in tallies]
        expected = np.asarray(sums).reshape(len(tallies), -1)
        for matrix in (Matrix(tallies), Matrix(columns)):
            counts = matrix.counts(part)
            assert (counts.rows == expected).all()
            assert (counts.total == expected.sum(axis=0)).all()
            assert (counts.basis[:, 0] == expected[:, 1] + expected[:, 3]).all()
            assert counts.support == expected[:, 1::4].sum()


@given(CASES, st.integers(0, 2**32), st.data())
def test_gold_differs_where_the_counters_do(
    case: tuple[Task, list[Tally]], seed: int, data: st.DataObject
) -> None:
    task, ours = case
    theirs = data.draw(st.permutations(ours))
    documents = [f"d{seed % (place + 1) % 3}" for place in range(len(ours))]
    ids, golds = UnitIds.of((name, 0) for name in documents), GoldCounts()
    sides = [golds.add(TallyColumns.of(tallies), task) for tallies in (ours, theirs)]
    counted = []
    for tallies in (ours, theirs):
        counter: Counter[tuple[str, str]] = Counter()
        for name, tally in zip(documents, tallies, strict=True):
            counter.update({(name, label): n for label, n in task.gold_counts(tally).items()})
        counted.append(counter)
    keys = sorted(counted[0].keys() | counted[1].keys())
    expected = [(*key, counted[0][key], counted[1][key]) for key in keys]
    assert list(golds.differences(ids, *sides)) == [one for one in expected if one[2] != one[3]]


def test_ids_are_copied_with_what_lies_in_a_file() -> None:
    units = [(f"d{number:07}", 0) for number in range(30_000)]
    ids = UnitIds.of(units)
    copied = copy.deepcopy(ids)
    assert copied == ids == pickle.loads(pickle.dumps(ids))
    del copied
    assert list(ids) == units


def test_more_patterns_than_two_bytes_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.tasks.columns._SMALL", 3)
    tallies = [Tally({("correct", "PER"): 1 + n % 7}) for n in range(20)]
    columns = TallyColumns.of(tallies)
    assert columns == tallies and columns.units.typecode == "i"
    assert TallyColumns.of(tallies[:3]).units.typecode == "H"
    assert columns.total() == Tally.of(tallies)
    assert TallyColumns.chained([TallyColumns.of(tallies[:3]), columns]) == [*tallies[:3], *tallies]


UNITS = st.lists(st.tuples(st.sampled_from(["a", "b", "ü", "", 'x"', "a\\"]), st.integers(0, 3)))


@given(UNITS)
def test_ids_are_the_pairs(units: list[tuple[str, int]]) -> None:
    """Also of documents that come again after another."""
    ids = UnitIds.of(units)
    assert list(ids) == units and ids == tuple(units) and ids == UnitIds.of(units)
    assert ids[1:] == units[1:] and [ids[place] for place in range(len(ids))] == units
    names = list(dict.fromkeys(name for name, _ in units))
    assert list(ids.names()) == names and ids.document_count == len(names)
    assert list(ids.documents) == [names.index(name) for name, _ in units]
    assert ids.find({"b", "nowhere"}) == ({"b": names.index("b")} if "b" in names else {})
    assert ids != [*units, ("c", 0)] and ids != UnitIds.of([*units, ("c", 0)])
    joined = UnitIds.chained([ids, ids])
    assert joined == [(f"{n}:{name}", p) for n in (0, 1) for name, p in units]
    paragraphs: Counter[str] = Counter()
    wrong = []
    for place, (name, paragraph) in enumerate(units):
        wrong += [place] if paragraph != paragraphs[name] else []
        paragraphs[name] = paragraph + 1
    columns = UnitColumns(ids, TallyColumns.of([Tally()] * len(units)))
    assert [place for place, _ in unit_problems(columns, Topics())] == wrong[:1]


# Files

FORMATS = ("jsonl", "sqlite")


@pytest.fixture(params=FORMATS)
def ending(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A format in which everything is written, however little it is."""
    ending: str = request.param
    monkeypatch.setattr(unit_files, "DATABASE_FROM", 1 if ending == "sqlite" else 10**9)
    return ending


def _some(number: int) -> list[UnitTally]:
    names = ["plain", 'quoted "', "tab\t", "ümlaut", "back\\slash", "line\u2028", "nul\x00", ""]
    return [
        UnitTally(f"{names[n % 8]}{n // 16}", n // 8 % 2, {"correct": {"PER": 1 + n % 3}})
        for n in range(number)
    ]


def _write(folder: Path, units: Sequence[UnitTally], step: int = 7) -> UnitFile:
    with write_units(folder, "units/g/ner/b.x.jsonl", len(units)) as file:
        for start in range(0, len(units), step):
            file.add(iter(units[start : start + step]))
    return file


def test_a_file_is_read_as_it_was_written(tmp_path: Path, ending: str) -> None:
    units = _some(100)
    file = _write(tmp_path, units)
    assert file.name == f"units/g/ner/b.x.{ending}"
    path = tmp_path / file.name
    assert list(units_in(path)) == units
    read = partial(read_tally, task_named("ner"))
    columns = read_columns(path, read)
    assert columns.ids == [(unit.document, unit.paragraph) for unit in units]
    assert columns.tallies == [read(unit.tally) for unit in units]
    assert len(list(columns.tallies.patterns())) == 3
    assert read_columns(path, read, columns.ids).ids is columns.ids
    result = Result("b", "g", "ner", "ok", **file.fields())
    assert list(stored.iter_units(result, tmp_path)) == units
    assert stored.read_units(result, tmp_path, read) == columns
    inline = replace(result, units=tuple(units), units_file=None, units_digest="")
    assert stored.read_units(inline, tmp_path, read) == columns


def test_equal_units_make_equal_bytes(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over several groups of rows, and whatever pieces they came in; the other format goes."""
    monkeypatch.setattr(unit_database, "_TOGETHER", 16)
    monkeypatch.setattr(unit_database, "_MOST_TALLIES", 2)
    units = _some(100)
    one, two = (_write(tmp_path / str(step), units, step) for step in (1, 64))
    assert one.fields() == two.fields()
    monkeypatch.setattr(unit_files, "DATABASE_FROM", 10**9 if ending == "sqlite" else 1)
    other = _write(tmp_path / "1", units)
    assert [path.name for path in (tmp_path / "1/units/g/ner").iterdir()] == [Path(other.name).name]


def test_a_draft_is_known_as_one(tmp_path: Path, ending: str) -> None:
    """Else what a killed run was writing would stay."""
    with write_units(tmp_path, "units/g/ner/b.x.jsonl", 1):
        (draft,) = (tmp_path / "units/g/ner").iterdir()
        assert is_draft(draft.name), draft


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('["a",0]', "a list of 3"),
        ('["a",0,{"correct":{"PER":1}},{}]', "not a unit"),
        ('["a",0,{"correct":{"PER":1}', "not a unit"),
        ('["a",0,{"correct":{"PER":}}]', "not a unit"),
        ('["a",01,{"correct":{"PER":1}}]', "not a unit"),
        ('["a",99999999999,{}]', "99999999999"),
        ('["\\ud800",0,{}]', "half a character"),
        ("{}", "a list of 3"),
    ],
)
def test_a_line_that_is_none(tmp_path: Path, line: str, said: str) -> None:
    """In a file in which the tally of the line was there before."""
    path = tmp_path / "u.jsonl"
    path.write_text(f'["z",0,{{"correct":{{"PER":1}}}}]\n\n{line}\n', "utf-8")
    with pytest.raises(InputError, match=said) as caught:
        read_columns(path, partial(read_tally, task_named("ner")))
    assert caught.value.line == 3


UNITS, TALLIES = "INSERT INTO units VALUES ({})", "INSERT INTO tallies VALUES ({})"


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (UNITS.format("'a', 0, 7"), "not a unit: row 2"),
        (UNITS.format("'a', 'x', 0"), "not a unit: row 2"),
        (UNITS.format("'a', 0.5, 0"), "not a unit: row 2"),
        (UNITS.format("x'ff', 0, 0"), "not a unit: row 2"),
        (UNITS.format("'a', 99999999999, 0"), "99999999999"),
        ("UPDATE tallies SET tally = '{'", "not a unit: row 1"),
        ("UPDATE tallies SET tally = x'7b7d'", "not a unit: row 1"),
        ("UPDATE tallies SET tally = '{\"corect\": 1}'", "corect"),
        ("CREATE TABLE more (x)", "other tables"),
        ("CREATE TRIGGER t INSERT ON units BEGIN DELETE FROM units; END", "other tables"),
        ("DROP TABLE tallies", "other tables"),
    ],
)
def test_a_database_that_is_none(
    tmp_path: Path, statement: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unit_files, "DATABASE_FROM", 1)
    path = tmp_path / _write(tmp_path, _some(1)).name
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(statement)
    with pytest.raises((InputError, ValueError), match=said):
        read_columns(path, partial(read_tally, task_named("ner")))


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "u.sqlite"
    for data in (b"", b"SQLite format 3\0 and no more", b"x" * 5000):
        path.write_bytes(data)
        with pytest.raises(InputError, match="not a file of units"):
            list(units_in(path))
    with pytest.raises(InputError, match="unable to open"):
        list(units_in(tmp_path / "none.sqlite"))


# Runs


@pytest.fixture
def run(tmp_path: Path, ending: str) -> Path:
    """A run of two backends with all units in files; a document of the second failed."""
    docs = synthetic.articles(12)
    gold = synthetic.gold(tmp_path, docs)
    good = synthetic.predict(docs, synthetic.skilled(0.9, 0.1))
    fair = failing(synthetic.predict(docs, synthetic.skilled(0.6, 0.3)), 3)
    write_run(tmp_path / "run", synthetic.systems_of(gold, {"a": good, "b": fair}), [gold])
    return _in_files(tmp_path / "run")


def _in_files(folder: Path) -> Path:
    record = stored.read(folder)
    results = []
    for one in record.results:
        name = stored.file_name("units", one.gold, one.task, one.backend)
        with write_units(folder, name, one.documents) as file:
            file.add(one.units)
        results.append(replace(one, units=(), **file.fields()))
    stored.write(folder / "run.json", replace(record, results=tuple(results)))
    return folder


def test_files_are_the_record(run: Path, tmp_path: Path) -> None:
    _, folder = read_run(run)
    one, two = from_run(read_run(folder))
    assert one.columns.ids is two.columns.ids  # Backends of a gold set share them.
    again, _ = from_run(read_run(folder), replay=True)
    assert one.units == again.units and again.tallies == one.tallies
    assert one.total == Tally.of(one.tallies) and one.document_numbers == again.document_numbers


def test_what_is_saved_of_many_documents_lies_beside_the_record(tmp_path: Path) -> None:
    """From 1,001 documents of the gold set on, as after a run; so few of them as there may be."""
    docs = synthetic.articles(1_001, paragraphs=1)
    answers = synthetic.predict(docs, synthetic.skilled(0.9, 0.1))
    many = synthetic.gold(tmp_path, docs, "many")
    few = synthetic.gold(tmp_path, docs[:-1], "few")
    systems = [
        *synthetic.systems_of(many, {"a": answers}),
        *synthetic.systems_of(few, {"a": answers[:-1]}),
    ]
    record = write_run(tmp_path / "run", systems, [many, few])
    one, other = record.results
    assert (one.units, other.units_file) == ((), None)
    assert one.units_file == "units/many/ner/a.jsonl" and len(other.units) == 1_000
    assert (tmp_path / "run" / "run.json").stat().st_size < 400_000
    again = [*from_run(read_run(tmp_path / "run"))]
    assert [found.total for found in again] == [system.total for system in systems]
    assert list(stored.iter_units(one, tmp_path / "run")) == [
        UnitTally(*unit, tally.to_json())
        for unit, tally in zip(systems[0].units, systems[0].tallies, strict=True)
    ]


def test_a_record_that_is_too_large_is_not_written(tmp_path: Path) -> None:
    """A folder for the file beside it is what `write_run` has, and `run_record` may lack."""
    docs = synthetic.articles(1_001, paragraphs=1)
    gold = synthetic.gold(tmp_path, docs)
    record = run_record(synthetic.systems_of(gold, {"a": docs}), [gold])
    assert len(record.results[0].units) == 1_001  # In memory it is whole: a gate may read it.
    with pytest.raises(UsageError, match=r"counts of 1,001 documents \(a on planted\).*write_run"):
        stored.write(tmp_path / "run.json", record)
    assert not (tmp_path / "run.json").exists()


def test_of_very_many_failures_the_first_are_saved(tmp_path: Path) -> None:
    docs = synthetic.articles(MOST_FAILURES + 9, paragraphs=1)
    gold = synthetic.gold(tmp_path, docs)
    (system,) = synthetic.systems_of(gold, {"a": [replace(row, error="none") for row in docs]})
    (result,) = write_run(tmp_path / "run", [system], [gold]).results
    assert (result.failed, len(result.failures)) == (MOST_FAILURES + 9, MOST_FAILURES)
    assert result.failures[0].id == docs[0].id


def _change(run: Path, backend: int, change: Any) -> None:
    """Write the units of a backend anew, with the digest that fits."""
    record = stored.read(run)
    result = record.results[backend]
    units = list(change(list(stored.iter_units(result, run))))
    name = stored.file_name("units", result.gold, result.task, result.backend)
    with write_units(run, name, result.documents) as file:
        file.add(units)
    results = list(record.results)
    results[backend] = replace(result, **file.fields())
    stored.write(run / "run.json", replace(record, results=tuple(results)))


def _counts(units: list[UnitTally], document: str, tally: Any) -> Iterator[UnitTally]:
    for unit in units:
        yield unit._replace(tally=tally) if unit[:2] == (document, 0) else unit


PLANTED = [
    (0, lambda units: units[:-3], "its counts are of 11"),
    (0, lambda units: units[:4] + units[5:], "'d0001' are not of one paragraph each"),
    (0, lambda units: [*units, units[0]], "'d0000' are not of one paragraph each"),
    (0, partial(_counts, document="d0005", tally={"correct": {"PER": -1}}), "not a count: -1"),
    (0, partial(_counts, document="d0005", tally={"x": 1}), "not a count of an entity score"),
    (0, partial(_counts, document="d0005", tally={"correct": {"PER": 2**60}}), "expected a count"),
    (
        0,
        partial(_counts, document="d0005", tally={"partial": [["missed", "PER", None, -1]]}),
        "'d0005' do not add up",
    ),
    (1, partial(_counts, document="d0003", tally={"correct": {"PER": 9}}), "'d0003' failed, and"),
    (1, partial(_counts, document="d0007", tally={"correct": {"ZZZ": 1}}), "gold .* in 'd0007'"),
    (
        1,
        lambda units: [unit._replace(document=unit.document.replace("d", "e")) for unit in units],
        "other paragraphs|its counts do not have it",
    ),
]


@pytest.mark.parametrize(("backend", "change", "said"), PLANTED)
def test_planted_contradictions_are_found(run: Path, backend: int, change: Any, said: str) -> None:
    read_run(run)
    _change(run, backend, change)
    with pytest.raises(InputError, match=said):
        read_run(run)


def test_another_file_is_found(run: Path) -> None:
    one, two = (run / str(result.units_file) for result in stored.read(run).results)
    one.write_bytes(two.read_bytes())
    with pytest.raises(InputError, match="not the file that this record is about"):
        check_record(stored.read(run), run)
    one.unlink()
    read_run(run)  # One that is gone is no contradiction.


def test_a_run_end_to_end_is_the_same_in_both_forms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Run, report, compare, accept and check; `MOST_LISTED` says what is left out."""
    monkeypatch.setattr("harness.results.record.INLINE_DOCUMENTS", 5)
    synthetic.gold(tmp_path, synthetic.articles(12))
    said: dict[str, list[str]] = {}
    for ending in FORMATS:
        monkeypatch.setattr(unit_files, "DATABASE_FROM", 12 if ending == "sqlite" else 13)
        folder = tmp_path / ending
        folder.mkdir()
        monkeypatch.chdir(folder)
        quiet = ["--quiet", "--no-cache"]
        gold = ["--gold", "../planted.jsonl"]
        backends = ["gazetteer", "twin=gazetteer", "whole-document"]
        assert main(["run", *backends, *gold, "--out", "r", *quiet]) == 0
        capsys.readouterr()
        for result in stored.read("r").results:
            assert str(result.units_file).endswith(ending) and not result.units
            assert result.costs.document_seconds == () and result.costs.median_seconds
        printed = said.setdefault(ending, [])
        accept = ["baseline", "accept", "r", "--baseline", "b.json", "--yes"]
        for verb in (["compare", "r"], accept, ["check", "r", "--baseline", "b.json"]):
            assert main(verb) == 0
            printed += (re.sub(r"accepted \S+", "", text) for text in capsys.readouterr())
        assert main(["report", "r", "--columns", "P,R,F1,95 % CI"]) == 0
        printed.append(capsys.readouterr().out)
        monkeypatch.setattr("harness.results.load.MOST_LISTED", 11)
        main(["check", "r", "--baseline", "b.json"])
        assert "of up to 11" in capsys.readouterr().out
        assert main([*accept, "--baseline", "many.json"]) == 0
        told = capsys.readouterr().err  # No place of the gold would help.
        assert (
            "gazetteer, twin: planted has 12 documents, and mentions" in told
            and "--gold" not in told
        )
        for how in (["--flips", "all"], ["--html", "c.html"]):
            assert main(["compare", "r", *how]) == 0
            assert "--gold" not in "".join(capsys.readouterr())
        page = Path("c.html").read_text("utf-8")
        assert "the notes below the table say why" in page and "of up to 11" in page
        monkeypatch.setattr("harness.results.load.MOST_LISTED", 200_000)
    assert said["jsonl"] == said["sqlite"]


MEMORY = """
import sys, tracemalloc
from functools import partial
from pathlib import Path
from harness.results.consistent import read_tally
from harness.results.unit_files import read_columns
from harness.tasks.registry import task_named
task = task_named("ner")
task.adds_up(read_tally(task, {"correct": {"PER": 1}}))
tracemalloc.start()
columns = read_columns(Path(sys.argv[1]), partial(read_tally, task))
print(tracemalloc.get_traced_memory()[1])
"""


def test_a_unit_takes_few_bytes(tmp_path: Path) -> None:
    """A pair and a Counter took a kibibyte; a number is four bytes, and ids go to a file."""
    peaks = []
    for units in (40_000, 120_000):
        path = tmp_path / "u.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for number in range(units):
                unit = [f"d{number:07}", 0, {"correct": {"PER": 1 + number % 5}}]
                file.write(compact(unit) + "\n")
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stdout))
    assert peaks[1] - peaks[0] < 8 * 80_000
