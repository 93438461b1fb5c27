"""The people of a document: name mentions clustered, a canonical name and a gender for each."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from harness.annotation import Span

__all__ = [
    "SPEAKERS_FILE",
    "NameMention",
    "People",
    "Person",
    "SpeakerWords",
    "capitalised_mentions",
    "speaker_words",
]

SPEAKERS_FILE = Path(__file__).parent.parent / "data" / "speakers.toml"
_POSSESSIVE = re.compile(r"['’]s?$")
_JOINS = re.compile(r"[\w-]")
# Read from right to left, as what stands before a name is.
_LAST_WORD = re.compile(r"[^\w'’-]*?(\.?[\w'’-]+)")
_NEXT_WORD = re.compile(r"[ \u00a0-]*+([\w'’]++)")
_APPOSITION = re.compile(r", ([^.;:\"“”]{3,90}?)(?:,|\.|$| who | said| told)")
_TITLE = re.compile(
    r"^(?:(?:Mr|Mrs|Ms|Dr|Sen|Rep|Gov|Gen|Prof|St|Sgt|Lt|Col)\.?|Sir|Lady|Lord|Miss|President"
    r"|Senator|Governor|Secretary|General|Minister|Congressman|Congresswoman|Chancellor|Judge|Pope)$"
)


@dataclass(frozen=True, slots=True)
class NameMention:
    """A name in the text with its entity label (OntoNotes: PERSON, ORG, GPE, ...)."""

    start: int
    end: int
    label: str


@dataclass(slots=True)
class Person:
    """One person: every mention, the canonical name, the words that describe them."""

    name: str
    mentions: list[Span] = field(default_factory=list)
    gender: str = ""
    descriptions: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class SpeakerWords:
    """The word lists of `data/speakers.toml`."""

    male_titles: frozenset[str]
    female_titles: frozenset[str]
    male_names: frozenset[str]
    female_names: frozenset[str]
    roles: frozenset[str]
    generic: frozenset[str]
    proxies: frozenset[str]
    bodies: frozenset[str]


@lru_cache(maxsize=1)
def speaker_words() -> SpeakerWords:
    with SPEAKERS_FILE.open("rb") as handle:
        data = tomllib.load(handle)
    split = {
        (table, key): frozenset(value.split())
        for table, row in data.items()
        for key, value in row.items()
    }
    return SpeakerWords(
        split["titles", "male"],
        split["titles", "female"],
        split["given", "male"],
        split["given", "female"],
        split["roles", "nouns"],
        split["roles", "generic"],
        split["roles", "proxies"],
        split["roles", "bodies"],
    )


class People:
    """Persons of a text, found from its PERSON mentions and every repeat of their surnames."""

    def __init__(self, text: str, mentions: Iterable[NameMention]) -> None:
        self.persons: list[Person] = []
        self._by_surname: dict[str, list[Person]] = {}
        self._by_given: Counter[str] = Counter()
        self._firsts: set[tuple[str, str, str]] = set()
        named = [
            (mention, _name_words(text[mention.start : mention.end]))
            for mention in mentions
            if mention.label in ("PERSON", "PER")
        ]
        for _, parts in sorted(named, key=lambda pair: -len(pair[1])):
            if 2 <= len(parts) <= 5:
                self._add(parts)
        for _, parts in named:
            known = len(parts) != 1 or parts[0] in self._by_surname or self._by_given[parts[0]]
            if not known:
                self._add(parts)
        self._places = self._locate(text) if self.persons else []
        self._starts = [span.start for span, _ in self._places]
        self._ends = [span.end for span, _ in self._places]
        for person in self.persons:
            _describe(text, person)

    def _add(self, parts: Sequence[str]) -> None:
        same = self._by_surname.setdefault(parts[-1], [])
        if not self._known(parts):
            person = Person(" ".join(parts))
            same.append(person)
            self.persons.append(person)
            self._by_given[parts[0]] += len(parts) > 1
            self._firsts |= _first_keys(parts)

    def _known(self, parts: Sequence[str]) -> bool:
        """Whether somebody of that surname may be the same person.

        `J. Roe` and `Jane Roe` may be one person, `John Roe` and `Jane Roe` are not.
        """
        surname, first = parts[-1], parts[0].rstrip(".")
        if len(parts) == 1 or (surname, "alone", "") in self._firsts:
            return bool(self._by_surname[surname])
        letter = "letter" if len(first) == 1 else "initial"
        return bool(
            {(surname, "name", first), (surname, letter, first[:1] or "none")} & self._firsts
        )

    def _locate(self, text: str) -> list[tuple[Span, Person]]:
        """Every occurrence of a person's full name, surname, or lone given name."""
        forms: list[tuple[str, Person | None]] = []
        forms.extend((person.name, person) for person in self.persons)
        for surname, same in self._by_surname.items():
            for person in same:
                given = person.name.split()[0]
                if len(person.name.split()) > 2:
                    forms.append((f"{given} {surname}", person))
                forms.append((surname, same[0] if len(same) == 1 else None))
        for person in self.persons:
            given = person.name.split()[0]
            if self._by_given[given] == 1 and given not in self._by_surname:
                forms.append((given, person))
        places = _occurrences(text, {form for form, _ in forms})
        taken = bytearray(len(text))
        found: list[tuple[Span, Person]] = []
        for form, named in sorted(forms, key=lambda pair: -len(pair[0])):
            stop = 0
            for start in places.pop(form, ()):
                if start < stop:
                    continue
                stop = start + len(form)
                if taken.find(1, start, stop) >= 0:
                    continue
                taken[start:stop] = b"\1" * len(form)
                if named is not None:
                    named.mentions.append(Span(start, stop))
                    found.append((Span(start, stop), named))
        for person in self.persons:
            person.mentions.sort()
        return sorted(found, key=lambda pair: pair[0])

    def inside(self, start: int, end: int) -> list[tuple[Span, Person]]:
        """Mentions within `[start, end)`, in order."""
        return self._places[bisect_left(self._starts, start) : bisect_right(self._ends, end)]


