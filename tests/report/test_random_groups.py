"""Every table with an interval says where very many documents were drawn in random groups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import synthetic

from harness.cli.main import main
from harness.decide.versions import ReleaseRow, Releases
from harness.report.versions import releases_table
from harness.results.load import from_run, read_run
from harness.results.save import write_run
from harness.stats import units

SAID = "by document in 36 random groups, seed 0"
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A run on two gold sets, of which one has more documents than are drawn one by one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(units, "MOST_UNITS", 71)
    monkeypatch.setattr(units, "_GROUPS", 36)
    monkeypatch.setattr(units, "_LEAST_GROUPS", 2)
    many, few = synthetic.articles(72), synthetic.articles(9, seed=1)
    golds, systems = [], []
    for name, docs in (("many", many), ("few", few)):
        golds.append(synthetic.gold(tmp_path, docs, name))
        answers = {
            "a": synthetic.predict(docs, synthetic.skilled(0.9, 0.1)),
            "b": synthetic.predict(docs, synthetic.skilled(0.6, 0.3)),
        }
        systems += synthetic.systems_of(golds[-1], answers)
    write_run("run", systems, golds)
    assert main(["baseline", "accept", "run", "--baseline", "base.json", "--yes"]) == 0
    yield tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ["report", "run", "--rankings"],
        ["report", "run", "--pool"],
        ["compare", "run"],
        ["choose", "run", "--task", "ner", "--gold", "many"],
        ["check", "run", "--baseline", "base.json"],
    ],
    ids=" ".join,
)
def test_what_is_printed(words: list[str], capsys: Capture) -> None:
    capsys.readouterr()
    main(words)
    assert SAID in " ".join(capsys.readouterr().out.split())


def test_the_gate_says_it_of_the_set_that_is_large(capsys: Capture) -> None:
    capsys.readouterr()
    assert main(["check", "run", "--baseline", "base.json"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    drawn = " paired bootstrap resamples by document"
    assert f"{drawn}, seed 0 (few), " in said
    assert f"{drawn} in 36 random groups, seed 0 (many)." in said
    assert main(["check", "run", "--baseline", "base.json", "--gold", "many"]) == 0
    assert f"{drawn} in 36 random groups, seed 0." in " ".join(capsys.readouterr().out.split())


def test_releases() -> None:
    scored = next(one for one in from_run(read_run("run")) if one.gold == "many")
    found = Releases(
        *("x", "x", "many", "ner", (ReleaseRow("1", scored.result, scored=scored),), ()),
        part=scored.parts[0],
        signature=str(scored.signature),
        unit="document",
        resamples=100,
    )
    assert any(SAID in note for note in releases_table(found).notes)
