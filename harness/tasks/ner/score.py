"""From a sum of counts to everything that is reported about named entities."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.coding import encode
from harness.tasks.ner.credit import muc_class_of, type_of_prediction
from harness.tasks.ner.options import NerOptions
from harness.tasks.ner.parts import finer_part, type_part
from harness.tasks.ner.tally import (
    ERROR_CLASSES,
    FINER,
    ErrorCell,
    cell_of,
    cells,
    dash_last,
)
from harness.tasks.parts import Average, Block, average, block, block_fields
from harness.tasks.tally import TallyKey

__all__ = ["MucBlock", "NerScore", "confusion", "error_counts", "score"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MucBlock(Block):
    """A block with the MUC counts (Chinchor and Sundheim 1993, MUC-5) behind it.

    Credit is `cor + par / 2`, and `tp` is the credit. In the block of one entity type, gold
    mentions go by their label and predictions by theirs; where a match mode lets labels differ
    (exact, partial), a prediction that was paired counts under the label of its gold mention. So P,
    R and F1 of a type are of the same pairs, and each count, summed over the types, is the count of
    the micro block.
    """

    cor: int
    inc: int
    par: int
    mis: int
    spu: int


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
    micro: MucBlock
    macro: Average
    weighted: Average
    types: dict[str, MucBlock]
    errors: dict[str, int]
    confusion: dict[str, dict[str, int]]
    finer: dict[str, Block]
    """Scores of tokens and characters, where they were counted."""
    forgiven: int
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The JSON of `harness score`, without signature and task."""
        out: dict[str, Any] = encode(self)
        del out["options"]
        if self.options.boundary != "normalised":
            del out["forgiven"]
        if not self.warnings:
            del out["warnings"]
        if not self.finer:
            del out["finer"]
        if self.options.beta != 1:
            out["beta"] = self.options.beta
        return out


def score(tally: Mapping[TallyKey, int], options: NerOptions) -> NerScore:
    """The scores of a sum of tallies under a match mode.

    Nothing predicted leaves precision undefined (`None`), nothing gold leaves recall so; see
    `harness.stats.rates`. `options.boundary` must be what the tallies were made with: it is only
    reported here.
    """
    of_types = _of_types(tally, options)
    types = {label: _block(label, of_types[label], options) for label in sorted(of_types)}
    return NerScore(
        options=options,
        micro=micro(tally, options),
        macro=average(types),
        weighted=average(types, by_support=True),
        types=types,
        errors=error_counts(tally, options),
        confusion=confusion(tally, options),
        finer={
            name: block(finer_part(name, options), tally)
            for name in FINER
            if options.levels == "all"
        },
        forgiven=tally.get(("forgiven",), 0),
        warnings=tuple(_warnings(tally)),
    )


def error_counts(tally: Mapping[TallyKey, int], options: NerOptions) -> dict[str, int]:
    """Each class once per mention or pair, paired strictly in every match mode."""
    strict = cells(tally, chosen=options.chosen)
    return {name: sum(n for c, n in strict.items() if c[0] == name) for name in ERROR_CLASSES}


def confusion(tally: Mapping[TallyKey, int], options: NerOptions) -> dict[str, dict[str, int]]:
    """Gold label to predicted label to pairs, `-` where there is no mention; paired strictly."""
    return _confusion(cells(tally, chosen=options.chosen))


def micro(tally: Mapping[TallyKey, int], options: NerOptions) -> MucBlock:
    """All types together."""
    return _block(None, tally, options)


def _of_types(tally: Mapping[TallyKey, int], options: NerOptions) -> dict[str, dict[TallyKey, int]]:
    """What of a tally has a type on either side, for every type: its block needs no more of it."""
    matched = cells(tally, options.match, options.chosen)
    out: dict[str, dict[TallyKey, int]] = {
        label: {} for _, *sides in matched for label in sides if label is not None
    }
    for key, n in tally.items():
        cell = cell_of(key, options.match, options.chosen)
        for label in out.keys() & set(cell[1:] if cell else ()):
            out[label][key] = n
    return out


def _block(label: str | None, tally: Mapping[TallyKey, int], options: NerOptions) -> MucBlock:
    counts: Counter[str] = Counter()
    for (error, gold, predicted), n in cells(tally, options.match, options.chosen).items():
        # A pair counts where its gold mention does, and what is spurious under its own type.
        owner = gold or type_of_prediction(gold, predicted, options.match)
        if label in (None, owner):
            counts[muc_class_of(error, options.match)] += n
    return MucBlock(
        **block_fields(type_part(label, options), tally),
        **{name: counts[name] for name in ("cor", "inc", "par", "mis", "spu")},
    )


def _confusion(strict: Mapping[ErrorCell, int]) -> dict[str, dict[str, int]]:
    rows: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (_, gold, predicted), n in strict.items():
        rows[gold or "-"][predicted or "-"] += n
    return {
        row: {column: rows[row][column] for column in sorted(rows[row], key=dash_last)}
        for row in sorted(rows, key=dash_last)
    }


def _warnings(tally: Mapping[TallyKey, int]) -> Iterator[str]:
    for name, where in (
        ("duplicates_gold", "gold entities"),
        ("duplicates_predicted", "predictions"),
    ):
        if count := tally.get((name,), 0):
            times = "once" if count == 1 else f"{count} times"
            yield f"{where}: an identical entity was repeated {times} and counted once"
