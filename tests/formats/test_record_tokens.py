"""`Record.tokens`: what a file has, through readers and JSON lines; no score sees them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.annotation import Annotations, Entity, Record
from harness.errors import AnnotationError
from harness.formats import conll, docbin, hf, jsonl
from harness.gold.facts import record_digest

CONLL = "-DOCSTART- O\n\nThe O\nU.N. B-ORG\n, O\n\nNew B-LOC\nYork I-LOC\n"
TOKENS = ((0, 3), (4, 8), (9, 10), (11, 14), (15, 19))
TEXT = "The U.N. ,\nNew York"


def cut(record: Record) -> list[str]:
    return [(record.text or "")[start:end] for start, end in record.tokens or ()]


def test_conll_tokens_are_those_of_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.conll"
    path.write_text(CONLL)
    (record,) = conll.read(path)
    assert (record.text, record.tokens) == (TEXT, TOKENS)
    assert cut(record) == ["The", "U.N.", ",", "New", "York"]


def test_tokens_go_through_json_lines_unchanged(tmp_path: Path) -> None:
    source, copy = tmp_path / "x.conll", tmp_path / "x.jsonl"
    source.write_text(CONLL)
    jsonl.write(copy, conll.read(source))
    assert json.loads(copy.read_text())["tokens"] == [list(token) for token in TOKENS]
    (record,) = jsonl.read(copy)
    assert record.tokens == TOKENS


def test_rows_of_datasets_keep_even_an_empty_token(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rows = [{"tokens": ["New", "", "York"], "ner_tags": ["B-LOC", "I-LOC", "I-LOC"]}]
    folder = tmp_path / "rows"
    datasets.Dataset.from_list(rows).save_to_disk(str(folder))
    (record,) = hf.read(folder)
    assert cut(record) == ["New", "", "York"]
    copy = tmp_path / "x.jsonl"
    jsonl.write(copy, [record])
    assert next(jsonl.read(copy)).tokens == record.tokens


def test_docbin_tokens_are_the_doc_s(tmp_path: Path) -> None:
    spacy = pytest.importorskip("spacy")
    doc = spacy.blank("en")("Don't  go to New\nYork.")
    doc.ents = [doc.char_span(13, 21, "LOC")]
    path = tmp_path / "x.spacy"
    spacy.tokens.DocBin(docs=[doc]).to_disk(path)
    (record,) = docbin.read(path)
    assert cut(record) == [token.text for token in doc]


def test_a_file_without_tokens_has_none(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"id": "a", "text": "x", "entities": []}\n')
    (record,) = jsonl.read(path)
    assert record.tokens is None
    assert "tokens" not in jsonl.record_to_json(record)


@pytest.mark.parametrize(
    ("tokens", "what"),
    [
        (["New"], r"tokens\[0\]: found 'New', expected \[start, end\]"),
        ([[0, 1.0]], r"found \[0, 1.0\]"),
        ([[0, True]], r"found \[0, True\]"),
        ([[0, 1, 2]], r"found \[0, 1, 2\]"),
        ([[3, 1]], r"found \[3, 1\]"),
        ([[-1, 1]], r"found \[-1, 1\].*not before 0"),
        ([[0, 3], [2, 4]], r"tokens\[1\]: found \[2, 4\].*not before 3"),
        ([[0, 3], [4, 9]], r"tokens\[1\]: found \[4, 9\].*not after the text's end, 8"),
        ("The", '"tokens" is a string, expected a list'),
    ],
)
def test_tokens_that_fit_no_text_name_file_and_line(tmp_path: Path, tokens: Any, what: str) -> None:
    path = tmp_path / "x.jsonl"
    good = {"id": "a", "text": "New York", "tokens": [[0, 3], [4, 8]], "entities": []}
    lines = [good, {**good, "id": "b", "tokens": tokens}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(AnnotationError, match=what) as caught:
        list(jsonl.read(path))
    assert f"{path}:2: " in str(caught.value)


def test_tokens_change_neither_digest_nor_equality() -> None:
    one = Record("a", TEXT, Annotations((Entity(4, 8, "ORG"),)), tokens=TOKENS)
    other = Record("a", TEXT, Annotations((Entity(4, 8, "ORG"),)))
    assert one == other
    assert record_digest(one) == record_digest(other)
