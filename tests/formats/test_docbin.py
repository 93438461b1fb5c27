"""spaCy's DocBin: texts to the last character, overlaps, absent layers, other versions."""

from __future__ import annotations

import zlib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.annotation import Annotations, Attribution, Entity, Record, Span
from harness.errors import InputError, LibraryMissing, UsageError
from harness.formats import docbin
from harness.formats.registry import guess

spacy = pytest.importorskip("spacy", reason="needs spaCy: pip install 'nlp-harness[spacy]'")

RECORDS = [
    Record("one", " Ines  left\u00a0Brackwater's\r\n port. ", Annotations((Entity(1, 5, "PER"),))),
    Record("two", "", Annotations(())),
    Record("three", "Not labelled", Annotations(None)),
    Record(
        "four",
        "Bank of England",
        Annotations((Entity(8, 15, "GPE"), Entity(0, 15, "ORG"), Entity(0, 15, "ORG"))),
    ),
]


def _write(path: Path, records: list[Record]) -> Counter[str]:
    report: Counter[str] = Counter()
    docbin.write(path, records, losses=report)
    return report


def test_round_trip(tmp_path: Path) -> None:
    assert not _write(tmp_path / "a.spacy", RECORDS)
    report: Counter[str] = Counter()
    assert list(docbin.read(tmp_path / "a.spacy", losses=report)) == RECORDS
    assert not report


@pytest.mark.slow
def test_spacy_itself_reads_it(tmp_path: Path) -> None:
    _write(tmp_path / "a.spacy", RECORDS)
    docs = list(
        spacy.tokens.DocBin().from_disk(tmp_path / "a.spacy").get_docs(spacy.blank("xx").vocab)
    )
    assert [doc.text for doc in docs] == [record.text for record in RECORDS]
    assert [(e.text, e.label_) for e in docs[0].ents] == [("Ines", "PER")]
    assert [(e.text, e.label_) for e in docs[3].ents] == [("Bank of England", "ORG")]


def test_what_spacy_wrote(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    first, second, third = nlp("Ines left"), nlp("nothing"), nlp("overlapping here")
    first.set_ents([spacy.tokens.Span(first, 0, 1, "PER")])
    third.spans["sc"] = [spacy.tokens.Span(third, 0, 2, "X"), spacy.tokens.Span(third, 1, 2, "Y")]
    spacy.tokens.DocBin(docs=[first, second, third]).to_disk(tmp_path / "a.spacy")
    report: Counter[str] = Counter()
    layers = [r.annotations.entities for r in docbin.read(tmp_path / "a.spacy", losses=report)]
    assert layers == [(Entity(0, 4, "PER"),), None, None]
    assert report == {"span group 'sc': left out (spans-key=NAME reads it)": 1}
    layers = [r.annotations.entities for r in docbin.read(tmp_path / "a.spacy", spans_key="sc")]
    assert layers == [None, None, (Entity(0, 16, "X"), Entity(12, 16, "Y"))]


def test_what_a_docbin_cannot_hold(tmp_path: Path) -> None:
    record = Record(
        "x",
        "a bcd",
        Annotations((Entity(3, 4, "X", 0.5), Entity(1, 5, "Y")), (Attribution((Span(0, 1),)),)),
        (Span(0, 1),),
    )
    report = _write(tmp_path / "a.spacy", [record])
    assert report == {
        "entity scores left out": 1,
        "attributions left out": 1,
        "ignore regions left out": 1,
        "entity edges inside a token: the token is cut there": 2,
        "entities with a single space at an edge: left out": 1,
    }


def _message() -> dict[str, object]:
    import srsly

    doc_bin = spacy.tokens.DocBin(docs=[spacy.blank("en")("Ines left")])
    return dict(srsly.msgpack_loads(zlib.decompress(doc_bin.to_bytes())))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": "0.9"}, r"DocBin of version '0\.9', expected '0\.1' \(spaCy 3"),
        ({"version": None}, "DocBin of version None"),
        ({"attrs": [65, 77, 123456]}, r"attributes that spaCy .* does not know: \[123456\]"),
        ({"strings": []}, "cannot be read by spaCy"),
        ({"tokens": b"123"}, "cannot be read by spaCy"),
    ],
)
def test_another_version(tmp_path: Path, change: dict[str, object], message: str) -> None:
    import srsly

    data = zlib.compress(srsly.msgpack_dumps(_message() | change))
    (tmp_path / "a.spacy").write_bytes(data)
    with pytest.raises(InputError, match=message) as caught:
        list(docbin.read(tmp_path / "a.spacy"))
    assert "version of spaCy" in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"no zlib", zlib.compress(b"\xc1"), zlib.compress(b"")])
def test_no_docbin_at_all(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.spacy").write_bytes(data)
    with pytest.raises(InputError, match="is no DocBin"):
        list(docbin.read(tmp_path / "a.spacy"))
    with pytest.raises(InputError, match="is a directory"):
        list(docbin.read(tmp_path))
    with pytest.raises(InputError, match="cannot be read"):
        list(docbin.read(tmp_path / "missing.spacy"))


def test_without_spacy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(LibraryMissing, match=r"pip install 'nlp-harness\[spacy\]'"):
        list(docbin.read(tmp_path / "a.spacy"))
    with pytest.raises(LibraryMissing, match=r"pip install 'nlp-harness\[spacy\]'"):
        _write(tmp_path / "a.spacy", RECORDS)
    assert list(tmp_path.iterdir()) == []


@given(st.text(st.sampled_from("ab. \n\r\t\u00a0\u2028😀'é"), max_size=30))
def test_every_text_survives(text: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder) / "a.spacy", [Record("x", text, Annotations(()))])
        (record,) = docbin.read(Path(folder) / "a.spacy")
        assert record.text == text


def test_it_is_told_by_what_it_holds(tmp_path: Path) -> None:
    _write(tmp_path / "a.spacy", RECORDS)
    (tmp_path / "train.bin").write_bytes((tmp_path / "a.spacy").read_bytes())
    assert guess(tmp_path / "train.bin").name == "docbin"
    (tmp_path / "b.spacy").write_text('{"text": "Ada", "entities": []}\n')
    assert guess(tmp_path / "b.spacy").name == "jsonl"
    (tmp_path / "c.spacy").write_bytes(b"x\x9c\xff\x00")
    assert guess(tmp_path / "c.spacy").name == "docbin"  # Its reader says what is wrong.
    (tmp_path / "z.bin").write_bytes(zlib.compress(b"a text"))
    with pytest.raises(InputError):
        guess(tmp_path / "z.bin")


def test_tokens_without_a_judgement_and_groups_that_are_not_there(tmp_path: Path) -> None:
    doc = spacy.blank("en")("Ada left Oslo today")
    doc.set_ents([doc.char_span(0, 3, label="PER")], missing=[doc[2:4]], default="outside")
    spacy.tokens.DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "a.spacy")
    losses: Counter[str] = Counter()
    (record,) = docbin.read(tmp_path / "a.spacy", losses=losses)
    assert record.annotations.entities == (Entity(0, 3, "PER"),)
    assert losses == {"tokens whose tag is unknown: taken as outside": 2}
    with pytest.raises(UsageError, match="no span group 'no'"):
        list(docbin.read(tmp_path / "a.spacy", spans_key="no"))
