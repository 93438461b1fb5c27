"""Scores as functions of summed counts, so that they can be resampled: one name, one matrix.

A *part* is what is measured: all entity types (`micro`), their mean (`macro`), one type, or, for
attribution, a relation (`found50`), an element (`source`, `content.overlap`), a kind (`direct`),
`speaker` or `null_source`. A *metric* is precision, recall or F1 of it. `columns` gives the counts
per unit and the statistic that turns their sum into the score.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from harness.adapter import Capabilities
from harness.annotation import KINDS, Task
from harness.errors import UsageError
from harness.results.rescore import counts_of
from harness.stats.rates import rates
from harness.stats.resample import Interval, Resampler, percentile_interval
from harness.stats.units import Evidence
from harness.tasks.attribution.tally import RELATIONS, ROLES, AttributionTally
from harness.tasks.ner.credit import CREDIT, outcome_of, type_of_prediction
from harness.tasks.ner.options import Match
from harness.tasks.ner.tally import NerTally

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = [
    "ATTRIBUTION_PARTS",
    "METRICS",
    "Columns",
    "Drawn",
    "Metric",
    "Tally",
    "as_float",
    "averaged",
    "closeness",
    "columns",
    "entity_types",
    "headline_part",
    "metric_named",
    "part_named",
    "resample",
    "score_of",
    "statistic",
    "support",
    "withheld_parts",
]

Metric: TypeAlias = Literal["precision", "recall", "f1"]
METRICS: tuple[Metric, ...] = get_args(Metric)
Tally: TypeAlias = NerTally | AttributionTally
Statistic: TypeAlias = Callable[["Array"], "Array"]

ATTRIBUTION_PARTS: tuple[str, ...] = (
    *RELATIONS,
    *(f"{role}{view}" for role in ROLES for view in ("", ".overlap")),
    *KINDS,
    "speaker",
    "null_source",
)


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Counts of one part: a row per paragraph, and the number of columns that make up a score.

    Rows are `(right, predicted, gold)`; for kinds of attributions, which are found by the kind in
    the gold and right by the predicted one, `(found, gold, right, predicted)`; for `macro` a group
    of three for each of `types`.
    """

    counts: Array
    group: int
    types: tuple[str, ...] = ()
    metric: Metric = "f1"
    """What is to be made of them; it decides which of them stand behind the score."""

    @property
    def basis(self) -> Array:
        """What each paragraph contributes to the denominator: predictions, gold mentions, or both.

        A paragraph without any of it says nothing of the score.
        """
        gold, predicted = (2, 1) if self.group == 3 else (1, 3)
        wanted = {"precision": (predicted,), "recall": (gold,), "f1": (predicted, gold)}
        return sum(self.counts[:, column :: self.group] for column in wanted[self.metric])  # type: ignore[return-value]  # never empty


def headline_part(task: Task) -> str:
    """The part by which a task's backends are ranked."""
    return "micro" if task == "ner" else "found50"


def metric_named(name: str) -> Metric:
    """The metric of that name. Raises `UsageError` with the nearest one."""
    for metric in METRICS:
        if metric == name.lower():
            return metric
    raise UsageError(f"unknown metric {name!r}{_nearest(name, METRICS)}")


def part_named(name: str, task: Task, types: Iterable[str]) -> str:
    """The part of that name; `types` are the entity types that there are.

    Raises `UsageError` with the nearest one.
    """
    known = _parts(task, types)
    if name in known:
        return name
    raise UsageError(
        f"unknown {'type' if task == 'ner' else 'part'} {name!r}{_nearest(name, known)}"
    )


def closeness(name: str, task: Task, types: Iterable[str]) -> float:
    """How near, from 0 to 1, the nearest part of that task is to a name; case does not matter."""
    return max(
        difflib.SequenceMatcher(None, name.casefold(), part.casefold()).ratio()
        for part in _parts(task, types)
    )


def _parts(task: Task, types: Iterable[str]) -> tuple[str, ...]:
    return ATTRIBUTION_PARTS if task == "attribution" else ("micro", "macro", *sorted(types))


def entity_types(tallies: Iterable[Tally]) -> dict[str, int]:
    """Every entity type with gold support, with that support; most frequent first."""
    counts: dict[str, int] = {}
    for tally in tallies:
        if isinstance(tally, NerTally):
            for (_, gold, _), n in tally.cells("strict").items():
                if gold is not None:
                    counts[gold] = counts.get(gold, 0) + n
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def columns(
    tallies: Sequence[Tally],
    part: str,
    *,
    match: Match = "strict",
    types: Sequence[str] = (),
    metric: Metric = "f1",
) -> Columns:
    """The counts of a part, a row per tally. `types` are those that `macro` averages over."""
    import numpy as np

    if part == "macro":
        blocks = [columns(tallies, label, match=match).counts for label in types]
        table = np.concatenate(blocks, axis=1) if blocks else np.zeros((len(tallies), 3))
        return Columns(table, 3, tuple(types), metric)
    rows: list[Sequence[float]] = []
    for tally in tallies:
        if isinstance(tally, NerTally):
            rows.append(_entity_row(tally, None if part == "micro" else part, match))
        else:
            rows.append(_attribution_row(tally, part))
    if part == "speaker" and not any(row[1] for row in rows):
        rows = [(0.0,) * 4] * len(rows)  # Gold that names nobody says nothing of speakers.
    group = 4 if part in KINDS else 3
    if isinstance(next(iter(tallies), None), AttributionTally) and group == 3:
        rows = [(found, predicted, gold) for found, gold, _, predicted in rows]
    table = np.asarray(rows, dtype=np.float64).reshape(len(rows), group)
    return Columns(table, group, metric=metric)


