"""The predictions store: who may answer for whom, and what survives."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from harness.adapter import ModelIdentity
from harness.annotation import Annotations, Attribution, Entity, Span
from harness.errors import InputError
from harness.registry import BackendSpec
from harness.run.key import Description, StoreKey, document_digest, make_key
from harness.run.protocol import Hello
from harness.run.rows import ProcessCosts, Timing
from harness.run.store import Store, Stored

ONE = StoreKey({"backend": "a/x", "task": "ner"})
OTHER = StoreKey({"backend": "a/y", "task": "ner"})
TEXT = document_digest("Anna")
ANSWER = Stored(
    Annotations((Entity(0, 4, "PER", 0.5),)), ("entities[1]: bad",), 4, (Timing(0.5, 1),)
)


def test_an_answer_comes_back(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        row = store.backend_id(ONE)
        store.put(row, ONE.digest, TEXT, ANSWER)
    with Store(tmp_path) as store:
        assert store.backend_id(ONE) == row
        assert store.get(row, ONE.digest, [TEXT, b"?"]) == {TEXT: ANSWER}


@pytest.mark.parametrize(
    "annotations",
    [
        Annotations(entities=()),
        Annotations(attributions=(Attribution((Span(0, 1), Span(3, 9)), None, Span(1, 2)),)),
        Annotations((Entity(0, 1, "| 😀 \x00 é"),)),
    ],
)
def test_any_annotations_come_back(annotations: Annotations, tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        row = store.backend_id(ONE)
        store.put(row, ONE.digest, TEXT, Stored(annotations, unstable=True))
        assert store.get(row, ONE.digest, [TEXT])[TEXT] == Stored(annotations, unstable=True)


def test_no_backend_answers_for_another(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        row, other = store.backend_id(ONE), store.backend_id(OTHER)
        store.put(row, ONE.digest, TEXT, ANSWER)
        assert store.get(other, OTHER.digest, [TEXT]) == {}


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE predictions SET backend = 2",
        "UPDATE predictions SET document = x'00'",
        "UPDATE predictions SET answer = '{\"entities\":[]}'",
        "UPDATE predictions SET timings = '[false,[[9.0,1]]]'",
    ],
)
def test_a_row_that_was_moved_or_changed_is_a_miss(damage: str, tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.backend_id(ONE), store.backend_id(OTHER)
        store.put(1, ONE.digest, TEXT, ANSWER)
    with closing(sqlite3.connect(tmp_path / "predictions.sqlite")) as db, db:
        db.execute(damage)
    with Store(tmp_path) as store:
        for row, key in ((1, ONE), (2, OTHER)):
            assert store.get(row, key.digest, [TEXT, b"\x00"]) == {}


def test_processes_and_hello(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        row = store.backend_id(ONE)
        assert store.hello(row) == ""
        store.backend_id(ONE, hello="{}")
        store.backend_id(ONE)
        assert store.hello(row) == "{}"
        number = store.add_process(row, ProcessCosts("box", 1.5, 0.1, None))
        store.note_peak(number, 1000)
        assert store.processes([number, 99]) == {number: ProcessCosts("box", 1.5, 0.1, 1000)}


def test_prune(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        rows = [store.backend_id(key) for key in (ONE, OTHER)]
        for row, key in zip(rows, (ONE, OTHER), strict=True):
            store.add_process(row, ProcessCosts("box", None, None, None))
            store.put(row, key.digest, TEXT, ANSWER)
        assert [(b.name, b.predictions) for b in store.backends()] == [("a/x", 1), ("a/y", 1)]
        assert store.prune(rows[:1]) == 1
        assert [(b.name, b.fields) for b in store.backends()] == [("a/y", OTHER.fields)]
        assert store.get(rows[0], ONE.digest, [TEXT]) == {}
        assert store.processes([1, 2]).keys() == {2}


def test_a_broken_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "predictions.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(InputError, match="delete it: predictions are made again"):
        Store(tmp_path)


def test_another_version_is_a_clear_error(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "predictions.sqlite")) as db:
        db.execute("PRAGMA user_version=7")
    with pytest.raises(InputError, match="store of version 7, expected 2"):
        Store(tmp_path)


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        Store(tmp_path / "file" / "deeper")


def key_of(name: str = "empty", *, hello: Hello | None = None, **change: Any) -> StoreKey | None:
    description = Description(
        source="s" * 64, packages={"lib": "1"}, model=ModelIdentity("m", digest="d"), python="3.11"
    )
    own = ("source", "packages", "model", "python", "installed", "named", "doubt")
    given: dict[str, Any] = {"task": "ner", "labels": ("PER",), "batch_size": 1, "threads": 1}
    for field in own:
        if field in change:
            description = Description(
                **{
                    **{f: getattr(description, f) for f in description.__slots__},
                    field: change.pop(field),
                }
            )
    return make_key(BackendSpec.parse(name), description, hello=hello, **(given | change))


@pytest.mark.parametrize(
    "change",
    [
        {"name": "empty?a=1"},
        {"task": "attribution"},
        {"labels": ("PER", "ORG")},
        {"source": "t" * 64},
        {"installed": "t" * 64},
        {"named": "t" * 64},
        {"packages": {"lib": "2"}},
        {"packages": {}},
        {"model": ModelIdentity("m", digest="e")},
        {"model": ModelIdentity("m", version="2", digest="d")},
        {"model": ModelIdentity("m", digest="d", notes={"dtype": "half"})},
        {"python": "3.12"},
        {"batch_size": 8},
        {"threads": 2},
        {"environment": "spacy"},
    ],
    ids=str,
)
def test_everything_that_matters_changes_the_key(change: dict[str, Any]) -> None:
    before, after = key_of(), key_of(**change)
    assert before is not None
    assert after is not None
    assert before.digest != after.digest
    assert key_of().digest == before.digest  # type: ignore[union-attr]


def test_labels_matter_only_to_a_backend_without_its_own() -> None:
    one, other = key_of("spacy/x", labels=("A",)), key_of("spacy/x", labels=("B",))
    assert one is not None
    assert other is not None
    assert one.digest == other.digest


def test_what_cannot_be_told_apart_has_no_key() -> None:
    assert key_of(model=None) is None
    assert key_of(model=None, hello=Hello(model=ModelIdentity("m"))) is None
    # A version proves nothing: who changes the program need not change it.
    assert key_of(model=None, hello=Hello(model=ModelIdentity("m", version="3"))) is None
    late = key_of(model=None, hello=Hello(model=ModelIdentity("m", digest="d3")))
    assert late is not None
    assert late.fields["model"]["digest"] == "d3"


def test_what_is_not_proven_is_kept_for_one_run() -> None:
    for change in ({"model": ModelIdentity("m", version="3")}, {"doubt": "files not recorded"}):
        assert key_of(**change) is None
        one, other = key_of(**change, run="one"), key_of(**change, run="other")
        assert one is not None and other is not None
        assert one.digest != other.digest
    proven = key_of(run="one")
    assert proven is not None and "run" not in proven.fields


def test_only_the_interrupted_run_is_taken_up(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        token = store.begin("a plan")
        assert store.begin("another plan") != token
    with Store(tmp_path) as store:
        assert store.begin("a plan") == token, "interrupted: it never finished"
        key = StoreKey({"backend": "process:x", "run": token})
        row = store.backend_id(key)
        store.put(row, key.digest, TEXT, ANSWER)
        store.put(store.backend_id(ONE), ONE.digest, TEXT, ANSWER)
        store.finish(token)
        assert [item.name for item in store.backends()] == ["a/x"], "its answers went with it"
        assert store.begin("a plan") != token


def test_a_run_that_is_under_way_is_not_taken_up(tmp_path: Path) -> None:
    with Store(tmp_path) as one, Store(tmp_path) as other:
        tokens = [one.begin("a plan"), other.begin("a plan"), other.begin("a plan")]
        assert len(set(tokens)) == 3
        key = StoreKey({"backend": "process:x", "run": tokens[0]})
        row = one.backend_id(key)
        other.finish(tokens[1])
        other.finish(tokens[2])
        one.put(row, key.digest, TEXT, ANSWER)
        assert one.get(row, key.digest, [TEXT]), "the others took nothing of it with them"
        one.finish(tokens[0])
    assert list(tmp_path.glob("*.lock")) == []


def test_an_interrupted_run_is_forgotten_after_a_week(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        token = store.begin("a plan")
    with closing(sqlite3.connect(tmp_path / "predictions.sqlite")) as db, db:
        db.execute("UPDATE runs SET started = '2020-01-01T00:00:00+00:00'")
    with Store(tmp_path) as store:
        assert store.begin("a plan") != token


def test_a_store_of_version_1_is_taken_over(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put(store.backend_id(ONE), ONE.digest, TEXT, ANSWER)
    with closing(sqlite3.connect(tmp_path / "predictions.sqlite")) as db, db:
        db.execute("DROP TABLE runs")
        db.execute("PRAGMA user_version=1")
    with Store(tmp_path) as store:
        assert store.begin("a plan")
        assert [item.predictions for item in store.backends()] == [1]


def test_document_digest() -> None:
    digests = {
        document_digest("a\r\n"),
        document_digest("a\n"),
        document_digest("é"),
        document_digest("e\u0301"),
        document_digest("a\n", {"entities": []}),
        document_digest("a\n\0gold\0"),
    }
    assert len(digests) == 6
