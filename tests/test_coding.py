"""Values from files: what fits is read, and what does not is named by file and key."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from msgspec import Meta

from harness.cli.main import main
from harness.coding import (
    DecodeError,
    decode,
    encode,
    parse_json,
    parse_toml,
    real_number,
    short,
    whole_number,
)
from harness.decide import baseline
from harness.decide.rules import read_rules
from harness.errors import HarnessError
from harness.gold.loading import load_goldset
from harness.labels.schema import load_schema
from harness.results import stored

ROOT = Path(__file__).parent.parent
TINY = Path(__file__).parent / "data" / "goldsets" / "tiny"

RULES = """
min_support = 3
blackout = 2
[[rule]]
gold = "a"
backend = "b"
task = "ner"
metric = "f1"
type = "PER"
floor = 0.5
max_drop = 1
interval = true
min_support = 1
[[pin]]
document = "d"
start = 1
end = 2
label = "PER"
gold = "a"
backend = "b"
task = "ner"
"""
SCHEMA = """
name = "ports"
version = "1"
description = "x"
source = "y"
guess = false
[labels]
PER = "people"
LOC = "places"
[aliases]
P = "PER"
[needs]
LOC = "PER"
"""
CARD_EXTRA = """
adjudication = "x"
nested = false
data = "x.jsonl"
format = "jsonl"
[aliases]
"Ann" = ["A."]
"""


@dataclass(frozen=True)
class File:
    """A kind of file: its content, how it is read, and keys whose content may be anything."""

    name: str
    content: dict[str, Any]
    read: Callable[[Path], object]
    free: tuple[str, ...] = ()


def _run() -> dict[str, Any]:
    """The committed run with one result and one unit, so that every key is there once."""
    value = json.loads((ROOT / "results" / "run.json").read_text())
    for name in ("results", "common"):
        value[name] = [one for one in value[name] if one["units"]][:1]
        for result in value[name]:
            result["units"] = result["units"][:1]
    return value


def _baseline() -> dict[str, Any]:
    value = json.loads((ROOT / "results" / "baseline.json").read_text())
    value["entries"] = value["entries"][:1]
    value["mentions"] = {
        "file": "none.jsonl",
        "sha256": "x",
    }  # Types are checked before it is read.
    return value


def _former_baseline() -> dict[str, Any]:
    """Of version 1, with everything in one file."""
    value = _baseline()
    del value["mentions"]
    (entry,) = value["entries"]
    del entry["scores"], entry["outcomes"]
    entry["signature"] = entry["signature"].replace("n:5d", "n:1d")
    entry |= {"documents": 1, "units": [["a", 0, {"correct": {"PERSON": 1}}]]}
    entry |= {"found": {"a": [[0, 3, "PERSON"]]}, "missed": {"a": []}, "spurious": {}}
    return {**value, "schema_version": 1}


def _card() -> dict[str, Any]:
    return tomllib.loads(CARD_EXTRA) | tomllib.loads((TINY / "goldset.toml").read_text())


FILES = (
    File("goldset.toml", _card(), lambda path: load_goldset(path.parent),
         ("labellers[", "agreement.")),
    File("schema.toml", tomllib.loads(SCHEMA), load_schema),
    File("rules.toml", tomllib.loads(RULES), read_rules),
    File("run.json", _run(), stored.read, (".agreement.", ".scores.", "].units[0][2]")),
    File("baseline.json", _baseline(), baseline.read),
    File("former.json", _former_baseline(), baseline.read, ("].units[0][2]",)),
)  # fmt: skip


def _keys(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The place of every value in a document; of the items of a list, the first."""
    if place:
        yield place
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _keys(item, (*place, key))
    elif isinstance(value, list) and value:
        yield from _keys(value[0], (*place, 0))


def _shown(place: tuple[str | int, ...]) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return text.removeprefix(".")


CASES = [
    (file, place)
    for file in FILES
    for place in _keys(file.content)
    if not any(part in _shown(place) for part in file.free)
    and place not in (("schema_version",), ("kind",))  # Refused in words of their own.
]


