"""What an explanation holds: costs of kinds of error, slices, and the weak ones among them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.results.outcomes import Mention
from harness.stats.resample import Interval

__all__ = [
    "Contrast",
    "Cost",
    "Difference",
    "CaseExample",
    "Explanation",
    "Rate",
    "Searched",
    "Slice",
    "Weakness",
    "cost_of",
]


@dataclass(frozen=True, slots=True)
class Rate:
    """A number, `None` where undefined, and its interval."""

    value: float | None
    interval: Interval

    def to_json(self) -> dict[str, Any]:
        return {"value": self.value, "interval": self.interval.bounds}


@dataclass(frozen=True, slots=True)
class Contrast:
    """A number of a slice, and how it differs: from that of all other items, or between two
    backends from the same of the reference."""

    here: Rate
    difference: Rate

    def to_json(self) -> dict[str, Any]:
        return {
            **self.here.to_json(),
            "difference": self.difference.value,
            "difference_interval": self.difference.interval.bounds,
        }


@dataclass(frozen=True, slots=True)
class CaseExample:
    """A case that shows a kind of error, by its gold item or else its prediction."""

    mention: Mention
    predicted: tuple[Mention, ...]
    """What was predicted in its place, if anything."""
    alike: int
    """How many cases of the kind have the same words."""

    def to_json(self) -> dict[str, Any]:
        return {
            "mention": list(self.mention),
            "predicted": [list(one) for one in self.predicted],
            "alike": self.alike,
        }


@dataclass(frozen=True, slots=True)
class Cost:
    """What a kind of error takes from F, on average over all orders of mending."""

    kind: str
    cost: float
    interval: Interval
    cases: int
    """In how many cases it is among what is wrong."""
    examples: tuple[CaseExample, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "cost": self.cost,
            "interval": self.interval.bounds,
            "cases": self.cases,
            "examples": [one.to_json() for one in self.examples],
        }


def cost_of(costs: Iterable[Cost]) -> float:
    """What several kinds cost together."""
    return sum(one.cost for one in costs)


@dataclass(frozen=True, slots=True)
class Slice:
    """The items of one value of a facet."""

    facet: str
    value: str
    phrase: str
    """As it is said of the items."""
    support: int
    predicted: int
    contrasts: Mapping[str, Contrast]
    """`precision`, `recall` and `f1`; of slices that only gold can be put into recall alone."""

    def to_json(self) -> dict[str, Any]:
        return {
            "facet": self.facet,
            "value": self.value,
            "support": self.support,
            "predicted": self.predicted,
            **{name: contrast.to_json() for name, contrast in self.contrasts.items()},
        }


@dataclass(frozen=True, slots=True)
class Weakness:
    """A slice, or what two have in common, that is worse than all other items.

    The interval takes no account of the search: of many slices those are found that look worst.
    """

    conditions: tuple[tuple[str, str], ...]
    """Facet and value of each."""
    metric: str
    """`recall`: how many gold items are missed; `precision`: how many predictions are wrong."""
    support: int
    rate: Rate
    """Of what is wrong in it."""
    elsewhere: float
    false_discovery_rate: float
    """The lowest at which it is found (Benjamini and Hochberg's adjusted p-value)."""
    sentence: str
    examples: tuple[Mention, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "conditions": [{"facet": facet, "value": value} for facet, value in self.conditions],
            "metric": self.metric,
            "support": self.support,
            "rate": self.rate.to_json(),
            "elsewhere": self.elsewhere,
            "false_discovery_rate": self.false_discovery_rate,
            "sentence": self.sentence,
            "examples": [list(one) for one in self.examples],
        }


@dataclass(frozen=True, slots=True)
class Searched:
    """What was looked through for weak slices, and what was found."""

    weaknesses: tuple[Weakness, ...]
    """The worst first; of those that hold much the same items the first alone."""
    tested: int
    """How many slices and pairs of slices had support enough to be tested."""
    too_small: int
    """How many had not."""
    level: float
    """The false discovery rate that was allowed."""
    min_support: int

    def to_json(self) -> dict[str, Any]:
        return {
            "found": [one.to_json() for one in self.weaknesses],
            "tested": self.tested,
            "too_small": self.too_small,
            "false_discovery_rate": self.level,
            "min_support": self.min_support,
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the score of one backend on one gold set is what it is."""

    name: str
    backend: str
    gold: str
    task: str
    title: str
    """Of which F."""
    signature: str
    """How it was counted."""
    f1: float
    interval: Interval
    costs: tuple[Cost, ...]
    """The dearest first; they add up to 1 - `f1`."""
    slices: tuple[Slice, ...]
    searched: Searched
    bound: float = 0.0
    """Of sampled costs: none is further off, in 95 of 100 draws; 0 where they are exact."""
    too_small: tuple[str, ...] = ()
    """Slices that are not listed, for they have too little support, with it."""
    remarks: tuple[str, ...] = ()
    texts: dict[str, str] = field(default_factory=dict, repr=False)

    def to_json(self) -> dict[str, Any]:
        return {
            "backend": self.name,
            "gold": self.gold,
            "task": self.task,
            "measure": self.title,
            "signature": self.signature,
            "f1": self.f1,
            "interval": self.interval.bounds,
            "costs": [one.to_json() for one in self.costs],
            "bound": self.bound,
            "slices": [one.to_json() for one in self.slices],
            "too_small": list(self.too_small),
            "weak": self.searched.to_json(),
            "remarks": list(self.remarks),
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """Why a backend's score differs from that of a reference: the second less the first."""

    reference: str
    name: str
    gold: str
    task: str
    title: str
    difference: float
    interval: Interval
    p_value: float | None
    exact: bool
    """Whether the p-value was counted over all assignments, not sampled."""
    costs: tuple[Cost, ...]
    """What each kind of error costs more (above 0) or less than in the reference; the largest
    first. They add up to the reference's F less this one's."""
    slices: tuple[Slice, ...]
    searched: Searched
    remarks: tuple[str, ...] = ()
    texts: dict[str, str] = field(default_factory=dict, repr=False)

    def to_json(self) -> dict[str, Any]:
        return {
            "reference": self.reference,
            "backend": self.name,
            "gold": self.gold,
            "task": self.task,
            "measure": self.title,
            "difference": self.difference,
            "interval": self.interval.bounds,
            "p_value": self.p_value,
            "costs": [one.to_json() for one in self.costs],
            "slices": [one.to_json() for one in self.slices],
            "weak": self.searched.to_json(),
            "remarks": list(self.remarks),
        }
