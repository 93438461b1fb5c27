"""Stores copied into one another: a merge, and stores behind one's own."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import examples, in_json, printed

from harness.annotation import Annotations, Entity
from harness.errors import InputError, UsageError
from harness.run import copying
from harness.run.copying import Copied
from harness.run.database import Database
from harness.run.key import StoreKey
from harness.run.protocol import Hello
from harness.run.rows import ProcessCosts, Timing
from harness.run.shelf import Shelf
from harness.run.store import Store, Stored

KEYS = tuple(StoreKey({"backend": f"a/{name}", "task": "ner"}) for name in "xyz")
OF_A_RUN = StoreKey({"backend": "process:p", "task": "ner", "run": "token"})
COSTS = ProcessCosts("box", 2.0, 1.0, 100)
FILE = "predictions.sqlite"
Capture = pytest.CaptureFixture[str]


def answer(label: str = "PER", *timings: Timing) -> Stored:
    return Stored(Annotations((Entity(0, 4, label),)), timings=timings)


def put(
    folder: Path, key: StoreKey, answers: Mapping[bytes, str], costs: ProcessCosts = COSTS
) -> None:
    """Answers of one process, each of a second."""
    with Store(folder) as store:
        row = store.backend_id(key, hello=f'"{key.digest}"')
        process = store.add_process(row, costs)
        for document, label in answers.items():
            store.put(row, key.digest, document, answer(label, Timing(1.0, process)))


def merge(folder: Path, *sources: Path, run: str = "") -> Copied:
    """What came of a merge of all these."""
    with Store(folder) as store:
        every = [copied for _, copied in store.merge(sources, run=run)]
    whole = Copied()
    for copied in every:
        whole.keys += copied.keys
        whole.predictions += copied.predictions
        whole.same += copied.same
        whole.differing += copied.differing
        whole.damaged += copied.damaged
        whole.unproven_keys += copied.unproven_keys
        whole.unproven += copied.unproven
    return whole


def contents(folder: Path) -> dict[str, Any]:
    """What a store answers, by key and document, with what its times cost; and its hellos."""
    found: dict[str, Any] = {}
    with closing(sqlite3.connect(folder / FILE)) as db:
        documents = db.execute("SELECT backend, document FROM predictions").fetchall()
    with Store(folder) as store:
        for row in store.backends():
            own = [document for backend, document in documents if backend == row.id]
            for document, stored in store.get(row.id, row.digest, own).items():
                processes = store.processes(timing.process for timing in stored.timings)
                costs = [
                    (timing.seconds, processes[timing.process][:3]) for timing in stored.timings
                ]
                found[f"{row.name} {document!r}"] = (stored.answer_text(), costs)
            found[row.name] = store.hello(row.id)
    return found


def dump(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / FILE)) as db:
        return list(db.iterdump())


def processes(folder: Path) -> list[Any]:
    with closing(sqlite3.connect(folder / FILE)) as db:
        return db.execute("SELECT machine, load_seconds, peak_memory FROM processes").fetchall()


def spoil(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / FILE)) as db, db:
        for statement in statements:
            db.execute(statement)


def test_a_merge_has_what_both_have(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    put(ours, KEYS[0], {b"a": "PER", b"b": "PER"})
    put(theirs, KEYS[1], {b"a": "LOC"}, ProcessCosts("other", 5.0, None, None))
    put(theirs, KEYS[0], {b"b": "PER", b"c": "ORG"}, ProcessCosts("other", 3.0, None, 7))
    before = contents(theirs)
    copied = merge(ours, theirs)
    assert copied == Copied(keys=1, predictions=2, same=1)
    found = contents(ours)
    cost = {key: value[1] for key, value in found.items() if " " in key}
    assert cost == {
        "a/x b'a'": [(1.0, ("box", 2.0, 1.0))],
        "a/x b'b'": [(1.0, ("box", 2.0, 1.0))],
        "a/x b'c'": [(1.0, ("other", 3.0, None))],
        "a/y b'a'": [(1.0, ("other", 5.0, None))],
    }
    assert found["a/y b'a'"] == before["a/y b'a'"]
    assert found["a/y"] == f'"{KEYS[1].digest}"'
    assert contents(theirs) == before, "a source stays as it is"


def test_merged_twice_nothing_changes(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    put(ours, KEYS[0], {b"a": "PER"})
    put(theirs, KEYS[0], {b"a": "LOC", b"b": "LOC"})
    put(theirs, KEYS[1], {})
    first = merge(ours, theirs)
    assert (first.keys, first.predictions, first.differing) == (1, 1, {"a/x": 1})
    before = dump(ours)
    again = merge(ours, theirs / FILE, theirs)
    assert (again.keys, again.predictions, again.same) == (0, 0, 2)
    assert dump(ours) == before


def test_an_answer_that_differs_stays_ours(tmp_path: Path, capsys: Capture) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    put(ours, KEYS[0], {b"a": "PER"})
    put(theirs, KEYS[0], {b"a": "LOC"})
    before = contents(ours)
    said = printed(capsys, ["cache", "merge", str(theirs), "--cache-dir", str(ours)])
    assert "1 other answer of a/x than those here, which stay: it is unstable" in said
    assert contents(ours) == before


def test_an_answer_that_was_asked_for_anew_takes_its_place(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    put(ours, KEYS[0], {b"a": "PER", b"b": "PER"})
    put(theirs, KEYS[0], {b"a": "LOC"})
    with Store(ours) as store:
        ((_, copied),) = store.merge([theirs], replacing=True)
    assert copied.differing == {"a/x": 1}
    with Store(ours) as store:
        row = store.backend_id(KEYS[0])
        found = store.get(row, KEYS[0].digest, [b"a", b"b"])
    labels = [found[one].annotations.entities[0].label for one in (b"a", b"b")]  # type: ignore[union-attr,index]
    assert labels == ["LOC", "PER"]


@pytest.mark.parametrize(
    ("damage", "damaged"),
    [
        ("UPDATE predictions SET answer = '{\"entities\":[]}' WHERE document = x'61'", 1),
        ("UPDATE predictions SET timings = '[false,[[9.0,1]]]' WHERE document = x'61'", 1),
        ("UPDATE predictions SET document = 'text' WHERE document = x'61'", 1),
        ("UPDATE predictions SET checksum = 5 WHERE document = x'61'", 1),
        ("UPDATE backends SET fields = '{}'", 2),
        ("UPDATE backends SET fields = x'00'", 2),
        ("UPDATE backends SET used = x'00'", 2),
    ],
)
def test_what_is_damaged_is_not_taken(damage: str, damaged: int, tmp_path: Path) -> None:
    put(tmp_path / "theirs", KEYS[0], {b"a": "PER", b"b": "PER"})
    spoil(tmp_path / "theirs", damage)
    copied = merge(tmp_path / "ours", tmp_path / "theirs")
    assert (copied.damaged, copied.predictions) == (damaged, 2 - damaged)
    assert "a/x b'a'" not in contents(tmp_path / "ours")


def test_a_sound_answer_takes_the_place_of_a_damaged_one(tmp_path: Path) -> None:
    for name in ("ours", "theirs"):
        put(tmp_path / name, KEYS[0], {b"a": "PER"})
    spoil(tmp_path / "ours", "UPDATE predictions SET answer = '{}'")
    assert merge(tmp_path / "ours", tmp_path / "theirs").predictions == 1
    assert contents(tmp_path / "ours") == contents(tmp_path / "theirs")


def test_times_of_an_unknown_process_are_left_out(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    put(ours, KEYS[1], {b"z": "PER"})  # Its process has the number that is gone there.
    with Store(theirs) as store:
        row = store.backend_id(KEYS[0])
        gone, known, damaged = (
            store.add_process(row, COSTS._replace(load_seconds=seconds)) for seconds in (1, 2, 3)
        )
        first, *_ = (Timing(1.0, number) for number in (known, gone, damaged))
        for document, number in ((b"a", gone), (b"b", damaged)):
            rounds = (first, Timing(2.0, number), first)
            store.put(row, KEYS[0].digest, document, answer("PER", *rounds))
    spoil(theirs, f"DELETE FROM processes WHERE id = {gone}")
    spoil(theirs, f"UPDATE processes SET load_seconds = 'long' WHERE id = {damaged}")
    merge(ours, theirs)
    costs = [(1.0, ("box", 2.0, 1.0))]
    assert [contents(ours)[f"a/x {one!r}"][1] for one in (b"a", b"b")] == [costs] * 2


def test_answers_of_a_single_run_stay_where_they_are(tmp_path: Path, capsys: Capture) -> None:
    put(tmp_path / "theirs", OF_A_RUN, {b"a": "PER", b"b": "PER"})
    command = ["cache", "merge", str(tmp_path / "theirs"), "--cache-dir", str(tmp_path / "ours")]
    said = printed(capsys, command)
    assert "not copied: 2 predictions under 1 key of a single run, proven for no other" in said
    (row,) = in_json(capsys, command)
    assert (row["unproven_keys"], row["unproven"], row["predictions"]) == (1, 2, 0)
    assert contents(tmp_path / "ours") == {}
    assert merge(tmp_path / "ours", tmp_path / "theirs", run="another").unproven == 2
    assert merge(tmp_path / "ours", tmp_path / "theirs", run="token").predictions == 2
    assert contents(tmp_path / "ours") == contents(tmp_path / "theirs")


def test_what_cannot_be_merged(tmp_path: Path, capsys: Capture) -> None:
    ours, theirs, broken = (tmp_path / name for name in ("ours", "theirs", "broken"))
    put(theirs, KEYS[0], {b"a": "PER"})
    broken.write_bytes(b"this is no database" * 100)
    (tmp_path / "link").symlink_to(ours)
    with Store(ours) as store:
        for source, error, words in (
            (broken, InputError, "broken: the predictions store cannot be used"),
            (tmp_path / "none", InputError, "none: there is no predictions store"),
            (tmp_path / "link", UsageError, "is the store to merge into"),
        ):
            with pytest.raises(error, match=words):
                store.merge([theirs, source])
    assert contents(ours) == {}, "nothing is copied where one of them is wrong"
    assert "folders, or their files" in printed(capsys, ["cache", "merge"], 2)
    assert "one BACKEND at most, found 2" in printed(capsys, ["cache", "list", "a", "b"], 2)


@pytest.mark.parametrize("version", [1, 7])
def test_a_store_of_another_version_is_told_of(
    version: int, tmp_path: Path, capsys: Capture
) -> None:
    other, sound = tmp_path / "other", tmp_path / "sound"
    for folder in (other, sound):
        put(folder, KEYS[0], {folder.name.encode(): "PER"})
    spoil(other, f"PRAGMA user_version={version}")
    command = ["cache", "merge", str(other), str(sound), "--cache-dir", str(tmp_path / "ours")]
    assert printed(capsys, command, 2) == ""
    assert "a/x b'sound'" in contents(tmp_path / "ours")
    assert "a/x b'other'" not in contents(tmp_path / "ours")
    with pytest.raises(InputError, match=rf"store of version {version}, expected 2"):
        Store(tmp_path / "ours", behind=[other])


def test_an_empty_file_has_nothing(tmp_path: Path) -> None:
    (tmp_path / FILE).touch()
    assert merge(tmp_path / "ours", tmp_path) == Copied()
    assert (tmp_path / FILE).stat().st_size == 0


@pytest.fixture
def read_only() -> Iterator[Callable[[Path], Path]]:
    """Makes a copy of a store's folder in which this process may write nothing."""
    outer = Path(tempfile.mkdtemp())
    outer.chmod(0o755)

    def make(folder: Path) -> Path:
        copy = outer / folder.name
        shutil.copytree(folder, copy)
        copy.chmod(0o555)
        if os.geteuid() == 0:
            os.seteuid(65534)
        return copy

    yield make
    if os.getuid() == 0:
        os.seteuid(0)
    for folder in outer.iterdir():
        folder.chmod(0o755)
    shutil.rmtree(outer)


