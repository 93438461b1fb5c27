"""Every key of every file that this project reads, with a dozen wrong values in its place.

A wrong type is exit status 2 and the file's name, whatever the verb. Where a key may be of several
types, or nobody looks at it, `MAY_BE` says so.
"""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from damage import WRONG, Ending, as_json, as_toml, at, damages, ending, kind_of
from hypothesis import settings

from harness.labels import schema
from harness.registry import BackendSpec

pytestmark = pytest.mark.slow

TINY = Path(__file__).parent / "data" / "goldsets" / "tiny"

SUITE = {
    "description": "all of it",
    "backends": ["empty", {"backend": "gazetteer", "options": {"a": 1}}],
    "gold": ["no-such-gold"],
    "require": ["x"],
    "task": "ner",
    "match": "exact",
    "boundary": "raw",
    "schema": "conll03",
    "rounds": 1,
    "jobs": 1,
    "seed": 0,
    "batch_size": 1,
    "threads": 1,
    "timeout": 3.0,
    "load_timeout": 3.0,
    "total_timeout": 9.0,
    "max_memory": "1GB",
    "online": False,
    "fresh": False,
    "quiet": True,
    "json": False,
    "rankings": False,
    "strict_labels": False,
    "no_cache": False,
    "cache_dir": "c",
    "out": "o",
    "format": "simple",
}
GATE = {
    "min_support": 30,
    "blackout": 5,
    "rule": [
        {
            "gold": "tiny",
            "backend": "*",
            "task": "ner",
            "metric": "f1",
            "type": "PERSON",
            "floor": 0.1,
            "max_drop": 1.0,
            "interval": False,
            "min_support": 3,
        }
    ],
    "pin": [
        {
            "document": "harbour",
            "start": 1,
            "end": 3,
            "label": "ORG",
            "gold": "*",
            "backend": "*",
            "task": "ner",
        }
    ],
}
GUILD = {
    "name": "guild",
    "version": "1",
    "description": "",
    "guess": True,
    "labels": {"PER": "people", "WIZARD": "magic"},
    "aliases": {"MAGE": "WIZARD"},
    "needs": {"PER": "WIZARD"},
}
TO_CONLL = {
    "from": "guild",
    "to": "conll03",
    "version": "1",
    "labels": {"PER": "PER", "WIZARD": "PER"},
}

MAY_BE: dict[str, dict[str, str]] = {
    "card": {
        r"labellers(\.0.*)?": ".*",
        r"sha256\.(texts|layers)\.\w+": "{}",
        r"sha256\.annotators\.[ab]": "no text|x|NUL|a megabyte|up and away",
        r"agreement\.\w+": "no text|x|NUL|a megabyte|up and away",
        r"\w+": "null",
    },
    "suite": {},
    "gate": {r"blackout": "true"},
    "schema": {},
    "projection": {},
    "run": {
        r"options\..*": ".*",
        r".*": "null",
        r"results\.0\.(reason|install|schema|signature|units_file|predictions)": ".*",
        r"(results\.0\.)?declaration\.(capabilities|labels)|.*\.(labels|capabilities)": r"\[\]|{}",
        r".*\.(f1_with_all|characters_seen|ceiling_recall)": "-1",
    },
}
"""What may stand there, by the place: a pattern of the names in `damage.WRONG`."""


