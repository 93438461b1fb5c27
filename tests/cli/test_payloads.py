"""Texts that media obey, through every verb and format, read by each medium's own parser."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import reading
from reading import PAYLOADS

from harness.cli.main import VERBS
from harness.report.tables import TABLE_FORMS

Run = Callable[..., Any]

READERS = {
    "simple": reading.log_lines,
    "github": reading.read_markdown,
    "csv": reading.read_csv,
    "latex": reading.read_latex,
    "json": reading.read_json,
}

BACKEND = """\
import json, sys
say = lambda **m: print(json.dumps(m), flush=True)
text = json.loads(sys.argv[1])
sys.stdin.readline()
say(type="hello", protocol=1, model={"name": text, "version": text})
for line in sys.stdin:
    for asked in json.loads(line)["documents"]:
        if asked["text"].endswith("!"):
            say(type="error", id=asked["id"], error=text)
            continue
        if len(sys.argv) > 2:
            say(type="annotations", id=asked["id"], entities=[
                {"start": 0, "end": 3, "label": "PERSON", "score": 0.9},
                {"start": 4, "end": 8, "label": text, "score": 0.5}])
            continue
        say(type="annotations", id=asked["id"], entities=[
            {"start": 0, "end": 2, "label": text}, {"start": 0, "end": 3, "label": "PERSON"},
            {"start": 4, "end": 9, "label": text, "score": text}])
