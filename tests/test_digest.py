"""Digests of files, and the memo that spares hashing large ones again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import digest


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    forget()
    yield
    forget()


def forget() -> None:
    digest._memo.clear()
    digest._learned = False
    digest._digest_file.cache_clear()


def of(path: Path) -> str:
    return digest.digest_files([path])


def large(path: Path, byte: bytes, *, old: bool = True, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(byte * digest._MEMO_BYTES)
    later = path.stat().st_ctime_ns + (digest._RACY_NS * 2 if old else 0)
    monkeypatch.setattr("harness.digest.time.time_ns", lambda: later)


def test_names_and_contents_count(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "sub" / "b").write_bytes(b"2")
    (tmp_path / "__pycache__" / "c.pyc").write_bytes(b"3")
    contents = {name: hashlib.sha256(byte).hexdigest() for name, byte in (("a", b"1"), ("b", b"2"))}
    whole = f"a\0{contents['a']}\nsub/b\0{contents['b']}\n"
    assert digest.digest_folder(tmp_path) == hashlib.sha256(whole.encode()).hexdigest()
    assert digest.folder_size(tmp_path) == 2
    before = digest.digest_folder(tmp_path)
    (tmp_path / "a").rename(tmp_path / "z")
    assert digest.digest_folder(tmp_path) != before


def test_a_memo_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, memo = tmp_path / "model", tmp_path / "digests.json"
    large(model, b"x", monkeypatch=monkeypatch)
    honest = of(model)
    digest.save_memo(memo)
    entries = json.loads(memo.read_bytes())
    (entry,) = entries.values()
    assert entry[-1] == hashlib.sha256(model.read_bytes()).hexdigest()
    forget()
    entry[-1] = "0" * 64  # To see whether it is looked at.
    memo.write_text(json.dumps(entries))
    digest.load_memo(memo)
    assert of(model) != honest


def test_a_changed_file_is_hashed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even one of the same size and modification time, in the same place."""
    model, memo = tmp_path / "model", tmp_path / "digests.json"
    large(model, b"x", monkeypatch=monkeypatch)
    before, status = of(model), model.stat()
    digest.save_memo(memo)
    forget()
    digest.load_memo(memo)
    model.write_bytes(b"y" * digest._MEMO_BYTES)
    os.utime(model, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert of(model) != before


def test_a_file_of_this_moment_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large(tmp_path / "model", b"x", old=False, monkeypatch=monkeypatch)
    of(tmp_path / "model")
    assert digest._memo == {}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"x": 1}', '{"x": []}'])
def test_a_broken_memo_is_ignored(text: str, tmp_path: Path) -> None:
    (tmp_path / "digests.json").write_text(text)
    (tmp_path / "model").write_bytes(b"x")
    digest.load_memo(tmp_path / "digests.json")
    digest.load_memo(tmp_path / "none.json")
    assert of(tmp_path / "model")


def test_nothing_learned_nothing_written(tmp_path: Path) -> None:
    digest.save_memo(tmp_path / "digests.json")
    assert not (tmp_path / "digests.json").exists()
    digest._learned = True
    digest.save_memo(tmp_path / "none" / "digests.json")  # No such folder: no harm done.


def test_what_was_learned_outlives_an_old_memo_that_is_read_again(tmp_path: Path) -> None:
    memo = tmp_path / "digests.json"
    memo.write_text(json.dumps({"library": ["before", "old"]}), "utf-8")
    for _ in range(2):  # As every cell of a run opens the store.
        digest.load_memo(memo)
        assert digest.remembered("library", "now", lambda: "new") == "new"
    digest.load_memo(memo)
    digest.save_memo(memo)
    assert json.loads(memo.read_bytes()) == {"library": ["now", "new"]}
