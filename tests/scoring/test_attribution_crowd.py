"""Contents that touch too densely for a list of pairs are aligned as well as by the list."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import examples

from harness.annotation import Attribution, Span
from harness.errors import TooEntangled
from harness.tasks.attribution import alignment
from harness.tasks.attribution.count import Pairing, events, pairs

TEXT = "“ab cd, ef” gh ... ij kl mn op. " * 12
PLACES = st.integers(0, 60)


def spans(width: int) -> st.SearchStrategy[Span]:
    return st.builds(lambda start, size: Span(start, start + size), PLACES, st.integers(1, width))


relations = st.lists(
    st.builds(
        Attribution,
        st.lists(spans(200), min_size=1, max_size=3).map(tuple),
        st.none() | spans(4),
        st.none() | spans(4),
        st.none(),
        st.sampled_from(["Ann", "Bob Roe", None]),
    ),
    max_size=30,
)


def as_crowd(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(alignment, "_LISTED", 0)
    patch.setattr(alignment, "_LISTED_EACH", 0)


def worth(found: list[Pairing]) -> tuple[object, ...]:
    """What an alignment is to be the best in, but for its first ties, summed up."""
    met = [one for one in found if one.gold and one.predicted]
    return len(met), pytest.approx(sum(one.dice for one in met), abs=1e-9)


@given(relations, relations)
@settings(max_examples=examples(120), deadline=None)
def test_a_crowd_is_aligned_as_well_as_by_a_list(
    gold: list[Attribution], predicted: list[Attribution]
) -> None:
    listed = pairs(gold, predicted, text=TEXT)
    counted = [event for event in events(gold, predicted, text=TEXT) if "split" in event[1]]
    with pytest.MonkeyPatch.context() as patch:
        as_crowd(patch)
        crowd = pairs(gold, predicted, text=TEXT)
        turned = pairs(predicted, gold, text=TEXT)
        shuffled = pairs(gold[::-1], predicted[::-1], text=TEXT)
        again = [event for event in events(gold, predicted, text=TEXT) if "split" in event[1]]
    assert worth(crowd)[1] == worth(listed)[1]
    assert again == counted
    assert {(one.gold, one.predicted) for one in shuffled} == {
        (one.gold, one.predicted) for one in crowd
    }
    assert {(one.predicted, one.gold) for one in turned} == {
        (one.gold, one.predicted) for one in crowd
    }


def weighed(found: list[tuple[int, int]], weights: dict[tuple[int, int], int]) -> int:
    return sum(weights[edge] for edge in found)


@given(relations, relations)
@settings(max_examples=examples(60), deadline=None)
def test_ties_go_by_roles_and_speakers_as_by_a_list(
    gold: list[Attribution], predicted: list[Attribution]
) -> None:
    """The exact weights of the list, over all relations at once, say which alignment is best."""
    sides: list[list[alignment.Relation]] = []
    aligned = alignment.align_relations

    def seen(
        one: list[alignment.Relation], other: list[alignment.Relation], *speakers: object
    ) -> list[tuple[int, int]]:
        found = aligned(one, other, *speakers)  # type: ignore[arg-type]
        sides[:] = [one, other]
        results.append((found, speakers))
        return found

    results: list[tuple[list[tuple[int, int]], tuple[object, ...]]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.tasks.attribution.count.align_relations", seen)
        pairs(gold, predicted, text=TEXT)
        as_crowd(patch)
        pairs(gold, predicted, text=TEXT)
    (listed, (in_gold, in_predicted)), (crowd, _) = results
    one, other = sides
    component = list(alignment.touching(one, other).items())
    if component:
        weights = alignment._weights(
            one,
            other,
            component,
            lambda a, b: in_gold(a.speaker, b.speaker) + in_predicted(b.speaker, a.speaker),  # type: ignore[operator]
        )
        assert weighed(crowd, weights) == weighed(listed, weights)


@pytest.mark.slow
def test_a_thousand_contents_that_all_overlap() -> None:
    draw = random.Random(1)
    text = "abcdefghij " * 700

    def side() -> list[Attribution]:
        starts = draw.sample(range(3000), 1000)
        return [Attribution((Span(start, start + 3000 + start % 977),)) for start in starts]

    gold, predicted = side(), side()
    found = pairs(gold, predicted, text=text)
    assert sum(one.gold is not None and one.predicted is not None for one in found) == 1000


def test_what_is_too_much_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    same = [Attribution((Span(0, 9),), Span(20 + i, 22 + i)) for i in range(30)]
    as_crowd(monkeypatch)
    pairs(same, same, text=TEXT)
    monkeypatch.setattr(alignment, "_LISTED_OF_CROWD", 100)
    with pytest.raises(TooEntangled, match="30 attributions of one side and 30 of the other"):
        pairs(same, same, text=TEXT)
