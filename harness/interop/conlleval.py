"""conlleval.pl of the CoNLL shared tasks: percentages with two decimals, undefined is 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.interop.counts import Counts, count, divide
from harness.interop.tokens import Tagged, bio

__all__ = ["scores"]


def scores(documents: Sequence[Tagged]) -> dict[str, Any]:
    """`overall` with the counts that conlleval prints in its head, and a row a type.

    `accuracy` is that of the tags, `O` included.
    """
    tokens = right_tags = 0
    for document in documents:
        tokens += document.tokens
        pairs = zip(
            bio(document.tokens, document.gold.spans),
            bio(document.tokens, document.predicted.spans),
            strict=True,
        )
        right_tags += sum(gold == predicted for gold, predicted in pairs)
    counts = count(documents)
    total = Counts(
        sum(value.right for value in counts.values()),
        sum(value.predicted for value in counts.values()),
        sum(value.gold for value in counts.values()),
    )
    return {
        "overall": {
            "tokens": tokens,
            "phrases": total.gold,
            "found": total.predicted,
            "correct": total.right,
            "accuracy": _percent(divide(right_tags, tokens)),
            **_row(total),
        },
        "types": {
            label: {**_row(value), "found": value.predicted} for label, value in counts.items()
        },
    }


def _row(counts: Counts) -> dict[str, float]:
    precision, recall, f1 = map(_percent, counts.prf())
    return {"precision": precision, "recall": recall, "fb1": f1}


def _percent(value: float) -> float:
    return float(f"{100 * value:.2f}")
