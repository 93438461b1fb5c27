"""Nothing passes because it is not there, or cannot be compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import synthetic
from gate_bench import DOCS, GOOD, Gate, codes, lose, pin, rules
from measured import signed_otherwise

from harness.annotation import Annotations, Entity
from harness.decide import baseline as baselines
from harness.decide.gate.check import check
from harness.decide.rules import default_rules
from harness.errors import NothingMeasured
from harness.results.save import write_run

# --- never by absence --------------------------------------------------------------------------


def test_a_missing_backend(gate: Gate) -> None:
    report = gate.check(systems=gate.measure({"c": GOOD}))
    assert report.exit_status == 3
    assert "missing-backend" in codes(report, "error") and "new" in codes(report, "warn")


def test_an_unavailable_backend_says_why(gate: Gate) -> None:
    result = replace(gate.record.results[0], status="unavailable", reason="no torch here")
    record = replace(gate.record, results=(result,))
    report = gate.check(systems=[], record=record)
    assert report.exit_status == 3
    assert "no torch here" in report.having("error")[0].message


def test_a_missing_gold_set(gate: Gate) -> None:
    other = replace(gate.record, gold=(), results=(replace(gate.record.results[0], gold="x"),))
    report = gate.check(systems=[], record=other)
    assert report.exit_status == 3 and "missing-gold" in codes(report, "error")


def test_an_empty_run_and_an_empty_baseline(gate: Gate) -> None:
    report = gate.check(systems=[], record=replace(gate.record, results=()))
    assert report.exit_status == 3 and "empty" in codes(report, "error")
    report = gate.check(accepted=replace(gate.accepted, entries=()))
    assert report.exit_status == 3 and "empty" in codes(report, "error")
    with pytest.raises(NothingMeasured):
        baselines.accepted([], gate.record)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("gold_digest", "00000000", "other-gold"),
        ("documents", 59, "other-gold"),
        ("schema", "conll03@1", "other-schema"),
        ("proj", "pred=a--b@1", "other-schema"),
        ("match", "exact", "other-match"),
        ("boundary", "normalised", "other-match"),
        ("colour", "red", "not-comparable"),
    ],
)
def test_other_counts_are_not_compared(gate: Gate, field: str, value: Any, code: str) -> None:
    (system,) = gate.measure({"b": GOOD})
    signature = signed_otherwise(system.signature, field, value)
    report = gate.check(systems=[replace(system, signature=signature)])
    assert report.exit_status == 3 and code in codes(report, "error")
    shown = {"proj": "projection"}.get(field, field.replace("_", " "))
    assert shown in report.having("error")[0].message


def test_other_paragraphs_are_not_compared(gate: Gate) -> None:
    (system,) = gate.measure({"b": GOOD})
    fewer = replace(system, units=system.units[1:], tallies=system.tallies[1:])
    assert codes(gate.check(systems=[fewer]), "error")[0] == "not-comparable"


def test_a_rule_that_matches_nothing(gate: Gate) -> None:
    for text in ('backend = "spacy/*"', 'gold = "seeds"', 'task = "attribution"'):
        report = gate.check(None, rules(f"[[rule]]\nmax_drop = 1\n{text}"))
        assert report.exit_status == 3, text
        assert set(codes(report, "error")) == {"no-match"}
    report = gate.check(None, rules(pin(Entity(0, 1, "X"), "d", False) + 'gold = "x"\n'))
    assert report.exit_status == 3


def test_rules_for_a_task_that_nobody_has(gate: Gate) -> None:
    text = '[[rule]]\ntask = "attribution"\ntype = "pair"\nmax_drop = 1'
    report = gate.check(None, rules(text))
    assert report.exit_status == 3 and set(codes(report, "error")) == {"no-match"}
    assert gate.check(None, default_rules()).exit_status == 0  # speaks of attributions, too


def test_attributions_are_gated(tmp_path: Path) -> None:
    docs = synthetic.speeches(80, seed=1)
    goldset = synthetic.gold(tmp_path, docs)
    systems = synthetic.systems_of(goldset, {"q": docs}, "attribution")
    record = write_run(tmp_path / "run", systems, [goldset])
    accepted = baselines.accepted(systems, record)
    assert check(record, systems, accepted, resamples=300).exit_status == 0
    fewer = [
        replace(r, annotations=Annotations(attributions=(r.annotations.attributions or ())[1:]))
        for r in docs
    ]
    worse = synthetic.systems_of(goldset, {"q": fewer}, "attribution")
    report = check(record, worse, accepted, resamples=300)
    assert report.exit_status == 1
    assert [verdict.part for verdict in report.having("fail")] == ["found50", "pair"]
    flips = report.having("fail")[0].flips
    assert flips is not None and len(flips.lost) == 80


def test_a_type_that_this_gold_set_lacks(gate: Gate) -> None:
    """Known in one gold set, absent from the one that the rule speaks of."""
    docs = [
        replace(d, annotations=Annotations(tuple(
            e._replace(label="LAW") for e in d.annotations.entities or ())))
        for d in DOCS
    ]  # fmt: skip
    other = synthetic.gold(gate.folder, docs, "laws")
    systems = [*gate.systems, *synthetic.systems_of(other, {"b": docs})]
    record = write_run(gate.folder / "two", systems, [gate.goldset, other])
    accepted = baselines.accepted(systems, record)
    text = '[[rule]]\nmax_drop = 1\n[[rule]]\ngold = "planted"\ntype = "LAW"\nmax_drop = 1'
    report = gate.check(systems=systems, record=record, accepted=accepted, rules=rules(text))
    assert report.exit_status == 3 and codes(report, "error") == ["missing-type"]


def test_restricting_to_nothing(gate: Gate) -> None:
    assert gate.check(gold=["planted"], backends=["b"]).exit_status == 0
    report = gate.check(backends=["x"])
    assert report.exit_status == 3 and "no-match" in codes(report, "error")


def test_a_regression_outranks_an_absence(gate: Gate) -> None:
    systems = gate.measure({"b": GOOD, "c": GOOD})
    record = write_run(gate.folder / "pair", systems, [gate.goldset])
    accepted = baselines.accepted(systems, record)
    report = gate.check(lose(0.2), accepted=accepted)
    assert report.exit_status == 1
    assert "1 could not be checked" in report.headline
