"""Suites: named runs in harness.toml and pyproject.toml, and what is wrong with some of them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cli import choose as cli_choose
from harness.cli import predict as cli_predict
from harness.cli import run as cli_run
from harness.cli.main import main
from harness.cli.run import flags
from harness.coding import encode
from harness.errors import InputError, UsageError
from harness.options import Flag, build, flags_of
from harness.registry import BackendSpec
from harness.results.stored import read
from harness.run import suites
from harness.run.options import Limits, RunOptions
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


@pytest.mark.slow
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
        (("--match", "exact"), "exact", 3),
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


def test_lists_take_the_place_of_the_suite(tmp_path: Path) -> None:
    write(tmp_path, '[suites.x]\nbackends = ["empty"]\ngold = ["a"]\nrequire = ["empty"]\n')
    parser = argparse.ArgumentParser()
    cli_run.configure(parser)
    parser.set_defaults(**load_suite("x", flags(), folder=tmp_path))
    args = parser.parse_args([])
    assert (args.backend, args.gold, args.require) == ([BackendSpec("empty")], ["a"], ["empty"])
    args = parser.parse_args(["quotes", "--gold", "b", "--gold", "c", "--require", "quotes"])
    assert (args.backend, args.gold, args.require) == (
        [BackendSpec("quotes")],
        ["b", "c"],
        ["quotes"],
    )
    assert parser.parse_args([]).gold == ["a"], "what was said once is not kept"


def test_a_suite_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, SMALL)
    (tmp_path / "mine.jsonl").write_text('{"id": "a", "text": "Anna", "entities": []}\n')
    monkeypatch.chdir(tmp_path)
    read_files: list[object] = []

    def counted(folder: str | Path = ".") -> tuple[Path, Mapping[str, Any]]:
        read_files.append(folder)
        return find_suites(folder)

    monkeypatch.setattr(suites, "find_suites", counted)
    assert main(["run", "--suite", "small", "--no-cache", "--quiet"]) == 0
    assert len(read_files) == 1


def test_every_option_of_run_is_a_key_and_every_key_an_option() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    cli_run.configure(parser)
    options = {action.dest for action in parser._actions if action.option_strings} - {"suite"}
    assert options == {flag.name for flag in flags()}
    for action in parser._actions:
        for spelled in action.option_strings:
            long = spelled.startswith("--")
            assert spelled == (f"--{action.dest.replace('_', '-')}" if long else "-q")
    arguments = {action.dest for action in parser._actions if not action.option_strings}
    assert arguments == {"backend"}


@pytest.mark.parametrize("flag", flags(), ids=lambda flag: flag.name)
def test_a_suite_and_the_command_line_read_alike(flag: Flag, tmp_path: Path) -> None:
    """Their types, choices and ranges are the same, as are the words that refuse a value."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    cli_run.configure(parser)
    spelled = f"--{flag.name.replace('_', '-')}"
    for value in ("true", "'ner'", "'strict'", "'raw'", "'csv'", "'4GiB'", "0", "-1", "7", "0.5"):
        written = f"[{value}]" if flag.many else value
        write(tmp_path, f"[suites.x]\n{flag.name} = {written}\n")
        text = value.strip("'")
        words = [spelled] if flag.kind is bool else [f"{spelled}={text}"]
        try:
            expected = getattr(parser.parse_args(words), flag.name)
        except argparse.ArgumentError as error:
            with pytest.raises(InputError) as caught:
                load_suite("x", flags(), folder=tmp_path)
            assert f"suites.x.{flag.name}: found " in str(caught.value)
            if flag.choices:
                assert f"expected one of {', '.join(flag.choices)}" in str(caught.value)
            else:
                assert str(error).rpartition("expected ")[2] in str(caught.value)
            continue
        try:
            assert load_suite("x", flags(), folder=tmp_path)[flag.name] == expected
        except InputError as error:  # TOML knows types; on the command line all is text.
            assert flag.expected in str(error)
            assert value != "true" if flag.kind is bool else not value.startswith("'")


