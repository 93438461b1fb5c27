"""From a sum of counts to everything that is reported about named entities."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.tasks.measures import Average, Block, f1, macro, ratio, weighted, whole
from harness.tasks.ner.credit import CREDIT, outcome_of, type_of_prediction
from harness.tasks.ner.options import NerOptions
from harness.tasks.ner.tally import ERROR_CLASSES, Cell, ErrorClass, NerTally, add

__all__ = ["NerScore", "score"]


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
    `harness.tasks.measures`. `options.boundary` must be what the tallies were made with: it is
    only reported here.
    """
    sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (error, gold, predicted), n in tally.cells(options.match).items():
        outcome = outcome_of(error, options.match)
        owner = type_of_prediction(gold, predicted, options.match)
        halves = round(2 * n * CREDIT[outcome])
        if gold is not None:
            sums[gold].update({outcome: n, "support": n, "found": halves})
        if predicted is not None and owner is not None:
            _ = sums[predicted]  # A label that is never counted under its own name has a row too.
            sums[owner].update({"predicted": n})
            if gold is None:
                sums[owner].update({outcome: n})
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


def _block(counts: Mapping[str, int]) -> Block:
    # Whatever a type has found is right under the same type: see `type_of_prediction`.
    support, predicted, found = counts["support"], counts["predicted"], counts["found"] / 2
    precision, recall = ratio(found, predicted), ratio(found, support)
    return Block(
        precision=precision,
        recall=recall,
        f1=f1(precision, recall),
        tp=whole(found),
        fp=whole(predicted - found),
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
