"""Random assignments of a paired test: which units are swapped, and what that moves.

`first` and `second` are counts, `(units, k)`; they are integers or halves, so that everything here
is doubled, and an integer. Where many units differ, those that differ alike are swapped together:
a million are tested in less than a second.

Source: Hemerik and Goeman 2018, "Exact testing with random permutations", TEST 27 (a test by some
of the swaps keeps its level where they are a group).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.stats.units import MOST_UNITS, added, blocks, spread

if TYPE_CHECKING:
    from harness.stats.units import Array, CountTable

__all__ = ["Swaps", "compared", "differences", "random_swaps"]

Swaps: TypeAlias = "Callable[[int, Any], Iterator[Array]]"
"""So many assignments by a generator: the sums that each moves, `(assignments, k)`, in blocks."""

_SHARED = 64
"""So many units that differ alike are swapped by a binomial draw: it takes as long as 64 bits."""
_KINDS = 100
"""By so many binomial draws at most."""
_SINGLE = 5_000
"""Of the other units so many are swapped, or groups of them."""
_NUMBERS = 4_000_000
_BLOCK = 500_000
_ASSIGNMENTS = 5_000


def compared(first: CountTable, second: CountTable) -> tuple[Any, Any, Any]:
    """The sums of both, doubled, and the places of the units that differ."""
    import numpy as np

    totals = np.zeros((2, first.shape[1]), dtype=np.int64)
    places = [np.zeros(0, dtype=np.int64)]
    for rows in _blocks(*first.shape):
        sides = [_doubled(side[rows]) for side in (first, second)]
        totals += [side.sum(axis=0) for side in sides]
        places.append(rows.start + np.flatnonzero(np.any(sides[0] != sides[1], axis=1)))
    return totals[0], totals[1], np.concatenate(places)


def differences(first: CountTable, second: CountTable, places: Any) -> Any:
    """What swapping each of these units moves from the second to the first, `(places, k)`."""
    return _doubled(second[places]) - _doubled(first[places])


def random_swaps(first: CountTable, second: CountTable, places: Any, rng: Any) -> Swaps:
    """Random assignments of the units that differ.

    Up to 20,000 are swapped one by one. Of more, m units that differ alike are swapped together, as
    many as a binomial draw of m says: the sums have the same distribution. That is done for the 100
    most frequent differences, of 64 units or more each. Of the other units each is swapped alone;
    or, where they are more than 5,000, each of so many random groups of them. By these fewer swaps
    the test keeps its level exactly, and its p-value changes with the partition about as much as
    from one 10,000 assignments to another.
    """
    import numpy as np

    if len(places) <= MOST_UNITS:
        return partial(_one_by_one, differences(first, second, places))
    steps, kinds, signs = _shared(first, second, places)
    alike = kinds >= 0
    sizes, turned = (
        np.bincount(kinds[chosen], minlength=len(steps)) for chosen in (alike, alike & (signs < 0))
    )
    rest = places[~alike]
    swaps = np.zeros((max(1, min(len(rest), _SINGLE)), first.shape[1]))
    labels = spread(len(rest), len(swaps), rng)
    for rows in _blocks(len(rest), first.shape[1]):
        swaps += added(differences(first, second, rest[rows]), labels[rows], len(swaps))
    return partial(_together, steps, sizes, turned, swaps)


def _blocks(rows: int, columns: int) -> Iterator[slice]:
    """All rows, in blocks that take little memory."""
    return blocks(rows, max(1, _BLOCK // max(1, columns)))


def _doubled(counts: Array) -> Any:
    import numpy as np

    return np.rint(counts * 2).astype(np.int64)


def _one_by_one(swaps: Any, trials: int, rng: Any, most: int = _NUMBERS) -> Iterator[Array]:
    """Each of these swaps, `(units, k)`, is made or not."""
    import numpy as np

    count = len(swaps)
    # A column that never differs is never moved: with many types most of them are.
    columns = np.flatnonzero(np.any(swaps, axis=0))
    # float32 adds up integers exactly below 2^24 and is four times as fast.
    exact = int(np.abs(swaps).sum(axis=0).max(initial=0)) < 2**24
    narrow = swaps[:, columns].astype(np.float32 if exact else np.float64)
    step = max(1, min(most, _NUMBERS // max(count, swaps.shape[1], 1)))
    for start in range(0, trials, step):
        rows = min(step, trials - start)
        # A bit for each unit: drawing them takes as long as all the rest.
        drawn = np.frombuffer(rng.bytes(rows * -(-count // 8)), np.uint8).reshape(rows, -1)
        swapped = np.unpackbits(drawn, axis=1, count=count).astype(narrow.dtype)
        moved = np.zeros((rows, swaps.shape[1]))
        moved[:, columns] = swapped @ narrow
        yield moved


def _together(
    steps: Any, sizes: Any, turned: Any, swaps: Any, trials: int, rng: Any
) -> Iterator[Array]:
    """`sizes[i]` units differ by `steps[i]`, `turned[i]` of them by its negative."""
    import numpy as np

    for moved in _one_by_one(swaps, trials, rng, most=_ASSIGNMENTS):
        drawn = np.empty((len(sizes), len(moved)))
        for row, size in zip(drawn, sizes, strict=True):
            row[:] = rng.binomial(size, 0.5, len(moved))
        # One that is turned moves as much as one that is not, less the whole step.
        drawn -= turned[:, None]
        yield moved + drawn.T @ steps.astype(np.float64)


def _shared(first: CountTable, second: CountTable, places: Any) -> tuple[Any, Any, Any]:
    """The most frequent differences, `(kinds, k)`; and of each unit which it has, or -1, and its
    sign.

    Two of opposite signs are one: a unit is swapped as often as it is not. Which sign is the
    positive one follows the sum, so that to exchange the two sides mirrors all that is drawn.
    """
    import numpy as np

    # The code of a negative is the negative. Others that have the same by chance are found below.
    factors = _factors(first.shape[1])
    codes = np.empty(len(places), dtype=np.int64)
    for rows in _blocks(len(places), first.shape[1]):
        codes[rows] = differences(first, second, places[rows]) @ factors
    signs = np.sign(codes).astype(np.int8) * np.int8(np.sign(codes.sum()) or 1)
    _, examples, kinds, sizes = np.unique(
        np.abs(codes), return_index=True, return_inverse=True, return_counts=True
    )
    chosen = np.argsort(-sizes, kind="stable")[:_KINDS]
    chosen = chosen[sizes[chosen] >= _SHARED]
    examples = examples[chosen]
    steps = differences(first, second, places[examples]) * signs[examples, None]
    numbers = np.full(len(sizes), -1)
    numbers[chosen] = np.arange(len(chosen))
    kinds = numbers[kinds]
    for rows in _blocks(len(places), first.shape[1]):
        alike = rows.start + np.flatnonzero(kinds[rows] >= 0)
        found = differences(first, second, places[alike])
        other = np.any(found != steps[kinds[alike]] * signs[alike, None], axis=1)
        kinds[alike[other]] = -1
    return steps, kinds, signs


def _factors(columns: int) -> Any:
    import numpy as np

    return np.random.default_rng(0).integers(-(2**63), 2**63 - 1, columns, np.int64)