@pytest.mark.slow
@given(
    options=st.builds(
        RunOptions,
        batch_size=st.integers(1, 64),
        threads=st.integers(1, 64),
        limits=st.builds(
            Limits,
            document_seconds=st.floats(0.001, 1e9),
            load_seconds=st.floats(0.001, 1e9),
            total_seconds=st.none() | st.floats(0.001, 1e9),
            memory_bytes=st.none() | st.integers(1, (1 << 53)),
        ),
        offline=st.booleans(),
        fresh=st.booleans(),
        schema=st.none() | st.sampled_from(["conll03", "ontonotes5"]),
        rounds=st.integers(1, 9),
        out=st.sampled_from([Path("results"), Path("a b/ü")]),
        seed=st.integers(0, 1 << 40),
    )
)
def test_options_come_back_from_a_suite(
    options: RunOptions, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("suite")
    shown = {**encode(options), **encode(options.limits), "out": str(options.out)}
    said = {"document_seconds": "timeout", "load_seconds": "load_timeout", "offline": "online"}
    said |= {"total_seconds": "total_timeout", "memory_bytes": "max_memory"}
    keys = {flag.name for flag in flags_of(RunOptions)}
    lines = [
        f"{said.get(name, name)} = {json.dumps(not value if name == 'offline' else value)}"
        for name, value in shown.items()
        if said.get(name, name) in keys and value is not None
    ]
    write(folder, "\n".join(["[suites.x]", *lines, ""]))
    parser = argparse.ArgumentParser()
    cli_run.configure(parser)
    parser.set_defaults(**load_suite("x", flags(), folder=folder))
    assert build(RunOptions, vars(parser.parse_args([]))) == options


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
        (
            "[suites.x]\nbackend = ['a']",
            "suites.x: unknown key 'backend'. Did you mean 'backends'?",
        ),
        ("[suites.x]\nmax-memory = 1", "Did you mean 'max_memory'?"),
        ("[suite.x]\n", "unknown key 'suite'. Did you mean 'suites'?"),
        ("[suites.x]\nbackends = 'spacy'", "suites.x.backends: found 'spacy', expected a list"),
        ("[suites.x]\nbackends = [1]", "suites.x.backends[0]: found 1, expected a name or"),
        ("[suites.x]\nbackends = [{name = 'a'}]", "suites.x.backends[0]: unknown key 'name'"),
        ("[suites.x]\nbackends = [{backend = 'a', options = {b = []}}]", "options.b: found []"),
        ("[suites.x]\nbackends = [{options = {}}]", "suites.x.backends[0]: no 'backend'"),
        ("[suites.x]\ngold = [1]", "suites.x.gold[0]: found 1, expected a string"),
        ("[suites.x]\nrounds = '3'", "suites.x.rounds: found '3', expected a whole number"),
        ("[suites.x]\nrounds = true", "suites.x.rounds: found True, expected a whole number"),
        ("[suites.x]\nrounds = 0", "expected a whole number between 1 and 10,000"),
        ("[suites.x]\nseed = -1", "suites.x.seed: found -1, expected a whole number between 0 and"),
        ("[suites.x]\nrounds = 1.5", "suites.x.rounds: found 1.5, expected a whole number"),
        ("[suites.x]\nonline = 1", "suites.x.online: found 1, expected true or false"),
        ("[suites.x]\nout = 3", "suites.x.out: found 3, expected a path"),
        ("[suites.x]\nrequire = 'a'", "suites.x.require: found 'a', expected a list"),
        ("[suites.x]\nmax_memory = true", "suites.x.max_memory: found True, expected a size"),
        ("[suites.x]\nmatch = 'exakt'", "overlap=T. Did you mean 'exact'?"),
        ("[suites.x]\nbackends = ['a?b']", "suites.x.backends[0]: "),
        ("[suites.x]\ntimeout = 1" + "0" * 400, "expected seconds above 0"),
        (
            "[suites.x]\nseed = 1" + "0" * 400,
            "number between 0 and 999,999,999,999,999",
        ),
        ("[suites.x]\ntimeout = inf", "suites.x.timeout: found inf, expected seconds above 0"),
        ("[suites.x]\ntimeout = 0", "expected seconds above 0"),
        ("[suites.x]\nmax_memory = 'lots'", "expected a size above 0 such as 800MB"),
        ("[suites.x]\ntask = 'NER'", "expected one of ner, attribution"),
        ("suites = 3", "suites: found 3, expected a table"),
        ("[suites]\nx = 3", "suites.x: found 3, expected a table"),
        ("[suites.x", "not TOML"),
        ("[suites.x]\nseed = 1" + "0" * 5000, "not TOML"),
        ("a = " + "[" * 5000 + "]" * 5000, "not TOML"),
    ],
)
def test_what_is_wrong_is_named(text: str, words: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        load_suite("x", flags(), folder=tmp_path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_suite_without_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, GOOD)
    monkeypatch.chdir(tmp_path)
    assert main(["run", "empty", "--suite"]) == 2
    assert "--suite: expected one argument" in capsys.readouterr().err
    assert main(["run", "--suite", "nigthly"]) == 2
    assert "Did you mean 'nightly'?" in capsys.readouterr().err
    assert main(["run", "--suite", "nigthly", "--help"]) == 0


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
