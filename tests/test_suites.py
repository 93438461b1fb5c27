"""Suites: named runs in harness.toml and pyproject.toml, and what is wrong with some of them."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from harness.cli import choose as cli_choose
from harness.cli import predict as cli_predict
from harness.cli import run as cli_run
from harness.cli.main import main
from harness.cli.run import flags
from harness.errors import InputError, UsageError
from harness.registry import BackendSpec
from harness.results.record import read
from harness.run.sizes import parse_size
from harness.run.suites import find_suites, load_suite

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
SMALL = """
[suites.small]
backends = ["empty"]
gold = ["mine.jsonl"]
task = "ner"
match = "partial"
seed = 3
"""


def write(folder: Path, text: str, name: str = "harness.toml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_a_suite(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    (tmp_path / "mine.jsonl").write_text("")
    assert load_suite("nightly", flags(), folder=tmp_path) == {
        "backend": [
            BackendSpec("spacy", "en_core_web_sm", {"batch_size": 8}),
            BackendSpec("quotes", "", {"strict": True}),
        ],
        "gold": ["seeds", str(tmp_path / "mine.jsonl")],
        "require": ["quotes"],
        "task": "ner",
        "rounds": 3,
        "max_memory": 2 * 10**9,
        "timeout": 30.0,
    }


def test_the_command_line_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where Python calls the command, whatever this process itself was started with."""
    write(tmp_path, SMALL)
    (tmp_path / "mine.jsonl").write_text(
        '{"id": "a", "text": "Anna", "entities": [{"start": 0, "end": 4, "label": "PER"}]}\n'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["something", "--match", "exact", "--seed", "9"])
    common = ("run", "--suite", "small", "--no-cache", "--quiet")
    for words, match, seed in (
        ((), "partial", 3),
        (("--match", "type", "--seed=4"), "type", 4),
        (("--match", "strict"), "strict", 3),
    ):
        assert main([*common, *words]) == 0
        record = read(tmp_path / "results")
        assert (record.options["match"], record.seed) == (match, seed)
        assert record.command == ("harness", *common, *words)
    assert main([*common, "--require", "gazetteer"]) == 3
    assert main([*common, "--require", "empty"]) == 0
    write(tmp_path, SMALL + 'require = ["gazetteer"]\n')
    assert main([*common]) == 3
    assert main([*common, "--require", "empty"]) == 0


def test_an_empty_suite_leaves_everything_to_the_command(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    assert load_suite("empty", flags(), folder=tmp_path) == {}


def test_pyproject_and_folders_above(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    path = write(tmp_path, "[project]\n[tool.harness.suites.ci]\nrounds = 2\n", "pyproject.toml")
    write(inner, "[project]\n", "pyproject.toml")
    assert find_suites(inner)[0] == path
    assert load_suite("ci", flags(), folder=inner) == {"rounds": 2}
    write(tmp_path, "[suites.other]\n")
    with pytest.raises(UsageError, match=r"no suite 'ci'\. Known: other"):
        load_suite("ci", flags(), folder=inner)


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
        ("[suites.x]\nrounds = 0", "expected a whole number from 1 up"),
        ("[suites.x]\nseed = -1", "suites.x.seed is -1, expected a whole number from 0 up"),
        ("[suites.x]\nrounds = 1.5", "suites.x.rounds is 1.5, expected a whole number"),
        ("[suites.x]\nonline = 1", "suites.x.online is 1, expected true or false"),
        ("[suites.x]\nout = 3", "suites.x.out is 3, expected a path"),
        ("[suites.x]\nrequire = 'a'", "suites.x.require is 'a', expected a list"),
        ("[suites.x]\nmax_memory = true", "suites.x.max_memory is True, expected a size"),
        ("[suites.x]\nmatch = 'exakt'", "type. Did you mean 'exact'?"),
        ("[suites.x]\nbackends = ['a?b']", "suites.x.backends[0]: "),
        ("[suites.x]\ntimeout = inf", "suites.x.timeout is inf, expected seconds above 0"),
        ("[suites.x]\ntimeout = 0", "expected seconds above 0"),
        ("[suites.x]\nmax_memory = 'lots'", "expected a size above 0 such as 800MB"),
        ("[suites.x]\ntask = 'NER'", "expected one of ner, attribution"),
        ("suites = 3", "suites is 3, expected a table of suites"),
        ("[suites]\nx = 3", "suites.x is 3, expected a table"),
        ("[suites.x", "not TOML"),
    ],
)
def test_what_is_wrong_is_named(text: str, words: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        load_suite("x", flags(), folder=tmp_path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_nearest_suite_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no harness\.toml here or above"):
        load_suite("x", flags(), folder=tmp_path)
    write(tmp_path, GOOD)
    with pytest.raises(UsageError, match="Did you mean 'nightly'"):
        load_suite("nigthly", flags(), folder=tmp_path)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("800M", 800 * 10**6),
        ("4 GiB", 4 << 30),
        ("1.5g", 15 * 10**8),
        ("65536", 65536),
        ("2kb", 2000),
        ("2kib", 2048),
        ("1GB", 10**9),
        ("1.5 GiB", 3 << 29),
        ("1T", 10**12),
        ("512m", 512 * 10**6),
        ("100", 100),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "many", "-1", "-1GB", "1P", "1e3", "9" * 400])
def test_no_sizes(text: str) -> None:
    with pytest.raises(ValueError, match="such as 800MB"):
        parse_size(text)


def test_one_size_in_every_verb() -> None:
    for verb, module in (("run", cli_run), ("predict", cli_predict), ("choose", cli_choose)):
        parser = argparse.ArgumentParser(verb)
        module.configure(parser)
        (action,) = [a for a in parser._actions if "--max-memory" in a.option_strings]
        assert callable(action.type)
        assert (action.type("1GB"), action.type("1GiB")) == (10**9, 1 << 30)
