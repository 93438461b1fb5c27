"""Recall, precision and F of every slice, with intervals, and the difference to all other items."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.decide.explain.examined import Examined, Items, Setting
from harness.decide.explain.explanation import Rate, Slice
from harness.stats.rates import defined, rates
from harness.stats.resample import Resampler, percentile_interval

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = ["Sliced", "sliced", "slices_between", "slices_of"]


class Place(NamedTuple):
    """One slice: the number of its facet, its value, and the value's number."""

    facet: int
    value: str
    code: int


@dataclass(frozen=True, eq=False)
class Sliced:
    """The sums of every slice, of all units and on every resample: found, gold, right, predicted.

    The last one is of all items together.
    """

    places: tuple[Place, ...]
    rows: Array
    """`(units, 4 x (slices + 1))`"""
    drawn: Array
    """`(resamples, slices + 1, 4)`"""
    weights: tuple[float, float]

    def sums(self, number: int) -> Array:
        """Of all units, `(4,)`."""
        total: Array = self.rows[:, 4 * number : 4 * number + 4].sum(axis=0)
        return total


def places_of(setting: Setting) -> tuple[Place, ...]:
    """Every slice that any item is in, facet by facet, values in alphabetical order."""
    return tuple(
        Place(facet, value, code)
        for facet, known in enumerate(setting.values)
        for value, code in sorted(known.items())
    )


def sliced(one: Examined, resampler: Resampler) -> Sliced:
    """Count every slice by unit, and draw its sums."""
    import numpy as np

    places = places_of(one.setting)
    units = len(one.base)
    columns: list[Array] = []
    sides = one.gold, one.predicted
    whole = [_by_unit(side, units, None) for side in sides]
    for place in places:
        for side in sides:
            columns += _by_unit(side, units, place)
    columns += [*whole[0], *whole[1]]
    rows = np.stack(columns, axis=1) if columns else np.zeros((units, 0))
    drawn = resampler.sums(rows)
    shaped = drawn.reshape(len(drawn), len(places) + 1, 4)
    return Sliced(places, rows, shaped, one.counts.weights)


def _by_unit(side: Items, units: int, place: Place | None) -> list[Array]:
    """How many of a side are in a slice, by unit: those that are right, and all."""
    import numpy as np

    chosen: Any = slice(None) if place is None else side.codes[:, place.facet] == place.code
    at = side.units[chosen]
    right = np.bincount(at, 1.0 - side.wrong[chosen], minlength=units)
    return [np.asarray(right), np.bincount(at, minlength=units).astype(np.float64)]


def slices_of(
    one: Examined, made: Sliced, resampler: Resampler, min_support: int
) -> tuple[tuple[Slice, ...], tuple[str, ...]]:
    """The slices with so many gold items; and the others that hold any, with how many they do."""
    slices, small = [], []
    for number, place in enumerate(made.places):
        facet = one.setting.facets[place.facet]
        support, predicted = round(made.sums(number)[1]), round(made.sums(number)[3])
        if support < min_support:
            if support or predicted:
                small.append(f"{facet.name}: {place.value} ({support})")
            continue
        here, total = made.drawn[:, number], made.drawn[:, -1]
        inside, rest = _rates(here, made), _rates(total - here, made)
        now, besides = (
            _rates(made.sums(number), made),
            _rates(made.sums(len(made.places)) - made.sums(number), made),
        )
        columns = made.rows[:, 4 * number : 4 * number + 4]
        of = resampler.units.evidence
        precision, recall, f1 = (
            Rate(
                defined(getattr(now, name)),
                percentile_interval(getattr(inside, name), of(columns[:, sides])),
            )
            for name, sides in (("precision", [3]), ("recall", [1]), ("f1", [1, 3]))
        )
        difference = Rate(
            defined(now.f1 - besides.f1),
            percentile_interval(inside.f1 - rest.f1, of(columns[:, [1, 3]])),
        )
        phrase = one.setting.phrase(place.facet, place.value)
        slices.append(
            Slice(
                facet.name,
                place.value,
                phrase,
                support,
                predicted,
                precision,
                recall,
                f1,
                difference,
            )
        )
    return tuple(slices), tuple(small)


def slices_between(
    first: tuple[Examined, Sliced],
    second: tuple[Examined, Sliced],
    resampler: Resampler,
    min_support: int,
) -> tuple[Slice, ...]:
    """The slices of the second, whose difference is to the same slice of the first."""
    (_, before), (one, after) = first, second
    own, _ = slices_of(one, after, resampler, min_support)
    numbers = {
        (one.setting.facets[place.facet].name, place.value): number
        for number, place in enumerate(after.places)
    }
    out = []
    for item in own:
        number = numbers[item.facet, item.value]
        values = (
            _rates(after.drawn[:, number], after).f1 - _rates(before.drawn[:, number], before).f1
        )
        now = _rates(after.sums(number), after).f1 - _rates(before.sums(number), before).f1
        columns = slice(4 * number, 4 * number + 4)
        evidence = resampler.units.evidence(
            before.rows[:, columns][:, [1, 3]], after.rows[:, columns][:, [3]]
        )
        difference = Rate(defined(now), percentile_interval(values, evidence))
        out.append(replace(item, difference=difference))
    return tuple(out)


def _rates(sums: Array, made: Sliced) -> Any:
    import numpy as np

    sides = (np.asarray(sums)[..., side] for side in range(4))
    return rates(*sides, weights=made.weights)
