"""Choosing, combining and auditing planted backends with known costs and qualities."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import synthetic

from harness.adapter import Declaration, ModelIdentity
from harness.annotation import Annotations, Entity, Record
from harness.cli.main import main
from harness.decide.choose import Choice, choose
from harness.decide.constraints import Constraints, is_permissive, licences, parse_weights
from harness.errors import NotComparable, NothingMeasured, UsageError
from harness.gold.goldset import GoldSet
from harness.report.choice import choice_table
from harness.results.record import Costs, Result
from harness.results.save import write_run
from harness.results.scored import Scored
from harness.results.stored import read, write

DOCS = synthetic.articles(40, seed=11)
STRONG = synthetic.predict(DOCS, synthetic.skilled(0.95, 0.05), seed=1)
WEAK = synthetic.predict(DOCS, synthetic.skilled(0.5, 0.3), seed=2)


def costing(system: Scored, **values: Any) -> Scored:
    """The system with costs, licences and a model as a run would record them."""
    licence, model = values.pop("code", "MIT"), values.pop("model", "MIT")
    size = values.pop("model_bytes", 10_000_000)
    declaration = Declaration(system.backend, ("ner",), "planted", code_licence=licence)
    costs = {
        "words_per_second": 1000.0, "documents_per_second": 5.0, "load_seconds": 1.0,
        "peak_memory_bytes": 200_000_000, **values,
    }  # fmt: skip
    return replace(
        system,
        result=Result(
            backend=system.backend, gold=system.gold, task=system.task, status="ok",
            declaration=declaration, model=ModelIdentity("m", licence=model, size_bytes=size),
            costs=Costs(model_bytes=size, **costs),
        ),
    )  # fmt: skip


@pytest.fixture(scope="module")
def goldset(tmp_path_factory: pytest.TempPathFactory) -> GoldSet:
    return synthetic.gold(tmp_path_factory.mktemp("gold"), DOCS)


@pytest.fixture(scope="module")
def pair(goldset: GoldSet) -> list[Scored]:
    strong, weak = synthetic.systems_of(goldset, {"strong": STRONG, "weak": WEAK})
    return [
        costing(weak, words_per_second=50_000.0, peak_memory_bytes=50_000_000),
        costing(strong, words_per_second=900.0, peak_memory_bytes=900_000_000),
    ]


def pick(systems: Sequence[Scored], **wishes: Any) -> Choice:
    return choose(systems, Constraints(task="ner", **wishes), resamples=2000)


def why(choice: Choice, name: str) -> str:
    return "; ".join(next(c.obstacles for c in choice.candidates if c.name == name))


def test_the_better_one_is_recommended_with_its_reasons(pair: list[Scored]) -> None:
    choice = pick(pair)
    assert choice.recommended == "strong" and not choice.abstains
    assert [c.name for c in choice.candidates] == ["strong", "weak"]
    strong, weak = choice.candidates
    assert strong.best_probability == 1.0 and weak.best_probability == 0.0
    assert strong.pareto and weak.pareto  # one is better, the other quicker and smaller
    assert choice.reasons[0] == (
        "strong is better than the only other that qualifies (p < .0001 after Holm's correction)"
    )
    assert weak.seconds_per_1k_words == pytest.approx(0.02)


def test_a_limit_changes_the_choice(pair: list[Scored]) -> None:
    for limit, said in (
        ({"max_memory": 500_000_000}, "peak memory 900 MB, allowed 500 MB"),
        ({"max_seconds_per_1k_words": 0.5}, "time per 1,000 words 1.11 s, allowed 0.5 s"),
    ):
        choice = pick(pair, **limit)
        assert choice.recommended == "weak"
        assert "the only backend that qualifies" in choice.reasons[0]
        assert said in why(choice, "strong")


def test_nobody_qualifies(pair: list[Scored]) -> None:
    choice = pick(pair, min_recall=0.999)
    assert choice.recommended is None and not choice.abstains
    assert choice.reasons == ("no backend qualifies",)
    assert "recall is" in why(choice, "strong")


def test_what_is_not_known_does_not_qualify(goldset: GoldSet, pair: list[Scored]) -> None:
    (bare,) = synthetic.systems_of(goldset, {"bare": STRONG})
    untimed = costing(bare, words_per_second=None, peak_memory_bytes=None, load_seconds=None)
    choice = pick([untimed], max_memory=10**9, max_seconds_per_1k_words=1.0, max_load_seconds=9.0)
    for name in ("peak memory", "time per 1,000 words", "load time"):
        assert f"{name} was not measured" in why(choice, "bare")
    assert "model size was not measured" in why(pick([bare], max_disk=1), "bare")


def test_licences(pair: list[Scored]) -> None:
    gpl = costing(pair[1], code="GPL-3.0", model="MIT")
    closed = costing(pair[0], code="MIT", model="")
    choice = pick([gpl, closed], licence="permissive")
    assert "the licence of its code is GPL-3.0" in why(choice, "strong")
    assert "the licence of its model is not stated" in why(choice, "weak")
    assert pick([gpl], licence="open").recommended == "strong"


@pytest.mark.parametrize(
    ("backend", "expected"),
    [("hub/reference", "MIT"), ("hub/reference?window=9", "MIT"), ("hub/somebody/else", "")],
)
def test_the_default_model_lends_its_licence_to_no_other(
    pair: list[Scored], backend: str, expected: str
) -> None:
    system = costing(pair[0], model="")
    assert system.result is not None and system.result.declaration is not None
    declared = replace(
        system.result.declaration, model_licence="MIT", default_models=("reference",)
    )
    result = replace(system.result, backend=backend, declaration=declared)
    assert licences(replace(system, result=result)) == ("MIT", expected)


def test_the_reference_model_is_permissive() -> None:
    from harness.adapters._checkpoint import REFERENCE_LICENCE

    assert is_permissive(REFERENCE_LICENCE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MIT", True), ("Apache-2.0", True), ("BSD-3-Clause", True), ("CC-BY-4.0", True),
        ("none", True), ("CC0-1.0", True), ("MIT AND CC-BY-4.0", True),
        ("Apache License 2.0", True), ("GPL-3.0 OR MIT", True),
        ("GPL-3.0", False), ("CC-BY-NC-4.0", False), ("CC-BY-SA-4.0", False),
        ("MIT AND GPL-2.0", False), ("proprietary", False), ("LDC user agreement", False),
        ("", None), ("unknown", None),
    ],
)  # fmt: skip
def test_permissive(text: str, expected: bool | None) -> None:
    assert is_permissive(text) is expected


def test_offline(pair: list[Scored]) -> None:
    nowhere = costing(pair[0], model_bytes=0)
    assert "did not run offline" in why(pick([nowhere], offline=True), "weak")
    assert pick([pair[0]], offline=True).recommended == "weak"
    ran = choose([nowhere], Constraints(task="ner", offline=True), ran_offline=True, resamples=50)
    assert ran.recommended == "weak"


def test_twins_are_tied_and_the_choice_abstains(goldset: GoldSet) -> None:
    slow, quick = synthetic.systems_of(goldset, {"slow": STRONG, "quick": STRONG})
    choice = pick([costing(slow), costing(quick, words_per_second=9000.0)])
    assert choice.recommended is None and choice.abstains
    assert set(choice.tied) == {"slow", "quick"}
    assert "cannot tell" in choice.reasons[0]
    assert "the fastest of them is quick (9000 words/s)" in choice.reasons[1]
    assert [c.best_probability for c in choice.candidates] == [0.5, 0.5]
    assert {c.name: c.pareto for c in choice.candidates} == {"slow": False, "quick": True}


def test_weights_turn_the_order_round(goldset: GoldSet) -> None:
    """One finds half and is always right, the other finds all and is wrong as often."""
    half = [Record(d.id, None, Annotations((d.annotations.entities or ())[::2])) for d in DOCS]
    double = []
    for doc in DOCS:
        entities = list(doc.annotations.entities or ())
        other = {"PER": "ORG"}
        entities += [Entity(e.start, e.end, other.get(e.label, "PER")) for e in entities]
        double.append(Record(doc.id, None, Annotations(tuple(entities))))
    careful, eager = synthetic.systems_of(goldset, {"careful": half, "eager": double})
    assert pick([careful, eager], recall_weight=4.0).recommended == "eager"
    assert pick([careful, eager], precision_weight=4.0).recommended == "careful"
    recall_only = pick([eager], precision_weight=0.0).candidates[0]
    assert recall_only.quality == recall_only.recall == 1.0


def test_only_the_wished_types_count(goldset: GoldSet) -> None:
    people = []
    for doc in DOCS:
        entities = [e for e in doc.annotations.entities or () if e.label == "PER"]
        people.append(Record(doc.id, None, Annotations(tuple(entities))))
    specialist, all_round = synthetic.systems_of(goldset, {"people": people, "all": STRONG})
    assert pick([specialist, all_round]).recommended == "all"
    choice = pick([specialist, all_round], parts=("PER",))
    assert choice.recommended == "people" and choice.part == "PER"
    both = pick([specialist, all_round], parts=("PER", "ORG"))
    assert both.recommended == "all" and "never gives ORG" in why(both, "people")
    with pytest.raises(UsageError, match="Did you mean 'PER'"):
        pick([specialist], parts=("PERS",))


def test_refusals(pair: list[Scored]) -> None:
    with pytest.raises(NothingMeasured):
        choose([], Constraints(task="ner"))
    other = replace(pair[1], signature=pair[1].signature.but(schema="x@1"))
    with pytest.raises(NotComparable, match="schema"):
        pick([pair[0], other])


def test_weights() -> None:
    assert parse_weights(["recall=2", "precision=0.5"]) == {"recall": 2.0, "precision": 0.5}
    for weight in ("recall", "recall=x", "recall=-1", "f1=2", "recall=nan"):
        with pytest.raises(UsageError, match="--weight"):
            parse_weights([weight])
    with pytest.raises(UsageError, match="cannot both"):
        parse_weights(["recall=0", "precision=0"])


def test_the_table_tells_what_the_choice_tells(pair: list[Scored]) -> None:
    table = choice_table(pick(pair, max_memory=500_000_000))
    assert [row[:2] for row in table.rows] == [("weak", "yes"), ("strong", "no")]
    notes = "\n".join(table.notes)
    assert "Recommended: weak." in notes and "strong does not qualify: peak memory" in notes


def test_what_an_adapter_warns_of_stands_beside_its_recommendation(pair: list[Scored]) -> None:
    warned = []
    for system in pair:
        assert system.result is not None and system.result.declaration is not None
        said = replace(system.result.declaration, traps=(f"{system.name} has seen this gold",))
        warned.append(replace(system, result=replace(system.result, declaration=said)))
    notes = choice_table(pick(warned)).notes
    assert [n for n in notes if "Beware" in n] == ["Beware, strong: strong has seen this gold"]
    assert not any("Beware" in note for note in choice_table(pick(warned, max_disk=1)).notes)


# --- the commands ------------------------------------------------------------------------------


@pytest.fixture
def desk(
    tmp_path: Path, goldset: GoldSet, pair: list[Scored], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A run on disk with costs."""
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "results", pair, [goldset])
    record = read(tmp_path / "results")
    results = tuple(
        replace(
            result,
            costs=system.result.costs,
            declaration=system.result.declaration,
            model=system.result.model,
        )
        for result, system in zip(record.results, pair, strict=True)
        if system.result is not None
    )
    write(tmp_path / "results" / "run.json", replace(record, results=results))
    return goldset.path


