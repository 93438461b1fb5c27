"""The simulation of a large run adds up, and its page shows what it gives."""

from __future__ import annotations

from dataclasses import replace

import pytest
from benchmarks.billion import (
    MARKS,
    PAGE,
    Constants,
    constants_of,
    limits,
    own_reading,
    simulate,
    tables,
)

ROUND = Constants(
    rate=10,
    slow=0,
    server=1e9,
    link=1e6,
    asked=0.1,
    start=5,
    facts=0.001,
    proven=0.001,
    passed=0.002,
    counted=0.1,
    known=2,
    gold=100,
    answers=50,
    kept=20,
    files=7,
    event=0.001,
    meets=0.5,
    opens=1,
    held=10,
    base=1000,
    woven=0.01,
    tabled=0.02,
    shown=1,
)


def test_the_sums_are_those_by_hand() -> None:
    one = simulate(1000, 4, ROUND)
    assert one.plan == pytest.approx(1)  # 1000 documents, 1 ms each
    assert one.read == pytest.approx(5 + 1)
    assert one.last == one.uncut == pytest.approx(250 * (0.1 + 0.1) + 1000 * 0.002)
    assert one.merge == pytest.approx(4 * 0.5 + 4 * 1 + 1000 * 0.01)
    assert one.tables == pytest.approx(20)
    assert one.wall == pytest.approx(1 + 6 + 52 + 16 + 20)
    assert one.memory == 1000 + 4 * 10 + 1000 * 2
    assert one.each == 1000
    assert one.carried == 9 * 1000 * 100 + 3 * 1000 * 50  # twice by each shard, once by the driver
    assert one.files == 28
    assert one.packed == 1000 * (50 + 20)
    assert one.busy == pytest.approx(4 * 2 * 0.001)
    assert one.round == pytest.approx(4 * 4 * 0.1)
    found = {what: times for times, what in limits(one, ROUND)}
    assert found["reading takes longer than predicting"] == pytest.approx(6 / 25)
    assert found["open files of the merge"] == pytest.approx(8 / 524_288)


def test_a_file_server_bounds_the_reading() -> None:
    assert simulate(1000, 4, replace(ROUND, server=1e4)).read == pytest.approx(40)
    assert simulate(1000, 4, own_reading(replace(ROUND, server=1e4))).read == pytest.approx(5)


def test_a_slow_shard_is_cut_in_two() -> None:
    """Two workers, one half as fast, 40 s of work each: the fast one ends at 41, when 41 s of the
    other's are left, half of 20.5 s of work; the halves end at 52.25 and 63.5."""
    quick = replace(ROUND, start=1, facts=0, proven=0, passed=0, counted=0, slow=0.5, slower=2)
    one = simulate(800, 2, quick)
    assert one.read == 1
    assert one.uncut == pytest.approx(2 + 80 - 1)
    assert one.last == pytest.approx(63.5 - 1)
    assert one.files == 3 * 7
    costly = simulate(800, 2, replace(quick, start=6))  # Starting again is not paid back.
    assert costly.last == costly.uncut


@pytest.mark.slow
def test_the_page_shows_what_its_constants_give() -> None:
    text = PAGE.read_text("utf-8")
    shown = text.split(MARKS[0])[1].split(MARKS[1])[0]
    assert shown.strip() == tables(constants_of(text))
