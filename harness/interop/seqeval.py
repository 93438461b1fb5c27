"""seqeval's `classification_report(output_dict=True)`; its default and strict modes agree here.

Its modes differ on invalid tag sequences alone, and spans never give those. Undefined is 0
(`zero_division=0`). The macro average is over every type of either side, so a type that was only
predicted enters with 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.interop.counts import Counts, count, divide
from harness.interop.tokens import Tagged

__all__ = ["scores"]


def scores(documents: Sequence[Tagged]) -> dict[str, Any]:
    """By type, `micro avg`, `macro avg` and `weighted avg`, under seqeval's own keys."""
    counts = count(documents)
    rows: dict[str, tuple[float, float, float, int]] = {
        label: (*value.prf(), value.gold) for label, value in counts.items()
    }
    support = sum(value.gold for value in counts.values())
    total = Counts(
        sum(value.right for value in counts.values()),
        sum(value.predicted for value in counts.values()),
        support,
    )
    out = {label: _row(*row) for label, row in rows.items()}
    out["micro avg"] = _row(*total.prf(), support)
    out["macro avg"] = _mean(rows, dict.fromkeys(rows, 1), support)
    out["weighted avg"] = _mean(rows, {label: row[3] for label, row in rows.items()}, support)
    return out


def _mean(
    rows: Mapping[str, tuple[float, float, float, int]], weights: Mapping[str, int], support: int
) -> dict[str, float]:
    base = sum(weights.values())
    precision, recall, f1 = (
        divide(sum(row[column] * weights[label] for label, row in rows.items()), base)
        for column in range(3)
    )
    return _row(precision, recall, f1, support)


def _row(precision: float, recall: float, f1: float, support: float) -> dict[str, float]:
    return {"precision": precision, "recall": recall, "f1-score": f1, "support": support}
