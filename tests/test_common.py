"""Backends that speak different schemas stand in one table only where they were counted in one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.adapter import Declaration, ModelIdentity
from harness.annotation import Annotations, Entity, Record
from harness.decide.ranking import rankings
from harness.formats import jsonl
from harness.gold.loading import load_goldset
from harness.registry import BackendSpec
from harness.report.run import ranking_tables
from harness.results.count import options_of
from harness.results.record import Result
from harness.results.signature import Signature, diff
from harness.run.common import count_in_common
from harness.run.options import RunOptions
from harness.run.runner import run
from harness.tasks.attribution.tally import AttributionOptions
from harness.tasks.ner.options import NerOptions
from harness.tasks.registry import task_named

TEXT = "Ada Roe went to Oslo on Monday."
GOLD = (Entity(0, 7, "PERSON"), Entity(16, 20, "GPE"), Entity(24, 30, "DATE"))


OPTIONS = {"ner": NerOptions(), "attribution": AttributionOptions()}


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "gold.jsonl"
    jsonl.write(path, [Record("a", TEXT, Annotations(GOLD))])
    return path


def _result(folder: Path, backend: str, labels: str, entities: tuple[Entity, ...]) -> Result:
    name = f"{backend}.jsonl"
    jsonl.write(folder / name, [Record("a", None, Annotations(entities))])
    signature = Signature("ner", "gold", "", "0" * 8, 1, {"schema": f"{labels}@1", "proj": "none"})
    declaration = Declaration(backend, ("ner",), "", labels=labels)
    return Result(
        backend, "gold", "ner", "ok", declaration=declaration, signature=str(signature),
        predictions=name,
    )  # fmt: skip


def test_all_are_counted_in_the_finest_schema_in_reach(gold: Path, tmp_path: Path) -> None:
    fine = _result(tmp_path, "fine", "ontonotes5", GOLD)
    coarse = _result(tmp_path, "coarse", "conll03", (Entity(0, 7, "PER"), Entity(16, 20, "ORG")))
    common = count_in_common([fine, coarse], [load_goldset(gold)], OPTIONS, tmp_path)
    assert [Signature.parse(str(r.signature)).schema for r in common] == ["conll03@1"] * 2
    first, second = (r.scores["strict"] for r in common)
    # The date has no counterpart in conll03: two gold mentions are left.
    assert (first["tp"], first["support"], first["predicted"]) == (2, 2, 2)
    # Nor does the gold annotate organisations: what is predicted of them is not scored.
    assert (second["tp"], second["support"], second["predicted"]) == (1, 2, 1)
    assert (common[1].not_scored, common[1].f1_with_all) == ({"ORG": 1}, 0.5)
    assert "DATE" in common[0].left_out_labels


def test_what_backends_were_told_to_look_for_stays_in_every_signature(
    gold: Path, tmp_path: Path
) -> None:
    """Two sets of prompts are two questions: never under one signature."""
    fine = _result(tmp_path, "fine", "ontonotes5", GOLD)
    told = [
        replace(
            _result(tmp_path, name, "conll03", (Entity(0, 7, "PER"),)),
            model=ModelIdentity(name, notes={"prompts": prompts}),
        )
        for name, prompts in (("one", "PER=person"), ("two", "PER=somebody"))
    ]
    common = count_in_common([fine, *told], [load_goldset(gold)], OPTIONS, tmp_path)
    signatures = [Signature.parse(str(result.signature)) for result in common]
    prompts = [one.fields.get("prompts") for one in signatures]
    assert prompts[0] is None and prompts[1] != prompts[2] and None not in prompts[1:]
    assert [field for field, _, _ in diff(*signatures[1:])] == ["prompts"]
    assert options_of(task_named("ner"), signatures[1]) == NerOptions()


def test_where_earlier_versions_wrote_prompts_they_are_read() -> None:
    old = "ner|gold:g@1#0a|schema:conll03@1|proj:gold=a,prompts=1f2e|match:strict|n:1d|v:0.4.0"
    fields = {"schema": "conll03@1", "proj": "gold=a", "match": "strict", "prompts": "1f2e"}
    assert Signature.parse(old).fields == fields
    bare = Signature.parse("ner|gold:g@1#0a|schema:x|proj:none|match:strict|n:1d|v:0.4.0")
    assert "prompts" not in bare.fields


def test_labels_that_become_one_make_duplicates(gold: Path, tmp_path: Path) -> None:
    twice = (Entity(0, 7, "PERSON"), Entity(16, 20, "GPE"), Entity(16, 20, "LOC"))
    fine = _result(tmp_path, "fine", "ontonotes5", twice)
    coarse = _result(tmp_path, "coarse", "conll03", ())
    common = count_in_common([fine, coarse], [load_goldset(gold)], OPTIONS, tmp_path)
    assert [result.duplicates for result in common] == [1, 0]


def test_backends_of_one_schema_are_not_counted_twice(gold: Path, tmp_path: Path) -> None:
    results = [_result(tmp_path, name, "ontonotes5", GOLD) for name in ("one", "two")]
    assert count_in_common(results, [load_goldset(gold)], OPTIONS, tmp_path) == ()


def test_a_failed_document_stays_all_missed(gold: Path, tmp_path: Path) -> None:
    fine = _result(tmp_path, "fine", "ontonotes5", GOLD)
    coarse = _result(tmp_path, "coarse", "conll03", ())
    jsonl.write(tmp_path / "coarse.jsonl", [Record("a", None, Annotations(), error="it broke")])
    common = count_in_common([fine, coarse], [load_goldset(gold)], OPTIONS, tmp_path)
    assert common[1].scores["strict"]["recall"] == 0.0


def test_one_table_never_mixes_schemas(gold: Path, tmp_path: Path) -> None:
    record = run(
        [BackendSpec("gazetteer"), BackendSpec("oracle")],
        [load_goldset(gold)],
        RunOptions(out=tmp_path / "out"),
    )
    assert record.common == ()
    (table,) = ranking_tables(record, rankings(record, tmp_path / "out"))
    schemas = {note.split("|")[2] for note in table.notes if note.startswith("ner|")}
    assert len(schemas) == 1
    assert json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))["common"] == []
