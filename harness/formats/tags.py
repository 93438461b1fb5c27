"""Tag sequences: schemes, what is wrong in them, and named ways to read them all the same.

Schemes: `IOB1` (B- only between neighbours of one type; CoNLL-2003 as published), `IOB2` (every
entity begins with B-), `IOE1` and `IOE2` (the same at the other end, with E-), `BIOES`, `BILOU` and
`BMEWO`, which are BIOES in other letters, and `IO`: no letter at all, `PER` or `O`, so that
neighbours of one type are one entity. The letter may stand behind (`PER-B`), and alone (`B`, `I`,
`O`) where there is one type only, which is then called `_`, as seqeval calls it.

Repair policies for sequences that the scheme does not allow:
    strict     an error
    conlleval  what the CoNLL scorer does: a tag that cannot continue begins a new entity
    discard    what seqeval's strict mode reads: an entity that is not well formed is left out
The choice alone moves F1 by points (Lignos and Kamyab 2020), hence no silent default but `strict`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise
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
    "check_spelling",
    "decode_tags",
    "encode_tags",
    "faults",
    "guess_scheme",
    "is_tag",
    "repaired",
    "split_tag",
    "written_tags",
]

Repair = Literal["strict", "conlleval", "discard"]
REPAIRS: tuple[Repair, ...] = ("strict", "conlleval", "discard")
SCHEMES = ("IOB1", "IOB2", "IOE1", "IOE2", "BIOES", "BILOU", "BMEWO", "IO")

# Each family's letters, in the letters of BIOES.
_LETTERS: dict[str, dict[str, str]] = {
    "IOB": {"B": "B", "I": "I"},
    "IOE": {"I": "I", "E": "E"},
    "BIOES": {"B": "B", "I": "I", "E": "E", "S": "S"},
    "BILOU": {"B": "B", "I": "I", "L": "E", "U": "S"},
    "BMEWO": {"B": "B", "M": "I", "E": "E", "W": "S", "S": "S"},
}
_CANDIDATES = {"IOB": ("IOB2", "IOB1"), "IOE": ("IOE2", "IOE1")}
_PLAIN = {letter: plain for family in _LETTERS.values() for letter, plain in family.items()}
_PREFIXED = re.compile(r"[BIESLUMW][-_](?=.)", re.DOTALL)
_SUFFIXED = re.compile(r"(?<=.)[-_][BIESLUMW]\Z", re.DOTALL)
_SMALL = re.compile(r"[biesluwm][-_](?=.)", re.DOTALL)
_EMPTY = re.compile(r"[BIESLUMW][-_]")
NO_TYPE = "_"
"""The type of entities whose tags are letters alone."""

# What begins, continues and ends an entity: letters of a token and of the one before it, in BIOES's
# letters and `O`, and whether their types are the same (=) or differ (/); neither: whichever.
# As in the strict mode of seqeval 1.2.2 (seqeval/scheme.py).
_RULES: dict[str, tuple[str, str, str]] = {
    "IOB1": ("OI II/ BI IB= BB=", "BI= II=", "II/ IO IB BO BI/ BB="),
    "IOB2": ("OB IB BB", "BI= II=", "IO II/ IB BO BI/ BB"),
    "IOE1": ("OI II/ EI EE=", "II= IE=", "II/ IO IE/ EI= EE="),
    "IOE2": ("OI OE EI EE II/ IE/", "IE= II=", "EO EI EE"),
    "BIOES": ("OB IB EB SB BB OS IS ES SS BS", "BI= BE= II= IE=",
              "SO SB SI SE SS EO EB EI EE ES"),
    "IO": ("OI II/", "II=", "IO II/"),
}  # fmt: skip

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
def split_tag(tag: str, scheme: str = "IOB2") -> tuple[str, str]:
    """`("B", "PER")` in the letters of BIOES; `("O", "")` for `O`.

    Raises `BadTag` (without place) for what is no tag: under `IO` that is white space alone, else
    whatever is not a letter, `-` or `_`, and a type, in either order, or a letter alone.
    """
    if tag == "O":
        return "O", ""
    if scheme == "IO" and tag.strip():
        return "I", tag[2:] if tag.startswith(("I-", "I_")) and tag[2:] else tag
    letter, label, _ = _parsed(tag)
    if not letter:
        raise BadTag(f"found the tag {tag!r}, expected O or one such as B-PER", -1)
    return _PLAIN[letter], label


@cache
def _parsed(tag: str) -> tuple[str, str, str]:
    """Letter as it stands, type and spelling of a tag that is not `O`; no letter: it has none."""
    if _PREFIXED.match(tag):
        return tag[0], tag[2:], "before its type"
    if tag in _PLAIN:
        return tag, NO_TYPE, "alone"
    if _SUFFIXED.search(tag):
        return tag[-1], tag[:-2], "behind its type"
    return "", tag, "missing"


def is_tag(text: str) -> bool:
    """Whether it is `O`, or a letter with a type, in either order, or alone."""
    return text == "O" or bool(_parsed(text)[0])


def check_spelling(tags: Mapping[str, int]) -> str:
    """Where the letter of a file's tags stands, which are given with the place of each.

    `missing` is for IO. Raises `BadTag` for the first tag that is spelled unlike those before it.
    """
    first = ""
    for tag, place in sorted(tags.items(), key=lambda item: (item[1], item[0])):
        if tag == "O":
            continue
        spelling = _parsed(tag)[2]
        if not tag.strip() or _EMPTY.fullmatch(tag):
            raise BadTag(f"found the tag {tag!r}, expected O or one such as B-PER", place)
        if first and spelling != first:
            found = f"found the tag {tag!r}"
            if "missing" in (spelling, first):
                raise BadTag(
                    f"{found}, expected O or one such as B-PER: others in the file have "
                    f"{'no letter' if first == 'missing' else 'one'}",
                    place,
                )
            raise BadTag(f"{found}, whose letter is {spelling}; in others it is {first}", place)
        first = spelling
    return first


def guess_scheme(bigrams: Bigrams, *, strict: bool = True) -> str:
    """The scheme of a file, from every pair of neighbouring tags in it.

    IOB2 is preferred to IOB1 where both fit. Raises `BadTag` with the place when the letters
    belong to no one family, and, unless `strict` is false, when the sequences follow none.
    """
    tags: dict[str, int] = {}
    for (_, tag), place in bigrams.items():
        tags[tag] = min(place, tags.get(tag, place))
    if check_spelling(tags) == "missing":
        labels = {tag: place for tag, place in tags.items() if tag != "O"}
        if all(_SMALL.match(tag) for tag in labels):
            tag, place = min(labels.items(), key=lambda item: item[1])
            raise BadTag(f"found the tag {tag!r}, expected a capital letter: B-PER, I-PER", place)
        return "IO"
    family = _family(tags)
    candidates = _CANDIDATES.get(family, (family,))
    wrong = {scheme: faults(bigrams, scheme) for scheme in candidates}
    for scheme in candidates:
        if not wrong[scheme]:
            return scheme
    if not strict:
        return candidates[0]
    if len(candidates) > 1:
        newer, older = candidates
        first, other = wrong[newer][0], wrong[older][0]
        raise BadTag(
            f"{_shown(first)} is no {newer}, and {_shown(other)} (place {other.place}) is no "
            f"{older}: the file mixes schemes, or has faulty tags",
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
        if not _allowed(before, tag, scheme)
    )


def _family(tags: Mapping[str, int]) -> str:
    first: dict[str, int] = {}
    for tag, place in tags.items():
        if tag != "O":
            letter = _parsed(tag)[0]
            first[letter] = min(place, first.get(letter, place))
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


@cache
def _allowed(before_tag: str, tag: str, scheme: str) -> bool:
    """Whether two tags may be neighbours."""
    before, now = split_tag(before_tag, scheme), split_tag(tag, scheme)
    same = before[1] == now[1]
    if scheme == "IO":
        return True
    if scheme == "IOB2":
        return now[0] in "BO" or (now[0] == "I" and before[0] in "BI" and same)
    if scheme == "IOB1":
        return now[0] in "IO" or (now[0] == "B" and before[0] in "BI" and same)
    if scheme == "IOE2":
        return now[0] in "IEO" and (before[0] in "EO" or (now[0] in "IE" and same))
    if scheme == "IOE1":
        return now[0] in "IEO" and (before[0] in "IO" or (now[0] in "IE" and same))
    if before[0] in "BI":
        return now[0] in "IE" and same
    return now[0] not in "IE"


def decode_tags(tags: Sequence[str], scheme: str = "IOB2") -> list[Chunk]:
    """The entities of one sentence's tags as token ranges, each with whether it is well formed.

    A tag that cannot continue what stands before it begins a new entity, as in conlleval. Raises
    `BadTag` with the index of the first token that is no tag.
    """
    chunks = _chunks([_split_at(tag, index, scheme) for index, tag in enumerate(tags)])
    if _is_sound(tags, scheme):
        return chunks
    sound = set(_well_formed(tags, scheme))
    return [chunk._replace(valid=chunk in sound) for chunk in chunks]


def _is_sound(tags: Sequence[str], scheme: str) -> bool:
    """Whether all neighbours are allowed: then every entity is well formed."""
    before = "O"
    for tag in tags:
        if not _allowed(before, tag, scheme):
            return False
        before = tag
    return _allowed(before, "O", scheme)


def _chunks(parsed: Iterable[tuple[str, str]]) -> list[Chunk]:
    chunks: list[Chunk] = []
    before = "O"
    start, label = 0, ""
    for index, (letter, type_) in enumerate((*parsed, ("O", ""))):
        if before != "O" and not (letter in "IE" and type_ == label and before not in "ES"):
            chunks.append(Chunk(start, index, label))
            before = "O"
        if letter != "O":
            if before == "O":
                start, label = index, type_
            before = letter
    return chunks


@cache
def _patterns(scheme: str) -> tuple[frozenset[tuple[str, str, bool]], ...]:
    """The rules of a scheme as triples: letter before, letter, whether the types are the same."""
    rules = _RULES.get(scheme, _RULES["BIOES"])
    return tuple(
        frozenset(
            (one[0], one[1], same)
            for one in rule.split()
            for same in (True, False)
            if one[2:] != ("/" if same else "=")
        )
        for rule in rules
    )


def _well_formed(tags: Sequence[str], scheme: str) -> list[Chunk]:
    """The entities that a scheme's rules begin, continue and end."""
    start, inside, end = _patterns(scheme)
    parsed = [_split_at(tag, index, scheme) for index, tag in enumerate(tags)] + [("O", "")]
    before = ("O", "")
    chunks: list[Chunk] = []

    def fits(one: tuple[str, str], other: tuple[str, str], rule: frozenset[object]) -> bool:
        return (one[0], other[0], one[1] == other[1]) in rule

    at = 0
    while at < len(parsed):
        if not fits(before, parsed[at], start):
            before = parsed[at]
            at += 1
            continue
        stop = at + 1
        while stop < len(parsed) and fits(parsed[stop - 1], parsed[stop], inside):
            stop += 1
        if fits(parsed[stop - 1], parsed[stop], end):
            chunks.append(Chunk(at, stop, parsed[at][1]))
        at, before = stop, parsed[stop - 1]
    return chunks


