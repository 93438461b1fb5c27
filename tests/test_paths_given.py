"""Names and places that people give, or a record: nothing waits, nothing leads outside."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from damage import ending

from harness.annotation import Annotations, Record
from harness.errors import InputError
from harness.formats.files import atomic_writer, files_in, is_there, new_folder, opened, write_text
from harness.formats.writing import write_any

GOLD = Path(__file__).parent / "data" / "score" / "gold.jsonl"

# `{}` is the name in question.
READ = (
    "validate {}",
    f"validate {GOLD} --schema {{}}.toml",
    "convert {} a.jsonl",
    *(f"convert {{}} a.jsonl --from {name}" for name in ("jsonl", "brat", "conll", "pdnc")),
    *(f"convert {{}} a.jsonl --from {name}" for name in ("polnear", "litbank", "docbin")),
    "score --gold {} --pred {} --task ner",
    f"score --gold {GOLD} --pred {{}} --task ner",
    f"compare {{}} --gold {GOLD} --task ner",
    f"agreement {{}} {GOLD}",
    "agreement {}",
    "predict empty --no-cache --docs {}",
    "run empty --no-cache --out out --gold {}",
    "report {}",
    "audit {}",
    "choose --run {}",
    "baseline show --baseline {}",
    "check r --baseline {}",
    "check r --baseline b --rules {}",
)
WRITTEN = (
    f"convert {GOLD} {{}} --to jsonl",
    f"convert {GOLD} {{}} --to brat",
    f"predict empty --no-cache --docs {GOLD} --out {{}}",
    "report r --html {}",
    "check r --baseline b.json --resamples 9 --junit {}",
    "check r --baseline b.json --resamples 9 --badge {}",
    "baseline accept r --yes --baseline {}",
)
NAMES = {
    "too long": "x" * 300,
    "too deep": "x/" * 2500 + "x",
    "no UTF-8": "\udcff",
    "NUL": "a\0b",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    run = f"run gazetteer empty --gold {GOLD} --task ner --out {folder}/r --no-cache -q"
    assert ending(*run.split()).status == 0
    accept = f"baseline accept {folder}/r --baseline {folder}/b.json --yes"
    assert ending(*accept.split()).status == 0
    return folder


@pytest.fixture
def run(here: Path, _made: Path) -> Path:
    """A run `r`, its own to spoil, and what was accepted of it, `b.json`."""
    shutil.copytree(_made, here, dirs_exist_ok=True)
    return here / "r"


def _asked(command: str, name: str) -> tuple[int, str]:
    end = ending(*(word.replace("{}", name) for word in command.split()))
    assert not end.fault, f"{command}: {end.fault}"
    return end.status, end.said


@pytest.mark.parametrize("name", NAMES)
def test_names_that_no_file_has(name: str, run: Path) -> None:
    for command in (*READ, *WRITTEN):
        status, said = _asked(command, NAMES[name])
        assert status == 2, (command, said)
    written = {"r", "b.json", "b.mentions.jsonl", "home"}
    assert {path.name for path in run.parent.iterdir()} <= written


def test_what_no_record_can_keep_is_refused_at_once(here: Path) -> None:
    for argument in ("process:x\udcff", "empty?a=\udcff", "process:a\0b"):
        status, said = _asked(f"run {{}} --gold {GOLD} --out out", argument)
        assert (status, "text " in said) == (2, True)
    assert _asked(f"run empty --gold {GOLD} --no-cache --out {{}}", "o\udcff")[0] == 2
    assert not list(here.iterdir())


@pytest.mark.parametrize(
    "options",
    [
        *("--seed -1", "--seed 9999999999999999999", "--timeout inf", "--timeout 1e400"),
        *("--timeout nan", "--jobs 1000000000", "--threads 99999999", "--rounds 9999999999"),
        "--batch-size 99999999999",
    ],
)
def test_numbers_beyond_all_bounds(options: str, here: Path) -> None:
    status, said = _asked(f"run empty --gold {GOLD} --out out --no-cache {options}", "")
    assert (status, "expected" in said) == (2, True)
    name, _, value = options.removeprefix("--").partition(" ")
    suite = f'[suites.n]\nbackends = ["empty"]\n{name.replace("-", "_")} = {value}\n'
    (here / "harness.toml").write_text(suite)
    status, said = _asked("run --suite n --out out --no-cache", "")
    assert (status, "harness.toml: " in said) == (2, True)
    assert not (here / "out").exists()


def test_resamples_have_a_bound() -> None:
    for verb in ("compare x", "check x", "choose"):
        status, said = _asked(f"{verb} --resamples 99999999999999", "")
        assert (status, "between 1 and 10,000,000" in said) == (2, True)


# --- what is no file -----------------------------------------------------------------------------


def _made_odd(kind: str, path: Path) -> None:
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.symlink_to(path.name)


@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "circle of links"])
def test_what_is_no_file_is_refused_and_not_waited_for(kind: str, run: Path) -> None:
    _made_odd(kind, run.parent / "odd")
    _made_odd(kind, run.parent / "odd.toml")
    for command in READ:
        status, said = _asked(command, "odd")
        assert status == 2, (command, said)
    for command in WRITTEN:
        status, said = _asked(command, "odd")
        assert status == 2, (command, said)
    assert not (run.parent / "a.jsonl").exists()


@pytest.mark.parametrize("kind", ["pipe", "device", "circle of links"])
def test_what_is_no_file_inside_a_gold_set(kind: str, here: Path) -> None:
    for place, others in (
        ("set/a.ann", {"a.txt": "x"}),
        ("set/a.txt", {"a.ann": ""}),
        ("set/annotation.conf", {"a.ann": "", "a.txt": "x"}),
        ("set/gold.jsonl", {"goldset.toml": 'tasks = ["ner"]\ndata = "gold.jsonl"'}),
        (
            "set/l/a.ann",
            {"goldset.toml": 'tasks = ["ner"]\ntexts = "."\nlayers = "l"', "a.txt": ""},
        ),
        ("set/own.toml", {"goldset.toml": 'tasks = ["ner"]\ndata = "g"', "g": GOLD.read_text()}),
    ):
        odd = here / place
        odd.parent.mkdir(parents=True)
        for name, text in others.items():
            (here / "set" / name).write_text(text)
        _made_odd(kind, odd)
        for command in (
            "validate {}",
            "convert {} a.jsonl",
            "score --gold {} --pred {} --task ner",
        ):
            status, said = _asked(command, "set")
            unread = place.endswith((".conf", "own.toml"))
            assert status == 2 or unread, (place, command, said)
        shutil.rmtree(here / "set")


def test_files_that_are_named_in_no_utf8(here: Path) -> None:
    (here / "set").mkdir()
    for name in (b"a\xff.txt", b"a\xff.ann"):
        (here / "set" / os.fsdecode(name)).write_text("")
    with pytest.raises(InputError, match="is not UTF-8"):
        files_in(here / "set", ".txt")
    for command in ("validate {}", "convert {} a.jsonl", "run empty --out o --no-cache --gold {}"):
        status, said = _asked(command, "set")
        assert (status, "not UTF-8" in said) == (2, True)


def test_a_pipe_that_a_shell_gives(here: Path) -> None:
    """`<(...)`: refused by name, for files are read more than once."""
    reading, writing = os.pipe()
    os.write(writing, GOLD.read_bytes()[:100])
    with pytest.raises(InputError, match="is a pipe, expected a text"):
        opened(Path(f"/dev/fd/{reading}"), "a text")
    for number in (reading, writing):
        os.close(number)


def test_whether_something_is_there(here: Path) -> None:
    (here / "a").write_text("")
    (here / "dangling").symlink_to("nowhere")
    found = [is_there(name) for name in (".", "a", "b", "a/b", "dangling")]
    assert found == [True, True, False, False, False]


# --- a record's own files ------------------------------------------------------------------------

ON_RUNS = (
    "report r",
    "report r --json",
    "report r --html x.html",
    "check r --baseline b.json --resamples 9",
    "check r --replay --baseline b.json --resamples 9",
    "compare r --resamples 9",
    f"compare r --schema conll03 --gold {GOLD} --resamples 9",
    "choose --run r",
    "audit r",
    "baseline accept r --yes --baseline new.json",
)


def _edited(run: Path, key: str, value: str) -> None:
    record = json.loads((run / "run.json").read_text())
    record.update(schema_version=1, tool_version="0.1.0")
    for result in record["results"]:
        result["predictions_digest"] = ""
        if key == "units_file":
            result["units"] = []
        result[key] = value
    (run / "run.json").write_text(json.dumps(record))


@pytest.mark.parametrize("key", ["predictions", "units_file"])
@pytest.mark.parametrize(
    "way", ["up", "from the root", "through a link", "into a pipe", "into a loop"]
)
def test_a_record_reads_its_own_folder_alone(key: str, way: str, run: Path) -> None:
    (run.parent / "outside.jsonl").write_text('{"id": "SECRET", "entities": []}\n')
    if way == "into a pipe":
        os.mkfifo(run / "f")
    (run / "link").symlink_to("../outside.jsonl")
    (run / "folder").symlink_to("..")
    (run / "loop").symlink_to("loop")
    names = {
        "up": ["../outside.jsonl", "predictions/../../outside.jsonl"],
        "from the root": [str(run.parent / "outside.jsonl"), "/dev/stdin", "/etc/passwd"],
        "through a link": ["link", "folder/outside.jsonl"],
        "into a pipe": ["f", "f/x", "."],
        "into a loop": ["loop", "x" * 300, "a\0b"],
    }
    original = (run / "run.json").read_text()
    for name in names[way]:
        (run / "run.json").write_text(original)
        _edited(run, key, name)
        for command in ON_RUNS:
            status, said = _asked(command, "")
            gone = name == "f/x"
            assert status == 2 or gone, (name, command, said)
            assert "SECRET" not in said
    assert not (run.parent / "new.json").exists() or way == "into a pipe"


def test_what_failed_has_no_files_outside_either(run: Path) -> None:
    record = json.loads((run / "run.json").read_text())
    result = record["results"][0]
    result |= {"status": "failed", "signature": None, "units": [], "scores": {}, "failures": []}
    result |= {"predictions": "../outside.jsonl", "predictions_digest": "x"}
    record["status"] = "partial"
    (run / "run.json").write_text(json.dumps(record))
    status, said = _asked("report r --html x.html", "")
    assert (status, "lie outside the run's folder" in said) == (2, True)


# --- ids as file names ---------------------------------------------------------------------------


@pytest.mark.parametrize("id_", ["x" * 252, "é" * 126, "x" * 5000])
def test_an_id_too_long_for_a_file(id_: str, here: Path) -> None:
    write_any("g.jsonl", [Record(id_, "Ada", Annotations())], "jsonl")
    status, said = _asked("convert g.jsonl out --to brat", "")
    assert (status, "the limit is 255" in said, len(said) < 400) == (2, True, True)
    assert not (here / "out").exists()


def test_the_longest_id_of_a_file(here: Path) -> None:
    write_any("g.jsonl", [Record("x" * 251, "Ada", Annotations())], "jsonl")
    assert _asked("convert g.jsonl out --to brat", "")[0] == 0
    assert (here / "out" / f"{'x' * 251}.txt").read_text() == "Ada"
    write_text(here / ("y" * 250 + ".json"), "z")
    assert (here / ("y" * 250 + ".json")).read_text() == "z"


# --- what unpacks --------------------------------------------------------------------------------


def test_a_docbin_unpacks_to_so_much(here: Path) -> None:
    pytest.importorskip("spacy")
    packer = zlib.compressobj(9)
    with Path("b.spacy").open("wb") as file:
        for _ in range(16):
            file.write(packer.compress(bytes(1 << 20)))
        file.write(packer.flush())
    for limit, words in (
        (8, "unpacks to more than 8 MiB"),
        (15, "more than 15"),
        (16, "no DocBin"),
    ):
        status, said = _asked(f"convert b.spacy o.jsonl --most-unpacked {limit}", "")
        assert (status, words in said) == (2, True), said


# --- writing -------------------------------------------------------------------------------------

_LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
from harness.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def _on_a_full_disk(command: str, size: int) -> tuple[int, str]:
    program = [sys.executable, "-c", _LIMITED.format(size=size), *command.split()]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def _noise(number: int) -> str:
    """Words that no format can pack into less than 8,000 bytes for all of them."""
    digest = hashlib.sha512(str(number).encode()).hexdigest()
    return " ".join(digest[at : at + 8] for at in range(0, 128, 8))


@pytest.fixture
def large(here: Path) -> Iterator[Path]:
    lines: list[dict[str, Any]] = [
        {"id": f"d{n}", "text": _noise(n), "entities": []} for n in range(300)
    ]
    (here / "large.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    yield here


def test_the_limit_is_there() -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


@pytest.mark.processes
@pytest.mark.parametrize(
    ("command", "old"),
    [
        ("convert large.jsonl o.jsonl", "o.jsonl"),
        ("convert large.jsonl o.conll", "o.conll"),
        ("convert large.jsonl o --to labelstudio", "o"),
        ("convert large.jsonl o.spacy", "o.spacy"),
        ("convert large.jsonl o.parquet", "o.parquet"),
        ("predict gazetteer --docs large.jsonl --no-cache --with-text --out o", "o"),
        ("run gazetteer --gold large.jsonl --task ner --no-cache --out .", "run.json"),
    ],
)
def test_a_full_disk(command: str, old: str, large: Path) -> None:
    (large / old).write_text("what was there")
    before = sorted(path.name for path in large.iterdir())
    status, said = _on_a_full_disk(command, 9_000)
    assert "Traceback" not in said
    assert (status, "cannot be written: " in said) == (2, True), said
    assert (large / old).read_text() == "what was there"
    after = {path.name for path in large.iterdir()} - {"predictions", "unfinished.json", "home"}
    assert after == set(before)
    assert not list(large.rglob(".*.????????"))


@pytest.mark.processes
def test_no_room_for_the_mark_of_a_run(run: Path) -> None:
    """The record of before stays one that is read."""
    before = sorted(path.name for path in run.iterdir())
    again = f"run gazetteer --gold {GOLD} --task ner --no-cache --out {run} -q"
    status, said = _on_a_full_disk(again, 0)
    assert (status, said.count("\n"), "cannot be written: " in said) == (2, 1, True), said
    assert sorted(path.name for path in run.iterdir()) == before
    assert _asked(f"report {run}", "")[0] == 0


@pytest.mark.processes
def test_a_full_disk_is_not_a_broken_store(here: Path) -> None:
    command = f"run gazetteer --gold {GOLD} --task ner --cache-dir c --out o -q"
    status, said = _on_a_full_disk(command, 20_000)
    assert (status, "is there room on its disk" in said, "delete" in said) == (2, True, False), said


@pytest.mark.processes
def test_a_folder_on_a_full_disk(large: Path) -> None:
    (large / "one.jsonl").write_text(json.dumps({"id": "a", "text": "x" * 20_000}))
    status, said = _on_a_full_disk("convert one.jsonl o --to brat", 9_000)
    assert (status, "cannot be written: " in said) == (2, True), said
    assert not (large / "o").exists()


def test_an_error_of_reading_is_not_taken_for_one_of_writing(here: Path) -> None:
    with pytest.raises(PermissionError), atomic_writer(here / "a"):
        raise PermissionError(13, "Permission denied", "another file")
    with pytest.raises(ValueError, match="own"), new_folder(here / "b"):
        raise ValueError("own")
    assert not list(here.iterdir())


@pytest.mark.parametrize("place", ["a", "a/b/c", "/dev/full", "/proc/x", "folder"])
def test_places_that_cannot_be_written_to(place: str, run: Path) -> None:
    (run.parent / "folder" / "inside").mkdir(parents=True)
    (run.parent / "a").mkdir()
    (run.parent / "a" / "b").write_text("")
    for command in WRITTEN:
        if place == "a" and "brat" in command:
            continue
        status, said = _asked(command, place)
        assert (status, place in said, said.count("harness: ")) == (2, True, 1), (command, said)
    assert Path("/dev/full").is_char_device()
