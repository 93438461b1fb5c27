"""Where a score that was measured again and again has changed: tests by flipping units' signs.

The values are `(units, records)`: what each document (or paragraph) adds to the score of each
record, in order. If nothing but chance moves the answers, what one unit has gained from one record
to another it could as well have lost; so the whole course of a unit is turned upside down at random
(all its records together, whatever their correlation), and the largest statistic over all places is
compared with those of the turned courses.

Sources: Nichols and Holmes 2002, "Nonparametric permutation tests for functional neuroimaging"
(sign flipping, the maximum over all places); Bai 1994, "Least squares estimation of a shift in
linear processes" (the place); Prais and Winsten 1954 (correlated records); Hinkley 1971, "Inference
in two-phase regression" (a slope that begins); Lan and DeMets 1983, "Discrete sequential boundaries
for clinical trials" (looking again and again); Davison and Hinkley 1997, §4.2 (`+1`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = ["LEAST_SLOPE", "ChangeTest", "best_shape", "change_test", "fall_seen", "influences"]

LEAST_SLOPE = 3
"""A slope goes on over as many records, or it is a step."""

_TRIALS = 5_000
_MORE = 20
_FEW_HITS = 20
_MOST_NUMBERS = 40_000_000
_BLOCK = 4_000_000
_ENUMERATED = 12
_WINDOW = 40
"""Records at most that a look goes back."""
_HALF_SPENT = 20
"""Looks after which half of the error rate is spent."""
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class ChangeTest:
    """Whether and where one course of records has changed; `place` is right if it has."""

    p_value: float
    """Of no change anywhere."""
    place: int
    """The first record after a step; or the last one before a slope."""
    slope: bool
    """Whether a slope from `place` to the end fits better than a step."""
    exact: bool
    """Whether all flips were counted."""


def influences(rows: Any, score: Callable[[Array], Array]) -> Array | None:
    """What each unit adds to the score of each record, `(units, records)`, up to a constant.

    `rows` are counts, `(records, units, k)`. It is the score's gradient at the mean of all records
    times the counts (the delta method): scores of one course differ by a few points. `None` where
    the score is undefined there.
    """
    import numpy as np

    table = np.asarray(rows, dtype=np.float64)
    pooled = table.sum(axis=1).mean(axis=0)
    up = 1e-5 * np.maximum(1.0, pooled)  # Of each column its own: a rare type stands beside others.
    down = np.minimum(up, pooled)  # No count is below 0.
    gradient = (score(pooled + np.diag(up)) - score(pooled - np.diag(down))) / (up + down)
    return None if np.isnan(gradient).any() else (table @ gradient).T


def change_test(values: Any, *, level: float, seed: int = 0) -> ChangeTest | None:
    """Whether the course has a change anywhere, two-sided, and which.

    The statistic is the largest of all |mean after - mean before|, each over the root of the sum of
    the units' squares. All flips are counted where 12 units or fewer differ; else 5,000 are drawn,
    20 times as many where the p-value is to be held against a `level` of which fewer than 20 flips
    speak. `None` where no unit ever differs.
    """
    import numpy as np

    table = _centred(values)
    table = table[np.any(np.abs(table) > _TINY, axis=1)]
    contrasts = _steps(table)
    scale = np.sqrt((contrasts**2).sum(axis=0))
    known = scale > _TINY
    if not known.any():
        return None

    def largest(courses: Array) -> Array:
        return (np.abs(_steps(courses)[:, known]) / scale[known]).max(axis=1)  # type: ignore[no-any-return]

    observed = float(largest(table.sum(axis=0, keepdims=True))[0]) - 1e-9
    units, records = table.shape
    if units <= _ENUMERATED:
        signs = 1.0 - 2.0 * ((np.arange(2**units)[:, None] >> np.arange(units)) & 1)
        return ChangeTest(
            float((largest(signs @ table) >= observed).mean()), *best_shape(table), True
        )
    rng = np.random.default_rng(seed)
    trials = _TRIALS
    if level * trials < _FEW_HITS:
        trials = max(trials, min(_TRIALS * _MORE, _MOST_NUMBERS // records))
    hits = sum(int((largest(block) >= observed).sum()) for block in _flipped(table, trials, rng))
    return ChangeTest((hits + 1) / (trials + 1), *best_shape(table), False)


def fall_seen(values: Any, *, alpha: float, seed: int = 0) -> int | None:
    """After how many records a slow fall would have been told, by somebody who looks at each.

    At a look the statistic is the largest over all records at which a slope may have begun, of the
    last 40; its limit is such that of courses turned at random a share of `alpha` j / (j + 20) has
    been above one by look j. So a course without a fall is above any limit, ever, with probability
    `alpha`. A limit depends on no later values; what a record's values are may do so a little
    (`influences` takes its gradient from all records). `None` where none was passed.
    """
    import numpy as np

    table = _centred(values)
    flipped = np.concatenate(list(_flipped(table, _TRIALS, np.random.default_rng(seed))))
    total = table.sum(axis=0)
    alive, spent = np.ones(len(flipped), dtype=bool), 0
    for look, records in enumerate(range(LEAST_SLOPE + 1, table.shape[1] + 1), 1):
        first = max(0, records - _WINDOW)
        slopes = -_slopes(records - first)
        slopes -= slopes.mean(axis=0)
        scale = np.sqrt(((table[:, first:records] @ slopes) ** 2).sum(axis=0))
        known = scale > _TINY
        budget = int(len(flipped) * alpha * look / (look + _HALF_SPENT)) - spent
        if not known.any() or budget < 1:
            continue
        slopes = slopes[:, known] / scale[known]
        largest = (flipped[:, first:records] @ slopes).max(axis=1)
        living = np.sort(largest[alive])
        limit = living[-budget - 1] + 1e-9
        if (total[first:records] @ slopes).max() > limit:
            return records
        passed = alive & (largest > limit)
        spent += int(passed.sum())
        alive &= ~passed
    return None


def best_shape(values: Any, *, steps_only: bool = False) -> tuple[int, bool]:
    """`place` and `slope` of the change that fits best, whether there is one or not.

    By least squares on the whole score, its records as correlated as those of a unit are.
    """
    import numpy as np

    table = _centred(values)
    records = table.shape[1]
    steps = (np.arange(records)[:, None] >= np.arange(1, records)).astype(np.float64)
    shapes = steps if steps_only else np.concatenate([steps, _slopes(records)], axis=1)
    whole = table.sum(axis=0)
    first = shapes[:, _smallest(_misfits(whole, shapes, 0.0))]
    misfits = _misfits(whole, shapes, _correlation(table, first))
    best = _smallest(misfits)  # Of equals a step, and the first.
    count = steps.shape[1]
    return (best - count, True) if best >= count else (best + 1, False)


def _smallest(misfits: Array) -> int:
    """The first that no other is smaller than by more than is lost in the last digits."""
    return int((misfits <= misfits.min() + 1e-9 * misfits.max()).argmax())


def _centred(values: Any) -> Array:
    import numpy as np

    table = np.asarray(values, dtype=np.float64)
    return table - table.mean(axis=1, keepdims=True)  # type: ignore[no-any-return]


def _flipped(table: Array, trials: int, rng: Any) -> Iterator[Array]:
    """Sums over units that were turned upside down at random, `(trials, records)`, in blocks."""
    import numpy as np

    step = max(1, _BLOCK // max(table.shape))
    for start in range(0, trials, step):
        signs = rng.integers(0, 2, (min(step, trials - start), len(table)), np.int8)
        yield (2.0 * signs - 1.0) @ table


def _steps(courses: Array) -> Array:
    """Mean after less mean before, at every place: `(m, n)` in, `(m, n - 1)` out."""
    import numpy as np

    count = courses.shape[1]
    before = np.arange(1, count)
    sums = courses.cumsum(axis=1)
    return (sums[:, -1:] - sums[:, :-1]) / (count - before) - sums[:, :-1] / before  # type: ignore[no-any-return]


def _slopes(records: int) -> Array:
    """A column for each record but the last ones: flat up to it, then one more at each."""
    import numpy as np

    starts = np.arange(max(0, records - LEAST_SLOPE))
    return np.maximum(0.0, np.arange(records)[:, None] - starts)  # type: ignore[no-any-return]


def _misfits(whole: Array, shapes: Array, correlation: float) -> Array:
    """The squares left where a constant and each of the shapes are fitted to the score."""
    import numpy as np

    columns = np.concatenate([np.ones((len(whole), 1)), whole[:, None], shapes], axis=1)
    apart = columns - correlation * np.concatenate([np.zeros_like(columns[:1]), columns[:-1]])
    apart[0] *= np.sqrt(1 - correlation**2)
    constant = apart[:, 0] / np.linalg.norm(apart[:, 0])
    rest = apart[:, 1:] - np.outer(constant, constant @ apart[:, 1:])
    score, fitted = rest[:, 0], rest[:, 1:]
    lengths = np.maximum((fitted**2).sum(axis=0), _TINY)
    return (score @ score) - (score @ fitted) ** 2 / lengths  # type: ignore[no-any-return]


def _correlation(table: Array, shape: Array) -> float:
    """Of neighbouring records of a unit, where each has moved in this shape; from 0 to 0.95."""
    import numpy as np

    centred = shape - shape.mean()
    left = table - np.outer(table @ centred, centred) / max(float(centred @ centred), _TINY)
    squares = float((left**2).sum())
    if squares <= _TINY:
        return 0.0
    return float(np.clip((left[:, 1:] * left[:, :-1]).sum() / squares, 0.0, 0.95))
