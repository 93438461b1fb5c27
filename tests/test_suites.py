"""Suites: named runs in harness.toml and pyproject.toml, and what is wrong with some of them."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from harness.errors import InputError, UsageError
from harness.registry import BackendSpec
from harness.running.sizes import parse_size
from harness.running.suites import find_suites, load_suite

GOOD = """
[suites.nightly]
description = "what runs at night"
backends = ["spacy/en_core_web_sm?batch_size=8", {backend = "quotes", options = {strict = true}}]
gold = ["seeds", "mine.jsonl"]
require = ["quotes"]
task = "ner"
rounds = 3
max_memory = "2G"
timeout = 30
[suites.empty]
"""


def write(folder: Path, text: str, name: str = "harness.toml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_a_suite(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    (tmp_path / "mine.jsonl").write_text("")
    suite = load_suite("nightly", folder=tmp_path)
    assert suite.backends == (
        BackendSpec("spacy", "en_core_web_sm", {"batch_size": 8}),
        BackendSpec("quotes", "", {"strict": True}),
    )
    assert suite.gold == ("seeds", str(tmp_path / "mine.jsonl"))
    assert suite.options == {"task": "ner", "rounds": 3, "max_memory": 2 << 30, "timeout": 30}


def test_the_command_line_wins(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    suite = load_suite("nightly", folder=tmp_path)
    args = argparse.Namespace(task=None, rounds=5, timeout=300.0, max_memory=None, require=["a"])
    suite.apply(args, ["run", "--suite", "nightly", "--rounds=5", "--require", "a"])
    assert args == argparse.Namespace(
        task="ner", rounds=5, timeout=30, max_memory=2 << 30, require=["a"]
    )
    args = argparse.Namespace(rounds=1, require=[])
    suite.apply(args, ["run", "--suite", "nightly"])
    assert args == argparse.Namespace(rounds=3, require=["quotes"])


def test_an_empty_suite_leaves_everything_to_the_command(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    suite = load_suite("empty", folder=tmp_path)
    assert (suite.backends, suite.gold, dict(suite.options)) == ((), (), {})


def test_pyproject_and_folders_above(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    path = write(tmp_path, "[project]\n[tool.harness.suites.ci]\nrounds = 2\n", "pyproject.toml")
    write(inner, "[project]\n", "pyproject.toml")
    assert find_suites(inner)[0] == path
    assert load_suite("ci", folder=inner).options == {"rounds": 2}
    write(tmp_path, "[suites.other]\n")
    with pytest.raises(UsageError, match=r"no suite 'ci'\. Known: other"):
        load_suite("ci", folder=inner)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[suites.x]\nbackend = ['a']", "unknown key 'suites.x.backend'. Did you mean 'backends'?"),
        ("[suites.x]\nmax-memory = 1", "Did you mean 'max_memory'?"),
        ("[suite.x]\n", "unknown key 'suite'. Did you mean 'suites'?"),
        ("[suites.x]\nbackends = 'spacy'", "suites.x.backends is 'spacy', expected a list"),
        ("[suites.x]\nbackends = [1]", "suites.x.backends[0] is 1, expected a name or"),
        ("[suites.x]\nbackends = [{name = 'a'}]", "unknown key 'suites.x.backends[0].name'"),
        ("[suites.x]\nbackends = [{backend = 'a', options = {b = []}}]", "options.b is []"),
        ("[suites.x]\nbackends = [{options = {}}]", "backend is None, expected a backend's name"),
        ("[suites.x]\ngold = [1]", "suites.x.gold[0] is 1, expected a string"),
        ("[suites.x]\nrounds = '3'", "suites.x.rounds is '3', expected a whole number"),
        ("[suites.x]\nrounds = true", "suites.x.rounds is True, expected a whole number"),
        ("[suites.x]\nrounds = 0", "expected a number from 1 up"),
        ("[suites.x]\ntimeout = 0", "expected seconds above 0"),
        ("[suites.x]\nmax_memory = 'lots'", "expected a size such as 800M or 4G"),
        ("[suites.x]\ntask = 'NER'", "expected one of ner, attribution"),
        ("suites = 3", "suites is 3, expected a table of suites"),
        ("[suites]\nx = 3", "suites.x is 3, expected a table"),
        ("[suites.x", "not TOML"),
    ],
)
def test_what_is_wrong_is_named(text: str, words: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        load_suite("x", folder=tmp_path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_nearest_suite_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no harness\.toml here or above"):
        load_suite("x", folder=tmp_path)
    write(tmp_path, GOOD)
    with pytest.raises(UsageError, match="Did you mean 'nightly'"):
        load_suite("nigthly", folder=tmp_path)


@pytest.mark.parametrize(
    ("text", "size"),
    [("800M", 800 << 20), ("4 GiB", 4 << 30), ("1.5g", 3 << 29), ("65536", 65536), ("2kb", 2048)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "many", "-1", "1T", "1e3"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(ValueError, match="800M or 4G"):
        parse_size(text)
