"""The gate: what it calls noise, what it can see, and how many checks share the 5 %."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import synthetic

from harness.annotation import Annotations, Record
from harness.cli.main import main
from harness.decide import baseline as baselines
from harness.decide.gate.check import check
from harness.decide.gate.verdicts import GateReport, Verdict
from harness.decide.rules import parse_rules
from harness.report.gate import gate_table
from harness.results.save import write_run

pytestmark = pytest.mark.slow

DOCS = synthetic.grid([[["PER", "ORG"] * 5]] * 30)
BEFORE = synthetic.keeping(DOCS, lambda number, place: (number + 3 * place) % 7 > 0)


def checked(
    folder: Path,
    now: list[Record],
    *rules: dict[str, Any],
    docs: list[Record] = DOCS,
    before: list[Record] | None = None,
    power: bool = False,
    resamples: int = 2000,
    **top: Any,
) -> GateReport:
    """The answers `now` checked against a baseline of `before`."""
    goldset = synthetic.gold(folder, docs)
    old, new = (
        synthetic.systems_of(goldset, {"b": said})
        for said in (BEFORE if before is None else before, now)
    )
    accepted = baselines.accepted(old, write_run(folder / "old", old, [goldset]))
    record = write_run(folder / "new", new, [goldset])
    known = parse_rules({"rule": list(rules), **top}, source="rules")
    return check(record, new, accepted, known, resamples=resamples, power=power)


def only(report: GateReport) -> Verdict:
    (verdict,) = report.verdicts
    return verdict


def notes(report: GateReport) -> str:
    return "\n".join(gate_table(report).notes)


def dark(answers: list[Record], count: int) -> list[Record]:
    """The same without an answer to the first documents."""
    return [
        Record(r.id, None, Annotations(())) if number < count else r
        for number, r in enumerate(answers)
    ]


# --- noise, or too little of it ------------------------------------------------------------------


def test_what_only_loses_is_no_noise(tmp_path: Path) -> None:
    """Two documents lose everything: too few changed; one gain more, and it may be noise."""
    rule = {"max_drop": 1.0}
    lost = dark(BEFORE, 2)
    verdict = only(checked(tmp_path, lost, rule, blackout=False))
    assert (verdict.status, verdict.code) == ("warn", "few-changed")
    assert "too few documents changed to tell (2 of 30 documents)" in verdict.message
    assert "noise" not in verdict.message
    # F1 = 2 r / (r + 300), before and without what the two documents had.
    had = [len(r.annotations.entities or ()) for r in BEFORE]
    scores = [2 * r / (r + 300) for r in (sum(had), sum(had[2:]))]
    assert verdict.difference == pytest.approx(100 * (scores[1] - scores[0]))
    gained = [*lost[:-1], DOCS[-1]]
    assert len(had) and had[-1] < 10
    verdict = only(checked(tmp_path, gained, rule, blackout=False))
    assert (verdict.status, verdict.code) == ("warn", "within-noise")
    verdict = only(checked(tmp_path, dark(BEFORE, 12), rule, blackout=False))
    assert (verdict.status, verdict.code) == ("fail", "drop")


def test_fewer_errors_are_no_gain_in_recall(tmp_path: Path) -> None:
    """No mention is gained, so that recall has no noise; one document has one error less."""
    wrong = [
        Record(d.id, None, Annotations((*(d.annotations.entities or ()), synthetic.rain(d))))
        for d in DOCS
    ]
    now = dark(wrong, 2)
    rule = {"metric": "recall", "max_drop": 1.0}
    assert only(checked(tmp_path, now, rule, before=wrong, blackout=False)).code == "few-changed"
    now[5] = DOCS[5]
    assert only(checked(tmp_path, now, rule, before=wrong, blackout=False)).code == "few-changed"


@pytest.mark.parametrize(("rule", "expected"), [(5, 1), (6, 1), (9, 0), (False, 0), (True, 1)])
def test_a_blackout_fails_by_itself(tmp_path: Path, rule: Any, expected: int) -> None:
    """g000 has 8 right mentions, and the margin allows their loss."""
    had = len(BEFORE[0].annotations.entities or ())
    assert had == 8
    report = checked(tmp_path, dark(BEFORE, 1), {"max_drop": 50.0}, blackout=rule)
    assert report.exit_status == expected
    found = [v for v in report.verdicts if v.code == "blackout"]
    assert [v.documents for v in found] == [("g000",)] * expected
    assert ("right mentions and has none now fails by itself" in notes(report)) == bool(rule)


def test_one_mention_left_is_no_blackout(tmp_path: Path) -> None:
    first = BEFORE[0].annotations.entities or ()
    now = [Record("g000", None, Annotations(first[:1])), *BEFORE[1:]]
    assert checked(tmp_path, now, {"max_drop": 50.0}).exit_status == 0


def test_the_margin_alone_is_no_test(tmp_path: Path) -> None:
    """Without an interval a check takes nothing of the 5 %, and fails by its margin."""
    lost = dark(BEFORE, 2)
    alone = {"max_drop": 1.0, "interval": False}
    report = checked(tmp_path, lost, alone, blackout=False)
    assert (only(report).code, report.checks, report.exit_status) == ("drop", 0, 1)
    assert "Bonferroni" not in notes(report) and "Interval:" not in notes(report)
    both = checked(tmp_path, lost, alone, {"metric": "recall", "max_drop": 1.0}, blackout=False)
    assert both.checks == 1 and both.level == pytest.approx(0.95)
    codes = {verdict.metric: verdict.code for verdict in both.verdicts}
    assert codes == {"f1": "drop", "recall": "few-changed"}


def test_too_few_units_are_an_error_only_where_nothing_can_be_tested(tmp_path: Path) -> None:
    docs = synthetic.grid([[["PER"] * 4 + ["LAW"] * (10 if n < 3 else 0)] for n in range(12)])
    now = synthetic.keeping(docs, lambda number, place: place < 6)
    law = {"type": "LAW", "max_drop": 1.0, "min_support": 5}
    all_ = {"max_drop": 50.0, "min_support": 5}
    alone = checked(tmp_path, now, law, docs=docs, before=docs)
    assert (only(alone).status, only(alone).code, alone.exit_status) == ("error", "few-units", 3)
    assert "only 3 documents hold anything of it, and it takes 6" in only(alone).message
    assert only(alone).interval is None and alone.checks == 0
    beside = checked(tmp_path, now, law, all_, docs=docs, before=docs)
    assert [(v.part, v.status, v.code) for v in beside.verdicts] == [
        ("LAW", "warn", "few-units"),
        ("micro", "ok", "ok"),
    ]
    assert beside.checks == 1 and beside.level == pytest.approx(0.95)
    decided = checked(tmp_path, now, {**law, "interval": False}, docs=docs, before=docs)
    assert (only(decided).code, decided.exit_status) == ("drop", 1)


# --- power ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("documents", [8, 12, 40])
@pytest.mark.parametrize("mentions", [6, 12])
def test_losing_documents_is_never_easier_to_see_than_losing_mentions(
    tmp_path: Path, documents: int, mentions: int
) -> None:
    docs = synthetic.grid([[["PER", "ORG"] * (mentions // 2)]] * documents)
    before = synthetic.keeping(docs, lambda number, place: (number + place) % 9 > 0)
    rules = [
        {"type": part, "metric": metric, "max_drop": margin}
        for part, metric, margin in (
            ("micro", "f1", 0.0),
            ("macro", "f1", 1.0),
            ("PER", "recall", 3.0),
            ("ORG", "precision", 1.0),
        )
    ]
    report = checked(tmp_path, before, *rules, docs=docs, before=before, power=True, min_support=0)
    for verdict in report.verdicts:
        whole, spread = verdict.detectable, verdict.detectable_spread
        assert whole is not None and spread is not None
        assert whole >= spread > (verdict.margin or 0.0)


def test_where_each_document_has_one_mention_both_numbers_are_one(tmp_path: Path) -> None:
    """Losing the document is losing the mention; printed is `26.9 points (27.5)`."""
    docs = synthetic.grid([[["ORG"]]] * 12)
    seen = power_of(tmp_path, docs, {"max_drop": 1.0}, resamples=10_000)
    assert seen[0] >= seen[1]


def test_what_is_seen_does_not_depend_on_resamples_where_no_interval_decides(
    tmp_path: Path,
) -> None:
    """One mention in each of 100 documents; two lost are more than a point, one is not."""
    docs = synthetic.grid([[["PER"]]] * 100)
    rule = {"max_drop": 1.0, "interval": False}
    few, many = (power_of(tmp_path, docs, rule, resamples=n)[0] for n in (1000, 10_000))
    assert few == pytest.approx(many, rel=0.2)  # 0.97 and 1.79.


def power_of(
    folder: Path, docs: list[Record], rule: dict[str, Any], *, resamples: int
) -> tuple[float, float]:
    """What a check of the right answers against themselves is said to see."""
    more: dict[str, Any] = {"docs": docs, "before": docs, "power": True, "min_support": 0}
    verdict = only(checked(folder, docs, rule, resamples=resamples, **more))
    assert verdict.detectable is not None and verdict.detectable_spread is not None
    return verdict.detectable, verdict.detectable_spread


def test_both_numbers_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    goldset = synthetic.gold(tmp_path, DOCS)
    run = str(synthetic.run_folder(tmp_path / "run", goldset, {"b": BEFORE}))
    base = ["--baseline", str(tmp_path / "base.json")]
    assert main(["baseline", "accept", run, *base, "--yes"]) == 0
    capsys.readouterr()
    assert main(["check", run, *base, "--json"]) == 0
    verdicts = json.loads(capsys.readouterr().out)["verdicts"]
    assert main(["check", run, *base]) == 0
    (line,) = [one for one in capsys.readouterr().out.splitlines() if "Power:" in one]
    first, *rest = verdicts
    head = f"micro f1 {first['detectable']:.1f} points ({first['detectable_spread']:.1f})"
    assert f"caught in 4 of 5 cases from: {head}, the other scores" in line
    for key in ("detectable", "detectable_spread"):
        low, high = (f"{pick(one[key] for one in rest):.1f}" for pick in (min, max))
        assert (low if low == high else f"{low} to {high}") in line
    assert "whole documents (in brackets: if it falls on mentions here and there)" in line


def test_the_power_of_a_margin_alone_by_hand(tmp_path: Path) -> None:
    """Losses of single mentions are binomial: of 100, one is 0.5 points and two are 1.01, and two
    or more are lost in 4 of 5 cases from a true 1.5 points."""
    docs = synthetic.grid([[["PER"]]] * 100)
    rule = {"max_drop": 1.0, "interval": False}

    def caught(share: float) -> float:
        none, one = (1 - share) ** 100, 100 * share * (1 - share) ** 99
        return 1 - none - one

    share = next(n / 10_000 for n in range(10_000) if caught(n / 10_000) >= 0.8)
    # F1 = 2 r / (r + 100), with r of 100 right and none wrong.
    drop = 100 * (1 - 2 * (1 - share) / (2 - share))
    assert power_of(tmp_path, docs, rule, resamples=1000)[1] == pytest.approx(drop, rel=0.15)


# --- many checks ---------------------------------------------------------------------------------

LABELS = [f"T{number:02}" for number in range(20)]
METRICS = ("precision", "recall", "f1")


def many(labels: list[str], **more: Any) -> list[dict[str, Any]]:
    return [
        {"type": label, "metric": metric, "max_drop": 1.0, **more}
        for label in labels
        for metric in METRICS
    ]


def test_sixty_checks_are_shown_by_more_resamples(tmp_path: Path) -> None:
    docs = synthetic.grid([[LABELS]] * 40)
    report = checked(tmp_path, docs, *many(LABELS), docs=docs, before=docs, resamples=500)
    assert report.checks == 60 and report.level == pytest.approx(1 - 0.05 / 60)
    # Ten in each tail, which the few degrees of freedom move further out than 0.05 / 120.
    assert report.resamples > 10 / (0.05 / 120) and not report.remarks
    assert "each of 60 checks, so that all together hold at 95 % (Bonferroni)" in notes(report)
    assert f"{report.resamples:,} paired bootstrap resamples" in notes(report)
    # They are drawn indeed: whoever asks for as many sees the same.
    fewer = synthetic.keeping(docs, lambda number, place: (7 * number + place) % 11 > 0)
    one = checked(tmp_path, fewer, *many(LABELS), docs=docs, before=docs, resamples=500)
    asked = one.resamples
    two = checked(tmp_path, fewer, *many(LABELS), docs=docs, before=docs, resamples=asked)
    assert 500 < asked == two.resamples
    assert [v.interval for v in one.verdicts] == [v.interval for v in two.verdicts]


def test_where_no_number_of_resamples_shows_the_tail_that_is_said(tmp_path: Path) -> None:
    """With 8 documents Student's tail of 0.05 / 48 is a normal one of a few in a million."""
    docs = synthetic.grid([[LABELS[:8] * 4]] * 8)
    report = checked(
        tmp_path, docs, *many(LABELS[:8]), docs=docs, before=docs, resamples=500, min_support=0
    )
    assert report.checks == 24 and report.resamples == 200_000
    (remark,) = report.remarks
    assert remark.startswith(
        "24 of 24 checks: 200,000 resamples do not show an interval of 99.79 %"
    )
    assert remark in notes(report)


