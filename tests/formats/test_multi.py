"""JSON lines with several annotators in one file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import by_annotator

from harness.errors import InputError
from harness.formats import jsonl
from harness.formats.losses import Losses
from harness.formats.multi import is_multi


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def row(id_: str, annotator: object, text: str | None = "He left.") -> dict[str, object]:
    out: dict[str, object] = {"id": id_, "annotator": annotator, "entities": []}
    return out if text is None else {**out, "text": text}


def test_records_by_annotator(tmp_path: Path) -> None:
    path = write(tmp_path / "m.jsonl", row("a", "x"), row("b", "x"), row("a", "y", None))
    found = by_annotator(path)
    assert {name: [record.id for record in records] for name, records in found.items()} == {
        "x": ["a", "b"],
        "y": ["a"],
    }
    assert is_multi(path)


def test_blank_lines_do_not_shift_the_names(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text(f"\n{json.dumps(row('a', 'x'))}\n\n{json.dumps(row('a', 'y'))}", "utf-8")
    assert list(by_annotator(path)) == ["x", "y"]
    assert is_multi(path)


@pytest.mark.parametrize(
    ("rows", "message", "line"),
    [
        ([row("a", "x"), row("a", "x")], "'x' has document 'a' a second time", 2),
        ([row("a", "x"), row("b", None)], '"annotator" is None', 2),
        ([row("a", "x"), row("a", "y", "She left.")], "is not that of line 1", 2),
    ],
)
def test_clear_errors(tmp_path: Path, rows: list[object], message: str, line: int) -> None:
    with pytest.raises(InputError, match=message) as caught:
        by_annotator(write(tmp_path / "m.jsonl", *rows))
    assert caught.value.line == line


def test_empty_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no document"):
        list(jsonl.read(write(tmp_path / "m.jsonl")))


@pytest.mark.parametrize("content", ["", "not json", '{"id": "a"}', "[1]"])
def test_is_multi_says_no_to_everything_else(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other"
    path.write_text(content, encoding="utf-8")
    assert not is_multi(path)
    assert not is_multi(tmp_path)
    assert not is_multi(tmp_path / "absent")


def test_documents_that_the_annotator_did_not_label_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "m.jsonl", row("a", "x"), row("b", "x"), row("a", "y"), row("c", "x"))
    losses = Losses()
    assert [one.id for one in jsonl.read(path, annotator="y", losses=losses)] == ["a"]
    assert losses == {"documents that y did not label: left out": 2}
