"""What is counted is signed, and every verb reads counts as they were made, or refuses to."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.api import score

Run = Callable[..., Any]

PERSON = {"start": 0, "end": 7, "label": "PER"}
GOLD, PREDICTED = (f"x.conll?tag-column={column}" for column in (1, 2))


@pytest.mark.processes
def test_what_is_scored_is_signed(harness: Run, folder: Path) -> None:
    """Types that were declared, be it by labels or by a schema, are a way of counting."""
    (folder / "n.conll").write_text("Jens O\nmet O\nNATO B-ORG\nin O\nOslo O\n. O\n\n" * 20)
    for out, gold in (
        ("a", "n.conll"),
        ("b", "n.conll?labels=LOC"),
        ("c", "n.conll?schema=conll03"),
    ):
        args = ("run", "gazetteer", "--gold", gold, "--out", out, "--no-cache", "-q")
        assert harness(*args).status == 0
    for other, declared in (("b", "LOC"), ("c", "LOC+MISC+PER")):
        signature = json.loads((folder / other / "run.json").read_text())["results"][0]["signature"]
        assert f"|also:{declared}|" in signature
        done = harness("compare", "a", other)
        assert done.status == 3 and "also" in done.err
        assert (
            harness("baseline", "accept", "a", "--baseline", f"{other}.json", "--yes").status == 0
        )
        done = harness("check", other, "--baseline", f"{other}.json")
        assert done.status == 3 and "also was 'none' in the baseline" in done.out
    scored = {said: score(said, "n.conll", task="ner") for said in ("n.conll", "n.conll?labels=X")}
    assert [one.signature.fields.get("also") for one in scored.values()] == [None, "X"]


def test_a_run_asks_nothing_where_a_type_cannot_be(harness: Run, folder: Path) -> None:
    done = harness("run", "empty", "--gold", GOLD, "--out", "r", "--types", "PRE")
    assert done.status == 2 and "unknown type 'PRE'" in done.err and "'PER'" in done.err
    assert not (folder / "r").exists()


@pytest.mark.processes
def test_every_verb_reads_the_beta_and_the_types_of_a_run(harness: Run, folder: Path) -> None:
    args = ("--types", "ORG,PER", "--beta", "2", "--match", "exact")
    run = ("run", "gazetteer", "empty", "--gold", GOLD, "--out", "r", "--no-cache", *args)
    done = harness(*run)
    assert "F2 norm." in done.out and "F1" not in done.out.partition("ner|")[0]
    (row,) = [r for r in json.loads((folder / "r" / "run.json").read_text())["results"]
              if r["backend"] == "gazetteer"]  # fmt: skip
    f2 = row["scores"]["exact"]["f1"]
    assert row["scores"]["normalised"]["f1"] == f2  # Both under `exact`.
    compared = json.loads(harness("compare", "r", "--json", "--backend", "gazetteer").out)
    assert compared[0]["systems"][0]["score"] == pytest.approx(f2)
    (chosen,) = json.loads(harness("choose", "r", "--task", "ner", "--json").out)["choices"]
    assert chosen["candidates"][0]["quality"] == pytest.approx(f2)
    assert "beta:2.0" in chosen["signature"]
    weighed = "choose r --task ner --json --weight recall=1 --types PER,ORG"
    (chosen,) = json.loads(harness(*weighed.split()).out)["choices"]
    assert "beta" not in chosen["signature"] and "types:ORG,PER|" in chosen["signature"]


def test_a_gold_that_has_changed_is_not_counted_in_another_schema(
    harness: Run, folder: Path
) -> None:
    harness("run", "gazetteer", "empty", "--gold", GOLD, "--out", "r", "--no-cache", "-q")
    done = harness("compare", "r", "--schema", "conll03", "--gold", "x.conll")
    assert done.status == 3 and "is not the one of the run" in done.err


@pytest.mark.processes
def test_two_columns_of_one_file_are_two_gold_sets(harness: Run, folder: Path) -> None:
    run = ("run", "gazetteer", "empty", "--gold", GOLD, "--out", "r", "--no-cache", "-q")
    refused = harness(*run, "--gold", "x.conll?tag-column=2")
    assert refused.status == 2 and "same name, 'x'" in refused.err and "?name=" in refused.err
    assert harness(*run, "--gold", "x.conll?tag-column=2&name=second").status == 0
    rows = json.loads((folder / "r" / "run.json").read_text())["results"]
    assert {row["gold"] for row in rows} == {"x", "second"}
    both = ("--backend", "gazetteer", "--backend", "empty")
    done = harness("compare", "r", "--schema", "conll03", *both)  # Counted again: each is found.
    assert done.status == 0, done.err
    for said, what in (("name=", "cannot be called"), ("labels=,", "labels: expected")):
        refused = harness(*run, "--gold", f"x.conll?{said}")
        assert refused.status == 2 and what in refused.err


def test_no_type_is_no_choice_of_all(harness: Run, folder: Path) -> None:
    for types in (",", "", " , "):
        args = ("score", "--gold", GOLD, "--pred", PREDICTED, "--task", "ner", "--types", types)
        refused = harness(*args)
        assert refused.status == 2 and "one or several" in refused.err


@pytest.mark.processes
def test_types_are_scored_as_if_no_others_were_there(harness: Run, folder: Path) -> None:
    """In every verb: numbers that cannot be read off are refused, and flips are of those types."""
    text = "Ada Roe of Oslo"
    gold = [(0, 7, "PER"), (11, 15, "LOC")]
    predicted = [(0, 7, "ORG"), (0, 3, "PER")]
    for name, side in (("g", gold), ("p", predicted), ("q", gold)):
        entities = [{"start": s, "end": e, "label": label} for s, e, label in side]
        line = json.dumps({"id": "a", "text": text, "entities": entities})
        (folder / f"{name}.jsonl").write_text(line + "\n")
    kept = [{"start": 0, "end": 3, "label": "PER"}]
    (folder / "only.jsonl").write_text(json.dumps({"id": "a", "entities": kept}) + "\n")
    common = ("--gold", "g.jsonl", "--task", "ner", "--match", "partial", "--json")
    some = json.loads(harness("score", *common, "--pred", "p.jsonl", "--types", "PER").out)
    alone = json.loads(harness("score", *common, "--pred", "only.jsonl", "--types", "PER").out)
    assert some["micro"] == alone["micro"] and some["micro"]["par"] == 1
    pair = ("compare", "p.jsonl", "q.jsonl", "--gold", "g.jsonl", "--task", "ner", "--json")
    (body,) = json.loads(harness(*pair, "--types", "PER").out)
    shown = json.dumps(body)
    assert "LOC" not in shown and "PER" in shown
    run = ("run", "gazetteer", "--gold", "g.jsonl", "--out", "r", "--no-cache", "-q")
    assert harness(*run, "--match", "partial").status == 0
    assert harness("baseline", "accept", "r", "--baseline", "b.json", "--yes").status == 0
    refused = harness("check", "r", "--baseline", "b.json", "--types", "PER")
    assert refused.status == 2 and "not counted with --types PER --match partial" in refused.err


@pytest.mark.processes
def test_counts_are_never_read_with_options_that_they_were_not_made_with(
    harness: Run, folder: Path
) -> None:
    run = ("run", "gazetteer", "empty", "--gold", GOLD, "--out", "r", "--no-cache", "-q")
    assert harness(*run).status == 0
    both = ("--backend", "gazetteer", "--backend", "empty")
    for option in (("--boundary", "normalised"), ("--levels", "all"), ("--match", "overlap=0.5")):
        done = harness("compare", "r", *both, *option)
        assert done.status == 2 and f"not counted with {' '.join(option)}" in done.err
    assert harness("compare", "r", *both, "--boundary", "raw", "--levels", "mentions").status == 0


@pytest.mark.processes
def test_tokens_that_have_changed_are_seen_where_scores_use_them(
    harness: Run, folder: Path
) -> None:
    def gold(*tokens: tuple[int, int]) -> None:
        line = {"id": "a", "text": "Ada Roe left", "entities": [PERSON], "tokens": tokens}
        (folder / "t.jsonl").write_text(json.dumps(line) + "\n")

    def run(out: str, *options: str) -> None:
        args = ("run", "gazetteer", "empty", "--gold", "t.jsonl", "--out", out, "--no-cache", "-q")
        assert harness(*args, *options).status == 0

    both = ("--backend", "gazetteer", "--backend", "empty")
    gold((0, 3), (4, 7), (8, 12))
    run("r1", "--levels", "all")
    run("r3")
    gold((0, 7), (8, 12))
    run("r2", "--levels", "all")
    run("r4")
    done = harness("compare", "r1", "r2", "--part", "tokens")
    assert done.status == 3 and "tokens" in done.err
    done = harness("compare", "r1", "--schema", "conll03", "--part", "tokens", *both)
    assert done.status == 3 and "tokens of gold set 't' have changed" in done.err
    # Mentions know of no tokens.
    assert harness("compare", "r3", "r4").status == 0


@pytest.mark.processes
def test_a_gold_set_that_declares_other_labels_is_not_that_of_the_run(
    harness: Run, folder: Path
) -> None:
    line = {"id": "a", "text": "Ada Roe left", "entities": [PERSON]}
    (folder / "g.jsonl").write_text(json.dumps(line) + "\n")
    gold = ("--gold", "g.jsonl?labels=MISC", "--no-cache", "-q")
    assert harness("run", "gazetteer", "empty", *gold, "--out", "r").status == 0
    assert harness("baseline", "accept", "r", "--baseline", "b.json", "--yes").status == 0
    (folder / "g.jsonl").rename(folder / "moved.jsonl")
    moved = "moved.jsonl"
    for command in (("compare", "r"), ("check", "r", "--replay", "--baseline", "b.json")):
        done = harness(*command, "--gold", moved)
        assert done.status == 3 and "labels=MISC" in done.err, done.err
        assert f"--gold '{moved}?labels=MISC'" in done.err
    # What was not declared is not kept in what the error says to name.
    gold = ("--gold", moved, "--no-cache", "-q")
    assert harness("run", "gazetteer", "empty", *gold, "--out", "plain").status == 0
    done = harness("compare", "plain", "--gold", f"{moved}?labels=MISC")
    assert done.status == 3 and f"--gold '{moved}'," in done.err
    both = ("--backend", "gazetteer", "--backend", "empty")
    done = harness("compare", "r", "--gold", f"{moved}?labels=MISC", "--schema", "conll03", *both)
    assert done.status == 0, done.err


@pytest.mark.processes
def test_the_weights_of_a_choice_are_said(harness: Run, folder: Path) -> None:
    harness("run", "gazetteer", "empty", "--gold", GOLD, "--out", "r", "--no-cache", "-q")
    choose = ("choose", "r", "--task", "ner", "--weight", "recall=4")
    (chosen,) = json.loads(harness(*choose, "--json").out)["choices"]
    assert chosen["metric"] == "f2" and "beta:2.0" in chosen["signature"]
    assert "Quality is F2" in harness(*choose).out
    (chosen,) = json.loads(harness(*choose, "--weight", "precision=0", "--json").out)["choices"]
    assert chosen["metric"] == "recall"
