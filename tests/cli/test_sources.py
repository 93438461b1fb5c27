"""`PATH?option=value`: the same in every verb, remembered by records; nothing lost in silence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.api import load_goldset, score
from harness.errors import InputError, UsageError
from harness.formats.opening import open_source, read_any
from harness.formats.registry import FORMATS
from harness.formats.source import Source

Run = Callable[..., Any]

PERSON = {"start": 0, "end": 7, "label": "PER"}
GOLD, PREDICTED = (f"x.conll?tag-column={column}" for column in (1, 2))


def test_a_source_is_printed_and_read_back() -> None:
    source = Source.parse("a/b.conll?tag-column=2&scheme=IOB2")
    assert (source.path, dict(source.options)) == (
        "a/b.conll",
        {"tag-column": "2", "scheme": "IOB2"},
    )
    assert Source.parse(str(source)) == source
    assert Source.parse("plain.jsonl") == Source("plain.jsonl")
    for wrong in ("a?x", "a?=1", "a?x=1&x=2"):
        with pytest.raises(UsageError, match=r"expected key=value|comes a second time"):
            Source.parse(wrong)
    # A name that no file can have is a source all the same.
    assert len(Source.parse(f"a.conll?labels={'A,' * 3000}").options) == 1


def test_a_file_that_has_that_name_wins(folder: Path) -> None:
    (folder / "x?tag-column=9").write_text("Ada B-PER\n")
    (record,) = read_any("x?tag-column=9")
    assert record.text == "Ada"


@pytest.mark.processes
def test_a_file_with_a_question_mark_has_options_and_is_found_again(
    harness: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "q?.conll").write_text((folder / "x.conll").read_text())
    assert Source.parse("q?.conll?tag-column=1").options == {"tag-column": "1"}
    for gold in ("q?.conll", "q?.conll?tag-column=1"):
        run = ("run", "gazetteer", "--gold", gold, "--out", "r", "--no-cache", "-q")
        assert harness(*run).status == 0
        monkeypatch.chdir(folder.parent)
        done = harness("compare", folder / "r", "--schema", "conll03")
        assert done.status == 0, done.err
        monkeypatch.chdir(folder)


def test_two_columns_of_one_file_are_scored(harness: Run, folder: Path) -> None:
    done = harness("score", "--gold", GOLD, "--pred", PREDICTED, "--task", "ner", "--json")
    body = json.loads(done.out)
    micro = body["micro"]
    assert (micro["tp"], micro["fp"], micro["fn"]) == (1, 2, 2)
    assert "|src:gold=IOB2,pred=IOB2|" in body["signature"]
    assert body["sources"]["gold"].startswith("x.conll?format=conll&tag-column=1&scheme=IOB2")
    assert score(GOLD, PREDICTED, task="ner").score.micro.tp == 1
    shown = harness("score", "--gold", GOLD, "--pred", PREDICTED, "--task", "ner").out
    assert "predictions read as x.conll?format=conll&tag-column=2&scheme=IOB2" in shown


def test_the_scheme_is_told_from_both_files(folder: Path) -> None:
    """Alone, the predictions could be IOB1 as well; the gold says which."""
    (folder / "gold.conll").write_text("a I-X\nb I-X\nc B-X\nd O\n\n")
    (folder / "pred.conll").write_text("a I-X\nb I-X\nc O\nd O\n\n")
    scored = score("gold.conll", "pred.conll", task="ner")
    assert scored.signature.fields["src"] == "gold=IOB1,pred=IOB1"
    assert scored.score.micro.tp == 1
    # Where no scheme fits both, each file has its own.
    (folder / "pred.conll").write_text("a B-X\nb I-X\nc B-X\nd O\n\n")
    scored = score("gold.conll", "pred.conll", task="ner")
    assert scored.signature.fields["src"] == "gold=IOB1,pred=IOB2"
    assert scored.f1 == 1


def test_faulty_predictions_are_read_in_the_scheme_of_the_gold(folder: Path) -> None:
    (folder / "gold.conll").write_text("a I-X\nb I-X\nc B-X\nd O\n\n")
    (folder / "pred.conll").write_text("a I-X\nb I-X\nc B-X\nd B-Y\n\n")
    with pytest.raises(InputError, match="B-Y is no IOB1"):
        score("gold.conll", "pred.conll", task="ner")
    scored = score("gold.conll", "pred.conll?repair=conlleval", task="ner")
    assert scored.signature.fields["src"] == "gold=IOB1,pred=IOB1+conlleval"
    assert (scored.score.micro.tp, scored.score.micro.support) == (2, 2)


@pytest.mark.parametrize(
    "command",
    [
        "score --gold x.conll?tag-colum=1 --pred x.conll --task ner",
        "convert x.conll?tag-colum=1 out.jsonl",
        "validate x.conll?tag-colum=1",
        "run empty --gold x.conll?tag-colum=1",
        "compare x.conll x.conll --gold x.conll?tag-colum=1 --task ner",
        "agreement x.conll x.conll?tag-colum=1",
    ],
)
def test_an_option_that_there_is_not_is_refused_everywhere(
    harness: Run, folder: Path, command: str
) -> None:
    done = harness(*command.split())
    assert done.status == 2, done.out
    said = done.err + done.out
    assert "format conll has no option 'tag-colum'. Did you mean 'tag-column'?" in said
    assert "It has: scheme, repair, tag-column, token-column, comments" in said


@pytest.mark.processes
def test_a_record_remembers_how_its_gold_was_read(harness: Run, folder: Path) -> None:
    gold = f"{GOLD}&labels=MISC"
    args = ("run", "gazetteer", "--gold", gold, "--out", "r", "--no-cache", "--types", "ORG,PER")
    done = harness(*args)
    assert done.status == 0, done.err
    (recorded,) = json.loads((folder / "r" / "run.json").read_text())["gold"]
    assert recorded["path"] == "../x.conll"
    assert recorded["options"] == {"tag-column": "1", "labels": "MISC"}
    assert recorded["read_as"] == "IOB2"
    assert "taken to be conll03@1" in done.out and "MISC" in done.out
    # Counted again, from the gold as it is read by that source.
    assert harness("baseline", "accept", "r", "--baseline", "b.json", "--yes").status == 0
    done = harness("check", "--replay", "r", "--baseline", "b.json", "--types", "ORG", "--all")
    assert done.status == 0, done.err + done.out
    assert "ORG f1" in done.out and "PER f1" not in done.out
    done = harness("check", "r", "--baseline", "b.json", "--beta", "0.5", "--all")
    assert "micro f0.5" in done.out
    done = harness("check", "r", "--baseline", "b.json", "--types", "ORGS")
    assert done.status == 2 and "not counted with --types ORGS" in done.err


def test_labels_that_do_not_occur_can_be_declared(folder: Path) -> None:
    (folder / "p.jsonl").write_text(
        '{"id": "x-00001", "entities": [{"start": 0, "end": 3, "label": "MISC"}]}\n'
        '{"id": "x-00002", "entities": []}\n'
    )
    plain = score(GOLD, "p.jsonl", task="ner")
    assert dict(plain.caveats.not_scored) == {"MISC": 1}
    declared = score(f"{GOLD}&labels=MISC", "p.jsonl", task="ner")
    assert not declared.caveats.not_scored
    assert (declared.score.micro.fp, plain.score.micro.fp) == (1, 0)
    assert load_goldset(f"{GOLD}&labels=MISC").digest == load_goldset(GOLD).digest


LOSSY = "T1\tPER 0 3\tAda\nR1\tKnows Arg1:T1 Arg2:T1\n"


@pytest.mark.processes
def test_every_verb_says_what_was_lost(harness: Run, folder: Path) -> None:
    (folder / "d").mkdir()
    (folder / "d" / "a.txt").write_text("Ada met NATO.")
    (folder / "d" / "a.ann").write_text(LOSSY)
    lost = "1 R lines (relations, links and equivalences have no place here)"
    assert f"gold: {lost}" in harness("score", "--gold", "d", "--pred", "d", "--task", "ner").err
    assert f"brat: {lost}" in harness("convert", "d", "d.jsonl").err
    assert lost in harness("validate", "d").out
    done = harness("run", "gazetteer", "empty", "--gold", "d", "--out", "r", "--no-cache")
    assert f"d, as it was read: {lost}" in done.out
    assert json.loads((folder / "r" / "run.json").read_text())["gold"][0]["losses"] == {
        lost.partition(" ")[2]: 1
    }
    assert f"d, as it was read: {lost}" in harness("report", "r").out
    both = harness("compare", "r", "--backend", "gazetteer", "--backend", "empty")
    assert f"d, as it was read: {lost}" in both.out
    assert harness("baseline", "accept", "r", "--baseline", "b.json", "--yes").status == 0
    assert f"d, as it was read: {lost}" in harness("check", "r", "--baseline", "b.json").out


def test_faulty_spans_are_listed_or_left_out(harness: Run, folder: Path) -> None:
    (folder / "d").mkdir()
    for name in "ab":
        (folder / "d" / f"{name}.txt").write_text("Ada met NATO.")
    (folder / "d" / "a.ann").write_text(
        "T1\tPER 0 3\tAda\nT2\tORG 9 13\tNATO\nT3\tORG 8 99\tNATO\n"
    )
    (folder / "d" / "b.ann").write_text("T1\tPER 1 4\tAda\n")
    done = harness("validate", "d")
    assert done.status == 2
    assert [line.split(":")[1] for line in done.out.splitlines() if "[unreadable]" in line] == [
        "2",
        "3",
        "1",
    ]
    assert harness("convert", "d", "x.jsonl").status == 2
    done = harness("convert", "d?faulty=leave-out", "x.jsonl")
    assert done.status == 0
    assert "3 faulty lines: left out" in done.err
    assert "2 documents, 1 entities" in done.out


def test_several_sources_become_one(harness: Run, folder: Path) -> None:
    (folder / "y.conll").write_text("Bergen B-LOC\n\n")
    done = harness("convert", GOLD, "y.conll", "both.jsonl")
    assert done.status == 0, done.err
    assert "3 documents, 4 entities" in done.out
    done = harness("convert", GOLD, GOLD, "twice.jsonl")
    assert done.status == 2 and "comes a second time" in done.err
    done = harness("convert", GOLD, "y.conll", "c.jsonl", "--tag-column", "1")
    assert done.status == 2 and "say them as PATH?option" in done.err


def test_annotators_of_one_file_are_compared(harness: Run, folder: Path) -> None:
    lines = [
        {"id": "a", "annotator": name, "text": "Ada met NATO.", "entities": spans}
        for name, spans in (
            ("one", [{"start": 0, "end": 3, "label": "PER"}]),
            ("two", [{"start": 0, "end": 3, "label": "PER"},
                     {"start": 8, "end": 12, "label": "ORG"}]),
        )
    ]  # fmt: skip
    (folder / "m.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = harness("agreement", "m.jsonl")
    assert done.status == 0 and "annotators: one, two; documents: 1" in done.out
    (record,) = read_any("m.jsonl?annotator=two")
    assert len(record.annotations.entities or ()) == 2
    done = harness("convert", "m.jsonl", "x.jsonl")
    assert "1 labellings by further annotators: left out (annotator=NAME reads one)" in done.err
    done = harness("convert", "m.jsonl?annotator=tow", "x.jsonl")
    assert done.status == 2 and "has no annotator 'tow', only one, two" in done.err


def test_documents_of_annotators_pair_by_text(harness: Run, folder: Path) -> None:
    for name, id_ in (("one", "a"), ("two", "b")):
        line = {"id": id_, "text": "Ada met NATO.", "entities": []}
        (folder / f"{name}.jsonl").write_text(json.dumps(line) + "\n")
    done = harness("agreement", "one.jsonl", "two.jsonl")
    assert done.status == 0 and "documents: 1" in done.out


def test_formats_are_listed_with_all_that_is_to_be_known(harness: Run) -> None:
    done = harness("formats", "--json")
    listed = {row["format"]: row for row in json.loads(done.out)}
    assert listed.keys() == FORMATS.keys()
    assert all(text for row in listed.values() for text in row["options"].values())
    assert "tag-column:" in harness("formats", "conll").out
    assert harness("formats", "conl").status == 2


def test_what_is_settled_is_what_is_read(folder: Path) -> None:
    reader = open_source("x.conll")
    again = open_source(str(reader.settled))
    assert list(again.records()) == list(reader.records())
    assert again.decided == reader.decided


def test_predictions_to_compare_are_sources(harness: Run, folder: Path) -> None:
    done = harness("compare", PREDICTED, GOLD, "--gold", GOLD, "--task", "ner", "--json")
    assert done.status == 0, done.err
    rows = json.loads(done.out)[0]["systems"]
    assert [row["score"] for row in rows] == [pytest.approx(1 / 3), 1.0]
    assert len({row["name"] for row in rows}) == 2
    done = harness("compare", PREDICTED, GOLD)
    assert done.status == 2 and "is read as predictions: give one --gold and --task" in done.err


@pytest.mark.processes
def test_documents_to_predict_are_a_source(harness: Run, folder: Path) -> None:
    done = harness("predict", "gazetteer", "--docs", GOLD, "--task", "ner", "--no-cache", "-q")
    assert done.status == 0, done.err
    assert [json.loads(line)["id"] for line in done.out.splitlines()] == ["x-00001", "x-00002"]


@pytest.mark.parametrize("lines", [1, 30_000])
def test_files_in_another_encoding(harness: Run, folder: Path, lines: int) -> None:
    """CoNLL-2002 as it was published; the first odd byte may be far down."""
    text = "Ana B-PER\n\n" * lines + "Jos\u00e9 B-PER\nvi\u00f3 O\nM\u00e1laga B-LOC\n\n"
    (folder / "esp.train").write_bytes(text.encode("latin-1"))
    refused = harness("score", "--gold", "esp.train", "--pred", "esp.train", "--task", "ner")
    assert refused.status == 2 and "esp.train:" in refused.err
    said = refused.err.splitlines()[-1].split("#")[0].strip().strip("'")
    assert said == "esp.train?encoding=latin-1"
    *_, last = read_any(said)
    assert (last.text or "").startswith("Jos\u00e9 vi\u00f3 M\u00e1laga")
    done = harness("score", "--gold", said, "--pred", said, "--task", "ner", "--json")
    assert json.loads(done.out)["micro"]["f1"] == 1


def test_an_option_is_not_forgotten_where_the_file_is_of_no_format(
    harness: Run, folder: Path
) -> None:
    (folder / "d.txt").write_bytes("caf\u00e9 is a text\n".encode("latin-1"))
    for said, what in (
        ("encodin=latin-1", "no format has an option 'encodin'. Did you mean 'encoding'"),
        ("encoding=koi8", "encoding is 'koi8', expected one of utf-8"),
        ("encoding=latin-1", "none of the known formats"),
    ):
        done = harness("validate", f"d.txt?{said}")
        assert done.status == 2 and what in done.out


def test_errors_about_options_name_the_file(harness: Run, folder: Path) -> None:
    for said, what in (
        ("tag-column=9", "x.conll: tag column '9'"),
        ("scheme=XX", "x.conll: scheme is 'XX'"),
        ("label=PER", "Did you mean 'labels'?"),
        ("lable=PER", "a gold set has besides: labels, level, name, perturb"),
    ):
        done = harness("score", "--gold", f"x.conll?{said}", "--pred", PREDICTED, "--task", "ner")
        assert done.status == 2 and what in done.err, done.err


def test_what_is_read_is_never_written_over(harness: Run, folder: Path) -> None:
    before = (folder / "x.conll").read_text()
    for out in ("x.conll", str(folder / "x.conll")):
        done = harness("convert", "x.conll?tag-column=1", out, "--to", "jsonl")
        assert done.status == 2 and "would be written over" in done.err
    assert (folder / "x.conll").read_text() == before


def test_validate_leaves_out_what_is_to_be_left_out(harness: Run, folder: Path) -> None:
    faulty = {"start": 0, "end": 99, "label": "PER"}
    line = {"id": "a", "text": "Ada Roe left", "entities": [faulty, PERSON]}
    (folder / "g.jsonl").write_text(json.dumps(line) + "\n")
    done = harness("validate", "g.jsonl")
    assert done.status == 2 and "outside the text" in done.out
    done = harness("validate", "g.jsonl?faulty=leave-out")
    assert done.status == 0 and "1 faulty spans: left out" in done.out


@pytest.mark.parametrize("verb", ["validate", "score", "convert", "agreement"])
def test_a_folder_that_may_not_be_entered_is_told(
    harness: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """Whatever is looked at in it: a card, files, their endings."""
    stat = Path.stat

    def refused(self: Path, **how: bool) -> Any:
        if "locked" in self.parts:
            raise PermissionError(13, "Permission denied", str(self))
        return stat(self, **how)

    (folder / "locked").mkdir()
    monkeypatch.setattr(Path, "stat", refused)
    args = {
        "validate": ("locked",),
        "score": ("--gold", "locked", "--pred", "locked", "--task", "ner"),
        "convert": ("locked", "out.jsonl"),
        "agreement": ("locked", "locked"),
    }[verb]
    done = harness(verb, *args)
    assert done.status == 2 and "locked" in done.err + done.out
    assert "Permission denied" in done.err + done.out
