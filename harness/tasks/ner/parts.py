"""The measures of named entities: all types (`micro`), their mean (`macro`), and each type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial

from harness.tasks.ner.credit import CREDIT, muc_class_of, type_of_prediction
from harness.tasks.ner.options import NerOptions
from harness.tasks.ner.tally import FINER, cell_of, cells
from harness.tasks.tally import Part, TallyKey, Weights

__all__ = ["finer_part", "gold_types", "parts", "type_part"]

_NOTHING: Weights = (0.0, 0.0, 0.0, 0.0)
_OF_SIDE: dict[str | None, Weights] = {
    "gold": (0.0, 1.0, 0.0, 0.0),
    "predicted": (0.0, 0.0, 0.0, 1.0),
    "both": (1.0, 0.0, 1.0, 0.0),
}


def parts(tally: Mapping[TallyKey, int], options: NerOptions) -> tuple[Part, ...]:
    """Micro and macro, then each type that the gold has, the most frequent first; of these only
    the chosen ones. Behind them tokens and characters, where they were counted."""
    types = [type_part(label, options) for label in gold_types(tally, options.chosen)]
    micro = type_part(None, options)._replace(listed=False)
    finer = [finer_part(name, options) for name in FINER if options.levels == "all"]
    return (micro, micro._replace(name="macro", over=tuple(types)), *types, *finer)


def type_part(label: str | None, options: NerOptions) -> Part:
    """One type; `None` is all of them. A type that is called like another part has another name."""
    taken = label in ("micro", "macro", *FINER)
    name = f"type {label}" if taken else label or "micro"
    return Part(name, partial(_weigh, label, options.match, options.chosen), beta=options.beta)


def finer_part(name: str, options: NerOptions) -> Part:
    """Tokens or characters, each as often as it has a label."""
    weigh = partial(_weigh_finer, name, options.chosen)
    return Part(name, weigh, listed=False, counts=name, beta=options.beta)


def gold_types(
    tally: Mapping[TallyKey, int], chosen: frozenset[str] = frozenset()
) -> dict[str, int]:
    """Every type that the gold has, with its mentions; most frequent first."""
    counts: Counter[str] = Counter()
    for (_, gold, _), n in cells(tally, chosen=chosen).items():
        if gold is not None:
            counts[gold] += n
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _weigh(label: str | None, match: str, chosen: frozenset[str], key: TallyKey) -> Weights:
    cell = cell_of(key, match, chosen)
    if cell is None:
        return _NOTHING
    error, gold, predicted = cell
    owner = type_of_prediction(gold, predicted, match)
    credit = CREDIT[muc_class_of(error, match)]
    here = float(gold is not None and label in (None, gold))
    there = float(owner is not None and label in (None, owner))
    # Whatever a type has found is right under the same type: see `type_of_prediction`.
    return credit * here, here, credit * there, there


def _weigh_finer(name: str, chosen: frozenset[str], key: TallyKey) -> Weights:
    if key[0] != name or (chosen and key[2] not in chosen):
        return _NOTHING
    return _OF_SIDE[key[1]]
