"""What the rule `normalised` trims, and what a boundary error is about."""

from __future__ import annotations

import pytest

from harness.annotation import Span
from harness.tasks.ner.boundary import BOUNDARY_CAUSES, boundary_cause, trim


@pytest.mark.parametrize(
    ("whole", "kept"),
    [
        ("Senate", "Senate"),
        ("the Senate", "Senate"),
        ("THE  Senate", "Senate"),
        ("an Army", "Army"),
        ("These United States", "United States"),
        ("the\u00a0Senate", "Senate"),
        ("the\nSenate", "Senate"),
        ("theatre", "theatre"),
        ("A", "A"),
        ("The", "The"),
        ("the ", "the "),
        ("Moscow's", "Moscow"),
        ("Moscow’s", "Moscow"),
        ("MOSCOW'S", "MOSCOW"),
        ("Reuters'", "Reuters"),
        ("Reuters’", "Reuters"),
        ("The Fed’s ", "Fed"),
        ("'s", "s"),
        ("“the Senate’s”,", "Senate"),
        ("(NATO)", "NATO"),
        ("U.S.", "U.S"),
        ("the U.N.'s", "U.N"),
        ("Acme Inc.’s", "Acme Inc"),
        ("5%", "5%"),
        ("$5", "$5"),
        ("AT&T", "AT&T"),
        ("C++", "C++"),
        ("O'Brien", "O'Brien"),
        ("Marks and Spencer's of London", "Marks and Spencer's of London"),
        ("O’Neillʼs", "O’Neill"),
        ("Moscow＇s", "Moscow"),
        ("Reutersʼ,", "Reuters"),
        ("Reuters＇", "Reuters"),
        ("Moscow′s", "Moscow′s"),  # a prime
        ("José\u0301's", "José\u0301"),
        ("Windows 7's", "Windows 7"),
        ("C++'s", "C++"),
        ("Yahoo!'s", "Yahoo"),
        ("Moscow 's", "Moscow"),  # as tokenised text has it
        ("ʻOkina", "ʻOkina"),
        ("A 380", "380"),  # cannot be told from a determiner
        ("‐‑‒–—―−NATO−―—–‒‑‐", "NATO"),
        ("\ufeff\u200b\u200eNATO\u00ad\u2060", "NATO"),
        ("\u3000NATO\u2009", "NATO"),
        ("snake_", "snake_"),
        ("‹“„‚‛‟»NATO«›", "NATO"),
        ("...", "..."),
        (" ", " "),
        (" - the -", " - the -"),
    ],
)
def test_trim(whole: str, kept: str) -> None:
    for before, after in (("", ""), ("xx ", " yy"), ("the ", "'s")):
        text = before + whole + after
        span = trim(text, len(before), len(before) + len(whole))
        assert text[span.start : span.end] == kept
        assert len(before) <= span.start < span.end <= len(before) + len(whole)


def test_trim_looks_at_nothing_outside_the_span() -> None:
    text = "the the end's"
    assert trim(text, 0, 3) == (0, 3)  # the white space that follows is not in the span
    assert trim(text, 4, 11) == (8, 11)


@pytest.mark.parametrize(
    ("text", "gold", "predicted", "cause"),
    [
        ("the Senate", "Senate", "the Senate", "determiner"),
        ("“The Senate", "Senate", "“The Senate", "determiner"),
        ("Moscow's mayor", "Moscow", "Moscow's", "possessive"),
        ("Moscow’s mayor", "Moscow’s", "Moscow", "possessive"),
        ("Reuters' man", "Reuters", "Reuters'", "possessive"),
        ("Mr. Biden", "Biden", "Mr. Biden", "title"),
        ("the President Joe Biden", "Joe Biden", "the President Joe Biden", "title"),
        ("Robert Kennedy Jr.", "Robert Kennedy", "Robert Kennedy Jr.", "title"),
        ("Rome, Italy", "Rome", "Rome,", "punctuation"),
        ("Inc.'", "Inc", "Inc.'", "punctuation"),
        ("《东京》", "东京", "《东京》", "punctuation"),
        ("Reutersʼ man", "Reuters", "Reutersʼ", "possessive"),
        ("Moscow＇s mayor", "Moscow", "Moscow＇s", "possessive"),
        ("Moscow’s, that", "Moscow", "Moscow’s,", "possessive"),
        ("the\u00a0Senate", "Senate", "the\u00a0Senate", "determiner"),
        ("up -5 %", "5", "-5", "other"),
        ("up (-5)", "5", "(-5)", "other"),
        ("up --5", "5", "--5", "punctuation"),
        ("5% up", "5", "5%", "other"),
        ("New York City", "New York City", "New York", "other"),
        ("last year alone", "year", "last year", "other"),
        ("the Senate's", "Senate", "the Senate's", "determiner"),
        ("“Senate's", "Senate", "“Senate's", "possessive"),
        ("the Senate vote", "Senate", "the Senate vote", "other"),
        ("Lordship Lane", "Lane", "Lordship Lane", "other"),
    ],
)
def test_boundary_cause(text: str, gold: str, predicted: str, cause: str) -> None:
    one = Span(text.index(gold), text.index(gold) + len(gold))
    other = Span(text.index(predicted), text.index(predicted) + len(predicted))
    assert boundary_cause(text, one, other) == cause == boundary_cause(text, other, one)
    assert cause in BOUNDARY_CAUSES


def test_equal_spans_have_no_cause_but_other() -> None:
    assert boundary_cause("Rome", Span(0, 4), Span(0, 4)) == "other"
