"""`harness check` and `harness baseline`, from the command line."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
import synthetic
from gate_bench import GOOD, Gate, lose

from harness.cli.main import main
from harness.decide.gate.check import check
from harness.gold.goldset import GoldSet
from harness.results import stored
from harness.results.finder import GoldFinder
from harness.results.load import from_run

# --- the command -------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, goldset: GoldSet) -> Path:
    """A folder with a gold set, two runs and no GitHub around."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    shutil.copy(goldset.path, tmp_path / "planted.jsonl")
    synthetic.run_folder(tmp_path / "old", goldset, {"b": GOOD})
    synthetic.run_folder(tmp_path / "new", goldset, {"b": lose(0.1)})
    return tmp_path


def accept(*more: str) -> int:
    return main(["baseline", "accept", "old", "--baseline", "base.json", "--yes",
                 "--gold", "planted.jsonl", *more])  # fmt: skip


def test_accept_shows_and_check_judges(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert accept() == 0
    assert "What accepting this run changes" in capsys.readouterr().out
    gold = ["--gold", "planted.jsonl", "--resamples", "1000"]
    assert main(["check", "old", "--baseline", "base.json", *gold]) == 0
    out = capsys.readouterr().out
    assert "no regression" in out
    before = (desk / "base.json").read_bytes()
    status = main(
        ["check", "new", "--baseline", "base.json", *gold, "--junit", "out/gate.xml",
         "--summary", "out/summary.md", "--badge", "out/badge.json"]
    )  # fmt: skip
    assert status == 1
    out = capsys.readouterr().out
    assert "regression: " in out and "FAILED" in out and "lost: " in out
    assert ElementTree.parse(desk / "out" / "gate.xml").getroot().tag == "testsuites"
    assert "harness check" in (desk / "out" / "summary.md").read_text()
    assert json.loads((desk / "out" / "badge.json").read_text())["color"] == "red"
    assert (desk / "base.json").read_bytes() == before
    assert main(["check", "new", "--baseline", "base.json", *gold, "--json"]) == 1
    value = json.loads(capsys.readouterr().out)
    assert value["status"] == 1 and value["verdicts"][0]["code"] == "drop"


def test_replay_needs_no_model_and_sees_changed_gold(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accept()
    base = ["check", "old", "--baseline", "base.json", "--gold", "planted.jsonl",
            "--resamples", "200", "--replay"]  # fmt: skip
    assert main(base) == 0
    assert "counted again" in capsys.readouterr().out
    lines = (desk / "planted.jsonl").read_text().splitlines()
    (desk / "planted.jsonl").write_text("\n".join(lines[1:]) + "\n")
    assert main(base) == 2  # the stored predictions are for a document that is gone
    assert "not in the gold" in capsys.readouterr().err
    value = json.loads(lines[0])
    value["entities"] = value["entities"][:-1]
    (desk / "planted.jsonl").write_text("\n".join([json.dumps(value), *lines[1:]]) + "\n")
    assert main(base) == 3
    assert "the gold has changed" in capsys.readouterr().out


def test_replay_checks_the_others_where_predictions_are_gone(
    desk: Path, capsys: pytest.CaptureFixture[str], goldset: GoldSet
) -> None:
    synthetic.run_folder(desk / "old", goldset, {"b": GOOD, "c": GOOD})
    accept()
    gone = next((desk / "old" / "predictions").rglob("c.jsonl"))
    gone.unlink()
    capsys.readouterr()
    argv = ["check", "old", "--baseline", "base.json", "--gold", "planted.jsonl", "--json",
            "--resamples", "200", "--replay"]  # fmt: skip
    assert main(argv) == 3
    verdicts = json.loads(capsys.readouterr().out)["verdicts"]
    assert {v["status"] for v in verdicts if v["backend"] == "b"} == {"ok"}
    (absent,) = (v for v in verdicts if v["backend"] == "c")
    assert (absent["status"], absent["code"]) == ("error", "no-predictions")
    assert "c.jsonl is missing" in absent["message"]


def test_accept_asks(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody at the terminal: nothing changes."""
    argv = ["baseline", "accept", "old", "--baseline", "base.json"]
    assert main(argv) == 2
    assert "--yes" in capsys.readouterr().err and not (desk / "base.json").exists()
    assert main([*argv, "--dry-run"]) == 0
    assert not (desk / "base.json").exists()


def test_accept_refuses_a_broken_baseline_and_a_broken_run(desk: Path) -> None:
    (desk / "base.json").write_text("{broken")
    assert accept() == 2
    assert (desk / "base.json").read_text() == "{broken"
    (desk / "base.json").unlink()
    (desk / "old" / "run.json").write_text("{}")
    assert accept() == 2
    assert not (desk / "base.json").exists()


def test_show(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accept()
    capsys.readouterr()
    assert main(["baseline", "show", "--baseline", "base.json"]) == 0
    assert "planted" in capsys.readouterr().out
    assert main(["baseline", "show", "--baseline", "base.json", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["backend"] == "b"


@pytest.mark.parametrize(
    ("argv", "status", "said"),
    [
        (["check", "nowhere", "--baseline", "base.json"], 2, "no run here"),
        (["check", "old", "--baseline", "none.json"], 2, "no baseline here"),
        (["check", "old", "--baseline", "old/run.json"], 2, "not a baseline"),
        (["check", "old", "--baseline", "base.json", "--rules", "none.toml"], 2, "cannot be read"),
        (["check", "old", "--baseline", "base.json", "--backend", "x"], 3, ""),
        (["check", "old", "--baseline", "base.json", "--resamples", "0"], 2, "between 1 and"),
        (["check", "gone", "--baseline", "base.json", "--replay"], 3, "--gold"),
        (["baseline", "accept", "nowhere", "--baseline", "base.json"], 2, "no run here"),
    ],
)
def test_bad_usage(
    desk: Path, capsys: pytest.CaptureFixture[str], argv: list[str], status: int, said: str
) -> None:
    accept()
    shutil.copytree(desk / "old", desk / "gone")
    record = stored.read(desk / "gone")
    gold = tuple(replace(card, path="", name="gone") for card in record.gold)
    results = tuple(
        replace(
            result, gold="gone", signature=(result.signature or "").replace("planted@", "gone@")
        )
        for result in record.results
    )
    stored.write(desk / "gone" / "run.json", replace(record, gold=gold, results=results))
    before = (desk / "base.json").read_bytes()
    capsys.readouterr()
    assert main(argv) == status
    captured = capsys.readouterr()
    assert said in captured.err and "Traceback" not in captured.err
    assert (desk / "base.json").read_bytes() == before


def test_in_github_actions(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    accept()
    capsys.readouterr()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(desk / "step.md"))
    argv = ["check", "new", "--baseline", "base.json", "--resamples", "500"]
    assert main(argv) == 1
    lines = capsys.readouterr().out.splitlines()
    commands = [line for line in lines if line.lstrip().startswith("::")]
    assert commands and all(line.startswith("::error title=") for line in commands)
    assert lines[-len(commands) :] == commands
    assert (desk / "step.md").stat().st_size > 100
    assert main([*argv, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["status"] == 1


def test_a_run_read_back_is_checked_like_the_systems(desk: Path, gate: Gate) -> None:
    finder = GoldFinder(["planted.jsonl"])
    systems = from_run(desk / "new", finder=finder)
    record = replace(gate.record)
    report = check(record, systems, gate.accepted, resamples=500)
    assert report.exit_status == 1
    assert report.having("fail")[0].flips is not None
