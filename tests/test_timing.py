"""What predictions took, from columns of seconds: properties that hold for any of them."""

from __future__ import annotations

import random
from dataclasses import replace
from math import ceil, isnan, nan
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.results.record import Costs
from harness.run.timing import rounded, timed

pytestmark = pytest.mark.processes

Rounds = list[list[float]]

ALONE = Costs(batch_size=1, load_seconds=3.0, peak_memory_bytes=7, replayed=2)
SECONDS = st.one_of(st.floats(1e-6, 1e3), st.just(nan))


@st.composite
def tables(draw: st.DrawFn) -> tuple[Rounds, list[int]]:
    """Seconds of one to four rounds, and words, of up to twelve documents."""
    documents = draw(st.integers(0, 12))
    column = st.lists(SECONDS, min_size=documents, max_size=documents)
    rounds = draw(st.lists(column, min_size=1, max_size=4))
    return rounds, draw(st.lists(st.integers(0, 500), min_size=documents, max_size=documents))


@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_documents_and_of_rounds_has_no_say(
    table: tuple[Rounds, list[int]], rng: random.Random
) -> None:
    rounds, words = table
    plain = timed(ALONE, rounds, words)
    order = rng.sample(range(len(words)), len(words))
    shuffled = timed(ALONE, [[one[i] for i in order] for one in rounds], [words[i] for i in order])
    assert sorted(shuffled.document_seconds) == sorted(plain.document_seconds)
    assert replace(shuffled, document_seconds=plain.document_seconds) == plain
    assert timed(ALONE, rounds, words, each=False) == replace(plain, document_seconds=())
    turned = timed(ALONE, rounds[::-1], words)
    assert replace(turned, rounds=turned.rounds[::-1]) == plain


@given(tables(), st.integers(0, 4))
def test_a_round_without_times_says_nothing(table: tuple[Rounds, list[int]], place: int) -> None:
    rounds, words = table
    empty = [nan] * len(words)
    assert timed(ALONE, [*rounds[:place], empty, *rounds[place:]], words) == timed(
        ALONE, rounds, words
    )
    assert timed(ALONE, [empty], words) == timed(ALONE, [], words) == ALONE


@given(tables(), st.integers(0, 500))
def test_a_document_without_times_says_nothing(table: tuple[Rounds, list[int]], size: int) -> None:
    rounds, words = table
    more = [[*one, nan] for one in rounds]
    assert timed(ALONE, more, [*words, size]) == timed(ALONE, rounds, words)


@given(tables(), st.sampled_from([0.001, 0.5, 60.0]))
def test_other_units(table: tuple[Rounds, list[int]], factor: float) -> None:
    """Seconds in, seconds and documents and words per second out."""
    rounds, words = table
    plain = timed(ALONE, rounds, words)
    scaled = timed(ALONE, [[factor * one for one in column] for column in rounds], words)
    for name in ("predict_seconds", "median_seconds", "p95_seconds", "rounds"):
        assert _times(getattr(plain, name), factor) == _near(getattr(scaled, name))
    assert _times(plain.document_seconds, factor) == _near(scaled.document_seconds, 1e-3)
    for name in ("documents_per_second", "words_per_second"):
        assert _times(getattr(plain, name), 1 / factor) == _near(getattr(scaled, name))


@given(tables(), st.integers(2, 64))
def test_what_is_in_it(table: tuple[Rounds, list[int]], batch_size: int) -> None:
    """By another way; and in batches no document has a time of its own."""
    rounds, words = table
    costs = timed(ALONE, rounds, words)
    each = [
        (median(numbers), size)
        for *column, size in zip(*rounds, words, strict=True)
        if (numbers := [one for one in column if not isnan(one)])
    ]
    assert len(costs.document_seconds) == len(each)
    if each:
        sums = [sum(one for one in column if not isnan(one)) for column in rounds]
        total = median(one for one in sums if one)
        ordered = sorted(seconds for seconds, _ in each)
        assert costs.predict_seconds == _near(total)
        assert costs.documents_per_second == _near(len(each) / total)
        assert costs.words_per_second == _near(sum(size for _, size in each) / total)
        assert costs.median_seconds == _near(median(ordered))
        assert costs.p95_seconds == _near(ordered[ceil(0.95 * len(ordered)) - 1])
    kept = ("load_seconds", "peak_memory_bytes", "replayed", "batch_size", "timed", "threads")
    assert all(getattr(costs, name) == getattr(ALONE, name) for name in kept)
    batches = timed(replace(ALONE, batch_size=batch_size), rounds, words)
    alone = {
        "batch_size": 1,
        "median_seconds": costs.median_seconds,
        "p95_seconds": costs.p95_seconds,
    }
    assert (batches.median_seconds, batches.p95_seconds) == (None, None)
    assert replace(batches, **alone) == costs


def test_by_hand() -> None:
    rounds = [[0.1, nan, 0.4], [0.3, nan, 0.2], [0.2, nan, 0.3]]
    costs = timed(Costs(), rounds, [10, 99, 30])
    assert costs.document_seconds == (0.2, 0.3)
    assert costs.rounds == (0.5, 0.5, 0.5)
    assert costs.predict_seconds == 0.5
    assert (costs.documents_per_second, costs.words_per_second) == (4.0, 80.0)
    assert (costs.median_seconds, costs.p95_seconds) == (0.25, 0.3)


@pytest.mark.parametrize(
    ("value", "shown"), [(None, None), (0.0, 0.0), (1 / 3, 0.333333), (123456789.0, 123457000.0)]
)
def test_six_digits(value: float | None, shown: float | None) -> None:
    assert rounded(value) == shown


def _near(value: object, rel: float = 1e-5) -> object:
    return None if value is None else pytest.approx(value, rel=rel)


def _times(value: float | tuple[float, ...] | None, factor: float) -> object:
    if isinstance(value, tuple):
        return tuple(factor * one for one in value)
    return None if value is None else factor * value
