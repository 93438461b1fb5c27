"""Tag files as they come: each is read rightly, or refused with the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import InputError
from harness.formats.layout import layout_of
from harness.formats.losses import Losses
from harness.formats.opening import open_source, read_any
from harness.formats.registry import guess

Shown = list[tuple[str, list[tuple[str, str]]]]


def _file(folder: Path, content: str) -> Path:
    path = folder / "a.tsv"
    path.write_bytes(content.encode())
    return path


def _shown(path: Path | str, losses: Losses | None = None) -> Shown:
    shown = []
    for record in read_any(path, losses=losses):
        text = record.text or ""
        found = [(text[e.start : e.end], e.label) for e in record.annotations.entities or ()]
        words = [text[start:end] for start, end in record.tokens or ()]
        assert " ".join(words) == text.replace("\n", " ")
        shown.append((text, found))
    return shown


ADA = [("Ada", "PER")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("#\tO\nAda\tB-PER\n\n#\tO\nx\tO\n", [("# Ada", ADA), ("# x", [])]),
        ("# O\nAda B-PER\n", [("# Ada", ADA)]),
        ("#1\tB-X\nAda\tO\n\n#b\tO\n", [("#1 Ada", [("#1", "X")]), ("#b", [])]),
        ("Ada\tB-PER\n#\tO\n# 1\tO\n", [("Ada # # 1", ADA)]),
        ("#\tB-PER\n", [("#", [("#", "PER")])]),
        ("Ada PER\nx O\n\n# PER\ny O\n", [("Ada x", ADA), ("# y", [("#", "PER")])]),
        ("Ada B-PER\n\n# c\ny O\n\n# d e f\nz O\n", [("Ada", ADA), ("y", []), ("z", [])]),
        ("-DOCSTART-\tB-X\nx\tO\n", [("-DOCSTART- x", [("-DOCSTART-", "X")])]),
        ("-DOCSTART-\n\nAda\tB-PER\n", [("Ada", ADA)]),
        ("-DOCSTART- -X- -X- O\n\n-DOCSTART- -X- -X- O\n", [("", []), ("", [])]),
        ("-DOCSTART-\tO\nAda\tB-PER\n\n-DOCSTART-\tO\nx\tO\n", [("Ada", ADA), ("x", [])]),
        ("\u00a0\tO\nAda\tB-PER\n", [("\u00a0 Ada", ADA)]),
        ("\u00a0 O\nAda B-PER\n", [("\u00a0 Ada", ADA)]),
        ("Ada B-PER\nmet\tO\nx   O\n", [("Ada met x", ADA)]),
        ("{\tO\nAda\tB-PER\n}\tO\n", [("{ Ada }", ADA)]),
        ("[ O\nAda B-PER\n] O\n", [("[ Ada ]", ADA)]),
        ("[1] O\nAda B-PER\n", [("[1] Ada", ADA)]),
        ("Ada\tB-PER", [("Ada", ADA)]),
        ("Ada\tO\n", [("Ada", [])]),
        ("\ufeffAda\tB-PER\r\n\r\nx\tO\r\n", [("Ada", ADA), ("x", [])]),
        ("\ufeff# newdoc id = y\nAda\tB-PER\n", [("Ada", ADA)]),
        ("Ada\tB-PER\t\nx\tO\t\n", [("Ada x", ADA)]),
        ("Ada\tB-PER\t\nx\tO\ny\tO\n", [("Ada x y", ADA)]),
        ("Ada\tB-PER\t\n\t\nx\tO\t\ny\tO\n", [("Ada", ADA), ("x y", [])]),
        ("Ada\tB-PER \nx\tO  \n", [("Ada x", ADA)]),
        (" Ada B-PER \n x O\n", [("Ada x", ADA)]),
        ("Ada B\nRoe I\nx O\n", [("Ada Roe x", [("Ada Roe", "_")])]),
        ("Ada PER\nRoe PER\nx O\ny ORG\n", [("Ada Roe x y", [("Ada Roe", "PER"), ("y", "ORG")])]),
        ("Ada PER-B\nRoe PER-I\nx O\n", [("Ada Roe x", [("Ada Roe", "PER")])]),
        ("Ada B_PER\nRoe I_PER\nx O\n", [("Ada Roe x", [("Ada Roe", "PER")])]),
        ("1\tAda\tB-PER\n2\tx\tO\n\n1\ty\tO\n", [("Ada x", ADA), ("y", [])]),
        ("0\tAda\tB-PER\n1\tx\tO\n\n0\ty\tO\n", [("Ada x", ADA), ("y", [])]),
        ("1\tAda\tB-PER\n2\tx\tO\n\n3\ty\tO\n", [("Ada x", ADA), ("y", [])]),
        ("1 Ada B-PER\n\n1 x O\n", [("Ada", ADA), ("x", [])]),
        ("1\tO\n2\tO\nAda\tB-PER\n", [("1 2 Ada", ADA)]),
        ("A\u0085b\tB-X\nx\u2028y\tO\n", [("A\u0085b x\u2028y", [("A\u0085b", "X")])]),
        ("A\u0085b B-X\nx\x0cy O\n", [("A\u0085b x\x0cy", [("A\u0085b", "X")])]),
    ],
)
def test_read_rightly(tmp_path: Path, content: str, expected: Shown) -> None:
    path = _file(tmp_path, content)
    assert guess(path).name == "conll"
    losses = Losses()
    assert _shown(path, losses) == expected
    assert not losses
    # What has been settled reads the same.
    assert _shown(str(open_source(path).settled), losses) == expected


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("# id\tB-PER\nAda\tB-PER\n", 1, "a comment, or a row of 2 columns"),
        ("# text = a\tO\nAda\tB-PER\n", 1, "a comment, or a row of 2 columns"),
        ("Ada PER\nx O\n\n# comment\ny O\n", 4, "a comment, or a row of 2 columns"),
        ("Ada\tB-PER\n# c\nx\tO\n", 2, "found 1 column, expected 2"),
        ("Ada\tB-PER\n-DOCSTART-\tO\nx\tO\n", 2, "found -DOCSTART- inside a sentence"),
        ("Ada\tB-PER\nmet  O\nx\tO\n", 2, "found 1 column, expected 2"),
        ("Ada B-PER\n\u00a0\nx O\n", 2, "found 1 column, expected 2"),
        ("a O\nb O\nc\td O\n", 3, "found 3 columns, expected 2"),
        ("Ada\tB-PER\rRoe\tI-PER\r", 1, "goes on after a carriage return"),
        ("\tAda\tB-PER\n\tx\tO\n", 1, "a tag without a token"),
        ("Ada\t\nx\tO\ny\tB-PER\n", 1, "found the tag ''"),
        ("Ada B-\nx O\n", 1, "found the tag 'B-', expected O or one such as B-PER"),
        ("Ada PER-B\nRoe I-PER\nx O\n", 2, "before its type; in others it is behind its type"),
        ("Ada B\nRoe I-PER\nx O\n", 2, "before its type; in others it is alone"),
        ("Ada B-PER\nRoe o\nx O\n", 2, "found the tag 'o'"),
        ("a" * 300_000 + "\tB-PER\n", 1, "a first line of more than 64 KiB"),
        ("# a\n# b = c\n", 2, "found 4 columns, expected 2"),
    ],
)
def test_refused_with_the_line(tmp_path: Path, content: str, line: int, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        list(read_any(_file(tmp_path, content), "conll"))
    assert caught.value.line == line


def test_doubtful_comments_are_what_is_said(tmp_path: Path) -> None:
    path = _file(tmp_path, "# id\tB-X\nAda\tB-PER\n")
    with pytest.raises(InputError, match=r"(?s)comments=yes'.*comments=no'"):
        list(read_any(path))
    assert _shown(f"{path}?comments=yes") == [("Ada", ADA)]
    (record,) = read_any(f"{path}?comments=no")
    assert record.text == "# id Ada"


def test_long_lines(tmp_path: Path) -> None:
    path = _file(tmp_path, "x O\n" * 5 + "a" * 300_000 + " B-X\n")
    ((text, found),) = _shown(path)
    assert (len(text), [len(one) for one, _ in found]) == (300_010, [300_000])


def test_nested_columns_are_all_read(tmp_path: Path) -> None:
    rows = [
        "the\tO\tB-LOC\tO\tO\t",
        "face\tO\tI-LOC\tO\tO\t",
        "of\tO\tI-LOC\tO\tO\t",
        "the\tB-LOC\tI-LOC\tO\tO\t",
        "earth\tI-LOC\tI-LOC\tO\tO\t",
        "left\tO\tO\tO\tB-X\t",
    ]
    path = _file(tmp_path, "\n".join(rows) + "\n")
    assert layout_of(path).tags == (1, 2, 3, 4)
    ((_, found),) = _shown(path)
    expected = [("the earth", "LOC"), ("the face of the earth", "LOC"), ("left", "X")]
    assert found == expected
    assert sum(row.count("\tB-") for row in rows) == len(found)
    assert _shown(f"{path}?tag-column=1,2,3,4") == _shown(path)
    assert [one for one, _ in _shown(f"{path}?tag-column=1")[0][1]] == ["the earth"]
    # Parts of speech, chunks and two judgements are no nested entities.
    few = _file(tmp_path, "Ada NNP B-NP B-PER O\nleft VB B-VP O O\n")
    assert layout_of(few).tags == (4,)
    outer = _file(tmp_path, "1\tAda\tB-PER\tO\n2\tOx\tB-ORG\tB-LOC\n")
    assert layout_of(outer).tags == (2, 3)
