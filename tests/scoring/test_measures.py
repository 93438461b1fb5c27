"""Rates from counts: undefined is neither 0 nor 1."""

from __future__ import annotations

import pytest

from harness.tasks.measures import Block, f1, macro, ratio, weighted, whole


def block(precision: float | None, recall: float | None, support: int) -> Block:
    return Block(
        precision=precision, recall=recall, f1=f1(precision, recall), tp=0, fp=0, fn=0,
        support=support, predicted=0, cor=0, inc=0, par=0, mis=0, spu=0,
    )  # fmt: skip


def test_ratio_without_a_base_is_undefined() -> None:
    assert ratio(0, 0) is None
    assert ratio(0, 4) == 0
    assert ratio(3, 4) == 0.75


@pytest.mark.parametrize(
    ("precision", "recall", "expected"),
    [
        (None, None, None),
        (None, 0.0, 0.0),
        (0.0, None, 0.0),
        (0.0, 0.0, 0.0),
        (0.0, 1.0, 0.0),
        (1.0, 1.0, 1.0),
        (0.5, 1.0, 2 / 3),
    ],
)
def test_f1(precision: float | None, recall: float | None, expected: float | None) -> None:
    assert f1(precision, recall) == expected


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
        assert mean.to_json()["types"] == []
