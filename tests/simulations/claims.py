"""Every claim of the docs: its conditions, its simulation, what is to be reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from math import sqrt
from multiprocessing import get_context
from typing import Any

from simulations import coverage, explaining, gates, groups, histories, tests, thresholds
from simulations.draw import World
from simulations.explaining import Planted
from simulations.histories import Story
from simulations.thresholds import Confident

__all__ = ["PAGES", "SPREADS", "Claim", "Outcome", "measure"]

SPREADS = (0.0, 0.3, 0.5, 0.8)
"""How much documents differ for one backend, in log odds: the columns of the table."""

Measure = Callable[[Any, int], float]


@dataclass(frozen=True)
class Claim:
    """One row: `measure` of a world at each of the spreads should lie between `low` and `high`."""

    family: str
    says: str
    world: World | Story | Confident | Planted
    measure: Measure
    runs: int
    low: float | None = None
    high: float | None = None
    conditions: str = ""

    @property
    def setting(self) -> str:
        """`8 documents x 6 paragraphs`, and what else matters."""
        shown = self.world.setting
        return f"{shown}, {self.conditions}" if self.conditions else shown

    @property
    def aim(self) -> str:
        if self.low is None and self.high is None:
            return "–"
        if self.low is None:
            return f"≤ {_percent(self.high)}"
        if self.high is None:
            return f"≥ {_percent(self.low)}"
        return f"{_percent(self.low)} to {_percent(self.high)}"

    def holds(self, value: float, runs: int, *, errors: float = 3.0) -> bool:
        """Whether a share lies within the aim, or is not further off than chance explains."""
        for limit, sign in ((self.low, -1), (self.high, 1)):
            if limit is not None:
                slack = errors * sqrt(limit * (1 - limit) / runs) + 1 / runs
                if sign * (value - limit) > slack:
                    return False
        return True


@dataclass(frozen=True)
class Outcome:
    """A claim with the shares that were measured, one for each spread."""

    claim: Claim
    runs: int
    shares: tuple[float, ...]

    @property
    def holds(self) -> bool:
        return all(self.claim.holds(share, self.runs) for share in self.shares)


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:g} %"


FEW = (World(1, 40), World(2, 20), World(5, 10))
MANY = (World(8, 6), World(10, 6), World(29, 4), World(30, 4), World(40, 4), World(200, 3))
SOME = (World(8, 6), World(10, 6), World(30, 4), World(40, 4), World(200, 3))
GATED = (World(10, 6), World(30, 5), World(100, 3), World(200, 2))


def _coverage() -> Iterator[Claim]:
    row = partial(Claim, "coverage", runs=600, low=0.93, high=0.97)
    these = "95 % intervals hold the micro F1 of these documents"
    like = "95 % intervals hold the micro F1 of texts like these"
    for world in FEW:
        yield row(these, world, coverage.of_these)
    for world in FEW:
        yield row(
            f"{like} (by paragraph: they need not)", world, coverage.micro, low=None, high=None
        )
    for world in MANY:
        yield row(like, world, coverage.micro)
    for name, measure in (
        ("macro F1", coverage.macro),
        ("F1 of the rarest type", coverage.rarest),
        ("difference of two backends", coverage.difference),
    ):
        for world in SOME:
            yield row(f"95 % intervals hold the {name} on texts like these", world, measure)


def _tests() -> Iterator[Claim]:
    row = partial(Claim, "tests", runs=1000)
    says = "two backends of equal skill differ at 5 %"
    for world in FEW:
        yield row(f"{says} (by paragraph: of texts like these)", world, tests.rejected)
    for world in MANY:
        yield row(says, world, tests.rejected, low=0.04, high=0.06)
    for world in (World(10, 6), World(40, 4)):
        yield row(
            "equal backends: the interval says one thing and p the other", world, tests.contradicted
        )


def _groups() -> Iterator[Claim]:
    """More documents than are drawn, or swapped, one by one."""
    row = partial(Claim, "groups", runs=1000, low=0.935, high=0.965)
    says = "95 % intervals hold the {} of texts like these"
    little = World(20_500, 1, mentions=0.3)
    yield row(says.format("micro F1"), little, coverage.micro, conditions="3 mentions in 10")
    rare = replace(little, mentions=0.02)
    yield row(says.format("F1 of the rarest type"), rare, coverage.rarest, runs=500,
              conditions="40 mentions of it in all")  # fmt: skip
    yield Claim("groups", "the width is within 5 % of that by the ordinary bootstrap", little,
                groups.as_wide, runs=50, low=0.95, conditions="3 mentions in 10")  # fmt: skip
    yield Claim("groups", "two backends of equal skill differ at 5 %", World(36_000, 1),
                tests.rejected, runs=250, low=0.04, high=0.06)  # fmt: skip


def _power() -> Iterator[Claim]:
    row = partial(Claim, "power", runs=250, low=0.75, high=0.85)
    says = "a difference as large as the printed one is found"
    for world in (*SOME[:-1], World(100, 3)):
        yield row(says, _with(world, 2), tests.found)
    for world in (World(12, 6), World(40, 4)):
        four = _with(world, 4)
        yield row(says, four, tests.found, conditions="4 backends")


def _choose() -> Iterator[Claim]:
    for world in (World(10, 4), World(40, 4)):
        yield Claim(
            "choose", "of ten equal backends the best is told from any other", world,
            tests.excluded, runs=100, high=0.05,
        )  # fmt: skip


def _alarms() -> Iterator[Claim]:
    row = partial(Claim, "alarms", runs=200, high=0.05)
    for world in GATED[::2]:
        yield row("a check of the same answers fails", world, gates.unchanged, runs=20, high=0.0)
    says = "a check of other answers of the same skill fails"
    for conditions, measure in (
        ("", gates.redrawn),
        ("other documents are hard, no blackout", gates.other),
        ("a rule for macro too", gates.with_macro),
    ):
        for world in GATED if measure is gates.redrawn else GATED[1::2]:
            yield row(says, world, measure, conditions=conditions)
    for world in GATED[1::2]:
        measure = partial(gates.other, blackout=True)
        yield row(says, world, measure, high=None, conditions="other documents are hard")
    for points, high in ((1, None), (3, None), (8, 0.05)):
        below = f"only a floor {points} point{'' if points == 1 else 's'} below"
        for world in GATED[1:3]:
            measure = partial(gates.with_floor, points=float(points))
            yield row(says, world, measure, high=high, conditions=below)


def _drops() -> Iterator[Claim]:
    row = partial(Claim, "drops", runs=120, low=0.75, high=0.85)
    for whole in (True, False):
        for noisy in (False, True):
            taken = "whole documents" if whole else "mentions here and there"
            says = f"a drop of the printed size that takes {taken} fails"
            conditions = "other answers besides" if noisy else ""
            for world in GATED:
                measure = partial(gates.caught, part=None, whole=whole, noisy=noisy)
                yield row(says, world, measure, conditions=conditions)
            if noisy:
                world = GATED[2]
                measure = partial(gates.caught, part="macro", whole=whole, noisy=noisy)
                yield row(says, world, measure, conditions=f"{conditions}, macro")
        measure = partial(gates.caught, part=None, whole=whole, noisy=True, floor=True)
        yield row(says, GATED[2], measure, conditions="other answers besides, a floor")


def _history() -> Iterator[Claim]:
    runs = 200
    plain = Story()
    less = replace(plain, mentions=10), replace(plain, documents=20), replace(plain, mentions=5)
    restless = replace(plain, border=0.15), replace(plain, border=0.25)
    retrained = replace(plain, flip=0.5)
    wandering = replace(plain, border=1.0, flip=0.0156, wander=True)  # Also 1 %.
    long = replace(plain, records=120)
    said = {
        retrained: "all border mentions anew at each commit",
        wandering: "any mention, and for good",
    }
    false = partial(Claim, "history", runs=runs, high=0.05)
    kinds = (plain, *less, *restless, retrained, wandering, long)
    for says, measure in (
        ("no change: the search finds one", histories.false_change),
        ("no drift: one is told at any of the records", histories.false_drift),
    ):
        for story in kinds:
            fewer = measure is histories.false_drift and story is long  # Looks take their time.
            yield false(says, story, measure, runs=40 if fewer else runs,
                        conditions=said.get(story, ""))  # fmt: skip
    row = partial(Claim, "history", runs=runs)
    says = "a step of 1.5 points is dated exactly"
    stepped = replace(plain, step=1.5)
    for at in (20, 30):
        told = f"at {at}"
        yield row(says, replace(stepped, at=at), histories.dated, low=0.95, conditions=told)
    yield false("a step of 1.5 points: another is found", stepped, histories.another)
    for story, told in (
        (replace(stepped, at=37), "3 from the end"),
        (replace(stepped, at=39), "the last"),
        (replace(stepped, few=10), "in 10 documents"),
        (replace(stepped, few=5), "in 5 documents"),
        (replace(retrained, step=1.5), said[retrained]),
        (replace(wandering, step=1.5), said[wandering]),
        *((replace(story, step=1.5), "") for story in (*less, *restless)),
    ):
        yield row(says, story, histories.dated, conditions=told)
    for step in (1.0, 0.5):
        yield row(f"a step of {step:g} points is dated exactly", replace(plain, step=step),
                  histories.dated)  # fmt: skip
    says = "a drift of 0.2 points a record is told within 15"
    for since in (10, 25):
        story = replace(plain, drift=0.2, at=since, records=since + 15)
        told = f"from {since} on"
        yield row(says, story, histories.drift_told, runs=100, low=0.95, conditions=told)
    drifting = replace(plain, drift=0.2, at=10, records=25)
    for story in (*less, *restless):
        ours = replace(drifting, documents=story.documents, mentions=story.mentions,
                       border=story.border)  # fmt: skip
        yield row(says, ours, histories.drift_told, runs=20, conditions="from 10 on")
    for within in (10, 7):
        yield row(f"a drift of 0.2 points a record is told within {within}",
                  replace(drifting, records=10 + within), histories.drift_told,
                  runs=20, conditions="from 10 on")  # fmt: skip


def _thresholds() -> Iterator[Claim]:
    few, some, many = Confident(30, 8), Confident(60, 8), Confident(200, 5)
    row = partial(Claim, "recall", runs=2000, low=0.93, high=0.97)
    for world in (few, some, many, Confident(30, 30)):
        yield row("a recall of .9 that is guaranteed with 95 % is kept elsewhere", world,
                  thresholds.kept)  # fmt: skip
    row = partial(Claim, "chosen", runs=400)
    for world in (few, some, many):
        yield row("points of F1 by which the chosen threshold is below the best, on average",
                  world, thresholds.lost, high=0.01)  # fmt: skip
        yield row("95 % intervals hold the F1 of the chosen threshold on texts like these", world,
                  thresholds.stated, low=0.93, high=0.97)  # fmt: skip
        yield row("a gain is told that there is not on texts like these",
                  replace(world, spurious=0.1, apart=3.0), thresholds.promised, high=0.05,
                  conditions="nearly no spurious ones")  # fmt: skip
    for world in (few, some, many):
        yield Claim("flattery", "points of F1 that it has more on the documents it was chosen on",
                    world, thresholds.flattered, runs=400)  # fmt: skip
    row = partial(Claim, "calibration", runs=400, low=0.93, high=0.98)
    says = "95 % intervals hold the calibration error in these bins"
    for world in (few, some, many):
        yield row(says, world, thresholds.calibrated, conditions="confidences are probabilities")
        yield row(says, replace(world, sure=1.8), thresholds.calibrated,
                  conditions="they are too sure")  # fmt: skip


def _explain() -> Iterator[Claim]:
    worlds = (Planted(100, 12), 200), (Planted(50, 24), 100)
    yield Claim("explain", "95 % intervals of kinds of error hold what these cost", worlds[0][0],
                explaining.held, 100, low=0.92, high=0.97)  # fmt: skip
    for says, drawn, limits in (
        ("the planted cause costs most", explaining.planted_cause, {"low": 0.95}),
        ("a slice with a recall of .6, .85 elsewhere, is the first that is found",
         explaining.planted_slice, {"low": 0.9}),
        ("a weak slice is found where there is none", explaining.without_weakness, {"high": 0.05}),
    ):  # fmt: skip
        for world, runs in worlds:
            measure = partial(explaining.share_of, drawn)
            yield Claim("explain", says, world, measure, runs, **limits)


def _with(world: World, backends: int) -> World:
    return replace(world, skills=(0.85,) * backends)


PAGES: Mapping[str, tuple[Claim, ...]] = {
    "statistics.md": (
        *_coverage(), *_tests(), *_groups(), *_power(), *_choose(), *_alarms(), *_drops(),
    ),
    "history.md": tuple(_history()),
    "explain.md": tuple(_explain()),
    "thresholds.md": tuple(_thresholds()),
}  # fmt: skip
"""Every claim, by the page of the docs that has it."""


def measure(
    claims: Sequence[Claim],
    share: float,
    *,
    workers: int,
    spreads: Sequence[float] = SPREADS,
) -> Iterator[Outcome]:
    """The outcome of each claim, with that share of its runs, in order."""
    jobs = [(claim, sd, _runs(claim, share)) for claim in claims for sd in spreads]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        found = pool.map(_one, jobs)
        for claim in claims:
            shares = tuple(next(found) for _ in spreads)
            yield Outcome(claim, _runs(claim, share), shares)


def _runs(claim: Claim, share: float) -> int:
    return max(20, round(claim.runs * share))


def _one(job: tuple[Claim, float, int]) -> float:
    claim, sd, runs = job
    return claim.measure(replace(claim.world, sd=sd), runs)