@pytest.mark.parametrize(
    ("file", "place"), CASES, ids=[f"{file.name}-{_shown(place)}" for file, place in CASES]
)
def test_a_wrong_type_is_named_by_file_and_key(
    file: File, place: tuple[str | int, ...], tmp_path: Path
) -> None:
    content = json.loads(json.dumps(file.content))
    target = content
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = 7 if isinstance(target[place[-1]], (list, dict)) else [{"x": 7}]
    path = tmp_path / file.name
    path.write_text(json.dumps(content) if path.suffix == ".json" else _toml(content))
    with pytest.raises(HarnessError) as caught:
        file.read(path)
    message = str(caught.value)
    assert file.name in message
    key = _shown(place)
    if file.name == "rules.toml":
        key = key.replace("rule[0].", "rule 1: ").replace("pin[0].", "pin 1: ")
    assert f"{key}: found " in message or f"{key}[0]: found " in message
    assert ", expected " in message


def _toml(value: Any, top: bool = True) -> str:
    """TOML with inline tables; JSON's strings, numbers and lists are TOML's too."""
    if isinstance(value, dict):
        pairs = [f"{json.dumps(key)} = {_toml(item, False)}" for key, item in value.items()]
        return "\n".join(pairs) if top else "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item, False) for item in value) + "]"
    return json.dumps(value)


def test_the_unchanged_files_are_read(tmp_path: Path) -> None:
    for file in FILES[1:]:
        if file.name == "baseline.json":  # Of two files: tests/test_baseline_files.py.
            continue
        path = tmp_path / file.name
        text = json.dumps(file.content) if path.suffix == ".json" else _toml(file.content)
        path.write_text(text)
        file.read(path)