def score_of(counts: Columns, metric: Metric | None = None) -> Statistic:
    """The score of sums of these counts; `metric` is another one than they were made for."""
    return statistic(metric or counts.metric, counts.group, macro=bool(counts.types))


def statistic(metric: Metric, group: int, *, macro: bool = False) -> Statistic:
    """The score of summed counts, `(..., k)` in, `(...)` out; NaN where undefined.

    Several groups side by side are averaged (macro), over the types that have gold mentions in
    these sums: one that a resample lacks is left out of it, and one that is never predicted has
    precision 0, as in `harness.tasks.measures`.
    """

    def of_one(counts: Array) -> Array:
        return getattr(rates(counts), metric)  # type: ignore[no-any-return]  # named by Metric

    return averaged(of_one, group, macro=macro)


def averaged(score: Statistic, group: int, *, macro: bool = False) -> Statistic:
    """A score of one group made into the mean over the groups that have gold mentions.

    One group alone is no mean, unless it is the only type of a `macro` average.
    """
    import numpy as np

    def mean(counts: Array) -> Array:
        counts = np.asarray(counts, dtype=np.float64)
        shaped = counts.reshape(*counts.shape[:-1], counts.shape[-1] // group, group)
        values = score(shaped)
        if shaped.shape[-2] == 1 and not macro:
            return np.asarray(values[..., 0])
        there = shaped[..., 2 if group == 3 else 1] > 0
        total = np.where(there, np.nan_to_num(values), 0.0).sum(axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(total / there.sum(axis=-1))

    return mean


def support(counts: Columns) -> int:
    """How many gold mentions (or relations, elements, letters and digits) there are, in all."""
    import numpy as np

    index = 2 if counts.group == 3 else 1
    return round(float(np.sum(counts.counts[:, index :: counts.group])))


def withheld_parts(capabilities: Capabilities | None) -> frozenset[str]:
    """Attribution parts that a backend cannot give at all: undefined instead of 0."""
    able = capabilities or Capabilities()
    withheld: set[str] = set()
    if not able.cues:
        withheld |= {"triple", "exact", "cue", "cue.overlap"}
    if not able.indirect:
        withheld.add("indirect")
    if not able.null_sources:
        withheld.add("null_source")
    if not able.speakers:
        withheld.add("speaker")
    return frozenset(withheld)


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A score on every resample, and what stands behind it."""

    values: Array
    evidence: Evidence

    def interval(self, *, level: float = 0.95) -> Interval:
        """The interval of the score."""
        return percentile_interval(self.values, self.evidence, level=level)


def resample(
    resampler: Resampler, counts: Sequence[Columns], score: Sequence[Statistic]
) -> list[Drawn]:
    """Each of `counts` scored on every resample; the resamples are drawn once for all of them."""
    import numpy as np

    if not counts:
        return []
    sums = resampler.sums(np.concatenate([one.counts for one in counts], axis=1))
    cuts = np.cumsum([one.counts.shape[1] for one in counts])[:-1]
    return [
        Drawn(of(part), resampler.units.evidence(one.basis))
        for one, part, of in zip(counts, np.split(sums, cuts, axis=1), score, strict=True)
    ]


def _entity_row(tally: NerTally, label: str | None, match: Match) -> tuple[float, float, float]:
    """`(right, predicted, gold)`, over all types or of one."""
    if match == "strict":  # Nearly always, and asked for once per type and paragraph.
        return counts_of(tally, label)
    right = gold = predicted = 0.0
    for (error, here, there), n in tally.cells(match).items():
        owner = type_of_prediction(here, there, match)
        if here is not None and label in (None, here):
            gold += n
            right += n * CREDIT[outcome_of(error, match)]
        if owner is not None and label in (None, owner):
            predicted += n
    return right, predicted, gold


def _attribution_row(tally: AttributionTally, part: str) -> tuple[float, ...]:
    if part in RELATIONS:
        return tally[part], tally["gold"], tally[part], tally["predicted"]
    if part in KINDS:
        found = sum(tally[f"{part}>{other}"] for other in KINDS)
        right = sum(tally[f"{other}>{part}"] for other in KINDS)
        return found, tally[f"{part}.gold"], right, tally[f"{part}.predicted"]
    role, _, view = part.partition(".")
    same, suffix = ("shared_chars", "_chars") if view else ("same", "")
    if role == "speaker":
        same = "right"
    elif role == "null_source":
        same = "both"
    right = tally[f"{role}.{same}"]
    return right, tally[f"{role}.gold{suffix}"], right, tally[f"{role}.predicted{suffix}"]


def _nearest(name: str, known: Iterable[str]) -> str:
    folded = {option.casefold(): option for option in known}
    near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    guess = f". Did you mean {folded[near[0]]!r}?" if near else ""
    return f"{guess or '.'} Known: {', '.join(folded.values())}"


def as_float(value: Any) -> float | None:
    """A number, or `None` for NaN."""
    number = float(value)
    return None if number != number else number