def test_a_folder_where_nothing_can_be_written(
    tmp_path: Path, read_only: Callable[[Path], Path]
) -> None:
    put(tmp_path / "theirs", KEYS[0], {b"a": "PER"})
    source = read_only(tmp_path / "theirs")
    with pytest.raises(PermissionError):
        (source / "x").touch()
    ours = Path(tempfile.mkdtemp())
    assert merge(ours, source).predictions == 1
    with Store(ours / "another", behind=[source]) as store:
        row = store.backend_id(KEYS[0])
        assert store.get(row, KEYS[0].digest, [b"a"]).keys() == {b"a"}
    assert [path.name for path in source.iterdir()] == [FILE]
    shutil.rmtree(ours)


def test_a_log_that_cannot_be_read_is_told_of(
    tmp_path: Path, read_only: Callable[[Path], Path]
) -> None:
    with Store(tmp_path / "theirs") as store:
        store.backend_id(KEYS[0])
        copy = tmp_path / "killed"
        copy.mkdir()
        for name in (FILE, f"{FILE}-wal"):
            shutil.copy(tmp_path / "theirs" / name, copy)
    source = read_only(copy)
    with pytest.raises(InputError, match="copy its folder"):
        Database(source / FILE, read_only=True)


def test_what_was_written_while_it_was_read_without_a_lock(
    tmp_path: Path, read_only: Callable[[Path], Path]
) -> None:
    put(tmp_path / "theirs", KEYS[0], {b"a": "PER"})
    source = read_only(tmp_path / "theirs")
    database = Database(source / FILE, read_only=True)
    database.check_unchanged()
    os.seteuid(os.getuid())
    os.utime(source / FILE, (0, 0))
    with pytest.raises(InputError, match="was written while it was read"):
        database.check_unchanged()
    database.close()


