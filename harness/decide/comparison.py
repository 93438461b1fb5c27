"""What a comparison finds out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.coding import encode
from harness.results.outcomes import Flips
from harness.stats.permutation import ALPHA, PairedTest
from harness.stats.resample import Interval
from harness.stats.ties import letters

__all__ = ["Comparison", "PartRow", "Row", "bounds_or_none"]


@dataclass(frozen=True, slots=True)
class Row:
    """One backend: its score, and how it differs from the reference."""

    name: str
    score: float | None
    interval: Interval
    difference: float | None = None
    """Score minus the reference's; `None` for the reference itself and where undefined."""
    paired: Interval | None = None
    test: PairedTest | None = None
    adjusted: float | None = None
    """The p-value after Holm's correction over all pairs of backends."""
    exact: bool = True
    """Whether the p-value that `adjusted` comes from was counted, not sampled."""
    detectable: float | None = None
    """The smallest true difference that this row's verdict finds with 80 % power, after Holm's
    correction; `None` where that cannot be said."""
    possible: bool = True
    """Whether there are units enough for any difference to pass the correction."""

    @property
    def verdict(self) -> str:
        """`reference`, `better`, `worse` or `tie`; `undefined` where there is no difference, and
        `not tested` where too few units hold anything to tell."""
        return "reference" if self.test is None else _verdict(self.difference, self.adjusted)

    def difference_json(self) -> dict[str, Any]:
        """How it differs from the reference, on the scale of the score."""
        return {
            "difference": self.difference,
            "difference_interval": bounds_or_none(self.paired),
            "p": None if self.test is None else self.test.p_value,
            "exact": None if self.test is None else self.test.exact,
            "p_holm": self.adjusted,
            "p_holm_exact": None if self.adjusted is None else self.exact,
            "verdict": self.verdict,
            "detectable_difference": self.detectable,
        }


@dataclass(frozen=True, slots=True)
class PartRow:
    """One entity type or attribution part: scores by backend, differences from the reference.

    `adjusted` are p-values after Holm's correction over all parts and backends of the table.
    """

    part: str
    support: int
    scores: Mapping[str, float | None]
    differences: Mapping[str, float | None]
    adjusted: Mapping[str, float | None]
    sampled: tuple[str, ...]
    """The backends whose corrected p-value comes from one that was sampled, not counted."""

    def verdict(self, name: str) -> str:
        """As `Row.verdict`, of a backend that is not the reference."""
        return _verdict(self.differences[name], self.adjusted[name])


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that `harness compare` says of one gold set and task."""

    gold: str
    task: str
    part: str
    metric: str
    match: str
    signature: str
    """The reference's, under the match mode that was compared."""
    rows: tuple[Row, ...]
    """The reference first, then the others as given."""
    groups: tuple[tuple[str, ...], ...]
    """Best first: the maximal sets of backends of which no two were found to differ. Two backends
    share a group exactly when they are tied, so a name may stand in several. Empty where nothing
    could be tested."""
    pairs: int
    """How many pairs were tested: what Holm's correction goes over."""
    parts: tuple[PartRow, ...]
    flips: Mapping[str, Flips]
    """By backend: what changes from the reference; absent where predictions are not at hand."""
    unit: str
    resamples: int
    seed: int
    types: tuple[str, ...] = ()
    """The types that a macro average goes over; empty for other parts."""
    thin: tuple[str, ...] = ()
    """Those of them that rest on too few units for an interval of their own."""
    part_word: str = "part"
    """What the task calls a part."""
    letters: tuple[str, ...] = ()
    """The parts that count letters and digits."""
    notes: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Document id -> text, to show flips in their context."""

    def to_json(self) -> dict[str, Any]:
        """Everything but the texts."""
        names = [row.name for row in self.rows]
        marks = letters(names, self.groups)
        head = ("gold", "task", "part", "metric", "match", "signature")
        tail = ("parts", "flips", "unit", "resamples", "seed", "notes")
        return {
            **{name: getattr(self, name) for name in head},
            "systems": [
                {
                    "name": row.name,
                    "score": row.score,
                    "interval": bounds_or_none(row.interval),
                    **row.difference_json(),
                    "group": marks[row.name],
                    "lacking": row.interval.lacking or (row.test and row.test.lacking),
                }
                for row in self.rows
            ],
            "groups": [list(group) for group in self.groups],
            "pairs": self.pairs,
            "types": list(self.types),
            "thin_types": list(self.thin),
            **{name: encode(getattr(self, name)) for name in tail},
        }


def _verdict(difference: float | None, adjusted: float | None) -> str:
    if difference is None:
        return "undefined"
    if adjusted is None:
        return "not tested"
    if adjusted >= ALPHA:
        return "tie"
    return "better" if difference > 0 else "worse"


def bounds_or_none(interval: Interval | None) -> list[float | None] | None:
    """`[low, high]` for JSON."""
    return None if interval is None else [interval.low, interval.high]
