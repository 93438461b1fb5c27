"""Compressed files are read as what they hold, and none of them fills the memory."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import InputError, LibraryMissing, UsageError
from harness.formats import packed
from harness.formats.files import opened, read_text
from harness.formats.opening import open_source, read_any
from harness.formats.packed import stem_of, unpacked_name
from harness.formats.registry import guess
from harness.formats.writing import write_any
from harness.gold.loading import load_goldset

LINES = "".join(
    f'{{"id": "d{i}", "text": "Größe {i}", "entities": [{{"start": 0, "end": 5, "label": "X"}}]}}\n'
    for i in range(3000)
)
CONLL = "NATO B-ORG\nleft O\n\nRome B-LOC\nBonn I-LOC\n\n"


def zstd(data: bytes) -> bytes:
    library = pytest.importorskip("zstandard", reason="the extra zstd is not installed")
    made: bytes = library.ZstdCompressor().compress(data)
    return made


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstd,
}
ALL = pytest.mark.parametrize("ending", PACKERS)


def put(path: Path, text: str, pack: Callable[[bytes], bytes] = bytes) -> Path:
    path.write_bytes(pack(text.encode()))
    return path


@ALL
@pytest.mark.parametrize(("name", "text"), [("gold.jsonl", LINES), ("gold.conll", CONLL)])
def test_the_same_records_and_digest(ending: str, name: str, text: str, tmp_path: Path) -> None:
    plain = put(tmp_path / name, text)
    whole = put(tmp_path / f"{name}{ending}", text, PACKERS[ending])
    assert guess(whole).name == guess(plain).name
    assert list(read_any(whole)) == list(read_any(plain))
    one, other = load_goldset(plain), load_goldset(whole)
    assert (one.name, one.digest, one.read_as) == (other.name, other.digest, other.read_as)


@ALL
def test_content_tells_and_no_name(ending: str, tmp_path: Path) -> None:
    path = put(tmp_path / "gold.jsonl", LINES, PACKERS[ending])
    assert len(list(read_any(path))) == 3000


@ALL
def test_files_that_were_joined(ending: str, tmp_path: Path) -> None:
    pack, half = PACKERS[ending], len(LINES) // 2
    path = tmp_path / f"gold.jsonl{ending}"
    path.write_bytes(pack(LINES[:half].encode()) + pack(LINES[half:].encode()))
    assert read_text(path) == LINES


@ALL
def test_a_second_pass_over_an_open_file(ending: str, tmp_path: Path) -> None:
    with opened(put(tmp_path / "a", LINES, PACKERS[ending]), "a file") as handle:
        first = handle.read(10)
        assert len(handle.readline()) > 10
        handle.seek(0)
        assert handle.read(10) == first
        handle.seek(0)
        assert handle.read() == LINES.encode()


@ALL
@pytest.mark.parametrize("cut", [1, 300])
def test_a_file_that_is_cut_off(ending: str, cut: int, tmp_path: Path) -> None:
    path = tmp_path / f"gold.jsonl{ending}"
    path.write_bytes(PACKERS[ending](LINES.encode())[:-cut])
    with pytest.raises(InputError, match="is cut off") as raised:
        list(read_any(path, "jsonl"))
    assert raised.value.path == str(path)


@ALL
def test_a_broken_file(ending: str, tmp_path: Path) -> None:
    data = bytearray(PACKERS[ending](LINES[: len(LINES) // 20].encode()))
    middle = len(data) // 2
    data[middle : middle + 40] = bytes(40)
    path = tmp_path / f"gold.jsonl{ending}"
    path.write_bytes(data)
    with pytest.raises(InputError):
        list(read_any(path, "jsonl"))


@ALL
def test_a_line_without_end_is_refused(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "MOST_UNPACKED", 2)
    path = put(tmp_path / f"gold.jsonl{ending}", '{"id": "' + "a" * (4 << 20), PACKERS[ending])
    assert path.stat().st_size < 20_000
    with pytest.raises(InputError, match="has a line that unpacks to more than 2 MiB"):
        list(read_any(path, "jsonl"))
    with pytest.raises(InputError, match="unpacks to more than 2 MiB"):
        read_text(path)


@ALL
def test_many_lines_may_unpack_to_more_than_one_may(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "MOST_UNPACKED", 1)
    line = '{"id": "%d", "text": "' + "a" * (1 << 18) + '", "entities": []}\n'
    path = put(tmp_path / f"g.jsonl{ending}", "".join(line % i for i in range(8)), PACKERS[ending])
    assert len(list(read_any(path))) == 8


def test_without_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "gold.jsonl.zst", LINES, zstd)
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.setitem(sys.modules, "compression", None)
    with pytest.raises(LibraryMissing, match=r"pip install 'nlp-harness\[zstd\]'"):
        open_source(path)


def test_names() -> None:
    assert unpacked_name("a.jsonl.GZ") == "a.jsonl"
    assert [stem_of(name) for name in ("x/a.jsonl.zst", "a.b.conll", "a.gz", ".gz")] == [
        "a", "a.b", "a", ".gz",
    ]  # fmt: skip


def test_a_compressed_file_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"write .*out\.jsonl, then compress it"):
        write_any(tmp_path / "out.jsonl.gz", [], "jsonl")
    assert not [*tmp_path.iterdir()]


def test_a_text_that_begins_as_a_compressed_file_does_not(tmp_path: Path) -> None:
    path = put(tmp_path / "a.txt", "BZh9 is how bzip2 begins")
    assert read_text(path) == "BZh9 is how bzip2 begins"
