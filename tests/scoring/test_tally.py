"""Counts as JSON: whatever keys a task counts under come back as they were."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import examples

from harness.tasks.tally import Tally

parts = st.none() | st.sampled_from(["", "None", "a", "b"])
keys = st.tuples(st.sampled_from(["x", "y", "z"]), parts, parts).flatmap(
    lambda key: st.integers(1, 3).map(lambda length: key[:length])
)


@given(st.dictionaries(keys, st.integers(-3, 3).filter(bool), max_size=12))
@settings(max_examples=examples(300))
def test_counts_come_back(counts: dict[tuple[str | None, ...], int]) -> None:
    stored = json.dumps(Tally(counts).to_json())
    assert Tally.from_json(json.loads(stored)) == counts
    # Equal counts are written alike, in whatever order they were made.
    assert json.dumps(Tally(dict(reversed(counts.items()))).to_json()) == stored


def test_the_three_forms() -> None:
    counts = {("n",): 1, ("by", "A"): 2, ("row", "A", None): 3, ("odd",): 4, ("odd", None): 5}
    assert Tally(counts).to_json() == {
        "by": {"A": 2},
        "n": 1,
        "odd": [[4], [None, 5]],
        "row": [["A", None, 3]],
    }


@pytest.mark.parametrize("value", [[], {"x": [[]]}, {"x": [[1, 2]]}, {"x": [1]}, {"x": True}])
def test_what_cannot_be_counts(value: object) -> None:
    with pytest.raises(ValueError, match="count"):
        Tally.from_json(value)
