"""What is counted for attribution, and how counts add up and are stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.annotation import KINDS

__all__ = ["ERRORS", "FIELDS", "RELATIONS", "ROLES", "AttributionOptions", "AttributionTally"]
__all__ += ["total"]

RELATIONS = ("found50", "found80", "pair", "triple", "exact")
ROLES = ("source", "cue", "content")
ERRORS = ("correct", "boundary", "source", "cue", "content", "missed", "spurious")

FIELDS: tuple[str, ...] = (
    # Relations, after duplicates collapsed and ignored or nested ones were dropped.
    "gold",
    "predicted",
    *RELATIONS,
    # Elements, over all relations and ("given") over found50 pairs only. `same` are equal ones;
    # characters are letters and digits.
    *(
        f"{given}{role}.{what}"
        for given in ("", "given.")
        for role in ROLES
        for what in ("gold", "predicted", "same", "gold_chars", "predicted_chars", "shared_chars")
    ),
    *(f"{kind}.{side}" for kind in KINDS for side in ("gold", "predicted")),
    # Confusion of kinds on found50 pairs.
    *(f"{gold}>{predicted}" for gold in KINDS for predicted in KINDS),
    "null_source.gold",
    "null_source.predicted",
    "null_source.both",
    # Relations with a speaker; found50 pairs whose gold has one; of those the answered, the right.
    "speaker.gold",
    "speaker.predicted",
    "speaker.pairs",
    "speaker.answered",
    "speaker.right",
    *(f"error.{name}" for name in ERRORS),
    # Gold touched by several predictions; predictions that touch several gold.
    "split",
    "merged",
    *(
        f"{what}.{side}"
        for what in ("duplicates", "ignored", "nested")
        for side in ("gold", "predicted")
    ),
)
_INDEX = {name: number for number, name in enumerate(FIELDS)}


@dataclass(frozen=True, slots=True)
class AttributionOptions:
    """Everything that changes how attribution is counted."""

    outermost: bool = False
    """Drop, on both sides, relations whose content lies within another's content.

    For gold sets or backends that annotate outermost relations only (PARC3, PolNeAR).
    """
    kinds: Literal["given", "derived"] = "given"
    """`given`: kinds as annotated, read off the quotation marks where absent; `derived`: always
    read off the marks."""
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    """Other names of speakers, by canonical name."""


@dataclass(frozen=True, slots=True)
class AttributionTally:
    """Counts in the order of `FIELDS`. Tallies add up; all that is scored is in them."""

    counts: tuple[int, ...] = (0,) * len(FIELDS)

    def __getitem__(self, name: str) -> int:
        return self.counts[_INDEX[name]]

    def __add__(self, other: AttributionTally) -> AttributionTally:
        return AttributionTally(
            tuple(a + b for a, b in zip(self.counts, other.counts, strict=True))
        )

    def relation(self, name: str) -> tuple[int, int, int]:
        """`(tp, predicted, gold)` of a relation measure such as `found50`, for resampling."""
        return self[name], self["predicted"], self["gold"]

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> AttributionTally:
        """From counts by name; names left out are 0."""
        return cls(tuple(counts.get(name, 0) for name in FIELDS))

    def to_json(self) -> dict[str, int]:
        """Counts by name, zeros left out."""
        return {name: count for name, count in zip(FIELDS, self.counts, strict=True) if count}

    @classmethod
    def from_json(cls, value: Any) -> AttributionTally:
        """The inverse of `to_json`. Raises `ValueError` for anything that it cannot have made."""
        if not isinstance(value, Mapping):
            raise ValueError(f"found {type(value).__name__}, expected an object of counts")
        for name, count in value.items():
            if name not in _INDEX:
                raise ValueError(f"unknown count {name!r}: was it written by another version?")
            if isinstance(count, bool) or not isinstance(count, int) or count < 0:
                raise ValueError(f"{name} is {count!r}, expected a count")
        return cls.of(value)


def total(tallies: Iterable[AttributionTally]) -> AttributionTally:
    """The sum; of none, an all-zero tally."""
    rows = [tally.counts for tally in tallies]
    if not rows:
        return AttributionTally()
    return AttributionTally(tuple(map(sum, zip(*rows, strict=True))))
