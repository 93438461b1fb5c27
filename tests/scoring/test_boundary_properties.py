"""What holds of the rule `normalised` for any text, and what it does to a score."""

from __future__ import annotations

import time
from itertools import pairwise
from unicodedata import category

import entity_counts as ner
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.annotation import Entity, Span
from harness.tasks.ner.boundary import are_trimmed, boundary_cause, trim
from harness.tasks.ner.edges import EDGE_SIGNS
from harness.tasks.ner.options import NerOptions

SCRIPTS = "aXsSé5٥５½東京अहिका्กฯعב׳Яա" + "\u0301\u0308\u200d\u093f\ufe0f\u20e3"
SIGNS = "'’ʼ＇′.,-–—−$€%&+_“”„«»<>`。，《》「」،؛؟।։።¿¡()[] \u00a0\u200b\ufeff\n"
WORDS = ("the ", "A ", "an\u00a0", "'s", "’S", "sʼ", "-5", "--", "..", "-.5", "–$5")
TEXTS = st.lists(st.sampled_from((*SCRIPTS, *SIGNS, *WORDS)), min_size=1, max_size=12).map("".join)


@given(TEXTS, TEXTS, TEXTS)
def test_trimming_twice_is_trimming_once(before: str, whole: str, after: str) -> None:
    text, offset = before + whole + after, len(before)
    span = trim(text, offset, offset + len(whole))
    assert offset <= span.start < span.end <= offset + len(whole)
    assert trim(text, *span) == span
    start, end = trim(whole, 0, len(whole))  # what is around a mention changes nothing
    assert span == (offset + start, offset + end)


@given(TEXTS, TEXTS, st.sampled_from(["", "x" * 70]), TEXTS)
def test_all_of_them_are_trimmed_or_not(before: str, one: str, long: str, other: str) -> None:
    """However long they are, and wherever they stand."""
    text = before + one + long + other
    ends = [len(before), len(before + one + long), len(text)]
    entities = [Entity(a, b, "X") for a, b in pairwise(ends)]
    trimmed = [trim(text, *entity.span) == entity.span for entity in entities]
    assert are_trimmed(text, entities) == all(trimmed)
    assert [are_trimmed(text, [entity]) for entity in entities] == trimmed
    assert not are_trimmed(text, [Entity(0, len(text), "X", None, (Span(0, 1), Span(2, 3)))])


@given(TEXTS)
def test_no_mark_is_cut_from_what_carries_it(text: str) -> None:
    start, end = trim(text, 0, len(text))
    assert start == 0 or category(text[start])[0] != "M"
    assert end == len(text) or category(text[end])[0] != "M"


@given(st.text("bX5東हか", min_size=1), st.data())
def test_punctuation_around_a_word_goes_and_is_the_cause(word: str, data: st.DataObject) -> None:
    some = st.text(sorted(EDGE_SIGNS - set("-‐‑‒–−〜﹣－.,٫．")), max_size=5)
    before, after = data.draw(some), data.draw(some)
    text = before + word + after
    inner, outer = Span(len(before), len(before) + len(word)), Span(0, len(text))
    assert trim(text, *outer) == inner
    if inner != outer:
        assert boundary_cause(text, inner, outer) == "punctuation"
    for gold, predicted in ((inner, outer), (outer, inner)):
        assert agreement(text, gold, predicted) == (1, int(inner != outer))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("《人民日报》，", "人民日报"),
        ("‏«مصر»؟", "مصر"),
        ("The\u00a0Fedʼs", "Fed"),
        ("(−5 %),", "−5 %"),
    ],
)
def test_sides_that_differ_by_an_edge_score_the_same(text: str, name: str) -> None:
    start = text.index(name)
    inner, outer = Span(start, start + len(name)), Span(0, len(text))
    assert agreement(text, inner, outer) == (1, 1) == agreement(text, outer, inner)
    assert boundary_cause(text, inner, outer) in ("punctuation", "determiner")


def test_an_amount_without_its_sign_is_another() -> None:
    for text in ("-5 %", "−5", "–$5", "-.5", ".5 percent"):
        whole, rest = Span(0, len(text)), Span(1, len(text))
        assert agreement(text, whole, rest) == (0, 0) == agreement(text, rest, whole)
        assert boundary_cause(text, whole, rest) == "other" == boundary_cause(text, rest, whole)


def agreement(text: str, gold: Span, predicted: Span) -> tuple[int, int]:
    """How many mentions are right, and how many of these by trimming, under `normalised`."""
    options = NerOptions(boundary="normalised")
    sides = ([Entity(*gold, "X")], [Entity(*predicted, "X")])
    score = ner.score(ner.tally(*sides, options, text=text), options)
    return score.micro.tp, score.forgiven


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "middle", "after"),
    [
        ("the ", "", ""),
        ("", "", "'s"),
        (".", "x", "."),
        (" ", "", ""),
        ("-", "5", "-"),
        (".-", "5", ".-"),
        ("。", "東", "」"),
        ("'", "s", "'"),
        ("", "s", "ʼ"),
    ],
)
def test_time_is_linear_in_hostile_text(before: str, middle: str, after: str) -> None:
    def took(n: int) -> float:
        text = before * n + middle + after * n
        inner, outer = Span(len(before) * n, len(before) * n + 1), Span(0, len(text))
        times = []
        for _ in range(3):
            begun = time.process_time()
            trim(text, *outer)
            boundary_cause(text, inner, outer)
            times.append(time.process_time() - begun)
        return min(times)

    took(1)  # the patterns are compiled by then
    assert took(200_000) < 12 * max(took(50_000), 0.001)
