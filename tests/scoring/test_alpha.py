"""Krippendorff's alpha against published examples, and the roles of tokens."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.annotation import Attribution, Span
from harness.curation.agreement.alpha import nominal_alpha
from harness.tasks.attribution.tokens import token_roles


def units(*observers: str) -> list[Counter[str]]:
    """One row an observer, one column a unit, `.` where that one did not judge."""
    return [
        Counter(value for value in column if value != ".")
        for column in zip(*observers, strict=True)
    ]


def test_two_observers_two_categories() -> None:
    # Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section A: .095.
    assert nominal_alpha(units("0100000010", "1110010000")) == pytest.approx(0.095, abs=5e-4)


def test_four_observers_with_missing_judgements() -> None:
    # The same, section C: .743. Observer A judges units 1 to 9, D all but the last.
    found = nominal_alpha(units("123321412...", "1233224125.3", ".3332342251.", "12332441251."))
    assert found == pytest.approx(0.743, abs=5e-4)


def test_worked_out_by_hand() -> None:
    # Two observers, units aa, ab, bb. Coincidences: aa 2, ab 1, ba 1, bb 2; n = 6, n_a = n_b = 3.
    # D_o = 2/6, D_e = 1 - (3·2 + 3·2) / (6·5) = 18/30.
    assert nominal_alpha(units("aab", "abb")) == pytest.approx(1 - (2 / 6) / (18 / 30))


def test_edges() -> None:
    assert nominal_alpha([]) is None
    assert nominal_alpha(units("aaa", "...")) is None
    assert nominal_alpha(units("aaa", "aaa")) is None  # chance would agree as well
    assert nominal_alpha(units("aab", "aab")) == 1.0


@given(st.lists(st.text("abc.", min_size=6, max_size=6), min_size=2, max_size=4))
def test_never_above_1_and_1_only_without_disagreement(observers: list[str]) -> None:
    columns = units(*observers)
    found = nominal_alpha(columns)
    if found is not None:
        assert found <= 1
        assert (found == 1) == all(len(unit) <= 1 for unit in columns if sum(unit.values()) > 1)


def test_tokens_take_the_innermost_role() -> None:
    #       0    5     11  15  19
    text = "Ann: Bob's team said no!"
    outer = Attribution((Span(5, 24),), source=Span(0, 3), cue=Span(3, 4))
    inner = Attribution((Span(21, 23),), source=Span(5, 15), cue=Span(16, 20))
    found = [(text[start:end], role) for (start, end), role in token_roles(text, [outer, inner])]
    assert found == [
        ("Ann", "source"),
        (":", "cue"),
        ("Bob", "source"),
        ("'", "source"),
        ("s", "source"),
        ("team", "source"),
        ("said", "cue"),
        ("no", "content"),
        ("!", "content"),
    ]
    assert token_roles(text, [inner, outer]) == token_roles(text, [outer, inner])


def test_token_belongs_to_a_span_that_holds_any_of_it() -> None:
    assert token_roles("beneath it", [Attribution((Span(5, 7),))]) == [
        (Span(0, 7), "content"),
        (Span(8, 10), "none"),
    ]
    assert token_roles("", []) == []
