"""Whether words are a person's name: by their form, and by lists of what is none.

Nobody labels a speaker as a person here, so both answers are careful: what may be an organisation
or a place is no name. Names are lists of folded words (`harness.tasks.attribution.words`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from harness.tasks.attribution.lexicon import lexicon

__all__ = ["is_name", "is_noun", "last_names", "without_generation"]


@lru_cache(maxsize=65536)
def is_noun(word: str) -> bool:
    """Whether a word is a title by itself: "president", "vice-president", "president-elect"."""
    titles = lexicon().titles
    parts = word.split("-")
    parts_of_titles = titles.nouns | titles.modifiers | titles.halves
    return word in titles.nouns or (
        len(parts) > 1
        and all(part in parts_of_titles for part in parts)
        and any(part in titles.nouns for part in parts)
    )


def is_name(words: Sequence[str], title: str = "") -> bool:
    """Whether `words` can be a person's name, whole or in part, behind `title`.

    They cannot where one is a title, a function word, a number or a word of organisations, or
    where all are a place. A surname that is also something else ("Dr. King", "President Park") is
    a name only behind a title that is no surname itself.
    """
    titles, organisations, places, place_words = lexicon()
    if not words or any(
        word in organisations.words
        or word in organisations.functions
        or word in titles.modifiers - organisations.also_names
        or (is_noun(word) and word not in titles.either)
        or (word.endswith("s") and word[:-1] in titles.nouns - titles.either)  # "presidents"
        or not any(sign.isalpha() for sign in word)
        for word in words
    ):
        return False
    first = words[0]
    if len(words) == 1:
        if first in titles.surnames or first in titles.either:
            office = first in titles.halves or is_noun(first)
            return title in titles.honorifics or (is_noun(title) and not office)
        if first in organisations.also_names:
            return is_noun(title)
        return first not in place_words
    begins_badly = first in organisations.modifiers - organisations.particles or (
        first in places.nationalities - places.given
    )
    return not (
        begins_badly
        or _listed(words)
        or all(word in place_words for word in words)
        or all(word in titles.surnames for word in words)
    )


def without_generation(words: Sequence[str]) -> tuple[list[str], str]:
    """ "robert kennedy jr" as its name and its suffix, which may be empty."""
    if len(words) > 1 and words[-1] in lexicon().titles.generations:
        return list(words[:-1]), words[-1]
    return list(words), ""


@lru_cache(maxsize=65536)
def last_names(name: str) -> frozenset[str]:
    """The last names of a person whose whole name `name` is; none if it is none.

    Of "ursula von der leyen", both "leyen" and "von der leyen". A whole name has two to five
    words in Latin script: for others there are no lists of what is an organisation or a place.
    """
    words, _ = without_generation(name.split())
    if not 2 <= len(words) <= 5 or not is_name(words) or not all(map(_is_latin, words)):
        return frozenset()
    titles, organisations, places, place_words = lexicon()
    first, last = words[0], words[-1]
    ends_badly = any(
        part in place_words or part in organisations.words for part in {last, *last.split("-")}
    )
    if (
        ends_badly
        or len(last) < 2
        or last in organisations.also_names
        or last in organisations.modifiers & organisations.particles
        or first in organisations.modifiers
        or first in place_words - places.given
        or first in titles.surnames - titles.given
        or any(word in titles.either for word in words[:-1])
    ):
        return frozenset()
    start = len(words) - 1
    while start > 1 and words[start - 1] in organisations.particles:
        start -= 1
    return frozenset((last, " ".join(words[start:])))


def _listed(words: Sequence[str]) -> bool:
    """Whether it is a company or a place of several words that looks like a person's name."""
    whole = tuple(words)
    return whole in lexicon().organisations.phrases or whole in lexicon().places.phrases


def _is_latin(word: str) -> bool:
    return all(
        unicodedata.name(sign, "").startswith("LATIN ")
        if sign.isalpha()
        else sign in "'-" or unicodedata.category(sign)[0] == "M"
        for sign in word
    )