def repaired(tags: Sequence[str], scheme: str, repair: Repair, losses: Counter[str]) -> list[Chunk]:
    """As `decode_tags`, counting in `losses` what the policy had to mend."""
    chunks = decode_tags(tags, scheme)
    if repair == "discard" and scheme == "IOE1":
        # An entity of one token before one of its type is sound there, and seqeval leaves it out.
        sound = set(_well_formed(tags, scheme))
        chunks = [chunk._replace(valid=chunk in sound) for chunk in chunks]
    wrong = [chunk for chunk in chunks if not chunk.valid]
    if not wrong:
        return chunks
    if repair == "strict":
        start, end = _to_blame(tags, scheme, chunks) or wrong[0][:2]
        raise BadTag(f"{' '.join(tags[start:end])} is no {scheme}", start)
    what = "taken as they begin" if repair == "conlleval" else "left out"
    losses[f"entities whose tags are no {scheme}: {what}"] += len(wrong)
    return chunks if repair == "conlleval" else _well_formed(tags, scheme)


def _to_blame(tags: Sequence[str], scheme: str, chunks: Sequence[Chunk]) -> tuple[int, int] | None:
    """Where the first entity stands that begins or ends as it may not."""
    fault = next(
        (i for i in range(len(tags)) if not _allowed(tags[i - 1] if i else "O", tags[i], scheme)),
        len(tags),
    )
    begins = next((c for c in chunks if c.start == fault), None)
    ends = next((c for c in chunks if c.end == fault), None)
    first, second = (begins, ends) if scheme.startswith("IOB") else (ends, begins)
    found = first or second
    return None if found is None else (found.start, found.end)


