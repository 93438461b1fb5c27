"""The gate: false alarms where nothing changed in skill, and drops that it says it catches."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import synthetic

from harness import baseline as baselines
from harness.annotation import Annotations, Entity, Record
from harness.baseline import Baseline
from harness.comparison.recorded import run_record
from harness.comparison.systems import System
from harness.gate import GateReport, check
from harness.record import RunRecord
from harness.rules import DEFAULT_RULES, Rule, Rules
from harness.scoring.counts import NerTally
from simulations.draw import Draw, World, draw

TYPES = ("PER", "ORG", "LOC", "MISC")
WORLDS = ((10, 6), (30, 5), (100, 4), (200, 3))


@dataclass(frozen=True)
class Bench:
    """A gold set of planted articles, its record, and a way to put counts in a system's place."""

    system: System
    record: RunRecord
    gold: Any
    """Gold mentions per paragraph and type."""

    def with_counts(self, counts: Any) -> System:
        """The backend with these counts, (paragraphs, types, 3)."""
        tallies = []
        for row in counts:
            correct = {t: int(n) for t, (n, _, _) in zip(TYPES, row, strict=True) if n}
            errors: dict[Any, int] = {}
            for label, (right, predicted, gold) in zip(TYPES, row, strict=True):
                if gold > right:
                    errors["missed", label, None] = int(gold - right)
                if predicted > right:
                    errors["spurious", None, label] = int(predicted - right)
            tallies.append(NerTally(correct, errors))
        return replace(self.system, tallies=tuple(tallies), pairs=None, known_outcomes=None)

    def accept(self, counts: Any) -> Baseline:
        """A baseline of these counts."""
        return baselines.from_systems([self.with_counts(counts)], self.record)

    def check(
        self, accepted: Baseline, counts: Any, rules: Rules = DEFAULT_RULES, *, seed: int
    ) -> GateReport:
        """The report on these counts."""
        return check(
            self.record, [self.with_counts(counts)], accepted, rules, resamples=2000, seed=seed
        )


def bench(found: Draw) -> Bench:
    """A gold set with as many mentions of each type in each paragraph as the draw has."""
    gold = found.counts[0][..., 2]
    records = []
    for number in range(found.world.documents):
        text, entities = "", []
        for row in gold[found.documents == number]:
            text += "Then "
            for label, count in zip(TYPES, row, strict=True):
                for _ in range(int(count)):
                    entities.append(Entity(len(text), len(text) + 4, label))
                    text += "Name "
            text += "went.\n\n"
        records.append(Record(f"d{number:04}", text, Annotations(tuple(entities))))
    goldset = synthetic.gold(Path(tempfile.mkdtemp()), records)
    (system,) = synthetic.systems_of(goldset, {"b": records})
    return Bench(system, run_record([system], [goldset]), gold)


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


RULES = {
    "built-in": DEFAULT_RULES,
    "with macro": replace(
        DEFAULT_RULES, rules=(*DEFAULT_RULES.rules, Rule(type="macro", max_drop=2.0))
    ),
}


def report_alarms(share: float) -> Iterator[str]:
    """Whole checks that fail although the skill is the same."""
    runs = max(10, round(200 * share))
    yield f"whole checks that fail under no change of skill, {runs} runs each"
    yield "  unchanged: the same answers; redrawn: other answers, the same documents are hard;"
    yield "  other: other documents are hard; floor k: a floor k standard errors below the score"
    yield "documents   sd   unchanged  redrawn  other  redrawn+macro  floor 1  floor 2  floor 3"
    for documents, paragraphs in WORLDS:
        for sd in (0.0, 0.3, 0.5, 0.8):
            rates = alarms(World(documents, paragraphs, sd=sd), runs)
            yield f"{documents:9}  {sd:3.1f}   " + "    ".join(f"{rate:.3f}" for rate in rates)


def alarms(world: World, runs: int) -> list[float]:
    """Shares of failed checks in the order of the table."""
    rng = np.random.default_rng(world.documents)
    failed = np.zeros(7)
    for seed in range(runs):
        found = draw(world, rng)
        gold = bench(found)
        accepted = gold.accept(found.counts[0])
        redrawn, other = again(found, rng), anew(found, rng)
        first = gold.check(accepted, redrawn, seed=seed)
        failed[0] += gold.check(accepted, found.counts[0], seed=seed).exit_status != 0
        failed[1] += first.exit_status == 1
        failed[2] += gold.check(accepted, other, seed=seed).exit_status == 1
        failed[3] += gold.check(accepted, redrawn, RULES["with macro"], seed=seed).exit_status == 1
        headline = first.verdicts[0]
        if headline.interval is None or headline.baseline is None:
            continue
        error = (headline.interval[1] - headline.interval[0]) / 100 / 5.2
        for place, k in enumerate((1, 2, 3), 4):
            floor = max(0.0, headline.baseline - k * error)
            report = gold.check(accepted, redrawn, Rules(rules=(Rule(floor=floor),)), seed=seed)
            failed[place] += report.exit_status == 1
    return [float(rate) for rate in failed / runs]


def report_drops(share: float) -> Iterator[str]:
    """Drops as large as the report says that it catches in four of five cases."""
    runs = max(20, round(200 * share))
    yield f"drops of the printed size that fail the check, {runs} runs each (points)"
    yield "documents  noise   micro: whole documents  mentions        macro: whole   mentions"
    for documents, paragraphs in WORLDS:
        for noisy in (False, True):
            cells = []
            for part in ("micro", "macro"):
                for whole in (True, False):
                    caught, points = drops(
                        World(documents, paragraphs, sd=0.3), runs, part, whole=whole, noisy=noisy
                    )
                    cells.append(f"{caught:.3f} ({points:4.1f})")
            noise = "redrawn" if noisy else "none"
            yield f"{documents:9}  {noise:8} " + "    ".join(cells)


def drops(world: World, runs: int, part: str, *, whole: bool, noisy: bool) -> tuple[float, float]:
    """How often a drop fails the rule of that part, and its mean size in points."""
    rules = Rules(rules=(Rule(type=None if part == "micro" else part, max_drop=1.0),), blackout=0)
    rng = np.random.default_rng(77 + world.documents)
    caught = tried = 0
    sizes: list[float] = []
    for seed in range(runs):
        found = draw(world, rng)
        gold = bench(found)
        before = found.counts[0]
        accepted = gold.accept(before)
        now = again(found, rng) if noisy else before
        said = gold.check(accepted, now, rules, seed=seed).verdicts[0]
        size = said.detectable if whole else said.detectable_spread
        if size is None or said.baseline is None:
            continue
        tried += 1
        sizes.append(size)
        damaged = _lose(now, found.documents, size / (100 * said.baseline), whole=whole, rng=rng)
        report = gold.check(accepted, damaged, rules, seed=seed)
        caught += report.verdicts[0].status == "fail"
    return caught / max(1, tried), float(np.mean(sizes)) if sizes else float("nan")


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


def verdicts(report: GateReport, code: str) -> Sequence[str]:
    """The parts with that code."""
    return [verdict.part for verdict in report.verdicts if verdict.code == code]
