"""Gold that is given by its path: what needs its texts finds it again, or says that it is gone."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from pages import class_counts, unpacked_texts
from ways import Replayed, call, quick, replayed

import harness
from harness.annotation import Annotations, Entity, Record
from harness.formats import jsonl
from harness.gold.loading import load_goldset
from harness.registry import BackendSpec
from harness.results import stored
from harness.results.load import from_run
from harness.run.options import RunOptions
from harness.run.runner import run

TEXT = "Ada Roe went to Oslo.\nBo Li stayed in Riga."
SPANS = {"Ada Roe": "PERSON", "Oslo": "GPE", "Bo Li": "PERSON", "Riga": "GPE"}
PINS = """[[rule]]
max_drop = 5
[[pin]]
document = "a"
start = 0
end = 7
"""
NAMES = ("process:one", "process:two")


def entities(*names: str, label: str = "") -> tuple[Entity, ...]:
    starts = ((TEXT.index(name), name) for name in names)
    return tuple(Entity(start, start + len(n), label or SPANS[n]) for start, n in starts)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a gold file, a run of two backends on it, and a baseline."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    jsonl.write("ours.jsonl", [Record("a", TEXT, Annotations(entities(*SPANS)))])
    both = entities("Oslo", label="PERSON")  # Both say so: the gold may be wrong there.
    Replayed.backends = {
        "one": ({"a": Record("a", None, Annotations((*entities("Ada Roe"), *both)))}, None),
        "two": (
            {"a": Record("a", None, Annotations((*entities("Ada Roe", "Bo Li"), *both)))},
            None,
        ),
    }
    with replayed():
        specs = [BackendSpec.parse(name) for name in NAMES]
        run(specs, [load_goldset("ours.jsonl")], RunOptions(out=Path("out")))
    assert call("baseline", "accept", "out", "--baseline", "base.json", "--yes")[0] == 0
    Path("pins.toml").write_text(PINS, "utf-8")
    return folder


def page(run_folder: str | Path, *more: str) -> tuple[str, str]:
    """The page of a run, and what stderr says."""
    html = Path("page.html")
    status, _, err = call("report", str(run_folder), "--html", str(html), *more)
    assert status == 0, err
    return html.read_text("utf-8"), err


def counted(folder: str | Path) -> dict[str, Counter[str]]:
    """The same by the units of the record."""
    found: dict[str, Counter[str]] = {}
    for result in stored.read(folder).results:
        classes = found.setdefault(result.backend, Counter())
        for unit in result.units:
            classes["correct"] += sum(unit.tally.get("correct", {}).values())
            for error, *_, n in unit.tally.get("errors", ()):
                classes[error] += n
    return {backend: +classes for backend, classes in found.items()}


def require_shown(folder: str | Path, *more: str) -> None:
    text, err = page(folder, *more)
    assert class_counts(text, 0) == counted(folder) and "not shown" not in text + err


def require_looked_up(folder: str, *more: str) -> None:
    """Audit, pins and flips find the mentions too."""
    status, out, err = call("audit", folder, *more)
    assert status == 0 and "Oslo" in out, err
    rules = ("--baseline", "base.json", "--rules", "pins.toml", "--resamples", "50", "--json")
    for replay in ((), ("--replay",)):
        status, out, err = call("check", folder, *rules, *replay, *more)
        pins = [v for v in json.loads(out)["verdicts"] if v["metric"] == "pin"]
        assert [v["status"] for v in pins] == ["ok", "ok"] and status == 0, err
    status, out, err = call("compare", folder, "--resamples", "20", "--json", *more)
    assert status == 0, err
    flips = json.loads(out)[0]["flips"][NAMES[1]]
    assert [mention[3] for mention in flips["gained"]] == ["PERSON"] and not flips["lost"]


def test_it_is_found_where_the_run_found_it(project: Path) -> None:
    require_shown("out")
    require_looked_up("out")


def test_it_is_found_from_anywhere_once_moved_with_the_run(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.rename(tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    require_shown("elsewhere/out")
    monkeypatch.chdir(tmp_path / "elsewhere")
    require_looked_up("out")


def test_moved_alone_it_is_missed_until_somebody_says_where_it_lies(
    project: Path, tmp_path: Path
) -> None:
    (project / "ours.jsonl").rename(tmp_path / "renamed.jsonl")
    text, err = page("out")
    said = f"{', '.join(reversed(NAMES))}: mentions are not shown: gold set {{}} is not at hand"
    assert said.format("'ours'") in err and "say where it lies: --gold PATH" in err
    assert said.format("&#39;ours&#39;") in text and "p0-index" not in text
    (system, _) = from_run("out")
    assert system.outcomes is None and "--gold" in system.without_outcomes
    status, _, err = call("audit", "out")
    assert status == 3 and "--gold" in err
    status, out, _ = call("check", "out", "--baseline", "base.json", "--rules", "pins.toml")
    assert status == 3 and "could not be looked up" in out
    status, out, _ = call("compare", "out", "--resamples", "20")
    assert status == 0 and "flips are not shown" in out
    gold = ("--gold", str(tmp_path / "renamed.jsonl"))
    require_shown("out", *gold)
    require_looked_up("out", *gold)


def test_a_file_is_compared_with_a_run_on_gold_that_was_renamed_since(
    project: Path, tmp_path: Path
) -> None:
    gold = (project / "ours.jsonl").rename(tmp_path / "renamed.jsonl")
    jsonl.write("mine.jsonl", [Record("a", None, Annotations(entities("Ada Roe")))])
    more = ("--gold", str(gold), "--task", "ner", "--resamples", "20", "--json")
    for inputs in (("mine.jsonl", "out"), ("out", "mine.jsonl")):
        status, out, err = call("compare", *inputs, "--force", *more)
        assert status == 0, err
        (found,) = json.loads(out)
        assert {row["name"] for row in found["systems"]} == {"mine", *NAMES}
        rows = harness.compare(*inputs, gold=gold, task="ner", force=True, resamples=20).rows
        assert {row.name for row in rows} == {"mine", *NAMES}


def test_edited_gold_and_lost_predictions_are_said_on_the_page(project: Path) -> None:
    (gone,) = (project / "out").rglob("process-two*.jsonl")
    gone.unlink()
    text, err = page("out")
    said = f"process:two: mentions are not shown: {gone.relative_to(project)}"
    assert said in err and said in text and "run again to have them" in err
    assert list(class_counts(text, 0)) == ["process:one"]
    jsonl.write("ours.jsonl", [Record("a", TEXT, Annotations(entities("Oslo")))])
    text, err = page("out")
    assert "p0-index" not in text and "has changed since the run; --gold PATH" in err
    assert "has changed since the run" in text


@pytest.mark.parametrize("boundary", ["raw", "normalised"])
@pytest.mark.parametrize("schema", [None, "conll03"])
def test_the_page_marks_what_the_run_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schema: str | None, boundary: str
) -> None:
    monkeypatch.chdir(tmp_path)
    named = () if schema is None else ("--schema", schema)
    argv = (
        "--task",
        "ner",
        "--boundary",
        boundary,
        "--out",
        "out",
        "--quiet",
        "--no-cache",
        *named,
    )
    with quick():
        status, _, err = call("run", "gazetteer", "--gold", "seeds", *argv)
    assert status == 0, err
    require_shown("out")
    index, _ = unpacked_texts(page("out")[0], 0)
    labels = set(index["labels"])
    assert ("GPE" in labels, "DATE" in labels, "PER" in labels) == (
        (not schema,) * 2 + (bool(schema),)
    )