def test_only_what_is_tested_shares_the_5_percent(tmp_path: Path) -> None:
    """Neither floors, nor margins alone, nor types of few mentions, nor those of few units."""
    plan = [[["PER"] * 4 + ["ORG"] * (n < 20) + ["LAW"] * (20 if n < 2 else 0)] for n in range(24)]
    docs = synthetic.grid(plan)
    tested = [{"type": "PER", "metric": metric, "max_drop": 1.0} for metric in METRICS]
    others = [
        {"type": "PER", "metric": "f1", "floor": 0.1},  # The same check as one above.
        {"type": "ORG", "max_drop": 1.0},  # 20 mentions, and it takes 30.
        {"type": "LAW", "max_drop": 1.0},  # 40 mentions in two documents.
        {"type": "micro", "max_drop": 1.0, "interval": False},
        {"type": "macro", "floor": 0.1},
    ]
    report = checked(tmp_path, docs, *tested, *others, docs=docs, before=docs)
    assert report.checks == 3 and report.level == pytest.approx(1 - 0.05 / 3)
    assert len(report.verdicts) == 7 and report.exit_status == 0
    assert checked(tmp_path, docs, *tested, docs=docs, before=docs).level == report.level
    more = checked(
        tmp_path, docs, *tested, {**others[1], "min_support": 20}, docs=docs, before=docs
    )
    assert more.checks == 4
