"""What the gate shows: JUnit, annotations, the summary, badges, tables, detectable drops."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from gate_bench import Gate, lose

from harness.decide.gate.power import DropLimits, detectable_drop, possible_drops
from harness.decide.gate.verdicts import GateReport, Verdict
from harness.report.badge import badge
from harness.report.gate import gate_table
from harness.report.github import annotation_commands, append_summary, summary
from harness.report.junit import junit_xml
from harness.stats.units import Units
from harness.tasks.ner.options import NerOptions
from harness.tasks.ner.parts import type_part
from harness.tasks.parts import Metric, PartCounts
from harness.tasks.tally import Part

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
    assert "<script>" not in text and "[x\\](http:&#8203;//e)" in text and "\x1b" not in text
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
    counts = PartCounts(np.full((documents, 4), 10.0), type_part(None, NerOptions()), "recall")
    lost = possible_drops(counts, Units(range(documents)))
    assert lost is not None and lost.points == pytest.approx(100)
    found = detectable_drop(np.array(noise), lost, limits, whole=whole)
    assert found is not None
    return found


def test_detectable_drops_of_many_documents_by_hand() -> None:
    """The same numbers of lost documents as of 400, of which one in 40,000 costs .0025 points."""
    nothing = [0.0] * 1000
    sure = DropLimits(margin=0.0, tail=0.025)
    many = partial(power_of, nothing, documents=40_000)
    assert many(sure, whole=True) == pytest.approx(5.5 * 0.0025, rel=0.15)
    # No less than a loss of one mention in 10,000 is looked for.
    assert many(sure, whole=False) == pytest.approx(0.01, rel=0.02)
    # A drop beyond a margin of 1 point is one of 400 documents, whose number varies by 20.
    alone = DropLimits(margin=1.0, tail=None)
    assert many(alone, whole=True) == pytest.approx(1 + 0.84 * 20 * 0.0025, rel=0.02)
    assert many(alone, whole=False) == pytest.approx(1 + 0.84 * 63 * 0.00025, rel=0.02)


@pytest.mark.parametrize("metric", ["f1", "precision", "recall"])
@pytest.mark.parametrize("whole", [True, False])
def test_losses_of_units_that_are_alike_are_those_of_each_alone(
    metric: Metric, whole: bool
) -> None:
    """Counts of two types with halves, as an average and as one score."""
    rng = np.random.default_rng(5)
    gold = rng.poisson(2, (3000, 2))
    right = rng.binomial(gold, 0.8) - 0.5 * (rng.random(gold.shape) < 0.1)
    right = np.maximum(0, right)
    predicted = np.ceil(right) + rng.poisson(0.3, gold.shape)
    rows = np.stack([right, gold, right, predicted], axis=2)
    types = tuple(type_part(name, NerOptions()) for name in ("A", "B"))
    macro = Part("macro", types[0].weigh, over=types)
    for counts in (
        PartCounts(rows.sum(axis=1), type_part(None, NerOptions()), metric),
        PartCounts(rows.reshape(3000, 8), macro, metric),
    ):
        found = []
        for grouped in (False, True):
            units = Units(range(3000))
            units.grouped = grouped
            lost = possible_drops(counts, units)
            assert lost is not None
            assert (lost.uses is not None) == grouped
            limits = DropLimits(margin=0.2, tail=0.025)
            found.append(detectable_drop(rng.normal(0, 0.1, 1000), lost, limits, whole=whole))
        assert found[1] == pytest.approx(found[0], rel=0.1)


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
    counts = PartCounts(np.full((400, 4), 10.0), type_part(None, NerOptions()), "recall")
    lost = possible_drops(counts, Units(range(400)))
    assert lost is not None
    assert detectable_drop(np.zeros(100), lost, limits, whole=True) is None
    assert (
        possible_drops(PartCounts(np.zeros((4, 4)), type_part(None, NerOptions())), Units([0] * 4))
        is None
    )
