"""The tallies of many units as columns: each distinct tally once, and which of them a unit has.

Short documents are counted alike by the thousand, so that what is asked of a tally is asked of the
distinct ones, and a million units are two or four bytes each.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, TypeVar, overload

from harness.tasks.tally import Tally, TallyKey

__all__ = ["TallyBuilder", "TallyColumns"]

T = TypeVar("T")

_SMALL = 1 << 16
"""Patterns whose numbers are of two bytes."""
_MOST_NAMES = 200_000
"""Distinct tallies that are told again. What is counted in more ways than that gets a pattern for
each unit: `patterns` may then hold the same one twice."""


class TallyColumns(Sequence[Tally]):
    """A tally per unit; an index gives a new `Tally`, a slice columns.

    Equal to any sequence of equal tallies. What is asked here and does not make a tally of every
    unit is `total`, `patterns`, `of_units`, `at` and `chained`.
    """

    __slots__ = ("keys", "places", "starts", "units", "values")

    def __init__(
        self,
        keys: Sequence[TallyKey],
        starts: array[int],
        places: array[int],
        values: array[int],
        units: array[int],
    ) -> None:
        self.keys = tuple(keys)
        """Every key that is counted, once."""
        self.starts = starts
        """Where each pattern begins in `places` and `values`, and where the last one ends."""
        self.places = places
        """Which key is counted."""
        self.values = values
        """How often; never 0."""
        self.units = units
        """The pattern of every unit."""

    @classmethod
    def of(cls, tallies: Iterable[Mapping[TallyKey, int]]) -> TallyColumns:
        """Columns of these tallies; the same object if they are columns."""
        if isinstance(tallies, TallyColumns):
            return tallies
        builder = TallyBuilder()
        for tally in tallies:
            builder.add(tally)
        return builder.built()

    @classmethod
    def chained(cls, each: Sequence[TallyColumns]) -> TallyColumns:
        """The units of several, one after the other."""
        known: dict[TallyKey, int] = {}
        starts, places, values, units = array("q", [0]), array("i"), array("q"), array("i")
        for one in each:
            own = [known.setdefault(key, len(known)) for key in one.keys]
            patterns, counts = len(starts) - 1, len(places)
            places.extend(own[place] for place in one.places)
            values.extend(one.values)
            starts.extend(start + counts for start in one.starts[1:])
            units.extend(pattern + patterns for pattern in one.units)
        return cls(tuple(known), starts, places, values, units)

    def __len__(self) -> int:
        return len(self.units)

    @overload
    def __getitem__(self, place: int) -> Tally: ...
    @overload
    def __getitem__(self, place: slice) -> TallyColumns: ...
    def __getitem__(self, place: int | slice) -> Tally | TallyColumns:
        if isinstance(place, slice):
            return self.at(range(*place.indices(len(self))))
        return self.pattern(self.units[place])

    def __iter__(self) -> Iterator[Tally]:
        return map(self.pattern, self.units)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TallyColumns):
            if len(self) != len(other):
                return False
            pairs = set(zip(self.units, other.units, strict=True))
            return all(self.pattern(one) == other.pattern(two) for one, two in pairs)
        if isinstance(other, list | tuple):
            return len(self) == len(other) and all(map(Tally.__eq__, self, other))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as that of any mutable sequence of counts

    def __repr__(self) -> str:
        return f"<{len(self)} tallies, {len(self.starts) - 1} of them distinct>"

    def pattern(self, number: int) -> Tally:
        """A distinct tally."""
        start, end = self.starts[number], self.starts[number + 1]
        keys, places = self.keys, self.places[start:end]
        return Tally.made(
            dict(zip([keys[place] for place in places], self.values[start:end], strict=True))
        )

    def patterns(self) -> Iterator[Tally]:
        """The distinct tallies, one made at a time."""
        return map(self.pattern, range(len(self.starts) - 1))

    def of_units(self, ask: Callable[[Tally], T]) -> Iterator[T]:
        """What `ask` says of the tally of every unit; asked once of each distinct one."""
        said = [ask(pattern) for pattern in self.patterns()]
        return (said[pattern] for pattern in self.units)

    def uses(self) -> array[int]:
        """How many units have each pattern."""
        uses = array("q", bytes(8 * (len(self.starts) - 1)))
        for pattern in self.units:
            uses[pattern] += 1
        return uses

    def total(self) -> Tally:
        """The sum over all units."""
        sums: dict[TallyKey, int] = {}
        for number, times in enumerate(self.uses()):
            for at in range(self.starts[number], self.starts[number + 1]) if times else ():
                key = self.keys[self.places[at]]
                sums[key] = sums.get(key, 0) + times * self.values[at]
        return Tally.made(sums)

    def at(self, places: Iterable[int]) -> TallyColumns:
        """Some of the units, in this order; the patterns stay."""
        units = array("i", (self.units[place] for place in places))
        return TallyColumns(self.keys, self.starts, self.places, self.values, units)

    def sums(self, weigh: Callable[[TallyKey], Any], width: int) -> Any:
        """What `weigh` makes of the counts of each pattern: an array of `(patterns, width)`."""
        import numpy as np

        patterns = len(self.starts) - 1
        weights = np.asarray([weigh(key) for key in self.keys], dtype=np.float64)
        weights = weights.reshape(-1, width)
        places, values = np.asarray(self.places), np.asarray(self.values, dtype=np.float64)
        rows = np.repeat(np.arange(patterns), np.diff(np.asarray(self.starts)))
        out = np.zeros((patterns, width))
        for side in range(width):
            out[:, side] = np.bincount(rows, values * weights[:, side][places], patterns)
        return out


class TallyBuilder:
    """Makes columns of tallies that come one after the other."""

    def __init__(self) -> None:
        self._keys: dict[TallyKey, int] = {}
        self._names: dict[Hashable, int] = {}
        self._sizes = array("i")
        self._places, self._values, self._units = array("i"), array("q"), array("H")

    def __len__(self) -> int:
        return len(self._units)

    def knows(self, name: Hashable) -> bool:
        """Whether there is a tally under that name, so that it can be added `again`."""
        return name in self._names

    def again(self, name: Hashable) -> bool:
        """Add a unit with the tally that was added under that name; whether there is one."""
        pattern = self._names.get(name)
        if pattern is None:
            return False
        self._units.append(pattern)
        return True

    def add(self, tally: Mapping[TallyKey, int], name: Hashable = None) -> None:
        """Add a unit. Without a `name` its own counts are its name. Raises `OverflowError` for a
        count beyond 64 bits."""
        name = frozenset(tally.items()) if name is None else name
        if self.again(name):
            return
        for key, n in tally.items():
            self._places.append(self._keys.setdefault(key, len(self._keys)))
            self._values.append(n)
        pattern = len(self._sizes)
        if pattern == _SMALL:
            self._units = array("i", self._units)
        self._sizes.append(len(tally))
        self._units.append(pattern)
        if len(self._names) < _MOST_NAMES:
            self._names[name] = pattern

    def built(self) -> TallyColumns:
        """The columns; nothing can be added any more."""
        starts = array("q", accumulate(self._sizes, initial=0))
        return TallyColumns(tuple(self._keys), starts, self._places, self._values, self._units)
