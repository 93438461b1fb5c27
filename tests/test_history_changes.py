"""The tests behind steps and drifts, against what can be worked out by hand or in another way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from simulations.histories import Story, course
from support import examples

from harness.decide.history.counts import (
    in_groups,
    pack,
    paragraphs_of,
    part_counts,
    random_codes,
    unpack,
)
from harness.decide.history.search import Course, search
from harness.stats.changes import best_shape, change_test, fall_seen, influences
from harness.stats.permutation import swap_test
from harness.tasks.parts import PartCounts

COURSES = arrays.arrays(
    np.float64, st.tuples(st.integers(2, 8), st.integers(2, 9)), elements=st.integers(-3, 3)
)


def counts_of(*records: list[list[float]]) -> list[PartCounts]:
    """Records of units of found, gold, right and predicted."""
    return [part_counts(np.array(rows), "micro", mean=False, beta=1.0) for rows in records]


def test_a_p_value_by_hand() -> None:
    """Of 2^6 ways to turn six equal changes, two are as extreme; with one against the others 14."""
    up = np.array([[0.0, 1.0]] * 6)
    found = change_test(up, level=0.05)
    assert found is not None and (found.p_value, found.place) == (2 / 64, 1)
    mixed = change_test(np.concatenate([up[:5], [[1.0, 0.0]]]), level=0.05)
    assert mixed is not None and mixed.p_value == 14 / 64
    assert change_test(np.ones((6, 4)), level=0.05) is None


def test_two_records_are_a_paired_test() -> None:
    """Of recall, whose gold is the same, the paired test of two backends says the same."""
    rng = np.random.default_rng(5)
    for _ in range(20):
        gold = rng.integers(3, 9, 9)
        old, new = (np.stack([f := rng.binomial(gold, 0.7), gold, f, f], axis=1) for _ in range(2))
        first, second = counts_of(old.tolist(), new.tolist())

        def recall(sums: np.ndarray, part: PartCounts = first) -> np.ndarray:
            return part.score(sums, "recall")

        values = influences([first.rows, second.rows], recall)
        assert values is not None
        found = change_test(values, level=0.05)
        paired = swap_test(first.rows, second.rows, recall)
        assert paired.exact and found is not None
        assert found.p_value == pytest.approx(paired.p_value)


def test_influences_add_up_to_the_score() -> None:
    """F1 is 2 right / (predicted + gold): its differences are those of the units' sums."""
    drawn = course(Story(records=6, step=1.0, at=3), np.random.default_rng(1))
    values = influences([one.rows for one in drawn.counts], drawn.counts[0].score)
    assert values is not None and values.shape == (50, 6)
    sums = np.array([one.total for one in drawn.counts])
    scores = 2 * sums[:, 0] / (sums[:, 1] + sums[:, 3])
    assert np.diff(values.sum(axis=0)) == pytest.approx(np.diff(scores), abs=2e-4)
    nothing = [np.zeros((6, 4))] * 2
    assert influences(nothing, drawn.counts[0].score) is None


def test_influences_of_a_rare_type_beside_a_common_one() -> None:
    """A mean of F1 over a type with 10^6 gold and one with 2: by hand, dF/dfound = 2 / (p + g)."""
    common, rare = [8e5, 1e6, 8e5, 9e5], [1.0, 2.0, 1.0, 2.0]
    row = np.array([*common, *rare])
    part = part_counts(row[None], "macro", mean=True, beta=1.0)
    moved = row + np.array(
        [0, 0, 0, 0, 0.5, 0, 0.5, 0]
    )  # Of the rare type half a mention more, and less.
    values = influences(np.stack([[moved], [2 * row - moved]]), part.score)
    assert values is not None
    assert values[0, 0] - values[0, 1] == pytest.approx(0.5 * 2 * 1 / 4, rel=1e-6)


@given(COURSES)
def test_a_course_upside_down_or_in_another_order_says_the_same(values: np.ndarray) -> None:
    found = change_test(values, level=0.05)
    assert found == change_test(-values, level=0.05) == change_test(values + 7, level=0.05)
    other = change_test(values[::-1], level=0.05)
    assert (found is None) == (other is None)
    if found is not None and other is not None:
        assert found.p_value == other.p_value


@pytest.mark.parametrize("place", [1, 4, 9])
def test_a_clean_step_is_found_at_its_place(place: int) -> None:
    values = np.zeros((20, 10))
    values[:, place:] = np.linspace(0.5, 1.5, 20)[:, None]
    found = change_test(values, level=0.05)
    assert found is not None and (found.place, found.slope) == (place, False)
    assert found.p_value < 0.001


@pytest.mark.parametrize("since", [0, 3, 6])
def test_a_clean_slope_is_no_step(since: int) -> None:
    values = -np.maximum(0, np.arange(10) - since) * np.linspace(0.5, 1.5, 20)[:, None]
    assert best_shape(values) == (since, True)
    seen = fall_seen(values, alpha=0.05)
    assert seen is not None and seen > since
    assert fall_seen(-values, alpha=0.05) is None


