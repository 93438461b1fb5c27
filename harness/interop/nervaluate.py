"""nervaluate 1.2 on token tags: its four strategies, its greedy pairing, its closed intervals.

Predictions are taken in text order; each takes a gold mention of its document that is still free.
Touching the gold mention with at least 1 % of its tokens counts as overlap. The rows by type see
the mentions of that type alone, so they need not add up to the overall counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from harness.interop.counts import divide
from harness.interop.tokens import Tagged, TokenSpan

__all__ = ["STRATEGIES", "scores"]

STRATEGIES = ("strict", "exact", "partial", "ent_type")
_OUTCOMES = ("correct", "incorrect", "partial", "missed", "spurious")


def scores(documents: Sequence[Tagged]) -> dict[str, Any]:
    """`overall` by strategy, and `entities` by type and strategy, under nervaluate's own keys."""
    labels = sorted(set().union(*(document.labels for document in documents)))
    return {
        "overall": {name: _evaluate(documents, name, None) for name in STRATEGIES},
        "entities": {
            label: {name: _evaluate(documents, name, label) for name in STRATEGIES}
            for label in labels
        },
    }


def _evaluate(documents: Sequence[Tagged], strategy: str, label: str | None) -> dict[str, float]:
    counts: Counter[str] = Counter()
    for document in documents:
        gold, predicted = (
            [span for span in layer.spans if label in (None, span.label)]
            for layer in (document.gold, document.predicted)
        )
        counts.update(_pair(gold, predicted, strategy))
    out: dict[str, float] = {name: counts[name] for name in _OUTCOMES}
    paired = out["correct"] + out["incorrect"] + out["partial"]
    credit = out["correct"] + (0.5 * out["partial"] if strategy in ("partial", "ent_type") else 0.0)
    out["actual"], out["possible"] = paired + out["spurious"], paired + out["missed"]
    out["precision"] = divide(credit, out["actual"])
    out["recall"] = divide(credit, out["possible"])
    out["f1"] = divide(2 * out["precision"] * out["recall"], out["precision"] + out["recall"])
    return out


def _pair(gold: Sequence[TokenSpan], predicted: Sequence[TokenSpan], strategy: str) -> list[str]:
    free = dict(enumerate(gold))
    outcomes = []
    for span in predicted:
        index, outcome = _choose(span, free, strategy)
        outcomes.append(outcome)
        if index is not None:
            del free[index]
    return [*outcomes, *("missed" for _ in free)]


def _choose(span: TokenSpan, free: dict[int, TokenSpan], strategy: str) -> tuple[int | None, str]:
    touching = [index for index, gold in free.items() if _touches(span, gold)]
    if strategy == "ent_type":
        alike = [index for index in touching if free[index].label == span.label]
        if alike:
            return min(alike, key=lambda index: _distance(span, free[index])), "correct"
    else:
        width = 3 if strategy == "strict" else 2
        for index, gold in free.items():
            if gold[:width] == span[:width]:
                return index, "correct"
    if touching:
        return touching[0], "partial" if strategy == "partial" else "incorrect"
    return None, "spurious"


def _touches(span: TokenSpan, gold: TokenSpan) -> bool:
    shared = min(span.end, gold.end) - max(span.start, gold.start)
    return shared > 0 and 100.0 * shared / (gold.end - gold.start) >= 1.0


def _distance(span: TokenSpan, gold: TokenSpan) -> int:
    return abs(span.start - gold.start) + abs(span.end - gold.end)
