"""No verb passes on a record that contradicts itself, whatever single edit made it do so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from doubtful import CHECK, VERBS, Capture, Desk, accepted, said

Json = dict[str, Any]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return accepted(tmp_path_factory.mktemp("doubt"))


@pytest.fixture
def desk(made: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(made.folder)
    made.restore()
    yield made
    Path("new.json").unlink(missing_ok=True)


def test_the_good_record_passes_everywhere(desk: Desk, capsys: Capture) -> None:
    for argv in (*VERBS, (*CHECK, "--replay")):
        status, text = said(capsys, argv)
        assert status == 0, text
        assert "warning:" not in text and "contradicts" not in text


# --- contradictions ----------------------------------------------------------------------------


def row(value: Json, name: str) -> Json:
    """A backend's row."""
    found: Json = next(one for one in value["results"] if one["backend"] == name)
    return found


def puts(name: str, **fields: Any) -> Any:
    return lambda value: row(value, name).update(fields)


def signs(name: str, old: str, new: str) -> Any:
    def change(value: Json) -> None:
        one = row(value, name)
        assert old in one["signature"]
        one["signature"] = one["signature"].replace(old, new)

    return change


def counts(name: str, number: int, tally: Any) -> Any:
    """Other counts in a unit of a row; `None` takes the unit away."""

    def change(value: Json) -> None:
        units = row(value, name)["units"]
        if tally is None:
            del units[number]
        else:
            units[number][2] = tally

    return change


def adds(name: str, number: int, **more: Any) -> Any:
    return lambda value: row(value, name)["units"][number][2].update(more)


def of_failed(value: Json) -> None:
    """Right mentions in a document without an answer, and as many gold mentions as before."""
    one = row(value, "d")
    lost = one["failures"][0][0]
    unit = next(u for u in one["units"] if u[0] == lost and u[2].get("errors"))
    missed = unit[2]["errors"].pop(0)
    unit[2]["correct"] = {missed[1]: missed[3]}


def no_failed_row(value: Json) -> None:
    del value["results"][2], value["common"][1]


def old_error(value: Json) -> None:
    value.update(status="error", schema_version=1, tool_version="0.1.0")


def renamed(value: Json) -> None:
    row(value, "b")["gold"] = "elsewhere"


