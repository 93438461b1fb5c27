"""Bootstrap intervals on sums of counts: nothing is scored again.

A score is a function of summed counts, so resampling adds up counts. One row of a table of counts
is a paragraph; what is drawn is decided by `harness.stats.units`. numpy is imported when a function
is called.

Sources: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", ch. 13 (percentile
interval); Rao and Wu 1988, "Resampling inference with complex survey data", JASA 83 (n - 1 draws
weighted n / (n - 1), without which strata of few units give intervals that are too narrow);
Hesterberg 2015, "What teachers should know about the bootstrap", American Statistician 69
(percentiles moved outwards as Student's t is wider than the normal distribution); Wolter 2007,
"Introduction to Variance Estimation", ch. 2 (random groups, where there are many units).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.stats.student import normal_tail
from harness.stats.units import DEFAULT_RESAMPLES, SampleSize, Units, drawn_of

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = ["Interval", "Resampler", "enough_resamples", "percentile_interval", "shown_by"]

_KEPT_WEIGHTS = 25_000_000  # 25 MB: a byte each.
_DRAWN_TOGETHER = 200_000
_MOST_RESAMPLES = 200_000
_MOST_DRAWS = 100_000_000
_IN_TAIL = 10
_LEAST_IN_TAIL = 5


@dataclass(frozen=True, slots=True)
class Interval:
    """A bootstrap interval; `low` and `high` are `None` where there is none, `lacking` says why.

    That is where the score is undefined, and where too few units hold anything of it.
    """

    low: float | None
    high: float | None
    standard_error: float | None
    degrees: float
    """Degrees of freedom: the effective number of units less that of their strata."""
    level: float = 0.95
    lacking: str | None = None

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Both ends, or `None`."""
        return None if self.low is None or self.high is None else (self.low, self.high)


