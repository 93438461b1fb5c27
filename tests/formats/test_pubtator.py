"""PubTator: titles, abstracts and mentions, and what their offsets run through."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.annotation import Annotations, Entity, Record, Span
from harness.api import score
from harness.errors import AnnotationError, InputError
from harness.formats.losses import Losses
from harness.formats.opening import read_any
from harness.formats.registry import guess
from harness.formats.writing import write_any

DATA = (
    "\n"
    "101|t|Relapse | pain after β-blockers. \n"
    "101|a|Renal and hepatic failure followed aspirin.\n"
    "101\t0\t7\tRelapse\tDisease\tMESH:D012008\n"
    "101\t21\t31\tβ-blockers\tChemical\t\n"
    "101\t34\t59\tRenal and hepatic failure\tDisease\tD0514|D0170\trenal failure|hepatic failure\n"
    "101\t40\t59\tand hepatic failure\tDisease\n"
    "101\t40\t59\tand hepatic failure\tDisease\t-1\n"
    "101\tCID\tD001241\tD051437\n"
    "101\tAssociation\tD001241\tp|DEL|439_443|\tNovel\n"
    "\n"
    "102|t|Nothing here\n"
    "102|a|\n"
    "\r\n"
    "103|t|Aspirin\r\n"
    "103\t0\t7\tAspirin\tT109,T121\tUMLS:C0004057\r\n"
)


def _file(folder: Path, data: str = DATA) -> Path:
    (folder / "a").write_bytes(data.encode())
    return folder / "a"


def test_documents_and_mentions(tmp_path: Path) -> None:
    losses = Losses()
    path = _file(tmp_path)
    assert guess(path).name == "pubtator"
    first, second, third = read_any(path, losses=losses)
    title, abstract = (line[6:] for line in DATA.split("\n")[1:3])
    assert [one.id for one in (first, second, third)] == ["101", "102", "103"]
    assert (first.text, second.text) == (f"{title}\n{abstract}", "Nothing here\n")
    entities = first.annotations.entities or ()
    said = [line.split("\t") for line in DATA.split("\n") if line.startswith("101\t")]
    mentions = [(one[4], one[3]) for one in said if one[1].isdigit()]
    assert mentions.pop() == mentions[-1]  # the one that comes twice
    assert [(one.label, (first.text or "")[slice(*one.span)]) for one in entities] == mentions
    assert second.annotations.entities == ()
    assert third.annotations.entities == (Entity(0, 7, "T109,T121"),)
    assert losses == {
        "identifiers of mentions: left out": 3,
        "further columns of mentions (parts of composite ones): left out": 1,
        "mentions that come twice: read once": 1,
        "relations: left out": 2,
    }
    assert score(path, path, task="ner").f1 == 1.0


@pytest.mark.parametrize(("width", "start"), [(0, 5), (1, 6), (2, 7)])
def test_offsets_tell_how_far_the_abstract_is(tmp_path: Path, width: int, start: int) -> None:
    data = f"1|t|Title\n1|a|NATO left.\n1\t{start}\t{start + 4}\tNATO\tORG\t\n"
    (record,) = read_any(_file(tmp_path, data))
    assert record.text == "Title" + "\n "[:width] + "NATO left."
    (entity,) = record.annotations.entities or ()
    assert record.text[slice(*entity.span)] == "NATO"


def test_offsets_of_another_unit(tmp_path: Path) -> None:
    path = _file(tmp_path, "1|t|😀 NATO left\n1\t3\t7\tNATO\tORG\t\n")
    with pytest.raises(AnnotationError, match="offsets=utf16"):
        list(read_any(path))
    (record,) = read_any(f"{path}?offsets=utf16")
    assert record.annotations.entities == (Entity(2, 6, "ORG"),)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("1\t0\t4\tNAT0\tORG\n", "a:2: mention: \"text\" is 'NAT0', but the document has 'NATO'"),
        ("1\t0\t99\tNATO\tORG\n", "a:2: mention: end 99 is outside the text"),
        ("1\t-1\t4\tNATO\tORG\n", "a:2: offsets are ['-1', '4'], expected two numbers"),
        ("1\t0\tx\tNATO\tORG\n", "a:2: offsets are ['0', 'x'], expected two numbers"),
        ("1\t0\t4\tNATO\n", "a:2: found 4 columns, expected PMID, start, end, mention and type"),
        ("1\t0\t4\tNATO\t\n", "a:2: mention: label is '', expected a non-empty string"),
    ],
)
def test_faulty_mentions_are_refused_or_left_out(tmp_path: Path, lines: str, message: str) -> None:
    path = _file(tmp_path, f"1|t|NATO left\n{lines}")
    with pytest.raises(AnnotationError) as caught:
        list(read_any(path))
    assert message in str(caught.value)
    losses = Losses()
    (record,) = read_any(f"{path}?faulty=leave-out", losses=losses)
    assert record.annotations.entities == ()
    assert sum(losses.values()) == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("1|t|NATO\n2\t0\t4\tNATO\tORG\n", "a:2: is about document '2', but that of line 1 is '1'"),
        ("1|t|NATO\nmore prose\n", "a:2: found 'more prose', expected PMID"),
        ("1|t|NATO\n\n2|t|EU\n\n1|t|UN\n", "a:5: document id '1' comes a second time"),
    ],
)
def test_other_lines_are_refused(tmp_path: Path, data: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        list(read_any(_file(tmp_path, data)))
    assert message in str(caught.value)
    _file(tmp_path).write_bytes(b"1|t|NATO\n1|a|\xff\n")
    with pytest.raises(InputError, match="a:2: byte 5 of the line is not UTF-8"):
        list(read_any(tmp_path / "a", format="pubtator"))
    with pytest.raises(InputError, match="holds no document"):
        list(read_any(_file(tmp_path, "\n"), format="pubtator"))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    entities = (Entity(0, 4, "ORG"), Entity(5, 9, "CUE"), Entity(0, 9, "X"))
    records = [
        Record("1", "NATO\nleft\tto a\u2028b.", Annotations(entities)),
        Record("2", "", Annotations(())),
        Record("3", "It rains\n", Annotations(())),
    ]
    losses = Losses()
    path = tmp_path / "b.pubtator"
    assert write_any(path, records, "pubtator", losses=losses) == 3
    assert not losses
    assert list(read_any(path)) == records


def test_what_cannot_be_written_is_counted_or_refused(tmp_path: Path) -> None:
    split = Entity(0, 6, "X", 0.5, (Span(0, 1), Span(4, 6)))
    one = Record("1", "a\nb\nc d", Annotations((split, Entity(2, 3, "Y"), Entity(2, 3, "Y"))))
    losses = Losses()
    write_any(tmp_path / "b", [one, Record("2", "x", Annotations())], "pubtator", losses=losses)
    first, _ = read_any(tmp_path / "b")
    assert first.text == "a\nb c d"
    assert first.annotations.entities == (Entity(0, 6, "X"), Entity(2, 3, "Y"))
    assert losses == {
        "line breaks after the first: written as spaces": 1,
        "entities that come twice: written once": 1,
        "entity scores left out": 1,
        "discontinuous entities: widened from the first to the last character": 1,
        "documents without an entity layer: written as if nothing were there": 1,
    }
    for record, message in (
        (Record("a b", "x", Annotations(())), "holds white space"),
        (Record("a", "x", Annotations((Entity(0, 1, "A\tB"),))), "type cannot be"),
    ):
        with pytest.raises(InputError, match=message):
            write_any(tmp_path / "c", [record], "pubtator")