class Killed(BaseException):
    """What ends a process."""


def test_stopped_anywhere_the_same_command_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "_BATCH_ROWS", 2)
    theirs, whole = tmp_path / "theirs", tmp_path / "whole"
    put(theirs, KEYS[0], {bytes([i]): "PER" for i in range(5)})
    put(theirs, KEYS[1], {b"a": "PER"}, ProcessCosts("other", None, None, 5))
    merge(whole, theirs)
    plain = Database.run
    left = 0

    def run(database: Database, statement: str, values: Any = ()) -> list[tuple[Any, ...]]:
        nonlocal left
        if database.path.parent.name == "ours" and not statement.startswith("ROLLBACK"):
            left -= 1
            if left == 0:
                raise Killed
        return plain(database, statement, values)

    for moment in range(1, 1000):
        shutil.rmtree(tmp_path / "ours", ignore_errors=True)
        with Store(tmp_path / "ours"):
            pass
        monkeypatch.setattr(Database, "run", run)
        left = moment
        try:
            merge(tmp_path / "ours", theirs)
            break
        except Killed:
            monkeypatch.setattr(Database, "run", plain)
        merge(tmp_path / "ours", theirs)
        assert contents(tmp_path / "ours") == contents(whole)
        assert processes(tmp_path / "ours") == processes(whole)
    assert moment > 20


