"""Hugging Face data sets, without a network: folders, parquet, and columns that will not do."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from harness.annotation import Annotations, Attribution, Entity, Record, Span
from harness.errors import BackendUnavailable, InputError, LibraryMissing, UsageError
from harness.formats import hf
from harness.formats.hf_files import check_unpacked, split_files
from harness.formats.opening import read_any

datasets = pytest.importorskip(
    "datasets", reason="needs datasets: pip install 'nlp-harness[datasets]'"
)

RECORDS = [
    Record(
        "one", "Ines left Brackwater .\nShe wept .",
        Annotations((Entity(0, 4, "PER"), Entity(10, 20, "LOC"))),
    ),
    Record("two", "", Annotations(())),
    Record("three", "Rain", Annotations(())),
]  # fmt: skip
NAMES = ["O", "B-PER", "I-PER"]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", cache)


def _data(
    tags: list[list[Any]], feature: Any, tokens: str = "tokens", column: str = "ner_tags"
) -> Any:
    features = datasets.Features(
        {tokens: datasets.Sequence(datasets.Value("string")), column: datasets.Sequence(feature)}
    )
    rows = [{tokens: ["Ines", "left"][: max(len(own), 2)], column: own} for own in tags]
    return datasets.Dataset.from_list(rows, features=features)


def _shown(records: list[Record]) -> list[list[tuple[int, int, str]]]:
    return [[entity[:3] for entity in record.annotations.entities or ()] for record in records]


@pytest.mark.parametrize("name", ["folder", "file.parquet"])
@pytest.mark.parametrize("scheme", ["IOB1", "IOB2", "BIOES"])
def test_round_trip(tmp_path: Path, name: str, scheme: str) -> None:
    report: Counter[str] = Counter()
    assert hf.write(tmp_path / name, RECORDS, losses=report, scheme=scheme) == 3
    assert not report
    assert list(hf.read(tmp_path / name, losses=report)) == RECORDS
    assert not report


def test_a_scheme_or_policy_that_there_is_not(tmp_path: Path) -> None:
    hf.write(tmp_path / "data", RECORDS, losses=Counter())
    for wrong, words in (({"scheme": "IOBX"}, "tag scheme"), ({"repair": "x"}, "repair policy")):
        with pytest.raises(UsageError, match=f"{words} .*expected one of"):
            list(hf.read(tmp_path / "data", **wrong))  # type: ignore[arg-type]


def test_columns_and_class_label_names(tmp_path: Path) -> None:
    hf.write(tmp_path / "out", RECORDS, losses=Counter())
    data = datasets.load_from_disk(str(tmp_path / "out"))
    assert data.features["ner_tags"].feature.names == ["O", "B-LOC", "B-PER"]
    assert data[0]["tokens"] == ["Ines", "left", "Brackwater", "."]
    assert data["id"][:3] == ["one", "one", "two"]


def test_rows_of_others_are_documents(tmp_path: Path) -> None:
    _data([[1, 0], [1, 2]], datasets.ClassLabel(names=NAMES)).save_to_disk(str(tmp_path / "d"))
    records = list(hf.read(tmp_path / "d"))
    assert [record.id for record in records] == ["d-00001", "d-00002"]
    assert _shown(records) == [[(0, 4, "PER")], [(0, 9, "PER")]]


def test_string_tags_other_column_names_and_a_folder_of_parquet(tmp_path: Path) -> None:
    data = _data([["B-PER", "O"]], datasets.Value("string"), "words", "gold")
    (tmp_path / "d" / "data").mkdir(parents=True)
    data.to_parquet(str(tmp_path / "d" / "data" / "train-00000.parquet"))
    with pytest.raises(InputError, match=r"has no column ner_tags or .*\(columns: words, gold\)"):
        list(hf.read(tmp_path / "d"))
    assert _shown(list(hf.read(tmp_path / "d", tag_column="gold"))) == [[(0, 4, "PER")]]


def test_splits(tmp_path: Path) -> None:
    label = datasets.ClassLabel(names=NAMES)
    both = {"train": _data([[1, 0]], label), "test": _data([[0, 1]], label)}
    datasets.DatasetDict(both).save_to_disk(str(tmp_path / "d"))
    with pytest.raises(InputError, match=r"has the splits train, test(.|\n)*d.split=train"):
        list(read_any(tmp_path / "d"))
    assert _shown(list(hf.read(tmp_path / "d", split="test"))) == [[(5, 9, "PER")]]
    with pytest.raises(InputError, match="has no split 'dev', only train, test"):
        list(hf.read(tmp_path / "d", split="dev"))


def test_the_split_of_a_file_is_in_its_name(tmp_path: Path) -> None:
    data = _data([["B-PER", "O"]], datasets.Value("string"))
    names = [
        "data/dev_b-00000-of-00001",
        "train/0",
        "a.dev",
        "b-validation",
        "Test/x",
        "rest",
        ".t/x",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.parquet").write_bytes(b"")
    kind, splits = split_files(tmp_path / "train")
    assert (kind, splits) == ("parquet", {"train": [tmp_path / "train" / "0.parquet"]})
    with pytest.raises(InputError, match=r"has files of train in several folders: '[^']*train'"):
        split_files(tmp_path)
    (tmp_path / "rest.parquet").unlink()
    assert {split: len(files) for split, files in split_files(tmp_path)[1].items()} == {
        "dev_b": 1,
        "validation": 2,
        "test": 1,
        "train": 1,
    }
    odd = tmp_path / "a[b]*"
    odd.mkdir()
    data.to_parquet(str(odd / "x?.parquet"))
    for path in (odd, odd / "x?.parquet"):
        assert _shown(list(hf.read(path))) == [[(0, 4, "PER")]]


def test_files_of_a_folder_are_those_in_it(tmp_path: Path) -> None:
    """Its README and its list of files may name others, on the network, too."""
    data = _data([["B-PER", "O"]], datasets.Value("string"))
    elsewhere, here = tmp_path / "elsewhere", tmp_path / "here"
    here.mkdir()
    data.to_parquet(str(here / "x.parquet"))
    data.save_to_disk(str(elsewhere))
    named = f"---\nconfigs:\n- config_name: default\n  data_files: {elsewhere}/*.arrow\n---\n"
    (here / "README.md").write_text(named.replace(str(elsewhere), "http://127.0.0.1:9/x"))
    assert [record.id for record in hf.read(here)] == ["here-00001"]
    state = elsewhere / "state.json"
    there = json.loads(state.read_text())["_data_files"][0]["filename"]
    for name in (f"../elsewhere/{there}", f"{elsewhere}/{there}", "..", "", 5, None, [], {}):
        state.write_text(json.dumps({"_data_files": [{"filename": name}]}))
        with pytest.raises(InputError, match="in _data_files, expected what lies beside it"):
            list(hf.read(elsewhere))
    for broken in ("", "[]", "{}", '{"_data_files": 5}', '{"_data_files": [1]}', "[" * 9999):
        state.write_text(broken)
        with pytest.raises(InputError, match="no list of a data set's files"):
            list(hf.read(elsewhere))


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
@pytest.mark.parametrize("kind", ["parquet", "stream", "file", "dictionary"])
def test_a_compressed_file_unpacks_to_so_much(tmp_path: Path, kind: str, compression: str) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    words = pa.array([["x" * (3 << 20), "y"]])
    if kind == "dictionary":
        words = pa.array(["x" * (3 << 20)]).dictionary_encode()
    table = pa.table({"tokens": words, "ner_tags": [["O", "O"]]})
    path, sort = tmp_path / "a", "parquet" if kind == "parquet" else "arrow"
    if kind == "parquet":
        parquet.write_table(table, path, compression=compression)
    else:
        new = pa.ipc.new_file if kind == "file" else pa.ipc.new_stream
        options = pa.ipc.IpcWriteOptions(compression=compression)
        with pa.OSFile(str(path), "wb") as sink, new(sink, table.schema, options=options) as writer:
            writer.write_table(table)
    assert path.stat().st_size < 1 << 20
    check_unpacked(path, sort, 4)
    with pytest.raises(InputError, match=r"unpacks to more than 2 MiB(.|\n)*most-unpacked"):
        check_unpacked(path, sort, 2)
    whole = path.read_bytes()
    for cut in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:cut])
        with suppress(InputError):  # What is broken is for the library to say.
            check_unpacked(path, sort, 2)


def test_a_file_unpacks_to_so_much_whatever_its_name(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pa.table({"tokens": [["x" * (3 << 20)]], "ner_tags": [["O"]]})
    parquet.write_table(table, tmp_path / "a.bin", compression="zstd")
    with pytest.raises(InputError, match="unpacks to more than 2 MiB"):
        list(hf.read(tmp_path / "a.bin", most_unpacked=2))
    assert len(list(hf.read(tmp_path / "a.bin", most_unpacked=9))) == 1


def test_a_saved_folder_unpacks_to_so_much(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    data = _data([["B-PER", "O"]], datasets.Value("string"))
    datasets.DatasetDict({"train": data, "test": data}).save_to_disk(str(tmp_path / "d"))
    (path,) = (tmp_path / "d" / "test").glob("*.arrow")
    table = pa.table({"tokens": [["x" * (3 << 20)]], "ner_tags": [["O"]]})
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with (
        pa.OSFile(str(path), "wb") as sink,
        pa.ipc.new_stream(sink, table.schema, options=options) as writer,
    ):
        writer.write_table(table)
    assert len(list(hf.read(tmp_path / "d", split="train"))) == 1
    with pytest.raises(InputError, match="unpacks to more than 2 MiB"):
        list(hf.read(tmp_path / "d", split="train", most_unpacked=2))


def test_numbers_without_names(tmp_path: Path) -> None:
    _data([[1, 0]], datasets.Value("int64")).save_to_disk(str(tmp_path / "d"))
    with pytest.raises(
        InputError, match="column ner_tags holds int64 values, expected a list of Cl"
    ):
        list(hf.read(tmp_path / "d"))


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ([[0, 0], [2, 0]], "row 2: I-PER after O|is no IOB2"),
        ([[0, 0], [1]], "row 2: 2 tokens and 1 tags"),
    ],
)
def test_faulty_rows(tmp_path: Path, tags: list[list[int]], message: str) -> None:
    tags = [*tags, [1, 2]]
    _data(tags, datasets.ClassLabel(names=NAMES)).save_to_disk(str(tmp_path / "d"))
    with pytest.raises(InputError, match=message):
        list(hf.read(tmp_path / "d"))


@pytest.mark.parametrize(
    ("tokens", "tags", "message"),
    [
        (["Ada", None], ["B-PER", "O"], "row 1: None among tokens, expected a string"),
        ([1, 2], ["B-PER", "O"], "row 1: 1 among tokens, expected a string"),
        (["Ada", "met"], ["B-PER", None], "row 1: None among ner_tags, expected a string"),
        (b"\xff", ["O"], r"row 1: tokens is b'\\xff', expected a list"),
        ("ab", ["O", "O"], "row 1: tokens is 'ab', expected a list"),
        (None, ["O"], "row 1: 0 tokens and 1 tags"),
    ],
)
def test_tokens_and_tags_are_texts(
    tmp_path: Path, tokens: Any, tags: list[str | None], message: str
) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pa.table({"tokens": pa.array([tokens]), "ner_tags": [tags]})
    parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(InputError, match=message):
        list(hf.read(tmp_path / "a.parquet"))


def test_repair(tmp_path: Path) -> None:
    data = _data([[2, 0], [1, 2]], datasets.ClassLabel(names=NAMES))
    data.save_to_disk(str(tmp_path / "d"))
    report: Counter[str] = Counter()
    records = list(hf.read(tmp_path / "d", repair="conlleval", losses=report))
    assert _shown(records) == [[(0, 4, "PER")], [(0, 9, "PER")]]
    assert report.total() == 1
    assert _shown(list(hf.read(tmp_path / "d", repair="discard"))) == [[], [(0, 9, "PER")]]


def test_names_that_are_no_tags(tmp_path: Path) -> None:
    data = _data([[0, 1]], datasets.ClassLabel(names=["O", "PER"]))
    data.save_to_disk(str(tmp_path / "d"))
    assert hf.settle(tmp_path / "d")["scheme"] == "IO"
    _data([[0, 1]], datasets.ClassLabel(names=["B-PER", "PER"])).save_to_disk(str(tmp_path / "e"))
    with pytest.raises(InputError, match="found the tag 'PER'"):
        list(hf.read(tmp_path / "e"))


def test_what_is_no_data_set(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(InputError, match="cannot be read as a data set"):
        list(hf.read(tmp_path / "a.parquet"))
    with pytest.raises(InputError, match="cannot be read as a data set"):
        list(hf.read(tmp_path))


def test_a_hub_id_that_is_not_here() -> None:
    with pytest.raises(BackendUnavailable, match="not in this machine's cache") as caught:
        list(hf.read("hf:nobody/no-such-data-set"))
    assert "hf download --repo-type dataset nobody/no-such-data-set" in str(caught.value)


def test_losses(tmp_path: Path) -> None:
    layers = Annotations((Entity(0, 4, "A", 0.5), Entity(0, 2, "B")), (Attribution((Span(0, 1),)),))
    report: Counter[str] = Counter()
    hf.write(tmp_path / "d", [Record("x", "Rain", layers)], losses=report)
    assert set(report) == {
        "entity scores left out",
        "attributions left out",
        "nested or overlapping entities: only the longest is kept",
    }
    with pytest.raises(InputError, match="is there already"):
        hf.write(tmp_path / "d", RECORDS, losses=report)


def test_without_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(LibraryMissing, match=r"pip install 'nlp-harness\[datasets\]'"):
        list(hf.read(tmp_path))
