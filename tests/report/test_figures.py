"""Figures are data: they compile, they hold what the tables say, and names in them are no code."""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import synthetic

from harness.decide.compare import compare
from harness.errors import LibraryMissing, UsageError
from harness.report.figures.compared import difference_figure
from harness.report.figures.figure import Chart, distinct, figure_name
from harness.report.figures.theme import CATEGORIES, config, ordered_classes
from harness.report.figures.write import FIGURE_FORMS, write_figures
from harness.report.page.report import RankedRun, panels_of, placed_figures
from harness.results.finder import GoldFinder
from harness.results.load import from_run, read_run

VENDOR = Path(__file__).parents[2] / "harness" / "report" / "assets" / "vendor"
RESULTS = Path(__file__).parents[2] / "results"
EVIL = "a'b\"]</script>${x} datum.x\n‮é"


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> list[Chart]:
    """Every figure of a run of two backends, one of which has a name that could be anything."""
    folder, records = tmp_path_factory.mktemp("figures"), synthetic.articles(12)
    said = {
        name: synthetic.predict(records, synthetic.skilled(*skill))
        for name, skill in (("ours", (0.8, 0.1)), ("theirs", (0.6, 0.2)))
    }
    run = synthetic.run_folder(folder / "run", synthetic.gold(folder, records), said)
    ranked = RankedRun.of(*read_run(run), GoldFinder())
    drawn = list(placed_figures(panels_of([ranked], room=None)).values())
    compared = difference_figure(compare(from_run(run)), EVIL)
    assert compared is not None
    return [*drawn, compared]


def _values(spec: Any) -> Iterator[Any]:
    """Everything in a specification but its data."""
    if isinstance(spec, dict):
        for key, value in spec.items():
            if key != "data":
                yield key
                yield from _values(value)
    elif isinstance(spec, list):
        for value in spec:
            yield from _values(value)
    else:
        yield spec


def test_every_figure_compiles_and_draws(charts: list[Chart]) -> None:
    library = pytest.importorskip("vl_convert", reason="needs the extra figures")
    assert len(charts) >= 7
    for chart in charts:
        for theme in CATEGORIES:
            spec = {**chart.spec(), "width": 400, "config": config(theme)}
            compiled = library.vegalite_to_vega(spec, vl_version="6.4", show_warnings=True)
            assert compiled["marks"], chart.name
    svg = library.vegalite_to_svg({**charts[0].spec(), "width": 400}, vl_version="6.4")
    assert "ours" in svg and "theirs" in svg


def test_names_are_data_and_never_code(charts: list[Chart]) -> None:
    """Fields, expressions and links are the project's own words."""
    for chart in charts:
        said = json.dumps([one for one in _values(chart.body) if isinstance(one, str)])
        assert "href" not in said and "url" not in said
        fields = [
            encoding["field"]
            for encoding in _dicts(chart.body)
            if isinstance(encoding.get("field"), str)
        ]
        assert set(fields) <= {
            *("backend", "score", "low", "high", "group", "shown", "best", "speed", "memory"),
            *("quality", "front", "words/s", "peak MB", "part", "key", "support", "number"),
            *("strong", "class", "count", "order", "gold", "predicted", "share"),
            *("difference", "verdict", "perturbation", "level", "kind", "cost", "cases"),
        }, fields
        assert chart.name == figure_name(chart.name)


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _dicts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _dicts(inner)


def test_figures_hold_what_the_record_says() -> None:
    """The ranking's points are the F1 of the record, in its order."""
    record, folder = read_run(RESULTS)
    ranked = RankedRun.of(record, folder, GoldFinder())
    for panel, ranking in zip(panels_of([ranked], room=None), ranked.rankings, strict=True):
        (chart,) = panel.figures["ranking"]
        rows = chart.body["data"]["values"]
        assert [row["score"] for row in rows] == [one.f1 for one in ranking.real]
        (errors,) = panel.figures["errors"]
        for one in ranking.real:
            stated = one.definition.error_counts(one.total, one.options)
            drawn = {
                row["class"]: row["count"]
                for row in errors.body["data"]["values"]
                if row["name"] == one.name
            }
            assert drawn == {name: n for name, n in stated.items() if n}


def test_files_in_every_form(charts: list[Chart], tmp_path: Path) -> None:
    pytest.importorskip("vl_convert", reason="needs the extra figures")
    files = write_figures(charts[:1], tmp_path, FIGURE_FORMS)
    starts = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF", "json": b"{"}
    assert [path.suffix[1:] for path in files] == list(FIGURE_FORMS)
    for path in files:
        assert path.read_bytes().startswith(starts[path.suffix[1:]])


def test_what_cannot_be_written(
    charts: list[Chart], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match=r"unknown form of a figure .svgg."):
        write_figures(charts, tmp_path, ["svgg"])
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(LibraryMissing, match=r"nlp-harness\[figures\]"):
        write_figures(charts, tmp_path, ["png"])
    (path,) = write_figures(charts[:1], tmp_path / "new", ["json"])
    assert json.loads(path.read_text("utf-8"))["data"]


def test_two_names_that_look_alike_stay_two() -> None:
    long = "x" * 200
    shown = distinct([long + "a" + long, long + "b" + long, "short"])
    assert len(set(shown.values())) == 3
    assert all(len(text) <= 54 for text in shown.values())


def test_a_file_name_of_anything() -> None:
    assert figure_name("../../etc", EVIL).strip("-") == figure_name("../../etc", EVIL)
    assert "/" not in figure_name("../../etc", EVIL)
    assert figure_name("…") == "figure"
    assert figure_name("ranking", "x" * 200).startswith("ranking-")


def test_no_file_takes_the_place_of_another(charts: list[Chart], tmp_path: Path) -> None:
    files = write_figures([charts[0], charts[0], charts[1]], tmp_path, ["json"])
    assert len(set(files)) == len(list(tmp_path.iterdir())) == 3


def test_classes_have_one_order() -> None:
    names = ["type", "correct", "boundary", "missed", "boundary_type", "spurious"]
    assert ordered_classes(names) == [
        *("correct", "missed", "spurious", "boundary", "type", "boundary_type")
    ]


def test_vendored_files_are_what_was_published() -> None:
    listed = tomllib.loads((VENDOR / "vendor.toml").read_text("utf-8"))["file"]
    assert len(listed) == 3
    for one in listed:
        path = VENDOR / Path(one["path"]).name
        assert hashlib.sha256(path.read_bytes()).hexdigest() == one["sha256"], path.name
        assert "Redistribution" in (VENDOR / one["licence"]).read_text("utf-8")
