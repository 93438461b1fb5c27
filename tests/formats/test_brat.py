"""brat standoff: our own form, foreign habits, and every way an `.ann` file can be wrong."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.annotation import Annotations, Attribution, Entity, Record, Span
from harness.errors import AnnotationError, InputError
from harness.formats import brat
from harness.formats.losses import Losses

TEXT = "NATO says it will grow, and soon, in the east.\nNobody asked."
ANN = (
    "T1\tORG 0 4\tNATO\n"
    "T2\tSource 0 4\tNATO\n"
    "T3\tCue 5 9\tsays\n"
    "T4\tContent 10 22;34 45\tit will grow in the east\n"
    "E1\tAttribution:T4 Source:T2 Cue:T3 Content:T4\n"
    "A1\tKind E1 direct\n"
    "#1\tSpeaker E1\tNATO\n"
    "#2\tAnnotatorNotes E1\tnot sure about this one\n"
    "T5\tIgnore 47 60\tNobody asked.\n"
)


def _ann(folder: Path, ann: str, text: str = TEXT) -> Path:
    (folder / "a.txt").write_bytes(text.encode())
    (folder / "a.ann").write_bytes(ann.encode())
    return folder


def _record(folder: Path, ann: str, text: str = TEXT) -> Record:
    (record,) = brat.read(_ann(folder, ann, text))
    return record


def test_our_form(tmp_path: Path) -> None:
    assert _record(tmp_path, ANN) == Record(
        "a",
        TEXT,
        Annotations(
            (Entity(0, 4, "ORG"),),
            (Attribution((Span(10, 22), Span(34, 45)), Span(0, 4), Span(5, 9), "direct", "NATO"),),
        ),
        (Span(47, 60),),
    )


def test_one_file_reads_like_its_folder(tmp_path: Path) -> None:
    folder = _ann(tmp_path, ANN)
    assert list(brat.read(folder / "a.ann")) == list(brat.read(folder))


def test_source_and_cue_may_be_absent_and_roles_numbered(tmp_path: Path) -> None:
    ann = (
        "T1\tContent 10 22\tit will grow\nT2\tContent 34 45\tin the east\n"
        "T3\tAttribution 5 9\tsays\nE1\tAttribution-no-source:T3 Content:T1 Content2:T2\n"
    )
    record = _record(tmp_path, ann)
    assert record.annotations.attributions == (Attribution((Span(10, 22), Span(34, 45))),)
    assert record.annotations.entities is None  # no entity anywhere: not annotated


def test_events_may_come_before_their_spans_and_share_a_source(tmp_path: Path) -> None:
    ann = (
        "E1\tAttribution:T2 Content:T2 Source:T1\nE2\tAttribution:T3 Content:T3 Source:T1\n"
        "T1\tSource 0 4\tNATO\nT2\tContent 10 22\tit will grow\nT3\tContent 34 45\tin the east\n"
    )
    sources = [item.source for item in _record(tmp_path, ann).annotations.attributions or ()]
    assert sources == [Span(0, 4), Span(0, 4)]


def test_brats_cuts_at_newlines_are_mended(tmp_path: Path) -> None:
    text = "He said one\n\n  two and\nleft."
    ann = (
        "T1\tContent 8 11;15 18\tone two\nT2\tORG 3 7;8 11\tsaid one\n"
        "E1\tAttribution:T1 Content:T1\n"
    )
    record = _record(tmp_path, ann, text)
    assert record.annotations.attributions == (Attribution((Span(8, 18),)),)
    assert record.annotations.entities == (Entity(3, 11, "ORG"),)


def test_a_newline_inside_a_span_is_printed_as_a_space(tmp_path: Path) -> None:
    text = "New\r\nYork and New\u00a0York"
    ann = "T1\tGPE 0 9\tNew  York\nT2\tGPE 14 22\tNew\u00a0York\n"
    record = _record(tmp_path, ann, text)
    assert record.text == text
    assert [text[e.start : e.end] for e in record.annotations.entities or ()] == [
        "New\r\nYork",
        "New\u00a0York",
    ]


def test_offsets_are_code_points(tmp_path: Path) -> None:
    text = "😀 Łódź cafe\u0301 Łódź"
    record = _record(tmp_path, "T1\tGPE 2 6\tŁódź\nT2\tFAC 7 12\tcafe\u0301\n", text)
    assert record.annotations.entities == (Entity(2, 6, "GPE"), Entity(7, 12, "FAC"))


def test_files_with_crlf_and_bom_are_read(tmp_path: Path) -> None:
    ann = "\ufeff" + ANN.replace("\n", "\r\n")
    assert _record(tmp_path, ann).annotations.entities == (Entity(0, 4, "ORG"),)


def test_a_text_with_a_bom_keeps_it_as_its_first_character(tmp_path: Path) -> None:
    assert _record(tmp_path, "T1\tORG 1 5\tNATO\n", "\ufeffNATO").text == "\ufeffNATO"


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        ("T1\tORG 0 4\tNATE\n", 1, "prints 'NATE', but the document has 'NATO'"),
        ("\nT1\tORG 0 99\tNATO\n", 2, "end 99 is outside the text of 60 code points"),
        ("T1\tORG 4 4\t\n", 1, "end 4 is not after start 4"),
        ("T1\tORG 0\tNATO\n", 1, "offsets are '0'"),
        ("T1\tORG -1 4\tNATO\n", 1, "offsets are '-1 4'"),
        ("T1\tORG 0 ٤\tNATO\n", 1, "offsets are '0 ٤'"),
        (f"T1\tORG 0 {'4' * 5000}\tNATO\n", 1, "offsets are '0 444"),
        ("T1 ORG 0 4 NATO\n", 1, "expected a brat line"),
        ("nonsense\n", 1, "expected a brat line"),
        ("T1\tORG 0 4\tNATO\nT1\tORG 5 9\tsays\n", 2, r"T1 comes a second time \(first on 1\)"),
        ("E1\tAttribution:T9 Content:T9\n", 1, "the event names T9, but no line T9"),
        ("T1\tContent 0 4\tNATO\nE1\tAttribution:T1 Content:T7\n", 2, "names T7"),
        ("T1\tCue 5 9\tsays\nE1\tAttribution:T1 Cue:T1\n", 2, "E1 has no content"),
        ("T1\tCue 5 9\tsays\nE1\tAttribution:T1 Content\n", 2, "expected \"Type:T1 Role:T2"),
        ("T1\tCue 5 9\tsays\nE1\tAttribution:T1 Topic:T1\n", 2, "unknown role 'Topic'"),
        ("T1\tContent 0 4\tNATO\nE1\tAttribution:T1 Content:T1\nE1\tAttribution:T1 Content:T1\n",
         3, "E1 comes a second time"),
        ("T1\tContent 0 4\tNATO\nE1\tAttribution:T1 Content:T1\nA1\tKind E1 loud\n",
         3, "kind is 'loud', expected one of direct, indirect, mixed"),
    ],
)  # fmt: skip
def test_bad_lines_are_named(tmp_path: Path, lines: str, line: int, message: str) -> None:
    with pytest.raises(AnnotationError, match=message) as caught:
        _record(tmp_path, lines)
    assert str(caught.value).startswith(f"{tmp_path / 'a.ann'}:{line}: ")
    assert caught.value.exit_status == 2


def test_ann_without_txt(tmp_path: Path) -> None:
    (tmp_path / "a.ann").write_text("T1\tORG 0 4\tNATO\n")
    with pytest.raises(InputError, match=r"has no text: expected .*a\.txt"):
        list(brat.read(tmp_path))


def test_empty_folder_and_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no \.ann file"):
        list(brat.read(tmp_path))
    (tmp_path / "a.txt").write_bytes(b"caf\xe9")
    (tmp_path / "a.ann").write_bytes(b"")
    with pytest.raises(InputError, match="byte 3 is not UTF-8"):
        list(brat.read(tmp_path))


def test_a_text_without_ann_is_a_document_without_layers(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("unread")
    records = list(brat.read(_ann(tmp_path, ANN)))
    assert [record.id for record in records] == ["a", "b"]
    assert records[1].annotations == Annotations()


def test_what_has_no_place_is_counted(tmp_path: Path) -> None:
    ann = (
        "T1\tORG 0 4;10 12\tNATO it\nT2\tCue 5 9\tsays\nE1\tMerger:T2\n"
        "R1\tOwns Arg1:T1 Arg2:T2\n*\tEquiv T1 T2\n"
    )
    report = Losses()
    (record,) = brat.read(_ann(tmp_path, ann), losses=report)
    fragments = (Span(0, 4), Span(10, 12))
    assert record.annotations.entities == (Entity(0, 12, "ORG", None, fragments),)
    assert sorted(report.values()) == [1, 1, 1]
    assert any("Merger events" in message for message in report)


def test_triggers_of_other_events_are_no_entities(tmp_path: Path) -> None:
    ann = "T1\tORG 0 4\tNATO\nT2\tGrowth 18 22\tgrow\nE1\tGrowth:T2 Theme:T1\n"
    report = Losses()
    (record,) = brat.read(_ann(tmp_path, ann), losses=report)
    assert record.annotations.entities == (Entity(0, 4, "ORG"),)
    assert report == {
        "Growth events (only Attribution events are read)": 1,
        "spans that are triggers of events: left out (triggers=keep reads them)": 1,
    }
    assert brat.layers_in(tmp_path) == ("entities",)
    (record,) = brat.read(tmp_path, triggers="keep")
    assert record.annotations.entities == (Entity(0, 4, "ORG"), Entity(18, 22, "Growth"))


def test_triggers_alone_are_no_layer_of_entities(tmp_path: Path) -> None:
    _ann(tmp_path, "T1\tGrowth 18 22\tgrow\nE1\tGrowth:T1\n")
    (record,) = brat.read(tmp_path)
    assert record.annotations == Annotations()
    (record,) = brat.read(tmp_path, triggers="keep")
    assert record.annotations.entities == (Entity(18, 22, "Growth"),)


def test_an_empty_layer_is_not_an_absent_one(tmp_path: Path) -> None:
    record = Record("a", TEXT, Annotations((), None))
    report = Losses()
    brat.write(tmp_path / "out", [record], losses=report)
    assert list(brat.read(tmp_path / "out")) == [record]


def test_what_brat_cannot_hold_is_counted(tmp_path: Path) -> None:
    report = Losses()
    records = [
        Record("a", TEXT, Annotations((Entity(0, 4, "ORG", 0.5),), None), error="out of memory"),
    ]
    brat.write(tmp_path / "out", records, losses=report)
    assert sorted(message.split(":")[0] for message in report) == [
        "documents without attributions",
        "entity scores",
        "errors of a backend",
    ]


@pytest.mark.parametrize("id_", ["../a", "a/../b", "a//b", ".hidden", "", "a\nb", "c:d"])
def test_ids_that_are_no_file_names_are_refused(tmp_path: Path, id_: str) -> None:
    with pytest.raises(InputError, match="cannot be a file name"):
        brat.write(tmp_path / "out", [Record(id_, "x", Annotations(()))], losses=Counter())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("label", ["Source", "Content2", "Ignore", "WORK OF ART"])
def test_labels_that_brat_cannot_spell_are_refused(tmp_path: Path, label: str) -> None:
    record = Record("a", "x", Annotations((Entity(0, 1, label),)))
    with pytest.raises(InputError, match="cannot be labelled"):
        brat.write(tmp_path / "out", [record], losses=Counter())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is there already"):
        brat.write(_ann(tmp_path, ANN), [], losses=Counter())
    assert (tmp_path / "a.ann").read_text() == ANN


@st.composite
def _records(draw: st.DrawFn) -> Record:
    text = draw(st.text(st.sampled_from("ab é\n\r\t \u00a0\u2028😀“”x"), min_size=1, max_size=40))
    spans = st.tuples(st.integers(0, len(text) - 1), st.integers(1, 6)).map(
        lambda pair: Span(pair[0], min(len(text), pair[0] + pair[1]))
    )
    entities = draw(st.lists(st.builds(lambda s: Entity(*s, "ORG"), spans), max_size=4))
    item = st.builds(
        Attribution,
        spans.map(lambda span: (span,)),
        st.none() | spans,
        st.none() | spans,
        st.sampled_from([None, "direct", "indirect", "mixed"]),
        st.none() | st.sampled_from(["Jane Roe", "Łukasz"]),
    )
    attributions = draw(st.lists(item, max_size=4))
    ignore = draw(st.lists(spans, max_size=2, unique=True))
    return Record("a", text, Annotations(tuple(entities), tuple(attributions)), tuple(ignore))


@given(_records())
def test_round_trip_loses_nothing(record: Record) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        report = Losses()
        brat.write(Path(folder) / "out", [record], losses=report)
        assert not report
        (again,) = brat.read(Path(folder) / "out")
        assert again == record


def test_folders_in_folders_are_read_and_written(tmp_path: Path) -> None:
    records = [Record(name, "NATO", Annotations((Entity(0, 4, "ORG"),))) for name in ("a/x", "b/x")]
    brat.write(tmp_path / "out", records, losses=Losses())
    assert (tmp_path / "out" / "b" / "x.ann").is_file()
    losses = Losses()
    (tmp_path / "out" / "a" / "notes.csv").write_text("")
    assert list(brat.read(tmp_path / "out", losses=losses)) == records
    assert losses == {"files that end in .csv: not looked into": 1}


def test_attributes_and_notes_that_are_not_read_are_counted(tmp_path: Path) -> None:
    ann = "T1\tORG 0 4\tNATO\nA1\tNegated T1\nM1\tSure T1\n#1\tAnnotatorNotes T1\tsee\n"
    losses = Losses()
    list(brat.read(_ann(tmp_path, ann), losses=losses))
    assert losses == {
        "attributes: left out (only Kind of attributions is read)": 2,
        "notes: left out (only Speaker of attributions is read)": 1,
    }
