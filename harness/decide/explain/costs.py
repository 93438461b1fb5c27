"""What each kind of error costs: Shapley parts of what mending everything would add to F."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.decide.explain.examined import Examined, Wrong
from harness.decide.explain.explanation import CaseExample, Cost
from harness.results.outcomes import Mention
from harness.stats.rates import rates
from harness.stats.resample import Interval, Resampler, percentile_interval
from harness.stats.shapley import Mending, shapley_parts

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = ["Priced", "costs_of", "f_interval", "priced"]

_ROUNDING = 1e-13
_SHOWN = 5
"""Examples of a kind."""


@dataclass(frozen=True, eq=False)
class Priced:
    """The costs of one backend, of all units and on every resample."""

    kinds: tuple[str, ...]
    f1: float
    drawn_f1: Array
    """F on every resample, NaN where undefined."""
    costs: Array
    """`(kinds,)`"""
    drawn: Array
    """`(kinds, resamples)`"""
    bound: float


def priced(one: Examined, resampler: Resampler) -> Priced:
    """The Shapley part of every kind of error in what all of them cost."""
    import numpy as np

    groups = sorted({one.case.kinds for one in one.wrong}, key=lambda kinds: (len(kinds), kinds))
    places = {kinds: place for place, kinds in enumerate(groups)}
    deltas = np.zeros((len(one.base), 2 * len(groups)), dtype=np.float32)
    for wrong in one.wrong:
        at = 2 * places[wrong.case.kinds]
        for unit in wrong.gold:
            deltas[unit, at : at + 2] += 1
        for unit in wrong.predicted:
            deltas[unit, at + 1] -= 1
    changing = [place for place in range(deltas.shape[1]) if deltas[:, place].any()]
    table = np.concatenate([one.base.astype(np.float32), deltas[:, changing]], axis=1)
    del deltas
    weights = one.counts.weights
    numbers = {kind: number for number, kind in enumerate(one.kinds)}
    sets = [frozenset(numbers[kind] for kind in kinds) for kinds in groups]

    def parts(sums: Array) -> tuple[Array, Array, float]:
        """F and costs of sums, `(..., columns)`."""
        right, gold, predicted = (sums[..., side] for side in range(3))
        column = {place: sums[..., 3 + at] for at, place in enumerate(changing)}
        nothing = np.zeros(sums.shape[:-1])
        repairs = [
            Mending(kinds, column.get(2 * at, nothing), column.get(2 * at + 1, nothing))
            for at, kinds in enumerate(sets)
        ]
        value = rates(right, gold, right, predicted, weights=weights).f1
        made = shapley_parts(
            len(numbers),
            repairs,
            right,
            gold,
            predicted,
            beta=one.counts.part.beta,
            seed=resampler.seed,
        )
        for row in made.values.reshape(len(numbers), -1) if numbers else ():
            row[np.abs(row) < _ROUNDING] = 0.0  # Nothing is shown as less than nothing.
        return np.asarray(value), made.values, made.bound

    f1, costs, bound = parts(table.sum(axis=0, dtype=float))
    drawn_f1, drawn, _ = parts(resampler.sums(table))
    return Priced(one.kinds, float(f1), drawn_f1, costs, drawn, bound)


def costs_of(one: Examined, made: Priced, resampler: Resampler) -> tuple[Cost, ...]:
    """Every kind with its cost, the dearest first."""
    evidence = resampler.units.evidence(one.counts.basis)
    counted = Counter(kind for wrong in one.wrong for kind in wrong.case.kinds)
    examples = _examples(one)
    costs = [
        Cost(
            kind,
            float(made.costs[number]),
            percentile_interval(made.drawn[number], evidence),
            counted[kind],
            examples[kind],
        )
        for number, kind in enumerate(made.kinds)
    ]
    return tuple(sorted(costs, key=lambda cost: (-cost.cost, cost.kind)))


def f_interval(one: Examined, made: Priced, resampler: Resampler) -> Interval:
    """The interval of F itself."""
    return percentile_interval(made.drawn_f1, resampler.units.evidence(one.counts.basis))


def _examples(one: Examined) -> Mapping[str, tuple[CaseExample, ...]]:
    """Of each kind the cases that show it best: those with this fault alone first, of words that
    are wrong in this way most often, and of each words one."""
    by_kind: dict[str, list[Wrong]] = {}
    for wrong in one.wrong:
        for kind in wrong.case.kinds:
            by_kind.setdefault(kind, []).append(wrong)
    return {kind: tuple(_best(one, cases)) for kind, cases in by_kind.items()}


def _best(one: Examined, cases: Iterable[Wrong]) -> Iterator[CaseExample]:
    worded = [(_words(one, wrong), wrong) for wrong in cases]
    alike = Counter(words for words, _ in worded)
    seen: set[str] = set()
    worded.sort(key=lambda pair: (len(pair[1].case.kinds), -alike[pair[0]], pair[1].unit, pair[0]))
    for words, wrong in worded:
        if words in seen:
            continue
        seen.add(words)
        mentions = [
            one.scored.mention(wrong.document, item)
            for item in (*wrong.case.gold, *wrong.case.predicted)
        ]
        known = max(1, len(wrong.case.gold))
        yield CaseExample(mentions[0], tuple(mentions[known:]), alike[words])
        if len(seen) == _SHOWN:
            return


def _words(one: Examined, wrong: Wrong) -> str:
    item: Any = (wrong.case.gold or wrong.case.predicted)[0]
    place: Mention = one.scored.mention(wrong.document, item)
    words = " ".join(one.texts[wrong.document][place.start : place.end].split()).casefold()
    return words or str(place)  # Without a text nothing is known to be alike.
