"""CSV with a header: tokens as in Kaggle's table, and spans."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import surfaces

from harness.annotation import Annotations, Entity, Record
from harness.api import score
from harness.errors import InputError, UsageError
from harness.formats import csvtable
from harness.formats.losses import Losses
from harness.formats.opening import open_source, read_any
from harness.formats.registry import guess
from harness.formats.writing import for_output

TOKENS = '''\
Sentence #,Word,POS,Tag
Sentence: 1,Ada,NNP,B-per
,Roe,NNP,I-per
,said,VBD,O
,"""",``,O
,"no, no",UH,O
Sentence: 2,Bo,NNP,B-per
,left,VBD,O
,Oslo,NNP,B-geo
'''


def _file(folder: Path, content: str, name: str = "a.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content.encode(encoding))
    return path


@pytest.mark.parametrize("made", [str, lambda text: text.replace("\n", "\r\n")])
def test_tokens(tmp_path: Path, made: type[str]) -> None:
    path = _file(tmp_path, "\ufeff" + made(TOKENS))
    assert guess(path).name == "csv"
    losses = Losses()
    records = list(read_any(path, losses=losses))
    assert [(one.id, one.text) for one in records] == [
        ("a-00001", 'Ada Roe said " no, no'), ("a-00002", "Bo left Oslo")
    ]  # fmt: skip
    assert surfaces(*records) == [("Ada Roe", "per"), ("Bo", "per"), ("Oslo", "geo")]
    assert sum(line.rsplit(",", 1)[-1].startswith("B-") for line in TOKENS.splitlines()) == 3
    assert records[1].tokens == ((0, 2), (3, 7), (8, 12)) and records[1].number == 2
    assert not losses
    assert score(path, path, task="ner").f1 == 1.0
    assert open_source(path).decided == {
        "scheme": "IOB2", "token_column": "Word", "tag_column": "Tag"
    }  # fmt: skip


def test_columns_of_other_names_and_documents(tmp_path: Path) -> None:
    rows = [line.split(",") for line in TOKENS.splitlines()[6:]]
    table = "doc;form;extra;gold\n" + "".join(
        f"d{n // 2};{row[1]};O;{row[3]}\n" for n, row in enumerate(rows)
    )
    path = _file(tmp_path, table)
    with pytest.raises(InputError, match="none of the known"):
        guess(path)
    first, second = read_any(path, "csv", tag_column="gold")
    assert (first.id, second.id, first.number) == ("d0", "d1", None)
    assert surfaces(*[first, second]) == [("Bo", "per"), ("Oslo", "geo")]
    with pytest.raises(UsageError, match="no column 'golf'"):
        list(read_any(path, "csv", tag_column="golf"))
    with pytest.raises(InputError, match="expected a token and its tag"):
        list(read_any(path, "csv"))
    path = _file(tmp_path, "word,tag,ner_gold\nAda,NNP,B-per\nleft,VBD,O\n")
    with pytest.raises(InputError, match="does it hold those of entities") as caught:
        list(read_any(path))
    assert "tag-column=ner_gold" in str(caught.value)


def test_rows_that_are_no_token_and_another_encoding(tmp_path: Path) -> None:
    path = _file(tmp_path, "word,tag\nAda,B-per\n,O\n,\nBo,B-per\n,,\n")
    losses = Losses()
    assert [one.text for one in read_any(path, losses=losses)] == ["Ada", "Bo"]
    assert losses == {"rows with a tag and no token: left out": 1}
    path = _file(tmp_path, TOKENS.replace("Oslo", "Åmål\u2026"), encoding="cp1252")
    assert guess(path).name == "csv"
    with pytest.raises(InputError, match="is not UTF-8 here or in the next lines") as caught:
        list(read_any(path))
    assert "encoding=cp1252" in str(caught.value)
    assert surfaces(*list(read_any(f"{path}?encoding=cp1252")))[-1] == ("Åmål…", "geo")


SPANS = """\
doc_id,text,start,end,label,mention
a,"Ada left
Oslo",0,3,PER,Ada
a,,9,13,LOC,Oslo
b,It rains,,,,
c,Bo,-,-,-,-
"""


def test_spans(tmp_path: Path) -> None:
    for name, content in (("a.csv", SPANS), ("a.tsv", SPANS.replace(",", "\t"))):
        path = _file(tmp_path, content, name)
        assert guess(path).name == "csv"
        losses = Losses()
        records = list(read_any(path, losses=losses))
        assert [(one.id, one.text) for one in records] == [
            ("a", "Ada left\nOslo"), ("b", "It rains"), ("c", "Bo")
        ]  # fmt: skip
        assert surfaces(*records) == [("Ada", "PER"), ("Oslo", "LOC")]
        assert records[1].annotations == Annotations(())
        assert not losses
        assert score(path, path, task="ner").f1 == 1.0


def test_spans_without_texts(tmp_path: Path) -> None:
    table = (
        "filename\tmark\tlabel\toff0\toff1\tspan\nx\tT1\tPER\t0\t3\tAda\nx\tT2\tLOC\t9\t13\tOslo\n"
    )
    path = _file(tmp_path, table, "a.tsv")
    assert guess(path).name == "csv"
    (record,) = read_any(path)
    assert record == Record("x", None, Annotations((Entity(0, 3, "PER"), Entity(9, 13, "LOC"))))
    path = _file(tmp_path, "id,text,start,end,label\nx,Ada,0,3,PER\nx,Oslo,9,13,LOC\n")
    assert list(read_any(path)) == [record]
    path = _file(tmp_path, "text,start,end,label\nAda left,0,3,PER\nAda left,4,8,ACT\nBo,0,2,PER\n")
    first, second = read_any(path)
    assert surfaces(*[first, second]) == [("Ada", "PER"), ("left", "ACT"), ("Bo", "PER")]
    assert (first.id, second.number) == ("a-00001", 2)


def test_written_and_read_again(tmp_path: Path) -> None:
    records = [
        Record("a", '=1+1\r\n"Ada", \rBo', Annotations((Entity(7, 10, "PER", 0.5),
                                                        Entity(6, 14, "X")))),
        Record("b", "", Annotations(())),
    ]  # fmt: skip
    losses = Losses()
    assert csvtable.write(tmp_path / "out.csv", records, losses=losses) == 2
    assert not losses and for_output("out.csv").name == "csv"
    assert list(read_any(tmp_path / "out.csv")) == records
    csvtable.write(tmp_path / "out.csv", [Record("c", "x", Annotations(None))], losses=losses)
    assert set(losses) == {"documents without an entity layer: written as if nothing were there"}


HEADER = "doc,text,start,end,label\n"


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("word,tag\nAda,B-per\nBo\n", 3, "found 1 cell, expected 2 as in the header: word, tag"),
        ("word,tag\nAda,B-per\n,B-per\n", 3, "a row without a token"),
        ("word,tag\nAda,\n", 2, "a row without a tag"),
        ("word,tag\nAda,O\nBo,I-x\nCy,B-x\n\nDi,B-x\n", 3, "mixes schemes"),
        ('word,tag\nAda,O\n"Bo"x,O\n', 3, "not a table: "),
        ('word,tag\nAda,O\n"Bo,O\n', 3, "not a table: "),
        ("word,tag\n\n", None, "holds no token"),
        ("doc,word,tag\na,x,O\nb,x,O\na,x,O\n", 4, "'a' are not together"),
        (HEADER + "a,Ada,0,3,PER\na,,0,9,PER\n", 3, "the span: end 9 is outside"),
        (HEADER + "a,Ada,zero,3,PER\n", 2, "start is 'zero', expected an integer"),
        (HEADER + "a,Ada,0,3,\n", 2, "label is ''"),
        (HEADER + "a,Ada,0,3,X\na,Bob,0,3,X\n", 3, "is not that of the rows before"),
        (HEADER + "a,A,0,1,X\nb,B,0,1,X\na,A,0,1,X\n", 4, "'a' are not together"),
        (HEADER + ",A,0,1,X\n", 2, "a row without a document"),
        (HEADER.strip() + ",span\na,Ada,0,3,PER,Bob\n", 2, "\"text\" is 'Bob', but the document"),
        ("x", 1, "has no header"),
    ],
)
def test_refused_with_the_line(
    tmp_path: Path, content: str, line: int | None, message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        list(csvtable.read(_file(tmp_path, content)))
    assert caught.value.line == line


def test_a_faulty_span_may_be_left_out(tmp_path: Path) -> None:
    path = _file(tmp_path, HEADER + "a,Ada,0,3,PER\na,,0,9,PER\n")
    losses = Losses()
    assert surfaces(*list(read_any(path, faulty="leave-out", losses=losses))) == [("Ada", "PER")]
    assert losses == {"faulty spans: left out": 1}
    path = _file(tmp_path, HEADER + "a,x\U0001f600Ada,3,6,PER\n")
    (record,) = read_any(f"{path}?offsets=utf16")
    assert surfaces(*[record]) == [("Ada", "PER")]


@pytest.mark.parametrize("content", ["word\tO\nleft\tO\n", "a,b\n1,2\n", "Some prose, and more.\n"])
def test_other_files_are_left_to_others(tmp_path: Path, content: str) -> None:
    try:
        name = guess(_file(tmp_path, content)).name
    except InputError:
        name = ""
    assert name != "csv"
