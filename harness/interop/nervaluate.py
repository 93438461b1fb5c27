"""nervaluate's `Evaluator` on token tags: its four strategies, overall and by type.

It takes predictions in text order, and each takes a gold mention that is still free. The rows by
type see the mentions of that type alone, so they need not add up to the overall counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from harness.interop.tokens import Tagged

__all__ = ["scores"]


def scores(documents: Sequence[Tagged]) -> dict[str, Any]:
    """`overall` by strategy, and `entities` by type and strategy, under nervaluate's own keys."""
    from nervaluate import Evaluator

    layers = (layer for document in documents for layer in (document.gold, document.predicted))
    labels = sorted({span.label for layer in layers for span in layer.spans})
    gold, predicted = zip(*(document.tags() for document in documents), strict=True)
    results = Evaluator(list(gold), list(predicted), tags=labels, loader="list").evaluate()
    return {
        "overall": _rows(results["overall"]),
        "entities": {label: _rows(results["entities"][label]) for label in labels},
    }


def _rows(strategies: dict[str, Any]) -> dict[str, Any]:
    return {name: asdict(result) for name, result in strategies.items()}
