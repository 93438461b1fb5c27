"""What a comparison finds out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.annotation import Task
from harness.coding import encode
from harness.comparison.measures import Metric
from harness.flips import Flips
from harness.scoring.significance import Interval, PairedTest

__all__ = ["ALPHA", "Comparison", "PartRow", "Row", "bounds"]

ALPHA = 0.05
"""Differences with a smaller corrected p-value are differences."""


@dataclass(frozen=True, slots=True)
class Row:
    """One system: its score, and how it differs from the reference."""

    name: str
    score: float | None
    interval: Interval
    difference: float | None = None
    """Score minus the reference's; `None` for the reference itself and where undefined."""
    paired: Interval | None = None
    test: PairedTest | None = None
    adjusted: float | None = None
    """The p-value after Holm's correction over all pairs of systems."""

    @property
    def verdict(self) -> str:
        """`reference`, `better`, `worse` or `tie`; `undefined` where there is no difference."""
        if self.test is None:
            return "reference"
        if self.difference is None or self.adjusted is None:
            return "undefined"
        if self.adjusted >= ALPHA:
            return "tie"
        return "better" if self.difference > 0 else "worse"


@dataclass(frozen=True, slots=True)
class PartRow:
    """One entity type or attribution part: scores by system, differences from the reference.

    `adjusted` are p-values after Holm's correction over all parts and systems of the table.
    """

    part: str
    support: int
    scores: Mapping[str, float | None]
    differences: Mapping[str, float | None]
    adjusted: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that `harness compare` says of one gold set and task."""

    gold: str
    task: Task
    part: str
    metric: Metric
    match: str
    signature: str
    """The reference's, under the match mode that was compared."""
    rows: tuple[Row, ...]
    """The reference first, then the others as given."""
    groups: tuple[tuple[str, ...], ...]
    """Best first; systems of one group are tied. A name may stand in two groups."""
    parts: tuple[PartRow, ...]
    flips: Mapping[str, Flips]
    """By system: what changes from the reference; absent where predictions are not at hand."""
    detectable: float | None
    """Smallest true difference that a test at 5 % finds with 80 % power (median over pairs)."""
    unit: str
    resamples: int
    seed: int
    notes: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Document id -> text, to show flips in their context."""

    def to_json(self) -> dict[str, Any]:
        """Everything but the texts."""
        return {
            "gold": self.gold,
            "task": self.task,
            "part": self.part,
            "metric": self.metric,
            "match": self.match,
            "signature": self.signature,
            "systems": [
                {
                    "name": row.name,
                    "score": row.score,
                    "interval": bounds(row.interval),
                    "difference": row.difference,
                    "difference_interval": bounds(row.paired),
                    "p": None if row.test is None else row.test.p_value,
                    "exact": None if row.test is None else row.test.exact,
                    "p_holm": row.adjusted,
                    "verdict": row.verdict,
                }
                for row in self.rows
            ],
            "groups": [list(group) for group in self.groups],
            "parts": encode(self.parts),
            "flips": {
                name: {
                    key: [list(mention) for mention in part]
                    for key, part in zip(
                        ("lost", "gained", "introduced", "removed"), found.parts(), strict=True
                    )
                }
                for name, found in self.flips.items()
            },
            "detectable_difference": self.detectable,
            "unit": self.unit,
            "resamples": self.resamples,
            "seed": self.seed,
            "notes": list(self.notes),
        }


def bounds(interval: Interval | None) -> list[float | None] | None:
    """`[low, high]` for JSON."""
    return None if interval is None else [interval.low, interval.high]
