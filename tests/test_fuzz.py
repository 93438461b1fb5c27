"""Every reader, with whatever files: a command answers, soon, and writes where it was told."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from damage import ending
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import examples

from harness.formats.jsonl import read
from harness.formats.writing import write_any
from harness.labels import schema

pytestmark = pytest.mark.slow

DATA = Path(__file__).parent / "data"
GOLD, SAID = (DATA / "score" / name for name in ("gold.jsonl", "pred.jsonl"))
TINY = DATA / "goldsets" / "tiny"


@dataclass(frozen=True)
class Sample:
    """Files that belong together, and the commands that read them; `IN` and `OUT` are folders."""

    files: dict[str, bytes]
    commands: tuple[str, ...]
    run: str = ""
    """A command that starts a process, and is given seldom."""


def _read(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


_TABLE = 'quoteID,quoteText,quoteByteSpans,speaker\nQ0,We agree,"[[47, 55]]",Ada\n'
_TOOLS = {
    "doccano": '{"id": 1, "text": "Ada met", "label": [[0, 3, "PERSON"]]}\n',
    "prodigy": '{"text": "Ada met", "spans": [{"start": 0, "end": 3, "label": "PERSON"}]}\n',
    "labelstudio": json.dumps(
        [
            {
                "id": 1,
                "data": {"text": "Ada 🙂 met"},
                "annotations": [
                    {
                        "was_cancelled": False,
                        "result": [
                            {
                                "type": "labels",
                                "value": {"start": 0, "end": 3, "text": "Ada", "labels": ["PER"]},
                            }
                        ],
                    }
                ],
            }
        ]
    ),
    "conll": "-DOCSTART-\tO\n\nAda\tB-PER\nmet\tO\n\nOslo\tB-LOC\n",
    "annotator": '{"id":"a","annotator":"x","text":"Ada","entities":[]}\n'
    '{"id":"a","annotator":"y","text":"Ada","entities":[{"start":0,"end":3,"label":"PER"}]}\n',
}
_READ = (
    "validate IN/{0}",
    "convert IN/{0} OUT/a.jsonl",
    "convert IN/{0} OUT/brat --to brat",
    "convert IN/{0} OUT/a.conll",
    "score --gold IN/{0} --pred IN/{0} --task ner",
    "agreement IN/{0} IN/{0}/../{0}",
)


def _reading(name: str, *more: str) -> tuple[str, ...]:
    return tuple(command.format(name) for command in (*_READ, *more))


def _samples(folder: Path) -> dict[str, Sample]:
    """One of every kind of file that is read."""
    records = list(read(GOLD))
    samples = {}
    for name, target in (("docbin", "a.spacy"), ("datasets", "a.parquet"), ("brat", "brat")):
        write_any(folder / name / target, records, name)
        there = _read(folder / name)
        samples[name] = Sample(there, _reading(target), f"run empty --gold IN/{target}")
    for name, text in _TOOLS.items():
        samples[name] = Sample({"a": text.encode()}, _reading("a"), "run empty --gold IN/a")
    novel = b'Ada met NATO officials in Oslo. She said that: "We agree on it," twice.'
    quote = b"QUOTE\tQ1\t0\t0\t0\t1\tAda met\nATTRIB\tQ1\tAda-1\n"
    note = b"T1\tSource 0 3\tAda\nT2\tContent 4 7\tmet\nE1\tAttribution:T2 Source:T1 Content:T2\n"
    for name, files in {
        "pdnc": {"b/novel_text.txt": novel, "b/quotation_info.csv": _TABLE.encode()},
        "litbank": {"b/a.txt": novel, "b/a.ann": quote},
        "polnear": {"b/text/d.txt": novel, "b/attributions/d_x.ann": note},
    }.items():
        task = tuple(one.replace("ner", "attribution") for one in _reading("b"))
        samples[name] = Sample(files, task, "run empty --gold IN/b")
    samples["jsonl"] = Sample(
        {"gold.jsonl": GOLD.read_bytes(), "pred.jsonl": SAID.read_bytes()},
        (
            "validate IN/gold.jsonl",
            "convert IN/gold.jsonl OUT/a.spacy",
            "convert IN/gold.jsonl OUT/brat --to brat",
            "score --gold IN/gold.jsonl --pred IN/pred.jsonl --task ner",
            "score --gold IN/gold.jsonl --pred IN/pred.jsonl --task attribution --json",
            "compare IN/pred.jsonl IN/gold.jsonl --gold IN/gold.jsonl --task ner --resamples 9",
            "agreement IN/pred.jsonl IN/gold.jsonl",
        ),
        "run empty gazetteer --gold IN/gold.jsonl",
    )
    samples["card"] = Sample(
        {f"tiny/{name}": data for name, data in _read(TINY).items()},
        (
            "validate IN/tiny",
            "convert IN/tiny OUT/a.jsonl",
            "agreement IN/tiny",
            "score --gold IN/tiny --pred IN/tiny --task ner",
        ),
        "run empty --gold IN/tiny",
    )
    home = folder / "run"
    home.mkdir()
    for command in (
        f"run gazetteer quotes empty --gold {TINY} --out {home}/r --no-cache -q",
        f"baseline accept {home}/r --baseline {home}/b.json --yes",
    ):
        assert ending(*command.split()).status == 0
    samples["run"] = Sample(_read(home), _ON_RUNS)
    samples["units"] = Sample({**_read(home), **_with_units(_read(home))}, _ON_RUNS)
    gate = b'[[rule]]\ntask = "ner"\nfloor = 0.1\nmax_drop = 1.0\n[[pin]]\ndocument = "mill"\n'
    gate += b'start = 1\nend = 3\nlabel = "ORG"\n'
    with_rules = {**_read(home), "gate.toml": gate}
    samples["gate"] = Sample(
        with_rules, ("check IN/r --baseline IN/b.json --rules IN/gate.toml --resamples 9",)
    )
    guild = b'name = "guild"\nversion = "1"\n[labels]\nPERSON = "people"\nORG = "x"\n[aliases]\n'
    guild += b'MAGE = "PERSON"\n[needs]\nPERSON = "ORG"\n'
    way = b'from = "guild"\nto = "conll03"\nversion = "1"\n[labels]\nPERSON = "PER"\nORG = "ORG"\n'
    card = b'name = "g"\nversion = "1"\ntasks = ["ner"]\ndata = "g.jsonl"\nschema = "guild"\n'
    own = {"goldset.toml": card, "guild.toml": guild, "way.toml": way}
    own["g.jsonl"] = (
        b'{"id":"a","text":"Ada met","entities":[{"start":0,"end":3,"label":"MAGE"}]}\n'
    )
    samples["schema"] = Sample(
        {f"g/{name}": data for name, data in own.items()},
        (
            "validate IN/g",
            "validate IN/g/g.jsonl --schema IN/g/guild.toml",
            "score --gold IN/g --pred IN/g/g.jsonl --task ner --schema conll03",
        ),
    )
    suite = b'[suites.n]\nbackends = ["empty", {backend = "empty", options = {a = 1}}]\n'
    suite += b'gold = ["nowhere"]\ntask = "ner"\nrounds = 2\ntimeout = 3.5\nmax_memory = "1GB"\n'
    samples["suite"] = Sample({"harness.toml": suite}, ("run --suite n --no-cache --out OUT/r",))
    return samples


_ON_RUNS = (
    "report IN/r",
    "report IN/r --html OUT/x.html",
    "check IN/r --baseline IN/b.json --resamples 9",
    "check IN/r --replay --baseline IN/b.json --resamples 9",
    "compare IN/r --resamples 9",
    "choose --run IN/r --resamples 9",
    "audit IN/r",
    "baseline accept IN/r --baseline OUT/b.json --yes",
    "score --gold IN/r/run.json --pred IN/b.json --task ner",
)


def _with_units(files: dict[str, bytes]) -> dict[str, bytes]:
    """A record of the first version with its units beside it, and no digest to betray a change."""
    record = json.loads(files["r/run.json"])
    record.update(schema_version=1, tool_version="0.1.0")
    for result in record["results"]:
        result["predictions_digest"] = ""
    first = record["results"][0]
    lines = "".join(json.dumps(unit) + "\n" for unit in first["units"])
    first.update(units=[], units_file="units/u.jsonl")
    return {"r/run.json": json.dumps(record).encode(), "r/units/u.jsonl": lines.encode()}


# --- what is done to them ------------------------------------------------------------------------

Change = Callable[[bytes, int, int], bytes]
"""Of the bytes, and two numbers that say where."""


def _cut(data: bytes, at: int, other: int) -> tuple[bytes, bytes]:
    place = at % (len(data) + 1)
    return data[:place], data[place:]


def _insert(what: bytes) -> Change:
    def change(data: bytes, at: int, other: int) -> bytes:
        head, tail = _cut(data, at, other)
        return head + what + tail

    return change


def _in_place_of(pattern: bytes, *new: bytes) -> Change:
    """In place of one match of the pattern."""

    def change(data: bytes, at: int, other: int) -> bytes:
        found = list(re.finditer(pattern, data))
        if not found:
            return data
        match = found[at % len(found)]
        return data[: match.start()] + new[other % len(new)] + data[match.end() :]

    return change


def _lines(edit: Callable[[list[bytes], int, int], None]) -> Change:
    def change(data: bytes, at: int, other: int) -> bytes:
        lines = data.splitlines(keepends=True)
        if lines:
            edit(lines, at % len(lines), other % len(lines))
        return b"".join(lines)

    return change


def _swap(lines: list[bytes], at: int, other: int) -> None:
    lines[at], lines[other] = lines[other], lines[at]


def _flip(data: bytes, at: int, other: int) -> bytes:
    head, tail = _cut(data, at, other)
    return head + bytes([tail[0] ^ (1 << other % 8)]) + tail[1:] if tail else head


def _swapped_numbers(data: bytes, at: int, other: int) -> bytes:
    numbers = [match.span() for match in re.finditer(rb"\d+", data)]
    if len(numbers) < 2:
        return data
    (a, b), (c, d) = sorted((numbers[at % len(numbers)], numbers[other % len(numbers)]))
    return data if c < b else data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


_VALUE = rb'"[^"\n]*"|\b\d+(\.\d+)?\b|\btrue\b|\bfalse\b|\bnull\b'
_DEEP = tuple(b"[" * n + b"]" * n for n in (50, 300, 700, 930, 960, 985, 2000))
_ODD = (
    *(b"-1", b"1e309", b"-0.0", b"9" * 30, b"9" * 5000, b"true", b"[]", b"{}", b"null", b'""'),
    *(b"nan", b"1e-400", b"18446744073709551616", b"1979-05-27", b'"\\ud800"', b'"\\u0000"'),
    *(b'"../../x"', b'"/etc/passwd"', b'"' + b"x" * 300 + b'"', b'"' + b"x/" * 3000 + b'"'),
)
CHANGES: dict[str, Change] = {
    "cut off": lambda data, at, other: _cut(data, at, other)[0],
    "beheaded": lambda data, at, other: _cut(data, at, other)[1],
    "a bit": _flip,
    "NUL": _insert(b"\0"),
    "no UTF-8": _insert(b"\xff"),
    "a control character": _insert(b"\x1b"),
    "half a character": _insert(b"\\ud83d"),
    "a line break": _insert(b"\n"),
    "a line separator": _insert("\u2028\x85\x0b".encode()),
    "an accent": _insert("e\u0301🙂".encode()),
    "a tab": _insert(b"\t"),
    "BOM": lambda data, at, other: b"\xef\xbb\xbf" + data,
    "UTF-16": lambda data, at, other: data.decode("utf-8", "replace").encode("utf-16"),
    "CRLF": lambda data, at, other: data.replace(b"\n", b"\r\n"),
    "no line breaks": lambda data, at, other: data.replace(b"\n", b""),
    "a line twice": _lines(lambda lines, at, other: lines.insert(other, lines[at])),
    "a line less": _lines(lambda lines, at, other: lines.__delitem__(at)),
    "lines swapped": _lines(_swap),
    "numbers swapped": _swapped_numbers,
    "another number": _in_place_of(rb"\b\d+\b", *_ODD),
    "another value": _in_place_of(_VALUE, *_ODD),
    "deep": _in_place_of(_VALUE, *_DEEP),
    "a key renamed": _in_place_of(rb'"\w+"(?=\s*:)|^\w+(?=\s*=)', b'"x"', b'"id"', b'"text"'),
    "a key twice": _in_place_of(rb'(?<=[{,])\s*"\w+":', b'"id": "a", "id":', b'"label": [], "id":'),
    "empty": lambda data, at, other: b"",
    "huge": _insert(b"x" * 200_000),
}


Damage = list[tuple[str, str, int, int]]
"""A file, what is done to it (a key of `CHANGES`), and two numbers that say where."""


def _damages(files: dict[str, bytes]) -> st.SearchStrategy[Damage]:
    """Up to three changes, by name: the files themselves would be too long to be shown."""
    where = st.integers(0, 10**6)
    change = st.tuples(
        st.sampled_from(sorted(files)), st.sampled_from(sorted(CHANGES)), where, where
    )
    return st.lists(change, min_size=1, max_size=3)


def _damaged(files: dict[str, bytes], damage: Damage) -> dict[str, bytes]:
    made = dict(files)
    for name, change, at, other in damage:
        made[name] = CHANGES[change](made[name], at, other)
    return made


# --- what is asked of them -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sample]:
    return _samples(tmp_path_factory.mktemp("samples"))


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


NAMES = (
    *("docbin", "datasets", "brat", *_TOOLS, "pdnc", "litbank", "polnear", "jsonl", "card"),
    *("run", "units", "gate", "schema", "suite"),
)
EACH = 90
SLOW_ONES = {"datasets": 3}
"""A library that takes its time: fewer of them."""


@pytest.mark.parametrize("name", NAMES)
def test_no_file_ends_a_command_badly(
    name: str, samples: dict[str, Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    sample = samples[name]
    count = 0

    @settings(
        max_examples=examples(EACH // SLOW_ONES.get(name, 1)),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(damage=_damages(sample.files), seldom=st.sampled_from([False] * 9 + [True]))
    def check(damage: Damage, seldom: bool) -> None:
        nonlocal count
        count += 1
        home = tmp_path / str(count)
        (home / "out").mkdir(parents=True)
        for path, data in _damaged(sample.files, damage).items():
            place = home / "in" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        before = {*home.rglob("*"), *tmp_path.iterdir()}
        schema._catalogue.cache_clear()
        commands = list(sample.commands)
        if sample.run and seldom:
            commands.append(f"{sample.run} --out OUT/run --no-cache -q")
        with _inside(home / "in"):
            for command in commands:
                words = command.replace("IN", f"{home}/in").replace("OUT", f"{home}/out").split()
                end = ending(*words)
                assert not end.fault, f"{command}: {end.fault}"
        after = {*home.rglob("*"), *tmp_path.iterdir()} - {tmp_path / "home"}
        assert not {path for path in after - before if not path.is_relative_to(home / "out")}

    check()
