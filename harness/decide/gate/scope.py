"""Which scores the rules speak of, each once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.decide.entry import Entry
from harness.decide.gate.presence import MatchedEntry
from harness.decide.gate.verdicts import Verdict
from harness.decide.rules import Pin, Rule, Rules
from harness.errors import UsageError, closeness
from harness.results.finder import matches_pattern
from harness.results.scored import Scored
from harness.tasks.parts import Metric, PartCounts, part_named
from harness.tasks.tally import Part

__all__ = ["ScoreCheck", "check_names", "checks_of", "idle_rules", "speaks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreCheck:
    """One score that rules speak of, before it is looked at."""

    matched: MatchedEntry
    metric: Metric
    part: str
    floor: float | None
    max_drop: float | None
    interval: bool
    """Whether a drop has to be more than chance; else its margin alone decides."""
    min_support: int
    accepted: PartCounts
    current: PartCounts

    @property
    def can_fail(self) -> bool:
        """Whether its verdict can be a failure; the others can only warn."""
        return self.current.support >= self.min_support


def check_names(rules: Rules, entries: Sequence[Scored]) -> None:
    """A type that nothing accepted has is a mistake in the rules, not an absence."""
    for number, rule in enumerate(rules.rules, 1):
        if rule.type in (None, "*") or not entries:
            continue
        # A rule that speaks of nothing at all is reported as such, not here.
        about = [entry for entry in entries if rule.task in (None, entry.task)]
        about = [entry for entry in about if speaks(rule, entry)] or about
        problems: dict[float, str] = {}
        tasks = {entry.task: entry.definition for entry in about}
        wrong = 0
        for name, task in sorted(tasks.items()):
            parts = [p for entry in entries if entry.task == name for p in entry.parts]
            try:
                part_named(rule.type, parts, word=task.part_word)
            except UsageError as error:
                # Where several tasks are spoken of, the one with the nearest name was meant.
                problems.setdefault(closeness(rule.type, [part.name for part in parts]), str(error))
                wrong += 1
        if wrong and wrong == len(tasks):
            raise UsageError(f"{rules.source}: rule {number}: {problems[max(problems)]}")


def speaks(rule: Rule | Pin, entry: Entry | Scored) -> bool:
    """Whether a rule is about a backend on a gold set for a task."""
    return (
        matches_pattern(rule.gold, entry.gold)
        and matches_pattern(rule.backend, entry.backend)
        and rule.task in (None, entry.task)
    )


def checks_of(matched: MatchedEntry, rules: Rules) -> Iterator[ScoreCheck]:
    """Every score that a rule speaks of, each once: later rules override earlier ones."""
    wanted: dict[tuple[str, Metric], Rule] = {}
    for rule in rules.rules:
        if speaks(rule, matched.entry):
            for part in _parts(rule, matched.accepted):
                old = wanted.get((part.name, rule.metric))
                wanted[part.name, rule.metric] = rule if old is None else _merged(old, rule)
    for (name, metric), rule in wanted.items():
        before, after = (
            one.counts(_part(one, name), metric) for one in (matched.accepted, matched.current)
        )
        yield ScoreCheck(
            matched=matched,
            metric=metric,
            part=name,
            floor=rule.floor,
            max_drop=rule.max_drop,
            interval=True if rule.interval is None else rule.interval,
            min_support=rules.min_support if rule.min_support is None else rule.min_support,
            accepted=before,
            current=after,
        )


def _parts(rule: Rule, scored: Scored) -> list[Part]:
    """The parts of an entry that a rule speaks of."""
    headline = scored.parts[0]
    if rule.type is None:
        return [headline]
    if rule.type == "*":
        return [part for part in scored.parts if part.listed and part != headline]
    return [part for part in scored.parts if part.name == rule.type]


def _part(scored: Scored, name: str) -> Part:
    """The part of that name; the baseline's gold has it, and the run's gold is the same."""
    return next(part for part in scored.parts if part.name == name)


def _merged(old: Rule, new: Rule) -> Rule:
    return replace(
        new,
        floor=old.floor if new.floor is None else new.floor,
        max_drop=old.max_drop if new.max_drop is None else new.max_drop,
        interval=old.interval if new.interval is None else new.interval,
        min_support=old.min_support if new.min_support is None else new.min_support,
    )


def idle_rules(rules: Rules, entries: Sequence[Scored]) -> Iterator[Verdict]:
    """A rule that speaks of nothing in the baseline would pass by absence."""
    if rules.may_be_idle:
        return
    for number, rule in enumerate(rules.rules, 1):
        matched = [entry for entry in entries if speaks(rule, entry)]
        if not matched:
            yield _idle(f"rule {number}", rule.backend, rule.gold)
        elif not any(_parts(rule, entry) for entry in matched):
            yield replace(
                _idle(f"rule {number}", rule.backend, rule.gold),
                code="missing-type",
                message=f"rule {number}: nothing that it matches has the type {rule.type!r}",
            )
    for number, pin in enumerate(rules.pins, 1):
        if not any(speaks(pin, entry) for entry in entries):
            yield _idle(f"pin {number}", pin.backend, pin.gold)


def _idle(what: str, backend: str, gold: str) -> Verdict:
    return Verdict(
        status="error",
        code="no-match",
        message=f"{what} (backend {backend}, gold {gold}) matches nothing in the baseline",
    )
