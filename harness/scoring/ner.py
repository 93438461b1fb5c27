"""Named-entity scores: count each document, add the counts up, and score the sum.

    score(total(tally(gold, predicted, options) for gold, predicted in documents), options)

Ground truth is characters: an entity is `[start, end)` and a label, whatever the tokens were.
Matching is one to one and optimal (`harness.scoring.matching`). Every mention falls into exactly
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

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain, starmap
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from harness.annotation import Entity, Span
from harness.errors import UsageError
from harness.scoring.boundary import trim
from harness.scoring.counts import ERROR_CLASSES, Cell, ErrorClass, NerTally, add, total
from harness.scoring.matching import Alignment, Change, Key, align
from harness.scoring.measures import Average, Block, f1, macro, ratio, weighted, whole
from harness.scoring.units import unit_of

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

Match: TypeAlias = Literal["strict", "exact", "partial", "type"]
BoundaryRule: TypeAlias = Literal["raw", "normalised"]
MATCH_MODES: tuple[Match, ...] = get_args(Match)
BOUNDARY_RULES: tuple[BoundaryRule, ...] = get_args(BoundaryRule)

_Outcome: TypeAlias = Literal["cor", "inc", "par", "mis", "spu"]
_ALONE: dict[ErrorClass, _Outcome] = {"missed": "mis", "spurious": "spu"}
_OUTCOMES: dict[Match, dict[ErrorClass, _Outcome]] = {
    "strict": _ALONE | {"correct": "cor", "boundary": "inc", "type": "inc", "boundary_type": "inc"},
    "exact": _ALONE | {"correct": "cor", "boundary": "inc", "type": "cor", "boundary_type": "inc"},
    "partial": _ALONE
    | {"correct": "cor", "boundary": "par", "type": "cor", "boundary_type": "par"},
    "type": _ALONE | {"correct": "cor", "boundary": "cor", "type": "inc", "boundary_type": "inc"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NerOptions:
    """How to count. `match` is read by `score` alone, `boundary` by whatever matches mentions.

    Under `normalised`, determiners in front, possessives behind and punctuation and white space
    at the edges do not count (`harness.scoring.boundary.trim`). Raises `UsageError` for a mode or
    a rule that does not exist.
    """

    match: Match = "strict"
    boundary: BoundaryRule = "raw"

    def __post_init__(self) -> None:
        for name, value, known in (
            ("match mode", self.match, MATCH_MODES),
            ("boundary rule", self.boundary, BOUNDARY_RULES),
        ):
            if value not in known:
                raise UsageError(f"unknown {name} {value!r}, expected one of {', '.join(known)}")


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
    sides = _sides(gold, predicted, options, text, ignore)
    common = sides.gold.keys() & sides.predicted.keys()
    return _count(
        common,
        _rest(sides, common),
        len(sides.duplicates_gold),
        len(sides.duplicates_predicted),
        _forgiven(sides, common) if options.boundary == "normalised" else 0,
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
    (`harness.scoring.units.paragraph_starts` gives paragraphs). Mentions are matched across the
    whole document. A gold mention counts in the unit in which it starts, together with the
    prediction that it is paired with; a spurious prediction, or a duplicate, in the unit in which
    it starts itself. The tallies add up to the document's.
    """
    sides = _sides(gold, predicted, options, text, ignore)
    common = sides.gold.keys() & sides.predicted.keys()
    rest = _rest(sides, common)
    start_of = {key: entity.start for key, entity in (sides.predicted | sides.gold).items()}

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
        for side in (sides.duplicates_gold, sides.duplicates_predicted)
    ]
    return [
        _count(share, part, duplicates[0][i], duplicates[1][i], _forgiven(sides, share))
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
    sides = _sides(gold, predicted, options, text, ignore)
    common = sides.gold.keys() & sides.predicted.keys()
    rest = _rest(sides, common)
    found = [Mention("correct", sides.gold[key], sides.predicted[key]) for key in common]
    found += [Mention(_error(g, p), sides.gold[g], sides.predicted[p]) for g, p in rest.pairs]
    found += [Mention("missed", sides.gold[key], None) for key in rest.missed]
    found += [Mention("spurious", None, sides.predicted[key]) for key in rest.spurious]

    def place(mention: Mention) -> tuple[tuple[int, int, str], ...]:
        sides = (mention.gold or mention.predicted, mention.predicted or mention.gold)
        return tuple(side[:3] for side in sides if side is not None)

    return sorted(found, key=place)


@dataclass(frozen=True, slots=True, kw_only=True)
class NerScore:
    """Everything that is reported of a tally; `Block` and `Average` explain the numbers.

    `types` has a block for every label of either side, sorted by name. `errors` counts each class
    once per mention or pair, so that gold = correct + boundary + type + boundary_type + missed,
    and predicted likewise with spurious. `confusion` maps gold label to predicted label to the
    number of pairs, with the column `-` for missed and the row `-` for spurious mentions: a row
    adds up to the label's support, a column to its predictions. It is about labels, and so its
    diagonal holds boundary errors too.
    """

    options: NerOptions
    micro: Block
    macro: Average
    weighted: Average
    types: dict[str, Block]
    errors: dict[ErrorClass, int]
    confusion: dict[str, dict[str, int]]
    forgiven: int
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The JSON of `harness score`, without signature and task."""
        out: dict[str, Any] = {
            "micro": self.micro.to_json(),
            "macro": self.macro.to_json(),
            "weighted": self.weighted.to_json(),
            "types": {label: block.to_json() for label, block in self.types.items()},
            "errors": dict(self.errors),
            "confusion": {label: dict(row) for label, row in self.confusion.items()},
        }
        if self.options.boundary == "normalised":
            out["forgiven"] = self.forgiven
        if self.warnings:
            out["warnings"] = list(self.warnings)
        return out


def score(tally: NerTally, options: NerOptions) -> NerScore:
    """The scores of a sum of tallies under a match mode.

    Nothing predicted leaves precision undefined (`None`), nothing gold leaves recall so; see
    `harness.scoring.measures`. `options.boundary` must be what the tallies were made with: it is
    only reported here.
    """
    outcomes = _OUTCOMES[options.match]
    sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (error, gold, predicted), n in tally.cells(options.match).items():
        outcome = outcomes[error]
        halves = {"cor": 2 * n, "par": n}.get(outcome, 0)
        if gold is not None:
            sums[gold].update({outcome: n, "support": n, "found": halves})
        if predicted is not None:
            sums[predicted].update({"predicted": n, "right": halves})
            if gold is None:
                sums[predicted].update({outcome: n})
    types = {label: _block(sums[label]) for label in sorted(sums)}
    everything: Counter[str] = Counter()
    for counts in sums.values():
        everything.update(counts)
    cells = tally.cells("strict")
    return NerScore(
        options=options,
        micro=_block(everything),
        macro=macro(types),
        weighted=weighted(types),
        types=types,
        errors={name: sum(n for c, n in cells.items() if c[0] == name) for name in ERROR_CLASSES},
        confusion=_confusion(cells),
        forgiven=tally.forgiven,
        warnings=tuple(_warnings(tally)),
    )


_NOTHING = NerTally()
_NO_REST = Alignment([], [], [], [], [])


class _Sides(NamedTuple):
    """The mentions of a document by the key under which they are matched."""

    gold: dict[Key, Entity]
    predicted: dict[Key, Entity]
    duplicates_gold: list[Entity]
    duplicates_predicted: list[Entity]


def _sides(
    gold: Sequence[Entity],
    predicted: Sequence[Entity],
    options: NerOptions,
    text: str | None,
    ignore: Sequence[Span],
) -> _Sides:
    if ignore:
        gold, predicted = _outside(gold, ignore), _outside(predicted, ignore)
    left = {(e[0], e[1], e[2], 0): e for e in gold}
    right = {(e[0], e[1], e[2], 0): e for e in predicted}
    duplicates_gold: list[Entity] = []
    duplicates_predicted: list[Entity] = []
    if len(left) < len(gold):
        left, duplicates_gold = _distinct(gold)
    if len(right) < len(predicted):
        right, duplicates_predicted = _distinct(predicted)
    if options.boundary == "normalised":
        if text is None:
            raise UsageError(
                "the boundary rule 'normalised' needs the text of every document; "
                "give a corpus with texts, or use --boundary raw"
            )
        equal = left.keys() & right.keys()
        left, right = _trimmed(left, equal, text), _trimmed(right, equal, text)
    return _Sides(left, right, duplicates_gold, duplicates_predicted)


def _distinct(entities: Sequence[Entity]) -> tuple[dict[Key, Entity], list[Entity]]:
    """Without identical duplicates; the most confident one stays, whatever the order."""
    kept: dict[Key, Entity] = {}
    left_out: list[Entity] = []
    for entity in sorted(entities, key=lambda e: float("inf") if e.score is None else -e.score):
        if kept.setdefault((*entity[:3], 0), entity) is not entity:
            left_out.append(entity)
    return kept, left_out


def _outside(entities: Sequence[Entity], ignore: Sequence[Span]) -> list[Entity]:
    """The entities that share no character with an ignored region."""
    regions: list[list[int]] = []
    for start, end in sorted(ignore):
        if regions and start <= regions[-1][1]:
            regions[-1][1] = max(regions[-1][1], end)
        elif end > start:
            regions.append([start, end])
    ends = [end for _, end in regions]

    def ignored(entity: Entity) -> bool:
        first = bisect_right(ends, entity.start)
        return first < len(regions) and regions[first][0] < entity.end

    return [entity for entity in entities if not ignored(entity)]


def _trimmed(side: dict[Key, Entity], equal: Collection[Key], text: str) -> dict[Key, Entity]:
    """The same mentions under trimmed keys.

    Mentions that trimming makes equal are numbered, those with an equal on the other side
    (`equal`) first and then the shortest, so that trimming never takes a match away.
    """
    ranked = sorted(side, key=lambda key: (key not in equal, key[1] - key[0], key))
    out: dict[Key, Entity] = {}
    seen: Counter[tuple[int, int, str]] = Counter()
    for key in ranked:
        kind = (*trim(text, key[0], key[1]), key[2])
        out[(*kind, seen[kind])] = side[key]
        seen[kind] += 1
    return out


def _rest(sides: _Sides, common: AbstractSet[Key]) -> Alignment:
    if len(common) == len(sides.gold) == len(sides.predicted):
        return _NO_REST
    return align(sides.gold.keys() - common, sides.predicted.keys() - common)


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
        _shift(rest.partial),
        _shift(rest.type),
        duplicates_gold,
        duplicates_predicted,
        forgiven,
    )


def _shift(changes: list[Change]) -> dict[Cell, int]:
    cells: dict[Cell, int] = {}
    for sign, gold, predicted in changes:
        add(cells, {_cell(gold, predicted): sign})
    return {cell: n for cell, n in cells.items() if n}


def _forgiven(sides: _Sides, common: Collection[Key]) -> int:
    return sum(sides.gold[key][:2] != sides.predicted[key][:2] for key in common)


def _block(counts: Mapping[str, int]) -> Block:
    support, predicted = counts["support"], counts["predicted"]
    found, right = counts["found"] / 2, counts["right"] / 2
    precision, recall = ratio(right, predicted), ratio(found, support)
    return Block(
        precision=precision,
        recall=recall,
        f1=f1(precision, recall),
        tp=whole(found),
        fp=whole(predicted - right),
        fn=whole(support - found),
        support=support,
        predicted=predicted,
        cor=counts["cor"],
        inc=counts["inc"],
        par=counts["par"],
        mis=counts["mis"],
        spu=counts["spu"],
    )


def _confusion(cells: Mapping[Cell, int]) -> dict[str, dict[str, int]]:
    rows: dict[str, dict[str, int]] = {}
    for (_, gold, predicted), n in cells.items():
        add(rows.setdefault(gold or "-", {}), {predicted or "-": n})
    return {
        row: {column: rows[row][column] for column in sorted(rows[row], key=_last)}
        for row in sorted(rows, key=_last)
    }


def _last(label: str) -> tuple[bool, str]:
    """Sorts by name, with `-` behind all labels."""
    return (label == "-", label)


def _warnings(tally: NerTally) -> Iterator[str]:
    for count, where in (
        (tally.duplicates_gold, "gold entities"),
        (tally.duplicates_predicted, "predictions"),
    ):
        if count:
            times = "once" if count == 1 else f"{count} times"
            yield f"{where}: an identical entity was repeated {times} and counted once"
