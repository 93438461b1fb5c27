"""The CI gate: has a score really dropped?

A drop fails when it is larger than the rule's margin *and* its paired bootstrap interval lies
below zero; the level of the interval is adjusted for the number of checks (Bonferroni), so that
noise alone fails a whole check in fewer than 5 of 100 runs. A pinned mention that is not found
fails. Types with little support warn. Whatever the baseline has and the run has not is an error of
its own: the gate never passes by absence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.annotation import Task
from harness.baseline import Baseline, Entry
from harness.comparison import match_of
from harness.comparison.measures import (
    ATTRIBUTION_PARTS,
    Columns,
    Metric,
    as_float,
    closeness,
    columns,
    entity_types,
    headline_part,
    part_named,
    resample,
    statistic,
    support,
)
from harness.comparison.systems import System
from harness.errors import UsageError
from harness.flips import Flips, flips
from harness.gate.pins import check_pins
from harness.gate.power import detectable_drop, points_per_mention
from harness.gate.presence import Present, match_entries
from harness.gate.verdicts import GateReport, Status, Verdict
from harness.record import RunRecord
from harness.rules import DEFAULT_RULES, Rule, Rules, matches
from harness.scoring.significance import Resampler, percentile_interval

__all__ = ["GateReport", "Status", "Verdict", "check"]

ALPHA = 0.05

_Types = Mapping[tuple[str, Task, str], Mapping[str, int]]
"""Entry -> entity type -> gold mentions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Check:
    """One score that rules speak of, before it is looked at."""

    present: Present
    metric: Metric
    part: str
    floor: float | None
    max_drop: float | None
    min_support: int
    before: Columns
    after: Columns

    @property
    def counts(self) -> bool:
        """Whether its verdict can be a failure; the others can only warn."""
        return support(self.after) >= self.min_support


def check(
    record: RunRecord,
    systems: Sequence[System],
    baseline: Baseline,
    rules: Rules = DEFAULT_RULES,
    *,
    gold: Sequence[str] = (),
    backends: Sequence[str] = (),
    unread: Mapping[tuple[str, Task, str], str] | None = None,
    resamples: int = 10_000,
    seed: int | None = None,
) -> GateReport:
    """Check a run against the baseline.

    `systems` are the run's (`harness.comparison.systems.from_run`), `record` says what became of
    the others, and `unread` why some (gold set, task, backend) are not among them although they
    were measured. `gold` and `backends` restrict the check to entries matching one of these names
    or patterns. Raises `UsageError` for a rule that names an unknown type and for a pin that names
    no gold mention.
    """
    seed = record.seed if seed is None else seed
    presents, verdicts = match_entries(record, systems, baseline, gold, backends, unread or {})
    types = {entry.key: entity_types(entry.system().tallies) for entry in baseline.entries}
    _check_names(rules, baseline.entries, types)
    checks = [item for present in presents for item in _checks_of(present, rules)]
    tested = sum(item.counts and item.max_drop is not None for item in checks)
    level = 1 - ALPHA / max(1, tested)
    unit = ""
    for present in presents:
        mine = [item for item in checks if item.present is present]
        resampler = Resampler(present.current.documents, resamples=resamples, seed=seed)
        unit = unit or resampler.unit
        verdicts += _judge(mine, resampler, level)
        verdicts += check_pins(present.current, present.entry, rules.pins)
        if not mine and not any(matches(pin.backend, present.entry.backend) for pin in rules.pins):
            verdicts.append(_unruled(present.entry))
    verdicts += _idle_rules(rules, baseline.entries, types)
    return GateReport(
        verdicts=tuple(verdicts),
        level=level,
        checks=tested,
        unit=unit,
        resamples=resamples,
        seed=seed,
        accepted=baseline.accepted,
        rules=rules.source,
        notes=tuple(_notes(presents)),
        remarks=tuple(_remarks(presents)),
        texts={present.entry.gold: present.current.texts() for present in presents},
    )


# --- which scores ------------------------------------------------------------------------------


def _check_names(rules: Rules, entries: Sequence[Entry], types: _Types) -> None:
    """A type that nothing accepted has is a mistake in the rules, not an absence."""
    named = [rule for rule in rules.rules if rule.type not in (None, "*")]
    if not named or not entries:
        return
    known = {label for labels in types.values() for label in labels}
    for number, rule in enumerate(rules.rules, 1):
        if rule not in named:
            continue
        # A rule that speaks of nothing at all is reported as such, not here.
        spoken = [entry for entry in entries if rule.task in (None, entry.task)]
        spoken = [entry for entry in spoken if _speaks(rule, entry)] or spoken
        problems: dict[float, str] = {}
        tasks = sorted({entry.task for entry in spoken})
        wrong = 0
        for task in tasks:
            try:
                part_named(rule.type or "", task, known)
            except UsageError as error:
                # Where both tasks are spoken of, the one with the nearest name was meant.
                problems.setdefault(closeness(rule.type or "", task, known), str(error))
                wrong += 1
        if wrong and wrong == len(tasks):
            raise UsageError(f"{rules.source}: rule {number}: {problems[max(problems)]}")


