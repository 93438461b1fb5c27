"""conlleval.pl of the CoNLL shared tasks, which no package has: its counts and its roundings.

Percentages have two decimals, and what is undefined is 0. Tags are IOB2, so that a chunk is right
where both sides have the same span of tokens and the same type.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from harness.interop.tokens import Tagged

__all__ = ["scores"]


def scores(documents: Sequence[Tagged]) -> dict[str, Any]:
    """`overall` with the counts that conlleval prints in its head, and a row a type.

    `accuracy` is that of the tags, `O` included.
    """
    right: Counter[str] = Counter()
    found: Counter[str] = Counter()
    gold: Counter[str] = Counter()
    tags_right = tokens = 0
    for document in documents:
        ours, theirs = set(document.gold.spans), set(document.predicted.spans)
        for counts, spans in ((gold, ours), (found, theirs), (right, ours & theirs)):
            counts.update(span.label for span in spans)
        tokens += document.tokens
        tags_right += sum(one == other for one, other in zip(*document.tags(), strict=True))
    return {
        "overall": {
            "tokens": tokens,
            "phrases": gold.total(),
            "found": found.total(),
            "correct": right.total(),
            "accuracy": _rounded(_percent(tags_right, tokens)),
            **_rates(right.total(), found.total(), gold.total()),
        },
        "types": {
            label: {**_rates(right[label], found[label], gold[label]), "found": found[label]}
            for label in sorted(gold.keys() | found.keys())
        },
    }


def _rates(right: int, found: int, gold: int) -> dict[str, float]:
    precision, recall = _percent(right, found), _percent(right, gold)
    both = precision + recall
    fb1 = 2 * precision * recall / both if both else 0.0
    rates = {"precision": precision, "recall": recall, "fb1": fb1}
    return {name: _rounded(rate) for name, rate in rates.items()}


def _percent(part: int, base: int) -> float:
    return 100 * part / base if base else 0.0


def _rounded(rate: float) -> float:
    return float(f"{rate:.2f}")
