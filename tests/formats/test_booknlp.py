"""BookNLP: mentions and quotations by tokens, and the text that they are of."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.annotation import Attribution, Entity, Span
from harness.api import score
from harness.errors import InputError
from harness.formats.losses import Losses
from harness.formats.opening import read_any
from harness.formats.registry import guess

TEXT = "“ Rain ,  Ada\tRoe ”\nshe  said .\n\n\nMs Roe left Ox \u00a0town ."
QUOTES_HEADER = (
    "quote_start\tquote_end\tmention_start\tmention_end\tmention_phrase\tchar_id\tquote\n"
)
ENTITIES = (
    "COREF\tstart_token\tend_token\tprop\tcat\ttext\n"
    "7\t3\t3\tPROP\tPER\tAdaTRoe\n"
    "7\t5\t5\tPRON\tPER\tshe\n"
    "7\t8\t9\tPROP\tPER\tMs Roe\n"
    "8\t9\t9\tPROP\tORG\tRoe\n"
    "9\t11\t12\tNOM\tLOC\tOx town\n"
)
QUOTES = (
    QUOTES_HEADER
    + "0\t4\t5\t5\tshe\t7\t“ Rain , AdaTRoe ”\n"
    + "8\t13\tNone\tNone\tNone\tNone\tMs Roe left Ox town .\n"
    + "1\t1\t11\t12\tOx town\t9\tRain\n"
)


def _tokens() -> str:
    rows = (
        "paragraph_ID\tsentence_ID\ttoken_ID_within_document\tword\tbyte_onset\tbyte_offset\tPOS\n"
    )
    at = 0
    words = [
        "“",
        "Rain",
        ",",
        "Ada\tRoe",
        "”",
        "she",
        "said",
        ".",
        "Ms",
        "Roe",
        "left",
        "Ox",
        "town",
        ".",
    ]
    for number, word in enumerate(words):
        at = TEXT.index(word, at)
        paragraph = int(number > 7)
        shown = word.replace("\t", "T")
        rows += f"{paragraph}\t0\t{number}\t{shown}\t{at}\t{at + len(word)}\tX\n"
        at += len(word)
    return rows


def _book(folder: Path, name: str = "emma", **files: str | None) -> Path:
    folder.mkdir(exist_ok=True)
    given = {"tokens": _tokens(), "entities": ENTITIES, "quotes": QUOTES, "txt": TEXT, **files}
    for suffix, content in given.items():
        if content is not None:
            (folder / f"{name}.{suffix}").write_bytes(content.encode())
    return folder / f"{name}.entities"


def test_mentions_and_quotations(tmp_path: Path) -> None:
    path = _book(tmp_path)
    files = [path, path.with_suffix(".quotes"), path.with_suffix(".tokens"), tmp_path]
    assert [guess(file).name for file in files] == ["booknlp"] * 4
    losses = Losses()
    (record,) = read_any(path, losses=losses)
    assert (record.id, record.number, record.text) == ("emma", 1, TEXT)
    entities = record.annotations.entities or ()
    assert len(entities) == ENTITIES.count("\n") - 1
    assert [(TEXT[e.start : e.end], e.label) for e in entities] == [
        ("Ada\tRoe", "PER"),
        ("she", "PER"),
        ("Ms Roe", "PER"),
        ("Roe", "ORG"),
        ("Ox \u00a0town", "LOC"),
    ]
    she = Span(entities[1].start, entities[1].end)
    first, second, third = record.annotations.attributions or ()
    assert first == Attribution((Span(0, 19),), she, None, "direct", "AdaTRoe")
    assert (second.source, second.speaker) == (None, None)
    assert third.speaker == "9"
    assert len(record.tokens or ()) == 14
    assert not losses
    assert score(path, path, task="ner").f1 == 1.0


def test_without_the_text_it_is_rebuilt(tmp_path: Path) -> None:
    losses = Losses()
    (record,) = read_any(_book(tmp_path, txt=None), losses=losses)
    assert record.text == "“ Rain ,  AdaTRoe ” she  said .\n\n\nMs Roe left Ox  town ."
    (other,) = read_any(_book(tmp_path))
    assert other.annotations == record.annotations
    assert losses == {"texts rebuilt from tokens: their white space is not in the file": 1}
    losses = Losses()
    (record,) = read_any(_book(tmp_path, txt="something else"), losses=losses)
    assert losses["texts beside the tables that have other tokens: not used"] == 1


def test_folders_and_missing_tables(tmp_path: Path) -> None:
    _book(tmp_path / "b", "y", quotes=None)
    _book(tmp_path / "a", "x", entities=None)
    assert guess(tmp_path).name == "booknlp"
    first, second = read_any(tmp_path)
    assert (first.id, second.id, first.number) == ("a/x", "b/y", None)
    assert first.annotations.entities is None
    assert (first.annotations.attributions or ())[0].speaker == "7"
    assert second.annotations.attributions is None
    (tmp_path / "a" / "x.tokens").unlink()
    with pytest.raises(InputError, match=r"x\.quotes: has no tokens: expected x\.tokens"):
        list(read_any(tmp_path))
    with pytest.raises(InputError, match=r"holds no \.tokens"):
        (tmp_path / "none").mkdir()
        list(read_any(tmp_path / "none", "booknlp"))


def test_names_that_two_clusters_have(tmp_path: Path) -> None:
    path = _book(tmp_path, entities=ENTITIES + "9\t3\t3\tPROP\tPER\tAdaTRoe\n")
    (record,) = read_any(path)
    speakers = [one.speaker for one in record.annotations.attributions or ()]
    assert speakers == ["AdaTRoe 7", None, "AdaTRoe 9"]


def test_proper_names_alone(tmp_path: Path) -> None:
    losses = Losses()
    (record,) = read_any(f"{_book(tmp_path)}?mentions=PROP", losses=losses)
    assert [e.label for e in record.annotations.entities or ()] == ["PER", "PER", "ORG"]
    assert losses == {"mentions that are not PROP: left out": 2}


@pytest.mark.parametrize(
    ("kind", "old", "new", "message"),
    [
        ("entities", "7\t5\t5", "7\t5\t15", r"emma\.entities:3: found tokens 5 to 15 of 14"),
        ("entities", "7\t5\t5", "7\t6\t5", r"emma\.entities:3: found tokens 6 to 5"),
        ("entities", "7\t5\t5", "7\t٥\t5", r"entities:3: start_token: found '٥'"),
        ("entities", "\tshe", "\the", r"entities:3: text is 'he', but the tokens are 'she'"),
        ("entities", "PRON\tPER", "PRON\t", r"entities:3: cat is empty"),
        ("entities", "\tprop", "\tprob", r"entities:1: found the columns"),
        ("entities", "PRON\t", "", r"entities:3: found 5 columns, expected 6"),
        ("quotes", "0\t4", "0\t-4", r"quotes:2: quote_end: found '-4'"),
        ("quotes", "Ms Roe left", "Mr Roe left", r"quotes:3: quote is 'Mr Roe left"),
        ("tokens", "\t2\t,\t7", "\t2\t,\t6", r"tokens:4: found ',' from 6 to 8"),
        ("tokens", "\t2\t,\t7", "\t3\t,\t7", r"tokens:4: found token 3, expected 2"),
        ("tokens", "\t2\t,\t7", "\t2\t\t7", r"tokens:4: found '' from 7"),
    ],
)
def test_faults_name_the_line(tmp_path: Path, kind: str, old: str, new: str, message: str) -> None:
    content = {"tokens": _tokens(), "entities": ENTITIES, "quotes": QUOTES}[kind]
    assert old in content
    with pytest.raises(InputError, match=message):
        list(read_any(_book(tmp_path, **{kind: content.replace(old, new, 1)}), "booknlp"))


def test_entities_are_sorted(tmp_path: Path) -> None:
    header, *rows = ENTITIES.splitlines(keepends=True)
    (record,) = read_any(_book(tmp_path, entities=header + "".join(reversed(rows))))
    assert (record.annotations.entities or ())[0] == Entity(10, 17, "PER")
