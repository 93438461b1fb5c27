"""What the gate must not call comparable: records whose counts cannot be of the same gold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import synthetic

from harness.decide import baseline as baselines
from harness.decide.gate.check import check
from harness.decide.rules import Rule, Rules
from harness.errors import InputError
from harness.report.github import append_summary
from harness.results.save import write_run
from harness.tasks.tally import Tally

DOCS = synthetic.articles(10, seed=5)
GOOD = synthetic.predict(DOCS, synthetic.skilled(0.85, 0.1), seed=1)


def _without(label: str, tally: Tally) -> Tally:
    return Tally({key: n for key, n in tally.items() if label not in key[1:2]})


def test_a_type_that_vanished_from_the_counts_is_no_pass(tmp_path: Path) -> None:
    """With a rule for that type alone nothing else would fall, and no gold means no support."""
    goldset = synthetic.gold(tmp_path / "gold", DOCS)
    (system,) = synthetic.systems_of(goldset, {"b": GOOD})
    record = write_run(tmp_path / "run", [system], [goldset])
    accepted = baselines.accepted([system], record)
    label = next(key[1] for key in system.tallies[0] if key[0] == "correct")
    rules = Rules(rules=(Rule(type=label, floor=0.5, max_drop=1.0),))
    assert check(record, [system], accepted, rules, resamples=200).exit_status == 0
    damaged = replace(system, tallies=tuple(_without(label, t) for t in system.tallies))
    report = check(record, [damaged], accepted, rules, resamples=200)
    assert report.exit_status == 3
    (verdict,) = report.having("error")
    assert verdict.code == "not-comparable"
    assert f"gold {label} in " in verdict.message


def test_a_summary_that_cannot_be_written_is_an_error_of_the_caller(tmp_path: Path) -> None:
    goldset = synthetic.gold(tmp_path / "gold", DOCS)
    (system,) = synthetic.systems_of(goldset, {"b": GOOD})
    record = write_run(tmp_path / "run", [system], [goldset])
    report = check(record, [system], baselines.accepted([system], record), resamples=200)
    with pytest.raises(InputError, match="is no regular file"):
        append_summary(report, tmp_path)
