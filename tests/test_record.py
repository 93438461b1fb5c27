"""Run records and signatures: there and back, and clear words for what is broken."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.adapter import Capabilities, Declaration, ModelIdentity
from harness.coding import DecodeError, decode, encode
from harness.errors import InputError
from harness.results.record import (
    Costs,
    Failure,
    Git,
    GoldRecord,
    Machine,
    Result,
    RunRecord,
    UnitTally,
)
from harness.results.signature import Signature, diff
from harness.results.stored import from_json, iter_units, read, slug, to_json, write
from harness.results.unit_files import write_units

SIGNATURE = Signature(
    task="ner",
    gold="seeds",
    gold_version="1",
    gold_digest="a93f01c2",
    documents=5,
    fields={
        "schema": "ontonotes5@1",
        "proj": "none",
        "match": "strict",
        "boundary": "raw",
    },
    version="0.1.0",
)
RECORD = RunRecord(
    schema_version=1,
    tool_version="0.1.0",
    status="partial",
    started="2025-01-01T00:00:00+00:00",
    finished="2025-01-01T00:01:00+00:00",
    command=("harness", "run", "é|\n\x1b"),
    git=Git("0" * 40, dirty=True),
    python="3.11.7",
    packages={"nlp-harness": "0.1.0"},
    machine=Machine("a cpu", 2, 1 << 34, "Linux"),
    threads=1,
    seed=0,
    options={"match": "strict", "jobs": 1, "total_seconds": None, "limit": 0.5, "cache": True},
    gold=(GoldRecord("seeds", "1", "d" * 64, "ontonotes5@1", ("ner",), 5, 20_000, 3_000),),
    results=(
        Result(
            backend="spacy/x?a=1",
            gold="seeds",
            task="ner",
            status="partial",
            reason="one failed",
            declaration=Declaration(
                "spacy", ("ner",), "…", labels=("A",), capabilities=Capabilities(cues=False)
            ),
            model=ModelIdentity("x", "1", "d", "MIT", 5, {"dtype": "float32"}),
            labels=("A", "B"),
            documents=5,
            failed=1,
            failures=(Failure("a", "boom"),),
            unknown_labels={"X": 3},
            signature=str(SIGNATURE),
            scores={"strict": {"precision": None, "tp": 0}},
            costs=Costs(load_seconds=1.5, rounds=(1.0, 2.0), document_seconds=(0.5,)),
            units=(UnitTally("a", 0, {"correct": {"A": 1}}), UnitTally("a", 1, {})),
        ),
        Result("y", "seeds", "ner", "unavailable", "not here", "pip install y"),
    ),
)


def test_there_and_back(tmp_path: Path) -> None:
    write(tmp_path / "run.json", RECORD)
    assert read(tmp_path / "run.json") == read(tmp_path) == RECORD
    assert from_json(to_json(RECORD)) == RECORD


def test_every_result_field_has_a_line_of_its_own() -> None:
    """So that git can compare records."""
    lines = to_json(RECORD).splitlines()
    assert '      "costs": ' in "\n".join(lines)
    assert sum(line.startswith('      "units": ') for line in lines) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a run record"),
        ("{", "is the file cut off?"),
        ("[]", 'expected an object with "schema_version"'),
        ('{"schema_version": 99}', "schema version 99, expected 2"),
        ('{"schema_version": 1}', "no 'tool_version'"),
        (to_json(RECORD)[:-200], "is the file cut off?"),
        ("[" * 100_000, "not a run record"),
    ],
)
def test_what_is_no_record(text: str, words: str) -> None:
    with pytest.raises(InputError, match=r"x\.json: ") as caught:
        from_json(text, path="x.json")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("status",), "fine", "status: found 'fine', expected 'success' or 'partial' or 'error'"),
        (("seed",), "0", "seed: found '0', expected a whole number"),
        (("seed",), True, "seed: found True, expected a whole number"),
        (("git", "dirty"), 1, "git.dirty: found 1, expected true or false"),
        (("results",), {}, "results: found {}, expected a list"),
        (("results", 0, "costs", "rounds"), ["x"], "results[0].costs.rounds[0]: found 'x'"),
        (
            ("results", 0, "units", 0),
            ["a"],
            "results[0].units[0]: found ['a'], expected a list of 3",
        ),
        (("results", 0, "colour"), 1, "results[0]: unknown key 'colour'"),
        (("machine",), None, "machine: found None, expected an object"),
    ],
)
def test_wrong_fields_are_named(place: tuple[Any, ...], value: Any, words: str) -> None:
    document = json.loads(to_json(RECORD))
    target = document
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    with pytest.raises(InputError) as caught:
        from_json(json.dumps(document))
    assert words in str(caught.value)


def test_units_beside_the_record(tmp_path: Path) -> None:
    units = RECORD.results[0].units
    with write_units(tmp_path, "units.jsonl", 1) as file:
        file.add(units)
    result = replace(RECORD.results[0], units=(), units_file="units.jsonl")
    assert tuple(iter_units(result, tmp_path)) == units
    assert tuple(iter_units(RECORD.results[0], tmp_path)) == units
    with pytest.raises(InputError, match="outside the run's folder"):
        list(iter_units(replace(result, units_file="../units.jsonl"), tmp_path / "x"))
    with pytest.raises(InputError, match="cannot be read"):
        list(iter_units(replace(result, units_file="none.jsonl"), tmp_path))
    (tmp_path / "units.jsonl").write_text('["a", 0, {}]\n["a", 0]\n', "utf-8")
    with pytest.raises(InputError, match=r"units\.jsonl:2: not a unit"):
        list(iter_units(result, tmp_path))


NAMES = ["spacy/en", "spacy-en", "spacy_en", "spacy__en", "spacy//en", "spacy_/en", "spacy/_en"]
NAMES += ["a/b?c=1", "a/b?c=2", "process:node,x.js", "process:node_x.js", ".", "..", "../x", "é"]
NAMES += ["process:node x.js", "x" * 200, "x" * 201]


def test_slugs_are_files_of_their_own() -> None:
    slugs = [slug(name) for name in NAMES]
    assert len(set(slugs)) == len(NAMES)
    assert slug("spacy/en_core_web_sm") == "spacy__en_core_web_sm"
    for found in slugs:
        assert "/" not in found
        assert not found.startswith(".")
        assert len(found) < 120


@given(st.lists(st.text("ab/_-~.?é", min_size=1, max_size=6), min_size=2, max_size=2, unique=True))
def test_no_two_backends_share_a_slug(names: list[str]) -> None:
    assert slug(names[0]) != slug(names[1])


def test_a_signature_by_hand() -> None:
    text = (
        "ner|gold:seeds@1#a93f01c2|schema:ontonotes5@1|proj:none|match:strict|boundary:raw|"
        "n:5d|v:0.1.0"
    )
    assert str(SIGNATURE) == text
    assert Signature.parse(text) == SIGNATURE
    assert str(SIGNATURE.but(match="partial")).count("match:partial") == 1


def test_signatures_of_before_are_read() -> None:
    """Fields that had one value ever are left out, so that old baselines can still be compared."""
    text = str(SIGNATURE).replace("|n:5d", "|avg:micro|match-alg:optimal|n:5d")
    assert Signature.parse(text) == SIGNATURE
    former = "schema:none|proj:none|match:found50|boundary:none|avg:micro|match-alg:optimal|"
    for fields in (former, ""):
        signature = Signature.parse(f"attribution|gold:a@1#0123abcd|{fields}n:5d|v:0.3.0")
        assert str(signature) == "attribution|gold:a@1#0123abcd|n:5d|v:0.3.0"


WORDS = st.text(st.characters(codec="utf-8"), max_size=8)


@given(WORDS, WORDS, WORDS, WORDS, st.integers(0, 10**9))
def test_signatures_come_back(gold: str, version: str, schema: str, proj: str, n: int) -> None:
    signature = Signature(
        "attribution", gold, version, "0123abcd", n, {"schema": schema, "x": proj}
    )
    printed = str(signature)
    assert "\n" not in printed
    assert Signature.parse(printed) == signature


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "task ''"),
        ("ner:|gold:a@1#b", "task 'ner:'"),
        ("ner|gold:a@1#b", "no 'n'"),
        (str(SIGNATURE).replace("n:5d", "n:5"), "n:5, expected a number of documents"),
        (str(SIGNATURE).replace("@1#a93f01c2", ""), "gold set without @version#digest"),
        (str(SIGNATURE) + "|v:1", "part 'v:1'"),
        (str(SIGNATURE) + "|colour", "part 'colour'"),
    ],
)
def test_what_is_no_signature(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        Signature.parse(text)
    assert words in str(caught.value)


def test_what_may_be_compared() -> None:
    assert diff(SIGNATURE, replace(SIGNATURE, version="9")) == []
    other = replace(SIGNATURE, gold_digest="ffffffff").but(match="type")
    assert diff(SIGNATURE, other) == [
        ("gold digest", "a93f01c2", "ffffffff"),
        ("match", "strict", "type"),
    ]


def test_decode_is_strict_about_unions_and_mappings() -> None:
    assert decode(Costs, {"load_seconds": 1}).load_seconds == 1.0
    assert decode(Costs, {"load_seconds": None}).load_seconds is None
    with pytest.raises(DecodeError, match="load_seconds: found 'x', expected a number"):
        decode(Costs, {"load_seconds": "x"})
    with pytest.raises(DecodeError, match="found 3, expected an object"):
        decode(Costs, 3)
    assert encode(UnitTally("a", 0, {"x": (1, 2)})) == ["a", 0, {"x": [1, 2]}]