def _ended(command: str) -> Ending:
    return ending(*command.split())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    shutil.copytree(TINY, tmp_path / "goldsets" / "tiny")
    made = tmp_path / "guild"
    made.mkdir()
    (made / "g.jsonl").write_text(
        '{"id":"a","text":"Anna x","entities":[{"start":0,"end":4,"label":"PER"}]}\n'
    )
    card = {"name": "g", "version": "1", "tasks": ["ner"], "data": "g.jsonl", "schema": "guild"}
    (made / "goldset.toml").write_text(as_toml(card))
    (made / "guild.toml").write_text(as_toml(GUILD))
    (made / "way.toml").write_text(as_toml(TO_CONLL))
    return tmp_path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run and its baseline."""
    folder = tmp_path_factory.mktemp("made")
    shutil.copytree(TINY, folder / "goldsets" / "tiny")
    with chdir(folder):
        end = _ended("run gazetteer quotes empty --gold tiny --out r --no-cache -q")
        assert end.status == 0
        assert _ended("baseline accept r --baseline b.json --yes").status == 0
    return folder


@pytest.fixture
def run(here: Path, made: Path) -> Path:
    shutil.copytree(made / "r", here / "r")
    for path in made.glob("b.*"):
        shutil.copy(path, here)
    return here / "r" / "run.json"


def _none_passes(
    kind: str,
    value: dict[str, Any],
    write: Callable[[Any], str],
    path: Path,
    *commands: str,
    silent: tuple[str, ...] = (),
    further: tuple[str, ...] = (),
    every: int = 1,
) -> None:
    """`silent` commands need not name the file; of the damages, every so many is tried, and every
    seventh of these with the `further` commands, which have the same reader behind them."""
    faults = []
    if settings().max_examples < 100:
        every *= 10
    for number, (place, name, damaged) in enumerate(damages(value)):
        if (not place and write is as_toml) or number % every:
            continue
        path.write_text(write(damaged), "utf-8", "surrogatepass")
        where = ".".join(map(str, place))
        wrong = bool(place) and name in WRONG and kind_of(at(value, place)) != kind_of(WRONG[name])
        for pattern, names in MAY_BE[kind].items():
            if re.fullmatch(pattern, where) and re.fullmatch(names, name):
                wrong = False
        for command in (*commands, *silent, *(further if number % 7 == 0 else ())):
            schema._catalogue.cache_clear()
            end = _ended(command)
            told = end.status == 2 and (path.name in end.said or command in silent)
            if end.fault or (wrong and not told):
                faults.append(f"{where} {name}: {command}: {end.status} {end.said[-300:]}")
    assert not faults, f"{len(faults)} faults, the first:\n" + "\n".join(faults[:5])


def test_a_card(here: Path) -> None:
    card = tomllib.loads((TINY / "goldset.toml").read_text())
    card |= {"aliases": {"Ada": ["she"]}, "nested": False}
    said = here / "said.jsonl"
    said.write_text('{"id": "mill", "entities": []}\n')
    path = here / "goldsets" / "tiny" / "goldset.toml"
    read = ("convert tiny o.jsonl", "agreement tiny", f"score --gold tiny --pred {said} --task ner")
    _none_passes("card", card, as_toml, path, "validate tiny", further=read)


def test_suites(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = [BackendSpec.parse("empty")]  # Of a suite that names none.
    monkeypatch.setattr("harness.registry.default_backends", lambda: few)
    whole = {"suites": {"n": SUITE}}
    _none_passes("suite", whole, as_toml, here / "harness.toml", "run --suite n")


def test_suites_in_pyproject(here: Path) -> None:
    whole = {"tool": {"harness": {"suites": {"n": SUITE}}}}
    path = here / "pyproject.toml"
    _none_passes("suite", whole, as_toml, path, silent=("run --suite n",), every=7)
    path.write_text("tool = 3")
    assert ending("run", "--suite", "n").status == 2


def test_rules_of_the_gate(run: Path) -> None:
    path = run.parent.parent / "gate.toml"
    command = "check r --baseline b.json --rules gate.toml --resamples 9"
    _none_passes("gate", GATE, as_toml, path, command)


def test_a_schema(here: Path) -> None:
    read = ("validate guild", "score --gold guild --pred guild/g.jsonl --task ner --schema conll03")
    own = "validate guild/g.jsonl --schema guild/guild.toml"
    path = here / "guild" / "guild.toml"
    _none_passes("schema", GUILD, as_toml, path, *read, further=(own,))


def test_a_projection(here: Path) -> None:
    command = "score --gold guild --pred guild/g.jsonl --task ner --schema conll03"
    _none_passes("projection", TO_CONLL, as_toml, here / "guild" / "way.toml", command)


@pytest.mark.parametrize(
    "command",
    [
        "report r",
        "report r --html x.html --gold tiny",
        "check r --baseline b.json --resamples 9",
        "check r --replay --baseline b.json --resamples 9",
        "audit r",
        "baseline accept r --yes --baseline b2.json",
    ],
)
def test_a_run_record(command: str, run: Path) -> None:
    every = 1 if command == "report r" else 7  # One reader is behind all of them.
    _none_passes("run", json.loads(run.read_text()), as_json, run, command, every=every)


def test_units_beside_a_record(run: Path) -> None:
    record = json.loads(run.read_text())
    first = record["results"][0]
    units = first["units"]
    first.update(units=[], units_file="u.jsonl", units_digest="")
    record.update(schema_version=1, tool_version="0.1.0")
    run.write_text(json.dumps(record))
    rest = "".join(json.dumps(unit) + "\n" for unit in units[1:])
    path = run.parent / "u.jsonl"
    for command in ("report r", "check r --baseline b.json --resamples 9", "compare r"):
        for _, _, damaged in damages(units[0]):
            path.write_text(as_json(damaged) + "\n" + rest)
            end = _ended(command)
            assert not end.fault
            assert end.status == 2
            assert "u.jsonl" in end.said or "run.json" in end.said


def test_the_mark_of_a_run_under_way(run: Path) -> None:
    """Whatever it says, a run is under way: that is exit status 3, and the mark is named."""
    path = run.parent / "unfinished.json"
    for _, _, damaged in damages({"started": "now", "command": ["harness", "run"]}):
        path.write_text(as_json(damaged), "utf-8", "surrogatepass")
        end = ending("report", "r")
        assert (end.status, end.fault) == (3, "")
        assert "unfinished.json" in end.said
