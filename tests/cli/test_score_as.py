"""`harness score --as`: every other option is honoured or refused, on the files' own tokens."""

from __future__ import annotations

import argparse
import json
import random
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cli import score
from harness.cli.score_as import HONOURED, REFUSED
from harness.interop.ask import SCORERS

Run = Callable[..., Any]


def actions() -> list[argparse.Action]:
    parser = argparse.ArgumentParser(add_help=False)
    score.configure(parser)
    return parser._actions


def given(action: argparse.Action) -> list[str]:
    """The option with a value that is not its default."""
    if action.nargs == 0:
        return [action.option_strings[0]]
    values = action.choices or (("exact",) if action.dest == "match" else ("7",))
    return [action.option_strings[0], next(str(v) for v in values if v != action.default)]


@pytest.mark.parametrize("action", actions(), ids=lambda action: action.dest)
def test_every_option_of_score_is_decided(
    harness: Run, gold: Path, pred: Path, action: argparse.Action
) -> None:
    """A new option of `harness score` belongs into HONOURED (with a test below) or REFUSED."""
    assert (action.dest in HONOURED) != (action.dest in REFUSED), (
        f"decide in harness/cli/score_as.py what --as does with {action.option_strings}"
    )
    if action.dest in REFUSED:
        for scorer in SCORERS:
            option = given(action)
            argv = ("--gold", gold, "--pred", pred, "--task", "ner", "--as", scorer, *option)
            done = harness("score", *argv)
            assert (done.status, done.out) == (2, "")
            shown = " ".join(option) + (".0" if action.dest == "beta" else "")
            assert f"--as {scorer} cannot go with {shown}: " in done.err
            assert "leave one of the two out" in done.err


def test_no_decision_is_about_an_option_that_is_gone() -> None:
    assert {*HONOURED, *REFUSED} == {action.dest for action in actions()}


def test_an_option_at_its_default_is_no_contradiction(harness: Run, gold: Path, pred: Path) -> None:
    argv = ("--match", "strict", "--boundary", "raw", "--format", "simple", "--as", "conlleval")
    assert harness("score", "--gold", gold, "--pred", pred, "--task", "ner", *argv).status == 0


def test_attributions_are_refused(harness: Run, gold: Path, pred: Path) -> None:
    argv = ("--gold", gold, "--pred", pred, "--task", "attribution", "--as", "spacy")
    done = harness("score", *argv)
    assert done.status == 2
    assert "--as spacy scores entities only: give a --task of labelled" in done.err


def test_schema_projects_before_the_other_scorer_counts(
    harness: Run, gold: Path, pred: Path
) -> None:
    argv = ("score", "--gold", gold, "--pred", pred, "--task", "ner", "--schema", "conll03")
    ours = json.loads(harness(*argv, "--json").out)
    theirs = json.loads(harness(*argv, "--as", "conlleval", "--json").out)
    assert set(theirs["scores"]["types"]) == set(ours["types"]) == {"PER", "ORG", "LOC"}
    overall = theirs["scores"]["overall"]
    assert overall["phrases"] == ours["micro"]["support"]
    assert overall["correct"] == ours["micro"]["tp"]
    assert theirs["assumed"] == ours["assumed"]
    unknown = harness(*argv[:-1], "ontonotes4", "--as", "conlleval")
    assert unknown.status == 2
    assert "ontonotes5" in unknown.err


def test_json_says_whose_tokens_they_are(harness: Run, gold: Path, pred: Path) -> None:
    argv = ("score", "--gold", gold, "--pred", pred, "--task", "ner", "--as", "conlleval")
    body = json.loads(harness(*argv, "--json").out)
    assert set(body) == {"scorer", "scores", "tokens", "explanation", "assumed"}
    assert body["tokens"] == "made"
    text = harness(*argv).out
    assert json.loads(text[: text.index("\n\n")]) == body["scores"]
    assert body["explanation"] in text
    assert "asked on tokens made from the text" in text


