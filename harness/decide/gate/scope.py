"""Which scores the rules speak of, each once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.annotation import Task
from harness.decide.baseline import Entry
from harness.decide.compare import match_of
from harness.decide.gate.presence import Present
from harness.decide.gate.verdicts import Verdict
from harness.decide.rules import Rule, Rules, matches
from harness.errors import UsageError
from harness.results.measures import (
    ATTRIBUTION_PARTS,
    Columns,
    Metric,
    closeness,
    columns,
    entity_types,
    headline_part,
    part_named,
    support,
)
from harness.results.systems import System

__all__ = ["Check", "Types", "check_names", "checks_of", "idle_rules"]

Types = Mapping[tuple[str, Task, str], Mapping[str, int]]
"""Entry -> entity type -> gold mentions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One score that rules speak of, before it is looked at."""

    present: Present
    metric: Metric
    part: str
    floor: float | None
    max_drop: float | None
    interval: bool
    """Whether a drop has to be more than chance; else its margin alone decides."""
    min_support: int
    before: Columns
    after: Columns

    @property
    def counts(self) -> bool:
        """Whether its verdict can be a failure; the others can only warn."""
        return support(self.after) >= self.min_support


def check_names(rules: Rules, entries: Sequence[Entry], types: Types) -> None:
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


def checks_of(present: Present, rules: Rules) -> Iterator[Check]:
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
        before, after = (_columns(s, part, metric) for s in (present.previous, present.current))
        least = rules.min_support if rule.min_support is None else rule.min_support
        yield Check(
            present=present,
            metric=metric,
            part=part,
            floor=rule.floor,
            max_drop=rule.max_drop,
            interval=True if rule.interval is None else rule.interval,
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
        interval=old.interval if new.interval is None else new.interval,
        min_support=old.min_support if new.min_support is None else new.min_support,
    )


def _columns(system: System, part: str, metric: Metric) -> Columns:
    types = list(entity_types(system.tallies)) if part == "macro" else []
    return columns(system.tallies, part, match=match_of(system), types=types, metric=metric)


def idle_rules(rules: Rules, entries: Sequence[Entry], types: Types) -> Iterator[Verdict]:
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
