"""Groups of backends that cannot be told apart, and their letters."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from harness.stats.ties import letters, tie_groups


def test_a_name_may_stand_in_several_groups() -> None:
    different = {frozenset("AC"), frozenset("AD"), frozenset("BD")}

    def tied(one: str, other: str) -> bool:
        return frozenset((one, other)) not in different

    assert tie_groups("ABCD", tied) == [("A", "B"), ("B", "C"), ("C", "D")]
    assert tie_groups("ABCD", lambda *_: True) == [("A", "B", "C", "D")]
    assert tie_groups("AB", lambda *_: False) == [("A",), ("B",)]
    assert tie_groups([], lambda *_: True) == []


def test_those_that_differ_need_not_be_neighbours() -> None:
    """c leads; a and b differ, but neither from c: b is not behind c."""
    groups = tie_groups("cab", lambda one, other: {one, other} != {"a", "b"})
    assert groups == [("c", "a"), ("c", "b")]
    assert letters("cab", groups) == {"c": "ab", "a": "a", "b": "b"}


def test_letters_after_z() -> None:
    names = [f"n{number:02}" for number in range(28)]
    marks = letters(names, [(name,) for name in names])
    assert (marks["n00"], marks["n25"], marks["n26"], marks["n27"]) == ("a", "z", "aa", "ab")


@given(st.integers(0, 9), st.data())
def test_two_share_a_group_exactly_when_they_are_tied(size: int, data: st.DataObject) -> None:
    names = "abcdefghi"[:size]
    pairs = list(combinations(names, 2))
    different = set(data.draw(st.sets(st.sampled_from(pairs)) if pairs else st.just(set())))
    groups = tie_groups(names, lambda one, other: tuple(sorted((one, other))) not in different)
    for pair in pairs:
        together = any(set(pair) <= set(group) for group in groups)
        assert together == (pair not in different)
    assert {name for group in groups for name in group} == set(names)
    for one, other in combinations(groups, 2):
        assert not set(one) <= set(other) and not set(other) <= set(one)
    shared = letters(names, groups)
    assert all(bool(set(shared[a]) & set(shared[b])) == ((a, b) not in different) for a, b in pairs)
