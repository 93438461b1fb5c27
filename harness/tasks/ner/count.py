"""Named-entity scores: count each document, add the counts up, and score the sum.

    score(total(tally(gold, predicted, options) for gold, predicted in documents), options)

Ground truth is characters: an entity is `[start, end)` and a label, whatever the tokens were.
Matching is one to one and optimal (`harness.tasks.ner.matching`). Every mention falls into exactly
one class: `correct`; `boundary` (overlap, same label); `type` (same span, other label);
`boundary_type` (overlap, other label); `missed` (gold alone); `spurious` (predicted alone). The
match modes are four ways of giving credit to these classes, after SemEval-2013 task 9
(Segura-Bedmar, Martínez and Herrero-Zazo 2013), whose counts go back to MUC:

    mode      COR                 PAR                       INC
    strict    correct             -                         boundary, type, boundary_type
    exact     correct, type       -                         boundary, boundary_type
    partial   correct, type       boundary, boundary_type   -
    type      correct, boundary   -                         type, boundary_type

MIS is missed and SPU spurious in each. Where a mention has several partners to choose from, the
pairing is the one that earns most in the mode; error classes and confusion matrix are those of
the strict pairing in every mode. One tally serves all four modes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain, starmap
from typing import NamedTuple

from harness.annotation import Entity, Span
from harness.paragraphs import unit_of
from harness.tasks.ner.keys import sides
from harness.tasks.ner.matching import Alignment, Change, Key, align
from harness.tasks.ner.options import BOUNDARY_RULES, MATCH_MODES, BoundaryRule, Match, NerOptions
from harness.tasks.ner.score import NerScore, score
from harness.tasks.ner.tally import ERROR_CLASSES, Cell, ErrorClass, NerTally, add, total

__all__ = [
    "BOUNDARY_RULES",
    "ERROR_CLASSES",
    "MATCH_MODES",
    "BoundaryRule",
    "ErrorClass",
    "Match",
    "Mention",
    "NerOptions",
    "NerScore",
    "NerTally",
    "mentions",
    "score",
    "tally",
    "tally_units",
    "total",
]


class Mention(NamedTuple):
    """A gold mention, a prediction, or the two that were paired, with their error class."""

    error: ErrorClass
    gold: Entity | None
    predicted: Entity | None


def tally(
    gold: Sequence[Entity],
    predicted: Sequence[Entity],
    options: NerOptions,
    *,
    text: str | None = None,
    ignore: Sequence[Span] = (),
) -> NerTally:
    """Count one document. Order is of no account, and neither is `options.match`.

    Identical duplicates on one side (same span, same label) count once and are reported. Two
    mentions that only trimming makes equal both stay: one of them can be correct, and the other
    is not hidden. Mentions that share a character with an `ignore` region take no part, on either
    side. `text` is needed for the boundary rule `normalised` alone; `UsageError` without it.
    """
    if not gold and not predicted:
        return _NOTHING
    if options.boundary == "raw" and not ignore:
        # Nearly every call; quicker for not remembering which mention has which key.
        left = {(start, end, label, 0) for start, end, label, _ in gold}
        right = {(start, end, label, 0) for start, end, label, _ in predicted}
        common = left & right
        rest = _rest(left, right, common)
        return _count(common, rest, len(gold) - len(left), len(predicted) - len(right), 0)
    both = sides(gold, predicted, boundary=options.boundary, text=text, ignore=ignore)
    common = both.common()
    return _count(
        common,
        _rest(both.gold.keys(), both.predicted.keys(), common),
        len(both.duplicates_gold),
        len(both.duplicates_predicted),
        both.forgiven(common),
    )


def tally_units(
    gold: Sequence[Entity],
    predicted: Sequence[Entity],
    options: NerOptions,
    *,
    text: str | None = None,
    ignore: Sequence[Span] = (),
    starts: Sequence[int],
) -> list[NerTally]:
    """Count one document as `tally` does and split the counts by unit: one tally per start.

    `starts` are the sorted offsets at which the units begin, the first being 0
    (`harness.paragraphs.paragraph_starts` gives paragraphs). Mentions are matched across the
    whole document. A gold mention counts in the unit in which it starts, together with the
    prediction that it is paired with; a spurious prediction, or a duplicate, in the unit in which
    it starts itself. The tallies add up to the document's.
    """
    if len(starts) == 1:
        return [tally(gold, predicted, options, text=text, ignore=ignore)]
    both = sides(gold, predicted, boundary=options.boundary, text=text, ignore=ignore)
    common = both.common()
    rest = _rest(both.gold.keys(), both.predicted.keys(), common)
    start_of = {key: entity.start for key, entity in (both.predicted | both.gold).items()}

    def unit(key: Key | None, other: Key | None = None) -> int:
        key = key or other
        assert key is not None
        return unit_of(start_of[key], starts)

    shares: list[set[Key]] = [set() for _ in starts]
    rests = [Alignment([], [], [], [], []) for _ in starts]
    for key in common:
        shares[unit(key)].add(key)
    for pair in rest.pairs:
        rests[unit(*pair)].pairs.append(pair)
    for name in ("missed", "spurious"):
        for key in getattr(rest, name):
            getattr(rests[unit(key)], name).append(key)
    for name in ("partial", "type"):
        for change in getattr(rest, name):
            getattr(rests[unit(*change[1:])], name).append(change)
    duplicates = [
        Counter(unit_of(entity.start, starts) for entity in side)
        for side in (both.duplicates_gold, both.duplicates_predicted)
    ]
    return [
        _count(share, part, duplicates[0][i], duplicates[1][i], both.forgiven(share))
        for i, (share, part) in enumerate(zip(shares, rests, strict=True))
    ]


def mentions(
    gold: Sequence[Entity],
    predicted: Sequence[Entity],
    options: NerOptions,
    *,
    text: str | None = None,
    ignore: Sequence[Span] = (),
) -> list[Mention]:
    """Every mention of one document with its error class, in the order of the text.

    The classes are those that `tally` counts under the same arguments. Entities are given as they
    came, untrimmed; of identical duplicates there is one, with the highest confidence.
    """
    both = sides(gold, predicted, boundary=options.boundary, text=text, ignore=ignore)
    common = both.common()
    rest = _rest(both.gold.keys(), both.predicted.keys(), common)
    found = [Mention("correct", both.gold[key], both.predicted[key]) for key in common]
    found += [Mention(_error(g, p), both.gold[g], both.predicted[p]) for g, p in rest.pairs]
    found += [Mention("missed", both.gold[key], None) for key in rest.missed]
    found += [Mention("spurious", None, both.predicted[key]) for key in rest.spurious]

    def place(mention: Mention) -> tuple[tuple[int, int, str], ...]:
        entities = (mention.gold or mention.predicted, mention.predicted or mention.gold)
        return tuple(entity[:3] for entity in entities if entity is not None)

    return sorted(found, key=place)


_NONE: Mapping[Cell, int] = {}
_NOTHING = NerTally()
_NO_REST = Alignment([], [], [], [], [])


def _rest(
    gold: AbstractSet[Key], predicted: AbstractSet[Key], common: AbstractSet[Key]
) -> Alignment:
    if len(common) == len(gold) == len(predicted):
        return _NO_REST
    return align(gold - common, predicted - common)


def _error(gold: Key, predicted: Key) -> ErrorClass:
    """The class of two mentions that are paired without being equal."""
    if gold[2] == predicted[2]:
        return "boundary"
    return "type" if gold[:2] == predicted[:2] else "boundary_type"


def _cell(gold: Key | None, predicted: Key | None) -> Cell:
    if gold is None:
        assert predicted is not None
        return ("spurious", None, predicted[2])
    if predicted is None:
        return ("missed", gold[2], None)
    return (_error(gold, predicted), gold[2], predicted[2])


def _count(
    common: Collection[Key],
    rest: Alignment,
    duplicates_gold: int,
    duplicates_predicted: int,
    forgiven: int,
) -> NerTally:
    correct: dict[str, int] = {}
    for key in common:
        label = key[2]
        correct[label] = correct.get(label, 0) + 1
    if rest is _NO_REST:
        return NerTally(
            correct, _NONE, _NONE, _NONE, duplicates_gold, duplicates_predicted, forgiven
        )
    errors: dict[Cell, int] = {}
    for cell in chain(
        starmap(_cell, rest.pairs),
        (("missed", key[2], None) for key in rest.missed),
        (("spurious", None, key[2]) for key in rest.spurious),
    ):
        errors[cell] = errors.get(cell, 0) + 1
    return NerTally(
        correct,
        errors,
        _shift(rest.partial) if rest.partial else _NONE,
        _shift(rest.type) if rest.type else _NONE,
        duplicates_gold,
        duplicates_predicted,
        forgiven,
    )


def _shift(changes: list[Change]) -> dict[Cell, int]:
    cells: dict[Cell, int] = {}
    for sign, gold, predicted in changes:
        add(cells, {_cell(gold, predicted): sign})
    return {cell: n for cell, n in cells.items() if n}
