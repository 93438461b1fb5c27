"""Tag sequences: schemes, what is wrong in them, and named ways to read them all the same.

Schemes: `IOB1` (B- only between neighbours of one type; CoNLL-2003 as published), `IOB2` (every
entity begins with B-), `BIOES`, and `BILOU` and `BMEWO`, which are BIOES in other letters.

Repair policies for sequences that the scheme does not allow:
    strict     an error
    conlleval  what the CoNLL scorer does: a tag that cannot continue begins a new entity
    discard    an entity that is not well formed is left out (what seqeval's strict mode reads)
The choice alone moves F1 by points (Lignos and Kamyab 2020), hence no silent default but `strict`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Literal, NamedTuple

from harness.errors import UsageError

__all__ = [
    "REPAIRS",
    "SCHEMES",
    "BadTag",
    "Bigrams",
    "Chunk",
    "Repair",
    "check_scheme",
    "decode_tags",
    "encode_tags",
    "faults",
    "guess_scheme",
    "repaired",
    "split_tag",
]

Repair = Literal["strict", "conlleval", "discard"]
REPAIRS: tuple[Repair, ...] = ("strict", "conlleval", "discard")
SCHEMES = ("IOB1", "IOB2", "BIOES", "BILOU", "BMEWO")

# Each family's letters, in the letters of BIOES.
_LETTERS: dict[str, dict[str, str]] = {
    "IOB": {"B": "B", "I": "I"},
    "BIOES": {"B": "B", "I": "I", "E": "E", "S": "S"},
    "BILOU": {"B": "B", "I": "I", "L": "E", "U": "S"},
    "BMEWO": {"B": "B", "M": "I", "E": "E", "W": "S", "S": "S"},
}
_PLAIN = {letter: plain for family in _LETTERS.values() for letter, plain in family.items()}

Bigrams = Mapping[tuple[str, str], int]
"""Pairs of neighbouring tags (`O` beyond either end of a sentence) -> where first seen."""


class BadTag(ValueError):
    """A tag, or a pair of neighbours, that a scheme does not allow. `place` is where."""

    def __init__(self, message: str, place: int) -> None:
        super().__init__(message)
        self.message, self.place = message, place


class Chunk(NamedTuple):
    """Tokens `[start, end)` of one type; `valid` says whether the scheme allows it."""

    start: int
    end: int
    label: str
    valid: bool = True


@cache
def split_tag(tag: str) -> tuple[str, str]:
    """`("B", "PER")` in the letters of BIOES; `("O", "")` for `O`.

    Raises `BadTag` (without place) for anything that is not a letter, `-` or `_`, and a type.
    """
    if tag == "O":
        return "O", ""
    if len(tag) > 2 and tag[1] in "-_" and tag[0] in _PLAIN:
        return _PLAIN[tag[0]], tag[2:]
    raise BadTag(f"found the tag {tag!r}, expected O or one such as B-PER", -1)


def guess_scheme(bigrams: Bigrams, *, strict: bool = True) -> str:
    """The scheme of a file, from every pair of neighbouring tags in it.

    IOB2 is preferred to IOB1 where both fit. Raises `BadTag` with the place when the letters
    belong to no one family, and, unless `strict` is false, when the sequences follow none.
    """
    family = _family(bigrams)
    candidates = ("IOB2", "IOB1") if family == "IOB" else (family,)
    wrong = {scheme: faults(bigrams, scheme) for scheme in candidates}
    for scheme in candidates:
        if not wrong[scheme]:
            return scheme
    if not strict:
        return candidates[0]
    if family == "IOB":
        first, other = wrong["IOB2"][0], wrong["IOB1"][0]
        raise BadTag(
            f"{_shown(first)} is no IOB2, and {_shown(other)} (place {other.place}) is no IOB1: "
            "the file mixes schemes, or has faulty tags",
            first.place,
        )
    fault = wrong[family][0]
    raise BadTag(f"{_shown(fault)} is impossible in {family}", fault.place)


class _Fault(NamedTuple):
    place: int
    before: str
    tag: str


def _shown(fault: _Fault) -> str:
    return f"{fault.tag} after {fault.before}"


def faults(bigrams: Bigrams, scheme: str) -> list[_Fault]:
    """Pairs of neighbours that the scheme forbids, by the place where each comes first."""
    return sorted(
        _Fault(place, before, tag)
        for (before, tag), place in bigrams.items()
        if not _allowed(split_tag(before), split_tag(tag), scheme)
    )


def _family(bigrams: Bigrams) -> str:
    first: dict[str, int] = {}
    for (_, tag), place in bigrams.items():
        split_tag(tag)
        if tag != "O":
            first[tag[0]] = min(place, first.get(tag[0], place))
    for family, letters in _LETTERS.items():
        if first.keys() <= letters.keys():
            return family
    seen: set[str] = set()
    for letter, place in sorted(first.items(), key=lambda item: item[1]):
        if not any(seen | {letter} <= letters.keys() for letters in _LETTERS.values()):
            others = ", ".join(f"{one}-" for one in sorted(seen))
            raise BadTag(
                f"a tag with {letter}- in a file with {others}: two schemes are mixed", place
            )
        seen.add(letter)
    raise AssertionError("a prefix of the letters fits no family, so the loop has raised")


def _allowed(before: tuple[str, str], now: tuple[str, str], scheme: str) -> bool:
    same = before[1] == now[1]
    if scheme == "IOB2":
        return now[0] != "I" or (before[0] != "O" and same)
    if scheme == "IOB1":
        return now[0] != "B" or (before[0] != "O" and same)
    if before[0] in "BI":
        return now[0] in "IE" and same
    return now[0] not in "IE"


def decode_tags(tags: Sequence[str], scheme: str = "IOB2") -> list[Chunk]:
    """The entities of one sentence's tags as token ranges, each with whether it is well formed.

    A tag that cannot continue what stands before it begins a new entity, as in conlleval. Raises
    `BadTag` with the index of the first token that is no tag.
    """
    chunks: list[Chunk] = []
    letters = ""
    start, label = 0, ""
    for index, tag in enumerate((*tags, "O")):
        letter, type_ = _split_at(tag, index)
        if letters and not (letter in "IE" and type_ == label and letters[-1] not in "ES"):
            touches = bool(chunks) and chunks[-1].end == start and chunks[-1].label == label
            chunks.append(Chunk(start, index, label, _well_formed(letters, scheme, touches)))
            letters = ""
        if letter != "O":
            if not letters:
                start, label = index, type_
            letters += letter
    return chunks


def repaired(tags: Sequence[str], scheme: str, repair: Repair, losses: Counter[str]) -> list[Chunk]:
    """As `decode_tags`, counting in `losses` what the policy had to mend."""
    chunks = decode_tags(tags, scheme)
    wrong = [chunk for chunk in chunks if not chunk.valid]
    if not wrong:
        return chunks
    if repair == "strict":
        start, end, *_ = wrong[0]
        raise BadTag(f"{' '.join(tags[start:end])} is no {scheme}", start)
    what = "taken as they begin" if repair == "conlleval" else "left out"
    losses[f"entities whose tags are no {scheme}: {what}"] += len(wrong)
    return chunks if repair == "conlleval" else [chunk for chunk in chunks if chunk.valid]


def check_scheme(scheme: str | None, repair: str = "strict") -> None:
    """Raise `UsageError` for a policy or a scheme (`None` guesses it) that there is not."""
    if repair not in REPAIRS:
        raise UsageError(f"repair policy {repair!r}, expected one of {', '.join(REPAIRS)}")
    if scheme is not None and scheme not in SCHEMES:
        raise UsageError(f"tag scheme {scheme!r}, expected one of {', '.join(SCHEMES)}")


def _split_at(tag: str, index: int) -> tuple[str, str]:
    try:
        return split_tag(tag)
    except BadTag as error:
        raise BadTag(error.message, index) from None


def _well_formed(letters: str, scheme: str, touches: bool) -> bool:
    if scheme == "IOB2":
        return letters[0] == "B" and "E" not in letters and "S" not in letters
    if scheme == "IOB1":
        return letters[0] == ("B" if touches else "I") and not set(letters[1:]) - {"I"}
    return letters == "S" or (letters[0] == "B" and len(letters) > 1 and letters[-1] == "E")


def encode_tags(
    chunks: Iterable[tuple[int, int, str]], length: int, scheme: str = "IOB2"
) -> list[str]:
    """Tags of `length` tokens for flat chunks `(start, end, label)`, in order."""
    tags = ["O"] * length
    end = {"BILOU": "L"}.get(scheme, "E")
    single = {"BILOU": "U", "BMEWO": "W"}.get(scheme, "S")
    inside = "M" if scheme == "BMEWO" else "I"
    before: tuple[int, str] = (-1, "")
    for start, stop, label in chunks:
        letters = ["B", *(inside for _ in range(stop - start - 1))]
        if scheme == "IOB1" and before != (start, label):
            letters[0] = "I"
        elif scheme not in ("IOB1", "IOB2"):
            letters[-1] = end if stop - start > 1 else single
        tags[start:stop] = [f"{letter}-{label}" for letter in letters]
        before = (stop, label)
    return tags
