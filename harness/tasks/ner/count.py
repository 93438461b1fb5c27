"""Named entities: what is counted of a document, and what became of every mention.

Ground truth is characters: an entity is `[start, end)` and a label, whatever the tokens were.
Matching is one to one and optimal (`matching`). Every mention falls into exactly
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

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from operator import attrgetter, itemgetter

from harness.annotation import Entity, Span
from harness.tasks.base import Outcome
from harness.tasks.ner.keys import Sides, sides
from harness.tasks.ner.matching import MentionKey, align_mentions, extent
from harness.tasks.ner.options import OVERLAP, NerOptions, threshold_of
from harness.tasks.ner.tally import ErrorCell, ErrorClass
from harness.tasks.ner.threshold import overlap_changes
from harness.tasks.tally import Event, TallyKey

__all__ = ["events", "outcomes"]

_start = itemgetter(0)
_fragments = attrgetter("fragments")


def events(
    gold: Sequence[Entity],
    predicted: Sequence[Entity],
    options: NerOptions,
    *,
    text: str | None = None,
    ignore: Sequence[Span] = (),
) -> Iterator[Event]:
    """Everything that is counted of one document. Order is of no account, nor is `options.match`
    but for `overlap=T`, whose counts stand beside those of the other modes.

    A gold mention counts where it starts, together with the prediction that it is paired with; a
    spurious prediction, or a duplicate, where it starts itself. Identical duplicates on one side
    (same span, same label) count once and are reported. Two mentions that only trimming makes
    equal both stay: one of them can be correct, and the other is not hidden. Mentions that share a
    character with an `ignore` region take no part, on either side. `text` is needed for the
    boundary rule `normalised` alone; `UsageError` without it.
    """
    if not gold and not predicted:
        return iter(())
    apart = any(map(_fragments, gold)) or any(map(_fragments, predicted))
    if options.boundary == "raw" and not ignore and not apart:
        # Nearly every call; quicker for not remembering which mention has which key.
        left: set[MentionKey] = {entity[:3] for entity in gold}
        right: set[MentionKey] = {entity[:3] for entity in predicted}
        if len(left) == len(gold) and len(right) == len(predicted):
            alone, astray = left - right, right - left
            left -= alone  # equal on both sides is what stays
            return _matched(left, alone, astray, _start, threshold_of(options.match))
    both = sides(gold, predicted, boundary=options.boundary, text=text, ignore=ignore)
    return _of_sides(both, threshold_of(options.match))


def outcomes(
    gold: Sequence[Entity],
    predicted: Sequence[Entity],
    options: NerOptions,
    *,
    text: str | None = None,
    ignore: Sequence[Span] = (),
) -> list[Outcome]:
    """Every mention of one document with its error class, in the order of the text.

    The classes are those that `events` counts under the same arguments, paired as `strict` pairs
    them in every match mode: an outcome is about a mention, a mode about a score. Entities are
    given as they came, untrimmed; of identical ones there is one, with the highest confidence.
    """
    both = sides(gold, predicted, boundary=options.boundary, text=text, ignore=ignore)
    common = both.common()
    rest = align_mentions(both.gold.keys() - common, both.predicted.keys() - common)
    classed = [Outcome("correct", both.gold[key], both.predicted[key], True) for key in common]
    classed += [
        Outcome(_error(g, p), both.gold[g], both.predicted[p], False) for g, p in rest.pairs
    ]
    classed += [Outcome("missed", both.gold[key], None, False) for key in rest.missed]
    classed += [Outcome("spurious", None, both.predicted[key], False) for key in rest.spurious]
    return sorted(classed, key=_place)


def _place(outcome: Outcome) -> tuple[tuple[int, int, str], ...]:
    sides = (outcome.gold or outcome.predicted, outcome.predicted or outcome.gold)
    return tuple(entity[:3] for entity in sides if entity is not None)


def _of_sides(both: Sides, threshold: float | None) -> Iterator[Event]:
    yield [entity.start for entity in both.duplicates_gold], ("duplicates_gold",), 1
    yield [entity.start for entity in both.duplicates_predicted], ("duplicates_predicted",), 1
    common = both.common()
    forgiven = [key for key in common if both.gold[key].span != both.predicted[key].span]
    yield [both.gold[key].start for key in forgiven], ("forgiven",), 1
    starts = {key: entity.start for key, entity in (both.predicted | both.gold).items()}
    alone, astray = both.gold.keys() - common, both.predicted.keys() - common
    yield from _matched(common, alone, astray, starts.__getitem__, threshold)


def _matched(
    common: Iterable[MentionKey],
    gold: AbstractSet[MentionKey],
    predicted: AbstractSet[MentionKey],
    start: Callable[[MentionKey], int],
    threshold: float | None,
) -> Iterator[Event]:
    """What becomes of mentions that are equal on both sides, and of the others of each side.

    `start` says where the mention with that key begins; `threshold` is that of `overlap=T`.
    """
    correct: defaultdict[str, list[int]] = defaultdict(list)
    for key in common:
        correct[key[2]].append(start(key))
    for label, starts in correct.items():
        yield starts, ("correct", label), 1
    if not gold and not predicted:
        return
    if not gold or not predicted:
        yield from _alone(gold, predicted, start)
        return
    rest = align_mentions(gold, predicted)
    for one, other in rest.pairs:
        yield (start(one),), ("errors", _error(one, other), one[2], other[2]), 1
    yield from _alone(rest.missed, rest.spurious, start)
    for name, changes in (("partial", rest.partial), ("type", rest.type)):
        for sign, gold_key, predicted_key in changes:
            owner = gold_key or predicted_key
            assert owner is not None
            yield (start(owner),), (name, *_cell(gold_key, predicted_key)), sign
    if threshold is not None:
        for sign, gold_key, predicted_key, enough in overlap_changes(rest, threshold):
            owner = gold_key or predicted_key
            assert owner is not None
            cell = ("correct", owner[2], owner[2]) if enough else _cell(gold_key, predicted_key)
            yield (start(owner),), (OVERLAP, *cell), sign


def _alone(
    missed: Iterable[MentionKey],
    spurious: Iterable[MentionKey],
    start: Callable[[MentionKey], int],
) -> Iterator[Event]:
    starts: dict[TallyKey, list[int]] = {}
    for key in missed:
        starts.setdefault(("errors", "missed", key[2], None), []).append(start(key))
    for key in spurious:
        starts.setdefault(("errors", "spurious", None, key[2]), []).append(start(key))
    for counted, places in starts.items():
        yield places, counted, 1


def _error(gold: MentionKey, predicted: MentionKey) -> ErrorClass:
    """The class of two mentions that are paired without being equal."""
    if gold[2] == predicted[2]:
        return "boundary"
    return "type" if extent(gold) == extent(predicted) else "boundary_type"


def _cell(gold: MentionKey | None, predicted: MentionKey | None) -> ErrorCell:
    if gold is None:
        assert predicted is not None
        return ("spurious", None, predicted[2])
    if predicted is None:
        return ("missed", gold[2], None)
    return (_error(gold, predicted), gold[2], predicted[2])
