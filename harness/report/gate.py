"""What the gate found, for people: a table, the mentions that flipped, and what it can see."""

from __future__ import annotations

from collections.abc import Iterator

from harness.annotation import context, printable
from harness.flips import describe
from harness.gate.verdicts import GateReport, Verdict
from harness.report.tables import UNDEFINED, Cell, Table, number

__all__ = ["gate_lines", "gate_table", "pin_line"]

_MARKS = {"ok": "ok", "warn": "warning", "fail": "FAILED", "error": "NOT CHECKED"}
_HEADERS = ("", "backend", "gold", "what", "n", "before", "now", "points", "interval", "why")
_FELL = ("within-noise", "little-support")
_ORDER = ("fail", "error", "warn", "ok")


def gate_table(report: GateReport, *, everything: bool = False) -> Table:
    """What fell, what could not be checked and what is worth a look; `everything` for all."""
    shown = [
        verdict
        for status in _ORDER
        for verdict in report.verdicts
        if verdict.status == status and (everything or verdict.status != "ok")
    ]
    return Table(
        printable(report.headline),
        _HEADERS,
        tuple(_row(verdict) for verdict in shown),
        tuple(_notes(report)),
    )


def gate_lines(report: GateReport, *, limit: int = 10) -> Iterator[str]:
    """The flipped mentions of everything that fell, with their context."""
    for verdict in report.verdicts:
        if verdict.status != "fail" and verdict.code not in _FELL:
            continue
        if verdict.pin is not None:
            yield f"{printable(verdict.what)}: {pin_line(verdict, report)}"
            continue
        if verdict.flips is None:
            yield f"{printable(verdict.what)}: the flipped mentions are not known (no predictions)"
            continue
        if not verdict.flips:
            continue  # A floor may be missed without any change.
        yield f"{printable(verdict.what)}: {verdict.flips.summary()}"
        texts = report.texts.get(verdict.gold, {})
        for title, mentions in (
            ("lost", verdict.flips.lost),
            ("new error", verdict.flips.introduced),
            ("gained", verdict.flips.gained),
        ):
            for line in describe(mentions, texts, limit=limit):
                yield f"  {title}: {line}"


def pin_line(verdict: Verdict, report: GateReport) -> str:
    """A pinned mention in its context."""
    pin = verdict.pin
    assert pin is not None
    text = report.texts.get(verdict.gold, {}).get(pin.document)
    place = f"{pin.label} {pin.document} [{pin.start}, {pin.end})"
    shown = "" if text is None else f": {context(text, (pin.start, pin.end))}"
    return f"{verdict.message}: {printable(place)}{shown}"


def _row(verdict: Verdict) -> tuple[Cell, ...]:
    between = UNDEFINED
    if verdict.interval is not None:
        between = f"[{verdict.interval[0]:+.2f}, {verdict.interval[1]:+.2f}]"
    return (
        _MARKS[verdict.status],
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
    if report.checks:
        within = " within document" if report.unit == "paragraph" else ""
        yield (
            "A drop fails when it is larger than its margin and its interval lies below 0. "
            f"Interval: {100 * report.level:.2f} % for each of {report.checks} checks, so that "
            f"all together hold at 95 % (Bonferroni); {report.resamples:,} paired bootstrap "
            f"resamples by {report.unit}{within}, seed {report.seed}."
        )
    yield from _power(report)
    for note in report.notes:
        yield f"Changed since: {printable(note)}"
    yield from map(printable, report.remarks)


def _power(report: GateReport) -> Iterator[str]:
    """By backend: the smallest drop that the check is able to see."""
    by_system: dict[str, list[Verdict]] = {}
    for verdict in report.verdicts:
        if verdict.detectable is not None:
            by_system.setdefault(f"{verdict.backend} on {verdict.gold}", []).append(verdict)
    for name, verdicts in by_system.items():
        first = verdicts[0]
        shown = f"{first.part} {first.metric} {first.detectable:.1f} points"
        rest = [v.detectable for v in verdicts[1:] if v.detectable is not None]
        if rest:
            low, high = f"{min(rest):.1f}", f"{max(rest):.1f}"
            shown += f", the other scores {low}" + (f" to {high}" if high != low else "")
        yield printable(f"Power: on {name} a true drop is caught in 4 of 5 cases from: {shown}.")
