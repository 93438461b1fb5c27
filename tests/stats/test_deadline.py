"""What may take long looks at the clock, and ends."""

from __future__ import annotations

import random
import time

import pytest

from harness.annotation import Attribution, Span
from harness.stats.assignment import assign
from harness.stats.deadline import OutOfTime, check_time, time_limit
from harness.tasks.attribution.count import pairs
from harness.tasks.ner.matching import align_mentions


def test_a_limit_holds_within_its_block_and_the_nearer_one_counts() -> None:
    check_time()
    with time_limit(60):
        check_time()
        with time_limit(-1), pytest.raises(OutOfTime):
            check_time()
        check_time()
        with time_limit(-1), time_limit(60), pytest.raises(OutOfTime):
            check_time()
    check_time()


def spans(count: int, seed: int) -> list[tuple[int, int]]:
    """All of them overlap."""
    draw = random.Random(seed)
    return [(draw.randrange(9000), 9001 + draw.randrange(9000)) for _ in range(count)]


def test_a_list_of_edges() -> None:
    draw = random.Random(3)
    edges = [(i, j, draw.randrange(1, 1 << 40)) for i in range(600) for j in range(600)]
    with time_limit(0.0), pytest.raises(OutOfTime):
        assign(edges, 600, 600)


def test_mentions_of_one_document_that_all_overlap() -> None:
    one, other = ({(*span, "PER") for span in spans(4000, seed)} for seed in (1, 2))
    begun = time.process_time()
    with time_limit(0.3), pytest.raises(OutOfTime):
        align_mentions(one, other)
    assert time.process_time() - begun < 3


@pytest.mark.parametrize("shape", ["drawn", "tied"])
def test_attributions_of_one_document_that_all_overlap(shape: str) -> None:
    text = "x" * 18_001
    if shape == "drawn":
        sides = [spans(2500, 1), spans(2500, 2)]
    else:
        sides = [[(0, 18_001 - i) for i in range(2000)], [(i, 18_001) for i in range(2000)]]
    one, other = ([Attribution((Span(*span),)) for span in side] for side in sides)
    begun = time.process_time()
    with time_limit(0.5), pytest.raises(OutOfTime):
        pairs(one, other, text=text)
    assert time.process_time() - begun < 5