def test_what_is_missing_is_said_as_without_as(harness: Run, gold: Path, tmp_path: Path) -> None:
    one = tmp_path / "one.jsonl"
    one.write_text('{"id": "a", "entities": []}\n')
    argv = ("score", "--gold", gold, "--pred", one, "--task", "ner", "--as", "conlleval")
    done = harness(*argv)
    assert done.status == 0
    assert "1 gold document(s) have no predictions, counted as all-missed: b" in done.err


def drawn(rng: random.Random, length: int) -> list[str]:
    tags: list[str] = []
    while len(tags) < length:
        label = rng.choice(("PER", "ORG"))
        tags += rng.choice([["O"], [f"B-{label}"], [f"B-{label}", f"I-{label}"]])
    return tags[:length]


@pytest.fixture
def tag_files(tmp_path: Path) -> tuple[list[list[str]], list[list[str]], Path, Path]:
    """Gold and predicted tags, and CoNLL files of them whose tokens hold punctuation."""
    rng = random.Random(1)
    gold = [drawn(rng, rng.randrange(1, 20)) for _ in range(30)]
    predicted = [drawn(rng, len(tags)) if rng.random() < 0.7 else tags for tags in gold]
    files = []
    for name, side in (("gold", gold), ("pred", predicted)):
        path = tmp_path / f"{name}.conll"
        words = ["U.N.", "'s", "New", "AT&T", "3,5", "-"]
        lines = (
            "".join(f"{words[i % len(words)]}\t{tag}\n" for i, tag in enumerate(tags)) + "\n"
            for tags in side
        )
        path.write_text("".join(lines))
        files.append(path)
    return gold, predicted, files[0], files[1]


@pytest.mark.parametrize("through", ["conll", "jsonl"])
def test_tag_files_give_what_the_packages_give_on_their_tags(
    harness: Run, tag_files: Any, tmp_path: Path, through: str
) -> None:
    pytest.importorskip("spacy")
    from nervaluate import Evaluator
    from seqeval.metrics import accuracy_score, classification_report
    from spacy.scorer import get_ner_prf
    from spacy.tokens import Doc
    from spacy.training import Example
    from spacy.vocab import Vocab

    gold, predicted, *files = tag_files
    if through == "jsonl":
        for number, path in enumerate(files):
            files[number] = tmp_path / f"{path.stem}.jsonl"
            assert harness("convert", path, files[number]).status == 0
        lines = files[1].read_text().replace('"pred-', '"gold-')
        files[1].write_text(lines)

    def asked(name: str) -> dict[str, Any]:
        argv = ("--gold", files[0], "--pred", files[1], "--task", "ner", "--as", name, "--json")
        body = json.loads(harness("score", *argv).out)
        assert body["tokens"] == "own"
        assert "cut a token" not in body["explanation"]
        scores: dict[str, Any] = body["scores"]
        return scores

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = classification_report(gold, predicted, output_dict=True, zero_division=0)
    seqeval = asked("seqeval")
    assert seqeval == report
    plain = harness("score", "--gold", files[0], "--pred", files[1], "--task", "ner", "--json")
    f1 = json.loads(plain.out)["micro"]["f1"]
    assert f1 == pytest.approx(report["micro avg"]["f1-score"], abs=1e-12)

    results = Evaluator(gold, predicted, tags=["ORG", "PER"], loader="list").evaluate()
    assert asked("nervaluate")["overall"] == {k: vars(v) for k, v in results["overall"].items()}

    conlleval = asked("conlleval")["overall"]
    assert conlleval["tokens"] == sum(map(len, gold))
    assert conlleval["accuracy"] == float(f"{100 * accuracy_score(gold, predicted):.2f}")
    assert conlleval["fb1"] == float(f"{100 * f1:.2f}")

    vocab = Vocab()
    docs = [
        [Doc(vocab, words=[f"w{i}" for i in range(len(tags))], ents=tags) for tags in side]
        for side in (predicted, gold)
    ]
    assert asked("spacy") == get_ner_prf([Example(x, y) for x, y in zip(*docs, strict=True)])