def _speaks(rule: Rule, entry: Entry) -> bool:
    return (
        matches(rule.gold, entry.gold)
        and matches(rule.backend, entry.backend)
        and rule.task in (None, entry.task)
    )


def _checks_of(present: Present, rules: Rules) -> Iterator[_Check]:
    """Every score that a rule speaks of, each once: later rules override earlier ones."""
    entry = present.entry
    types = entity_types(present.previous.tallies)
    wanted: dict[tuple[str, Metric], Rule] = {}
    for rule in rules.rules:
        if not _speaks(rule, entry):
            continue
        for part in _parts(rule, entry, types):
            old = wanted.get((part, rule.metric))
            wanted[part, rule.metric] = rule if old is None else _merged(old, rule)
    for (part, metric), rule in wanted.items():
        before, after = (_columns(s, part) for s in (present.previous, present.current))
        least = rules.min_support if rule.min_support is None else rule.min_support
        yield _Check(
            present=present,
            metric=metric,
            part=part,
            floor=rule.floor,
            max_drop=rule.max_drop,
            min_support=least,
            before=before,
            after=after,
        )


def _parts(rule: Rule, entry: Entry, types: Mapping[str, int]) -> list[str]:
    if rule.type is None:
        return [headline_part(entry.task)]
    if rule.type == "*":
        if entry.task == "ner":
            return list(types)
        return [part for part in ATTRIBUTION_PARTS if part != headline_part("attribution")]
    known = ATTRIBUTION_PARTS if entry.task == "attribution" else ("micro", "macro", *types)
    return [rule.type] if rule.type in known else []


def _merged(old: Rule, new: Rule) -> Rule:
    return replace(
        new,
        floor=old.floor if new.floor is None else new.floor,
        max_drop=old.max_drop if new.max_drop is None else new.max_drop,
        min_support=old.min_support if new.min_support is None else new.min_support,
    )


def _columns(system: System, part: str) -> Columns:
    types = list(entity_types(system.tallies)) if part == "macro" else []
    return columns(system.tallies, part, match=match_of(system), types=types)


# --- verdicts ----------------------------------------------------------------------------------


def _judge(checks: Sequence[_Check], resampler: Resampler, level: float) -> Iterator[Verdict]:
    drawn = resample(resampler, [side for item in checks for side in (item.before, item.after)])
    for index, item in enumerate(checks):
        # The sums are let go of as we walk: a gold set with many types has many of them.
        before, after = drawn[2 * index], drawn[2 * index + 1]
        score = statistic(item.metric, item.before.group)
        values = score(after) - score(before)
        yield _verdict(item, values, resampler, level if item.counts else 1 - ALPHA)


def _verdict(item: _Check, values: object, resampler: Resampler, level: float) -> Verdict:
    score = statistic(item.metric, item.before.group)
    old = as_float(score(item.before.counts.sum(axis=0)))
    new = as_float(score(item.after.counts.sum(axis=0)))
    bounds = percentile_interval(values, resampler, level=level)  # type: ignore[arg-type]
    difference = None if old is None or new is None else 100 * (new - old)
    margin = item.max_drop
    entry = item.present.entry
    status, code, message = _outcome(
        item,
        old,
        new,
        difference,
        below=bounds.high is not None and bounds.high < 0,
        above=bounds.low is not None and bounds.low > 0,
    )
    return Verdict(
        status=status,
        code=code,
        message=message,
        backend=entry.backend,
        gold=entry.gold,
        task=entry.task,
        metric=item.metric,
        part=item.part,
        support=support(item.after),
        baseline=old,
        current=new,
        difference=difference,
        interval=(100 * bounds.low, 100 * bounds.high)
        if bounds.low is not None and bounds.high is not None
        else None,
        margin=margin,
        floor=item.floor,
        detectable=_detectable(item, old, 100 * (bounds.standard_error or 0.0), level),
        flips=_flips(item) if status != "ok" else None,
    )


def _detectable(
    item: _Check, old: float | None, standard_error: float, level: float
) -> float | None:
    """`None` for what cannot fail, and where not even the loss of everything would be seen."""
    if item.max_drop is None or not item.counts or old is None:
        return None
    drop = detectable_drop(
        margin=item.max_drop,
        per_mention=points_per_mention(item.before, item.metric, old),
        standard_error=standard_error,
        level=level,
    )
    return None if drop is None or drop > 100 * old else drop


_Said = tuple[Status, str, str]


