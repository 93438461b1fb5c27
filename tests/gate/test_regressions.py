"""What the gate must catch, and what it must let pass; mentions that have to be found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import synthetic
from gate_bench import DOCS, GOOD, Gate, codes, lose, pin, rules
from measured import without_pairs

from harness.annotation import Annotations, Entity, Record
from harness.errors import UsageError
from harness.report.gate import gate_lines
from harness.results.finder import matches_pattern

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
