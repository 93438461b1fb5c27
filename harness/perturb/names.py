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
    """Names are swapped within their type, those of speakers as well."""

    name = "names"
    summary = (
        "names become others of their type, the same one the same in all of a document; types "
        "without a list stay"
    )
    levels: tuple[Level, ...] = EVERYWHERE

    def edits(self, record: Record, level: Level, rng: Random) -> Iterable[TextEdit]:
        return _Swap(record, rng).edits

    def speakers(self, record: Record, level: Level, rng: Random) -> Mapping[str, str | None]:
        """What speakers are called now. Nobody knows of one that was not found by its name, and in
        whose source a name was swapped."""
        swap = _Swap(record, rng)
        called: dict[str, str | None] = {}
        for one in record.annotations.attributions or ():
            if one.speaker is None or called.get(one.speaker, "") is None:
                continue
            called[one.speaker] = swap.speaker(one.speaker)
            if called[one.speaker] == one.speaker and one.source and swap.is_within(one.source):
                called[one.speaker] = None
        return called


class _Swap:
    """Which name becomes which in a document. No two become one: where a list is used up, the
    names that are left stay."""

    def __init__(self, record: Record, rng: Random) -> None:
        self._text = record.text or ""
        self._there = self._text.casefold()
        self._left = {
            kind: sorted(names, key=lambda name: rng.random())
            for kind, names in _lists()[1].items()
        }
        self._became: dict[tuple[str, str], str] = {}
        self.edits: list[TextEdit] = []
        mentions = list(_mentions(record))
        persons = [_words(self._text, span) for span, kind in mentions if kind == "person"]
        self._family = {self._own(words[-1]) for words in persons if len(words) > 1}
        self._given = {self._own(word) for words in persons for word in words[:-1]}
        for span, kind in mentions:
            if kind == "person":
                words = _words(self._text, span)
                for word in words:
                    self._edit(self._part(self._own(word), last=word == words[-1]), word)
            elif _is_name(self._text[slice(*span)]):
                self._edit(kind, span)

    def speaker(self, name: str) -> str:
        """What somebody is called now; several are joined by semicolons."""
        return "; ".join(map(self._called, name.split("; ")))

    def is_within(self, span: Span) -> bool:
        """Whether a name was swapped in a span."""
        return any(span.start <= edit.start and edit.end <= span.end for edit in self.edits)

    def _called(self, name: str) -> str:
        for kind in self._left:
            if new := self._became.get((kind, _key(name))):
                return _like(new, name)
        words = _words(name, Span(0, len(name)))
        for start, end in reversed(words):
            own = _key(name[start:end])
            part = self._part(own, last=(start, end) == words[-1])
            name = name[:start] + (self._became.get((part, own)) or name[start:end]) + name[end:]
        return name

    def _own(self, span: Span) -> str:
        return _key(self._text[slice(*span)])

    def _part(self, word: str, *, last: bool) -> str:
        """Which part of a person's name a word is: a word alone is that which it is elsewhere."""
        return "given" if word in self._given and not (last and word in self._family) else "family"

    def _edit(self, kind: str, span: Span) -> None:
        key = (kind, self._own(span))
        if key not in self._became:
            self._became[key] = self._next(kind)
        if new := self._became[key]:
            self.edits.append(TextEdit(*span, _like(new, self._text[slice(*span)])))

    def _next(self, kind: str) -> str:
        while self._left[kind]:
            name = self._left[kind].pop()
            if name.casefold() not in self._there:
                return name
        return ""


def _key(name: str) -> str:
    """A name without its article, upper and lower case alike."""
    return name.casefold().removeprefix("the ")


def _like(new: str, old: str) -> str:
    """A name in capitals where another one, that is no acronym, is."""
    return new.upper() if old.isupper() and len(old) > _ACRONYM else new


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
