"""Recall, precision and F of every slice, with intervals, and the difference to all other items."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.decide.explain.examined import Examined, Items, Setting
from harness.decide.explain.explanation import Contrast, Rate, Slice
from harness.stats.rates import defined, rates
from harness.stats.resample import Resampler, percentile_interval
from harness.stats.units import SampleSize

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = ["Sliced", "sliced", "slices_between", "slices_of"]


class SlicePlace(NamedTuple):
    """One slice: the number of its facet, its value, and the value's number."""

    facet: int
    value: str
    code: int


@dataclass(frozen=True, eq=False)
class Sliced:
    """The sums of every slice, of all units and on every resample: found, gold, right, predicted.

    The last one is of all items together.
    """

    places: tuple[SlicePlace, ...]
    rows: Array
    """`(units, 4 x (slices + 1))`"""
    drawn: Array
    """`(resamples, slices + 1, 4)`"""
    weights: tuple[float, float]

    def columns(self, number: int) -> Array:
        """Of each unit, `(units, 4)`."""
        return self.rows[:, 4 * number : 4 * number + 4]

    def sums(self, number: int) -> Array:
        """Of all units, `(4,)`."""
        total: Array = self.columns(number).sum(axis=0, dtype=float)
        return total


def slice_places(setting: Setting) -> tuple[SlicePlace, ...]:
    """Every slice that any item is in, facet by facet, values in alphabetical order."""
    return tuple(
        SlicePlace(facet, value, code)
        for facet, known in enumerate(setting.values)
        for value, code in sorted(known.items())
    )


def sliced(one: Examined, resampler: Resampler) -> Sliced:
    """Count every slice by unit, and draw its sums."""
    import numpy as np

    places = slice_places(one.setting)
    units = len(one.base)
    columns: list[Any] = []
    sides = one.gold, one.predicted
    whole = [_by_unit(side, units, None) for side in sides]
    for place in places:
        for side in sides:
            columns += _by_unit(side, units, place)
    columns += [*whole[0], *whole[1]]
    rows: Array = np.stack(columns, axis=1) if columns else np.zeros((units, 0))
    drawn = resampler.sums(rows)
    shaped = drawn.reshape(len(drawn), len(places) + 1, 4)
    return Sliced(places, rows, shaped, one.counts.weights)


def _by_unit(side: Items, units: int, place: SlicePlace | None) -> list[Any]:
    """How many of a side are in a slice, by unit: those that are right, and all."""
    import numpy as np

    chosen: Any = slice(None) if place is None else side.codes[:, place.facet] == place.code
    at = side.units[chosen]
    right = np.bincount(at, 1.0 - side.wrong[chosen], minlength=units)
    every = np.bincount(at, minlength=units)
    return [right.astype(np.float32), every.astype(np.float32)]  # Counts: exact, in half the room.


_SIDES: Mapping[str, tuple[int, ...]] = {"precision": (3,), "recall": (1,), "f1": (1, 3)}
"""Of each metric the sums that stand behind it."""


def slices_of(
    one: Examined, made: Sliced, resampler: Resampler, min_support: int
) -> tuple[tuple[Slice, ...], tuple[str, ...]]:
    """The slices with so many gold items, each against all other items; and the others that hold
    any, with how many they do."""
    small = []
    slices = []
    for number, place in enumerate(made.places):
        support, predicted = (round(float(made.sums(number)[side])) for side in (1, 3))
        if support < min_support:
            if support or predicted:
                facet = one.setting.facets[place.facet]
                small.append(f"{facet.name}: {place.value} ({support})")
            continue
        here, total = made.drawn[:, number], made.drawn[:, -1]
        now, all_sums = made.sums(number), made.sums(len(made.places))
        rest = _rates(total - here, made), _rates(all_sums - now, made)
        behind = made.rows[:, -4:] - made.columns(number)

        def apart(sides: list[int], number: int = number, behind: Array = behind) -> SampleSize:
            """What stands behind a difference to the rest: no more than behind either side."""
            own = made.columns(number)[:, sides]
            each = [resampler.units.evidence(table) for table in (own, behind[:, sides])]
            return min(each, key=lambda one: (one.lacking is None, one.degrees))

        slices.append(_slice(one, made, number, rest, apart, resampler))
    return tuple(slices), tuple(small)


def slices_between(
    before: Sliced, one: Examined, after: Sliced, resampler: Resampler, min_support: int
) -> tuple[Slice, ...]:
    """The slices of the second backend with so many gold items, each against the first's; both are
    of the same places."""
    out = []
    for number in range(len(after.places)):
        if after.sums(number)[1] >= min_support:
            other = _rates(before.drawn[:, number], before), _rates(before.sums(number), before)

            def paired(sides: list[int], number: int = number) -> SampleSize:
                both = (made.columns(number)[:, sides] for made in (before, after))
                return resampler.units.evidence(*both)

            out.append(_slice(one, after, number, other, paired, resampler))
    return tuple(out)


def _slice(
    one: Examined,
    made: Sliced,
    number: int,
    other: tuple[Any, Any],
    behind: Callable[[list[int]], SampleSize],
    resampler: Resampler,
) -> Slice:
    """A slice against other rates, on every resample and of all units; `behind` says what stands
    behind the difference, by the sums that a metric is made of."""
    place = made.places[number]
    facet = one.setting.facets[place.facet]
    drawn, now = _rates(made.drawn[:, number], made), _rates(made.sums(number), made)
    contrasts = {}
    for name, sides in _SIDES.items():
        if facet.gold_only and name != "recall":
            continue
        own = resampler.units.evidence(made.columns(number)[:, list(sides)])
        drawn_here, drawn_there = getattr(drawn, name), getattr(other[0], name)
        here, there = getattr(now, name), getattr(other[1], name)
        contrasts[name] = Contrast(
            Rate(defined(here), percentile_interval(drawn_here, own)),
            Rate(
                defined(here - there),
                percentile_interval(drawn_here - drawn_there, behind(list(sides))),
            ),
        )
    return Slice(
        facet.name,
        place.value,
        one.setting.phrase(place.facet, place.value),
        round(float(made.sums(number)[1])),
        round(float(made.sums(number)[3])),
        contrasts,
    )


def _rates(sums: Array, made: Sliced) -> Any:
    import numpy as np

    sides = (np.asarray(sums)[..., side] for side in range(4))
    return rates(*sides, weights=made.weights)
