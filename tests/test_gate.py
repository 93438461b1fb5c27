"""The gate: what it must catch, what it must let pass, and what it must never pass by absence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import synthetic
from measured import signed_otherwise, without_pairs

from harness.annotation import Annotations, Entity, Record
from harness.cli.main import main
from harness.decide import baseline as baselines
from harness.decide.baseline import Baseline
from harness.decide.gate.check import check
from harness.decide.gate.power import DropLimits, detectable_drop, losses
from harness.decide.gate.verdicts import GateReport, Verdict
from harness.decide.rules import Rules, default_rules, parse_rules, read_rules
from harness.errors import InputError, NothingMeasured, UsageError
from harness.gold.goldset import GoldSet
from harness.report.badge import badge
from harness.report.baseline import difference_table
from harness.report.gate import gate_lines, gate_table
from harness.report.github import annotation_commands, append_summary, summary
from harness.report.junit import junit_xml
from harness.results import stored
from harness.results.finder import GoldFinder, matches_pattern
from harness.results.load import from_run
from harness.results.record import RunRecord
from harness.results.save import write_run
from harness.results.scored import Scored
from harness.stats.units import Units
from harness.tasks.ner.parts import type_part
from harness.tasks.parts import PartCounts

DOCS = synthetic.articles(60, seed=5)
GOOD = synthetic.predict(DOCS, synthetic.skilled(0.85, 0.1), seed=1)


@pytest.fixture(scope="module")
def goldset(tmp_path_factory: pytest.TempPathFactory) -> GoldSet:
    return synthetic.gold(tmp_path_factory.mktemp("gold"), DOCS)


class Gate:
    """A baseline of the backend `b`, and checks of changed answers against it."""

    def __init__(self, goldset: GoldSet, folder: Path, *, answers: Sequence[Record] = GOOD) -> None:
        self.goldset, self.folder, self.answers = goldset, folder, answers
        self.systems = self.measure({"b": answers})
        self.record = write_run(folder / "old", self.systems, [goldset])
        self.accepted = baselines.accepted(self.systems, self.record)

    def measure(self, backends: Mapping[str, Sequence[Record]]) -> list[Scored]:
        return synthetic.systems_of(self.goldset, backends)

    def check(
        self,
        answers: Sequence[Record] | None = None,
        rules: Rules | None = None,
        *,
        systems: list[Scored] | None = None,
        record: RunRecord | None = None,
        accepted: Baseline | None = None,
        **options: Any,
    ) -> GateReport:
        if systems is None:
            systems = self.measure({"b": self.answers if answers is None else answers})
        return check(
            record or self.record,
            systems,
            accepted or self.accepted,
            rules,
            resamples=2000,
            **options,
        )


@pytest.fixture(scope="module")
def gate(goldset: GoldSet, tmp_path_factory: pytest.TempPathFactory) -> Gate:
    return Gate(goldset, tmp_path_factory.mktemp("gate"))


def codes(report: GateReport, *statuses: Any) -> list[str]:
    return [verdict.code for verdict in report.having(*statuses)]


def rules(text: str) -> Rules:
    import tomllib

    return parse_rules(tomllib.loads(text), source="rules.toml")


def lose(share: float, seed: int = 1) -> list[Record]:
    return synthetic.predict(DOCS, synthetic.losing(GOOD, share), seed=seed)


# --- regressions -------------------------------------------------------------------------------


def test_an_unchanged_backend_passes(gate: Gate) -> None:
    report = gate.check()
    assert report.exit_status == 0 and not report.having("fail", "error", "warn")
    assert all(verdict.difference == 0 for verdict in report.verdicts)


def test_a_real_drop_fails_and_names_what_was_lost(gate: Gate) -> None:
    report = gate.check(lose(0.1))
    assert report.exit_status == 1
    worst = report.having("fail")[0]
    assert (worst.code, worst.part, worst.metric) == ("drop", "micro", "f1")
    assert worst.difference is not None and worst.difference < -1
    assert worst.interval is not None and worst.interval[1] < 0
    assert worst.flips is not None and worst.flips.lost and not worst.flips.gained
    first = worst.flips.lost[0]
    shown = "\n".join(gate_lines(report))
    assert f"lost: {first.label} {first.document} [{first.start}, {first.end})" in shown
    text = next(doc.text or "" for doc in DOCS if doc.id == first.document)
    assert f"[{text[first.start : first.end]}]" in shown


def test_a_drop_within_the_margin_passes(gate: Gate) -> None:
    report = gate.check(lose(0.1), rules("[[rule]]\nmax_drop = 30"))
    assert report.exit_status == 0 and codes(report, "ok") == ["ok"]


def test_a_flip_proves_nothing(gate: Gate) -> None:
    """A mention or two lost exceed a margin of 0, and nothing was gained: that is no noise."""
    document, entity = first_mention()
    fewer = without(document, entity)
    report = gate.check(fewer, rules("[[rule]]\nmax_drop = 0"))
    assert report.exit_status == 0 and codes(report, "warn") == ["few-changed"]
    message = report.having("warn")[0].message
    assert "too few documents changed to tell (1 of" in message and "noise" not in message


def test_losses_and_gains_may_be_noise(gate: Gate) -> None:
    again = synthetic.predict(DOCS, synthetic.skilled(0.84, 0.1), seed=3)
    report = gate.check(again, rules("[[rule]]\nmax_drop = 0"))
    (verdict,) = report.verdicts
    assert verdict.difference is not None and verdict.difference < 0
    assert (verdict.status, verdict.code) == ("warn", "within-noise")


def test_the_margin_alone_decides_where_the_rule_says_so(gate: Gate) -> None:
    document, entity = first_mention()
    fewer = without(document, entity)
    report = gate.check(fewer, rules("[[rule]]\nmax_drop = 0\ninterval = false"))
    assert codes(report, "fail") == ["drop"] and report.checks == 0
    wide = gate.check(fewer, rules("[[rule]]\nmax_drop = 5\ninterval = false"))
    assert wide.exit_status == 0 and not wide.having("warn")
    with pytest.raises(UsageError, match="rule 1: interval: found 'no', expected true or false"):
        rules('[[rule]]\nmax_drop = 0\ninterval = "no"')


def test_a_document_that_goes_dark_fails_by_itself(gate: Gate) -> None:
    """Its loss is too small for any interval, and no noise either."""
    gold = {doc.id: set(doc.annotations.entities or ()) for doc in DOCS}
    right = {r.id: len(gold[r.id] & set(r.annotations.entities or ())) for r in GOOD}
    name = max(right, key=lambda one: right[one])
    assert right[name] >= 5
    dark = [replace(r, annotations=Annotations(())) if r.id == name else r for r in GOOD]
    loose = "[[rule]]\nmax_drop = 50"
    report = gate.check(dark, rules(loose))
    (verdict,) = report.having("fail")
    assert (verdict.code, verdict.documents) == ("blackout", (name,))
    assert f"{name} ({right[name]})" in verdict.message and report.exit_status == 1
    assert gate.check(dark, rules(f"blackout = false\n{loose}")).exit_status == 0
    assert gate.check(dark, rules(f"blackout = {right[name] + 1}\n{loose}")).exit_status == 0
    assert gate.check(dark, rules(f"blackout = {right[name]}\n{loose}")).exit_status == 1
    few = min((one for one in right if 0 < right[one] < 5), key=lambda one: right[one])
    quiet = [replace(r, annotations=Annotations(())) if r.id == few else r for r in GOOD]
    assert gate.check(quiet, rules(loose)).exit_status == 0
    with pytest.raises(UsageError, match="blackout"):
        rules(f'blackout = "five"\n{loose}')


def test_too_few_paragraphs_are_not_checked(tmp_path: Path) -> None:
    """One paragraph: whether a mention was lost by chance, nobody can tell."""
    text = " ".join(f"Name{number:02}" for number in range(40))
    entities = tuple(Entity(7 * n, 7 * n + 6, "PER") for n in range(40))
    doc = Record("d", text, Annotations(entities))
    small = Gate(synthetic.gold(tmp_path, [doc]), tmp_path, answers=[doc])
    fewer = [Record("d", None, Annotations(entities[1:]))]
    report = small.check(fewer, rules("[[rule]]\nmax_drop = 1"))
    assert report.exit_status == 3 and codes(report, "error") == ["few-units"]
    assert "only one paragraph holds anything of it" in report.verdicts[0].message
    assert report.verdicts[0].interval is None and report.verdicts[0].detectable is None
    assert small.check([doc], rules("[[rule]]\nmax_drop = 1")).exit_status == 0
    alone = small.check(fewer, rules("[[rule]]\nmax_drop = 1\ninterval = false"))
    assert codes(alone, "fail") == ["drop"]


def test_types_with_little_support_warn(gate: Gate) -> None:
    text = '[[rule]]\ntype = "PER"\nmax_drop = 1.0\n'
    assert gate.check(lose(0.3), rules(text)).exit_status == 1
    report = gate.check(lose(0.3), rules(f"min_support = 10000\n{text}"))
    assert report.exit_status == 0 and codes(report, "warn") == ["little-support"]
    assert report.having("warn")[0].support is not None
    assert gate.check(lose(0.3), rules(f"{text}min_support = 10000")).exit_status == 0


def test_floors(gate: Gate) -> None:
    assert gate.check(None, rules("[[rule]]\nfloor = 0.5")).exit_status == 0
    report = gate.check(None, rules('[[rule]]\nfloor = 0.99\nmetric = "recall"'))
    assert report.exit_status == 1 and codes(report, "fail") == ["floor"]
    silent = [replace(r, annotations=Annotations(())) for r in GOOD]
    report = gate.check(silent, rules('[[rule]]\nfloor = 0.1\nmetric = "precision"'))
    assert report.exit_status == 1
    report = gate.check(silent, rules('[[rule]]\nmax_drop = 1\nmetric = "precision"'))
    assert codes(report, "fail") == ["undefined", "blackout"]


def test_a_score_well_above_the_baseline_warns(gate: Gate) -> None:
    report = gate.check(DOCS)
    assert report.exit_status == 0
    assert "better" in codes(report, "warn")
    assert "accept" in report.having("warn")[0].message


def test_later_rules_override_earlier_ones(gate: Gate) -> None:
    text = """
        [[rule]]
        type = "*"
        max_drop = 0.5
        [[rule]]
        type = "PER"
        max_drop = 50
        floor = 0.2
    """
    verdicts = {v.part: v for v in gate.check(lose(0.1), rules(text)).verdicts}
    assert set(verdicts) == set(synthetic.LABELS)
    assert verdicts["PER"].margin == 50 and verdicts["PER"].floor == 0.2
    assert verdicts["ORG"].margin == 0.5 and verdicts["ORG"].floor is None


def test_rules_are_restricted_to_what_they_name(gate: Gate) -> None:
    text = '[[rule]]\nbackend = "b"\ngold = "plan*"\ntask = "ner"\nmax_drop = 1'
    assert gate.check(None, rules(text)).exit_status == 0
    assert matches_pattern("spacy/*", "spacy/en_core_web_sm") and not matches_pattern(
        "spacy/*", "stanza/en"
    )
    assert matches_pattern("a?b=[1]", "a?b=[1]")


def test_the_intervals_hold_together(gate: Gate) -> None:
    assert gate.check(None, rules("[[rule]]\nmax_drop = 1")).level == pytest.approx(0.95)
    many = gate.check(None, rules('[[rule]]\nmax_drop = 1\n[[rule]]\ntype = "*"\nmax_drop = 1'))
    assert many.checks == 4 and many.level == pytest.approx(1 - 0.05 / 4)


def test_failed_documents_are_noticed(gate: Gate) -> None:
    (system,) = gate.measure({"b": GOOD})
    result = replace(gate.record.results[0], failed=3, status="partial")
    report = gate.check(systems=[replace(system, result=result)])
    assert "failed-documents" in codes(report, "warn")


def test_what_changed_around_the_scores_is_told(gate: Gate) -> None:
    (system,) = gate.measure({"b": GOOD})
    result = replace(gate.record.results[0], packages={"spacy": "4.0"}, unstable=2)
    notes = gate.check(systems=[replace(system, result=result)]).notes
    assert any("spacy was –, is 4.0" in note for note in notes)
    assert any("2 documents were answered differently" in note for note in notes)


# --- pins --------------------------------------------------------------------------------------


def pin(entity: Entity, document: str, label: bool = True) -> str:
    text = f'[[pin]]\ndocument = "{document}"\nstart = {entity.start}\nend = {entity.end}\n'
    return text + (f'label = "{entity.label}"\n' if label else "")


def first_mention() -> tuple[str, Entity]:
    """A gold mention that the backend finds."""
    for doc, said in zip(DOCS, GOOD, strict=True):
        for entity in doc.annotations.entities or ():
            if entity in (said.annotations.entities or ()):
                return doc.id, entity
    raise AssertionError


def without(document: str, entity: Entity) -> list[Record]:
    """The good answers but for one mention."""
    out = []
    for record in GOOD:
        entities = record.annotations.entities or ()
        if record.id == document:
            entities = tuple(e for e in entities if e != entity)
        out.append(replace(record, annotations=Annotations(entities)))
    return out


def test_a_pinned_mention_must_be_found(gate: Gate) -> None:
    document, entity = first_mention()
    for label in (True, False):
        report = gate.check(None, rules(pin(entity, document, label)))
        assert report.exit_status == 0 and report.verdicts[0].pin is not None
    report = gate.check(without(document, entity), rules(pin(entity, document)))
    assert report.exit_status == 1 and codes(report, "fail") == ["pin"]
    assert "lost: the baseline has it" in report.verdicts[0].message
    assert entity.label in "\n".join(gate_lines(report))


def test_a_pin_that_was_never_found_fails_too(gate: Gate) -> None:
    never = next(
        (doc.id, entity)
        for doc, said in zip(DOCS, GOOD, strict=True)
        for entity in doc.annotations.entities or ()
        if entity not in (said.annotations.entities or ())
    )
    report = gate.check(None, rules(pin(never[1], never[0])))
    assert report.exit_status == 1 and "not found" in report.verdicts[0].message


def test_a_pin_that_names_no_gold_mention(gate: Gate) -> None:
    document, entity = first_mention()
    wrong = entity._replace(start=entity.start + 1)
    with pytest.raises(UsageError, match=rf"nearest is \[{entity.start}, {entity.end}\)"):
        gate.check(None, rules(pin(wrong, document)))
    with pytest.raises(UsageError, match="no mention in that document"):
        gate.check(None, rules(pin(entity, "nowhere")))


def test_pins_without_predictions_are_an_error(gate: Gate) -> None:
    document, entity = first_mention()
    (system,) = gate.measure({"b": GOOD})
    report = gate.check(systems=[without_pairs(system)], rules=rules(pin(entity, document)))
    assert report.exit_status == 3 and codes(report, "error") == ["no-predictions"]


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
    assert DOCS[0].text is not None and DOCS[0].text[:20] not in path.read_text()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda t: t[: len(t) // 2], "not a baseline"),
        (lambda t: t.replace('"schema_version": 1', '"schema_version": 2', 1), "schema version 2"),
        (lambda t: t.replace("harness-baseline", "other"), "not a baseline"),
        (lambda t: t.replace('"failed": 0', '"failed": "no"', 1), "failed"),
        (lambda t: t.replace('"units"', '"unit"', 1), "unit"),
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


# --- output ------------------------------------------------------------------------------------


def failing(gate: Gate, count: int = 1, message: str = "fell", **values: Any) -> GateReport:
    report = gate.check()
    bad = tuple(
        Verdict(
            status="fail", code="drop", message=message, backend=f"b{i}", gold="g", task="ner",
            metric="f1", part="PER", **values,
        )
        for i in range(count)
    )  # fmt: skip
    return replace(report, verdicts=(*bad, *report.verdicts))


def test_junit(gate: Gate) -> None:
    report = gate.check(lose(0.2))
    root = ElementTree.fromstring(junit_xml(report))
    cases = root.findall(".//testcase")
    assert len(cases) == len(report.verdicts)
    assert len(root.findall(".//failure")) == len(report.having("fail"))
    suite = root.find("testsuite")
    assert suite is not None and suite.get("failures") == str(len(report.having("fail")))
    assert "lost:" in "".join(node.text or "" for node in root.iter("system-out"))
    absent = ElementTree.fromstring(junit_xml(gate.check(systems=[])))
    assert absent.find(".//error") is not None


def test_junit_survives_hostile_text(gate: Gate) -> None:
    report = failing(gate, message='<x> & "\x00\x1b]]> \ud800')
    ElementTree.fromstring(junit_xml(report).encode("utf-8", "surrogatepass").decode())


def test_annotations_are_capped_and_cannot_inject(gate: Gate) -> None:
    evil = "ok\n::set-output name=x::y\r::error::%0A ##[add-mask]z"
    lines = annotation_commands(failing(gate, 25, evil))
    assert len(lines) == 10
    assert lines[-1].endswith("and 16 more, see the summary")
    for line in lines:
        assert line.startswith("::error title=harness check::")
        assert "\n" not in line and "\r" not in line and "##[" not in line
        assert "%0A" not in line.replace("%250A", "")
    assert annotation_commands(gate.check()) == []


@pytest.mark.slow
def test_the_summary_is_capped_and_escaped(gate: Gate) -> None:
    evil = "<script>alert(1)</script> [x](http://e) | `a` ![i](u) \x1b[31m"
    text = summary(failing(gate, message=evil))
    assert "<script>" not in text and "\\[x\\]\\(http" in text and "\x1b" not in text
    long = summary(failing(gate, 4000, "long " * 100), limit=50_000)
    assert len(long.encode()) <= 50_000 and "cut: the whole report" in long


@pytest.mark.slow
def test_the_summary_leaves_room_for_the_rest_of_the_step(gate: Gate, tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("x" * 900_000)
    big = failing(gate, 4000, "long " * 100)
    assert append_summary(big, path) is None
    assert 999_000 < path.stat().st_size <= 1_000_000
    assert "nothing was appended: it is full" in str(append_summary(big, path))
    assert path.stat().st_size <= 1_000_000


def test_badges(gate: Gate) -> None:
    good = badge(gate.check())
    assert good["schemaVersion"] == 1 and good["color"] == "brightgreen"
    assert good["message"].startswith("micro F1 0.")
    assert badge(gate.check(lose(0.3)))["color"] == "red"
    assert badge(gate.check(systems=[]))["message"] == "not measured"


def test_the_table_states_level_and_power(gate: Gate) -> None:
    table = gate_table(gate.check(lose(0.2)))
    notes = "\n".join(table.notes)
    assert "98.75 % for each of 4 checks" in notes
    assert "Power: on b on planted a true drop is caught in 4 of 5 cases from: micro f1" in notes
    assert {row[0] for row in table.rows} <= {"FAILED", "warning"}
    assert len(gate_table(gate.check(), everything=True).rows) == 4


def power_of(noise: list[float], limits: DropLimits, *, whole: bool, documents: int = 400) -> float:
    """What is seen of a score of 1 with ten mentions in each document: .1 or .01 points each."""
    counts = PartCounts(np.full((documents, 4), 10.0), type_part(None, "strict"), "recall")
    lost = losses(counts, Units(range(documents)))
    assert lost is not None and lost.points == pytest.approx(100)
    found = detectable_drop(np.array(noise), lost, limits, whole=whole)
    assert found is not None
    return found


def test_detectable_drops_by_hand() -> None:
    """Of so many documents, one in 400 costs .25 points.

    The interval of k lost ones excludes 0 if fewer than 2.5 % of resamples have none of them:
    exp(-k) < .025 from 4 on. With 5.5 expected, Poisson, there are 4 or more in 80 % of cases.
    """
    nothing = [0.0] * 1000
    sure = DropLimits(margin=0.0, tail=0.025)
    assert power_of(nothing, sure, whole=True) == pytest.approx(5.5 * 0.25, rel=0.15)
    assert power_of(nothing, sure, whole=False) == pytest.approx(5.5 * 0.025, rel=0.2)
    # The margin alone: 20 of .25 points, and one more.
    alone = DropLimits(margin=5.0, tail=None)
    assert power_of(nothing, alone, whole=True) == pytest.approx(6.1, rel=0.1)
    assert power_of(nothing, alone, whole=False) == pytest.approx(5.2, rel=0.05)
    floor = DropLimits(margin=None, tail=None, gap=5.0)
    assert power_of(nothing, floor, whole=True) == pytest.approx(6.1, rel=0.1)


def test_noise_alone_by_hand() -> None:
    """Noise of 1 point and portions of no weight: 1.96 + .84 standard errors."""
    noise = list(np.random.default_rng(3).normal(0, 1, 1000))
    sure = DropLimits(margin=0.0, tail=0.025)
    assert power_of(noise, sure, whole=False) == pytest.approx(2.80, rel=0.12)
    wide = DropLimits(margin=5.0, tail=0.025)
    assert power_of(noise, wide, whole=False) == pytest.approx(5.84, rel=0.08)


def test_a_drop_that_nobody_would_see_has_no_number() -> None:
    limits = DropLimits(margin=99.5, tail=0.025)
    counts = PartCounts(np.full((400, 4), 10.0), type_part(None, "strict"), "recall")
    lost = losses(counts, Units(range(400)))
    assert lost is not None
    assert detectable_drop(np.zeros(100), lost, limits, whole=True) is None
    assert losses(PartCounts(np.zeros((4, 4)), type_part(None, "strict")), Units([0] * 4)) is None


# --- the command -------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, goldset: GoldSet) -> Path:
    """A folder with a gold set, two runs and no GitHub around."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    shutil.copy(goldset.path, tmp_path / "planted.jsonl")
    synthetic.run_folder(tmp_path / "old", goldset, {"b": GOOD})
    synthetic.run_folder(tmp_path / "new", goldset, {"b": lose(0.1)})
    return tmp_path


