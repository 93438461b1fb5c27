"""The end of a sentence that says that a name is unknown, and what ends with which status."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import synthetic

from harness.cli.main import main
from harness.errors import LibraryMissing, near_name, nearest


@pytest.mark.parametrize(
    ("name", "known", "end"),
    [
        ("conl", ["brat", "conll"], ". Did you mean 'conll'? Known: brat, conll"),
        ("PERS", {"PER": 1, "ORG": 2}, ". Did you mean 'PER'? Known: PER, ORG"),
        ("peR", ["per", "PER"], ". Did you mean 'PER'? Known: per, PER"),
        ("xyz", ["brat", "conll"], ". Known: brat, conll"),
        ("xyz", [], "."),
    ],
)
def test_nearest(name: str, known: list[str], end: str) -> None:
    assert nearest(name, known) == end
    assert nearest(name, iter(known), listed=False) == end.partition(" Known")[0]


def test_a_near_name() -> None:
    assert near_name("Recal", ("precision", "recall")) == "recall"
    assert near_name("x", ("precision", "recall")) is None
    assert near_name("abc" + "x" * 6, ("abc",)) == "abc", "half of it is the same"


def test_megabytes_are_near_nothing_and_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("difflib.get_close_matches", None)
    assert near_name("abc" + "x" * 7, ("abc", "b")) is None
    assert near_name("x" * 50_000_000, ("precision", "recall")) is None


@pytest.mark.parametrize(
    ("library", "words", "install"),
    [
        ("zstandard", ["convert", "gold.jsonl.zst", "out.jsonl"], "'nlp-harness[zstd]'"),
        ("lxml", ["convert", "gold.xml?format=bioc", "out.jsonl"], "'nlp-harness[bioc]'"),
        ("datasets", ["convert", "hf:nobody/nothing", "out.jsonl"], "'nlp-harness[datasets]'"),
        ("spacy", ["convert", "gold.jsonl", "gold.spacy"], "'nlp-harness[spacy]'"),
        ("fsspec.core", ["convert", "s3://b/g.jsonl", "out.jsonl"], "'nlp-harness[remote]'"),
        ("s3fs", ["convert", "s3://bucket/gold.jsonl", "out.jsonl"], "s3fs"),
        ("gcsfs", ["convert", "gs://bucket/gold.jsonl", "out.jsonl"], "gcsfs"),
        ("ray", ["run", "empty", "--gold", "gold.jsonl", "--executor", "ray"],
         "'nlp-harness[ray]'"),
        ("vl_convert", ["report", "run", "--figures", "out"], "'nlp-harness[figures]'"),
        ("seqeval", ["score", "--gold", "gold.jsonl", "--pred", "gold.jsonl", "--task", "ner",
                     "--as", "seqeval"], "'nlp-harness[interop]'"),
    ],
)  # fmt: skip
def test_a_library_that_is_missing_for_what_was_asked_is_no_backend_that_is(
    library: str,
    words: list[str],
    install: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Status 2 whatever it is for, in a line that names it; 3 is of backends."""
    if library in ("s3fs", "gcsfs"):
        pytest.importorskip("fsspec", reason="the extra remote is not installed")
    monkeypatch.chdir(tmp_path)
    docs = synthetic.articles(8)
    synthetic.run_folder(tmp_path / "run", synthetic.gold(tmp_path, docs), {"a": docs})
    line = '{"id": "a", "text": "Anna", "entities": [{"start": 0, "end": 4, "label": "PER"}]}\n'
    Path("gold.jsonl").write_text(line)
    Path("gold.jsonl.zst").write_bytes(bytes.fromhex("28b52ffd04000100000000"))
    Path("gold.xml").write_text('<?xml version="1.0"?>\n<collection><document/></collection>\n')
    gone = [library, *(["compression"] if library == "zstandard" else ())]
    gone += [name for name in sys.modules if name.startswith(f"{library}.")]  # Of other tests.
    for name in gone:
        monkeypatch.setitem(sys.modules, name, None)
    capsys.readouterr()
    assert main(words) == LibraryMissing.exit_status == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.endswith(f"(install: pip install {install})")
