"""`harness run` and `report` from the user's side: a small gold set, backends without models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.decide.ranking import rankings
from harness.report.run import ranking_tables
from harness.report.tables import render_tables
from harness.results import stored
from harness.results.record import RECORD_SCHEMA

pytestmark = pytest.mark.processes

Run = Callable[..., Any]
QUIET = ("--quiet",)


@pytest.fixture
def run(
    harness: Run, gold: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))

    def call(*arguments: str) -> Any:
        return harness("run", "--gold", gold, "--out", tmp_path / "out", *QUIET, *arguments)

    return call


def test_sanity_rows_come_out_as_they_must(run: Run, tmp_path: Path) -> None:
    done = run("empty", "oracle", "whole-document", "--format", "json", "--rankings")
    assert done.status == 0
    ner, attribution = json.loads(done.out)
    for table in (ner, attribution):
        rows = {row["backend"].split(" ")[0]: row for row in table["rows"]}
        assert (rows["oracle"]["P"], rows["oracle"]["R"], rows["oracle"]["F1"]) == ("1.000",) * 3
        assert rows["empty"]["P"] is None
        assert rows["empty"]["R"] == "0.000"
        assert rows["whole-document"]["F1"] == "0.000"
    assert (tmp_path / "out" / "leaderboard.md").read_text("utf-8").startswith("# Leaderboard")


def test_a_missing_backend_is_a_row_and_the_run_goes_on(run: Run) -> None:
    done = run("spacy/no_such_pipeline", "empty", "--task", "ner", "--rankings")
    assert done.status == 0
    assert "spacy/no_such_pipeline (unavailable)" in done.out
    assert "is not installed" in done.out
    assert "empty (sanity)" in done.out


def test_require_makes_it_an_error(run: Run) -> None:
    done = run("spacy/nope", "empty", "--task", "ner", "--rankings", "--require", "spacy/nope")
    assert done.status == 3
    assert "required, but spacy/nope" in done.err
    assert "empty (sanity)" in done.out  # what was measured is not lost


def test_nothing_measured_is_status_3(run: Run) -> None:
    done = run("spacy/no_such_pipeline", "--task", "ner", "--rankings")
    assert done.status == 3


def test_unknown_backend_names_the_nearest(run: Run) -> None:
    done = run("gazeteer")
    assert done.status == 2
    assert "Did you mean 'gazetteer'?" in done.err


def test_a_backend_for_another_task(run: Run) -> None:
    done = run("gazetteer", "--task", "attribution")
    assert done.status == 3
    assert "nothing to measure" in done.err


def test_the_record_holds_enough_to_print_everything_again(
    run: Run, harness: Run, tmp_path: Path
) -> None:
    first = run("gazetteer", "quotes", "--rankings", "--format", "github")
    out = tmp_path / "out"
    again = harness("report", out, "--rankings", "--format", "github")
    assert again.out == first.out
    record = stored.read(out)
    assert record.status == "success"
    assert [result.backend for result in record.results] == ["gazetteer", "quotes"]
    assert (
        render_tables(ranking_tables(record, rankings(record, out)), "github") + "\n" == first.out
    )


def test_report_gives_the_record_as_json(run: Run, harness: Run, tmp_path: Path) -> None:
    first = run("empty", "--task", "ner", "--json")
    assert harness("report", tmp_path / "out", "--json").out == first.out


def test_an_unknown_schema_is_found_before_anything_runs(run: Run, tmp_path: Path) -> None:
    done = run("gazetteer", "--task", "ner", "--schema", "ontonotes")
    assert done.status == 2
    assert "ontonotes5" in done.err
    assert not (tmp_path / "out").exists()


def test_html_report(run: Run, harness: Run, tmp_path: Path) -> None:
    run("gazetteer", "--task", "ner", "--rankings")
    page = tmp_path / "report.html"
    done = harness("report", tmp_path / "out", "--html", page)
    assert done.status == 0
    assert page.read_text("utf-8").startswith("<!doctype html>")


def test_json_is_the_record(run: Run) -> None:
    done = run("empty", "--task", "ner", "--json")
    body = json.loads(done.out)
    assert body["schema_version"] == RECORD_SCHEMA
    assert body["results"][0]["backend"] == "empty"


def test_a_corrupt_record_is_an_input_error(harness: Run, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"schema_version": 1, "resul')
    done = harness("report", tmp_path)
    assert done.status == 2
    assert "is the file cut off?" in done.err


def test_progress_goes_to_stderr(harness: Run, gold: Path, tmp_path: Path) -> None:
    done = harness(
        "run", "empty", "--gold", gold, "--task", "ner", "--out", tmp_path, "--no-cache",
        "--rankings",
    )  # fmt: skip
    assert "[1/1] empty on gold (ner): 2/2 documents" in done.err
    assert "2/2 documents" not in done.out


def test_no_gold_set_here(harness: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("harness.paths.goldset_folders", tuple)
    done = harness("run", "empty")
    assert done.status == 2
    assert "--gold" in done.err
