"""Every pair of backends on one measure: differences, intervals, tests, ties, what could be seen.

`compare` and `choose` and the rankings of a run ask here, so that they cannot contradict each
other: one family for Holm's correction (all pairs of those that are compared), one definition of a
tie, the same units for intervals and tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from harness.decide.draws import Drawn, resample
from harness.stats.permutation import (
    ALPHA,
    PairedTest,
    holm_factors,
    holm_steps,
    randomisation_test,
)
from harness.stats.power import detectable_difference, verdict_is_possible
from harness.stats.resample import Interval, Resampler, percentile_interval
from harness.stats.ties import tie_groups, tied_with_best
from harness.tasks.parts import PartCounts

__all__ = ["BackendPair", "Pairwise", "pairwise"]


@dataclass(frozen=True, slots=True)
class BackendPair:
    """Two backends by their places in the list, the second against the first."""

    first: int
    second: int
    paired: Interval
    """Of the difference, for this pair alone."""
    test: PairedTest
    adjusted: float | None
    """The p-value after Holm's correction over the pairs tested; `None` where there is none."""
    exact: bool
    """Whether the p-value that the corrected one comes from was counted, not sampled."""
    detectable: float | None
    """The smallest true difference that this verdict finds with 80 % power."""
    possible: bool
    """Whether there are units enough for any difference to pass the correction."""

    @property
    def differs(self) -> bool:
        """Whether they differ at 5 %."""
        return self.adjusted is not None and self.adjusted < ALPHA


@dataclass(frozen=True, slots=True)
class Pairwise:
    """The pairs, and each backend alone, in the order given."""

    scores: tuple[float | None, ...]
    intervals: tuple[Interval, ...]
    drawn: tuple[Drawn, ...]
    pairs: tuple[BackendPair, ...]

    def pair(self, one: int, other: int) -> BackendPair:
        """That of two places, in either order."""
        wanted = (min(one, other), max(one, other))
        return next(pair for pair in self.pairs if (pair.first, pair.second) == wanted)

    def tested(self) -> int:
        """How many pairs have a p-value: Holm's family."""
        return sum(pair.adjusted is not None for pair in self.pairs)

    def detectable(self) -> tuple[float, float] | None:
        """The smallest and the largest true difference that a verdict on a pair finds with 80 %
        power; `None` where that cannot be said."""
        seen = [pair.detectable for pair in self.pairs if pair.detectable is not None]
        return (min(seen), max(seen)) if seen else None

    def best(self, names: Sequence[str]) -> frozenset[str]:
        """The best and all that were not found to differ from it; none where nothing was tested."""
        return tied_with_best(self.groups(names)) if self.tested() else frozenset()

    def ranked(self) -> list[int]:
        """Places, best score first; undefined ones last, equal ones as given."""
        scores = self.scores
        return sorted(range(len(scores)), key=lambda i: (-_or(scores[i], -1.0), i))

    def groups(self, names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        """The maximal sets of backends of which no two were found to differ, best first.

        None where there are several and nothing could be tested: that is no tie.
        """
        if len(names) > 1 and not self.tested():
            return ()
        differing = {frozenset((names[p.first], names[p.second])) for p in self.pairs if p.differs}
        ranked = [names[place] for place in self.ranked()]
        return tuple(tie_groups(ranked, lambda a, b: frozenset((a, b)) not in differing))


def pairwise(
    counts: Sequence[PartCounts],
    resampler: Resampler,
    *,
    seed: int = 0,
    among: Iterable[tuple[int, int]] | None = None,
) -> Pairwise:
    """Put backends side by side on one measure; `counts` are of the same paragraphs.

    `among` are the pairs to test, by place, and the family of Holm's correction; `None` is all of
    them. Where there are none there are intervals of each alone.
    """
    drawn = resample(resampler, counts)
    places = list(combinations(range(len(counts)), 2) if among is None else among)
    units = resampler.units
    behind = [units.evidence(counts[i].basis, counts[j].basis) for i, j in places]
    results = [
        randomisation_test(
            counts[i].rows, counts[j].rows, units, counts[i].score, evidence=evidence, seed=seed
        )
        for (i, j), evidence in zip(places, behind, strict=True)
    ]
    known = [number for number, test in enumerate(results) if test.p_value is not None]
    p_values = [results[number].p_value or 0.0 for number in known]
    steps = dict(zip(known, holm_steps(p_values), strict=True))
    factors = dict(zip(known, holm_factors(p_values), strict=True))
    pairs = []
    for number, (i, j) in enumerate(places):
        evidence = behind[number]
        paired = percentile_interval(drawn[j].values - drawn[i].values, evidence)
        factor = factors.get(number, 1)
        possible = number in factors and verdict_is_possible(evidence.units, factor)
        detectable = detectable_difference(paired, evidence, factor=factor) if possible else None
        adjusted, source = steps.get(number, (None, 0))
        exact = not known or results[known[source]].exact
        pairs.append(
            BackendPair(i, j, paired, results[number], adjusted, exact, detectable, possible)
        )
    return Pairwise(
        tuple(one.value for one in counts),
        tuple(one.interval() for one in drawn),
        tuple(drawn),
        tuple(pairs),
    )


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
