"""Rules files, and what accepting tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import synthetic
from gate_bench import DOCS, GOOD, Gate, lose, rules

from harness.decide import baseline as baselines
from harness.decide.rules import read_rules
from harness.errors import InputError, UsageError
from harness.report.baseline import difference_table

# --- rules files -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[[rule]]\nmetric = "recal"\nfloor = 0.5', "Did you mean 'recall'"),
        (
            "[[rule]]\nmax_drop = -1",
            "max_drop: found -1, expected a number of points between 0 and 100",
        ),
        ("[[rule]]\nfloor = 85", "floor: found 85, expected a number between 0 and 1"),
        ("[[rule]]\nmax_drop = nan", "expected a number"),
        ('[[rule]]\nmax_drop = "1"', "expected a number"),
        ("[[rule]]\nmax_drop = true", "expected a number"),
        ("[[rule]]\nmaxdrop = 1", "Did you mean 'max_drop'"),
        ('[[rule]]\ngold = "x"', "neither floor nor max_drop"),
        (
            '[[rule]]\nmax_drop = 1\ntask = "nerr"',
            "expected 'ner' or 'attribution'. Did you mean 'ner'",
        ),
        ("[[rule]]\nmax_drop = 1\nmin_support = -3", "from 0 up"),
        ("", "would check nothing"),
        ("rule = 3", r"rule: found 3, expected a list of tables, each under \[\[rule\]\]"),
        ("[[pin]]\nstart = 1\nend = 2", "pin 1: no 'document'"),
        ('[[pin]]\ndocument = "a"\nstart = 4\nend = 4', "not after start"),
        ("[[rules]]\nmax_drop = 1", "Did you mean 'rule'"),
    ],
)
def test_bad_rules(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "gate.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=expected) as caught:
        read_rules(path)
    assert "gate.toml" in str(caught.value)


def test_rules_that_are_not_toml(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text("[[rule]\n")
    with pytest.raises(InputError, match="not TOML"):
        read_rules(path)


def test_an_unknown_type_suggests_the_nearest(gate: Gate) -> None:
    with pytest.raises(UsageError, match=r"rule 1: unknown type 'PERS'\. Did you mean 'PER'"):
        gate.check(None, rules('[[rule]]\ntype = "PERS"\nmax_drop = 1'))


def test_the_suggestion_comes_from_the_task_that_has_the_nearest_name(
    gate: Gate, tmp_path: Path
) -> None:
    speeches = synthetic.speeches(6)
    quotes = synthetic.gold(tmp_path, speeches, "quotes")
    both = [*gate.systems, *synthetic.systems_of(quotes, {"b": speeches}, "attribution")]
    accepted = baselines.accepted(both, gate.record)
    for wrong, near in (("PERS", "PER"), ("pairs", "pair"), ("found5", "found50")):
        with pytest.raises(UsageError, match=f"unknown .* '{wrong}'. Did you mean '{near}'"):
            gate.check(
                None, rules(f'[[rule]]\ntype = "{wrong}"\nmax_drop = 1'),
                systems=both, accepted=accepted,
            )  # fmt: skip


def test_another_version_of_the_harness_is_told(gate: Gate) -> None:
    assert gate.check().notes == ()
    (system,) = gate.systems
    newer = replace(system, signature=replace(system.signature, version="9.9"))
    (note,) = gate.check(systems=[newer]).notes
    assert note.startswith("the baseline was counted by version") and "run by 9.9" in note


def test_another_version_alone_is_no_other_count(gate: Gate) -> None:
    entry = gate.accepted.entries[0]

    def fate(signature: str) -> str:
        other = replace(entry, signature=signature, started="2026-01-01T00:00:00+00:00")
        return str(
            difference_table(gate.accepted, replace(gate.accepted, entries=(other,))).rows[0][-1]
        )

    body, version = entry.signature.rsplit("|v:", 1)
    assert fate(f"{body}|v:{version}.1") == "unchanged"
    assert fate(entry.signature.replace("match:strict", "match:type")) == "counted differently now"


def test_accepting_says_what_is_partial(gate: Gate) -> None:
    (entry,) = gate.accepted.entries
    partial = replace(gate.accepted, entries=(replace(entry, failed=2),))
    assert difference_table(None, gate.accepted).rows[0][-1] == "new"
    said = difference_table(None, partial).rows[0][-1]
    assert said == "new; partial: 2 of 60 documents failed"


def test_macro_can_be_gated(gate: Gate) -> None:
    text = '[[rule]]\ntype = "macro"\nmax_drop = 1'
    assert gate.check(None, rules(text)).exit_status == 0
    assert gate.check(lose(0.2), rules(text)).exit_status == 1


# --- the baseline ------------------------------------------------------------------------------


def test_a_baseline_needs_nothing_beside_it(gate: Gate, tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    baselines.write(path, gate.accepted)
    again = baselines.read(path)
    assert again == gate.accepted
    system = again.entries[0].scored()
    assert system.tallies == gate.systems[0].tallies
    assert system.outcomes == gate.systems[0].outcomes
    files = "".join(file.read_text() for file in tmp_path.iterdir())
    assert DOCS[0].text is not None and DOCS[0].text[:20] not in files


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda t: t[: len(t) // 2], "not a baseline"),
        (lambda t: t.replace('"schema_version": 2', '"schema_version": 3', 1), "schema version 3"),
        (lambda t: t.replace("harness-baseline", "other"), "not a baseline"),
        (lambda t: t.replace('"failed": 0', '"failed": "no"', 1), "failed"),
        (lambda t: t.replace('"scores"', '"score"', 1), "score"),
        (lambda t: "[]", "not a baseline"),
    ],
)
def test_broken_baselines(
    gate: Gate, tmp_path: Path, change: Callable[[str], str], expected: str
) -> None:
    path = tmp_path / "baseline.json"
    baselines.write(path, gate.accepted)
    path.write_text(change(path.read_text()))
    with pytest.raises(InputError, match=expected):
        baselines.read(path)


def test_entries_of_other_backends_are_kept(gate: Gate) -> None:
    both = baselines.accepted(gate.measure({"b": GOOD, "c": GOOD}), gate.record)
    new = baselines.accepted(gate.measure({"b": DOCS}), gate.record)
    kept = baselines.merge(both, new)
    assert [entry.backend for entry in kept.entries] == ["b", "c"]
    assert kept.entries[1] is both.entries[1]
    assert [e.backend for e in baselines.merge(both, new, remove_missing=True).entries] == ["b"]
    assert baselines.merge(None, new) is new
