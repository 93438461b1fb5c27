"""What a stress run shows: scores after each perturbation, and the mentions that it loses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from harness.decide.comparison import Row, bounds_or_none
from harness.perturb.perturbation import EVERYWHERE
from harness.results.outcomes import Mention
from harness.stats.resample import Interval

__all__ = ["LostMention", "Stress", "StressRow"]

Passage: TypeAlias = tuple[str, str, str]
"""What stands before a mention, the mention, what stands behind it."""


@dataclass(frozen=True, slots=True)
class LostMention:
    """A gold mention that is found in the text as it is, and missed in the perturbed one."""

    before: Mention
    after: Mention
    text: Passage | None
    """In its surroundings; `None` where the gold is not at hand."""
    perturbed: Passage | None

    def to_json(self) -> dict[str, Any]:
        """Offsets are code points of the one text and the other."""

        def side(mention: Mention, passage: Passage | None) -> dict[str, Any]:
            text = None if passage is None else passage[1]
            return {"start": mention.start, "end": mention.end, "text": text}

        return {
            "document": self.before.document,
            "label": self.before.label,
            "before": side(self.before, self.text),
            "after": side(self.after, self.perturbed),
        }


@dataclass(frozen=True, slots=True)
class StressRow:
    """A backend on a gold set after one perturbation at one level."""

    name: str
    """What the perturbed gold set is called."""
    perturbation: str
    level: str
    seed: str
    documents: int
    changed: int
    """Documents whose text is another one."""
    gone: int
    """Annotations of the task of which nothing is left; they are no gold any more."""
    row: Row | None = None
    """The score there, against the score on the texts as they are, both on the units that both
    have; `None` where they cannot be compared."""
    reference: float | None = None
    """The score on the texts as they are, on these units."""
    whole: float | None = None
    """The score there on all units."""
    left_out: int = 0
    """Units that the perturbed texts no longer have."""
    same: bool = False
    """Whether every count is the same."""
    lost: tuple[LostMention, ...] | None = None
    """`None` where predictions or gold are not at hand."""
    failed: int = 0
    """Documents without an answer, which count as all-missed."""
    trouble: str = ""
    """Why there is no `row`."""

    @property
    def called(self) -> str:
        """`typos 0.05`, `upper`"""
        return (
            self.perturbation if self.level in EVERYWHERE else f"{self.perturbation} {self.level}"
        )

    @property
    def verdict(self) -> str:
        """`same` where every count is, else as `harness.decide.comparison.Row.verdict`."""
        if self.row is None:
            return "not compared"
        return "same" if self.same else self.row.verdict


@dataclass(frozen=True, slots=True)
class Stress:
    """A backend on one gold set for one task, as it is and perturbed."""

    backend: str
    gold: str
    task: str
    part: str
    """What is compared: the headline."""
    beta: float
    f1: float | None
    interval: Interval
    rows: tuple[StressRow, ...]
    """In the order of the record."""
    signature: str
    unit: str
    resamples: int
    seed: int
    documents: int
    tests: int = 0
    """How many tests Holm's correction goes over."""
    without_lost: str = ""
    """Why nobody can say which mentions are lost; empty where that is known."""

    @property
    def worst(self) -> StressRow | None:
        """The perturbation after which the score is lowest against that before; `None` where none
        lowers it."""
        falls = [
            (one.row.difference, place)
            for place, one in enumerate(self.rows)
            if one.row is not None and one.row.difference is not None and one.row.difference < 0
        ]
        return self.rows[min(falls)[1]] if falls else None

    def most_lost(self) -> list[tuple[Mention, list[tuple[StressRow, LostMention]]]]:
        """Mentions that any perturbation loses, those that most of them lose first."""
        found: dict[Mention, list[tuple[StressRow, LostMention]]] = {}
        for row in self.rows:
            for one in row.lost or ():
                found.setdefault(one.before, []).append((row, one))
        return sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))

    def to_json(self, *, lost: int | None = None) -> list[dict[str, Any]]:
        """An object for each row; `lost` is how many lost mentions of each are told at most."""
        return [
            {
                "backend": self.backend,
                "gold": self.gold,
                "task": self.task,
                "part": self.part,
                "perturbation": one.perturbation,
                "level": one.level,
                "seed": one.seed,
                "perturbed_gold": one.name,
                "f1": one.whole,
                "f1_compared": one.row and one.row.score,
                "reference": one.reference,
                "difference": one.row and one.row.difference,
                "interval": one.row and bounds_or_none(one.row.paired),
                "p_value": one.row and one.row.test and one.row.test.p_value,
                "p_holm": one.row and one.row.adjusted,
                "verdict": one.verdict,
                "documents": one.documents,
                "changed_documents": one.changed,
                "failed_documents": one.failed,
                "units_left_out": one.left_out,
                "gone": one.gone,
                "lost_mentions": None if one.lost is None else len(one.lost),
                "lost": None if one.lost is None else [m.to_json() for m in one.lost[:lost]],
                "trouble": one.trouble,
            }
            for one in self.rows
        ]
