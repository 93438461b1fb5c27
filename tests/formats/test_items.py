"""The one decoder of spans, entities and attributions: what it keeps, drops and says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.annotation import Attribution, Entity, Span
from harness.coding import short
from harness.errors import AnnotationError
from harness.formats import hints, items
from harness.formats.items import LARGEST, Decoder, Remedy, Where, half_character
from harness.formats.offsets import Offsets, OffsetUnit
from harness.tasks.base import Task
from harness.tasks.ner.options import NerOptions

TEXT = "Ines 😀 left"
NUMBERS = st.integers(-2, 14) | st.sampled_from([True, 1.0, "1", None, 10**400])
ITEMS = st.fixed_dictionaries(
    {},
    optional={
        "start": NUMBERS,
        "end": NUMBERS,
        "label": st.sampled_from(["PER", "Ö", "", "\ud83d", 3, None]),
        "score": st.sampled_from([0.5, 0, -1.0, float("nan"), float("inf"), True, "1", None])
        | st.just(10**400),
        "text": st.sampled_from(["Ines", "left", "", 3, None]),
        "spans": st.just([]),
    },
) | st.sampled_from([None, 3, "start", [0, 4, "PER"]])


class Collected(list[tuple[str, str, Remedy]]):
    """A sink that notes what it is told."""

    def __call__(self, place: str, message: str, remedy: Remedy) -> None:
        self.append((place, message, remedy))


class _Marks(Task):
    """A task of somebody else's, whose items are spans."""

    name = layer = "marks"
    item, options = Span, NerOptions

    def decode(self, value: Any, span: Callable[[Any], Span]) -> Span:
        return span(value)


def test_another_layer_too_is_in_code_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items, "task_for_layer", {"marks": _Marks()}.get)
    collected = Collected()
    decoder = Decoder(TEXT, collected, offsets=Offsets(TEXT, "utf16"))
    here = [{"start": 0, "end": 4}, {"start": 8, "end": 12}, {"start": 6, "end": 9}]
    assert decoder.layer(here, "marks") == (Span(0, 4), Span(7, 11))
    ((place, message, _),) = collected
    assert (place, message) == ("marks[2]", "utf16 offset 6 is in the middle of a character")


@given(ITEMS, st.sampled_from(["codepoint", "utf16", "byte"]), st.sampled_from([0.0, -LARGEST]))
def test_the_short_way_of_a_list_says_what_the_long_way_says(
    item: Any, unit: OffsetUnit, least: float
) -> None:
    by_list, alone = Collected(), Collected()
    offsets = Offsets(TEXT, unit)
    entities = Decoder(TEXT, by_list, offsets=offsets, least_score=least).entities([item])
    entity = Decoder(TEXT, alone, offsets=offsets, least_score=least).entity(item, "entities[0]")
    assert entities == (() if entity is None else (entity,))
    assert by_list == alone
    for kept in entities:
        assert 0 <= kept.start < kept.end <= len(TEXT)
        assert kept.score is None or least <= kept.score <= LARGEST


@given(ITEMS)
def test_a_file_stops_at_the_first_thing_that_a_worker_loses(item: Any) -> None:
    collected = Collected()
    kept = Decoder(TEXT, collected).entities([item])
    if not collected:
        assert Decoder(TEXT, Where("a", 3).refuse).entities([item]) == kept
        return
    with pytest.raises(AnnotationError) as caught:
        Decoder(TEXT, Where("a", 3).refuse).entities([item])
    place, message, remedy = collected[0]
    assert (caught.value.message, caught.value.line) == (f"{place}: {message}", 3)
    assert (caught.value.hint, caught.value.options) == remedy


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"start": 0}, "found {'start': 0}, expected an object with \"start\" and \"end\": end is "
                       "None, expected an integer"),
        ({"start": 0, "end": None}, "end is None, expected an integer"),
        ({"start": 0, "end": 99}, "end 99 is outside the text of 12 UTF-16 units"),
        ({"start": 0, "end": 6}, "utf16 offset 6 is in the middle of a character"),
        ({"start": 0, "end": 4, "text": "left"},
         "\"text\" is 'left', but the document has 'Ines' at [0, 4)"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_span(item: Any, message: str) -> None:
    collected = Collected()
    assert Decoder(TEXT, collected, offsets=Offsets(TEXT, "utf16")).span(item, "cue") is None
    assert [(place, said) for place, said, _ in collected] == [("cue", message)]


def test_a_part_is_lost_alone() -> None:
    span, bad = {"start": 0, "end": 4}, {"start": 9, "end": 99}
    item = {"content": [bad, span], "source": bad, "kind": ["direct"], "speaker": "\ud83d"}
    collected = Collected()
    assert Decoder(TEXT, collected).attributions([item]) == (Attribution((Span(0, 4),)),)
    assert [place.removeprefix("attributions[0]") for place, _, _ in collected] == [
        ".content[0]", ".source", "", "",
    ]  # fmt: skip
    assert collected[-1][2] == Remedy(hints.HALF)


def test_without_a_text_offsets_have_no_limit_and_nothing_is_compared() -> None:
    items = [{"start": 10**6, "end": 10**6 + 1, "label": "X", "text": "?"}]
    assert Decoder(None, Where().refuse).entities(items) == (Entity(10**6, 10**6 + 1, "X"),)


def test_helpers() -> None:
    assert half_character("é😀") is None
    assert half_character("a\udc80") == "holds half a character ('\\udc80') at 1"
    assert short("x" * 99) == "'" + "x" * 58 + "…"
