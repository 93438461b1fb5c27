"""Bootstrap intervals on sums of counts: nothing is scored again.

A score is a function of summed counts, so resampling adds up counts. One row of a table of counts
is a paragraph; what is drawn is decided by `harness.stats.units`. numpy is imported when a function
is called.

Sources: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", ch. 13 (percentile
interval); Rao and Wu 1988, "Resampling inference with complex survey data", JASA 83 (n - 1 draws
weighted n / (n - 1), without which strata of few units give intervals that are too narrow);
Hesterberg 2015, "What teachers should know about the bootstrap", American Statistician 69
(percentiles moved outwards as Student's t is wider than the normal distribution).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.stats.student import normal_tail
from harness.stats.units import DEFAULT_RESAMPLES, SampleSize, Units

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = ["Interval", "Resampler", "enough_resamples", "percentile_interval", "shown_by"]

_KEPT_WEIGHTS = 4_000_000  # 16 MB
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
        self._kept: list[list[Array]] | None = None

    @property
    def unit(self) -> str:
        """`paragraph` or `document`."""
        return self.units.unit

    def sums(self, counts: Any) -> Array:
        """Summed counts of every resample: `(paragraphs, k)` in, `(resamples, k)` out.

        Columns of many backends and types side by side cost little more than one.
        """
        import numpy as np

        table = self.units.fold(counts)
        total = np.zeros((self.resamples, table.shape[1]))
        # Every stratum consumes the generator alike, whatever its counts: resamples pair up.
        for stratum, blocks in zip(self.units.strata, self._draws(), strict=True):
            total += self._weighted(table[stratum], blocks)
        return total

    def _draws(self) -> Iterator[Iterable[Array]]:
        """How often each unit of each stratum is drawn, in blocks of resamples.

        The draws of few units are kept: a table of many backends asks for them again and again.
        """
        import numpy as np

        sizes = [len(stratum) for stratum in self.units.strata]
        if self._kept is None and sum(sizes) * self.resamples <= _KEPT_WEIGHTS:
            rng = np.random.default_rng(self.seed)
            self._kept = [list(self._draw(size, rng)) for size in sizes]
        if self._kept is not None:
            yield from self._kept
            return
        rng = np.random.default_rng(self.seed)
        for size in sizes:
            yield self._draw(size, rng)

    def _draw(self, size: int, rng: Any) -> Iterator[Array]:
        import numpy as np

        draws = max(1, size - 1)
        step = max(1, min(self.resamples, 2_000_000 // max(1, size)))
        for start in range(0, self.resamples if size else 0, step):
            rows = min(step, self.resamples - start)
            picks = rng.integers(0, size, size=(rows, draws), dtype=np.int32)
            picks += (np.arange(rows, dtype=np.int32) * size)[:, None]
            weights = np.bincount(picks.ravel(), minlength=rows * size).reshape(rows, size)
            yield weights.astype(np.float32)

    def _weighted(self, table: Array, blocks: Iterable[Array]) -> Array:
        import numpy as np

        size = len(table)
        out = np.zeros((self.resamples, table.shape[1]))
        # float32 adds up integers and halves exactly below 2^23 and is twice as fast.
        exact = float(np.abs(table).max(initial=0.0)) * size < 2**23
        kind = np.float32 if exact else np.float64
        start = 0
        for weights in blocks:
            end = start + len(weights)
            out[start:end] = weights.astype(kind, copy=False) @ table.astype(kind)
            start = end
        return out * (size / max(1, size - 1))


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

    That is 10 in each tail, as far as 200,000 resamples and 100,000,000 draws of units allow.
    """
    tails = [normal_tail((1 - level) / 2, one) for one in degrees]
    if not tails or asked * min(tails) >= _IN_TAIL:
        return asked
    most = min(_MOST_RESAMPLES, _MOST_DRAWS // max(1, units))
    return max(asked, int(min(_IN_TAIL / max(min(tails), 1e-9), most)))


def shown_by(resamples: int, level: float, degrees: float) -> bool:
    """Whether so many resamples show an interval of that level, with some to spare in each tail."""
    return resamples * normal_tail((1 - level) / 2, degrees) >= _LEAST_IN_TAIL
