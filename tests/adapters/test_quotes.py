"""The quotation-mark baseline: pairing marks, who said it by the words around, merging."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import examples

from harness.adapter import Adapter, LoadRequest
from harness.adapters._attribution.merge import merge_shared_cues, union
from harness.adapters._attribution.quotation import is_scare_quote, quotations
from harness.adapters.quotes import ADAPTER
from harness.annotation import Attribution, Span
from harness.paragraphs import lines


def quoted(text: str) -> list[str]:
    return [text[quote.start : quote.end] for quote in quotations(text)]


def predict(text: str) -> list[Attribution]:
    backend = ADAPTER.load(LoadRequest("", "attribution"))
    (raw,) = backend.predict([text])
    return list(backend.annotations(text, raw).attributions or ())


def shown(text: str) -> list[tuple[str | None, str | None, list[str]]]:
    def words(span: Span | None) -> str | None:
        return None if span is None else text[span.start : span.end]

    return [
        (words(item.source), words(item.cue), [text[a:b] for a, b in item.content])
        for item in predict(text)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“We go,” she said.", ["“We go,”"]),
        ('"We go," she said. "Now."', ['"We go,"', '"Now."']),
        ("«We go», she said.", ["«We go»"]),
        ("''We go,'' she said.", ["''We go,''"]),
        ("‘We go,’ she said.", ["‘We go,’"]),
        ("'We go,' she said, and it's Roe's.", ["'We go,'"]),
        ("It's the voters' choice, isn't it? The states' rights.", []),
        ("He called it ‘the voters’ choice’ again.", ["‘the voters’ choice’"]),
        # a shape that contradicts its surroundings: the surroundings win
        ("”We go,“ she said.", ["”We go,“"]),
        ("He is 6'2\" tall and “fine with it”.", ["“fine with it”"]),
        # a quotation within a quotation
        ('"They say “never” again and go," he said.', ['"They say “never” again and go,"']),
        ("“I said, ‘we go,’ and went,” he said.", ["“I said, ‘we go,’ and went,”"]),
        # an opening mark repeated in an open quotation continues it
        ("“We go. “Now,” she said.", ["“We go. “Now,”"]),
    ],
)
def test_marks_are_paired(text: str, expected: list[str]) -> None:
    assert quoted(text) == expected


def test_a_stray_closing_mark_inverts_nothing() -> None:
    text = "It is over” for them, he said. “We go,” she said. “We stay,” he said."
    assert quoted(text) == ["“We go,”", "“We stay,”"]


def test_a_mark_never_closed_ends_with_its_paragraph_where_it_opens_speech() -> None:
    text = "“We go. And we stay.\nNothing here.\n“Now,” she said."
    first, second = quotations(text)
    assert text[first.start : first.end] == "“We go. And we stay."
    assert not first.closed
    assert text[second.start : second.end] == "“Now,”"
    assert second.closed


def test_a_mark_never_closed_in_the_middle_of_a_sentence_is_dropped() -> None:
    assert quoted("The “war on words continued.\n“Now,” she said.") == ["“Now,”"]


def test_a_paragraph_that_continues_an_open_quotation_without_a_mark() -> None:
    text = "“We go.\nAnd we stay,” she said."
    assert quoted(text) == ["“We go.", "And we stay,”"]
    assert [quote.opened for quote in quotations(text)] == [True, False]


@pytest.mark.parametrize(
    ("text", "scare"),
    [
        ("a “dual approach” to it", True),
        ("the film “The Last Night of the Year,” he saw", True),
        ("They shouted “Never again!”", False),
        ("He called it “a step that nobody needed”.", False),
        ("She said: “no comment”.", False),
    ],
)
def test_scare_quotes_and_titles_are_no_utterances(text: str, scare: bool) -> None:
    (quote,) = quotations(text)
    assert is_scare_quote(text, quote) is scare


MARKS = st.sampled_from(list("“”\"«»‘’' \n.,:abcAB"))


@settings(max_examples=examples(300))
@given(st.lists(MARKS, max_size=60).map("".join))
def test_quotations_lie_in_order_in_one_paragraph_each(text: str) -> None:
    last = 0
    for quote in quotations(text):
        assert 0 <= quote.start <= quote.inner_start <= quote.inner_end <= quote.end <= len(text)
        assert quote.start >= last
        assert any(start <= quote.start and quote.end <= end for start, end in lines(text))
        last = quote.end


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n\n"])
def test_a_paragraph_ends_where_the_scorer_says(end: str) -> None:
    text = "“We go,” said Ann Roe.\n“And we stay.\nBob Moe left."
    shift = len(end) - 1
    expected = [
        (quote.start + shift * text.count("\n", 0, quote.start), text[quote.start : quote.end])
        for quote in quotations(text)
    ]
    other = text.replace("\n", end)
    assert [(q.start, other[q.start : q.end]) for q in quotations(other)] == expected


@settings(max_examples=examples(200))
@given(st.lists(MARKS, max_size=40).map("".join), st.lists(MARKS, max_size=40).map("".join))
def test_a_paragraph_is_paired_by_itself(first: str, second: str) -> None:
    """Whatever stands in one paragraph, a closed one after it is paired as if alone."""
    text = f"{first}\nA plain line.\n{second}"
    offset = len(first) + len("\nA plain line.\n")
    alone = [(quote.start, quote.end) for quote in quotations(second)]
    among = [
        (quote.start - offset, quote.end - offset)
        for quote in quotations(text)
        if quote.start >= offset
    ]
    assert among == alone


@settings(max_examples=examples(300))
@given(st.text(max_size=200))
def test_every_predicted_span_lies_in_the_text(text: str) -> None:
    for item in predict(text):
        for _, span in item.spans():
            assert 0 <= span.start < span.end <= len(text)
        assert list(item.content) == sorted(item.content)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“We must go now,” she said.", ("she", "said", ["“We must go now,”"])),
        ("“We must go now,” said Jane Roe.", ("Jane Roe", "said", ["“We must go now,”"])),
        ("“We must go now,” the minister also warned.", (
            "the minister", "also warned", ["“We must go now,”"])),
        ("Jane Roe told reporters: “We must go now.”", (
            "Jane Roe", "told", ["“We must go now.”"])),
        ("Roe: “We must go now.”", ("Roe", ":", ["“We must go now.”"])),
        ("“We must go,” he said. “And we will stay.”", (
            "he", "said", ["“We must go,”", "“And we will stay.”"])),
        ("“We must go right now.”", (None, None, ["“We must go right now.”"])),
    ],
)  # fmt: skip
def test_cue_and_source_from_the_words_around(
    text: str, expected: tuple[str | None, str | None, list[str]]
) -> None:
    assert shown(text) == [expected]


def test_two_speakers_in_one_paragraph_stay_two() -> None:
    text = "“We must go now,” Ann Roe said. “We will never stay,” said Bob Moe."
    assert [(source, cue) for source, cue, _ in shown(text)] == [
        ("Ann Roe", "said"),
        ("Bob Moe", "said"),
    ]


def test_a_name_resolves_to_its_longest_form_and_he_to_the_man() -> None:
    text = "“We must go now,” Robert Roe said.\nMore later.\n“It is far too late,” he added."
    assert [item.speaker for item in predict(text)] == ["Robert Roe", "Robert Roe"]


def test_relations_that_share_a_cue_are_one() -> None:
    one = Attribution((Span(0, 5),), Span(6, 8), Span(9, 13), "direct")
    two = Attribution((Span(15, 20),), None, Span(9, 13), "direct", "Jane Roe")
    alone = Attribution((Span(30, 40),))
    assert merge_shared_cues([two, alone, one]) == [
        Attribution((Span(0, 5), Span(15, 20)), Span(6, 8), Span(9, 13), "direct", "Jane Roe"),
        alone,
    ]
    assert union([Span(4, 6), Span(0, 3), Span(2, 4)]) == (Span(0, 6),)


def test_the_adapter_keeps_the_contract() -> None:
    assert isinstance(ADAPTER, Adapter)
    assert ADAPTER.unavailable("") is None
    assert "takes no model" in (ADAPTER.unavailable("x") or "")
    identity = ADAPTER.identity("")
    assert identity is not None and len(identity.digest) == 64
    assert ADAPTER.declaration.capabilities is not None
    assert not ADAPTER.declaration.capabilities.indirect
    assert predict("") == []
