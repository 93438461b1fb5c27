"""The certificate of stable answers: planted instabilities are found, with a small text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import in_json, printed

from harness.annotation import Entity
from harness.errors import InputError
from harness.gold.goldset import GoldSet
from harness.registry import BackendSpec
from harness.results.certificate import (
    CERTIFICATE,
    Trial,
    read_certificate,
    write_certificate,
)
from harness.results.load import read_run
from harness.run.certificate import _stopped, certify
from harness.run.options import RunOptions
from harness.run.protocol import Answer
from harness.run.shrink import shrunk
from harness.tasks.registry import task_named

TEXTS = {
    "a": "It rained. Nobody came to Riga or Oslo, and so Ada left again.",
    "b": "Bo and Eve were at home.",
    "c": "Nothing at all. Ada met Bo in Riga.\nShe met Eve in Oslo later.",
    "d": "Ida spoke.",
    "e": "Then Ole said that Ada had gone to Bergen.",
}
KINDS = ["twice", "order", "full stop", "process", "batch", "neighbours", "threads"]


def _trials(backend: str, gold: GoldSet) -> dict[str, Trial]:
    trials = certify(BackendSpec.parse(backend), gold, "ner", RunOptions())
    assert sorted(one.varied for one in trials) == sorted(KINDS)
    return {one.varied: one for one in trials}


@pytest.mark.processes
def test_a_stable_backend_has_no_finding(planted: Path, make_gold: Callable[..., GoldSet]) -> None:
    for trial in _trials("planted/good", make_gold(TEXTS)).values():
        assert (trial.texts, trial.changed, trial.example) == (5, 0, None), trial


@pytest.mark.processes
def test_answers_that_depend_on_the_batch_are_found_with_two_words(
    planted: Path, make_gold: Callable[..., GoldSet]
) -> None:
    """Of several texts at once it says the first name alone; handed over alone, `e` is right."""
    trials = _trials("planted/batch", make_gold(TEXTS))
    # a to d make a batch, of which d has one name; e is alone in the next.
    assert {kind: one.changed for kind, one in trials.items() if one.changed} == {
        "batch": 3,
        "neighbours": trials["neighbours"].changed,
    }
    found = trials["batch"].example
    assert found is not None and found.again and found.document == "b"
    assert re.findall(r"[A-Z]\w*", found.text) == ["Bo", "Eve"]
    assert len(found.text.split()) == 2
    assert len(found.before) == 1 and "Eve" in found.before[0] and found.after == ()
    # Which text is alone in the last batch is another one in another order.
    assert trials["neighbours"].changed > 0


@pytest.mark.processes
def test_answers_that_depend_on_the_text_before_are_found(
    planted: Path, make_gold: Callable[..., GoldSet]
) -> None:
    """How many names it says goes by the length of the text before, and is at least one: it takes
    a text with two to show it."""
    trials = _trials("planted/leaks", make_gold(TEXTS))
    assert trials["order"].changed
    found = trials["order"].example
    assert found is not None and found.again and found.document == "e"
    assert re.findall(r"[A-Z]\w*", found.text) == ["Ole", "Bergen"]
    assert len(found.before) == 1 and "Bergen" in found.before[0] and found.after == ()


@pytest.mark.processes
def test_answers_by_chance_are_found_when_asked_twice(
    planted: Path, make_gold: Callable[..., GoldSet]
) -> None:
    trials = _trials("planted/random", make_gold(TEXTS))
    assert trials["process"].changed == 5
    found = trials["twice"]
    assert found.changed == 5 and found.example is not None
    assert found.example.text.split() == ["Ida"]


@pytest.mark.processes
def test_what_cannot_be_tried_says_why(planted: Path, make_gold: Callable[..., GoldSet]) -> None:
    trials = _trials("planted/good", make_gold({"a": "Ada left."}))
    assert {kind for kind, one in trials.items() if one.trouble} == {"order", "neighbours"}
    (broken,) = certify(
        BackendSpec.parse("planted/load-raises"), make_gold(TEXTS), "ner", RunOptions()
    )
    assert "the weights are corrupt" in broken.trouble


@pytest.mark.processes
def test_it_is_kept_beside_the_record_and_printed_again(
    planted: Path,
    make_gold: Callable[..., GoldSet],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    make_gold(TEXTS)
    command = ["stress", "planted/batch", "--gold", "tiny.jsonl", "--out", "out", "-q"]
    command += ["--perturb", "lower", "--no-cache"]
    said = in_json(capsys, command)
    batch = next(one for one in said["certificate"] if one["varied"] == "batch")
    assert batch["changed"] == 3 and len(batch["example"]["text"].split()) == 2
    again = in_json(capsys, ["stress", "--stored", "--out", "out"])
    assert again == said
    shown = printed(capsys, ["stress", "--stored", "--out", "out"])
    assert "smallest text" in shown and "3/5" in shown

    record, folder = read_run("out")
    other = replace(record, started="2000-01-01T00:00:00+00:00")
    assert read_certificate(folder, other) is None  # Another run's.
    (folder / CERTIFICATE).write_text("{", "utf-8")
    with pytest.raises(InputError, match="not a certificate"):
        read_certificate(folder, record)
    in_json(capsys, [*command, "--no-certificate"])
    assert not (folder / CERTIFICATE).exists()
    write_certificate(folder, record, None)  # That there is none is no error.


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("Ada met Bo.", 8),
        ("Ada met Bo", 8),
        ("Ada met Bo .\n", 8),
        ("Bo", 0),
        (" .", 0),
        ("", 0),
        # Of a long run without blanks each character was tried as the beginning of the last word.
        ("a" * 1_000_000 + " b.", 1_000_001),
    ],
)
def test_what_is_said_of_the_last_word_is_left_out(text: str, end: int) -> None:
    task = task_named("ner")
    spans = [(0, end), (0, end + 1), (end, end + 2)]
    said = Answer(task.layers(Entity(start, stop, "ENT") for start, stop in spans if stop > start))
    left = _stopped(task, said, text)
    assert isinstance(left, Answer)
    expected = [Entity(0, end, "ENT")] if end else []
    assert list(task.items(left.annotations)) == expected


@given(st.text("ab .!\n", max_size=40), st.integers(0, 80))
def test_what_is_shrunk_shows_the_same_and_is_asked_about_as_often_as_it_says(
    text: str, most: int
) -> None:
    asked = []

    def shows(part: str) -> bool:
        asked.append(part)
        return part.count("a") >= 2

    small, number = shrunk(text, shows, most=most)
    assert number == len(asked) <= most
    assert len(small) <= len(text)
    if text.count("a") >= 2:
        assert small.count("a") >= 2


def test_a_text_is_shrunk_to_the_word_that_matters() -> None:
    text = "Rain fell.\n\nMore rain fell on Riga. It stopped.\nThen sun."
    assert shrunk(text, lambda part: "Riga" in part, most=100)[0].strip() == "Riga."
