"""seqeval's `classification_report(output_dict=True)`, undefined as 0 (`zero_division=0`).

Its default and its strict mode differ on invalid tag sequences alone, and spans never give those.
Its macro average is over every type of either side: a type that was only predicted enters with 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Any

from harness.interop.tokens import Tagged

__all__ = ["scores"]


def scores(documents: Sequence[Tagged]) -> dict[str, Any]:
    """By type, `micro avg`, `macro avg` and `weighted avg`; `None` for a mean over no type."""
    from seqeval.metrics import classification_report

    gold, predicted = zip(*(document.tags() for document in documents), strict=True)
    report = classification_report(list(gold), list(predicted), output_dict=True, zero_division=0)
    return {name: {key: _plain(row[key]) for key in row} for name, row in report.items()}


def _plain(value: Any) -> float | None:
    number: float = getattr(value, "item", lambda: value)()  # numpy's numbers are no JSON
    return None if isnan(number) else number
