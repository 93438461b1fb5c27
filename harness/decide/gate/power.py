"""What a check is able to see: the smallest true drop that it fails on in four of five cases.

How a backend will fail is not known before it does. Losses may fall on single mentions here and
there, or take documents whole; the second is much harder to see, since a resample may miss those
documents. So there are two numbers. Both are found by drawing losses and asking how often the check
would fail; docs/statistics.md says how often it does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.decide.gate.many import alike, lost_together
from harness.stats.permutation import Statistic
from harness.stats.power import POWER
from harness.stats.units import Units
from harness.tasks.parts import PartCounts

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = ["DropLimits", "PossibleDrops", "detectable_drop", "possible_drops"]

_RESAMPLES = 1000
_DRAWS = 40
_STEPS = 11
_SEED = 0
_LEAST_SHARE = 1e-4
# So many losing units are resampled one by one; the sum of more is close to normal.
_SINGLY = 60


@dataclass(frozen=True, slots=True, eq=False)
class PossibleDrops:
    """What there is to lose of one score. `groups` is 1, or the number of types of an average."""

    score: Statistic
    total: Array
    """Summed counts, `(groups x 4)`."""
    lost: Array
    """What each unit's counts lose with all that it has right, `(units, groups, 4)`."""
    right: Array
    """How many mentions that is, `(units, groups)`."""
    worth: Array
    """By how many points of a hundred the score falls with it, `(units, groups)`."""
    uses: Any = None
    """Of more than 20,000 units those that are alike have one row: how many they are, `(units,)`.
    Else `None`."""

    @property
    def points(self) -> float:
        """The score, in points of a hundred."""
        return 100 * float(self.score(self.total))


@dataclass(frozen=True, slots=True)
class DropLimits:
    """When a check fails, in points: the drop exceeds `margin` and its interval, which leaves
    `tail` at either end, lies below 0 (`None`: the margin alone decides); or it exceeds `gap`."""

    margin: float | None
    tail: float | None
    gap: float | None = None


def possible_drops(counts: PartCounts, units: Units) -> PossibleDrops | None:
    """What this score can lose; `None` where it is undefined or 0.

    For recall and F1 a right prediction disappears; for precision it turns wrong.
    """
    import numpy as np

    score = counts.score
    if units.grouped:
        table, uses = alike(counts, units)
        total = uses @ table
    else:
        table, uses = units.fold(counts.rows), None
        total = table.sum(axis=0)
    points = 100 * float(score(total))
    if not points > 0:
        return None
    shaped = table.reshape(len(table), -1, 4)
    lost = np.zeros(shaped.shape)
    lost[..., 0], lost[..., 2] = shaped[..., 0], shaped[..., 2]
    if counts.metric != "precision":
        lost[..., 3] = shaped[..., 2]
    right = np.maximum(lost[..., 0], lost[..., 2])
    worth = np.zeros(right.shape)
    for group in range(right.shape[1]):
        one = np.zeros(shaped.shape)
        one[:, group] = lost[:, group]
        after = score(total - one.reshape(table.shape))
        worth[:, group] = np.maximum(0.0, points - 100 * np.nan_to_num(after))
    return PossibleDrops(score, total, lost, right, worth, uses) if (worth > 0).any() else None


def detectable_drop(
    noise: Array, losses: PossibleDrops, limits: DropLimits, *, whole: bool
) -> float | None:
    """The smallest true drop, in points, on which a check fails with 80 % power.

    `noise` are resampled differences of the two runs: what happens anyway. On top of it each unit
    loses all that it has right, or (not `whole`) each of its mentions alone, with one probability
    that is looked for. `None` where not even the loss of nearly everything is seen so often.
    """
    import numpy as np

    sample: Array = np.asarray(noise, dtype=np.float64)
    if len(sample) > _RESAMPLES:
        sample = np.random.default_rng(_SEED).permutation(sample)[:_RESAMPLES]
    uses = losses.uses
    count = len(losses.right) if uses is None else int(uses.sum())
    world = _World.of(sample - sample.mean(), count, limits, np.random.default_rng(_SEED + 2))

    def drop(gone: Array) -> Array:
        return losses.points - 100 * np.nan_to_num(losses.score(losses.total - gone))

    def power_of_many(share: float) -> float:
        sides = losses.lost, losses.right, losses.worth, uses
        how: Any = {"whole": whole, "draws": _DRAWS, "most": _SINGLY, "seed": _SEED}
        lost = lost_together(*sides, share=share, **how)
        drops = drop(lost.gone)
        scale = np.divide(drops, lost.total, out=np.zeros(_DRAWS), where=lost.total > 0)
        scaled = _Portions(lost.largest * scale[:, None], lost.number, lost.squares * scale**2)
        return world.failing(drops, scaled)

    if uses is not None:
        return _smallest_drop(losses, power_of_many)
    chance = np.random.default_rng(_SEED).random((_DRAWS, count))
    sizes = np.ceil(losses.right).astype(np.int64)  # Half a credit is a mention too.

    def power(share: float) -> float:
        if whole:
            taken = (chance < share)[..., None] * np.ones(sizes.shape[1])
        else:
            drawn = np.random.default_rng(_SEED + 1).binomial(sizes, share, (_DRAWS, *sizes.shape))
            taken = drawn / np.maximum(1, sizes)
        gone = np.einsum("dug,ugk->dgk", taken, losses.lost).reshape(_DRAWS, -1)
        drops = drop(gone)
        portions = np.einsum("dug,ug->du", taken, losses.worth)
        return world.failing(drops, _Portions.of(drops, portions, len(world.weights)))

    return _smallest_drop(losses, power)