@pytest.mark.parametrize(
    ("arguments", "name", "text", "words"),
    [
        (["validate", "tiny"], "tiny/goldset.toml", "version = 1\n", "version: found 1, expected"),
        (["check", "--rules", "r.toml"], "r.toml", "[[rule]]\nfloor = true\n", "floor: found True"),
        (["report", "run.json"], "run.json", '{"schema_version": 2, "seed": true}', "seed: found"),
        (["validate", "tiny", "--schema", "s.toml"], "s.toml", "version = 2\n", "version: found 2"),
    ],
)  # fmt: skip
def test_commands_end_without_a_traceback(
    arguments: list[str],
    name: str,
    text: str,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(TINY, tmp_path / "tiny")
    (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    if arguments[0] == "check":
        shutil.copy(ROOT / "results" / "run.json", tmp_path)
        for part in (ROOT / "results").glob("baseline.*"):
            shutil.copy(part, tmp_path)
        arguments = ["check", "run.json", "--baseline", "baseline.json", *arguments[1:]]
    assert main(arguments) == 2
    printed = capsys.readouterr()
    shown = printed.out + printed.err
    assert words in shown
    assert name in shown
    assert "Traceback" not in shown


class Pair(NamedTuple):
    left: int
    right: str


@dataclass(frozen=True, slots=True)
class Leaf:
    number: Annotated[float, Meta(ge=0, description="a number from 0 up")] = 0.0
    choice: Literal["one", "two"] = "one"


@dataclass(frozen=True, slots=True)
class Tree:
    leaf: Leaf
    pairs: tuple[Pair, ...] = ()
    names: Mapping[str, Leaf] = field(default_factory=dict)
    maybe: tuple[str, int] | None = None
    flag: bool | int = True
    anything: Any = None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({}, "file: no 'leaf'"),
        ([], "file: found [], expected an object"),
        ({"leaf": {"number": -1}}, "file: leaf.number: found -1, expected a number from 0 up"),
        ({"leaf": {"number": True}}, "leaf.number: found True, expected a number from 0 up"),
        ({"leaf": {"choice": "on"}}, "found 'on', expected 'one' or 'two'. Did you mean 'one'?"),
        ({"leaf": {"nummer": 1}}, "leaf: unknown key 'nummer'. Did you mean 'number'?"),
        ({"leaf": {"colour": 1}}, "leaf: unknown key 'colour'. Known: number, choice"),
        ({"leaf": {}, "pairs": [[1, "a"], [1.5, "a"]]},
         "pairs[1][0]: found 1.5, expected a whole number"),
        ({"leaf": {}, "pairs": [[1]]}, "pairs[0]: found [1], expected a list of 2"),
        ({"leaf": {}, "names": {"a b": {"choice": 1}}},
         "names.a b.choice: found 1, expected 'one' or 'two'"),
        ({"leaf": {}, "names": {"a": {"x": 1}}}, "names.a: unknown key 'x'. Known: number, choice"),
        ({"leaf": {}, "maybe": ["a", True]}, "maybe[1]: found True, expected a whole number"),
        ({"leaf": {}, "flag": 1.0}, "flag: found 1.0, expected true or false or a whole number"),
        ({"leaf": {}, "pairs": "x" * 99}, "pairs: found '" + "x" * 58 + "…, expected a list"),
    ],
)  # fmt: skip
def test_faults_are_told_in_words(value: Any, words: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(Tree, value, "file")
    assert str(caught.value).endswith(words)
    assert str(caught.value).startswith("file: ")


def test_what_fits_comes_back() -> None:
    tree = Tree(Leaf(2.0), (Pair(1, "a"),), {"x": Leaf(choice="two")}, ("a", 1), 3, {"y": [None]})
    assert decode(Tree, json.loads(json.dumps(encode(tree)))) == tree
    assert decode(Tree, {"leaf": {"number": 2}}) == Tree(Leaf(2.0))
    assert decode(Tree, {"leaf": {"x": 1}, "y": 2}, extra=True) == Tree(Leaf())
    with pytest.raises(DecodeError, match=r"^found 3, expected a table$"):
        decode(Tree, 3, toml=True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[NaN]", "found the number NaN"),
        ("[-Infinity]", "found the number -Infinity"),
        ("[1e999]", "found the number 1e999"),
        (f"[{'9' * 41}]", "found a number of 41 digits"),
        ('{"a": 1\n"b": 2}', "line 2 column 1"),
        ("", "line 1 column 1"),
    ],
)
def test_what_is_no_json(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_json(text)


def test_what_is_json() -> None:
    for value in ({"a": [1, -2.5, None, True, "é\n"]}, [10**39], "1" * 99, "🙂"):
        assert parse_json(json.dumps(value)) == value
    for half in ("\ud800", {"\udcff": 1}, ["a\ud83d"]):
        with pytest.raises(ValueError, match="half a character"):
            parse_json(json.dumps(half))


@pytest.mark.parametrize("text", ["1", "0", "007", "9" * 18])
def test_whole_numbers(text: str) -> None:
    assert whole_number(text) == int(text)


@pytest.mark.parametrize("text", ["", "-1", "+1", "1_0", " 1", "1 ", "٣", "²", "1.0", "9" * 5000])
def test_what_is_no_whole_number(text: str) -> None:
    with pytest.raises(ValueError, match="expected a whole number"):
        whole_number(text)


@pytest.mark.parametrize("text", ["1", "-1.5", "+.5", "2.", "1e3", "5E-324"])
def test_real_numbers(text: str) -> None:
    assert real_number(text) == float(text)


@pytest.mark.parametrize("text", ["", ".", "1_0", " 1", "٣", "nan", "inf", "0x1", "1e", "1e999"])
def test_what_is_no_real_number(text: str) -> None:
    with pytest.raises(ValueError, match="found"):
        real_number(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = 0x" + "f" * 6000, "a is a number of thousands of digits"),
        ("[x]\na = [{b = [0b" + "1" * 20_000 + "]}]", "x.a.b is a number of thousands of digits"),
        ("a" + ".a" * 50_000 + " = 1", r"a key of more than 200 parts \(at line 1\)"),
        ("\n[a" + ".a" * 50_000 + "]", r"a key of more than 200 parts \(at line 2\)"),
        ("a = {b" + ' . "b"' * 50_000 + " = 1}", "a key of more than 200 parts"),
    ],
)
def test_toml_has_limits(text: str, words: str) -> None:
    with pytest.raises(HarnessError, match=f"x.toml: not TOML: .*{words}"):
        parse_toml(text, "x.toml")


def test_short_shows_whatever_it_is_given() -> None:
    assert short(10**5000) == "a number of thousands of digits"
    assert len(short(["x" * 1000])) == 60