def accept(*more: str) -> int:
    return main(["baseline", "accept", "old", "--baseline", "base.json", "--yes",
                 "--gold", "planted.jsonl", *more])  # fmt: skip


def test_accept_shows_and_check_judges(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert accept() == 0
    assert "What accepting this run changes" in capsys.readouterr().out
    gold = ["--gold", "planted.jsonl", "--resamples", "1000"]
    assert main(["check", "old", "--baseline", "base.json", *gold]) == 0
    out = capsys.readouterr().out
    assert "no regression" in out
    before = (desk / "base.json").read_bytes()
    status = main(
        ["check", "new", "--baseline", "base.json", *gold, "--junit", "out/gate.xml",
         "--summary", "out/summary.md", "--badge", "out/badge.json"]
    )  # fmt: skip
    assert status == 1
    out = capsys.readouterr().out
    assert "regression: " in out and "FAILED" in out and "lost: " in out
    assert ElementTree.parse(desk / "out" / "gate.xml").getroot().tag == "testsuites"
    assert "harness check" in (desk / "out" / "summary.md").read_text()
    assert json.loads((desk / "out" / "badge.json").read_text())["color"] == "red"
    assert (desk / "base.json").read_bytes() == before
    assert main(["check", "new", "--baseline", "base.json", *gold, "--json"]) == 1
    value = json.loads(capsys.readouterr().out)
    assert value["status"] == 1 and value["verdicts"][0]["code"] == "drop"


def test_replay_needs_no_model_and_sees_changed_gold(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accept()
    base = ["check", "old", "--baseline", "base.json", "--gold", "planted.jsonl",
            "--resamples", "200", "--replay"]  # fmt: skip
    assert main(base) == 0
    assert "counted again" in capsys.readouterr().out
    lines = (desk / "planted.jsonl").read_text().splitlines()
    (desk / "planted.jsonl").write_text("\n".join(lines[1:]) + "\n")
    assert main(base) == 2  # the stored predictions are for a document that is gone
    assert "not in the gold" in capsys.readouterr().err
    value = json.loads(lines[0])
    value["entities"] = value["entities"][:-1]
    (desk / "planted.jsonl").write_text("\n".join([json.dumps(value), *lines[1:]]) + "\n")
    assert main(base) == 3
    assert "the gold has changed" in capsys.readouterr().out


def test_replay_checks_the_others_where_predictions_are_gone(
    desk: Path, capsys: pytest.CaptureFixture[str], goldset: GoldSet
) -> None:
    synthetic.run_folder(desk / "old", goldset, {"b": GOOD, "c": GOOD})
    accept()
    gone = next((desk / "old" / "predictions").rglob("c.jsonl"))
    gone.unlink()
    capsys.readouterr()
    argv = ["check", "old", "--baseline", "base.json", "--gold", "planted.jsonl", "--json",
            "--resamples", "200", "--replay"]  # fmt: skip
    assert main(argv) == 3
    verdicts = json.loads(capsys.readouterr().out)["verdicts"]
    assert {v["status"] for v in verdicts if v["backend"] == "b"} == {"ok"}
    (absent,) = (v for v in verdicts if v["backend"] == "c")
    assert (absent["status"], absent["code"]) == ("error", "no-predictions")
    assert "c.jsonl is missing" in absent["message"]


def test_accept_asks(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody at the terminal: nothing changes."""
    argv = ["baseline", "accept", "old", "--baseline", "base.json"]
    assert main(argv) == 2
    assert "--yes" in capsys.readouterr().err and not (desk / "base.json").exists()
    assert main([*argv, "--dry-run"]) == 0
    assert not (desk / "base.json").exists()


def test_accept_refuses_a_broken_baseline_and_a_broken_run(desk: Path) -> None:
    (desk / "base.json").write_text("{broken")
    assert accept() == 2
    assert (desk / "base.json").read_text() == "{broken"
    (desk / "base.json").unlink()
    (desk / "old" / "run.json").write_text("{}")
    assert accept() == 2
    assert not (desk / "base.json").exists()


def test_show(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accept()
    capsys.readouterr()
    assert main(["baseline", "show", "--baseline", "base.json"]) == 0
    assert "planted" in capsys.readouterr().out
    assert main(["baseline", "show", "--baseline", "base.json", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["backend"] == "b"


@pytest.mark.parametrize(
    ("argv", "status", "said"),
    [
        (["check", "nowhere", "--baseline", "base.json"], 2, "no run here"),
        (["check", "old", "--baseline", "none.json"], 2, "no baseline here"),
        (["check", "old", "--baseline", "old/run.json"], 2, "not a baseline"),
        (["check", "old", "--baseline", "base.json", "--rules", "none.toml"], 2, "cannot be read"),
        (["check", "old", "--baseline", "base.json", "--backend", "x"], 3, ""),
        (["check", "old", "--baseline", "base.json", "--resamples", "0"], 2, "between 1 and"),
        (["check", "gone", "--baseline", "base.json", "--replay"], 3, "--gold"),
        (["baseline", "accept", "nowhere", "--baseline", "base.json"], 2, "no run here"),
    ],
)
def test_bad_usage(
    desk: Path, capsys: pytest.CaptureFixture[str], argv: list[str], status: int, said: str
) -> None:
    accept()
    shutil.copytree(desk / "old", desk / "gone")
    record = stored.read(desk / "gone")
    gold = tuple(replace(card, path="", name="gone") for card in record.gold)
    results = tuple(
        replace(
            result, gold="gone", signature=(result.signature or "").replace("planted@", "gone@")
        )
        for result in record.results
    )
    stored.write(desk / "gone" / "run.json", replace(record, gold=gold, results=results))
    before = (desk / "base.json").read_bytes()
    capsys.readouterr()
    assert main(argv) == status
    captured = capsys.readouterr()
    assert said in captured.err and "Traceback" not in captured.err
    assert (desk / "base.json").read_bytes() == before


def test_in_github_actions(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    accept()
    capsys.readouterr()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(desk / "step.md"))
    argv = ["check", "new", "--baseline", "base.json", "--resamples", "500"]
    assert main(argv) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("::stop-commands::")
    token = lines[0].removeprefix("::stop-commands::")
    assert len(token) == 32 and f"::{token}::" in lines
    after = lines[lines.index(f"::{token}::") + 1 :]
    assert after and all(line.startswith("::error title=") for line in after)
    assert (desk / "step.md").stat().st_size > 100
    assert main([*argv, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["status"] == 1


def test_a_run_read_back_is_checked_like_the_systems(desk: Path, gate: Gate) -> None:
    finder = GoldFinder(["planted.jsonl"])
    systems = from_run(desk / "new", finder=finder)
    record = replace(gate.record)
    report = check(record, systems, gate.accepted, resamples=500)
    assert report.exit_status == 1
    assert report.having("fail")[0].flips is not None
