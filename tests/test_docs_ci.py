"""docs/ci.md, followed literally: on the committed run, with a model, and in a suite of pytest."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from md_blocks import SHELL, blocks
from test_examples_help import ROOT, copy_checkout, shell, skip_without

pytestmark = pytest.mark.processes

BLOCKS = blocks(ROOT / "docs" / "ci.md")

GOLD = [
    {"id": "a", "text": "Ada Roe met Bert in Oslo."},
    {"id": "b", "text": "Cleo 🙂 thanked Ada Roe."},
]
NAMES = {"Ada Roe": "PERSON", "Bert": "PERSON", "Cleo": "PERSON", "Oslo": "GPE"}
OUR_PROJECT = f"""\
NAMES = {NAMES}

def find_names(text):
    places = [(text.find(name), name) for name in NAMES]
    return [(at, at + len(name), NAMES[name]) for at, name in places if at >= 0]
"""


def block(language: str, part: str = "") -> str:
    """The page's only block in that language in which `part` stands."""
    (found,) = [text for name, text in BLOCKS if name == language and part in text]
    return found


def steps(part: str) -> list[str]:
    """What the page's workflow in which `part` stands runs."""
    lines = block("yaml", part).splitlines()
    assert all(line.startswith(("- run: ", "- uses: ", "  if: ", "  with: {")) for line in lines)
    return [line.removeprefix("- run: ") for line in lines if line.startswith("- run: ")]


def commands(part: str) -> list[str]:
    """The lines of the page's only shell block in which `part` stands."""
    (found,) = [text for name, text in BLOCKS if name == SHELL and part in text]
    return found.splitlines()


def follow(lines: list[str], folder: Path) -> str:
    """Run the lines in order, each with exit status 0; gives what they printed."""
    said = ""
    for line in lines:
        done = shell(line, folder)
        assert done.returncode == 0, f"{line}: {done.returncode}\n{done.stdout}{done.stderr}"
        said += done.stdout
    return said


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout, with the page's rules."""
    folder = copy_checkout(tmp_path / "checkout")
    (folder / "gate.toml").write_text(block("toml"), "utf-8")
    return folder


def test_every_block_is_followed() -> None:
    shells = [text.split()[:2] for name, text in BLOCKS if name == SHELL]
    assert shells == [
        ["harness", "run"],
        ["harness", "check"],
        ["git", "switch"],
        ["pytest", "--harness-results"],
    ]
    assert sorted(name for name, _ in BLOCKS if name != SHELL) == ["python", "toml", "yaml", "yaml"]


def test_the_committed_run_keeps_the_rules(checkout: Path) -> None:
    (line,) = commands("--rules")
    assert "no regression" in follow([line], checkout)
    verdicts = json.loads(follow([f"{line} --json"], checkout))["verdicts"]
    (pin,) = [verdict for verdict in verdicts if verdict["metric"] == "pin"]
    (floor,) = [verdict for verdict in verdicts if verdict["floor"] is not None]
    assert (pin["status"], floor["status"]) == ("ok", "ok")
    document, start, end, _ = pin["pin"]
    text = (ROOT / "seeds" / f"{document}.txt").read_bytes().decode("utf-8")
    assert text[start:end] == "Jens Stoltenberg"
    found = round(floor["baseline"] * floor["support"])
    assert f"{floor['baseline']:.3f} was accepted, {found} of {floor['support']}" in block("toml")


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        ("floor = 0.65", "floor = 0.80", 1),
        ("start = 304", "start = 305", 2),
        ('backend = "spacy/*"            # left out', "# left out", 2),
        ('gold = "seeds"\nbackend', 'gold = "other"\nbackend', 3),
    ],
)
def test_the_rules_are_not_idle(checkout: Path, old: str, new: str, status: int) -> None:
    """Without the pin's backend it is asked of those that are counted in another schema too."""
    assert block("toml").count(old) == 1
    (checkout / "gate.toml").write_text(block("toml").replace(old, new), "utf-8")
    done = shell(*commands("--rules"), checkout)
    assert done.returncode == status, done.stdout + done.stderr


def test_the_steps_of_github_actions(checkout: Path) -> None:
    (line,) = [step for step in steps("--junit") if step.startswith("harness ")]
    follow([line], checkout)
    assert (checkout / "gate.xml").read_text("utf-8").startswith("<?xml")
    assert json.loads((checkout / "badge.json").read_text("utf-8"))["schemaVersion"] == 1


def test_a_history_on_a_branch(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The branch is made as the page says; then two jobs add to it at the same time."""
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "ci")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "ci@localhost")
    origin = tmp_path / "origin"
    summary = tmp_path / "summary.md"
    begin = ["git init -q -b main", "git add .", "git commit -qm begin"]
    begin += [f"git init -q --bare -b main {origin}", f"git remote add origin {origin}"]
    follow([*begin, *commands("--orphan")], checkout)
    assert (checkout / "gate.toml").exists()
    other = tmp_path / "other"
    for folder in (checkout, other):
        follow([f"git clone -q -b harness-history {origin} {folder / 'history'}"], tmp_path)
    (install, *lines) = steps("--history")
    assert install == "pip install ."
    lines = [f"export GITHUB_STEP_SUMMARY={summary} GITHUB_SHA=abc; {line}" for line in lines]
    # The other job has pushed another run meanwhile.
    (other / "history" / "history.jsonl").write_text('{"schema": "x"}\n', "utf-8")
    follow(lines[-2:], other)
    follow(lines, checkout)
    assert "nothing to compare yet" in summary.read_text("utf-8")
    shown = follow(["git show harness-history:history.jsonl"], origin).splitlines()
    assert '{"schema": "x"}' in shown and len(shown) > 20


@pytest.mark.models
def test_run_accept_and_check(checkout: Path) -> None:
    skip_without(["spacy/en_core_web_sm"])
    lines = commands("harness run")
    assert "no regression" in follow(lines, checkout)
    narrow = lines[-1].replace("--backend spacy/en_core_web_sm ", "")
    assert (narrow != lines[-1]) and shell(narrow, checkout).returncode == 3


def test_a_suite_of_ones_own(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    rows = [
        row | {"entities": [{"start": m.start(), "end": m.end(), "label": NAMES[m[0]]}
                            for m in re.finditer("|".join(NAMES), row["text"])]}
        for row in GOLD
    ]  # fmt: skip
    (folder / "gold.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (folder / "our_project.py").write_text(OUR_PROJECT, "utf-8")
    assert block("python").startswith("# test_model.py\n")
    (folder / "test_model.py").write_text(block("python"), "utf-8")
    lines = commands("pytest")
    assert follow(lines, folder).count("1 passed") == 2
    # From now on the same suite fails when a pinned name is lost.
    (folder / "gate.toml").write_text("[[pin]]\ndocument = 'a'\nstart = 12\nend = 16\n", "utf-8")
    rules = f"{lines[-1].partition('#')[0]} --harness-rules gate.toml"
    follow([rules], folder)
    lost = OUR_PROJECT.replace("'Bert': 'PERSON', ", "")
    (folder / "our_project.py").write_text(lost, "utf-8")
    done = shell(rules, folder)
    assert done.returncode == 1 and "pinned mention lost" in done.stdout, done.stdout
