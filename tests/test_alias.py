"""An alias is what a row is called, and changes nothing of what is asked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cli.main import main
from harness.decide.entry import entry_of
from harness.decide.gate.notes import notes
from harness.decide.gate.presence import MatchedEntry
from harness.errors import UsageError
from harness.registry import BackendSpec
from harness.results import stored
from harness.results.load import from_run
from harness.run.suites import load_suite
from tests.support import printed

SEEDS = str(Path(__file__).parent.parent / "goldsets" / "seeds")


@pytest.mark.parametrize(
    ("text", "alias", "rest"),
    [
        ("rules=process:python x.py --a=b", "rules", "process:python x.py --a=b"),
        ("fast=gazetteer", "fast", "gazetteer"),
        ("a.b_c-1+2=spacy/x?batch_size=64", "a.b_c-1+2", "spacy/x?batch_size=64"),
        ("spacy/x?batch_size=64", "", "spacy/x?batch_size=64"),
        ("spacy?batch_size=64", "", "spacy?batch_size=64"),
        ("process:a=b c", "", "process:a=b c"),
    ],
)
def test_an_alias_is_read_before_the_name(text: str, alias: str, rest: str) -> None:
    spec = BackendSpec.parse(text)
    assert (spec.alias, str(spec)) == (alias, rest)
    assert spec.row == (alias or rest)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("=gazetteer", "alias ''"),
        ("a b=gazetteer", "alias 'a b'"),
        ("*=gazetteer", "alias '*'"),
        (f"{'a' * 65}=gazetteer", "up to 64"),
        ("quotes=gazetteer", "there is an adapter of that name"),
        ("a=b=gazetteer", "one alias is enough"),
        ("a=", "expected a name such as"),
    ],
)
def test_what_is_no_alias_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        BackendSpec.parse(text)
    assert said in str(caught.value)


@given(st.text(max_size=8), st.text("abc/:?=", max_size=8))
def test_an_alias_never_changes_what_is_asked(alias: str, rest: str) -> None:
    try:
        spec = BackendSpec.parse(f"{alias}={rest}")
    except UsageError:
        return
    if spec.alias:
        assert str(spec) == str(BackendSpec.parse(f"{alias}={rest}".partition("=")[2]))
        assert not set(spec.alias) & set("*?[]/:|, ")


def test_two_rows_of_one_name_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["run", "x=gazetteer", "x=empty", "--gold", SEEDS, "--quiet"]
    said = printed(capsys, command, status=2)
    assert "two backends are called x: gazetteer and empty" in said


def test_a_suite_has_aliases_too(tmp_path: Path) -> None:
    (tmp_path / "harness.toml").write_text(
        '[suites.a]\nbackends = ["x=gazetteer",'
        ' {backend = "y=spacy/z", options = {batch_size = 2}}]'
    )
    one, two = load_suite("a", (), folder=tmp_path)["backend"]
    assert (one.row, str(one)) == ("x", "gazetteer")
    assert (two.row, str(two)) == ("y", "spacy/z?batch_size=2")


@pytest.mark.processes
def test_a_run_with_an_alias(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The row has the alias everywhere; answers of the same thing under its name are taken."""
    monkeypatch.chdir(tmp_path)
    asked = ["--gold", SEEDS, "--task", "ner", "--quiet", "--cache-dir", "cache"]
    printed(capsys, ["run", "gazetteer", *asked, "--out", "plain"])
    printed(capsys, ["run", "x=gazetteer", "gazetteer", *asked, "--out", "out", "--require", "x"])
    aliased, plain = stored.read("out").results
    assert (aliased.backend, aliased.spec, aliased.asked) == ("x", "gazetteer", "gazetteer")
    assert (plain.backend, plain.spec, plain.asked) == ("gazetteer", "", "gazetteer")
    assert aliased.costs.replayed == aliased.documents
    assert (aliased.model, aliased.scores) == (plain.model, plain.scores)
    assert aliased.predictions == "predictions/seeds/ner/x.jsonl"

    table = printed(capsys, ["report", "out", "--backend", "x", "--rankings"])
    assert "x: stands for gazetteer" in table
    (choice,) = json.loads(printed(capsys, ["choose", "out", "--task", "ner", "--json"]))["choices"]
    mine, other = choice["candidates"]
    assert mine["model_licence"] == other["model_licence"]

    printed(capsys, ["baseline", "accept", "out", "--baseline", "b.json", "--yes"])
    assert main(["check", "out", "--baseline", "b.json", "--backend", "x"]) == 0
    one = next(one for one in from_run("out") if one.name == "x")
    entry = entry_of(one, stored.read("plain"))
    (said,) = notes([MatchedEntry(replace(entry, spec="quotes"), one, one)])
    assert said.endswith("x on seeds: stood for quotes, stands for gazetteer")
