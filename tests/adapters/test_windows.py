"""Windows, words, tags: the arithmetic under the transformers and GLiNER adapters, no model."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.adapter import read_options
from harness.adapters._paragraphs import encodable, paragraphs, words
from harness.adapters._pieces import tag_words
from harness.adapters._tags import TaggedWord, entities, labels_of
from harness.adapters._windows import plan
from harness.errors import UsageError

# Paragraphs and words


def _texts(text: str, *, wrapped: bool = False) -> list[str]:
    return [text[slice(*span)] for span in paragraphs(text, wrapped=wrapped)]


@pytest.mark.parametrize(
    ("text", "lines", "blocks"),
    [
        ("", [], []),
        (" \n\t\r\n ", [], []),
        ("one\ntwo", ["one", "two"], ["one\ntwo"]),
        ("one\n\ntwo", ["one", "two"], ["one", "two"]),
        ("one\r\n \r\ntwo\r\nthree", ["one", "two", "three"], ["one", "two\r\nthree"]),
        ("one\u2028two\x85three", ["one", "two", "three"], ["one\u2028two\x85three"]),
    ],
)
def test_paragraphs(text: str, lines: list[str], blocks: list[str]) -> None:
    assert _texts(text) == lines
    assert _texts(text, wrapped=True) == blocks


@given(st.text(alphabet="ab \n\r\t\u2028\x0c", max_size=40))
def test_paragraphs_hold_every_character_but_white_space(text: str) -> None:
    for wrapped in (False, True):
        spans = list(paragraphs(text, wrapped=wrapped))
        inside = "".join(text[slice(*span)] for span in spans)
        assert "".join(inside.split()) == "".join(text.split())
        assert spans == sorted(spans)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Joliot-Curie's", ["Joliot", "-", "Curie", "'", "s"]),
        ("cafe\u0301 d’Or", ["cafe\u0301", "d", "’", "Or"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("a\u00a0b", ["a", "b"]),
        ("U.S.", ["U", ".", "S", "."]),
        ("snake_case 3,5", ["snake_case", "3", ",", "5"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert [text[slice(*span)] for span in words(text)] == expected


@given(st.text(max_size=60))
def test_words_cover_everything_but_white_space_once(text: str) -> None:
    spans = list(words(text))
    assert "".join(text[slice(*span)] for span in spans) == "".join(text.split())
    assert all(left.end <= right.start for left, right in pairwise(spans))


def test_lone_surrogates_keep_their_place() -> None:
    assert encodable("a\ud800b😀") == "a\ufffdb😀"


# Windows


def _sentences(count: int, seed: int = 0) -> str:
    made = []
    for number in range(count):
        digest = hashlib.sha256(f"{seed}/{number}".encode()).hexdigest()
        length = 3 + int(digest[:4], 16) % 30
        made.append(" ".join(digest[i % 50 : i % 50 + 5] for i in range(length)) + ".")
    return " ".join(made)


def _starts(text: str) -> list[int]:
    return [word.start for word in words(text)]


def test_a_text_that_fits_is_one_window() -> None:
    assert plan("a b c", [0, 2, 4], limit=3, context=1) == [(0, 3, 0, 3)]
    assert plan("", [], limit=3, context=1) == []


@pytest.mark.parametrize(("limit", "context"), [(4, 2), (4, 3), (0, 0), (4, -1)])
def test_a_window_without_room_is_refused(limit: int, context: int) -> None:
    with pytest.raises(ValueError, match="no room"):
        plan("a b c", [0, 2, 4], limit=limit, context=context)


@given(st.integers(1, 40), st.integers(0, 9), st.integers(0, 6), st.integers(1, 60), st.booleans())
def test_every_token_is_answered_for_once_with_its_context(
    sentences: int, seed: int, context: int, room: int, whole: bool
) -> None:
    text = _sentences(sentences, seed)
    starts = _starts(text)
    if not whole:  # pieces of words, as a tokenizer makes them
        starts = sorted({*starts, *(at + 2 for at in starts if at + 2 < len(text))})
    limit = 2 * context + room
    windows = plan(text, starts, limit=limit, context=context)
    kept = [token for window in windows for token in range(window.first, window.last)]
    assert kept == list(range(len(starts)))
    for window in windows:
        assert window.stop - window.start <= limit
        assert 0 <= window.start <= window.first < window.last <= window.stop <= len(starts)


def test_words_are_not_cut_unless_longer_than_a_core() -> None:
    text = _sentences(60)
    begins = _starts(text)
    starts = sorted(
        {*begins, *(at + 1 for at in begins), *(at + 2 for at in begins)} & set(range(len(text)))
    )
    for window in plan(text, starts, limit=60, context=10):
        assert starts[window.first] in begins
        assert starts[window.start] in begins
    (only,) = {w.stop - w.start for w in plan("x" * 50, list(range(50)), limit=10, context=0)}
    assert only == 10


@pytest.mark.parametrize(
    "prefix", ["New.", "One more sentence. ", _sentences(7, seed=5), "No end "]
)
def test_windows_fall_at_the_same_places_wherever_a_passage_stands(prefix: str) -> None:
    """A label that depends on all that its window holds is the hardest case there is."""
    text = _sentences(600)
    assert len(text) > 40_000

    def labels(whole: str) -> dict[int, str]:
        starts = _starts(whole)
        found = {}
        for window in plan(whole, starts, limit=200, context=20):
            end = starts[window.stop] if window.stop < len(starts) else len(whole)
            seen = hashlib.sha256(whole[starts[window.start] : end].strip().encode()).hexdigest()
            for token in range(window.first, window.last):
                found[starts[token]] = seen
        return found

    alone = labels(text)
    shifted = {at - len(prefix) - 1: seen for at, seen in labels(f"{prefix} {text}").items()}
    differ = [at for at in alone if alone[at] != shifted[at]]
    # Beyond one window's length from the change, nothing differs.
    assert max(differ, default=0) < _starts(text)[200]


# Tags


def _tag(*tags: str | None) -> list[tuple[int, int, str]]:
    tagged = [TaggedWord(2 * i, 2 * i + 1, tag, 0.5) for i, tag in enumerate(tags)]
    return [(e.start // 2, (e.end + 1) // 2, e.label) for e in entities(tagged)]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["B-PER", "I-PER", "O", "B-LOC"], [(0, 2, "PER"), (3, 4, "LOC")]),
        (["B-PER", "B-PER", "I-PER"], [(0, 1, "PER"), (1, 3, "PER")]),
        (["I-PER", "I-PER", "I-LOC"], [(0, 2, "PER"), (2, 3, "LOC")]),
        (["PER", "PER", "O", "PER"], [(0, 2, "PER"), (3, 4, "PER")]),
        (["S-ORG", "S-ORG", "B-ORG", "I-ORG", "E-ORG", "I-ORG"],
         [(0, 1, "ORG"), (1, 2, "ORG"), (2, 5, "ORG"), (5, 6, "ORG")]),
        (["U-ORG", "B-ORG", "L-ORG"], [(0, 1, "ORG"), (1, 3, "ORG")]),
        (["B-PER", "I-LOC"], [(0, 1, "PER"), (1, 2, "LOC")]),
        (["B-PER", None, "I-PER", None], [(0, 3, "PER")]),
        (["B_PER", "I_PER"], [(0, 2, "PER")]),
        (["B-I-95", "I-I-95"], [(0, 2, "I-95")]),
        (["O", None, "O"], []),
    ],
)  # fmt: skip
def test_tags(tags: list[str | None], expected: list[tuple[int, int, str]]) -> None:
    assert _tag(*tags) == expected


def test_labels_of_tags() -> None:
    assert labels_of(["O", "B-PER", "I-PER", "S-LOC", "MISC"]) == ("LOC", "MISC", "PER")


# Pieces to words

TAGS = ["O", "B-PER", "I-PER"]


def _rows(*tags: str, sure: float = 0.8) -> numpy.ndarray:
    rows = numpy.full((len(tags), len(TAGS)), (1 - sure) / 2)
    for row, tag in zip(rows, tags, strict=True):
        row[TAGS.index(tag)] = sure
    return rows


def _tags(text: str, offsets: list[tuple[int, int]], rows: numpy.ndarray, **how: object) -> list:
    return [(text[w.start : w.end], w.tag) for w in tag_words(text, offsets, rows, TAGS, **how)]


def test_a_word_is_tagged_by_its_first_piece() -> None:
    rows = _rows("B-PER", "O", "I-PER")
    offsets = [(0, 2), (2, 7), (8, 9)]
    assert _tags("Erdoğan x", offsets, rows) == [("Erdoğan", "B-PER"), ("x", "I-PER")]


def test_or_by_its_surest_or_by_all() -> None:
    rows = numpy.array([[0.5, 0.4, 0.1], [0.05, 0.9, 0.05], [0.6, 0.3, 0.1]])
    offsets = [(0, 2), (2, 4), (4, 6)]
    assert _tags("abcdef", offsets, rows, aggregation="first") == [("abcdef", "O")]
    assert _tags("abcdef", offsets, rows, aggregation="max") == [("abcdef", "B-PER")]
    assert _tags("abcdef", offsets, rows, aggregation="mean") == [("abcdef", "B-PER")]


def test_a_piece_over_several_words_tags_them_all() -> None:
    assert _tags("d'Or", [(0, 4)], _rows("B-PER")) == [
        ("d", "B-PER"), ("'", "I-PER"), ("Or", "I-PER"),
    ]  # fmt: skip


def test_a_piece_may_begin_with_a_space() -> None:
    offsets = [(0, 3), (3, 7)]
    assert _tags("Ann Lee", offsets, _rows("B-PER", "I-PER")) == [
        ("Ann", "B-PER"), ("Lee", "I-PER"),
    ]  # fmt: skip


def test_a_character_without_piece_has_no_tag() -> None:
    assert _tags("a\u200bb", [(0, 1), (2, 3)], _rows("B-PER", "I-PER")) == [
        ("a", "B-PER"), ("\u200b", None), ("b", "I-PER"),
    ]  # fmt: skip


# Options


def test_options() -> None:
    defaults = {"stride": 64, "threshold": 0.5, "how": "first", "on": False}
    assert read_options({}, defaults) == defaults
    read = read_options({"stride": 1, "threshold": 1, "on": True}, defaults)
    assert read == {"stride": 1, "threshold": 1.0, "how": "first", "on": True}
    for wrong in ({"strid": 1}, {"stride": "x"}, {"stride": True}, {"stride": -1}, {"on": 1}):
        with pytest.raises(UsageError, match="option"):
            read_options(wrong, defaults)
    with pytest.raises(UsageError, match="first, max"):
        read_options({"how": "last"}, defaults, {"how": ("first", "max")})
