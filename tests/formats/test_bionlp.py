"""BioNLP standoff: what was given and what was asked, in two files a document."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.annotation import Entity, Span
from harness.api import score
from harness.errors import AnnotationError, InputError
from harness.formats.losses import Losses
from harness.formats.opening import open_source, read_any
from harness.formats.registry import guess

TEXT = "Binding of p65 and c-Rel to the μ site\nis blocked by IκB alpha or beta.\n"
GIVEN = (
    "T1\tProtein 11 14\tp65\n"
    "T2\tProtein 19 24\tc-Rel\n"
    "T3\tProtein 53 62\tIκB alpha\n"
    "T4\tProtein 53 56;66 70\tIκB beta\n"
)
ASKED = (
    "T5\tBinding 0 7\tBinding\n"
    "T6\tEntity 32 38\tμ site\n"
    "T7\tNegative_regulation 42 49\tblocked\n"
    "*\tEquiv T3 T4\n"
    "E1\tBinding:T5 Theme:T1 Theme2:T2 Site:T6\n"
    "E2\tNegative_regulation:T7 Theme:E1 Cause:T3\n"
    "M1\tSpeculation E2\n"
    "R1\tProtein-Component Arg1:T1 Arg2:T6\n"
    "N1\tReference T1 NCBI:5970\tRELA\n"
)


def _folder(folder: Path, given: str | None = GIVEN, asked: str | None = ASKED) -> Path:
    (folder / "sub").mkdir(parents=True, exist_ok=True)
    (folder / "sub" / "d.txt").write_bytes(TEXT.encode())
    for suffix, content in ((".a1", given), (".a2", asked)):
        if content is not None:
            (folder / "sub" / f"d{suffix}").write_bytes(content.encode())
    return folder


def test_both_files_are_one_document(tmp_path: Path) -> None:
    (tmp_path / "sub2").mkdir()
    (tmp_path / "sub2" / "e.txt").write_text("No answer yet to AKT1.")
    (tmp_path / "sub2" / "e.a1").write_text("T1\tProtein 17 21\tAKT1\n")
    (tmp_path / "sub2" / "f.txt").write_text("Nobody looked.")
    (tmp_path / "sub2" / "e.sp").write_text("(ROOT)")
    losses = Losses()
    first, second, third = read_any(_folder(tmp_path), losses=losses)
    assert [one.id for one in (first, second, third)] == ["sub/d", "sub2/e", "sub2/f"]
    entities = first.annotations.entities or ()
    # Every T line is an entity, but for the two triggers.
    lines = (GIVEN + ASKED).count("\nT") + GIVEN.startswith("T")
    assert len(entities) == lines - 2
    assert [(one.label, TEXT[one.start : one.end]) for one in entities] == [
        ("Protein", "p65"),
        ("Protein", "c-Rel"),
        ("Protein", "IκB alpha"),
        ("Protein", "IκB alpha or beta"),
        ("Entity", "μ site"),
    ]
    assert entities[3].fragments == (Span(53, 56), Span(66, 70))
    assert second.annotations.entities == (Entity(17, 21, "Protein"),)
    assert third.annotations.entities is None
    assert losses == {
        "events: left out": 2,
        "triggers of events: left out": 2,
        "equivalences: left out": 1,
        "modifications and attributes: left out": 1,
        "relations: left out": 1,
        "references to databases: left out": 1,
        "files that end in .sp: not looked into": 1,
        "texts without .a1 and .a2: documents without layers": 1,
    }


def test_what_was_given_alone(tmp_path: Path) -> None:
    losses = Losses()
    (record,) = read_any(f"{_folder(tmp_path)}?files=a1", losses=losses)
    assert [one.label for one in record.annotations.entities or ()] == ["Protein"] * 4
    assert losses == {".a2 files: not looked into": 1}


def test_its_format_is_told(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    file = folder / "sub" / "d.a1"
    assert [guess(path).name for path in (folder, folder / "sub", file)] == ["bionlp"] * 3
    (one,) = read_any(file)
    (other,) = read_any(folder)
    assert (one.id, one.number, one.annotations) == ("d", 1, other.annotations)
    assert score(folder, folder, task="ner").f1 == 1.0


def test_events_need_no_trigger(tmp_path: Path) -> None:
    losses = Losses()
    asked = "E1\tRegulates_Process Agent:T1 Process:T2\nE2\tBinds_To E1:T1 E2:T2\n"
    (record,) = read_any(_folder(tmp_path, asked=asked), losses=losses)
    assert len(record.annotations.entities or ()) == 4
    assert losses == {"events: left out": 2}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("T1\tEntity 32 38\tμ site\n", "T1 comes a second time"),
        ("E1\tBinding:T9 Theme:T1\n", "the event names T9, but no line T9 is in the file"),
        ("T5\tEntity 32 99\tμ site\n", "end 99 is outside the text"),
        ("T5\tEntity 32 38\tthe site\n", "prints 'the site', but the document has 'μ site'"),
        ("T5 Entity 32 38 μ site\n", "expected a brat line"),
        ("E1\n", "expected a brat line"),
        ("E1\t\n", 'expected "Type:T1 Role:T2 ..."'),
    ],
)
def test_faulty_lines_are_named_or_left_out(tmp_path: Path, asked: str, message: str) -> None:
    folder = _folder(tmp_path, asked="\n" + asked)
    with pytest.raises(AnnotationError) as caught:
        list(read_any(folder))
    assert message in str(caught.value)
    assert "d.a2:2: " in str(caught.value)
    losses = Losses()
    (record,) = read_any(f"{folder}?faulty=leave-out", losses=losses)
    assert len(record.annotations.entities or ()) == 4
    assert losses == {"faulty lines: left out": 1}


def test_files_that_are_missing(tmp_path: Path) -> None:
    folder = _folder(tmp_path, given=None)
    with pytest.raises(AnnotationError, match="the event names T1"):
        list(read_any(folder))
    (folder / "sub" / "d.txt").unlink()
    with pytest.raises(InputError, match="has no text: expected"):
        list(read_any(folder))
    with pytest.raises(InputError, match="no such file or folder"):
        list(open_source(tmp_path.parent / "nowhere", format="bionlp").records())
