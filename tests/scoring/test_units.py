"""Paragraphs cover their document and begin where their line does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.paragraphs import paragraph_starts, unit_of


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("", [0]),
        ("\n", [0]),
        (" \n\t\n", [0]),
        ("one", [0]),
        ("one\n", [0]),
        ("one\ntwo", [0, 4]),
        ("one\n\n\ntwo\n", [0, 6]),
        ("\n\none\ntwo", [0, 6]),
        ("one\r\n\r\ntwo\r\nthree", [0, 7, 12]),
        ("one\rtwo", [0, 4]),
        ("one\n \u00a0 \ntwo", [0, 8]),
        ("one\n  two", [0, 4]),
        ("\U0001f600\ntwo", [0, 2]),  # offsets are code points
    ],
)
def test_paragraph_starts(text: str, starts: list[int]) -> None:
    assert paragraph_starts(text) == starts


@given(st.text(alphabet="ab \n\r\t", max_size=40))
def test_every_offset_is_in_one_unit_and_no_unit_is_blank(text: str) -> None:
    starts = paragraph_starts(text)
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    parts = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
    assert "".join(parts) == text
    if text.strip():
        assert all(part.strip() for part in parts)


def test_unit_of() -> None:
    starts = [0, 4, 9]
    assert [unit_of(offset, starts) for offset in (0, 3, 4, 8, 9, 100)] == [0, 0, 1, 1, 2, 2]
