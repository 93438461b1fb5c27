"""Names become others of their type: does a backend find names that it has not met so often?

Swapping names for others of their type is in CheckList (Ribeiro et al. 2020, Beyond Accuracy) and
in Agarwal et al. 2020 (Entity-Switched Datasets). Here the same name becomes the same other one
throughout a document, and a person's word by word: whoever has first both names and then the family
name alone is still the same person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random

from harness.annotation import Record, Span
from harness.coding import parse_toml
from harness.perturb.edits import TextEdit, record_spans
from harness.perturb.perturbation import EVERYWHERE, Level
from harness.perturb.places import WORD

__all__ = ["Names"]

_DATA = Path(__file__).parent / "data" / "names.toml"
_POSSESSIVE = re.compile(r"\s*['’]s?$")
_ACRONYM = 4
"""Letters of a name in capitals, at most, which it may have in running text."""


class Names:
    """Names are swapped within their type."""

    name = "names"
    summary = (
        "names become others of their type, the same one the same in all of a document; types "
        "without a list stay, and so do documents whose gold names speakers"
    )
    levels: tuple[Level, ...] = EVERYWHERE

    def edits(self, record: Record, level: Level, rng: Random) -> Iterator[TextEdit]:
        text = record.text
        assert text is not None
        if any(one.speaker is not None for one in record.annotations.attributions or ()):
            return  # A speaker's name stands in no text: it would be of somebody who is not there.
        swap = _Swap(text, rng)
        persons: list[list[Span]] = []
        for span, kind in _mentions(record):
            if kind == "person":
                persons.append(_words(text, span))
            elif _is_name(text[slice(*span)]):
                yield from swap.edit(kind, span)
        family = {text[slice(*words[-1])].casefold() for words in persons if len(words) > 1}
        given = {text[slice(*word)].casefold() for words in persons for word in words[:-1]}
        for words in persons:
            for word in words:
                own = text[slice(*word)].casefold()
                is_given = own in given and (own not in family or word != words[-1])
                yield from swap.edit("given" if is_given else "family", word)


class _Swap:
    """Which name becomes which in a document. No two become one: where a list is used up, the
    names that are left stay."""

    def __init__(self, text: str, rng: Random) -> None:
        self._text, self._there = text, text.casefold()
        self._left = {
            kind: sorted(names, key=lambda name: rng.random())
            for kind, names in _lists()[1].items()
        }
        self._became: dict[str, str] = {}

    def edit(self, kind: str, span: Span) -> Iterator[TextEdit]:
        """The edit of a name; none where it stays."""
        name = self._text[slice(*span)]
        key = f"{kind} {name.casefold()}"
        if key not in self._became:
            self._became[key] = self._next(kind)
        if new := self._became[key]:
            capitals = name.isupper() and len(name) > _ACRONYM
            yield TextEdit(*span, new.upper() if capitals else new)

    def _next(self, kind: str) -> str:
        while self._left[kind]:
            name = self._left[kind].pop()
            if name.casefold() not in self._there:
                return name
        return ""


def _mentions(record: Record) -> Iterator[tuple[Span, str]]:
    """Names of types that have a list, with it, that no edge of an annotation is within: of nested
    ones the innermost. Each once, without a possessive at its end."""
    assert record.text is not None
    edges = sorted({edge for span in record_spans(record) for edge in span})
    apart = set(pairwise(edges))
    kinds = _lists()[0]
    seen = set()
    for entity in record.annotations.entities or ():
        kind = kinds.get(entity.label.casefold())
        if kind and entity.span in apart and entity.span not in seen and not entity.fragments:
            seen.add(entity.span)
            own = _POSSESSIVE.sub("", record.text[entity.start : entity.end])
            yield Span(entity.start, entity.start + len(own)), kind


def _words(text: str, span: Span) -> list[Span]:
    """The words of a person's name that are swapped: no initials, titles, particles."""
    found = (
        Span(span.start + match.start(), span.start + match.end())
        for match in WORD.finditer(text[slice(*span)])
    )
    return [
        word
        for word in found
        if _is_name(own := text[slice(*word)]) and own[0].isupper() and own[-1] != "." and own[1:]
    ]


def _is_name(text: str) -> bool:
    """Whether it has a capital, and no letter that is not Latin: lists have no other names."""
    letters = [char for char in text if char.isalpha()]
    return any(map(str.isupper, letters)) and all(
        char < "\u0250" or "\u1e00" <= char < "\u1f00" for char in letters
    )


@cache
def _lists() -> tuple[Mapping[str, str], Mapping[str, tuple[str, ...]]]:
    """The kind of name that a label stands for, and the names of each kind."""
    tables = parse_toml(_DATA.read_text("utf-8"), _DATA)
    kinds = {label.casefold(): kind for kind, table in tables.items() for label in table["labels"]}
    person = tables.pop("person")
    names: dict[str, Iterable[str]] = {
        "given": person["given"].split(),
        "family": person["family"].split(),
    }
    for kind, table in tables.items():
        names[kind] = table["lines"].splitlines() if "lines" in table else table["names"].split()
    return kinds, {kind: tuple(filter(None, own)) for kind, own in names.items()}
