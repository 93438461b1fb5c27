"""Quotations in fiction: PDNC's tables and LitBank's."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from harness.annotation import Annotations, Attribution, Record, Span
from harness.errors import AnnotationError, InputError
from harness.formats import litbank, pdnc

NOVEL = "Come in, said Ada. I wrote\nto you.  No!\n"
TABLE = (
    '"quoteID","quoteText","subQuotationList","quoteByteSpans","speaker","quoteType"\n'
    '"Q0","Come in, I wrote\nto you.","[...]","[[0, 8], [19, 35]]","Ada","Explicit"\n'
    '"Q1","Never!","[...]","[[36, 39]]","","Implicit"\n'
)


def _novel(folder: Path, table: str = TABLE) -> Path:
    novel = folder / "data" / "Harbour"
    novel.mkdir(parents=True)
    (novel / "novel_text.txt").write_bytes(NOVEL.encode())
    (novel / "quotation_info.csv").write_bytes(table.encode())
    return novel


def test_pdnc_with_a_table_that_is_none(tmp_path: Path) -> None:
    _novel(tmp_path, "x" * 200_000 + "\n")
    with pytest.raises(InputError, match="field larger than"):
        list(pdnc.read(tmp_path / "data"))


def test_pdnc(tmp_path: Path) -> None:
    report: Counter[str] = Counter()
    novel = _novel(tmp_path)
    records = list(pdnc.read(tmp_path / "data", losses=report))
    assert records == [
        Record(
            "Harbour",
            NOVEL,
            Annotations(
                None,
                (
                    Attribution((Span(0, 8), Span(19, 34)), None, None, "direct", "Ada"),
                    Attribution((Span(36, 39),), None, None, "direct", None),
                ),
            ),
        )
    ]
    assert report == {
        "quotations trimmed of white space at their edges": 1,
        "quotations whose words differ from the table's (offsets are trusted)": 1,
    }
    assert list(pdnc.read(novel)) == records


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('"[[36, 39]]"', '"[[36, 99]]"', 4, "end 99 is outside the text"),
        ('"[[36, 39]]"', '"36-39"', 4, "expected \\[\\[start, end\\]"),
        ('"[[36, 39]]"', '"[[36]]"', 4, "quoteByteSpans is"),
        (',"[...]","[[36, 39]]","","Implicit"', "", 4, "quoteByteSpans is None"),
        ('"quoteByteSpans"', '"spans"', 1, "lacks the column 'quoteByteSpans'"),
    ],
)
def test_pdnc_faults(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    _novel(tmp_path, TABLE.replace(old, new))
    with pytest.raises(InputError, match=message) as caught:
        list(pdnc.read(tmp_path / "data"))
    assert caught.value.line == line


def test_pdnc_without_a_novel(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no PDNC novel"):
        list(pdnc.read(tmp_path))


SENTENCES = "CHAPTER I .\n“ Come in , ” said Ada .\n“ I wrote\u00a0it .\nYou know . ”\n"
ANN = (
    "QUOTE\tQ1\t1\t0\t1\t4\t“ Come in , ”\n"
    "QUOTE\tQ2\t2\t0\t3\t3\t“ I wrote\u00a0it . You know . ”\n"
    "ATTRIB\tQ1\tAda-1\n"
)


def _excerpt(folder: Path, ann: str = ANN) -> Path:
    (folder / "a_brat.txt").write_bytes(SENTENCES.encode())
    (folder / "a_brat.ann").write_bytes(ann.encode())
    return folder


def test_litbank(tmp_path: Path) -> None:
    report: Counter[str] = Counter()
    (record,) = litbank.read(_excerpt(tmp_path, ANN + "ATTRIB\tQ9\tEve-2\n"), losses=report)
    assert report == {"speakers of quotations that are not there: left out": 1}
    assert record.text == SENTENCES
    shown = [
        (SENTENCES[a.content[0].start : a.content[0].end], a.speaker, a.kind)
        for a in record.annotations.attributions or ()
    ]
    assert shown == [
        ("“ Come in , ”", "Ada-1", "direct"),
        ("“ I wrote\u00a0it .\nYou know . ”", None, "direct"),
    ]


@pytest.mark.parametrize(
    ("ann", "line", "message"),
    [
        ("QUOTE\tQ1\t1\t0\t1\t99\t“\n", 1, "not in the text"),
        ("QUOTE\tQ1\t9\t0\t9\t1\t“\n", 1, "not in the text"),
        ("QUOTE\tQ1\tx\t0\t1\t4\t“\n", 1, "not in the text"),
        ("QUOTE\tQ1\t-1\t0\t1\t4\t“\n", 1, "not in the text"),
        ("\nQUOTE\tQ1\t1\t0\t1\t4\t“ Go away , ”\n", 2, "reads '“ Go away , ”', but the text has"),
        ("T1\tPER 0 4\tCome\n", 1, "expected a QUOTE row"),
    ],
)
def test_litbank_faults(tmp_path: Path, ann: str, line: int, message: str) -> None:
    with pytest.raises(AnnotationError, match=message) as caught:
        list(litbank.read(_excerpt(tmp_path, ann)))
    assert caught.value.line == line


def test_litbank_without_text_or_without_anything(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no \.ann"):
        list(litbank.read(tmp_path))
    (_excerpt(tmp_path) / "a_brat.txt").unlink()
    with pytest.raises(InputError, match="has no text"):
        list(litbank.read(tmp_path))
