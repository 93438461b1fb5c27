"""Doubt from beside a record: filters that fit nothing, edited gold, files of another run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from doubtful import CHECK, OTHERS, VERBS, Capture, Desk, accepted, said

from harness.digest import digest_file

pytest_plugins = ["pytester"]

REPLAY = (*CHECK, "--replay")
ACCEPT, COMPARE, CHOOSE, AUDIT, REPORT, PAGE = OTHERS


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return accepted(tmp_path_factory.mktemp("doubt"))


@pytest.fixture
def desk(made: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folder, to change what lies in it."""
    made.copy(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- filters -----------------------------------------------------------------------------------


@pytest.mark.parametrize("others", [(), ("--backend", "b", "--backend", "c")])
@pytest.mark.parametrize("name", ["gazeteer", "spacy/*", "x"])
def test_a_backend_that_is_not_there(
    name: str, others: tuple[str, ...], desk: Path, capsys: Capture
) -> None:
    more = (*others, "--backend", name)
    status, text = said(capsys, (*CHECK, *more))
    assert status == 3 and f"nothing in the baseline fits --backend {name}" in text
    for argv in (ACCEPT, COMPARE, CHOOSE, AUDIT):
        status, text = said(capsys, (*argv, *more))
        assert status == 2 and f"no backend {name!r} in there" in text, argv
    assert not Path("new.json").exists()


@pytest.mark.parametrize("others", [(), ("--gold", "planted")])
@pytest.mark.parametrize("name", ["plantd", "quo?", "*.nothing"])
def test_a_gold_set_that_is_not_there(
    name: str, others: tuple[str, ...], desk: Path, capsys: Capture
) -> None:
    more = (*others, "--gold", name)
    status, text = said(capsys, (*CHECK, *more))
    assert status == 3 and f"nothing in the baseline fits --gold {name}" in text
    for argv in OTHERS:
        status, text = said(capsys, (*argv, *more))
        assert status == 2 and "no gold set" in text and name in text, argv
    assert not Path("new.json").exists()


def test_a_filter_that_fits_something_else_than_is_asked(desk: Path, capsys: Capture) -> None:
    """Of a gold set or backend that is there nothing may be measured for the task."""
    quotes = ("--gold", "planted", "--gold", "quotes")
    for argv in (CHOOSE, (*COMPARE, "--task", "ner"), (*AUDIT, "--task", "ner")):
        status, text = said(capsys, (*argv, *quotes))
        assert status == 3 and "nothing was measured for the task ner on the gold" in text
        status, text = said(capsys, (*argv, "--backend", "b", "--backend", "r"))
        assert status == 2 and "no backend 'r' in there" in text
    status, text = said(capsys, (*CHECK, *quotes, "--backend", "b"))
    assert status == 3 and "nothing in the baseline fits --gold quotes" in text


# --- gold --------------------------------------------------------------------------------------


def edit_gold(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    number = next(i for i, line in enumerate(lines) if json.loads(line)["entities"])
    value = json.loads(lines[number])
    value["entities"].pop()
    lines[number] = json.dumps(value)
    path.write_text("\n".join(lines) + "\n", "utf-8")


def test_edited_gold_that_is_named(desk: Path, capsys: Capture) -> None:
    edit_gold(desk / "planted.jsonl")
    named = ("--gold", "planted.jsonl")
    for argv in (CHECK, ACCEPT, COMPARE, CHOOSE, AUDIT):
        status, text = said(capsys, (*argv, *named))
        assert status == 3 and "'planted' at planted.jsonl is not the one of the run" in text, argv
    assert not Path("new.json").exists()
    status, text = said(capsys, (*REPLAY, *named))
    assert status == 3 and "the gold has changed; look at the new scores" in text
    status, text = said(capsys, PAGE)
    assert status == 0 and "mentions are not shown" in text and "changed since the run" in text


def test_gold_under_another_name_is_the_same_gold(desk: Path, capsys: Capture) -> None:
    (desk / "planted.jsonl").rename(desk / "moved.jsonl")
    for argv in (*VERBS, REPLAY):
        status, text = said(capsys, (*argv, "--gold", "moved.jsonl"))
        assert status == 0, (argv, text)


def test_a_digest_of_gold_is_whole(desk: Path, capsys: Capture) -> None:
    path = desk / "run" / "run.json"
    value = json.loads(path.read_text("utf-8"))
    value["gold"][0]["digest"] = value["gold"][0]["digest"][:8] + "0" * 56
    path.write_text(json.dumps(value), "utf-8")
    status, text = said(capsys, REPLAY)
    assert status == 2 and "its digest of the gold set is not whole" in text


# --- files -------------------------------------------------------------------------------------


def test_counts_are_those_of_the_predictions(desk: Path, capsys: Capture) -> None:
    """Somebody puts other predictions there, with their digest, and leaves the counts."""
    path = desk / "run" / "run.json"
    value = json.loads(path.read_text("utf-8"))
    shutil.copy(of_b(desk).with_name("c.jsonl"), of_b(desk))
    for row in (*value["results"], *value["common"]):
        if (row["backend"], row["gold"]) == ("b", "planted"):
            row["predictions_digest"] = digest_file(of_b(desk))
    path.write_text(json.dumps(value), "utf-8")
    status, text = said(capsys, REPLAY)
    assert status == 2 and "its counts are not those of its predictions" in text


def test_a_key_that_comes_twice(desk: Path, capsys: Capture) -> None:
    path = desk / "run" / "run.json"
    text = path.read_text("utf-8")
    path.write_text(text.replace('"units":', '"units": [], "units":', 1), "utf-8")
    for argv in VERBS:
        status, text = said(capsys, argv)
        assert status == 2 and "the key 'units' comes twice" in text


def of_b(desk: Path) -> Path:
    return desk / "run" / "predictions" / "planted" / "ner" / "b.jsonl"


def edited(path: Path) -> None:
    text = path.read_text("utf-8")
    path.write_text(text.replace('"label": "PER"', '"label": "ORG"', 1).replace("PER", "ORG", 1))


def later(path: Path) -> None:
    shutil.copy(path.with_name("d.jsonl"), path)


def outside(path: Path) -> None:
    path.rename(path.parents[4] / "elsewhere.jsonl")
    path.symlink_to(path.parents[4] / "elsewhere.jsonl")


def circle(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (edited, "its predictions are of another run"),
        (later, "its predictions are of another run"),
        (outside, "lie outside the run's folder"),
        (circle, "run"),
    ],
)
def test_predictions_of_another_run(
    change: Callable[[Path], None], words: str, desk: Path, capsys: Capture
) -> None:
    change(of_b(desk))
    for argv in (*VERBS, REPLAY):
        status, text = said(capsys, argv)
        assert status == 2 and words in text and "Traceback" not in text, (argv, text)
    assert not Path("new.json").exists()


def test_predictions_that_are_gone_are_told(desk: Path, capsys: Capture) -> None:
    of_b(desk).unlink()
    status, text = said(capsys, CHECK)
    assert status == 0 and "hich mentions flipped is not shown" in text
    assert "b.jsonl: cannot be read" in text
    status, text = said(capsys, REPLAY)
    assert status == 3 and "b.jsonl is missing" in text
    status, text = said(capsys, PAGE)
    assert status == 0 and "b: mentions are not shown: run/predictions" in text
    assert "without mentions" in said(capsys, ACCEPT)[1]


@pytest.mark.parametrize("how", ["edited", "gone", "outside"])
def test_units_of_another_run(how: str, desk: Path, capsys: Capture) -> None:
    units = desk / "run" / "units" / "c.jsonl"
    if how == "edited":
        units.write_text(units.read_text("utf-8").replace("spurious", "missed", 1), "utf-8")
    elif how == "gone":
        units.unlink()
    else:
        units.rename(desk / "elsewhere.jsonl")
        units.symlink_to(desk / "elsewhere.jsonl")
    words = {"edited": "of another run", "gone": "cannot be read", "outside": "lie outside"}[how]
    for argv in VERBS:
        status, text = said(capsys, argv)
        assert status == 2 and words in text and "c.jsonl" in text, (argv, text)


# --- the plugin of pytest ----------------------------------------------------------------------


def test_the_plugin_refuses_what_check_refuses(made: Desk, pytester: pytest.Pytester) -> None:
    made.copy(pytester.path)
    pytester.makepyfile("def test_other(): pass")
    quick = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:benchmark")
    argv = (*quick, "--harness-run", "run", "--harness-baseline", "base.json")

    def ends(words: str) -> None:
        result = pytester.runpytest_inprocess(*argv)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert words in result.stderr.str() + result.stdout.str()

    pytester.runpytest_inprocess(*argv).assert_outcomes(passed=6)
    edited(of_b(pytester.path))
    ends("its predictions are of another run")
    of_b(pytester.path).unlink()
    (pytester.path / "run" / "unfinished.json").touch()
    ends("has not ended")
    (pytester.path / "run" / "unfinished.json").unlink()
    value: dict[str, Any] = json.loads((pytester.path / "run" / "run.json").read_text("utf-8"))
    value["status"] = "success"
    (pytester.path / "run" / "run.json").write_text(json.dumps(value), "utf-8")
    ends("contradicts itself: its status is 'success'")
