"""The end of a sentence that says that a name is unknown."""

from __future__ import annotations

import pytest

from harness.errors import near_name, nearest


@pytest.mark.parametrize(
    ("name", "known", "end"),
    [
        ("conl", ["brat", "conll"], ". Did you mean 'conll'? Known: brat, conll"),
        ("PERS", {"PER": 1, "ORG": 2}, ". Did you mean 'PER'? Known: PER, ORG"),
        ("peR", ["per", "PER"], ". Did you mean 'PER'? Known: per, PER"),
        ("xyz", ["brat", "conll"], ". Known: brat, conll"),
        ("xyz", [], "."),
    ],
)
def test_nearest(name: str, known: list[str], end: str) -> None:
    assert nearest(name, known) == end
    assert nearest(name, iter(known), listed=False) == end.partition(" Known")[0]


def test_a_near_name() -> None:
    assert near_name("Recal", ("precision", "recall")) == "recall"
    assert near_name("x", ("precision", "recall")) is None
    assert near_name("abc" + "x" * 6, ("abc",)) == "abc", "half of it is the same"


def test_megabytes_are_near_nothing_and_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("difflib.get_close_matches", None)
    assert near_name("abc" + "x" * 7, ("abc", "b")) is None
    assert near_name("x" * 50_000_000, ("precision", "recall")) is None