def _outcome(
    item: _Check,
    old: float | None,
    new: float | None,
    difference: float | None,
    *,
    below: bool,
    above: bool,
) -> _Said:
    if item.floor is not None and (new is None or new < item.floor):
        said = f"{_number(new)} is below the floor of {item.floor:g}"
        return _weighed(item, "floor", said)
    if item.max_drop is None:
        return "ok", "ok", f"{_number(new)}, floor {item.floor:g}"
    if old is not None and new is None:
        return _weighed(item, "undefined", f"was {_number(old)}, is undefined now")
    if difference is None:
        return "ok", "ok", f"{_number(old)} before, {_number(new)} now"
    said = f"{_number(old)} -> {_number(new)} ({difference:+.2f} points)"
    # Two sums of the same counts may differ in the last digit: that is no drop.
    drop = -difference - item.max_drop
    if drop > 1e-9:
        if below:
            return _weighed(item, "drop", f"{said}, more than {item.max_drop:g} allowed")
        return "warn", "within-noise", f"{said}, but that is within the noise of this gold set"
    if difference > item.max_drop and above:
        return "warn", "better", f"{said}: well above the baseline; accept the new one"
    return "ok", "ok", said


def _weighed(item: _Check, code: str, said: str) -> _Said:
    if item.counts:
        return "fail", code, said
    few = f"{said}; only {support(item.after)} gold mentions (fewer than {item.min_support})"
    return "warn", "little-support" if code != "floor" else "floor", few


def _flips(item: _Check) -> Flips | None:
    before, after = item.present.previous.outcomes, item.present.current.outcomes
    if before is None or after is None:
        return None
    found = flips(before, after)
    is_type = item.present.entry.task == "ner" and item.part not in ("micro", "macro")
    return found.of(item.part) if is_type else found


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"


def _unruled(entry: Entry) -> Verdict:
    return Verdict(
        status="error",
        code="no-match",
        message="no rule speaks of it, so nothing of it was checked",
        backend=entry.backend,
        gold=entry.gold,
        task=entry.task,
    )


def _idle_rules(rules: Rules, entries: Sequence[Entry], types: _Types) -> Iterator[Verdict]:
    """A rule that speaks of nothing in the baseline would pass by absence."""
    if rules.may_be_idle:
        return
    for number, rule in enumerate(rules.rules, 1):
        matched = [entry for entry in entries if _speaks(rule, entry)]
        if not matched:
            yield _idle(f"rule {number}", rule.backend, rule.gold)
        elif not any(_parts(rule, entry, types[entry.key]) for entry in matched):
            yield replace(
                _idle(f"rule {number}", rule.backend, rule.gold),
                code="missing-type",
                message=f"rule {number}: nothing that it matches has the type {rule.type!r}",
            )
    for number, pin in enumerate(rules.pins, 1):
        if not any(
            matches(pin.gold, entry.gold)
            and matches(pin.backend, entry.backend)
            and pin.task == entry.task
            for entry in entries
        ):
            yield _idle(f"pin {number}", pin.backend, pin.gold)


def _idle(what: str, backend: str, gold: str) -> Verdict:
    return Verdict(
        status="error",
        code="no-match",
        message=f"{what} (backend {backend}, gold {gold}) matches nothing in the baseline",
    )


def _notes(presents: Sequence[Present]) -> Iterator[str]:
    """What changed around the scores and may explain them."""
    pairs = ((one.previous.signature, one.current.signature) for one in presents)
    for old, new in sorted({(was.version, now.version) for was, now in pairs}):
        if old != new:
            yield f"the baseline was counted by version {old} of the harness, the run by {new}"
    for present in presents:
        entry, result = present.entry, present.current.result
        if result is None:
            continue
        where = f"{entry.backend} on {entry.gold}"
        for name in ("version", "digest"):
            kind: Literal["version", "digest"] = "version" if name == "version" else "digest"
            old = getattr(entry.model, kind) if entry.model else ""
            new = getattr(result.model, kind) if result.model else ""
            if old != new:
                yield f"{where}: the model's {kind} was {old[:12] or '–'}, is {new[:12] or '–'}"
        for package in sorted(entry.packages.keys() | result.packages.keys()):
            old, new = entry.packages.get(package, "–"), result.packages.get(package, "–")
            if old != new:
                yield f"{where}: {package} was {old}, is {new}"
        if result.unstable:
            yield f"{where}: {result.unstable} documents were answered differently when asked again"


def _remarks(presents: Sequence[Present]) -> Iterator[str]:
    """Answers that were not asked for in this run, and mentions that cannot be shown."""
    stored: dict[str, list[str]] = {}
    for present in presents:
        result = present.current.result
        if result is not None and result.costs.replayed:
            why = result.proof or "the run does not say why that was allowed"
            stored.setdefault(why, []).append(
                f"{result.costs.replayed} of {result.documents} answers of {result.backend} on "
                f"{result.gold} ({result.task})"
            )
    for why, rows in stored.items():
        yield f"From the store, not asked for in this run: {'; '.join(rows)}. Allowed since {why}."
    reasons = dict.fromkeys(present.current.without_outcomes for present in presents)
    yield from (f"Which mentions flipped is not shown: {reason}" for reason in reasons if reason)
