"""A store and a folder that somebody has spoiled: what was kept is a miss, and said once."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import chdir, closing
from pathlib import Path
from typing import Any

import pytest
from hostile.calling import Said, backend, call, run_command, write_gold
from hostile.spoiling import SPOILING, STORE
from support import timeless

from harness.results.stored import read
from harness.run.rows import row_checksum

pytestmark = pytest.mark.processes

SOUND = "spaces"
"""A mode that does nothing wrong."""
Damage = Callable[[sqlite3.Connection], object]


def sql(statement: str, *values: object) -> Damage:
    return lambda db: db.execute(statement, values)


def forged(answer: str | None = None, timings: str | None = None) -> Damage:
    """Every row says this, and has the checksum of it."""

    def forge(db: sqlite3.Connection) -> None:
        columns = "document, answer, timings, digest"
        query = f"SELECT {columns} FROM predictions JOIN backends ON id = backend"
        for document, old, times, digest in db.execute(query).fetchall():
            row = (answer or old, timings or times)
            values = (*row, row_checksum(digest, document, *row), document)
            db.execute(
                "UPDATE predictions SET answer = ?, timings = ?, checksum = ? WHERE document = ?"
                " AND backend = (SELECT id FROM backends WHERE digest = ?)",
                (*values, digest),
            )

    return forge


def entity(**change: object) -> str:
    return json.dumps({"entities": [{"start": 0, "end": 4, "label": "PERSON"} | change]})


DEEP = "[" * 100_000
DAMAGES: dict[str, Damage] = {
    "answer-cut": sql("UPDATE predictions SET answer = substr(answer, 1, 9)"),
    "answer-blob": sql("UPDATE predictions SET answer = x'00ff'"),
    "answer-number": sql("UPDATE predictions SET answer = 7"),
    "answer-no-utf-8": sql("UPDATE predictions SET answer = CAST(x'ff7b' AS TEXT)"),
    "answer-nul": sql("UPDATE predictions SET answer = ?", "{}\0"),
    "answer-umlaut": sql("UPDATE predictions SET answer = 'ä'"),
    "timings-blob": sql("UPDATE predictions SET timings = x'00ff'"),
    "checksum-text": sql("UPDATE predictions SET checksum = 'abc'"),
    "checksum-other": sql("UPDATE predictions SET checksum = x'00'"),
    "no-json": forged("{"),
    "list": forged("[]"),
    "number": forged("1"),
    "deep": forged(DEEP),
    "no-layer": forged("{}"),
    "layer-object": forged('{"entities":{}}'),
    "entity-list": forged('{"entities":[[]]}'),
    "beyond-the-text": forged(entity(end=1_000)),
    "minus": forged(entity(start=-1)),
    "huge": forged('{"entities":[{"start":0,"end":%s,"label":"PERSON"}]}' % ("9" * 400)),
    "score-NaN": forged('{"entities":[{"start":0,"end":4,"label":"PERSON","score":NaN}]}'),
    "score-1e400": forged('{"entities":[{"start":0,"end":4,"label":"PERSON","score":1e400}]}'),
    "score-string": forged(entity(score="1")),
    "label-long": forged(entity(label="x" * 100_000)),
    "label-half": forged(entity(label="\ud800")),
    "label-number": forged(entity(label=1)),
    "problems-string": forged('{"entities":[],"problems":"x"}'),
    "problems-numbers": forged('{"entities":[],"problems":[1]}'),
    "characters-1e308": forged('{"entities":[],"characters":1e308}'),
    "characters-half": forged('{"entities":[],"characters":0.5}'),
    "error-number": forged('{"error":5}'),
    "seconds-1e308": forged(timings="[false,[[1e308,1]]]"),
    "seconds-minus": forged(timings="[false,[[-1,1]]]"),
    "seconds-NaN": forged(timings="[false,[[NaN,1]]]"),
    "seconds-string": forged(timings='[false,[["1",1]]]'),
    "process-string": forged(timings='[false,[[0.1,"1"]]]'),
    "timings-object": forged(timings="{}"),
    "timings-deep": forged(timings=DEEP),
    "unstable-number": forged(timings="[2,[]]"),
    "load-infinite": sql("UPDATE processes SET load_seconds = 9e999"),
    "load-minus": sql("UPDATE processes SET load_seconds = -1"),
    "load-string": sql("UPDATE processes SET load_seconds = 'abc'"),
    "warmup-blob": sql("UPDATE processes SET warmup_seconds = x'00'"),
    "peak-huge": sql("UPDATE processes SET peak_memory = 4611686018427387904"),
    "peak-minus": sql("UPDATE processes SET peak_memory = -1"),
    "machine-blob": sql("UPDATE processes SET machine = x'00'"),
}
HELLOS: dict[str, Damage] = {
    "hello-no-json": sql("UPDATE backends SET hello = 'no JSON'"),
    "hello-deep": sql("UPDATE backends SET hello = ?", DEEP),
    "hello-list": sql("UPDATE backends SET hello = '[]'"),
    "hello-blob": sql("UPDATE backends SET hello = x'ff'"),
    "hello-other": sql("UPDATE backends SET hello = '{\"labels\": 5}'"),
    "hello-long": sql(
        "UPDATE backends SET hello = json_set(hello, '$.labels[0]', hex(zeroblob(9999)))"
    ),
}
"""Of a neighbour that is not loaded where its answers are kept: its hello comes from there."""
SILENT: dict[str, Damage] = {
    "fields-no-json": sql("UPDATE backends SET fields = 'x'"),
    "fields-blob": sql("UPDATE backends SET fields = x'ff'"),
    "fields-list": sql("UPDATE backends SET fields = '[]'"),
    "name-blob": sql("UPDATE backends SET name = x'ff'"),
    "used-blob": sql("UPDATE backends SET used = x'ff'"),
    "processes-gone": sql("DELETE FROM processes"),
    "run-of-no-time": sql("INSERT INTO runs VALUES ('p', 't', 'yesterday')"),
    "run-of-local-time": sql("INSERT INTO runs VALUES ('p', 't', '2020-01-01T00:00:00')"),
    "run-blob": sql("INSERT INTO runs VALUES (x'ff', x'ff', x'ff')"),
}
"""What costs no answer, or is no answer."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run, its gold and its store."""
    folder = tmp_path_factory.mktemp("kept")
    write_gold(folder)
    with chdir(folder):
        said = call(*run_command([SOUND]))
        assert said.status == 0, said.err
    return folder


