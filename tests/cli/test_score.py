"""`harness score`: golden output, the JSON contract, and every kind of bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import score
from harness.annotation import TaskName

# Counted by hand from tests/data/score: nine gold entities, eight predicted.
#   correct: Ada Roe PERSON, Oslo GPE, Peru GPE, May DATE; boundary: "on Monday", "United Nations";
#   type: NATO as GPE; missed: Roe PERSON, Lima GPE; spurious: mayor PERSON.
GOLDEN_NER = """\
pred.jsonl against gold.jsonl

type      support      P      R     F1  TP  FP  FN
--------  -------  -----  -----  -----  --  --  --
GPE             3  0.667  0.667  0.667   2   1   1
DATE            2  0.500  0.500  0.500   1   1   1
ORG             2  0.000  0.000  0.000   0   1   2
PERSON          2  0.500  0.500  0.500   1   1   1
micro           9  0.500  0.444  0.471   4   4   5
macro           9  0.417  0.417  0.417   –   –   –
weighted        9  0.444  0.444  0.444   –   –   –
"""

Run = Callable[..., Any]


def test_golden_table(harness: Run, gold: Path, pred: Path) -> None:
    done = harness("score", "--gold", gold, "--pred", pred, "--task", "ner")
    assert done.status == 0
    assert done.out.startswith(GOLDEN_NER)
    signature = done.out[len(GOLDEN_NER) :].strip()
    assert signature.startswith("ner|gold:gold@#")
    assert "|match:strict|boundary:raw|" in signature
    assert done.err == ""


@pytest.mark.parametrize(("mode", "tp"), [("strict", 4), ("exact", 5), ("partial", 6), ("type", 6)])
def test_modes_by_hand(harness: Run, gold: Path, pred: Path, mode: str, tp: int) -> None:
    done = harness(
        "score", "--gold", gold, "--pred", pred, "--task", "ner", "--match", mode, "--json"
    )
    micro = json.loads(done.out)["micro"]
    assert (micro["tp"], micro["support"], micro["predicted"]) == (tp, 9, 8)
    assert micro["precision"] == tp / 8
    assert micro["recall"] == tp / 9


def test_normalised_boundaries_forgive_the_determiner(harness: Run, gold: Path, pred: Path) -> None:
    done = harness(
        "score", "--gold", gold, "--pred", pred, "--task", "ner", "--boundary", "normalised",
        "--json",
    )  # fmt: skip
    body = json.loads(done.out)
    assert body["micro"]["tp"] == 5  # "The United Nations"; "on Monday" has no determiner
    assert body["forgiven"] == 1


def test_ner_json_contract(harness: Run, gold: Path, pred: Path) -> None:
    done = harness("score", "--gold", gold, "--pred", pred, "--task", "ner", "--json")
    body = json.loads(done.out)
    assert body["task"] == "ner"
    block = {"precision", "recall", "f1", "tp", "fp", "fn", "support", "cor", "inc", "par"}
    assert block | {"mis", "spu"} <= set(body["micro"])
    assert {"precision", "recall", "f1", "support"} <= set(body["macro"])
    assert {"precision", "recall", "f1", "support"} <= set(body["weighted"])
    assert set(body["types"]) == {"PERSON", "ORG", "GPE", "DATE"}
    assert body["errors"] == {
        "correct": 4, "boundary": 2, "type": 1, "boundary_type": 0, "missed": 2, "spurious": 1,
    }  # fmt: skip
    assert body["confusion"]["ORG"] == {"GPE": 1, "ORG": 1}


def test_attribution_json_contract(harness: Run, gold: Path, pred: Path) -> None:
    done = harness("score", "--gold", gold, "--pred", pred, "--task", "attribution", "--json")
    body = json.loads(done.out)
    assert set(body["relations"]) == {"found50", "found80", "pair", "triple", "exact"}
    assert body["relations"]["found50"]["tp"] == 1
    assert body["relations"]["found50"]["precision"] == 0.5
    assert body["relations"]["triple"]["tp"] == 0  # the prediction has no cue, the gold has one
    assert set(body["elements"]) == {"source", "cue", "content"}
    assert {"exact", "overlap"} <= set(body["elements"]["cue"])
    assert set(body["kinds"]) == {"direct", "indirect", "mixed"}
    assert {"accuracy", "coverage", "f1"} <= set(body["speaker"])
    assert body["speaker"]["accuracy"] is None  # it abstained: nothing was answered
    assert body["speaker"]["coverage"] == 0.0
    assert "null_source" in body


def test_nothing_predicted_is_undefined_not_zero(harness: Run, gold: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text('{"id": "a", "entities": []}\n{"id": "b", "entities": []}\n')
    done = harness("score", "--gold", gold, "--pred", empty, "--task", "ner", "--json")
    micro = json.loads(done.out)["micro"]
    assert micro["precision"] is None
    assert micro["recall"] == 0.0


def test_a_missing_document_is_all_missed_and_listed(
    harness: Run, gold: Path, tmp_path: Path
) -> None:
    some = tmp_path / "some.jsonl"
    some.write_text('{"id": "a", "entities": []}\n')
    done = harness("score", "--gold", gold, "--pred", some, "--task", "ner", "--json")
    body = json.loads(done.out)
    assert done.status == 0
    assert body["micro"]["support"] == 9
    assert body["missing_documents"] == ["b"]
    assert "1 gold document(s) have no predictions, counted as all-missed: b" in done.err


BAD = {
    "outside the text": (
        '{"id": "a", "entities": [{"start": 60, "end": 600, "label": "ORG"}]}',
        "bad.jsonl: document 'a': predicted span [60, 600): end 600 is outside the text of 67 code",
    ),
    "end before start": (
        '{"id": "a", "entities": [{"start": 9, "end": 4, "label": "ORG"}]}',
        "end 4 is not after start 9",
    ),
    "no integer": (
        '{"id": "a", "entities": [{"start": "9", "end": 4, "label": "ORG"}]}',
        "start is '9', expected an integer",
    ),
    "no label": ('{"id": "a", "entities": [{"start": 0, "end": 4}]}', '"start", "end" and "label"'),
    "stranger": ('{"id": "z", "entities": []}', "not in the gold: 'z'"),
    "twice": (
        '{"id": "a", "entities": []}\n{"id": "a", "entities": []}',
        "document id 'a' comes a second time (first on line 1)",
    ),
    "cut off": ('{"id": "a", "entities": []}\n{"id": "b", "ent', ":2: not a JSON object"),
    "other text": (
        '{"id": "a", "text": "Ada", "entities": []}',
        "bad.jsonl: document 'a': the predictions' text differs from the gold's",
    ),
    "no layer": ('{"id": "a"}', "no entities layer"),
    "nothing": ("", "bad.jsonl: the file is empty"),
    "no object": ("[1, 2]", "JSON of none of the known formats"),
    "bad kind": (
        '{"id": "a", "attributions": [{"kind": "free", "content": [{"start": 0, "end": 2}]}]}',
        "expected one of direct, indirect, mixed",
    ),
    "no content": ('{"id": "a", "attributions": [{"content": []}]}', "at least one span"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_predictions(harness: Run, gold: Path, tmp_path: Path, case: str) -> None:
    text, message = BAD[case]
    path = tmp_path / "bad.jsonl"
    path.write_text(text, "utf-8")
    done = harness("score", "--gold", gold, "--pred", path, "--task", "ner")
    assert done.status == 2
    assert message in done.err
    assert done.out == ""


def test_span_text_that_differs(harness: Run, pred: Path, tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text(
        '{"id": "a", "text": "Ada met Ben", '
        '"entities": [{"start": 0, "end": 3, "label": "PERSON", "text": "Ben"}]}\n'
    )
    done = harness("score", "--gold", path, "--pred", pred, "--task", "ner")
    assert done.status == 2
    assert f"{path}:1: entities[0]: " in done.err
    assert "'Ben', but the document has 'Ada'" in done.err


def test_span_text_of_predictions_that_leave_the_document_out(
    harness: Run, gold: Path, tmp_path: Path
) -> None:
    text = json.loads(gold.read_text("utf-8").splitlines()[0])["text"]
    span = {"start": 0, "end": 3, "label": "PERSON"}
    path = tmp_path / "pred.jsonl"
    other = json.dumps({"id": "b", "entities": []})
    for said, status in ((text[:3], 0), ("???", 2)):
        record = {"id": "a", "entities": [{**span, "text": said}]}
        path.write_text(f"{other}\n{json.dumps(record)}\n", "utf-8")
        done = harness("score", "--gold", gold, "--pred", path, "--task", "ner")
        assert done.status == status
    assert f"{path}:2: entities[0]: " in done.err
    assert "'???', but the document has" in done.err


@pytest.mark.parametrize("task", ["ner", "attribution"])
def test_one_signature_from_command_and_library(harness: Run, gold: Path, task: TaskName) -> None:
    done = harness("score", "--gold", gold, "--pred", gold, "--task", task, "--json")
    assert json.loads(done.out)["signature"] == str(score(gold, gold, task=task).signature)


def test_not_utf8_names_the_line(harness: Run, gold: Path, tmp_path: Path) -> None:
    path = tmp_path / "latin.jsonl"
    path.write_bytes(b'{"id": "a", "entities": []}\n{"id": "\xe9", "entities": []}\n')
    done = harness("score", "--gold", gold, "--pred", path, "--task", "ner")
    assert done.status == 2
    assert "latin.jsonl:2" in done.err
    assert "UTF-8" in done.err


def test_a_directory_and_a_missing_file(harness: Run, gold: Path, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.jsonl"):
        done = harness("score", "--gold", gold, "--pred", path, "--task", "ner")
        assert done.status == 2
        assert str(path) in done.err


def test_unknown_label_for_the_schema(harness: Run, gold: Path, tmp_path: Path) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_text(
        '{"id": "a", "entities": [{"start": 0, "end": 3, "label": "PERSON"}, '
        '{"start": 4, "end": 7, "label": "WIZARD"}]}\n{"id": "b", "entities": []}\n'
    )
    loose = harness(
        "score", "--gold", gold, "--pred", path, "--task", "ner", "--schema", "ontonotes5"
    )
    assert loose.status == 0
    assert "WIZARD (1)" in loose.err
    strict = harness(
        "score", "--gold", gold, "--pred", path, "--task", "ner", "--schema", "ontonotes5",
        "--strict-labels",
    )  # fmt: skip
    assert strict.status == 2
    assert "WIZARD (1)" in strict.err


def test_strict_labels_without_a_schema(
    harness: Run, gold: Path, pred: Path, tmp_path: Path
) -> None:
    argv = ("score", "--gold", gold, "--task", "ner", "--strict-labels", "--pred")
    assert harness(*argv, pred).status == 0
    odd = tmp_path / "odd.jsonl"
    # EVENT is a label of the gold's schema although none occurs; PER is PERSON in another spelling.
    odd.write_text(
        '{"id": "a", "entities": [{"start": 0, "end": 3, "label": "PER"}, '
        '{"start": 4, "end": 7, "label": "PER"}, {"start": 8, "end": 9, "label": "EVENT"}]}\n'
        '{"id": "b", "entities": []}\n'
    )
    done = harness(*argv, odd)
    assert done.status == 2
    assert "PER (2)" in done.err and "EVENT (" not in done.err
    done = harness("score", "--gold", gold, "--task", "ner", "--pred", odd)
    assert done.status == 0


@pytest.mark.parametrize("more", [("attribution",), ("ner", "--as", "seqeval")])
def test_strict_labels_where_it_would_do_nothing(
    harness: Run, gold: Path, pred: Path, more: tuple[str, ...]
) -> None:
    done = harness("score", "--gold", gold, "--pred", pred, "--strict-labels", "--task", *more)
    assert done.status == 2
    assert "--strict-labels" in done.err


def test_schema_projects_both_sides(harness: Run, gold: Path, pred: Path) -> None:
    done = harness(
        "score", "--gold", gold, "--pred", pred, "--task", "ner", "--schema", "conll03", "--json"
    )
    body = json.loads(done.out)
    assert set(body["types"]) == {"PER", "ORG", "LOC"}  # dates have no counterpart there
    assert body["types"]["LOC"]["support"] == 3


def test_the_signature_is_that_of_a_run_for_the_same_count(harness: Run, tmp_path: Path) -> None:
    run = ("run", "gazetteer", "--gold", "seeds", "--task", "ner", "--schema", "conll03")
    assert harness(*run, "--out", tmp_path, "--quiet").status == 0
    (predictions,) = tmp_path.glob("predictions/seeds/ner/*.jsonl")
    done = harness(
        "score", "--gold", "seeds", "--pred", predictions, "--task", "ner", "--schema", "conll03",
        "--json",
    )  # fmt: skip
    signed = json.loads((tmp_path / "run.json").read_text())["results"][0]["signature"]
    assert json.loads(done.out)["signature"] == signed
    assert "|schema:conll03@1|proj:gold=ontonotes5--conll03@1,pred=" in signed


def test_unknown_schema_names_the_nearest(harness: Run, gold: Path, pred: Path) -> None:
    done = harness(
        "score", "--gold", gold, "--pred", pred, "--task", "ner", "--schema", "ontonotes4"
    )
    assert done.status == 2
    assert "ontonotes5" in done.err


def test_crlf_and_nbsp_stay_byte_true(harness: Run, gold: Path) -> None:
    done = harness("score", "--gold", gold, "--pred", gold, "--task", "ner", "--json")
    assert json.loads(done.out)["micro"]["f1"] == 1.0
    text = json.loads(gold.read_text("utf-8").splitlines()[1])["text"]
    assert "\r\n" in text
    assert "\xa0" in text


def test_modes_are_for_entities(harness: Run, gold: Path, pred: Path) -> None:
    done = harness(
        "score", "--gold", gold, "--pred", pred, "--task", "attribution", "--match", "exact"
    )
    assert done.status == 2


def test_text_of_backends_cannot_command_the_terminal(
    harness: Run, gold: Path, tmp_path: Path
) -> None:
    path = tmp_path / "evil.jsonl"
    label = "\x1b[31mRED|"
    record = {"id": "a", "entities": [{"start": 0, "end": 3, "label": label}]}
    path.write_text(json.dumps(record) + '\n{"id": "b", "entities": []}\n')
    done = harness("score", "--gold", gold, "--pred", path, "--task", "ner", "--format", "github")
    assert done.status == 0
    assert "\x1b" not in done.out + done.err
    assert "not scored:  [31mRED" in done.out
    path.write_text(json.dumps({**record, "text": "Ann"}) + "\n")
    done = harness("score", "--gold", path, "--pred", path, "--task", "ner", "--format", "github")
    assert done.status == 0
    assert "\x1b" not in done.out + done.err
    assert "RED\\|" in done.out


@pytest.mark.parametrize("form", ["json", "csv"])
def test_what_the_doctor_says_does_not_break_a_format_for_machines(
    harness: Run, gold: Path, tmp_path: Path, form: str
) -> None:
    path = tmp_path / "none.jsonl"
    path.write_text('{"id": "a", "error": "\\u001b[31mboom"}\n{"id": "b", "entities": []}\n')
    done = harness("score", "--gold", gold, "--pred", path, "--task", "ner", "--format", form)
    assert done.status == 0
    assert "->" in done.err
    assert "->" not in done.out
    assert "\x1b" not in done.err
    if form == "json":
        json.loads(done.out)


def test_hints_name_no_option_that_does_not_help(harness: Run, gold: Path, tmp_path: Path) -> None:
    odd = tmp_path / "odd.txt"
    odd.write_text("nothing of the kind\n")
    done = harness("score", "--gold", gold, "--pred", odd, "--task", "ner")
    assert done.status == 2
    assert "harness formats lists what is read; ?format=NAME" in done.err
    assert "--from" not in done.err  # which score does not have
    stranger = tmp_path / "stranger.jsonl"
    stranger.write_text('{"id": "stranger", "entities": []}\n')
    done = harness("score", "--gold", gold, "--pred", stranger, "--task", "ner", "--as", "seqeval")
    assert done.status == 2
    assert "gold ids look like 'a'" in done.err and "--doctor" not in done.err