def check_scheme(scheme: str | None, repair: str = "strict") -> None:
    """Raise `UsageError` for a policy or a scheme (`None` guesses it) that there is not."""
    if repair not in REPAIRS:
        raise UsageError(f"repair policy {repair!r}, expected one of {', '.join(REPAIRS)}")
    if scheme is not None and scheme not in SCHEMES:
        raise UsageError(f"tag scheme {scheme!r}, expected one of {', '.join(SCHEMES)}")


def _split_at(tag: str, index: int, scheme: str) -> tuple[str, str]:
    try:
        return split_tag(tag, scheme)
    except BadTag as error:
        raise BadTag(error.message, index) from None


def written_tags(
    chunks: Sequence[tuple[int, int, str]], length: int, scheme: str, losses: Counter[str]
) -> list[str]:
    """As `encode_tags`, counting in `losses` the entities that `IO` makes part of others."""
    if scheme == "IO":
        joined = sum(a[1:] == (b[0], b[2]) for a, b in pairwise(chunks))
        if joined:
            losses["entities that IO makes one with a neighbour of their type"] += joined
    return encode_tags(chunks, length, scheme)


def encode_tags(
    chunks: Iterable[tuple[int, int, str]], length: int, scheme: str = "IOB2"
) -> list[str]:
    """Tags of `length` tokens for flat chunks `(start, end, label)`, in order.

    Under `IO` neighbours of one type come back as one entity.
    """
    tags = ["O"] * length
    end = {"BILOU": "L"}.get(scheme, "E")
    single = {"BILOU": "U", "BMEWO": "W"}.get(scheme, "S")
    inside = "M" if scheme == "BMEWO" else "I"
    before: tuple[int, str] = (-1, "")
    for start, stop, label in chunks:
        touches = before == (start, label)
        if scheme == "IO":
            tags[start:stop] = [label] * (stop - start)
            continue
        if scheme == "IOE1" and touches:
            tags[start - 1] = f"E-{label}"
        first = "I" if scheme.startswith("IOE") or (scheme == "IOB1" and not touches) else "B"
        letters = [first, *(inside for _ in range(stop - start - 1))]
        if scheme == "IOE2":
            letters[-1] = "E"
        elif scheme not in ("IOB1", "IOB2", "IOE1"):
            letters[-1] = end if stop - start > 1 else single
        tags[start:stop] = [f"{letter}-{label}" for letter in letters]
        before = (stop, label)
    return tags
