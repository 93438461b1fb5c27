"""A run against its baseline: everything that is checked, in one report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.decide.baseline import Baseline
from harness.decide.gate.blackout import check_blackout
from harness.decide.gate.judge import evidence_of, is_tested, judge
from harness.decide.gate.notes import gate_remarks, notes
from harness.decide.gate.pins import check_pins
from harness.decide.gate.presence import match_entries
from harness.decide.gate.scope import ScoreCheck, check_names, checks_of, idle_rules
from harness.decide.gate.verdicts import GateReport, about
from harness.decide.rules import Rules, default_rules
from harness.results.finder import matches_pattern
from harness.results.record import ResultKey, RunRecord
from harness.results.scored import Scored, check_types, read_with
from harness.stats.permutation import ALPHA
from harness.stats.resample import Resampler, enough_resamples, shown_by
from harness.stats.units import DEFAULT_RESAMPLES, Units

__all__ = ["check"]


def check(
    record: RunRecord,
    scored: Sequence[Scored],
    baseline: Baseline,
    rules: Rules | None = None,
    *,
    gold: Sequence[str] = (),
    backends: Sequence[str] = (),
    unread: Mapping[ResultKey, str] | None = None,
    reading: Mapping[str, Any] | None = None,
    resamples: int = DEFAULT_RESAMPLES,
    seed: int | None = None,
    power: bool = True,
) -> GateReport:
    """Check a run against the baseline.

    `scored` are the run's (`harness.results.load.from_run`), `record` says what became of
    the others, and `unread` why some (gold set, task, backend) are not among them although they
    were measured. `gold` and `backends` restrict the check to entries matching one of these names
    or patterns; `reading` are options by which counts of both are read (`read_with`). Without
    `power` it is not worked out what each check is able to see. Raises
    `UsageError` for a rule that names an unknown type and for a pin that names no gold mention.
    """
    rules = rules or default_rules()
    seed = record.seed if seed is None else seed
    reading = reading or {}
    if reading.get("types"):
        check_types([*scored, *(e.scored() for e in baseline.entries)], **reading)
    in_full = {one.key: one for one in scored}
    scored = [read_with(one, **reading) for one in scored]
    matched_entries, verdicts = match_entries(
        record, scored, baseline, gold, backends, unread or {}, reading
    )
    entries = [read_with(entry.scored(), **reading) for entry in baseline.entries]
    check_names(rules, entries)
    checks = [list(checks_of(matched, rules)) for matched in matched_entries]
    units = [Units(matched.current.document_numbers) for matched in matched_entries]
    tested = [
        (item, one)
        for group, one in zip(checks, units, strict=True)
        for item in group
        if is_tested(item, one)
    ]
    level = 1 - ALPHA / max(1, len(tested))
    drawn = enough_resamples(
        level,
        [evidence_of(item, one).degrees for item, one in tested],
        asked=resamples,
        units=max(map(len, units), default=0),
    )
    for matched, mine in zip(matched_entries, checks, strict=True):
        resampler = Resampler(matched.current.document_numbers, resamples=drawn, seed=seed)
        verdicts += judge(mine, resampler, level, power=power)
        if rules.blackout and (dark := check_blackout(matched, rules.blackout)):
            verdicts.append(dark)
        pinned = in_full.get(matched.current.key, matched.current)  # whatever types are scored
        verdicts += check_pins(pinned, matched.entry, rules.pins)
        if not mine and not any(
            matches_pattern(pin.backend, matched.entry.backend) for pin in rules.pins
        ):
            said = "no rule speaks of it, so nothing of it was checked"
            verdicts.append(about(matched.entry, "error", "no-match", said))
    verdicts += idle_rules(rules, entries)
    return GateReport(
        verdicts=tuple(verdicts),
        level=level,
        checks=len(tested),
        blackout=rules.blackout,
        unit=units[0].unit if units else "",
        resamples=drawn,
        seed=seed,
        accepted=baseline.accepted,
        rules=rules.source,
        notes=tuple(notes(matched_entries)),
        remarks=(*gate_remarks(matched_entries), *_shown(tested, drawn, level)),
        texts={matched.entry.gold: matched.current.texts() for matched in matched_entries},
    )


def _shown(
    tested: Sequence[tuple[ScoreCheck, Units]], resamples: int, level: float
) -> Iterator[str]:
    """Says where so many checks share the 5 % that resamples do not reach that far."""
    beyond = sum(
        not shown_by(resamples, level, evidence_of(item, units).degrees) for item, units in tested
    )
    if beyond:
        yield (
            f"{beyond} of {len(tested)} checks: {resamples:,} resamples do not show an interval of "
            f"{100 * level:.2f} %; its ends are the most extreme resamples. More --resamples, or "
            "fewer rules, show more."
        )
