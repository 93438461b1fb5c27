"""From counts to numbers, once for all tasks: blocks of a sum, matrices of many tallies.

A part is measured on a sum (`block`, `Score`) or on every unit at once (`Matrix`, `PartCounts`),
by the same weights and the same rates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from harness.coding import encode
from harness.errors import UsageError, nearest
from harness.options import Flag
from harness.stats.rates import defined, rates
from harness.stats.units import Rows
from harness.table import Cell, Table, number
from harness.tasks.columns import TallyColumns
from harness.tasks.tally import Part, TallyKey

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = [
    "BLOCK_OPTIONAL",
    "BETA",
    "METRICS",
    "Average",
    "Block",
    "PartCounts",
    "Matrix",
    "Metric",
    "Score",
    "average",
    "block",
    "block_fields",
    "block_headers",
    "block_row",
    "count_cell",
    "f_name",
    "metric_named",
    "metric_title",
    "part_named",
    "shown_metric",
    "parts_table",
    "whole",
]

Metric: TypeAlias = Literal["precision", "recall", "f1"]
METRICS: tuple[Metric, ...] = get_args(Metric)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One line of a table of scores: the rates and the counts that they come from.

    `tp` is the credit of what is found, `fn = support - tp`, and `fp` what is predicted less what
    of it is right. Where pairs earn half a credit these are halves.
    """

    precision: float | None
    recall: float | None
    f1: float | None
    tp: float
    fp: float
    fn: float
    support: int
    predicted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Average:
    """A mean over the types that have gold support, named in `types`; `None` without any.

    A type with gold mentions but no prediction enters with precision 0, as under seqeval's and
    scikit-learn's `zero_division=0`. A type that was only predicted does not enter.
    """

    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    types: tuple[str, ...]


def block(part: Part, tally: Mapping[TallyKey, int]) -> Block:
    """A part that is no average, measured on a sum."""
    return Block(**block_fields(part, tally))


def block_fields(part: Part, tally: Mapping[TallyKey, int]) -> dict[str, Any]:
    """The fields of a `Block`. Of what a backend cannot give there are counts and no rates."""
    found, gold, right, predicted = part.sums(tally)
    values = rates(found, gold, right, predicted, weights=part.weights)
    return {
        **{
            name: defined(value) if part.available else None
            for name, value in values._asdict().items()
        },
        "tp": whole(found),
        "fp": whole(predicted - right),
        "fn": whole(gold - found),
        "support": whole(gold),
        "predicted": whole(predicted),
    }


def whole(value: float) -> Any:
    """An `int` where the value is whole, so that counts print as counts."""
    return int(value) if value == int(value) else value


