"""The people of a document: name mentions clustered, a canonical name and a gender for each."""

from __future__ import annotations

import re
import tomllib
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
        named = [
            (mention, _name_words(text[mention.start : mention.end]))
            for mention in mentions
            if mention.label in ("PERSON", "PER")
        ]
        for _, parts in sorted(named, key=lambda pair: -len(pair[1])):
            if 2 <= len(parts) <= 5:
                self._add(parts)
        for _, parts in named:
            if len(parts) == 1 and parts[0] not in self._by_surname and not self._given(parts[0]):
                self._add(parts)
        self._locate(text)
        for person in self.persons:
            _describe(text, person)

    def _add(self, parts: Sequence[str]) -> None:
        same = self._by_surname.setdefault(parts[-1], [])
        if not any(_compatible(person.name.split(), parts) for person in same):
            person = Person(" ".join(parts))
            same.append(person)
            self.persons.append(person)

    def _given(self, name: str) -> list[Person]:
        return [p for p in self.persons if p.name.split()[0] == name and " " in p.name]

    def _locate(self, text: str) -> None:
        """Every occurrence of a person's full name, surname, or lone given name."""
        taken: list[Span] = []
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
            if len(self._given(given)) == 1 and given not in self._by_surname:
                forms.append((given, person))
        for form, named in sorted(forms, key=lambda pair: -len(pair[0])):
            pattern = r"[ \u00a0]".join(map(re.escape, form.split()))
            for match in re.finditer(rf"(?<![\w-]){pattern}(?![\w-])", text):
                span = Span(match.start(), match.end())
                if any(span.start < other.end and other.start < span.end for other in taken):
                    continue
                taken.append(span)
                if named is not None:
                    named.mentions.append(span)
        for person in self.persons:
            person.mentions.sort()

    def inside(self, start: int, end: int) -> list[tuple[Span, Person]]:
        """Mentions within `[start, end)`, in order."""
        return sorted(
            (
                (span, person)
                for person in self.persons
                for span in person.mentions
                if start <= span.start and span.end <= end
            ),
            key=lambda pair: pair[0],
        )


def _name_words(name: str) -> tuple[str, ...]:
    parts = [_POSSESSIVE.sub("", part) for part in name.replace("\u00a0", " ").split()]
    while len(parts) > 1 and (_TITLE.match(parts[0]) or parts[0].lower() in ("the", "mr", "ms")):
        parts.pop(0)
    parts = [part.strip(',;:"“”()') for part in parts]
    good = [part for part in parts if part]
    if not good or not good[-1][:1].isupper() or any(char.isdigit() for char in "".join(good)):
        return ()
    return tuple(good)


def _compatible(known: Sequence[str], parts: Sequence[str]) -> bool:
    """`J. Roe` and `Jane Roe` may be one person, `John Roe` and `Jane Roe` are not."""
    if len(parts) == 1 or len(known) == 1:
        return True
    one, two = known[0].rstrip("."), parts[0].rstrip(".")
    return one == two or (min(len(one), len(two)) == 1 and one[0] == two[0])


def _describe(text: str, person: Person) -> None:
    """Gender, and the words of titles before and appositions after the name."""
    lists = speaker_words()
    votes = {"male": 0, "female": 0}
    for start, end in person.mentions:
        before = re.findall(r"[\w'’-]+\.?", text[max(0, start - 80) : start])[-8:]
        title = before[-1].lower() if before else ""
        votes["male"] += title in lists.male_titles
        votes["female"] += title in lists.female_titles
        run: list[str] = []
        gap = text[max(0, start - 80) : start]
        tail = re.search(r"([\w'’ \u00a0-]*)$", gap)
        for word in re.findall(r"[\w'’]+", tail.group(1).replace("-", " "))[::-1] if tail else ():
            if word[:1].isupper() or word.lower() in lists.roles or word.lower() == "of":
                run.append(word.lower())
            else:
                break
        if set(run) & lists.roles:
            person.descriptions.update(run)
        after = re.match(
            r", ([^.;:\"“”]{3,90}?)(?:,|\.|$| who | said| told)", text[end : end + 120]
        )
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
    rf"(?<![\w.-])([A-ZÀ-ÖØ-Þ][\w’-]*\w)[ \u00a0]{_PARTICLE}([A-ZÀ-ÖØ-Þ][\w-]*\w)(?![\w-])"
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
        if match.group(1).lower() in given:
            found.append(NameMention(match.start(), match.end(), "PERSON"))
            place = match.end()
        else:
            place = match.end(1)
    return found
