"""The gazetteer: its lists, its patterns, and which wins."""

from __future__ import annotations

from itertools import pairwise

import pytest

from harness.adapter import LoadRequest
from harness.adapters.gazetteer import ADAPTER


@pytest.fixture(scope="module")
def ask():  # type: ignore[no-untyped-def]
    backend = ADAPTER.load(LoadRequest("", "ner"))

    def found(text: str) -> list[tuple[str, str]]:
        (raw,) = backend.predict([text])
        return [(text[e.start : e.end], e.label) for e in backend.annotations(text, raw).entities]

    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in Brussels", [("Brussels", "GPE")]),
        ("the United States", [("the United States", "GPE")]),
        ("President Jane Roe spoke", [("Jane Roe", "PERSON")]),
        ("Jane Roe spoke", []),
        ("on June 14", [("June 14", "DATE")]),
        ("$3 million", [("$3 million", "MONEY")]),
        ("45 percent", [("45 percent", "PERCENT")]),
        ("three hours", [("three hours", "TIME")]),
        ("12 kilometers", [("12 kilometers", "QUANTITY")]),
        ("Monday morning", [("Monday morning", "TIME")]),
        ("the second", [("second", "ORDINAL")]),
        ("17", [("17", "CARDINAL")]),
        ("", []),
    ],
)
def test_lists_and_patterns(ask, text: str, expected: list[tuple[str, str]]) -> None:  # type: ignore[no-untyped-def]
    assert ask(text) == expected


def test_the_longest_wins_and_nothing_overlaps(ask) -> None:  # type: ignore[no-untyped-def]
    text = "On Monday, June 14, 2021 about 20 percent of 3,000 people in New York went home."
    backend = ADAPTER.load(LoadRequest("", "ner"))
    (raw,) = backend.predict([text])
    assert all(left.end <= right.start for left, right in pairwise(raw))
    assert ("20 percent", "PERCENT") in ask(text)


def test_names_inside_words_do_not_count(ask) -> None:  # type: ignore[no-untyped-def]
    assert ask("xRussiax Russias") == []
