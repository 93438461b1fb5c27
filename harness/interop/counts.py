"""Exact matches of token spans, by type: what seqeval and conlleval count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from harness.interop.tokens import Tagged

__all__ = ["Counts", "count", "divide"]


class Counts(NamedTuple):
    """Right, predicted and gold mentions."""

    right: int
    predicted: int
    gold: int

    def prf(self) -> tuple[float, float, float]:
        """Precision, recall and F1; 0 where undefined."""
        p, r = divide(self.right, self.predicted), divide(self.right, self.gold)
        return p, r, divide(2 * p * r, p + r)


def divide(part: float, base: float) -> float:
    """`part / base`; 0 when there is no base."""
    return part / base if base else 0.0


def count(documents: Sequence[Tagged]) -> dict[str, Counts]:
    """Counts of every type of either side, sorted by name."""
    right: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    gold: Counter[str] = Counter()
    for document in documents:
        ours = {span[:3] for span in document.gold.spans}
        theirs = {span[:3] for span in document.predicted.spans}
        gold.update(label for _, _, label in ours)
        predicted.update(label for _, _, label in theirs)
        right.update(label for _, _, label in ours & theirs)
    return {
        label: Counts(right[label], predicted[label], gold[label])
        for label in sorted(gold.keys() | predicted.keys())
    }
