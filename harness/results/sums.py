"""What a count adds up over documents, and every number that comes of the sums.

Sums of parts of a gold set add up to those of the whole, so that a run which was cut into shards
has the numbers of the run that was not: both are made here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.annotation import Capabilities
from harness.coding import EXACT
from harness.stats.rates import defined, rates
from harness.tasks.base import Task
from harness.tasks.tally import Tally

__all__ = ["Sums", "add_tallies"]

_MOST_LABELS = 30
_TALLIES = ("total", "unscored")
_LABELS = ("unknown", "not_scored")


@dataclass(slots=True, eq=False)
class Sums:
    """Grows as documents are counted (`harness.results.count.Count`), or as others are added."""

    documents: int = 0
    total: Tally = field(default_factory=Tally)
    unscored: Tally = field(default_factory=Tally)
    """What predictions that are not scored would add to the total; below zero what they would take
    away from others."""
    further: dict[str, Tally] = field(default_factory=dict)
    """What other options of the task (`Task.further_options`) change in the total, by name."""
    unknown: Counter[str] = field(default_factory=Counter)
    """Predicted labels that the backend's own schema does not have."""
    not_scored: Counter[str] = field(default_factory=Counter)
    """Predicted types that the gold set does not annotate."""

    def add(self, other: Sums) -> None:
        """Add the sums of other documents."""
        self.documents += other.documents
        for name in _TALLIES:
            add_tallies(getattr(self, name), [getattr(other, name)])
        for name, tally in other.further.items():
            add_tallies(self.further.setdefault(name, Tally()), [tally])
        self.unknown.update(other.unknown)
        self.not_scored.update(other.not_scored)

    def under(self, name: str) -> Tally:
        """The total under the further options of that name."""
        return Tally.of((self.total, self.further[name]))

    @property
    def everything(self) -> Tally:
        """The total if what is not scored counted too."""
        return Tally.of((self.total, self.unscored))

    def stated_scores(
        self, task: Task, options: Any, capabilities: Capabilities | None
    ) -> dict[str, Any]:
        """The numbers that a run record states."""
        further = {name: self.under(name) for name in self.further}
        return task.stated_scores(self.total.without_zeros(), options, capabilities, further)

    def caveats(
        self, task: Task, options: Any, capabilities: Capabilities | None
    ) -> dict[str, Any]:
        """The fields of a `Result` that say what of the predictions was left out, and how much."""
        return {
            "duplicates": task.duplicates(self.total.without_zeros()),
            "unknown_labels": _listed(self.unknown),
            "not_scored": _listed(self.not_scored),
            "f1_with_all": self._f1_with_all(task, options, capabilities),
        }

    def _f1_with_all(
        self, task: Task, options: Any, capabilities: Capabilities | None
    ) -> float | None:
        """The headline's F1 if what is not scored counted too; `None` where there is none."""
        if not self.not_scored:
            return None
        everything = self.everything
        headline = task.parts(everything, options, capabilities)[0]
        return defined(rates(*headline.sums(everything), weights=headline.weights).f1)

    def to_json(self) -> dict[str, Any]:
        """For the record of a shard."""
        return {
            "documents": self.documents,
            **{name: getattr(self, name).without_zeros().to_json() for name in _TALLIES},
            "further": {name: one.without_zeros().to_json() for name, one in self.further.items()},
            **{name: dict(sorted(getattr(self, name).items())) for name in _LABELS},
        }

    @classmethod
    def from_json(cls, value: Any) -> Sums:
        """The inverse of `to_json`. Raises `ValueError` for what it cannot have made."""
        known = ("documents", *_TALLIES, "further", *_LABELS)
        if not isinstance(value, Mapping) or value.keys() != set(known):
            raise ValueError(f"expected an object of sums with {', '.join(known)}")
        further = value["further"]
        if not isinstance(further, Mapping):
            raise ValueError("further: expected an object of counts by name")
        sums = cls(_count("documents", value["documents"]))
        for name in _TALLIES:
            setattr(sums, name, Tally.from_json(value[name]))
        for name in _LABELS:
            setattr(sums, name, _counts(name, value[name]))
        sums.further = {name: Tally.from_json(one) for name, one in further.items()}
        return sums


def add_tallies(total: Tally, tallies: Iterable[Tally], *, times: int = 1) -> None:
    """Add to a sum in place, so many times; what comes to nothing stays in it as 0."""
    for tally in tallies:
        for key, n in tally.items():
            total[key] = total.get(key, 0) + times * n


def _count(name: str, value: Any) -> int:
    if type(value) is not int or not 0 <= value <= EXACT:
        raise ValueError(f"{name}: found {value!r}, expected a count")
    return value


def _counts(name: str, value: Any) -> Counter[str]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{name}: expected an object of counts by label")
    return Counter({label: _count(f"{name}: {label}", n) for label, n in value.items()})


def _listed(labels: Counter[str]) -> dict[str, int]:
    """Labels with how often each came: the 30 most frequent, and the others in one sum."""
    ranked = sorted(labels.items(), key=lambda item: (-item[1], item[0]))
    others = ranked[_MOST_LABELS:]
    listed = dict(sorted(ranked[:_MOST_LABELS]))
    if others:
        listed[f"{len(others):,} other labels"] = sum(n for _, n in others)
    return listed