# What is changed, and what is said of it.
DOUBTS: dict[str, tuple[Any, str]] = {
    "two rows": (lambda v: v["results"].append(row(v, "b")), "two rows in results are about b"),
    "two rows in common": (lambda v: v["common"].append(v["common"][0]), "two rows in common"),
    "two gold sets": (lambda v: v["gold"].append(v["gold"][0]), "two gold sets have the same name"),
    "no gold set": (lambda v: v["gold"].pop(0), "has no gold set 'planted'"),
    "row of no gold set": (renamed, "has no gold set 'elsewhere'"),
    "task of no gold set": (lambda v: v["gold"][0].update(tasks=[]), "no annotations for ner"),
    "small gold set": (lambda v: v["gold"][0].update(documents=11), "12 documents of 11"),
    "error": (lambda v: v.update(status="error"), "status is 'error', its results make it 'par"),
    "success": (lambda v: v.update(status="success"), "'success', its results make it 'partial'"),
    "old error": (old_error, "status is 'error', and"),
    "an old record of today": (lambda v: v.update(schema_version=1), "of schema version 1, which"),
    "another version": (lambda v: v.update(tool_version="0.4.9"), "version is '0."),
    "another match": (lambda v: v["options"].update(match="exact"), "match is 'strict' in its sig"),
    "another boundary": (lambda v: v["options"].update(boundary="x"), "boundary is 'raw' in its"),
    "no failed row": (no_failed_row, "'partial', its results make it 'success'"),
    "all failed": (puts("b", failed=12), "12 of 12 documents failed, and yet it has counts"),
    "no documents": (puts("b", documents=0), "documents is 12 in its signature and 0"),
    "some failed": (puts("b", failed=1), "status is 'ok', but 1 documents failed"),
    "none failed": (puts("d", failed=0), "status is 'partial', but 0 documents failed"),
    "fewer failed": (puts("d", failed=1), "1 documents failed, and 2 are listed"),
    "more failed": (puts("d", failed=3), "3 documents failed, and 2 are listed"),
    "ok after all": (puts("d", status="ok"), "status is 'ok', but 2 documents failed"),
    "failed": (puts("b", status="failed"), "status is 'failed', and yet it has counts"),
    "unavailable": (puts("b", status="unavailable"), "'unavailable', and yet it has counts"),
    "no units": (puts("b", units=[]), "status is 'ok', and yet it has no counts"),
    "no signature": (puts("b", signature=None), "status is 'ok', and yet it has no counts"),
    "units twice": (lambda v: row(v, "c").update(units=row(v, "b")["units"]), "and in a file"),
    "signed task": (signs("b", "ner|", "attribution|"), "the task is 'attribution' in its sig"),
    "signed gold": (signs("b", "planted@", "other@"), "the gold set is 'other' in its signature"),
    "signed version": (signs("b", "planted@", "planted@3"), "version of the gold set is '3' in"),
    "signed digest": (signs("b", "planted@#", "planted@#0"), "digest of the gold set is '0"),
    "signed documents": (signs("b", "n:12d", "n:11d"), "number of documents is 11 in its sig"),
    "signature broken": (signs("b", "match:", "latch:"), "its signature cannot be read"),
    "signed too many": (signs("b", "n:12d", f"n:{'9' * 5000}d"), "its signature cannot be read"),
    "card's version": (lambda v: v["gold"][0].update(version="3"), "is '' in its signature and"),
    "card's digest": (lambda v: v["gold"][0].update(digest="0" * 64), "and '00000000' in the rec"),
    "right in a failed document": (of_failed, "failed, and yet something is predicted in it"),
    "a failure elsewhere": (
        lambda v: row(v, "d").update(failures=[["d0003", "lost"], ["d9999", "lost"]]),
        "'d9999' failed, and its counts do not have it",
    ),
    "unit lost": (counts("b", 1, None), "'d0000' are not of one paragraph each"),
    "last unit lost": (counts("b", -1, None), "of other paragraphs than those of b on planted"),
    "unit twice": (
        lambda v: row(v, "b")["units"].insert(0, row(v, "b")["units"][0]),
        "'d0000' are not of one paragraph each",
    ),
    "document lost": (
        lambda v: row(v, "b").update(units=row(v, "b")["units"][3:]),
        "12 documents were counted, its counts are of 11",
    ),
    "a cell twice": (
        lambda v: v["common"][0]["units"][0][2]["errors"].append(
            v["common"][0]["units"][0][2]["errors"][0]
        ),
        "its counts cannot be read: two counts of",
    ),
    "common alone": (
        lambda v: v["common"][0].update(backend="z"), "z on planted (ner) is in common alone"
    ),
    "document more": (
        lambda v: row(v, "b")["units"].append(["d9999", 0, {}]),
        "12 documents were counted, its counts are of 13",
    ),
    "unknown count": (adds("b", 0, korrekt={"PER": 1}), "not a count of an entity score: 'kor"),
    "negative count": (counts("b", 0, {"correct": {"PER": -1}}), "not a count: -1"),
    "count in words": (counts("b", 0, {"correct": {"PER": "1"}}), "not a count: '1'"),
    "count of a truth": (counts("b", 0, {"correct": {"PER": True}}), "not a count: True"),
    "count of a part": (counts("b", 0, {"correct": {"PER": 0.5}}), "not a count: 0.5"),
    "no counts": (counts("b", 0, []), "its counts cannot be read"),
    "count too large": (adds("b", 0, forgiven=10**60), "a number of 61 digits"),
    "count below none": (
        adds("b", 0, partial=[["correct", "PER", "PER", -50]]), "'d0000' do not add up"
    ),
    "unknown relation": (adds("q", 0, found30=1), "unknown count 'found30'"),
    "negative relation": (adds("q", 0, found50=-1), "found50 is -1, expected a count"),
    "more found than there": (adds("q", 0, found50=99), "'s000' do not add up"),
    "more predicted than said": (adds("r", 0, predicted=99), "'s000' do not add up"),
    "other gold": (counts("b", 0, {"correct": {"PER": 9}}), "they were counted in the same way"),
    "predictions without digest": (puts("b", predictions_digest=""), "without a digest"),
    "digest without predictions": (puts("b", predictions=None), "but names no file"),
    "units without digest": (puts("c", units_digest=""), "a file of units without a digest"),
    "a path that cannot be": (puts("b", predictions="a\0b"), "cannot be looked for"),
    "a path too long": (puts("b", predictions="x" * 5000), "cannot be looked for"),
    "scores in words": (lambda v: row(v, "b")["scores"]["strict"].update(f1="high"), "no numbers"),
    "scores of nothing": (lambda v: row(v, "q")["scores"].update(relations=None), "no numbers"),
    "an endless score": (
        lambda v: row(v, "b")["scores"]["strict"].update(f1=float("inf")), "number Infinity"
    ),
    "a cost beyond numbers": (
        lambda v: row(v, "b")["costs"].update(model_bytes=10**400), "a number of 401 digits"
    ),
    "agreement in words": (
        lambda v: v["gold"][0].update(agreement={"ner": {"f1": "high"}}), "is no numbers"
    ),
    "a seed below 0": (lambda v: v.update(seed=-1), "seed: found -1"),
}  # fmt: skip


@pytest.mark.parametrize("name", DOUBTS)
def test_a_contradiction_is_refused_by_every_verb(name: str, desk: Desk, capsys: Capture) -> None:
    change, words = DOUBTS[name]
    desk.edit(change)
    for argv in (*VERBS, (*CHECK, "--replay"), ("report", "run", "--json")):
        status, text = said(capsys, argv)
        assert status == 2, (argv, status, text)
        assert words in text and "run.json" in text and "Traceback" not in text
    assert not Path("new.json").exists()


def test_stated_scores_that_are_not_those_of_the_counts_are_told(
    desk: Desk, capsys: Capture
) -> None:
    """They are for readers of the file; whatever is computed comes from the counts."""

    def boast(value: Json) -> None:
        row(value, "b")["scores"]["strict"]["f1"] = 0.99
        value["common"][0]["scores"]["normalised"]["f1"] = 0.99
        row(value, "q")["scores"]["speaker"].pop("f1")

    desk.edit(boast)
    for argv in VERBS:
        status, text = said(capsys, argv)
        assert status == 0
        assert "b on planted" in text and "the record states a f1 under strict of 0.99" in text
        if argv[:2] != ("choose", "run"):
            assert "f1 under speaker of None" in text or argv[0] == "audit"
    assert "under normalised of 0.99" in said(capsys, ("report", "run"))[1]


def test_the_warning_has_a_code(desk: Desk, capsys: Capture) -> None:
    desk.edit(lambda value: row(value, "b")["scores"]["type"].update(tp=1))
    status, text = said(capsys, (*CHECK, "--json"))
    warned = [v["backend"] for v in json.loads(text)["verdicts"] if v["code"] == "other-scores"]
    assert (status, warned) == (0, ["b"])