def average(blocks: Mapping[str, Block], *, by_support: bool = False) -> Average:
    """The mean over the types that have gold; each counts the same, or by its gold support."""
    weights = {
        label: one.support if by_support else 1 for label, one in blocks.items() if one.support
    }

    def mean(metric: Metric) -> float | None:
        total = sum(weights.values())
        values = ((getattr(blocks[label], metric) or 0.0) * n for label, n in weights.items())
        return sum(values) / total if total else None

    return Average(
        precision=mean("precision"),
        recall=mean("recall"),
        f1=mean("f1"),
        support=sum(blocks[label].support for label in weights),
        types=tuple(sorted(weights)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What is reported where a task says no more: a block for each part."""

    parts: Mapping[str, Block]
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, parts: Iterable[Part], tally: Mapping[TallyKey, int]) -> Score:
        return cls(parts={part.name: block(part, tally) for part in parts if part.over is None})

    def to_json(self) -> dict[str, Any]:
        return {name: encode(one) for name, one in self.parts.items()}


def metric_named(name: str) -> Metric:
    """The metric of that name. Raises `UsageError` with the nearest one."""
    for metric in METRICS:
        if metric == name.lower():
            return metric
    raise UsageError(f"unknown metric {name!r}{nearest(name, METRICS)}")


def part_named(name: str, parts: Sequence[Part], *, word: str = "part") -> Part:
    """The part of that name. Raises `UsageError` with the nearest one."""
    known = {part.name: part for part in parts}
    if name in known:
        return known[name]
    raise UsageError(f"unknown {word} {name!r}{nearest(name, known)}")


class Matrix:
    """The tallies of many units, kept so that any part of them is a multiplication."""

    def __init__(self, tallies: Sequence[Mapping[TallyKey, int]]) -> None:
        self._columns = TallyColumns.of(tallies)

    def counts(
        self, part: Part, metric: Metric = "f1", weights: tuple[float, float] | None = None
    ) -> PartCounts:
        """A part of every unit; `weights` of precision and recall are the part's own."""
        import numpy as np

        sides = [self._columns.sums(one.weigh, 4) for one in part.groups if part.available]
        nothing = np.zeros((len(self._columns.starts) - 1, 4))
        distinct = np.concatenate(sides, axis=1) if sides else nothing
        units = np.asarray(self._columns.units)
        return PartCounts(distinct, part, metric, weights or part.weights, units)


@dataclass(frozen=True, slots=True, eq=False)
class PartCounts:
    """One part of every paragraph, and what is to be made of it.

    `rows` are `(paragraphs, 4 x groups)`: found, gold, right, predicted; for an average once for
    each of the parts that it goes over.
    """

    distinct: Array
    """Rows, of which `pattern` says the one of each paragraph; without it they are its own."""
    part: Part
    metric: Metric = "f1"
    weights: tuple[float, float] = (1.0, 1.0)
    """Of precision and recall in F."""
    pattern: Any = None

    @property
    def rows(self) -> Any:
        """The row of each paragraph: a table, of which parts are made when they are asked for."""
        return self.distinct if self.pattern is None else Rows(self.distinct, self.pattern)

    @property
    def basis(self) -> Any:
        """What each paragraph contributes to the denominator: predictions, gold mentions, or both.

        A paragraph without any of it says nothing of the score.
        """
        sides = {"precision": (3,), "recall": (1,), "f1": (1, 3)}[self.metric]
        basis: Array = sum(self.distinct[:, side::4] for side in sides)  # type: ignore[assignment]  # never empty
        return basis if self.pattern is None else Rows(basis, self.pattern)

    @property
    def total(self) -> Array:
        """The sum over all paragraphs."""
        import numpy as np

        if self.pattern is None:
            return self.distinct.sum(axis=0)  # type: ignore[no-any-return]  # of an array with rows
        uses = np.bincount(self.pattern, minlength=len(self.distinct))
        total: Array = uses @ self.distinct  # Halves: exact in any order.
        return total

    @property
    def support(self) -> int:
        """How many gold mentions (or relations, elements, letters and digits) there are, in all."""
        return round(float(self.total[1::4].sum()))

    @property
    def value(self) -> float | None:
        """The score of all paragraphs; `None` where undefined."""
        return defined(self.score(self.total))

    def score(self, sums: Array, metric: Metric | None = None) -> Array:
        """The score of sums of these counts, `(..., 4 x groups)` in, `(...)` out; NaN where
        undefined. `metric` is another one than they were made for.

        An average goes over the parts that have gold in these sums: one that a resample lacks is
        left out of it, and one that is never predicted has precision 0.
        """
        import numpy as np

        shaped = np.asarray(sums, dtype=np.float64)
        shaped = shaped.reshape(*shaped.shape[:-1], shaped.shape[-1] // 4, 4)
        found, gold, right, predicted = (shaped[..., side] for side in range(4))
        measured = rates(found, gold, right, predicted, weights=self.weights)
        values = getattr(measured, metric or self.metric)
        if self.part.over is None:
            return np.asarray(values[..., 0])
        there = gold > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.where(there, np.nan_to_num(values), 0.0).sum(axis=-1) / there.sum(axis=-1)
        return np.asarray(mean)


BLOCK_OPTIONAL = ("FN", "FP", "TP", "support", "R", "P")
"""Of `block_headers`: what goes first where there is little room."""


def block_row(name: str, values: Mapping[str, Any], *, counts: bool = True) -> tuple[Cell, ...]:
    """A row of a table of scores: support, rates and, of what is no average, counts."""
    shown = (number(values.get(rate)) for rate in METRICS)
    numbers = (count_cell(values.get(key)) if counts else None for key in ("tp", "fp", "fn"))
    return (name, values.get("support"), *shown, *numbers)


BETA = Flag(
    "recall weighs beta squared times as much as precision in F",
    metavar="BETA",
    least=0.001,
    most=1000,
)


def f_name(beta: float = 1.0) -> str:
    """What F is called: `F1`, `F0.5`."""
    return f"F{beta:g}"


def shown_metric(metric: Metric, beta: float = 1.0) -> str:
    """A metric as people read it: `precision`, `recall`, `f1`, `f0.5`."""
    return f_name(beta).lower() if metric == "f1" else metric


def block_headers(beta: float = 1.0) -> tuple[str, ...]:
    """The headers of `block_row`."""
    return ("support", "P", "R", f_name(beta), "TP", "FP", "FN")


def metric_title(shown: str) -> str:
    """What `shown_metric` gives as it stands in a sentence or beside an axis: `F1`, `recall`."""
    return shown.upper() if shown[:1] == "f" else shown


def parts_table(title: str, score: Mapping[str, Any], notes: tuple[str, ...] = ()) -> Table:
    """A row for each part of `Score.to_json()`."""
    rows = tuple(block_row(name, values) for name, values in score.items() if "f1" in values)
    return Table(title, ("part", *block_headers()), rows, notes, BLOCK_OPTIONAL)


def count_cell(value: float | None) -> Cell:
    """A count of credits: whole, or with one digit."""
    if value is None:
        return None
    return int(value) if value == int(value) else f"{value:.1f}"
