"""What a check is able to see: the smallest true drop that it fails on in four of five cases.

How a backend will fail is not known before it does. Losses may fall on single mentions here and
there, or take documents whole; the second is much harder to see, since a resample may miss those
documents. So there are two numbers, and the simulations in docs/statistics.md hold for both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.comparison.measures import Columns, Metric, Statistic
from harness.stats.power import POWER
from harness.stats.units import Units

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["Losses", "detectable_drop", "losses"]

_KEPT = 2000


@dataclass(frozen=True, slots=True)
class Losses:
    """What there is to lose, in points of a hundred: all of it, and in which portions.

    Portions differ in size; `mention` and `unit` are means weighted by the size itself, which gives
    a sum of lost portions its variance. `unit` is a document, or a paragraph where those are
    resampled.
    """

    total: float
    mention: float
    unit: float


def losses(counts: Columns, metric: Metric, score: Statistic, units: Units) -> Losses | None:
    """What this score can lose; `None` where it is undefined or 0.

    For recall and F1 a right prediction disappears; for precision it turns wrong.
    """
    import numpy as np

    table = units.fold(counts.counts)
    total = table.sum(axis=0)
    everything = 100 * float(score(total))
    if not everything > 0:
        return None
    lost, right = _lost(table, counts.group, metric)
    worth = np.zeros(right.shape)
    for group in range(right.shape[1]):
        one = np.zeros(table.shape)
        columns = slice(group * counts.group, (group + 1) * counts.group)
        one[:, columns] = lost[:, columns]
        after = np.nan_to_num(score(total - one), nan=0.0)
        worth[:, group] = np.maximum(0.0, everything - 100 * after)
    there = (right > 0) & (worth > 0)
    if not there.any():
        return None
    by_unit = worth.sum(axis=1)
    return Losses(
        everything,
        float((worth[there] ** 2 / right[there]).sum() / worth.sum()),
        float((by_unit**2).sum() / by_unit.sum()),
    )


def _lost(table: Array, group: int, metric: Metric) -> tuple[Array, Array]:
    """What each unit's counts lose with all that it has right, and how many mentions that is."""
    import numpy as np

    shaped = table.reshape(len(table), -1, group)
    lost = np.zeros(shaped.shape)
    if group == 3:
        right = shaped[..., 0]
        lost[..., 0] = right
        if metric != "precision":
            lost[..., 1] = right
    else:
        right = np.maximum(shaped[..., 0], shaped[..., 2])
        lost[..., 0], lost[..., 2] = shaped[..., 0], shaped[..., 2]
        if metric != "precision":
            lost[..., 3] = shaped[..., 2]
    return lost.reshape(table.shape), right


def detectable_drop(
    noise: Array,
    *,
    portion: float,
    total: float,
    margin: float | None,
    tail: float | None,
    gap: float | None = None,
    seed: int = 0,
) -> float | None:
    """The smallest true drop, in points, on which a check fails with 80 % power.

    `noise` are resampled differences of the two runs around their mean: what happens anyway. Of
    `total` points each portion is lost with the same chance, so the number of lost ones is
    binomial, and so is, in a resample, the number of them that were drawn. A check fails when the
    observed drop exceeds `margin` and the `1 - tail` quantile of its resamples lies below 0 (with
    `tail` `None` the margin alone decides), or when it exceeds `gap`, the distance to a floor.
    `None` where not even the loss of everything is seen so often.
    """
    import numpy as np

    portions = max(1, round(total / portion))
    rng = np.random.default_rng(seed)
    sample = np.asarray(noise, dtype=np.float64)
    if len(sample) > _KEPT:
        sample = rng.permutation(sample)[:_KEPT]
    sample = np.sort(sample - sample.mean())
    shuffled = rng.permutation(sample)

    def failing(lost: float) -> float:
        """The chance to fail when so many portions are gone."""
        drop = lost * total / portions
        bound = -np.inf
        if margin is not None:
            bound = drop - margin
            if tail is not None:
                drawn = rng.binomial(portions, lost / portions, len(sample)) * (total / portions)
                bound = min(bound, -float(np.quantile(shuffled - drawn, 1 - tail)))
        if gap is not None:
            bound = max(bound, drop - gap)
        return float(np.searchsorted(sample, bound - 1e-9, side="right")) / len(sample)

    steps = _steps(portions)
    known = np.array([failing(lost) for lost in steps])

    def power(expected: float) -> float:
        return float(_expectation(steps, known, expected, portions))

    if power(float(portions)) < POWER:
        return None
    return _first(power, float(portions)) * total / portions


def _steps(portions: int) -> Any:
    """Numbers of lost portions: every small one, then ever larger steps up to all."""
    import numpy as np

    steps = [0.0]
    while steps[-1] < portions:
        steps.append(min(float(portions), steps[-1] + max(1.0, round(0.25 * steps[-1]))))
    return np.array(steps)


def _expectation(steps: Any, values: Array, expected: float, portions: int) -> float:
    """The mean of `values`, known at `steps`, over a binomial number with that expectation."""
    import numpy as np

    spread = np.sqrt(max(1e-12, expected * (1 - expected / portions)))
    low = max(0, int(expected - 6 * spread - 3))
    high = min(portions, int(expected + 6 * spread + 3))
    numbers = np.unique(np.linspace(low, high, min(high - low + 1, 401)).round())
    share = min(1 - 1e-12, max(1e-12, expected / portions))
    from math import lgamma

    log = np.array(
        [
            lgamma(portions + 1) - lgamma(k + 1) - lgamma(portions - k + 1)
            + k * np.log(share) + (portions - k) * np.log1p(-share)
            for k in numbers
        ]
    )  # fmt: skip
    weight = np.exp(log - log.max())
    return float((weight * np.interp(numbers, steps, values)).sum() / weight.sum())


def _first(power: Callable[[float], float], highest: float) -> float:
    """The smallest expectation with enough power, by bisection."""
    low, high = 0.0, highest
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if power(middle) >= POWER else (middle, high)
        if high - low < 1e-3 * high:
            break
    return high
