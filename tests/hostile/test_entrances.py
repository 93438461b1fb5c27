"""Other ways in than a run: `predict`, the library, and every number through the one decoder."""

from __future__ import annotations

import json
from contextlib import chdir, suppress
from math import isfinite
from pathlib import Path
from typing import Any

import pytest
from hostile.backend import BAD, MODES
from hostile.calling import TEXTS, backend, call, run_command, write_gold
from hostile.saying import answer_with, entity_with, hello_with

from harness import api
from harness.errors import HarnessError, UsageError
from harness.formats.offsets import Offsets
from harness.run.answers import check_answer, hello
from harness.run.protocol import Answer, Hello, ProtocolError, parse_message

SAMPLE = (
    *("seconds-401-digits", "score-60-digits", "300-labels", "label-half", "label-nul"),
    *("hello-list", "error-500-deep", "id-of-1-MB", "label-of-1-MB", "error-of-1-MB"),
    *("ends-with-KILL-at-a-document", "two-hellos", "unavailable-object", "another-layer"),
    *("2000-bad-entities", "model-escape"),
)


@pytest.mark.processes
@pytest.mark.parametrize("name", SAMPLE)
def test_predict_and_the_library(name: str, tmp_path: Path) -> None:
    write_gold(tmp_path)
    docs = [json.dumps({"id": id_, "text": text}) for id_, text in TEXTS.items()]
    (tmp_path / "docs.jsonl").write_text("\n".join(docs), "utf-8")
    with chdir(tmp_path):
        for _ in range(2):
            files = ("--docs", "docs.jsonl", "--out", "p.jsonl", "--cache-dir", "cache")
            said = call("predict", backend(name), "--task", "ner", *files, "--timeout", "30")
            assert said.status == (3 if MODES[name].must in ("fails", "unavailable") else 0)
            assert "Traceback" not in said.err and len(said.err) < 10_000
        if said.status == 0:
            assert api.score("g.jsonl", "p.jsonl", task="ner").total is not None
        assert call(*run_command([name])).status == 0
        with suppress(HarnessError):
            api.compare("out", resamples=50)
        with pytest.raises(UsageError):
            api.load_backend(backend(name))


# Every number, spelled in every way

NUMBERS = [
    *("0", "-0.0", "1", "1.5", "5e-324", "1e-9", "86400", "86400.000001", "1e308", "-1", "-5e-324"),
    *("1e400", "-1e400", "1E999", "NaN", "Infinity", "-Infinity", "nan", "inf", "0x10", "01", "+1"),
    *("1_000", ".5", "1.", "1e", "--1", "9" * 19, "9" * 40, "9" * 308, "9" * 309, "9" * 4000),
    *("9" * 5000, "-" + "9" * 400, "0." + "0" * 400 + "1", "9007199254740992", "9007199254740993"),
    *('"1"', '""', "true", "false", "null", "[]", "[1]", "{}", '{"a": 1}', "١", "1e1000000000"),
    *("[" * 500 + "]" * 500, "[" * 980 + "]" * 980, "[" * 100_000 + "]" * 100_000),
]
DOCUMENT = {"id": BAD[0], "text": TEXTS["a"]}


def numbers_in(value: Any) -> list[int | float]:
    """Every number that a checked hello or answer has."""
    if isinstance(value, Hello):
        return [
            one
            for one in (value.load_seconds, value.warmup_seconds, value.model.size_bytes)
            if one is not None
        ]
    assert isinstance(value, Answer)
    entities = value.annotations.entities or ()
    found = [value.seconds, value.characters_seen, *(entity.score for entity in entities)]
    return [one for one in found if one is not None]


@pytest.mark.parametrize("text", NUMBERS, ids=lambda text: text[:20])
@pytest.mark.parametrize("place", ["load", "warmup", "size_bytes"])
def test_numbers_of_a_hello(text: str, place: str) -> None:
    keys = ("model", place) if place == "size_bytes" else ("seconds", place)
    try:
        said = hello(parse_message(hello_with(text, *keys)()))
    except ProtocolError as error:
        assert len(str(error)) < 500
        return
    assert all(isfinite(one) and 0 <= one <= 1 << 53 for one in numbers_in(said))
    assert all(one == 0 or one >= 1e-9 for one in numbers_in(said))


@pytest.mark.parametrize("text", NUMBERS, ids=lambda text: text[:20])
@pytest.mark.parametrize("place", ["seconds", "characters", "start", "end", "score", "label"])
def test_numbers_of_an_answer(text: str, place: str) -> None:
    make = answer_with if place in ("seconds", "characters") else entity_with
    try:
        line = make(text, place)(DOCUMENT)
        said = check_answer(parse_message(line), TEXTS["a"], "ner", Offsets(TEXTS["a"]))
    except ProtocolError as error:
        assert len(str(error)) < 500
        return
    assert all(isfinite(one) and one >= 0 for one in numbers_in(said))
    assert said.seconds is None or said.seconds == 0 or 1e-9 <= said.seconds <= 86_400
    assert said.characters_seen is None or said.characters_seen <= len(TEXTS["a"])
    assert all(0 <= one.start < one.end <= len(TEXTS["a"]) for one in said.annotations.entities)
    assert all(len(problem) <= 300 for problem in said.problems)
    # What is kept can be read again: no number is of more digits than a reader takes.
    assert all(len(repr(one)) <= 40 for one in numbers_in(said))


@pytest.mark.parametrize("depth", range(400, 1_100, 7))
def test_nesting_near_the_parser_s_limit(depth: int) -> None:
    """Whatever the parser lets by does not break what is asked of it afterwards."""
    deep = "[" * depth + "]" * depth
    objects = '{"a":' * depth + "1" + "}" * depth
    places = ("seconds", "characters", "entities")
    lines = [answer_with(deep, place)(DOCUMENT) for place in places]
    lines += [entity_with(deep, place)(DOCUMENT) for place in ("start", "end", "label", "score")]
    lines += [entity_with(objects, "text")(DOCUMENT)]
    for line in lines:
        with suppress(ProtocolError):
            check_answer(parse_message(line), TEXTS["a"], "ner", Offsets(TEXTS["a"]))
    keys = (("protocol",), ("offsets",), ("labels",), ("packages",), ("model", "notes"))
    for text in (deep, objects):
        for place in keys:
            with pytest.raises(ProtocolError):
                hello(parse_message(hello_with(text, *place)()))