def _occurrences(text: str, forms: Iterable[str]) -> dict[str, list[int]]:
    """Where each of the names begins, as whole words; a space may be a no-break space."""
    places: dict[str, list[int]] = {form: [] for form in forms}
    lengths: dict[str, set[int]] = {}
    for form in places:
        lengths.setdefault(form[0], set()).add(len(form))
    first = f"[{''.join(map(re.escape, lengths))}]"
    spaced = text.replace("\u00a0", " ")
    for match in re.finditer(rf"{first}(?<![\w-]{first})", text):
        start = match.start()
        for length in lengths[match[0]]:
            found = places.get(spaced[start : start + length])
            if found is not None and not _JOINS.match(text, start + length):
                found.append(start)
    return places


def _first_keys(parts: Sequence[str]) -> set[tuple[str, str, str]]:
    """What is known of a person's first name, beside the surname."""
    surname, first = parts[-1], parts[0].rstrip(".")
    if len(parts) == 1:
        return {(surname, "alone", "")}
    keys = {(surname, "name", first), (surname, "letter", first[:1])}
    return keys | ({(surname, "initial", first)} if len(first) == 1 else set())


def _name_words(name: str) -> tuple[str, ...]:
    parts = [_POSSESSIVE.sub("", part) for part in name.replace("\u00a0", " ").split()]
    while len(parts) > 1 and (_TITLE.match(parts[0]) or parts[0].lower() in ("the", "mr", "ms")):
        parts.pop(0)
    parts = [part.strip(',;:"“”()') for part in parts]
    good = [part for part in parts if part]
    if not good or not good[-1][:1].isupper() or any(char.isdigit() for char in "".join(good)):
        return ()
    return tuple(good)


def _describe(text: str, person: Person) -> None:
    """Gender, and the words of titles before and appositions after the name."""
    lists = speaker_words()
    votes = {"male": 0, "female": 0}
    for start, end in person.mentions:
        before = text[max(0, start - 80) : start][::-1]
        word = _LAST_WORD.match(before)
        title = word[1][::-1].lower() if word else ""
        votes["male"] += title in lists.male_titles
        votes["female"] += title in lists.female_titles
        run: list[str] = []
        place = before.startswith("\n")
        while word := _NEXT_WORD.match(before, place):
            one, place = word[1][::-1], word.end()
            if not (one[:1].isupper() or one.lower() in lists.roles or one.lower() == "of"):
                break
            run.append(one.lower())
        if set(run) & lists.roles:
            person.descriptions.update(run)
        after = text.startswith(", ", end) and _APPOSITION.match(text[end : end + 120])
        if after:
            found = [word.lower() for word in re.findall(r"[\w'’]+", after.group(1))]
            if set(found) & lists.roles:
                person.descriptions.update(found)
    if person.descriptions & lists.male_titles:
        votes["male"] += 1
    if person.descriptions & lists.female_titles:
        votes["female"] += 1
    if votes["male"] == votes["female"] and " " in person.name:
        given = person.name.split()[0].lower()
        votes["male"] += given in lists.male_names
        votes["female"] += given in lists.female_names
    if votes["male"] != votes["female"]:
        person.gender = max(votes, key=lambda key: votes[key])


_PARTICLE = r"(?:(?:[A-Z]\.|de|van|von|bin|al|der|la)[ \u00a0]){0,2}"
_NAME = re.compile(
    r"(?<![\w.-])([A-ZÀ-ÖØ-Þ][\w’-]*\w)"
    rf"(?:[ \u00a0]{_PARTICLE}(?P<surname>[A-ZÀ-ÖØ-Þ][\w-]*\w)(?![\w-]))?"
)


def capitalised_mentions(text: str) -> list[NameMention]:
    """Names that begin with a known given name and go on with a capitalised word.

    Stands in for a tagger where there is none; finds few names, and hardly a wrong one.
    """
    lists = speaker_words()
    given = lists.male_names | lists.female_names
    found: list[NameMention] = []
    place = 0
    while match := _NAME.search(text, place):
        if match["surname"] and match.group(1).lower() in given:
            found.append(NameMention(match.start(), match.end(), "PERSON"))
            place = match.end()
        else:
            place = match.end(1)
    return found