def test_a_batch_is_bounded_in_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "_BATCH_CHARACTERS", 1)
    put(tmp_path / "theirs", KEYS[0], {bytes([i]): "PER" for i in range(5)})
    sizes = []
    plain = copying.take

    def take(*arguments: Any, **named: Any) -> list[bytes]:
        sizes.append(len(arguments[3]))
        return plain(*arguments, **named)

    monkeypatch.setattr(copying, "take", take)
    assert merge(tmp_path / "ours", tmp_path / "theirs").predictions == 5
    assert sizes == [1] * 5


SMALL = st.dictionaries(
    st.tuples(st.sampled_from(range(len(KEYS))), st.sampled_from([b"a", b"b", b"\0", b""])),
    st.just(None),
    max_size=6,
).map(list)


@settings(max_examples=examples(40))
@given(SMALL, SMALL, SMALL, st.permutations(range(3)))
def test_a_merge_is_a_union_in_any_order(
    one: list[Any], two: list[Any], three: list[Any], order: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        stores = [folder / str(number) for number in range(3)]
        for store, places in zip(stores, (one, two, three), strict=True):
            for number, key in enumerate(KEYS):
                own = {document: "PER" for of, document in places if of == number}
                if own:
                    put(store, key, own)
            with Store(store):
                pass
        copied = merge(folder / "ours", *stores)
        merge(folder / "again", *(stores[number] for number in order))
        found, union = contents(folder / "ours"), {*one, *two, *three}
        assert found == contents(folder / "again")
        expected: dict[str, Any] = {}
        for store in stores:
            expected |= contents(store)
        assert found == expected
        assert copied.predictions == len(union)
        assert copied.same == len(one) + len(two) + len(three) - len(union)


# Stores behind


def test_what_is_found_behind_is_there_from_then_on(tmp_path: Path) -> None:
    near, far = tmp_path / "near", tmp_path / "far"
    with Store(near) as store:
        shelf = Shelf(store, OF_A_RUN, "box")
        process = shelf.begin(Hello(labels=("PER",)), COSTS)
        shelf.put({b"a": answer("PER", Timing(1.0, process))})
    put(far, OF_A_RUN, {b"a": "LOC", b"b": "ORG", b"d": "ORG"})
    spoil(far, "UPDATE predictions SET answer = '{}' WHERE document = x'64'")
    with Store(tmp_path / "own", behind=[near, far / FILE, tmp_path / "none"]) as store:
        store.add_process(store.backend_id(KEYS[0]), ProcessCosts("x", 9.0, 9.0, None))
        shelf = Shelf(store, OF_A_RUN, "box")
        found = shelf.get([b"a", b"b", b"c", b"d"])
        assert found.keys() == {b"a", b"b"}
        assert found[b"a"].annotations == answer("PER").annotations, "the first that has one"
        assert [shelf.processes[one.timings[0].process] for one in found.values()] == [COSTS] * 2
        assert store.damaged == 1
        assert shelf.hello == Hello(labels=("PER",))
    shutil.rmtree(near)
    shutil.rmtree(far)
    with Store(tmp_path / "own", behind=[near, far]) as store:
        shelf = Shelf(store, OF_A_RUN, "box")
        assert shelf.get([b"a", b"b", b"c", b"d"]) == found
        assert shelf.hello == Hello(labels=("PER",))


def test_the_own_answer_comes_first(tmp_path: Path) -> None:
    put(tmp_path / "own", KEYS[0], {b"a": "PER"})
    put(tmp_path / "far", KEYS[0], {b"a": "LOC"})
    before = dump(tmp_path / "own")
    with Store(tmp_path / "own", behind=[tmp_path / "far", tmp_path / "own"]) as store:
        assert store.get(1, KEYS[0].digest, [b"a"])[b"a"].annotations == answer("PER").annotations
    assert dump(tmp_path / "own") == before


def test_a_broken_store_behind_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is no database" * 100)
    with pytest.raises(InputError, match=rf"{FILE}.*\n.*leave it out"):
        Store(tmp_path / "own", behind=[tmp_path])


def test_one_that_is_written_while_it_is_behind(tmp_path: Path) -> None:
    put(tmp_path / "far", KEYS[0], {b"a": "PER"})
    with Store(tmp_path / "own", behind=[tmp_path / "far"]) as store:
        row = store.backend_id(KEYS[0])
        assert store.get(row, KEYS[0].digest, [b"b"]) == {}
        put(tmp_path / "far", KEYS[0], {b"b": "PER"})
        assert store.get(row, KEYS[0].digest, [b"b"]).keys() == {b"b"}


def test_numbers_of_what_was_pruned_are_not_given_again(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        row = store.backend_id(KEYS[0])
        process = store.add_process(row, COSTS)
        store.prune([row])
        other = store.backend_id(KEYS[1])
        assert other != row
        assert store.add_process(other, COSTS) != process


def test_a_transaction_inside_another_is_a_part_of_it(tmp_path: Path) -> None:
    database = Database(tmp_path / FILE)
    statement = "INSERT INTO runs VALUES (?, 'token', 'now')"
    with pytest.raises(Killed), database.transaction():
        with database.transaction():
            database.run(statement, ("a",))
        raise Killed
    assert database.run("SELECT * FROM runs") == []
    with database.transaction():
        database.run(statement, ("b",))
    database.close()
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        assert db.execute("SELECT plan FROM runs").fetchall() == [("b",)]


def test_json(tmp_path: Path, capsys: Capture) -> None:
    put(tmp_path / "theirs", KEYS[0], {b"a": "PER"})
    command = ["cache", "merge", str(tmp_path / "theirs"), "--cache-dir", str(tmp_path / "ours")]
    (row,) = in_json(capsys, command)
    assert row == {
        "store": str(tmp_path / "theirs" / FILE),
        "keys": 1,
        "predictions": 1,
        "same": 0,
        "differing": {},
        "damaged": 0,
        "unproven_keys": 0,
        "unproven": 0,
        "other_version": "",
    }