def test_choose_command(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = ["choose", "--task", "ner", "--gold", str(desk), "--resamples", "500"]
    assert main([*base, "--types", "PER, ORG", "--weight", "recall=2", "--together"]) == 0
    out = capsys.readouterr().out
    assert "Recommended: strong." in out and "backends together" in out
    assert main([*base, "--max-memory", "100MB", "--json", "--together"]) == 0
    value = json.loads(capsys.readouterr().out)["choices"][0]
    assert value["recommended"] == "weak" and value["abstains"] is False
    assert value["together"]["nobody"] >= 0
    for more in ([], ["--json"]):
        assert main([*base, "--max-memory", "1kB", *more]) == 3
        assert "no backend qualifies" in capsys.readouterr().out


def test_compare_command(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = ["compare", "results", "--gold", str(desk), "--resamples", "500"]
    assert main(base) == 0
    out = capsys.readouterr().out
    assert "against weak" in out and "better" in out and "gained:" in out
    assert main([*base, "--backend", "strong", "--backend", "weak", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in value[0]["systems"]] == ["strong", "weak"]
    assert main([*base, "--backend", "none"]) == 2
    assert main([*base, "--task", "attribution"]) == 2
    capsys.readouterr()
    assert main(["compare", "nope", "--gold", str(desk), "--task", "ner"]) == 2
    assert "nope: no such file or folder" in capsys.readouterr().err


def test_compare_files_of_predictions(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = sorted(str(path) for path in (tmp_path / "results" / "predictions").rglob("*.jsonl"))
    assert len(files) == 2
    argv = ["compare", *files, "--gold", str(desk), "--task", "ner", "--resamples", "200"]
    assert main(argv) == 0
    assert "against strong" in capsys.readouterr().out
    assert main(["compare", *files]) == 2
    assert "give one --gold and --task" in capsys.readouterr().err


def test_audit_command(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--gold", str(desk), "--limit", "3"]) == 0
    assert "gold mentions that none of" in capsys.readouterr().out
    assert main(["audit", "--gold", str(desk), "--json"]) == 0
    assert "texts" not in json.loads(capsys.readouterr().out)[0]
    assert main(["audit", "--backend", "weak"]) == 3


@pytest.mark.parametrize(
    ("argv", "status", "said"),
    [
        (["--task", "ner", "--types", "PERS"], 2, "Did you mean 'PER'"),
        (["--task", "ner", "--part", "pair"], 2, "--part is not for named entities"),
        (["--task", "attribution", "--types", "PER"], 2, "--types are not for"),
        (["--task", "ner", "--max-memory", "big"], 2, "expected a size above 0"),
        (["--task", "ner", "--min-recall", "85"], 2, "between 0 and 1"),
        (["--task", "ner", "--max-load-seconds=-1"], 2, "from 0 up"),
        (["--task", "ner", "--max-seconds-per-1k-words", "nan"], 2, "from 0 up"),
        (["--task", "ner", "--gold", "none"], 2, "there is: planted"),
        (["--task", "attribution"], 2, "there is: planted"),
        (["--task", "ner", "--backend", "none"], 2, "no backend"),
        (["--task", "ner", "--resamples", "0"], 2, "between 1 and"),
    ],
)
def test_bad_usage(
    desk: Path, capsys: pytest.CaptureFixture[str], argv: list[str], status: int, said: str
) -> None:
    assert main(["choose", *argv]) == status
    captured = capsys.readouterr()
    assert said in captured.err and "Traceback" not in captured.err