"""

# Verb -> command lines; those with tables are asked in every format.
TABLES = {
    "score": ["score --gold gold.jsonl --pred pred.jsonl --task ner --confusion --doctor"],
    "report": ["report out"],
    "compare": [
        "compare out --resamples 50",
        "compare good.jsonl pred.jsonl --gold good.jsonl --task ner",
    ],
    "choose": ["choose out --task ner --resamples 50"],
    "explain": ["explain out --reference gazetteer --resamples 50 --min-support 1 --all"],
    "threshold": [
        "threshold sure --resamples 50",
        "threshold sure --resamples 50 --part PERSON",
    ],
    "check": ["check out --baseline base.json --resamples 50 --all"],
    "baseline": [
        "baseline show --baseline base.json",
        "baseline accept out --baseline base.json --yes",
    ],
    "history": ["history show trend.jsonl", "history trend.jsonl --backend process:*"],
    "agreement": ["agreement good.jsonl pred.jsonl"],
    "backends": ["backends"],
    "run": ["run empty --gold gold.jsonl --task ner --out again --no-cache"],
    "merge": ["merge shards --out merged"],
    "stress": ["stress --stored --out stressed"],
}
PLAIN = {
    "validate": ["validate gold.jsonl", "validate good.jsonl"],
    "audit": ["audit out --agree 2"],
    "convert": ["convert gold.jsonl out.conll", "convert gold.jsonl out.json --to doccano"],
    "predict": ["predict {backend} --docs gold.jsonl --task ner --no-cache"],
    "cache": [
        "cache list --cache-dir store",
        "cache explain {backend} --cache-dir store",
        "cache merge store --cache-dir merged",
    ],
    "check-backend": ["check-backend {backend} --task ner"],
    "env": ["env list", "env remove {payload}"],
    "formats": ["formats {payload}"],
    "versions": [
        "versions spacy=={payload} --gold gold.jsonl",
        "versions {payload}==1 --backend {backend} --gold gold.jsonl",
    ],
    "completion": ["completion words run {payload}", "completion words run --gold {payload}"],
}

MAY_REFUSE = {"validate", "convert", "env", "formats", "versions"}
"""What has errors, what a format cannot spell, what there is not. `versions` gets no further than
what it is asked for: it would ask a package index."""


def test_every_verb_is_asked() -> None:
    assert set(TABLES) | set(PLAIN) == set(VERBS)


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., str]:
    """A `process:` backend that says a text as its model's name and as a label; with a word more it
    is sure of what it says."""
    program = tmp_path / "backend.py"
    program.write_text(BACKEND, "utf-8")
    return lambda text, *more: (
        "process:" + shlex.join([sys.executable, "-S", "-E", str(program), json.dumps(text), *more])
    )


@pytest.mark.slow
@pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS)
def test_nothing_gets_out_of_its_medium(
    text: str,
    harness: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: Callable[..., str],
) -> None:
    monkeypatch.chdir(tmp_path)
    backend = command(text)
    _write(Path("gold.jsonl"), text, [(0, 3, "PERSON"), (4, 8, text), (4, 9, text)])
    _write(
        Path("pred.jsonl"), text, [(0, 3, "PERSON"), (0, 2, text), (4, 8, "ORG"), (10, 12, text)]
    )
    options = ("--task", "ner", "--cache-dir", "store", "--out", "out", "--rankings")
    _write(Path("good.jsonl"), text, [(0, 3, "PERSON"), (4, 9, text)])
    done = harness("run", backend, "gazetteer", "--gold", "gold.jsonl", *options)
    assert done.status == 0 and "2/3 documents" not in done.err, done.err
    reading.log_lines(done.out)
    reading.log_lines(done.err)
    reading.read_markdown(Path("out/leaderboard.md").read_text("utf-8"))
    cut = ("--shard", "1/1", "--out", "shards/1")
    harness("run", backend, "--gold", "gold.jsonl", *options[:4], *cut)
    sure = ("--out", "sure", "--no-cache", "--quiet")
    harness("run", command(text, "sure"), "--gold", "gold.jsonl", *options[:2], *sure)
    told = ("--perturb", "upper", "--gold", "gold.jsonl", *options[:4], "--out", "stressed")
    harness("stress", backend, *told)
    harness("baseline", "accept", "out", "--baseline", "base.json", "--yes")
    harness("history", "add", "out", "--history", "trend.jsonl")
    for lines in TABLES.values():
        for line in lines:
            for form in TABLE_FORMS:
                _ask(harness, f"{line} --format {form}", form)
            _ask(harness, f"{line} --json", "json")
    for lines in PLAIN.values():
        for line in lines:
            words = [w.format(backend=backend, payload=f"x{text}") for w in line.split()]
            words = [word.replace("\x00", "") for word in words]
            done = harness(*words)
            reading.log_lines(done.out)
            reading.log_lines(done.err)
            if "predict" in words:
                assert [*map(reading.read_json, done.out.splitlines())]
            elif words[0] != "completion":  # What stands behind is a word of somebody's line.
                _ask(harness, [*words, "--json"], "json")
    harness("report", "out", "--html", "page.html")
    reading.read_html(Path("page.html").read_text("utf-8"))
    _of_the_gate(harness, monkeypatch)


def _of_the_gate(harness: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A regression on every backend, in a CI service, with all its files."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "step.md")
    Path("gate.toml").write_text('[[rule]]\nbackend = "*"\nfloor = 1.0\n')
    files = ["--junit", "gate.xml", "--badge", "badge.json", "--rules", "gate.toml"]
    done = harness("check", "out", "--baseline", "base.json", "--resamples", "50", *files)
    reading.log_lines(done.out, commands=True)
    reading.log_lines(done.err)
    if done.status < 2:
        reading.read_xml(Path("gate.xml").read_text("utf-8"))
        reading.read_json(Path("badge.json").read_text("utf-8"))
    reading.read_markdown(
        Path("step.md")
        .read_text("utf-8")
        .replace("<details><summary>Flipped mentions</summary>", "")
        .replace("</details>", "")
    )


def _ask(harness: Run, line: str | list[str], form: str) -> None:
    done = harness(*(line.split() if isinstance(line, str) else line))
    reading.log_lines(done.err)
    reading.log_lines(done.out)
    words = line.split() if isinstance(line, str) else line
    assert done.status in (*((2,) if words[0] in MAY_REFUSE else ()), 0, 1), (line, done.err)
    if done.out:
        READERS[form](done.out)


def _write(path: Path, text: str, mentions: list[tuple[int, int, str]]) -> None:
    entities = [{"start": s, "end": e, "label": label} for s, e, label in mentions]
    records = [
        {"id": f"{text}{number}", "text": f"Ann {text} and Bob of {text}.", "entities": entities}
        for number in range(3)
    ]
    records[2]["text"] += "!"
    # One half of a character stands for itself nowhere: files with it are refused.
    whole = json.dumps(records).replace("\\ud800", "\\ufffd")
    path.write_text("\n".join(map(json.dumps, json.loads(whole))) + "\n", "utf-8")