def _smallest_drop(losses: PossibleDrops, power: Callable[[float], float]) -> float | None:
    """The drop from which on losses are seen with 80 % power; `power` is that of a probability."""
    import numpy as np

    low, high = _LEAST_SHARE, 0.98
    if power(high) < POWER:
        return None
    for _ in range(_STEPS):
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if power(middle) >= POWER else (middle, high)
    uses = losses.uses
    lost = losses.lost.sum(axis=0) if uses is None else np.einsum("u,ugk->gk", uses, losses.lost)
    after = losses.total - high * lost.reshape(-1)
    return losses.points - 100 * float(losses.score(after))


@dataclass(frozen=True, slots=True, eq=False)
class _Portions:
    """What single units have of a drop, over draws; `largest` is cut after as many as a resample
    takes one by one."""

    largest: Array
    """In points, `(draws, m)`."""
    number: Array
    """How many there are, `(draws,)`."""
    squares: Array
    """The sum of their squares, `(draws,)`."""

    @classmethod
    def of(cls, drops: Array, portions: Array, most: int) -> _Portions:
        """Of what each unit has of it in any measure, `(draws, units)`."""
        import numpy as np

        # Each portion alone costs less than it does beside others, since F1 is no sum.
        total = portions.sum(axis=1, keepdims=True)
        scaled = portions * np.divide(
            drops[:, None], total, out=np.zeros_like(total), where=total > 0
        )
        largest = -np.sort(-scaled, axis=1)[:, :most]
        return cls(largest, (scaled > 0).sum(axis=1), (scaled**2).sum(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class _World:
    """What happens besides losses, and when a check fails."""

    noise: Array
    """Differences around 0 on resamples, in points."""
    ordered: Array
    """The same, sorted: how the observed difference may be off."""
    weights: Array
    """How often each of some units is in a resample, `(units, resamples)`."""
    normal: Array
    limits: DropLimits
    units: int

    @classmethod
    def of(cls, noise: Array, units: int, limits: DropLimits, rng: Any) -> _World:
        import numpy as np

        width = min(units, _SINGLY)
        rest = max(0.0, 1 - width / units)
        draws = rng.multinomial(max(1, units - 1), [1 / units] * width + [rest], len(noise))
        weights = np.ascontiguousarray(draws[:, :width].T * (units / max(1, units - 1)))
        normal = rng.standard_normal(len(noise))
        return cls(noise, np.sort(noise), weights, normal, limits, units)

    def failing(self, drops: Array, portions: _Portions) -> float:
        """The chance to fail, over draws of what is lost: `drops` in all, `(draws,)`, and what
        single units have of them."""
        import numpy as np

        limits = self.limits
        bound = np.full(len(drops), -np.inf)
        if limits.margin is not None:
            bound = drops - limits.margin
            if limits.tail is not None:
                bound = np.minimum(bound, -self._upper_ends(drops, portions, limits.tail))
        if limits.gap is not None:
            bound = np.maximum(bound, drops - limits.gap)
        below = np.searchsorted(self.ordered, bound - 1e-9, side="right")
        return float(below.mean()) / len(self.ordered)

    def _upper_ends(self, drops: Array, portions: _Portions, tail: float) -> Array:
        """The upper end of the interval of a difference that is minus the drop but for noise."""
        import numpy as np

        lost = np.ascontiguousarray(portions.largest) @ self.weights
        many = portions.number > len(self.weights)
        spread = portions.squares - drops**2 / self.units
        close = drops[:, None] + self.normal * np.sqrt(np.maximum(0.0, spread))[:, None]
        values = self.noise - np.where(many[:, None], close, lost)
        place = min(len(self.noise) - 1, int(np.ceil((1 - tail) * (len(self.noise) - 1))))
        return np.asarray(np.partition(values, place, axis=1)[:, place])
