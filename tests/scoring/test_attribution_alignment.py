"""The alignment is optimal, one-to-one and free of order."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from harness.annotation import Attribution, Span
from harness.errors import AnnotationError
from harness.tasks.attribution.alignment import maximum_weight_matching
from harness.tasks.attribution.characters import Characters, common, dice, equal_elements
from harness.tasks.attribution.count import Pairing, pairs
from harness.tasks.attribution.tally import AttributionOptions


def said(*content: tuple[int, int], **roles: object) -> Attribution:
    return Attribution(tuple(Span(*span) for span in content), **roles)  # type: ignore[arg-type]


def partners(found: list[Pairing]) -> list[tuple[tuple[Span, ...], tuple[Span, ...]]]:
    return [(p.gold.content, p.predicted.content) for p in found if p.gold and p.predicted]


weights = st.dictionaries(
    st.tuples(st.integers(0, 5), st.integers(0, 5)), st.integers(1, 9), min_size=1, max_size=20
)


@given(weights)
def test_matching_weighs_as_much_as_scipys(edges: dict[tuple[int, int], int]) -> None:
    matrix = np.zeros((6, 6))
    for (i, j), weight in edges.items():
        matrix[i, j] = weight
    rows, columns = linear_sum_assignment(matrix, maximize=True)
    found = maximum_weight_matching(edges)
    assert sum(edges[edge] for edge in found) == matrix[rows, columns].sum()
    assert len({i for i, _ in found}) == len({j for _, j in found}) == len(found)


@given(weights, st.randoms())
def test_matching_does_not_see_the_order_of_its_edges(
    edges: dict[tuple[int, int], int], chance: random.Random
) -> None:
    items = list(edges.items())
    chance.shuffle(items)
    assert maximum_weight_matching(dict(items)) == maximum_weight_matching(edges)


def test_total_is_largest_where_the_best_single_pair_is_not_in_it() -> None:
    # Gold 0-10 and 10-20. Prediction A 4-20 shares 6 and 10 letters with them, B 12-20 none and 8.
    # Greedy takes A with the second (Dice 20/26 = .77) and has nothing left for B. The optimum is
    # A with the first (12/26) and B with the second (16/18): 1.35.
    text = "x" * 20
    gold = [said((0, 10)), said((10, 20))]
    predicted = [said((4, 20)), said((12, 20))]
    found = pairs(gold, predicted, text=text)
    assert partners(found) == [
        ((Span(0, 10),), (Span(4, 20),)),
        ((Span(10, 20),), (Span(12, 20),)),
    ]
    assert [p.dice for p in found] == pytest.approx([12 / 26, 16 / 18])


def test_equal_contents_are_told_apart_by_cue_and_source() -> None:
    text = "he said she knew it"
    content = (16, 19)
    one = said(content, source=Span(0, 2), cue=Span(3, 7))
    other = said(content, source=Span(8, 11), cue=Span(12, 16))
    for gold in ([one, other], [other, one]):
        for predicted in ([one, other], [other, one]):
            assert all(p.gold == p.predicted for p in pairs(gold, predicted, text=text))


def test_tied_contents_go_to_the_roles_that_overlap() -> None:
    # In the order of offsets, gold 1 would get the prediction without source.
    text = "he said she knew it"
    content = (16, 19)
    gold = [said(content, source=Span(0, 2)), said(content, source=Span(8, 11))]
    predicted = [said(content), said(content, source=Span(0, 1))]
    found = pairs(gold, predicted, text=text)
    assert [(p.gold, p.predicted) for p in found] == list(zip(gold, predicted[::-1], strict=True))


def test_tied_roles_go_to_what_else_agrees() -> None:
    # In the order of names, Ann would get Bob and Bob would get Cy.
    content = (8, 14)
    gold = [said(content, speaker="Ann"), said(content, speaker="Bob")]
    predicted = [said(content, speaker="Bob"), said(content, speaker="Cy")]
    found = pairs(gold, predicted, text="$5 said it all")
    assert [(p.gold, p.predicted) for p in found] == list(zip(gold, predicted[::-1], strict=True))


@pytest.mark.parametrize(
    ("first", "second"),
    [("Ms Ann Roe", "Mr. Cy Moe"), ("Roe", "Moe"), ("Ann Roe, mayor", "Governor Cy Moe")],
)
@pytest.mark.parametrize("turned", [False, True])
def test_tied_roles_go_to_the_same_speakers_by_the_rule_of_the_score(
    first: str, second: str, turned: bool
) -> None:
    content = (8, 14)
    one = [said(content, speaker="Ann Roe"), said(content, speaker="Cy Moe")]
    other = [said(content, speaker=first), said(content, speaker=second)]
    gold, predicted = (other, one) if turned else (one, other)
    for order in (predicted, predicted[::-1]):
        found = pairs(gold, order, text="$5 said it all")
        assert {(p.gold, p.predicted) for p in found} == set(zip(gold, predicted, strict=True))
        assert [p.speaker for p in found] == [True, True]


def test_tied_roles_go_to_the_aliases_of_the_gold() -> None:
    content = (8, 14)
    gold = [said(content, speaker="Ann Roe"), said(content, speaker="Kyiv")]
    predicted = [said(content, speaker="Kiev"), said(content, speaker="the mayor")]
    options = AttributionOptions(aliases={"Kyiv": ("Kiev",)})
    found = pairs(gold, predicted, options, text="$5 said it all")
    assert [(p.gold, p.predicted) for p in found] == list(zip(gold, predicted[::-1], strict=True))


def test_two_absent_speakers_agree() -> None:
    content = (8, 14)
    gold = [said(content, speaker="Ann Roe"), said(content)]
    predicted = [said(content, speaker="Unknown"), said(content, speaker="Bob Doe")]
    found = pairs(gold, predicted, text="$5 said it all")
    assert {(p.gold, p.predicted) for p in found} == set(zip(gold, predicted[::-1], strict=True))


def test_tie_is_settled_the_same_way_whichever_side_is_gold() -> None:
    # Dice .6 + .5 = .2 + .9: tied, and one alignment finds two relations, the other one.
    text = "x" * 20
    gold = [said((0, 10)), said((3, 13))]
    predicted = [said((4, 14)), said((8, 18))]
    one = partners(pairs(gold, predicted, text=text))
    other = partners(pairs(predicted, gold, text=text))
    assert sorted(one) == sorted((b, a) for a, b in other)


def test_dice_counts_letters_and_digits_only() -> None:
    view = Characters("“Yes — 12!” said.")
    quoted, bare = view.element([Span(0, 11)]), view.element([Span(1, 4)])
    assert quoted is not None and bare is not None
    assert quoted.size == 5  # Y e s 1 2
    assert bare.size == 3
    assert common(quoted, bare) == 3
    assert dice(quoted, bare) == pytest.approx(2 * 3 / 8)


@pytest.mark.parametrize(
    ("text", "one", "other", "equal"),
    [
        ("“Yes.” he", [(0, 6)], [(1, 4)], True),
        ("say yes he", [(3, 8)], [(4, 7)], True),
        ("cost $5 now", [(5, 7)], [(6, 7)], False),  # a currency sign is no punctuation
        ("``Yes'' he", [(0, 7)], [(2, 5)], True),
        ("“A,” he; “b”", [(0, 4), (9, 12)], [(1, 2), (10, 11)], True),
        ("one, two", [(0, 8)], [(0, 3), (5, 8)], True),  # the gap is punctuation and white space
        ("one x two", [(0, 9)], [(0, 3), (6, 9)], False),
        ("e\u0301t\u00e9", [(0, 2)], [(0, 1)], False),  # a combining accent belongs to its letter
        ("a … b", [(2, 3)], [(2, 3)], True),
        ("a …… b", [(2, 3)], [(3, 4)], False),
    ],
)
def test_equal_up_to_punctuation_and_white_space_at_the_edges(
    text: str, one: list[Span], other: list[Span], equal: bool
) -> None:
    view = Characters(text)
    left, right = view.element(one), view.element(other)
    assert left is not None and right is not None
    assert equal_elements(left, right) is equal
    assert equal_elements(right, left) is equal


def test_content_without_letters_is_compared_by_all_its_positions() -> None:
    view = Characters("he said: “…!” ok")
    whole, part = view.element([Span(9, 13)]), view.element([Span(10, 12)])
    assert whole is not None and part is not None
    assert whole.bare and whole.size == 4
    assert dice(whole, part) == pytest.approx(4 / 6)
    letters = view.element([Span(0, 16)])
    assert letters is not None
    assert common(whole, letters) == 0


def test_discontinuous_content_is_a_set_of_characters() -> None:
    view = Characters("abcdefghij")
    split = view.element([Span(6, 10), Span(0, 4)])
    overlapping = view.element([Span(0, 3), Span(2, 4), Span(6, 10)])
    assert split is not None
    assert split == overlapping
    assert split.size == 8
    middle = view.element([Span(3, 7)])
    assert middle is not None
    assert common(split, middle) == 2


def test_ignored_characters_do_not_exist() -> None:
    view = Characters("abcde fghij.", ignore=[Span(3, 8)])
    element = view.element([Span(0, 12)])
    assert element is not None
    assert element.size == 6
    assert view.element([Span(4, 7)]) is None
    assert view.element([Span(3, 8)]) is None
    # Its letters are ignored, only the full stop is left: nothing that one could find.
    assert Characters("ab cd.", ignore=[Span(3, 5)]).element([Span(3, 6)]) is None


@pytest.mark.parametrize("span", [(-1, 2), (0, 99), (3, 3), (4, 2)])
def test_span_outside_the_text_is_an_error_not_a_clamp(span: tuple[int, int]) -> None:
    with pytest.raises(AnnotationError):
        pairs([said(span)], [], text="abcdef")


def test_long_chain_of_overlaps_is_solved_quickly() -> None:
    # 150 gold contents, each touching two predictions: one component, no shortcut applies.
    text = "x" * 1510
    gold = [said((10 * i, 10 * i + 10)) for i in range(150)]
    predicted = [said((10 * i + 4, 10 * i + 14)) for i in range(150)]
    found = pairs(gold, predicted, text=text)
    assert len(partners(found)) == 150
    assert sum(p.dice for p in found) == pytest.approx(150 * 0.6)