@settings(max_examples=examples(20), deadline=None)
@given(st.integers(0, 2**20))
def test_a_look_depends_on_nothing_later(seed: int) -> None:
    """What was told stays told, at the same record, whatever comes; and so does silence."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 1, (9, 14)) - 0.3 * np.maximum(0, np.arange(14) - 5)
    seen = fall_seen(values, alpha=0.05)
    before = fall_seen(values[:, :10], alpha=0.05)
    assert before == (seen if seen is not None and seen <= 10 else None)


def test_a_search_names_step_and_size() -> None:
    """Sizes by hand: 8 of 10 found and predicted becomes 6 of 10 in each of ten documents."""
    high, low = [[8.0, 10.0, 8.0, 10.0]] * 10, [[6.0, 10.0, 6.0, 10.0]] * 10
    found = search(Course(counts_of(high, high, low, low, low), range(10)), alpha=0.05)
    (step,) = found.steps
    assert (step.place, found.drifts) == (2, ())
    assert step.change == pytest.approx(-0.2)
    assert step.interval.bounds == (pytest.approx(-0.2), pytest.approx(-0.2))
    assert step.p_value == pytest.approx(2 / 2**10)


def test_a_dip_is_two_steps() -> None:
    high, low = [[8.0, 10.0, 8.0, 10.0]] * 12, [[5.0, 10.0, 5.0, 10.0]] * 12
    records = counts_of(*[high] * 6, *[low] * 3, *[high] * 6)
    found = search(Course(records, range(12)), alpha=0.05)
    assert [(one.place, round(one.change or 0, 2)) for one in found.steps] == [(6, -0.3), (9, 0.3)]


def test_a_drift_is_told_with_its_beginning_and_size() -> None:
    story = Story(records=25, drift=0.2, at=10, sd=0.5)
    found = search(course(story, np.random.default_rng(4)), alpha=0.05)
    (drift,) = found.drifts
    assert not found.steps and drift.until == 24 and abs(drift.since - 9) <= 3
    assert drift.seen is not None and drift.since < drift.seen <= 24
    assert drift.change == pytest.approx(-0.03, abs=0.008)
    low, high = drift.interval.bounds or (0, 0)
    assert low < -0.03 < high < 0


def test_a_change_that_no_look_has_told_is_told_as_a_step() -> None:
    """A fall to the last record, too short to be seen by looks: the test has it all the same."""
    steps = 0
    for number in range(12):
        drawn = course(Story(records=20, drift=0.3, at=15), np.random.default_rng(number))
        values = influences([one.rows for one in drawn.counts], drawn.counts[0].score)
        test = change_test(values, level=0.05)
        found = search(drawn, alpha=0.05, resamples=10)
        if test is not None and test.p_value < 0.05:
            assert found.steps or found.drifts
            steps += test.slope and bool(found.steps)
    assert steps  # Some of them best fit a slope.


def test_a_slope_of_half_the_error_rate_is_a_drift_and_any_other_a_step() -> None:
    """Eight documents of ten rise by one at each of the last records: p = 112 / 1024 by hand."""
    up = [[[5.0 + n, 10.0, 5.0 + n, 10.0]] for n in range(5)]
    down = [[[5.0 - n, 10.0, 5.0 - n, 10.0]] for n in range(5)]
    records = [up[n] * 8 + down[n] * 2 for n in range(5)]
    drawn = Course(counts_of(*records), range(10))
    p_value = 2 * (1 + 10 + 45) / 2**10
    for alpha, kinds in ((p_value * 2.01, (0, 1)), (p_value * 1.5, (1, 0)), (p_value, (0, 0))):
        found = search(drawn, alpha=alpha, resamples=10)
        assert (len(found.steps), len(found.drifts)) == kinds


def test_where_nothing_can_be_told() -> None:
    few = [[1.0, 2.0, 1.0, 2.0]] * 5
    assert "5 paragraphs" in (
        search(Course(counts_of(few, few), [0] * 5), alpha=0.05).lacking or ""
    )
    assert search(Course(counts_of(few), [0] * 5), alpha=0.05).lacking is None
    empty = [[0.0, 0.0, 0.0, 0.0]] * 9
    assert search(Course(counts_of(empty, empty), range(9)), alpha=0.05).lacking is not None
    same = [[1.0, 2.0, 1.0, 2.0]] * 9
    found = search(Course(counts_of(same, same, same, same, same), range(9)), alpha=0.05)
    assert (found.steps, found.drifts, found.lacking) == ((), (), None)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=9, max_size=20))
def test_counts_come_back_as_they_were(pairs: list[tuple[int, int]]) -> None:
    rows = np.array([[a / 2, a, a / 2, a + b] for a, b in pairs])
    (counts,) = counts_of(rows.tolist())
    numbers = tuple(range(len(pairs)))
    assert paragraphs_of(numbers) == ()
    assert (unpack(pack(counts, numbers)) == rows).all()
    nothing = part_counts(0 * rows, "macro", mean=True, beta=1.0)
    with pytest.raises(ValueError, match="none has gold"):
        unpack(pack(nothing, numbers))


def test_few_documents_keep_their_paragraphs_and_many_do_not() -> None:
    rows = np.ones((12, 4))
    (counts,) = counts_of(rows.tolist())
    few = tuple(n // 2 for n in range(12))
    assert paragraphs_of(few) == (2,) * 6
    assert (unpack(pack(counts, few)) == rows).all()
    many = (*range(8), 7, 7, 7, 7)
    assert unpack(pack(counts, many))[-1].tolist() == [5.0] * 4


def test_many_documents_are_kept_as_groups_that_no_version_changes() -> None:
    """30,000 make 2,000 groups of 15, and the numbers are those that are published."""
    first = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert random_codes(3).tolist() == first
    rows = np.random.default_rng(0).poisson(2.0, (30_000, 1)).astype(float) * np.ones(4)
    counts = part_counts(rows, "micro", mean=False, beta=1.0)
    kept = unpack(pack(counts, range(30_000)))
    assert kept.shape == (2000, 4)
    assert kept.sum() == rows.sum()
    assert (in_groups(np.ones((30_000, 4))) == 15).all()
    # A sum of 15 Poisson counts of mean 2, whatever group: as many mentions as by chance.
    assert kept[:, 0].var() == pytest.approx(30, rel=0.1)
    assert (in_groups(rows[:20_000]) == rows[:20_000]).all()
