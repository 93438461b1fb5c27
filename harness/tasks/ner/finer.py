"""Scores of tokens and of characters: how many have the same label on both sides.

Each token, or character, counts once for every label that a mention gives it; where mentions of one
label overlap it still counts once. Tokens are those that the gold's file has, else those of
`harness.paragraphs`; a token has the label of whatever mention covers any of it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence

from harness.annotation import Entity, Record
from harness.paragraphs import tokens as tokens_of
from harness.tasks.tally import Event

__all__ = ["finer_events"]

_Stretches = list[tuple[int, int]]


def finer_events(
    record: Record, gold: Sequence[Entity], predicted: Sequence[Entity]
) -> Iterator[Event]:
    """Counts of tokens and characters of one document, each where a stretch of them begins."""
    sides = {"gold": _covered(gold), "predicted": _covered(predicted)}
    tokens = record.tokens if record.tokens is not None else tokens_of(record.text or "")
    starts, ends = [start for start, _ in tokens], [end for _, end in tokens]
    for label in sorted({label for side in sides.values() for label in side}):
        there = {name: side.get(label, []) for name, side in sides.items()}
        there["both"] = _shared(there["gold"], there["predicted"])
        for name, stretches in there.items():
            for start, end in stretches:
                yield (start,), ("characters", name, label), end - start
        touched = {name: _touched(there[name], starts, ends) for name in sides}
        touched["both"] = touched["gold"] & touched["predicted"]
        for name, numbers in touched.items():
            if numbers:
                yield [starts[n] for n in sorted(numbers)], ("tokens", name, label), 1


def _covered(entities: Sequence[Entity]) -> dict[str, _Stretches]:
    """By label, what its mentions cover: stretches in order and apart."""
    spans: dict[str, _Stretches] = defaultdict(list)
    for entity in entities:
        spans[entity.label] += entity.fragments or [(entity.start, entity.end)]
    out: dict[str, _Stretches] = {}
    for label, parts in spans.items():
        merged: _Stretches = []
        for start, end in sorted(parts):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((start, end))
        out[label] = merged
    return out


def _shared(one: _Stretches, other: _Stretches) -> _Stretches:
    out: _Stretches = []
    i = j = 0
    while i < len(one) and j < len(other):
        start, end = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if start < end:
            out.append((start, end))
        if one[i][1] <= other[j][1]:
            i += 1
        else:
            j += 1
    return out


def _touched(stretches: _Stretches, starts: Sequence[int], ends: Sequence[int]) -> set[int]:
    """The numbers of tokens of which a stretch covers anything."""
    return {
        number
        for start, end in stretches
        for number in range(bisect_right(ends, start), bisect_left(starts, end))
    }
