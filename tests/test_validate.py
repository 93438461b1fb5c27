"""`harness validate`: what it stops at, and what it lets pass."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.annotation import Annotations, Attribution, Entity, Record, Span
from harness.cli.main import main
from harness.curation.validate.card import sums_as_toml
from harness.curation.validate.finding import Finding
from harness.curation.validate.lints import lint_record, lint_strings
from harness.curation.validate.validate import Validation, validate
from harness.errors import InputError
from harness.formats import jsonl
from harness.gold.loading import load_goldset
from harness.labels.schema import load_schema

TINY = Path(__file__).parent / "data" / "goldsets" / "tiny"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "goldsets" / "tiny"))


def _edit(path: Path, old: str, new: str) -> None:
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new))


def _checks(findings: Sequence[Finding], severity: str = "error") -> list[str]:
    return [finding.check for finding in findings if finding.severity == severity]


def _record(text: str, *entities: tuple[int, int, str]) -> Record:
    return Record("a", text, Annotations(tuple(Entity(*entity) for entity in entities)))


def _lint(record: Record, **options: bool) -> list[str]:
    return [f"{finding.severity} {finding.check}" for finding in lint_record(record, **options)]


def test_the_example_is_clean(tiny: Path) -> None:
    assert validate(tiny) == []


# --- the card --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "severity", "message"),
    [
        ('licence = "MIT"\n', "", "error", '"licence" is missing'),
        ('version = "1"\n', "", "error", '"version" is missing'),
        ('language = "en"\n', "", "warning", '"language" is missing'),
        ('licence = "MIT"', 'licence = "MIT"\nlanguge = "en"', "warning",
         "unknown field 'languge', did you mean 'language'?"),
        ('"guidelines.md"', '"rules.md"', "error", '"guidelines": no file rules.md'),
        ('a = "annotators/a"', 'a = "annotators/z"', "error", "annotator 'a': no folder"),
        ('origin = "invented"', "", "warning", "document 'harbour': where it comes from"),
        ('id = "mill"', 'id = "harbour"', "error", "document 'harbour' is listed twice"),
        ("[agreement]", "[elsewhere]", "warning", '"agreement" is missing'),
        ("ner = {", "nerd = {", "warning", "does not state ner = { f1 = 0.857"),
        ("ner = { f1 = 0.857", "ner = { f1 = 0.9", "error", "ner f1 is 0.857, the card says 0.9"),
        ("ner = { f1 = 0.857,", "ner = {", "error", "agreement.ner: no 'f1'"),
        ('schema = "ontonotes5"\n', "", "warning", '"schema" is missing'),
        ('tasks = ["ner", "attribution"]', 'tasks = ["nerd"]', "error", "tasks[0]: found 'nerd'"),
        ('texts = "texts"', 'texts = "nowhere"', "error", "is no folder"),
        ('name = "tiny"', "name = ", "error", "not TOML"),
    ],
)  # fmt: skip
def test_card(tiny: Path, old: str, new: str, severity: str, message: str) -> None:
    _edit(tiny / "goldset.toml", old, new)
    found = [f for f in validate(tiny) if message in f.message]
    assert [f.severity for f in found[:1]] == [severity]
    assert found[0].path.endswith("goldset.toml")


def test_documents_of_a_card_that_its_file_does_not_have(tmp_path: Path) -> None:
    card = ['name = "c"', 'version = "1"', 'tasks = ["ner"]', 'licence = "MIT"']
    card += ['data = "g.jsonl"', *("[[documents]]", 'id = "b"', "[[documents]]", 'id = "x"')]
    (tmp_path / "goldset.toml").write_text("\n".join(card), "utf-8")
    jsonl.write(tmp_path / "g.jsonl", [replace(_record("Roe"), id=name) for name in "ab"])
    (finding,) = [one for one in validate(tmp_path) if one.severity == "error"]
    assert finding.message == "lists document 'x', which is not in g.jsonl"
    assert finding.path == str(tmp_path / "goldset.toml")
    assert len(load_goldset(tmp_path).read_all()) == 2, "it is no fault where a run reads it"


def test_sums(tiny: Path) -> None:
    (tiny / "texts" / "mill.txt").write_text(
        (tiny / "texts" / "mill.txt").read_text() + "\nOne more line.\n"
    )
    (tiny / "annotators" / "b" / "mill.ann").unlink()
    (tiny / "annotators" / "a" / "mill.ann").write_text("")
    found = [f for f in validate(tiny) if f.check == "sha256"]
    assert sorted(f.message.split(" is ")[0] for f in found if f.severity == "error") == [
        "annotators.a: mill",
        "annotators.b: a sum for mill, which",
        "texts: mill",
    ]
    assert "the file was changed" in found[0].message
    card = tiny / "goldset.toml"
    card.write_text(card.read_text().split("[sha256.texts]")[0] + sums_as_toml_of(tiny))
    assert not [f for f in validate(tiny) if f.check == "sha256"]
    card.write_text(card.read_text().replace("[sha256.layers]", "[sha256.other]"))
    assert {f.severity for f in validate(tiny) if f.check == "sha256"} == {"error", "warning"}


def sums_as_toml_of(path: Path) -> str:
    from harness.gold.loading import load_goldset

    return sums_as_toml(load_goldset(path))


def test_sums_are_of_the_bytes(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(tiny), "--sums"]) == 0
    digest = hashlib.sha256((tiny / "texts" / "mill.txt").read_bytes()).hexdigest()
    out = capsys.readouterr().out
    assert '[sha256.texts]\n"harbour" = "' in out
    assert f'"mill" = "{digest}"' in out


# --- files that cannot be read ---------------------------------------------------------------


def test_every_broken_layer_is_named(tiny: Path) -> None:
    _edit(tiny / "harbour.ann", "GPE 21 31\tBrackwater", "GPE 20 31\tBrackwater")
    _edit(tiny / "mill.ann", "E1\tAttribution:T2", "E1\tAttribution:T99")
    (tiny / "annotators" / "a" / "stray.ann").write_text("")
    found = [f for f in validate(tiny) if f.check == "unreadable"]
    assert [(Path(f.path).name, f.line) for f in found] == [
        ("harbour.ann", 1),
        ("mill.ann", 5),
        ("stray.ann", None),
    ]
    assert "prints 'Brackwater', but the document has" in found[0].message
    assert "no line T99" in found[1].message


def test_what_the_reader_had_to_simplify_is_said(tiny: Path) -> None:
    layer = tiny / "mill.ann"
    layer.write_text(
        layer.read_text() + "T8\tORG 4 8;12 18\tmill closed\nR1\tOwns Arg1:T1 Arg2:T8\n"
    )
    found = [f for f in validate(tiny) if f.check == "not-held"]
    assert [f.message.split(":")[0].split(" (")[0] for f in found] == ["1 R lines"]


def test_a_missing_layer(tiny: Path) -> None:
    (tiny / "mill.ann").unlink()
    assert _checks(validate(tiny)) == ["sha256", "missing-layer", "missing-layer"]


def test_every_broken_line_is_named(tmp_path: Path) -> None:
    lines = [
        '{"id": "a", "text": "Ines", "entities": [{"start": 0, "end": 9, "label": "PER"}]}',
        '{"id": "b", "text": "Ines", "entities": [{"start": 2, "end": 1, "label": "PER"}]}',
        '{"id": "c", "text": "Ines", "entities": [{"start": 0, "end": 4, "label": "PER", '
        '"text": "Anna"}]}',
        '{"id": "d", "text": "Ines", "entities": []}',
        '{"id": "d", "text": "Ines", "entities": []}',
        '{"id": "e", "text": ',
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines))
    found = validate(path)
    assert [f.line for f in found] == [1, 2, 3, 5, 6]
    assert {f.check for f in found} == {"unreadable"}
    assert "comes a second time (first on line 4)" in found[3].message


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "file is empty"), (b"\xff\xfe", "not UTF-8"), (b"prose\n", "cannot tell how")],
)
def test_files_that_are_none(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a").write_bytes(content)
    (finding,) = validate(tmp_path / "a")
    assert message in finding.message


def test_crlf_and_nbsp_are_no_fault(tmp_path: Path) -> None:
    record = _record("Ines\u00a0Roe left.\r\n\r\nRain.\r\n", (0, 8, "PER"))
    jsonl.write(tmp_path / "a.jsonl", [record])
    assert validate(tmp_path / "a.jsonl") == []


# --- lints -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "span", "found"),
    [
        (" Ines ", (0, 5), ["warning white-space-edge"]),
        ("Ines\u00a0", (0, 5), ["warning white-space-edge"]),
        ("Ines, Roe", (0, 5), ["warning punctuation-edge"]),
        ("“Ines”", (0, 6), ["warning punctuation-edge"]),
        ("Ines.", (0, 5), []),  # may be an abbreviation: five letters at most
        ("Calloway.", (0, 9), ["warning punctuation-edge"]),
        ("the U.S.", (4, 8), []),
        ("Acme Inc.", (0, 9), []),
        ("$3 million", (0, 10), []),
        ("12 %", (0, 4), []),
        ("Yahoo!", (0, 6), ["warning punctuation-edge"]),
        ("-led NATO", (0, 9), ["warning punctuation-edge"]),
        ("NATO's", (0, 6), []),
        ("Roe'", (0, 4), ["warning punctuation-edge"]),
    ],
)
def test_edges(text: str, span: tuple[int, int], found: list[str]) -> None:
    assert _lint(_record(text, (*span, "X"))) == found


def test_edges_of_attributions_may_be_punctuation_but_no_white_space() -> None:
    content = Attribution((Span(0, 5), Span(6, 9)), Span(4, 5), Span(10, 11))
    record = Record("a", "“Rai” “n” : .", Annotations(None, (content,)))
    assert _lint(record) == []
    record = Record("a", "“Rai” “n”", Annotations(None, (Attribution((Span(0, 6),)),) * 2))
    assert _lint(record) == [
        "warning white-space-edge",
        "warning white-space-edge",
        "warning duplicate",
    ]


def test_overlaps_and_duplicates() -> None:
    text = "Bank of England"
    assert _lint(_record(text, (0, 15, "ORG"), (8, 15, "GPE"))) == ["warning nested"]
    assert _lint(_record(text, (0, 15, "ORG"), (8, 15, "GPE")), nested=True) == []
    assert _lint(_record(text, (0, 15, "ORG"), (0, 15, "ORG"))) == ["warning duplicate"]
    assert _lint(_record(text, (0, 15, "ORG"), (0, 15, "GPE"))) == ["warning nested"]
    assert _lint(_record(text, (0, 7, "ORG"), (5, 15, "GPE"))) == ["warning overlap"]
    assert _lint(_record(text, (0, 4, "ORG"), (4, 7, "GPE"))) == ["warning white-space-edge"]
    nested = _record(text, (0, 15, "A"), (0, 4, "B"), (8, 15, "C"))
    assert _lint(nested) == ["warning nested", "warning nested"]


def test_unknown_labels_are_errors_where_the_schema_is_known(tmp_path: Path) -> None:
    record = _record("Ines left", (0, 4, "HUMAN"))
    (finding,) = lint_record(record, schema=load_schema("conll03"))
    assert (finding.severity, finding.check) == ("error", "unknown-label")
    assert finding.message == "conll03@1 has no label 'HUMAN'"
    assert finding.context == "[Ines] left"
    jsonl.write(tmp_path / "a.jsonl", [record])
    assert validate(tmp_path / "a.jsonl") == []  # the labels are the schema
    assert _checks(validate(tmp_path / "a.jsonl", schema="conll03")) == ["unknown-label"]


def test_normal_form_and_odd_characters() -> None:
    assert _lint(_record("café")) == []
    assert _lint(_record("cafe\u0301")) == ["warning normal-form"]
    assert _lint(_record("\ufeffRain \ufffd")) == ["warning odd-character"] * 2


def test_one_string_two_labels_and_unlabelled_repeats() -> None:
    records = [
        Record("a", "Moscow denied it in Moscow. moscow, Moscowans.",
               Annotations((Entity(0, 6, "GPE"),))),
        Record("b", "Moscow and $3; $3.",
               Annotations((Entity(0, 6, "ORG"), Entity(11, 13, "MONEY")))),
        Record("c", "Moscow here, Moscow there", Annotations(()), (Span(0, 11),)),
        Record("d", "Moscow, not annotated", Annotations(None)),
    ]  # fmt: skip
    found = list(lint_strings(lambda: records))
    assert [(f.check, f.message) for f in found] == [
        ("two-labels", "“Moscow” is GPE 1 (a:0); ORG 1 (b:0)"),
        ("unlabelled-repeat",
         "“$3” is labelled (MONEY 1) and stands unlabelled 1 time: b:15"),
        ("unlabelled-repeat",
         "“Moscow” is labelled (GPE 1, ORG 1) and stands unlabelled 2 times: a:20, c:13"),
    ]  # fmt: skip


def test_a_document_in_two_gold_sets(tiny: Path) -> None:
    other = Path(shutil.copytree(tiny, tiny.parent / "other"))
    (other / "texts" / "harbour.txt").write_text("Another text altogether.\n")
    (finding,) = validate(tiny)
    assert (finding.severity, finding.check, finding.document) == (
        "warning", "same-document", "mill",
    )  # fmt: skip
    assert "also in" in finding.message
    assert "other" in finding.message


def test_the_same_long_text_twice_in_one_set(tmp_path: Path) -> None:
    long, short = "It rained on the harbour. " * 10, "( 1 - 0 )"
    records = [Record(str(i), text, Annotations(())) for i, text in enumerate([long, short] * 2)]
    jsonl.write(tmp_path / "a.jsonl", records)
    (finding,) = validate(tmp_path / "a.jsonl")
    assert finding.message == "the text is twice in this set, as '0'"


def test_annotators_layers_are_linted_too(tiny: Path) -> None:
    _edit(tiny / "annotators" / "b" / "mill.ann", "PERSON 33 44", "HUMAN 33 44")
    found = [f for f in validate(tiny) if f.check == "unknown-label"]
    assert [f.path for f in found] == ["annotator b"]


# --- the command -----------------------------------------------------------------------------


def test_exit_status(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(tiny)]) == 0
    assert capsys.readouterr().out == f"{tiny}: 0 errors, 0 warnings\n"
    _edit(tiny / "goldset.toml", 'language = "en"\n', "")
    assert main(["validate", str(tiny)]) == 0
    assert "warning [card]" in capsys.readouterr().out
    assert main(["validate", str(tiny), "--strict"]) == 2
    (tiny / "mill.ann").write_text("nonsense")
    assert main(["validate", str(tiny)]) == 2
    capsys.readouterr()
    assert main(["validate", str(tiny / "missing")]) == 2
    assert "no gold set" in capsys.readouterr().err


def test_json(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _edit(tiny / "mill.ann", "PERSON 33 44", "HUMAN 33 44")
    _edit(tiny / "goldset.toml", '\nmill = "', '\nmill = "0')
    assert main(["validate", str(tiny), "--json"]) == 2
    value = json.loads(capsys.readouterr().out)
    assert value["errors"] == len(value["findings"]) - value["warnings"] > 0
    label = next(f for f in value["findings"] if f["check"] == "unknown-label")
    assert label["document"] == "mill"
    assert (label["start"], label["end"]) == (33, 44)


def test_long_lists_are_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = _record("Ines, " * 30, *((i * 6, i * 6 + 5, "PER") for i in range(30)))
    jsonl.write(tmp_path / "a.jsonl", [record])
    assert main(["validate", str(tmp_path / "a.jsonl")]) == 0
    out, err = capsys.readouterr()
    assert out.count("[punctuation-edge]") == 20
    assert "and 10 more [punctuation-edge]" in err
    assert main(["validate", str(tmp_path / "a.jsonl"), "--all"]) == 0
    assert capsys.readouterr().out.count("[punctuation-edge]") == 30


def test_untrusted_text_is_shown_without_control_characters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jsonl.write(tmp_path / "a.jsonl", [_record("\x1b[31mInes, Roe", (5, 10, "PER"))])
    assert main(["validate", str(tmp_path / "a.jsonl")]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_nothing_there() -> None:
    with pytest.raises(InputError, match="no gold set"):
        list(Validation().check("no/such/thing"))


def test_predictions_without_texts_are_checked_as_far_as_they_go(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "predictions.jsonl"
    spans = [(0, 3, "PER"), (5, 9, "ORG"), (7, 12, "ODD")]
    jsonl.write(path, [Record("a", None, Annotations(tuple(Entity(*span) for span in spans)))])
    findings = validate(path, schema="conll03")
    assert _checks(findings) == ["unknown-label"]
    assert _checks(findings, "warning") == ["overlap", "no-text"]
    assert main(["validate", str(path), "--schema", "conll03"]) == 2
    assert "1 document has no text" in capsys.readouterr().out
