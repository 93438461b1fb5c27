"""What a backend's predictions took, from the seconds of every round; a pure function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from math import ceil, fsum, isnan
from statistics import median
from struct import Struct

from harness.results.record import Costs
from harness.spill import Sorter

__all__ = ["rounded", "timed"]

_DOUBLE = Struct(">d")
"""Its bytes sort as the numbers do, from 0 up."""


def timed(
    costs: Costs, rounds: Iterable[Iterable[float]], words: Iterable[int], *, each: bool = True
) -> Costs:
    """The costs with all that the times of the rounds say.

    `rounds` holds the seconds of every document in each round, `nan` where it was not timed (it
    had no answer), `words` how many words each document has: all are gone through more than once,
    and none is held; only with `each` are the seconds of every document in the costs. All are of
    one length; their order decides the order of `document_seconds` and nothing else. A round in
    which nothing was timed says nothing; without any other the costs stay as they are. Single
    documents have no time of their own where `costs.batch_size` is above 1: their median and
    percentile are left out then.
    """
    rounds = [seconds for seconds in rounds if not all(map(isnan, seconds))]
    number = size = 0
    alone = Sorter(8)
    for seconds, one in _documents(rounds, words):
        number += 1
        size += one
        alone.add(_DOUBLE.pack(seconds))
    if not number:
        return costs
    sums = [fsum(_numbers(seconds)) for seconds in rounds]  # In whatever order they come.
    total = median(sums)
    middle = p95 = None
    if costs.batch_size == 1:
        first, second, p95 = _at(alone, (number - 1) // 2, number // 2, ceil(0.95 * number) - 1)
        middle = (first + second) / 2
    return replace(
        costs,
        predict_seconds=rounded(total),
        rounds=tuple(float(f"{seconds:.6g}") for seconds in sums),
        document_seconds=tuple(
            float(f"{one:.4g}") for one, _ in (_documents(rounds, words) if each else ())
        ),
        documents_per_second=rounded(number / total) if total else None,
        words_per_second=rounded(size / total) if total else None,
        median_seconds=rounded(middle),
        p95_seconds=rounded(p95),
    )


def rounded(value: float | None) -> float | None:
    """Six significant digits: more is noise, and a record is read by people too."""
    return None if value is None else float(f"{value:.6g}")


def _documents(
    rounds: Sequence[Iterable[float]], words: Iterable[int]
) -> Iterator[tuple[float, int]]:
    """Median seconds, and words, of every document that was timed."""
    if len(rounds) == 1:
        yield from ((one, size) for one, size in zip(*rounds, words, strict=False) if one > 0)
        return
    for column, size in zip(zip(*rounds, strict=True), words, strict=False):
        seconds = median([*_numbers(column)] or [0.0])
        if seconds:
            yield seconds, size


def _at(sorter: Sorter, *places: int) -> list[float]:
    """The numbers at these places, which ascend, in order."""
    numbers = enumerate(sorter)
    found: dict[int, float] = {}
    for place in places:
        if place not in found:
            record = next(record for number, record in numbers if number == place)
            (found[place],) = _DOUBLE.unpack(record)
    return [found[place] for place in places]


def _numbers(seconds: Iterable[float]) -> Iterator[float]:
    return (value for value in seconds if not isnan(value))
