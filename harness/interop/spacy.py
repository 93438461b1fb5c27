"""spaCy's `Scorer` for named entities (`get_ner_prf`), gold and predictions on the same tokens.

Gold goes in as `Example.from_dict(doc, {"entities": [...]})` does it: a span that cuts a token
leaves its tokens without annotation, and predictions that touch such tokens are neither right nor
wrong. Predictions go in as `doc.char_span` does it: a span that cuts a token is `None`, and gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from harness.interop.counts import divide
from harness.interop.tokens import Tagged, flat

__all__ = ["scores"]


def scores(documents: Sequence[Tagged]) -> dict[str, Any]:
    """`ents_p`, `ents_r`, `ents_f`, `ents_per_type`; all `None` when nothing was counted."""
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    seen: set[str] = set()
    for document in documents:
        unknown = {
            token
            for span in document.gold.raw
            if not span.aligned
            for token in range(span.start, span.end)
        }
        if len(unknown) == document.tokens:
            continue
        gold = {span[:3] for span in flat([span for span in document.gold.raw if span.aligned])}
        for span in flat([span for span in document.predicted.raw if span.aligned]):
            seen.add(span.label)
            if not unknown.isdisjoint(range(span.start, span.end)):
                continue
            if span[:3] in gold:
                gold.remove(span[:3])
                right[span.label] += 1
            else:
                wrong[span.label] += 1
        missed.update(label for _, _, label in gold)
    names = ("ents_p", "ents_r", "ents_f")
    if not right and not wrong and not missed:
        return {**dict.fromkeys(names), "ents_per_type": None}
    labels = sorted(seen | right.keys() | wrong.keys() | missed.keys())
    total = _prf(right.total(), wrong.total(), missed.total())
    return {
        **dict(zip(names, total.values(), strict=True)),
        "ents_per_type": {
            label: dict(_prf(right[label], wrong[label], missed[label])) for label in labels
        },
    }


def _prf(right: int, wrong: int, missed: int) -> Mapping[str, float]:
    p, r = divide(right, right + wrong), divide(right, right + missed)
    return {"p": p, "r": r, "f": divide(2 * p * r, p + r)}
