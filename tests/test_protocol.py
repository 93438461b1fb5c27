"""The protocol's messages, and the check of everything that a worker says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.adapter import ModelIdentity
from harness.annotation import Annotations, Attribution, Entity, Span
from harness.formats.offsets import Offsets
from harness.run.answers import check_answer, hello, plain_answer
from harness.run.protocol import (
    Hello,
    ProtocolError,
    documents_message,
    load_message,
    parse_message,
)
from harness.tasks.registry import task_named

TEXTS = st.text(alphabet=st.sampled_from("aé\u0301\u00a0\r\nÖ€中😀𝒳🇳"), max_size=30)


@given(TEXTS, st.data())
def test_utf16_and_byte_offsets_come_back(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    assert Offsets(text, "codepoint").code_point(start) == start
    utf16 = len(text[:start].encode("utf-16-le")) // 2
    assert Offsets(text, "utf16").code_point(utf16) == start
    assert Offsets(text, "byte").code_point(len(text[:start].encode("utf-8"))) == start


@given(TEXTS)
def test_every_unit_offset_is_a_code_point_or_nothing(text: str) -> None:
    for unit, length in (
        ("utf16", len(text.encode("utf-16-le")) // 2),
        ("byte", len(text.encode("utf-8"))),
    ):
        offsets = Offsets(text, unit)  # type: ignore[arg-type]
        assert offsets.length == length
        found = [offsets.code_point(i) for i in range(length + 1)]
        assert [i for i in found if i is not None] == list(range(len(text) + 1))


def test_offsets_by_hand() -> None:
    assert Offsets("a😀b", "utf16").code_point(2) is None
    assert Offsets("a😀b", "utf16").code_point(3) == 2
    assert Offsets("aéb", "byte").code_point(2) is None
    assert Offsets("aéb", "byte").code_point(3) == 2


def check(answer: dict[str, Any], text: str = "Anna in Bonn", unit: Any = "codepoint") -> Any:
    task = "ner" if "entities" in answer else "attribution"
    return check_answer(answer, text, task, Offsets(text, unit))  # type: ignore[arg-type]


def test_a_good_answer() -> None:
    answer = check(
        {
            "entities": [
                {"start": 0, "end": 4, "label": "PER", "score": 0.5, "text": "Anna"},
                {"start": 8, "end": 12, "label": "GPE"},
            ],
            "seconds": 0.25,
            "characters": 12,
        }
    )
    assert answer.annotations == Annotations((Entity(0, 4, "PER", 0.5), Entity(8, 12, "GPE")))
    assert (answer.problems, answer.seconds, answer.characters_seen) == ((), 0.25, 12)


@pytest.mark.parametrize(
    ("entity", "problem"),
    [
        ({"start": 0, "end": 13, "label": "X"}, "end 13 is outside the text of 12 code points"),
        ({"start": 4, "end": 4, "label": "X"}, "end 4 is not after start 4"),
        ({"start": True, "end": 4, "label": "X"}, "start is True, expected an integer"),
        ({"start": 0.0, "end": 4, "label": "X"}, "start is 0.0, expected an integer"),
        ({"start": 0, "label": "X"}, "end is None, expected an integer"),
        ({"start": 0, "end": 4}, "label is None, expected a non-empty string"),
        ({"start": 0, "end": 4, "label": 7}, "label is 7, expected a non-empty string"),
        (
            {"start": 0, "end": 4, "label": "\ud800"},
            "\"label\" holds half a character ('\\ud800') at 0",
        ),
        (
            {"start": 0, "end": 4, "label": "X", "text": "anna"},
            "\"text\" is 'anna', but the document has 'Anna' at [0, 4)",
        ),
        ([0, 4, "X"], "found [0, 4, 'X'], expected an object"),
        (None, "found None, expected an object"),
    ],
)
def test_entities_that_cannot_be_used_are_dropped(entity: Any, problem: str) -> None:
    answer = check({"entities": [entity, {"start": 0, "end": 4, "label": "PER"}]})
    assert answer.annotations.entities == (Entity(0, 4, "PER"),)
    assert len(answer.problems) == 1
    assert answer.problems[0].startswith("entities[0]: ")
    assert problem in answer.problems[0]


@pytest.mark.parametrize("score", [float("nan"), float("inf"), "high", True, -1, 10**400])
def test_a_bad_score_is_dropped_alone(score: Any) -> None:
    answer = check({"entities": [{"start": 0, "end": 4, "label": "PER", "score": score}]})
    assert answer.annotations.entities == (Entity(0, 4, "PER"),)
    assert len(answer.problems) == 1


@pytest.mark.parametrize("seconds", [float("nan"), 1e308, -1, "soon", True, 10**400])
def test_a_bad_time_is_dropped_alone(seconds: Any) -> None:
    answer = check({"entities": [], "seconds": seconds, "characters": 3})
    assert answer.seconds is None and answer.characters_seen == 3
    assert len(answer.problems) == 1 and answer.problems[0].startswith("seconds: found ")


def test_units_are_named_in_problems() -> None:
    answer = check({"entities": [{"start": 1, "end": 2, "label": "X"}]}, "😀", "utf16")
    assert answer.problems == ("entities[0]: utf16 offset 1 is in the middle of a character",)
    answer = check({"entities": [{"start": 0, "end": 9, "label": "X"}]}, "😀", "byte")
    assert answer.problems == ("entities[0]: end 9 is outside the text of 4 bytes",)


def test_attributions_are_checked_part_by_part() -> None:
    span = {"start": 0, "end": 4}
    bad = {"start": 9, "end": 99}
    answer = check(
        {
            "attributions": [
                {"content": [{"start": 8, "end": 12}, bad, span], "source": bad, "cue": None},
                {"content": [bad], "source": span},
                {"content": []},
                {"content": [span], "kind": "loud", "speaker": 7},
                {"content": [span], "speaker": "half \udc00"},
                "said",
            ]
        }
    )
    assert answer.annotations.attributions == (
        Attribution((Span(0, 4), Span(8, 12))),
        Attribution((Span(0, 4),)),
        Attribution((Span(0, 4),)),
    )
    assert [problem.partition(":")[0] for problem in answer.problems] == [
        "attributions[0].content[1]",
        "attributions[0].source",
        "attributions[1].content[0]",
        "attributions[2]",
        "attributions[3]",
        "attributions[3]",
        "attributions[4]",
        "attributions[5]",
    ]


@pytest.mark.parametrize("answer", [{}, {"entities": None}, {"entities": {}}])
def test_a_missing_layer_is_no_answer(answer: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError, match='no list "entities"'):
        check_answer(answer, "x", "ner", Offsets("x"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["start", "end", "label", "content", "source", "kind", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(st.lists(JSON, max_size=4), st.text(max_size=10))
def test_nothing_that_a_worker_says_raises(items: list[Any], text: str) -> None:
    for task, layer in (("ner", "entities"), ("attribution", "attributions")):
        answer = check_answer({layer: items}, text, task, Offsets(text))  # type: ignore[arg-type]
        kept = answer.annotations.layer(task_named(task).layer)
        assert kept is not None
        assert len(kept) <= len(items)
        for entity in answer.annotations.entities or ():
            assert 0 <= entity.start < entity.end <= len(text)


_OFFSET = st.integers(-1, 9)
_ENTITY = st.fixed_dictionaries(
    {
        "start": _OFFSET,
        "end": _OFFSET | st.just(5.0),
        "label": st.sampled_from(["PER", "Größe", "", "x" * 200, "x" * 201]),
    },
    optional={
        "score": st.sampled_from([0.5, 0.0, -0.5, 1, None, True, 1e300, 10**400]),
        "text": st.just("a"),
        "fragments": st.just([]),
    },
)
_SAID = st.fixed_dictionaries(
    {"type": st.just("annotations"), "id": st.sampled_from(["a", "a", "a", "b"])},
    optional={
        "entities": st.lists(_ENTITY, max_size=3) | st.none(),
        "seconds": st.sampled_from([0.1, 0, -1, 1e9, None, "1", 1e-12]),
        "characters": st.sampled_from([0, 3, 6, 3.0, 2.5, None, 99]),
        "attributions": st.just([]),
        "more": st.just(1),
    },
)


@given(_SAID, st.sampled_from(["Bonn x", "Köln 😀", ""]), st.sampled_from(["codepoint", "utf16"]))
def test_a_plain_answer_is_what_it_is_the_long_way(
    said: dict[str, Any], text: str, unit: Any
) -> None:
    line = json.dumps(said).encode()
    plain = plain_answer(line, "a", text, "ner", unit)
    if plain is not None:
        assert said["id"] == "a"
        assert plain == check_answer(parse_message(line), text, "ner", Offsets(text, unit))


def test_most_answers_are_plain() -> None:
    item = {"start": 0, "end": 4, "label": "PER", "score": 0.5}
    said = {"type": "annotations", "id": "a", "entities": [item], "seconds": 0.1, "characters": 6}
    line = json.dumps(said).encode()
    for unit, text, is_plain in (("utf16", "Bonn x", True), ("utf16", "Köln x", False)):
        assert (plain_answer(line, "a", text, "ner", unit) is not None) == is_plain  # type: ignore[arg-type]
    entity = Entity(0, 4, "PER", 0.5)
    assert plain_answer(line, "a", "Köln x", "ner", "codepoint") == (
        Annotations((entity,)),
        (),
        0.1,
        6,
    )
    assert plain_answer(line, "b", "Köln x", "ner", "codepoint") is None
    assert plain_answer(line, "a", "Köln x", "attribution", "codepoint") is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"Loading...\n", "printed 'Loading...' on stdout"),
        (b"\xff\xfe\n", "on stdout"),
        (b"[1]\n", "expected an object with a type"),
        (b'{"type": 1}\n', "expected an object with a type"),
        (b"[" * 100_000 + b"\n", "on stdout"),
    ],
)
def test_what_is_no_message(line: bytes, words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        parse_message(line)


def test_hello() -> None:
    message = {
        "type": "hello",
        "protocol": 1,
        "offsets": "utf16",
        "labels": ["B", "A", "A"],
        "packages": {"compromise": "14.15.1"},
        "model": {
            "name": "compromise",
            "version": "14",
            "digest": None,
            "notes": {"a": "b"},
            "size_bytes": 1e3,
        },
        "seconds": {"load": 0.5, "warmup": None},
        "later": "versions may add keys",
    }
    assert hello(message) == Hello(
        "utf16",
        ("A", "B"),
        {"compromise": "14.15.1"},
        ModelIdentity("compromise", version="14", size_bytes=1000, notes={"a": "b"}),
        0.5,
        None,
    )
    assert hello({"type": "hello", "protocol": 1}) == Hello()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"protocol": 2}, "speaks protocol 2, this harness speaks 1"),
        ({"protocol": None}, "speaks protocol None"),
        ({"protocol": True}, "speaks protocol True"),
        ({"protocol": 1.5}, r"speaks protocol 1\.5"),
        ({"offsets": "utf8"}, "offsets: found 'utf8', .*Did you mean 'utf16'"),
        (
            {"labels": "PER"},
            "labels: found 'PER', expected a list of strings, 10,000 at",
        ),
        ({"labels": [1]}, r"labels\[0\]: found 1, expected a string"),
        ({"labels": ["\ud800"]}, r"labels\[0\]: found .*, expected a string of whole characters"),
        ({"packages": {"odd": 3}}, r"packages\.odd: found 3, expected a string"),
        ({"packages": ["odd"]}, "packages: found .*, expected an object"),
        ({"model": "x"}, "model: found 'x', expected an object"),
        ({"model": {"digest": 5}}, r"model\.digest: found 5, expected a string"),
        ({"model": {"notes": {"a": "\udfff"}}}, r"model\.notes\.a: found .* whole characters"),
        ({"model": {"size_bytes": 1.5}}, r"size_bytes: found 1\.5, expected a whole number"),
        ({"model": {"size_bytes": -1}}, r"size_bytes: found -1, expected a whole number from 0"),
        ({"model": {"size_bytes": 1 << 60}}, "expected a whole number from 0"),
        ({"seconds": {"load": "soon"}}, r"seconds\.load: found 'soon', expected seconds"),
        ({"seconds": {"load": 1e308}}, r"expected seconds, from 0 to a day"),
        ({"seconds": {"warmup": float("nan")}}, "warmup: found nan, expected seconds"),
        ({"seconds": {"load": 10**400}}, r"load: found 1000\d+…, expected seconds"),
    ],
)
def test_a_bad_hello(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        hello({"type": "hello", "protocol": 1, **change})


def test_messages_are_one_ascii_line() -> None:
    text = "a\r\nb\u2028c\u0000 😀 \ud800"
    line = documents_message([("id", text, None), ("jd", "x", {"entities": []})])
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert json.loads(line)["documents"] == [
        {"id": "id", "text": text},
        {"id": "jd", "text": "x", "gold": {"entities": []}},
    ]
    load = parse_message(
        load_message("spacy/x", task="ner", model="x", options={"a": 1}, offline=True)
    )
    assert load == {
        "type": "load",
        "protocol": 1,
        "backend": "spacy/x",
        "model": "x",
        "task": "ner",
        "labels": [],
        "options": {"a": 1},
        "batch_size": 1,
        "offline": True,
    }


def test_the_specification_shows_valid_messages() -> None:
    """Every JSON example of docs/protocol.md passes the checks that it describes."""
    page = (Path(__file__).parent.parent / "docs" / "protocol.md").read_text("utf-8")
    examples = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    kinds = [example["type"] for example in examples]
    assert set(kinds) == {"load", "hello", "unavailable", "error", "documents", "annotations"}
    by_kind = dict(zip(kinds, examples, strict=True))
    assert hello(by_kind["hello"]).labels == ("LOC", "ORG", "PER")
    keys = json.loads(load_message("x", task="ner")).keys()
    assert by_kind["load"].keys() == keys
    (text,) = {doc["text"] for doc in by_kind["documents"]["documents"] if doc["id"] == "a"}
    for example in examples:
        if "entities" in example:
            answer = check_answer(example, text, "ner", Offsets(text, "utf16"))
            assert answer.problems == ()
            assert answer.characters_seen == len(text)
        if "attributions" in example:
            answer = check_answer(example, "x" * 60, "attribution", Offsets("x" * 60))
            assert answer.problems == ()
    # The table of units.
    places = {"codepoint": (2, 3), "utf16": (3, 4), "byte": (5, 7)}
    for unit, (start, end) in places.items():
        offsets = Offsets("a😀é", unit)  # type: ignore[arg-type]
        assert (offsets.code_point(start), offsets.code_point(end)) == (2, 3)