class Resampler:
    """Draws the same bootstrap resamples for everything that is to be compared.

    `documents[i]` is the document of paragraph `i`. Of the `n` units of a stratum `n - 1` are drawn
    with replacement and weighted by `n / (n - 1)` (Rao and Wu 1988).

    Of more than 20,000 units it is some 2,000 random groups that are drawn (`Units.groups`; Wolter
    2007), which gives the same variances on average over all ways to make them; one standard error
    has a coefficient of variation of 1.6 % from it. Other ways do not do: Poisson weights of units
    are as many draws as units, a multinomial draw over the distinct rows of one table cannot be the
    same for another, and subsamples (a "bag of little bootstraps") hold little of a rare type,
    where groups hold every unit.
    """

    def __init__(
        self, documents: Sequence[int], *, resamples: int = DEFAULT_RESAMPLES, seed: int = 0
    ) -> None:
        if resamples < 1 or seed < 0:
            raise UsageError(
                f"{resamples} resamples with seed {seed}, expected at least 1, and a seed from 0 up"
            )
        self.resamples = resamples
        self.seed = seed
        self.units = Units(documents)
        self._kept: list[list[Any]] | None = None

    @property
    def unit(self) -> str:
        """`paragraph` or `document`."""
        return self.units.unit

    def sums(self, counts: Any) -> Array:
        """Summed counts of every resample: `(paragraphs, k)` in, `(resamples, k)` out.

        Columns of many backends and types side by side cost little more than one.
        """
        import numpy as np

        if not self.units.strata:  # Nothing can be drawn.
            return np.zeros((self.resamples, np.asarray(counts).shape[1]))
        return self.sums_of([self.drawn(counts)])

    def sums_of(self, drawn: Iterable[Sequence[Array]]) -> Array:
        """The same of what `drawn` has made of each of several tables, side by side; of units, at
        least one."""
        import numpy as np

        strata = [np.concatenate(side, axis=1) for side in zip(*drawn, strict=True)]
        total = np.zeros((self.resamples, strata[0].shape[1]))
        # Every stratum consumes the generator alike, whatever its counts: resamples pair up.
        for table, blocks in zip(strata, self._draws(), strict=True):
            _add_weighted(total, table, blocks)
        return total

    def drawn(self, counts: Any) -> list[Array]:
        """Counts of the units of each stratum, or of its groups: what resamples are drawn from."""
        return self.units.drawn(counts, self.seed)

    def _draws(self) -> Iterator[Iterable[Any]]:
        """How often each unit of each stratum is drawn, in blocks of resamples.

        The draws of few units are kept: a table of many backends asks for them again and again.
        """
        import numpy as np

        sizes = self.units.sizes
        few = not self.units.grouped and sum(sizes) * self.resamples <= _KEPT_WEIGHTS
        if self._kept is None and few:
            rng = np.random.default_rng(self.seed)
            self._kept = [list(self._draw(size, rng)) for size in sizes]
        if self._kept is not None:
            yield from self._kept
            return
        rng = np.random.default_rng(self.seed)
        for size in sizes:
            yield self._draw(size, rng)

    def _draw(self, size: int, rng: Any) -> Iterator[Any]:
        import numpy as np

        draws = max(1, size - 1)
        step = max(1, min(self.resamples, _DRAWN_TOGETHER // max(1, size)))
        for start in range(0, self.resamples if size else 0, step):
            rows = min(step, self.resamples - start)
            picks = rng.integers(0, size, size=(rows, draws), dtype=np.int32)
            picks += (np.arange(rows, dtype=np.int32) * size)[:, None]
            weights = np.bincount(picks.ravel(), minlength=rows * size).reshape(rows, size)
            yield weights.astype(np.min_scalar_type(weights.max()))


def _add_weighted(total: Array, table: Array, blocks: Iterable[Any]) -> None:
    """Add to each resample what it drew of the table of a stratum."""
    import numpy as np

    size = len(table)
    # float32 adds up integers and halves exactly below 2^23 and is twice as fast.
    exact = float(np.abs(table).max(initial=0.0)) * size < 2**23
    kind = np.float32 if exact else np.float64
    table = table.astype(kind)
    start = 0
    for weights in blocks:
        end = start + len(weights)
        sums = (weights.astype(kind) @ table).astype(np.float64)
        total[start:end] += sums * (size / max(1, size - 1))
        start = end


def percentile_interval(values: Array, evidence: SampleSize, *, level: float = 0.95) -> Interval:
    """The interval of values computed from `Resampler.sums`, with what stands behind them.

    Resamples in which the value is undefined (NaN) are left out; if all are, or if too few units
    hold anything, there is no interval.
    """
    import numpy as np

    known = values[~np.isnan(values)]
    lacking = evidence.lacking or (None if len(known) else "the score is undefined")
    if lacking is not None:
        return Interval(None, None, None, evidence.degrees, level, lacking)
    tail = normal_tail((1 - level) / 2, evidence.degrees)
    low, high = np.quantile(known, [tail, 1 - tail])
    error = float(known.std(ddof=1)) if len(known) > 1 else 0.0
    return Interval(float(low), float(high), error, evidence.degrees, level)


def enough_resamples(level: float, degrees: Sequence[float], *, asked: int, units: int) -> int:
    """How many resamples show intervals of that level: as many as asked for, or more.

    That is 10 in each tail, as far as 200,000 resamples and 100,000,000 draws of units, or of
    groups of them, allow.
    """
    tails = [normal_tail((1 - level) / 2, one) for one in degrees]
    if not tails or asked * min(tails) >= _IN_TAIL:
        return asked
    most = min(_MOST_RESAMPLES, _MOST_DRAWS // max(1, drawn_of(units)))
    return max(asked, int(min(_IN_TAIL / max(min(tails), 1e-9), most)))


def shown_by(resamples: int, level: float, degrees: float) -> bool:
    """Whether so many resamples show an interval of that level, with some to spare in each tail."""
    return resamples * normal_tail((1 - level) / 2, degrees) >= _LEAST_IN_TAIL
