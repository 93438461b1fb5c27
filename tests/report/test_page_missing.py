"""A page is written with what is there; it says what is missing, and how to give it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
import synthetic
from pages import panel_titles, unpacked_texts

from harness.cli.main import main


@pytest.fixture
def run(tmp_path: Path) -> Path:
    records = synthetic.articles(6)
    said = {name: synthetic.predict(records, synthetic.skilled(0.8, 0.1)) for name in ("a", "b")}
    return synthetic.run_folder(tmp_path / "run", synthetic.gold(tmp_path, records), said)


def _page(capsys: pytest.CaptureFixture[str], run: Path, *options: str) -> tuple[str, str]:
    file = run.parent / "page.html"
    assert main(["report", str(run), "--html", str(file), *options]) == 0
    return file.read_text("utf-8"), capsys.readouterr().err


def _gold(run: Path) -> Path:
    (file,) = run.parent.glob("*.jsonl")
    return file


def test_everything_is_there(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, said = _page(capsys, run)
    assert "not shown" not in page + said
    assert len(unpacked_texts(page, 0)[0]["documents"]) == 6


def test_gold_that_is_gone_and_given(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    elsewhere = _gold(run).rename(run.parent.parent / f"{run.parent.name}-gold.jsonl")
    page, said = _page(capsys, run)
    for text in (page, said):
        assert "is not at hand" in text and "--gold PATH" in text
    assert len(panel_titles(page)) == 1 and "F1 with 95 % intervals" in page
    page, said = _page(capsys, run, "--gold", str(elsewhere))
    assert "not shown" not in said
    assert len(unpacked_texts(page, 0)[0]["documents"]) == 6


def test_gold_that_has_changed(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = _gold(run)
    file.write_text(file.read_text("utf-8").replace("Riga", "Rome"), "utf-8")
    page, said = _page(capsys, run)
    assert "has changed since the run; --gold PATH says where it lies as it was" in said
    assert "F1 with 95 % intervals" in page and 'id="p0-index"' not in page


def test_predictions_of_one_backend_that_are_gone(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (file,) = run.glob("predictions/**/a.jsonl")
    file.unlink()
    page, said = _page(capsys, run)
    assert "a: mentions are not shown" in said and "run again to have them" in said
    index, _ = unpacked_texts(page, 0)
    assert index["backends"] == ["b"]


def test_what_does_not_fit_is_counted(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = synthetic.articles(60)
    said = {"a": synthetic.predict(records, synthetic.skilled(0.8, 0.1))}
    folder = run.parent / "large"
    folder.mkdir()
    large = synthetic.run_folder(folder / "run", synthetic.gold(folder, records), said)
    page, printed = _page(capsys, large, "--page-size", "4KB")
    assert "24 of 60 documents are in the page" in printed and "--page-size" in printed
    assert "24 of 60 documents are in this page" in page
    assert len(unpacked_texts(page, 0)[0]["documents"]) == 24
    page, printed = _page(capsys, large, "--page-size", "100")
    assert "0 of 60 documents are in the page" in printed and "No text is at hand" in page


def test_several_runs_in_one_page(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = run.parent / "both.html"
    assert main(["report", str(run), str(run), "--html", str(file)]) == 0
    titles = panel_titles(file.read_text("utf-8"))
    assert len(titles) == 2 and all(title.startswith(f"{run}: ") for title in titles)
    assert main(["report", str(run), str(run), "--rankings"]) == 0
    assert capsys.readouterr().out.count("planted: named entities") == 2


def _made(folder: Path, seed: int, backend: str) -> Path:
    records = synthetic.articles(6, seed=seed)
    said = {backend: synthetic.predict(records, synthetic.skilled(0.8, 0.1))}
    folder.mkdir()
    return synthetic.run_folder(folder / "run", synthetic.gold(folder, records), said)


def test_gold_sets_of_one_name_in_two_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each run has its own beside it."""
    runs = [_made(tmp_path / name, seed, "a") for seed, name in enumerate(("one", "two"))]
    file = tmp_path / "page.html"
    assert main(["report", *map(str, runs), "--html", str(file)]) == 0
    assert "not shown" not in capsys.readouterr().err
    page = file.read_text("utf-8")
    first, second = (unpacked_texts(page, panel)[1][0][0]["t"] for panel in (0, 1))
    assert first != second


def test_what_fits_one_run_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [_made(tmp_path / name, 0, name) for name in ("one", "two")]
    command = ["report", *map(str, runs), "--rankings", "--backend"]
    assert main([*command, "two"]) == 0
    printed = capsys.readouterr()
    assert printed.out.count("planted: named entities") == 1
    assert f"{runs[0]} is left out: no backend 'two'" in printed.err
    assert main([*command, "three"]) == 2


def test_a_figure_of_odd_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("vl_convert", reason="needs the extra figures")
    run = _made(tmp_path / "odd", 0, "b\x1b[31m")
    assert main(["report", str(run), "--figures", str(tmp_path / "f")]) == 0
    for path in (tmp_path / "f").glob("*.svg"):
        ElementTree.fromstring(path.read_text("utf-8"))
    (tmp_path / "taken").write_text("x")
    command = ["report", str(run), "--figures", str(tmp_path / "taken")]
    assert main([*command, "--figure-format", "json"]) == 2
