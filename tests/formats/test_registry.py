"""The table of formats, and telling one from its content."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness.annotation import Annotations, Entity, Record
from harness.errors import InputError, UsageError
from harness.formats.opening import read_any
from harness.formats.registry import FORMATS, format_named, guess
from harness.formats.writing import for_output, write_any

SAMPLES: dict[str, Any] = {
    "jsonl": {"id": "a", "text": "x", "entities": []},
    "jsonl-doc": {"doc": "a", "text": "x", "attributions": []},
    "prodigy": {"text": "x", "spans": [], "answer": "accept"},
    "prodigy-hash": {"text": "x", "_input_hash": 1, "answer": "reject"},
    "doccano": {"id": 1, "text": "x", "label": [[0, 1, "X"]]},
    "doccano-empty": {"text": "x", "labels": []},
    "doccano-relations": {"id": 1, "text": "x", "entities": [], "relations": []},
    "doccano-entities": {
        "id": 1, "text": "x", "entities": [{"start_offset": 0, "end_offset": 1, "label": "X"}]
    },
    "labelstudio": [{"id": 1, "data": {"text": "x"}, "annotations": []}],
    "labelstudio-min": [{"id": 1, "text": "x", "label": [{"start": 0, "end": 1, "labels": ["X"]}]}],
    "datasets": {"tokens": ["x"], "ner_tags": ["O"]},
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_json_is_told_by_its_keys(tmp_path: Path, name: str) -> None:
    path = tmp_path / "data"  # no ending: the content tells
    path.write_text(json.dumps(SAMPLES[name]) + "\n")
    assert guess(path).name == name.split("-")[0]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("x O\ny B-PER\n", "conll"),
        ("-DOCSTART- -X- O O\n\nx NN B-NP B-LOC\n", "conll"),
        ("# id 3\nx\tO\n", "conll"),
        ("x B-PER\ny\nz O\n", "conll"),
        ("\ufeffx\tU-PER\r\n", "conll"),
    ],
)
def test_text_is_told_by_its_columns(tmp_path: Path, content: str, name: str) -> None:
    (tmp_path / "a").write_bytes(content.encode())
    assert guess(tmp_path / "a").name == name


def test_folders_and_binary_files(tmp_path: Path) -> None:
    for place, content in {
        "brat/a.ann": "T1\tX 0 1\tx\n",
        "brat/a.txt": "x",
        "polnear/attributions/d_x.ann": "",
        "flat/d_x.ann": "",
        "flat/d.txt": "x",
        "litbank/a.ann": "",
        "litbank/b.ann": "QUOTE\tQ1\t0\t0\t0\t1\tx\n",
        "pdnc/Novel/quotation_info.csv": "",
        "saved/state.json": "{}",
        "many/dataset_dict.json": "{}",
        "files/data/train.parquet": "PAR1",
        "raw/a.txt": "x",
    }.items():
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    names = {
        "brat": "brat", "polnear": "polnear", "flat": "polnear", "litbank": "litbank",
        "pdnc": "pdnc", "saved": "datasets", "many": "datasets", "files": "datasets",
        "brat/a.ann": "brat", "litbank/b.ann": "litbank", "files/data/train.parquet": "datasets",
    }  # fmt: skip
    assert {place: guess(tmp_path / place).name for place in names} == names
    with pytest.raises(InputError):
        guess(tmp_path / "raw")
    (tmp_path / "a.spacy").write_bytes(b"\0x")
    assert guess(tmp_path / "a.spacy").name == "docbin"
    assert guess("hf:someone/something").name == "datasets"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "the file is empty"),
        (b"Some prose\nand more.\n", "none of the known formats"),
        (b"Some prose\n\xff\xfe\n", "byte 11 is not UTF-8"),
        (b'{"id": "a",\n"broken', "a:2: not a JSON object: Unterminated string"),
        (b'[\n{"id" 1}]', "a:2: not a JSON object: Expecting ':' delimiter"),
    ],
)
def test_what_cannot_be_told(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(InputError, match=message):
        guess(tmp_path / "a")


def test_nothing_there_and_nothing_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        guess(tmp_path / "missing")
    with pytest.raises(InputError, match="cannot tell how to read it"):
        guess(tmp_path)


def test_a_folder_that_is_called_like_a_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "layers.ann").mkdir()
    with pytest.raises(InputError, match="cannot tell how to read it"):
        guess(tmp_path)
    (tmp_path / "a.txt").write_text("Ines left")
    (tmp_path / "a.ann").write_text("T1\tPER 0 4\tInes\n")
    (record,) = read_any(tmp_path)
    assert record.annotations.entities == (Entity(0, 4, "PER"),)


def test_names_and_endings() -> None:
    with pytest.raises(UsageError, match=r"unknown format 'conl'\. Did you mean 'conll'\?"):
        format_named("conl")
    endings = {"a.jsonl": "jsonl", "a.conll": "conll", "a.SPACY": "docbin", "a.parquet": "datasets"}
    assert {path: for_output(path).name for path in endings} == endings
    with pytest.raises(UsageError, match="say --to FORMAT"):
        for_output("a.json")


def test_options_that_a_format_does_not_have(tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text("x O\n")
    with pytest.raises(UsageError, match="format conll has no option 'offsets'"):
        read_any(tmp_path / "a.conll", offsets="utf16")
    assert len(list(read_any(tmp_path / "a.conll", offsets=None, repair="discard"))) == 1
    with pytest.raises(UsageError, match="can be read, not written"):
        write_any(tmp_path / "out", [], "polnear")


@pytest.mark.parametrize("name", [name for name, item in FORMATS.items() if item.writes])
def test_every_writable_format_is_read_back_by_its_content(tmp_path: Path, name: str) -> None:
    if name == "docbin":
        pytest.importorskip("spacy")
    if name == "datasets":
        pytest.importorskip("datasets")
    record = Record("a", "Ines left", Annotations((Entity(0, 4, "PER"),)))
    path = tmp_path / ("out.spacy" if name == "docbin" else "out")
    report: Counter[str] = Counter()
    assert write_any(path, [record], name, losses=report) == 1
    assert guess(path).name == name
    (again,) = read_any(path)
    assert (again.text, again.annotations.entities) == ("Ines left", (Entity(0, 4, "PER"),))
    without_ids = {"document ids: left out"}
    expected = dict.fromkeys(("conll", "gliner", "spacy_tuples"), without_ids)
    expected["brat"] = {"documents without attributions: brat cannot tell that from an empty layer"}
    assert set(report) == expected.get(name, set())
    assert ("no ids" in FORMATS[name].holds) == (expected.get(name) == without_ids)


def test_every_module_of_the_table_has_what_a_format_needs() -> None:
    for item in FORMATS.values():
        assert callable(item.load().matches)
        assert hasattr(item.load(), "read")
        assert item.loses or item.name in ("jsonl", "litbank")
        assert item.example
        assert all(flag.help for flag in (*item.options, *item.write_options))
        assert bool(item.holds) == item.writes
        assert set(item.load().__all__) >= {"matches", "read"} | (
            {"write"} if item.writes else set()
        )


def test_options_are_those_of_the_functions() -> None:
    conll, jsonl, pdnc = (FORMATS[name] for name in ("conll", "jsonl", "pdnc"))
    reading = ["scheme", "repair", "tag_column", "token_column", "comments", "encoding"]
    assert [flag.name for flag in conll.options] == reading
    assert [flag.name for flag in conll.write_options] == ["scheme", "tokens"]
    assert [flag.name for flag in jsonl.options] == ["annotator", "faulty"]
    assert (jsonl.write_options, pdnc.options, pdnc.write_options) == ((), (), ())


@pytest.mark.parametrize("function", ["matches", "read"])
def test_what_the_system_refuses_is_no_fault_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "there/a.ann")

    (tmp_path / "a.jsonl").write_text('{"id": "a", "text": "Ada", "entities": []}\n')
    monkeypatch.setattr(FORMATS["jsonl"].load(), function, refused)
    with pytest.raises(InputError, match=r"there/a\.ann: cannot be read: Permission denied"):
        list(read_any(tmp_path / "a.jsonl"))


def test_no_format_has_an_option_of_the_gold_set_itself() -> None:
    taken = {"labels", "name", "schema", "format"}
    assert not {flag.name for item in FORMATS.values() for flag in item.options} & taken


def test_an_error_says_that_faulty_spans_may_be_left_out_where_that_helps(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    faulty = '{"start": 0, "end": 9, "label": "P"}'
    path.write_text(f'{{"id": "a", "text": "Ada", "entities": [{faulty}]}}\n')
    with pytest.raises(InputError, match="half-open") as caught:
        list(read_any(path))
    (said,) = (line for line in str(caught.value).splitlines() if "leave-out" in line)
    source = said.split(": ", 1)[1].strip("'")
    assert [record.annotations.entities for record in read_any(source)] == [()]
    path.write_text('{"id": "a", "text": 3}\n')  # Nothing helps here.
    with pytest.raises(InputError) as caught:
        list(read_any(path))
    assert "leave-out" not in str(caught.value)
