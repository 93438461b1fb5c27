"""Tag schemes: what is valid, what each repair policy makes of the rest."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.formats.tags import (
    SCHEMES,
    BadTag,
    Repair,
    decode_tags,
    encode_tags,
    guess_scheme,
    repaired,
    split_tag,
    written_tags,
)


def _read(tags: str, repair: Repair, scheme: str = "IOB2") -> list[tuple[int, int, str]]:
    return [chunk[:3] for chunk in repaired(tags.split(), scheme, repair, Counter())]


@pytest.mark.parametrize(
    ("tags", "conlleval", "discard"),
    [
        ("O I-PER I-PER O", [(1, 3, "PER")], []),
        ("B-PER I-LOC O", [(0, 1, "PER"), (1, 2, "LOC")], [(0, 1, "PER")]),
        ("B-PER I-PER I-LOC I-LOC", [(0, 2, "PER"), (2, 4, "LOC")], [(0, 2, "PER")]),
        ("I-PER B-PER I-PER", [(0, 1, "PER"), (1, 3, "PER")], [(1, 3, "PER")]),
        ("B-PER I-LOC I-PER", [(0, 1, "PER"), (1, 2, "LOC"), (2, 3, "PER")], [(0, 1, "PER")]),
        ("B-ORG O I-ORG", [(0, 1, "ORG"), (2, 3, "ORG")], [(0, 1, "ORG")]),
    ],
)
def test_invalid_bio(
    tags: str, conlleval: list[tuple[int, int, str]], discard: list[tuple[int, int, str]]
) -> None:
    assert _read(tags, "conlleval") == conlleval
    assert _read(tags, "discard") == discard
    with pytest.raises(BadTag, match="is no IOB2"):
        _read(tags, "strict")


@pytest.mark.parametrize(
    ("tags", "conlleval", "discard"),
    [
        ("B-PER I-PER S-PER", [(0, 2, "PER"), (2, 3, "PER")], [(2, 3, "PER")]),
        ("E-PER O", [(0, 1, "PER")], []),
        ("S-PER I-PER O", [(0, 1, "PER"), (1, 2, "PER")], [(0, 1, "PER")]),
        ("B-PER O", [(0, 1, "PER")], []),
        ("B-PER I-LOC E-PER", [(0, 1, "PER"), (1, 2, "LOC"), (2, 3, "PER")], []),
    ],
)
def test_invalid_bioes(
    tags: str, conlleval: list[tuple[int, int, str]], discard: list[tuple[int, int, str]]
) -> None:
    assert _read(tags, "conlleval", "BIOES") == conlleval
    assert _read(tags, "discard", "BIOES") == discard


def test_repairs_are_counted() -> None:
    report: Counter[str] = Counter()
    repaired(["I-PER", "O", "I-PER", "B-LOC"], "IOB2", "conlleval", report)
    assert report == {"entities whose tags are no IOB2: taken as they begin": 2}
    report.clear()
    repaired(["I-PER", "O", "I-PER", "B-LOC"], "IOB2", "discard", report)
    assert report == {"entities whose tags are no IOB2: left out": 2}


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        ("IOB1", "I-PER I-PER B-PER I-LOC O I-LOC"),
        ("IOB2", "B-PER I-PER B-PER B-LOC O B-LOC"),
        ("BIOES", "B-PER E-PER S-PER S-LOC O S-LOC"),
        ("BILOU", "B-PER L-PER U-PER U-LOC O U-LOC"),
        ("BMEWO", "B-PER E-PER W-PER W-LOC O W-LOC"),
    ],
)
def test_the_same_entities_in_every_scheme(scheme: str, tags: str) -> None:
    entities = [(0, 2, "PER"), (2, 3, "PER"), (3, 4, "LOC"), (5, 6, "LOC")]
    assert _read(tags, "strict", scheme) == entities
    assert encode_tags(entities, 6, scheme) == tags.split()
    assert guess_scheme(_pairs(tags)) in (scheme, "BIOES")


def _pairs(*sentences: str) -> dict[tuple[str, str], int]:
    pairs: dict[tuple[str, str], int] = {}
    place = 0
    for sentence in sentences:
        before = "O"
        for tag in (*sentence.split(), "O"):
            place += 1
            pairs.setdefault((before, tag), place)
            before = tag
    return pairs


@pytest.mark.parametrize(
    ("sentences", "scheme"),
    [
        (["B-PER I-PER O"], "IOB2"),
        (["I-PER I-PER O", "I-LOC"], "IOB1"),
        (["O O"], "IOB2"),
        (["B-PER M-PER E-PER"], "BMEWO"),
        (["B-PER L-PER"], "BILOU"),
        (["S-PER"], "BIOES"),
        (["I-PER E-PER", "E-PER O"], "IOE2"),
        (["I-PER E-PER I-PER"], "IOE1"),
        (["PER PER O", "LOC"], "IO"),
        (["person-other O"], "IO"),
        (["PER-B PER-I O"], "IOB2"),
        (["B I O"], "IOB2"),
    ],
)
def test_guess(sentences: list[str], scheme: str) -> None:
    assert guess_scheme(_pairs(*sentences)) == scheme


@pytest.mark.parametrize(
    ("sentences", "place", "message"),
    [
        (["B-PER O", "I-PER O"], 4, r"I-PER after O is no IOB2, and B-PER after O \(place 1\)"),
        (["S-PER O", "U-PER"], 4, "U- in a file with S-: two schemes are mixed"),
        (["B-PER E-PER", "B-PER I-PER O"], 6, "O after I-PER is impossible in BIOES"),
        (["O PER", "B-PER"], 4, "found the tag 'B-PER'.*others in the file have no letter"),
        (["B-PER", "O PER-B"], 4, "whose letter is behind its type; in others it is before"),
        (["B-"], 1, "found the tag 'B-'"),
    ],
)
def test_mixed_schemes_and_no_tags_at_all(sentences: list[str], place: int, message: str) -> None:
    with pytest.raises(BadTag, match=message) as caught:
        guess_scheme(_pairs(*sentences))
    assert caught.value.place == place


def test_labels_keep_their_hyphens() -> None:
    assert split_tag("I-work-of-art") == ("I", "work-of-art")
    assert split_tag("L-prod.media") == ("E", "prod.media")
    assert split_tag("B_ORG") == ("B", "ORG")


_CHUNKS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 3), st.sampled_from(["PER", "LOC"])), max_size=6
)


@given(_CHUNKS, st.sampled_from(SCHEMES), st.integers(0, 2))
def test_encode_then_decode(steps: list[tuple[int, int, str]], scheme: str, rest: int) -> None:
    chunks = []
    at = 0
    for gap, length, label in steps:
        chunks.append((at + gap, at + gap + length, label))
        at += gap + length
    tags = encode_tags(chunks, at + rest, scheme)
    decoded = decode_tags(tags, scheme)
    if scheme == "IO":  # Neighbours of one type are one.
        lost: Counter[str] = Counter()
        written_tags(chunks, at + rest, scheme, lost)
        assert len(chunks) - len(decoded) == lost.total()
        return
    assert [chunk[:3] for chunk in decoded] == chunks
    assert all(chunk.valid for chunk in decoded)


@given(
    st.lists(
        st.sampled_from(["O", *(f"{x}-{y}" for x in "BIES" for y in ("PER", "LOC"))]), max_size=8
    ),
    st.sampled_from(SCHEMES),
)
def test_decoding_is_total_and_flat(tags: list[str], scheme: str) -> None:
    chunks = decode_tags(tags, scheme)
    tagged = {index for index, tag in enumerate(tags) if tag != "O"}
    assert {i for chunk in chunks for i in range(chunk.start, chunk.end)} == tagged
    assert all(a.end <= b.start for a, b in itertools.pairwise(chunks))
