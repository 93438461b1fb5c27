"""The rates of arrays of counts, for tests: three columns are right, predicted, gold."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.stats.rates import Rates, rates
from harness.tasks.ner.options import NerOptions
from harness.tasks.ner.parts import type_part
from harness.tasks.parts import PartCounts

__all__ = ["as_counts", "f1", "precision", "rates_of", "recall"]


def rates_of(counts: Any, weights: tuple[float, float] = (1.0, 1.0)) -> Rates:
    """Of `(..., 3)`, or of `(..., 4)`: found, gold, right, predicted."""
    counts = np.asarray(counts, float)
    if counts.shape[-1] == 3:
        right, predicted, gold = (counts[..., i] for i in range(3))
        return rates(right, gold, right, predicted, weights=weights)
    found, gold, right, predicted = (counts[..., i] for i in range(4))
    return rates(found, gold, right, predicted, weights=weights)


def precision(counts: Any) -> Any:
    return rates_of(counts).precision


def recall(counts: Any) -> Any:
    return rates_of(counts).recall


def f1(counts: Any) -> Any:
    return rates_of(counts).f1


def as_counts(table: Any) -> PartCounts:
    """Counts of `(paragraphs, 3)`: right, predicted, gold; of several threes side by side the mean
    over them."""
    threes = np.asarray(table, float).reshape(len(table), -1, 3)
    right, predicted, gold = (threes[..., i] for i in range(3))
    rows = np.stack([right, gold, right, predicted], axis=-1).reshape(len(table), -1)
    one = type_part(None, NerOptions())
    over = tuple(one for _ in range(threes.shape[1])) if threes.shape[1] > 1 else None
    return PartCounts(rows, one._replace(over=over))
