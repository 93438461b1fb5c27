"""What is counted for attribution, and the options that change it.

Each count has a name of its own, and a key is that name alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.annotation import KINDS
from harness.tasks.tally import TallyKey

__all__ = ["ERRORS", "FIELDS", "RELATIONS", "ROLES", "AttributionOptions", "problem"]

RELATIONS = ("found50", "found80", "pair", "triple", "exact")
ROLES = ("source", "cue", "content")
ERRORS = ("correct", "boundary", "source", "cue", "content", "missed", "spurious")

FIELDS = frozenset(
    (
        # Relations, after duplicates collapsed and ignored ones were dropped.
        "gold",
        "predicted",
        *RELATIONS,
        # Elements, over all relations and ("given") over found50 pairs only. `same` are equal ones;
        # characters are letters and digits.
        *(
            f"{given}{role}.{what}"
            for given in ("", "given.")
            for role in ROLES
            for what in (
                "gold",
                "predicted",
                "same",
                "gold_chars",
                "predicted_chars",
                "shared_chars",
            )
        ),
        *(f"{kind}.{side}" for kind in KINDS for side in ("gold", "predicted")),
        # Confusion of kinds on found50 pairs.
        *(f"{gold}>{predicted}" for gold in KINDS for predicted in KINDS),
        "null_source.gold",
        "null_source.predicted",
        "null_source.both",
        # Relations with a speaker; found50 pairs whose gold has one; of those answered and right.
        "speaker.gold",
        "speaker.predicted",
        "speaker.pairs",
        "speaker.answered",
        "speaker.right",
        *(f"error.{name}" for name in ERRORS),
        # Gold touched by several predictions; predictions that touch several gold.
        "split",
        "merged",
        *(f"{what}.{side}" for what in ("duplicates", "ignored") for side in ("gold", "predicted")),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionOptions:
    """Everything that changes how attribution is counted."""

    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    """Other names of speakers, by canonical name; the gold set's, and in its digest."""


def problem(key: TallyKey, n: int) -> str | None:
    """Why a stored count cannot be one of these; `None` where it can."""
    name, *rest = key
    if rest or name not in FIELDS:
        return f"unknown count {name!r}: was it written by another version?"
    return f"{name} is {n}, expected a count" if n < 0 else None