@pytest.fixture
def damaged(kept: Path, tmp_path: Path) -> Callable[[Damage, str], Said]:
    """Run one backend on a copy of the store, which is damaged first, or on what that left."""
    folder = tmp_path / "copy"

    def run(damage: Damage | None, only: str) -> Said:
        if damage is not None:
            shutil.copytree(kept, folder)
            with closing(sqlite3.connect(folder / STORE)) as db, db:
                damage(db)
        with chdir(folder):
            beside = "gazetteer" if only == "gazetteer" else ""
            said = call(*run_command([] if beside else [only], beside=beside))
            assert said.status == 0, said.err
            (row,) = timeless(read("out")).results
            whole = timeless(read(kept / "out")).results
            assert row == whole[0 if beside else 1]
            assert call("cache", "list", "--cache-dir", "cache").status == 0
        return said

    return run


@pytest.mark.parametrize("name", DAMAGES | HELLOS)
def test_a_damaged_row_is_a_miss_and_said_once(name: str, damaged: Any) -> None:
    only = "gazetteer" if name in HELLOS else SOUND
    assert "damaged row" in damaged((DAMAGES | HELLOS)[name], only).err
    assert "damaged row" not in damaged(None, only).err, "it was written anew"


@pytest.mark.parametrize("name", SILENT)
def test_other_damage_costs_nothing(name: str, damaged: Any) -> None:
    assert "damaged row" not in damaged(SILENT[name], SOUND).err


@pytest.mark.parametrize("name", SPOILING)
def test_a_backend_that_spoils_what_lies_there(name: str, kept: Path, tmp_path: Path) -> None:
    shutil.copytree(kept, tmp_path / "copy")
    with chdir(tmp_path / "copy"):
        said = call(*run_command([name]), "--fresh")
        assert said.status in (0, 2, 3), said.err[-3000:]
        assert "Traceback" not in said.err
        if said.status == 2:
            assert "harness: " in said.err and str(backend(name)) not in said.err.splitlines()[-1]
