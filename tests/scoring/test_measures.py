"""Rates from counts: undefined is neither 0 nor 1."""

from __future__ import annotations

import numpy as np
import pytest

from harness.coding import encode
from harness.stats.rates import defined, rates
from harness.tasks.parts import Average, Block, average, whole


def block(precision: float | None, recall: float | None, support: int) -> Block:
    mean = (
        f1(precision or 0.0, recall or 0.0) if precision is not None or recall is not None else None
    )
    return Block(
        precision=precision, recall=recall, f1=mean, tp=0, fp=0, fn=0, support=support, predicted=0
    )


def f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision and recall else 0.0


def macro(blocks: dict[str, Block]) -> Average:
    return average(blocks)


def weighted(blocks: dict[str, Block]) -> Average:
    return average(blocks, by_support=True)


@pytest.mark.parametrize(
    ("sums", "expected"),
    [
        ((0, 0, 0, 0), (None, None, None)),
        ((0, 4, 0, 0), (None, 0.0, 0.0)),
        ((0, 0, 0, 4), (0.0, None, 0.0)),
        ((0, 4, 0, 4), (0.0, 0.0, 0.0)),
        ((4, 4, 4, 4), (1.0, 1.0, 1.0)),
        ((1, 2, 1, 1), (1.0, 0.5, 2 / 3)),
        ((1, 4, 1, 3), (1 / 3, 0.25, 2 / 7)),
        ((2, 4, 1, 1), (1.0, 0.5, 2 / 3)),
        ((2, 4, 0, 0), (None, 0.5, None)),
        ((2, 4, 0, 3), (0.0, 0.5, 0.0)),
        ((0, 0, 2, 3), (2 / 3, None, None)),
    ],
)
def test_rates_of_numbers_and_of_arrays(
    sums: tuple[float, ...], expected: tuple[float | None, ...]
) -> None:
    """Found of gold, right of predicted; one side that alone has found something has no F1."""
    assert tuple(map(defined, rates(*sums))) == pytest.approx(expected)
    arrays = rates(*(np.array([n, n], float) for n in sums))
    for place in (0, 1):
        assert tuple(defined(one[place]) for one in arrays) == tuple(map(defined, rates(*sums)))


def test_whole_numbers_are_integers() -> None:
    assert (whole(2.0), whole(2.5), whole(3)) == (2, 2.5, 3)
    assert isinstance(whole(2.0), int)


def test_averages_run_over_the_types_with_gold_support() -> None:
    blocks = {
        "A": block(1.0, 0.5, 6),
        "B": block(None, 0.0, 2),  # never predicted: enters with precision 0
        "C": block(0.0, None, 0),  # not in the gold: does not enter
    }
    mean = macro(blocks)
    assert (mean.precision, mean.recall) == (0.5, 0.25)
    assert mean.f1 == pytest.approx((2 / 3 + 0) / 2)
    assert (mean.types, mean.support) == (("A", "B"), 8)
    heavy = weighted(blocks)
    assert (heavy.precision, heavy.recall) == (0.75, 0.375)
    assert heavy.f1 == pytest.approx(0.5)


def test_averages_over_nothing_are_undefined() -> None:
    for mean in (macro({}), weighted({}), macro({"C": block(0.0, None, 0)})):
        assert (mean.precision, mean.recall, mean.f1) == (None, None, None)
        assert (mean.types, mean.support) == ((), 0)
        assert encode(mean)["types"] == []
