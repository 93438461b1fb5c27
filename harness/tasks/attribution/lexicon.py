"""The words that tell titles, organisations and places from names.

`data/*.toml` explains each list. A list of single words is a string there, a list of phrases an
array.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from harness.tasks.attribution.words import folded

__all__ = ["NameLexicon", "lexicon"]

Words = frozenset[str]
Phrases = frozenset[tuple[str, ...]]


class Titles(NamedTuple):
    nouns: Words
    surnames: Words
    halves: Words
    given: Words
    either: Words
    honorifics: Words
    modifiers: Words
    before_surnames: Words
    phrases: Phrases
    academic: Words
    academic_phrases: Phrases
    generations: Words


class Organisations(NamedTuple):
    words: Words
    also_names: Words
    modifiers: Words
    functions: Words
    particles: Words
    phrases: Phrases
    apostrophes: Words


class Places(NamedTuple):
    countries: Words
    states: Words
    cities: Words
    nationalities: Words
    given: Words
    phrases: Phrases


class NameLexicon(NamedTuple):
    titles: Titles
    organisations: Organisations
    places: Places
    place_words: Words


@cache
def lexicon() -> NameLexicon:
    """Read once, when the first name is compared."""
    places = Places(**_lists("places"))
    return NameLexicon(
        Titles(**_lists("titles")),
        Organisations(**_lists("organisations")),
        places,
        places.countries | places.states | places.cities | places.nationalities,
    )


def _lists(name: str) -> dict[str, Any]:
    raw = files("harness.tasks.attribution").joinpath("data", f"{name}.toml").read_text("utf-8")
    return {
        key: frozenset(folded(value))
        if isinstance(value, str)
        else frozenset(tuple(folded(phrase)) for phrase in value)
        for key, value in tomllib.loads(raw).items()
    }
