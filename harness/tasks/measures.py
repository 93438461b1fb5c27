"""Precision, recall and F1 from counts, with undefined kept apart from zero.

Precision is undefined (`None`) when nothing was predicted and recall when nothing was there to be
found; neither is 0 and neither is 1. F1 is undefined when both are; when only one of them is, or
when nothing was right, it is 0, which is what 2tp / (2tp + fp + fn) gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Average", "Block", "Number", "f1", "macro", "ratio", "weighted", "whole"]

Number = int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One line of a table of scores: the rates and the counts that they come from.

    `cor`, `inc`, `par`, `mis`, `spu` are the MUC counts (Chinchor and Sundheim 1993, MUC-5);
    credit is `cor + par / 2`. `tp` is the credit, `fn = support - tp`, `fp = predicted - tp`,
    and so `precision = tp / (tp + fp)` and `recall = tp / (tp + fn)`.

    In the block of one entity type, gold mentions go by their label and predictions by theirs;
    where a match mode lets labels differ (exact, partial), a prediction that was paired counts
    under the label of its gold mention (`harness.tasks.ner.credit.type_of_prediction`). So P, R and
    F1 of a type are of the same pairs, and each count, summed over the types, is the count of the
    micro block.
    """

    precision: float | None
    recall: float | None
    f1: float | None
    tp: Number
    fp: Number
    fn: Number
    support: int
    predicted: int
    cor: int
    inc: int
    par: int
    mis: int
    spu: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Average:
    """A mean over the types that have gold support, named in `types`; `None` without any.

    A type with gold mentions but no prediction enters with precision 0, as under seqeval's and
    scikit-learn's `zero_division=0`. A type that was only predicted does not enter.
    """

    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    types: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "types": list(self.types)}


def ratio(part: Number, base: Number) -> float | None:
    """`part / base`; `None` when there is no base."""
    return part / base if base else None


def f1(precision: float | None, recall: float | None) -> float | None:
    """The harmonic mean; `None` when both are undefined, 0 when one is undefined or 0."""
    if precision is None and recall is None:
        return None
    if not precision or not recall:
        return 0.0
    return 2 * precision * recall / (precision + recall)


def whole(value: Number) -> Number:
    """An `int` where the value is whole, so that counts print as counts."""
    return int(value) if value == int(value) else value


def macro(blocks: Mapping[str, Block]) -> Average:
    """Every type with gold support counts the same."""
    return _average(blocks, {label: 1 for label, block in blocks.items() if block.support})


def weighted(blocks: Mapping[str, Block]) -> Average:
    """Every type counts by its gold support."""
    return _average(blocks, {label: b.support for label, b in blocks.items() if b.support})


def _average(blocks: Mapping[str, Block], weights: Mapping[str, int]) -> Average:
    def mean(measure: str) -> float | None:
        return ratio(
            sum((getattr(blocks[label], measure) or 0.0) * n for label, n in weights.items()),
            sum(weights.values()),
        )

    return Average(
        precision=mean("precision"),
        recall=mean("recall"),
        f1=mean("f1"),
        support=sum(blocks[label].support for label in weights),
        types=tuple(sorted(weights)),
    )
