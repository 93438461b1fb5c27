"""The gate: false alarms where nothing changed in skill, and drops that it says it catches."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import synthetic

from harness.annotation import Annotations, Entity, Record
from harness.decide import baseline as baselines
from harness.decide.baseline import Baseline
from harness.decide.gate.check import check
from harness.decide.gate.verdicts import GateReport
from harness.decide.rules import Rule, Rules, default_rules
from harness.results.record import RunRecord
from harness.results.save import run_record
from harness.results.scored import Scored
from harness.tasks.tally import Tally, TallyKey
from simulations.draw import Draw, World, draw

TYPES = ("PER", "ORG", "LOC", "MISC")


@dataclass(frozen=True)
class Bench:
    """A backend on a gold set, of which only the counts matter."""

    system: Scored
    record: RunRecord
    units: tuple[tuple[str, int], ...]

    def with_counts(self, counts: Any) -> Scored:
        """The backend with these counts, (paragraphs, types, 3)."""
        tallies = []
        for row in counts:
            counts_of: dict[TallyKey, int] = {}
            for label, (right, predicted, gold) in zip(TYPES, row, strict=True):
                counts_of["correct", label] = int(right)
                counts_of["errors", "missed", label, None] = int(gold - right)
                counts_of["errors", "spurious", None, label] = int(predicted - right)
            tallies.append(Tally.made(counts_of))
        return replace(
            self.system,
            units=self.units,
            tallies=tuple(tallies),
            count=None,
            documents=(),
            result=None,
        )

    def accept(self, counts: Any) -> Baseline:
        """A baseline of these counts."""
        tallies = self.with_counts(counts).tallies
        accepted = baselines.accepted([self.system], self.record)
        (entry,) = accepted.entries
        entry = replace(entry, units=tuple(self.units), tallies=tuple(tallies), outcomes=None)
        return replace(accepted, entries=(entry,))

    def check(
        self, accepted: Baseline, counts: Any, rules: Rules, *, seed: int, power: bool = False
    ) -> GateReport:
        """The report on these counts."""
        systems = [self.with_counts(counts)]
        return check(self.record, systems, accepted, rules, resamples=2000, seed=seed, power=power)


def bench(found: Draw) -> Bench:
    """A gold set with the paragraphs of the draw."""
    system, record = _template()
    seen: dict[int, int] = {}
    units = []
    for number in found.documents.tolist():
        units.append((f"d{number:04}", seen.setdefault(number, 0)))
        seen[number] += 1
    return Bench(system, record, tuple(units))


@cache
def _template() -> tuple[Scored, RunRecord]:
    records = [Record("d", "Name went.", Annotations((Entity(0, 4, "PER"),)))]
    goldset = synthetic.gold(Path(tempfile.mkdtemp()), records)
    (system,) = synthetic.systems_of(goldset, {"b": records})
    return system, run_record([system], [goldset])


def again(found: Draw, rng: Any) -> Any:
    """New answers of a backend of the same skill, which finds the same documents hard."""
    counts = found.counts[0]
    local = rng.normal(0, found.world.within, len(counts))
    from simulations.draw import EASE, SHARES, _logistic

    odds = found.odds[0][found.documents] + local
    right = rng.binomial(counts[..., 2], _logistic(odds[:, None] + EASE))
    wrong = rng.poisson(found.spurious[0][found.documents][:, None] * SHARES)
    return np.stack([right, right + wrong, counts[..., 2]], axis=-1)


def anew(found: Draw, rng: Any) -> Any:
    """New answers of another backend of the same skill, which finds other documents hard."""
    world, size = found.world, found.world.documents
    odds = found.odds[0] * 0 + np.log(world.skills[0] / (1 - world.skills[0]))
    odds = odds + rng.normal(0, np.hypot(world.common, world.sd), size)
    rate = found.spurious[0].mean() * np.exp(rng.normal(-(world.sd**2) / 2, world.sd, size))
    return again(replace(found, odds=(odds,), spurious=(rate,)), rng)


def unchanged(world: World, runs: int) -> float:
    """Whole checks that fail although every answer is the same."""
    return _alarms(world, runs, default_rules(), lambda found, rng: found.counts[0])


def redrawn(world: World, runs: int) -> float:
    """Whole checks that fail on other answers of the same skill, the same documents being hard."""
    return _alarms(world, runs, default_rules(), again)


def other(world: World, runs: int, *, blackout: bool = False) -> float:
    """Whole checks that fail on answers of the same skill, other documents being hard."""
    rules = default_rules() if blackout else replace(default_rules(), blackout=0)
    return _alarms(world, runs, rules, anew)


def with_macro(world: World, runs: int) -> float:
    """As `redrawn`, with a rule for the macro average too."""
    rules = replace(
        default_rules(), rules=(*default_rules().rules, Rule(type="macro", max_drop=1.0))
    )
    return _alarms(world, runs, rules, again)


def with_floor(world: World, runs: int, *, points: float) -> float:
    """As `redrawn`, with a floor so many points below the accepted score instead of drops."""

    def rules(score: float) -> Rules:
        return Rules(rules=(Rule(floor=max(0.0, score - points / 100)),))

    return _alarms(world, runs, rules, again)


def _alarms(
    world: World,
    runs: int,
    rules: Rules | Callable[[float], Rules],
    change: Callable[[Draw, Any], Any],
) -> float:
    rng = np.random.default_rng(world.documents)
    failed = 0
    for seed in range(runs):
        found = draw(world, rng)
        gold = bench(found)
        before = found.counts[0]
        right, predicted, there = before.sum(axis=(0, 1))
        used = rules if isinstance(rules, Rules) else rules(2 * right / (predicted + there))
        report = gold.check(gold.accept(before), change(found, rng), used, seed=seed)
        failed += report.exit_status == 1
    return failed / runs


def caught(
    world: World, runs: int, *, part: str | None, whole: bool, noisy: bool, floor: bool = False
) -> float:
    """Drops as large as the one that is printed, that fail the check.

    `whole`: they take whole documents; `noisy`: other answers of the same skill were given anyway;
    `floor`: the rule is a floor three points below the score.
    """
    rng = np.random.default_rng(77 + world.documents)
    hits = tried = 0
    for seed in range(runs):
        found = draw(world, rng)
        gold = bench(found)
        before = found.counts[0]
        accepted = gold.accept(before)
        rules = Rules(rules=(Rule(type=part, max_drop=1.0),), blackout=0)
        if floor:
            right, predicted, there = before.sum(axis=(0, 1))
            limit = 2 * right / (predicted + there) - 0.03
            rules = replace(rules, rules=(Rule(floor=limit),))
        now = again(found, rng) if noisy else before
        said = gold.check(accepted, now, rules, seed=seed, power=True).verdicts[0]
        size = said.detectable if whole else said.detectable_spread
        if size is None or said.baseline is None:
            continue
        tried += 1
        damaged = _lose(now, found.documents, size / (100 * said.baseline), whole=whole, rng=rng)
        hits += gold.check(accepted, damaged, rules, seed=seed).verdicts[0].status == "fail"
    return hits / tried if tried else float("nan")


def _lose(counts: Any, documents: Any, share: float, *, whole: bool, rng: Any) -> Any:
    """The counts without a share of what is right, mention by mention or document by document.

    F1 falls by less than the share of right predictions that vanish: 2 r / (p + g) of which r and p
    lose x is (1 - x) / (1 - x f / 2) of itself, with f its value; x is found from the share.
    """
    right, predicted, gold = (counts[..., i].sum() for i in range(3))
    f = 2 * right / (predicted + gold)
    x = min(1.0, share / (1 - (1 - share) * f / 2))
    out = counts.copy()
    if whole:
        gone = (rng.random(documents.max() + 1) < x)[documents]
        lost = np.where(gone[:, None], counts[..., 0], 0)
    else:
        lost = rng.binomial(counts[..., 0], x)
    out[..., 0] -= lost
    out[..., 1] -= lost
    return out
