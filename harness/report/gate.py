"""What the gate found, for people: a table, the mentions that flipped, and what it can see."""

from __future__ import annotations

from collections.abc import Iterator

from harness.decide.gate.verdicts import GateReport, Verdict
from harness.report.method import mean_over, resampling, scope
from harness.results.outcomes import Mention, in_text, mention_lines
from harness.table import UNDEFINED, Cell, Table, Tone, Toned, number

__all__ = ["gate_lines", "gate_table", "pin_line"]

_MARKS = {"ok": "ok", "warn": "warning", "fail": "FAILED", "error": "NOT CHECKED"}
_HEADERS = ("", "backend", "gold", "what", "n", "before", "now", "points", "interval", "why")
_TONES: dict[str, Tone] = {"ok": "good", "warn": "doubtful", "fail": "bad", "error": "bad"}
_FELL = ("within-noise", "few-changed", "few-units", "little-support")
_ORDER = ("fail", "error", "warn", "ok")


def gate_table(report: GateReport, *, everything: bool = False) -> Table:
    """What fell, what could not be checked and what is worth a look; `everything` for all."""
    shown = [
        verdict
        for status in _ORDER
        for verdict in report.verdicts
        if verdict.status == status and (everything or verdict.status != "ok")
    ]
    several = len({verdict.gold for verdict in shown}) > 1
    return Table(
        Toned(report.headline, "bad" if report.exit_status else "good"),
        _HEADERS,
        tuple(_row(verdict) for verdict in shown),
        tuple(_notes(report)),
        ("n", *(() if several else ("gold",)), "interval", "before", "now"),
        (*(("gold",) if several else ()), "backend", "what"),
    )


def gate_lines(report: GateReport, *, limit: int = 10) -> Iterator[str]:
    """The flipped mentions of everything that fell, with their context."""
    for verdict in report.verdicts:
        if (verdict.status != "fail" and verdict.code not in _FELL) or verdict.code == "blackout":
            continue
        if verdict.pin is not None:
            yield f"{verdict.what}: {pin_line(verdict, report)}"
            continue
        if verdict.flips is None:
            yield f"{verdict.what}: the run or the baseline does not know which mentions flipped"
            continue
        if not verdict.flips:
            continue  # A floor may be missed without any change.
        yield f"{verdict.what}: {verdict.flips.summary()}"
        texts = report.texts.get(verdict.gold, {})
        parts: tuple[tuple[str, Tone, tuple[Mention, ...]], ...] = (
            ("lost", "bad", verdict.flips.lost),
            ("new error", "bad", verdict.flips.introduced),
            ("gained", "good", verdict.flips.gained),
        )
        for title, tone, mentions in parts:
            for line in mention_lines(mentions, texts, limit=limit):
                yield Toned(f"  {title}: {line}", tone)


def pin_line(verdict: Verdict, report: GateReport) -> str:
    """A pinned mention in its context."""
    pin = verdict.pin
    assert pin is not None
    return f"{verdict.message}: {in_text(pin, report.texts.get(verdict.gold, {}))}"


def _row(verdict: Verdict) -> tuple[Cell, ...]:
    between = UNDEFINED
    if verdict.interval is not None:
        between = f"[{verdict.interval[0]:+.2f}, {verdict.interval[1]:+.2f}]"
    return (
        Toned(_MARKS[verdict.status], _TONES[verdict.status]),
        verdict.backend or UNDEFINED,
        verdict.gold or UNDEFINED,
        f"{verdict.part} {verdict.metric}".strip() or UNDEFINED,
        UNDEFINED if verdict.support is None else verdict.support,
        number(verdict.baseline),
        number(verdict.current),
        UNDEFINED if verdict.difference is None else f"{verdict.difference:+.2f}",
        between,
        verdict.message,
    )


def _notes(report: GateReport) -> Iterator[str]:
    if report.baseline:
        yield f"Run {report.run} against {report.baseline}, accepted {report.accepted}."
    yield from _method(report)
    if report.blackout:
        yield (
            f"A document that had {report.blackout} or more right mentions and has none now fails "
            "by itself."
        )
    for verdict in report.verdicts:
        if verdict.types:
            what = f"{verdict.part}, {verdict.backend} on {verdict.gold}"
            yield f"{what}: {mean_over(verdict.types)}."
    yield from _power(report)
    for note in report.notes:
        yield f"Changed since: {note}"
    yield from report.remarks


def _method(report: GateReport) -> Iterator[str]:
    """When a drop fails, and how its interval is made."""
    drops = [verdict for verdict in report.verdicts if verdict.margin is not None]
    if any(verdict.level is None for verdict in drops):
        yield "Where a rule says interval = false, a drop fails when it is larger than its margin."
    drops = [verdict for verdict in drops if verdict.level is not None and verdict.interval]
    if not drops:
        return
    drawn = {
        (one.gold, one.unit): resampling(
            one.unit, report.resamples, report.seed, paired=True, documents=one.resampled
        )
        for one in drops
    }
    alike = list(dict.fromkeys(drawn.values()))
    made = alike if len(alike) < 2 else [f"{how} ({gold})" for (gold, _), how in drawn.items()]
    level = f"{100 * report.level:.2f} %"
    if report.checks > 1:
        level += f" for each of {report.checks} checks, so that all together hold at 95 %"
        level += " (Bonferroni)"
    if any(verdict.level != report.level for verdict in drops):
        level += "; 95 % for those that can only warn"
    text = (
        "A drop fails when it is larger than its margin and its interval lies below 0. "
        f"Interval: {level}; {', '.join(made)}."
    )
    few = scope("paragraph") if any(unit == "paragraph" for _, unit in drawn) else ""
    yield " ".join(filter(None, (text, few)))


def _power(report: GateReport) -> Iterator[str]:
    """By backend: the smallest drop that the check is able to see."""
    by_backend: dict[tuple[str, str, str], list[Verdict]] = {}
    for verdict in report.verdicts:
        if verdict.detectable is not None or verdict.detectable_spread is not None:
            key = (verdict.backend, verdict.gold, verdict.task or "")
            by_backend.setdefault(key, []).append(verdict)
    tasks = {(backend, gold): set[str]() for backend, gold, _ in by_backend}
    for backend, gold, task in by_backend:
        tasks[backend, gold].add(task)
    for (backend, gold, task), verdicts in by_backend.items():
        first, *rest = verdicts
        shown = f"{first.part} {first.metric} {_caught([first])}"
        if rest:
            shown += f", the other scores {_caught(rest)}"
        blind = [verdict.part for verdict in verdicts if verdict.detectable is None]
        never = f"; never {', '.join(blind)} if whole {first.unit}s are taken" if blind else ""
        where = f"{backend} on {gold}" + (f" ({task})" if len(tasks[backend, gold]) > 1 else "")
        yield (
            f"Power: on {where} a true drop is caught in 4 of 5 cases from: {shown}, if it takes "
            f"whole {first.unit}s (in brackets: if it falls on mentions here and there){never}."
        )


def _caught(verdicts: list[Verdict]) -> str:
    """`12.1 points (1.3)`, or `9.6 to 12.7 points (3.9 to 4.0)`; `–` for what is never caught."""
    return (
        f"{_range([v.detectable for v in verdicts])} points "
        f"({_range([v.detectable_spread for v in verdicts])})"
    )


def _range(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return UNDEFINED
    low, high = f"{min(known):.1f}", f"{max(known):.1f}"
    return low if low == high else f"{low} to {high}"
