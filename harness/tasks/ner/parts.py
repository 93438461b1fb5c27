"""The measures of named entities: all types (`micro`), their mean (`macro`), and each type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial

from harness.tasks.ner.credit import CREDIT, muc_class_of, type_of_prediction
from harness.tasks.ner.options import Match
from harness.tasks.ner.tally import cell_of, cells
from harness.tasks.tally import Part, TallyKey, Weights

__all__ = ["gold_types", "parts", "type_part"]

_NOTHING: Weights = (0.0, 0.0, 0.0, 0.0)


def parts(tally: Mapping[TallyKey, int], match: Match) -> tuple[Part, ...]:
    """Micro and macro, then each type that the gold has, the most frequent first."""
    types = [type_part(label, match) for label in gold_types(tally)]
    return (
        Part("micro", partial(_weigh, None, match), listed=False),
        Part("macro", partial(_weigh, None, match), tuple(types), listed=False),
        *types,
    )


def type_part(label: str | None, match: Match) -> Part:
    """One type; `None` is all of them. A type that is called like an average has another name."""
    name = f"type {label}" if label in ("micro", "macro") else label or "micro"
    return Part(name, partial(_weigh, label, match))


def gold_types(tally: Mapping[TallyKey, int]) -> dict[str, int]:
    """Every type that the gold has, with its mentions; most frequent first."""
    counts: Counter[str] = Counter()
    for (_, gold, _), n in cells(tally).items():
        if gold is not None:
            counts[gold] += n
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _weigh(label: str | None, match: Match, key: TallyKey) -> Weights:
    cell = cell_of(key, match)
    if cell is None:
        return _NOTHING
    error, gold, predicted = cell
    owner = type_of_prediction(gold, predicted, match)
    credit = CREDIT[muc_class_of(error, match)]
    here = float(gold is not None and label in (None, gold))
    there = float(owner is not None and label in (None, owner))
    # Whatever a type has found is right under the same type: see `type_of_prediction`.
    return credit * here, here, credit * there, there
