"""Names without the titles and offices beside them, by the rules of `speakers`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from harness.tasks.attribution.lexicon import lexicon
from harness.tasks.attribution.offices import behind_office, has_title
from harness.tasks.attribution.persons import is_name, is_noun, without_generation
from harness.tasks.attribution.words import folded, visible

__all__ = ["is_word_with_article", "normalise_name"]

_NOBODY = frozenset(("", "unknown"))
_PARTS = re.compile(r"(?<!\d),|,(?!\d)|[،、()\[\]—―]|\s-+\s")
_ARTICLE = re.compile(r"\W*the\s")
_PARTY = re.compile(r"[rdi](-\w+)?")


@lru_cache(maxsize=65536)
def normalise_name(name: str) -> str:
    """`name` as it is compared; empty where it names nobody ("", "Unknown").

    "NATO Secretary-General Jens Stoltenberg's" becomes "jens stoltenberg", and "Robert Kennedy,
    Junior" "robert kennedy jr". An office without a name stays whole. Normalising twice changes
    nothing.
    """
    before, normal = None, name
    while normal != before:  # each turn takes words away or changes nothing
        before, normal = normal, _stripped(normal)
    return "" if normal in _NOBODY else normal


@lru_cache(maxsize=65536)
def is_word_with_article(name: str) -> bool:
    """Whether it is "the" and one word: "the King" is an office, "King" may be a surname."""
    words = folded(name)
    return len(words) == 2 and words[0] == "the"


def _stripped(name: str) -> str:
    parts = _joined_suffixes(
        [part for text in _PARTS.split(visible(name)) if (part := _plain(text))]
    )
    if not parts:
        return ""
    if len(parts) > 1 and _is_office(parts[0]) and _says_whose(name, parts[0]):
        person = behind_office(parts[1])
        if len(person) > 1 and is_name(without_generation(person)[0]):
            del parts[0]  # "The NATO secretary general, Jens Stoltenberg"
    kept = [behind_office(parts[0])]
    is_person = is_name(without_generation(kept[0])[0], "mr")
    for part in parts[1:]:
        if is_person and (_is_office(part) or _is_detail(part)):
            break
        kept.append(part)
    offices = len(kept) > 1 and any(has_title(part) for part in kept)
    return (", " if offices else " ").join(" ".join(part) for part in kept)


def _plain(text: str) -> list[str]:
    """The words of a part, without article, genitive and academic suffixes."""
    words = folded(text)
    while len(words) > 1 and words[0] == "the":
        del words[0]
    titles, organisations, *_ = lexicon()
    while words and words[-1].endswith("'s") and words[-1] not in organisations.apostrophes:
        words[-1] = words[-1][:-2].rstrip("'-")
        if not words[-1]:
            words.pop()
    shorter = True
    while shorter:
        shorter = False
        for size in (1, 2):
            end = tuple(words[-size:])
            if (
                (words[-1:] and words[-1] in titles.academic)
                if size == 1
                else (end in titles.academic_phrases)
            ):
                base = without_generation(words[:-size])[0]
                if len(base) > 1 and is_name(behind_office(base)):
                    words = words[:-size]
                    shorter = True
                    break
    return words


def _joined_suffixes(parts: list[list[str]]) -> list[list[str]]:
    """ "Kennedy, Jr." is "Kennedy Jr.", "Roe, M.D." is "Roe"; both only behind a name."""
    titles = lexicon().titles
    out: list[list[str]] = []
    for part in parts:
        if out and is_name(behind_office(without_generation(out[-1])[0])):
            if len(part) == 1 and part[0] in titles.generations:
                out[-1] = [*out[-1], part[0]]
                continue
            if (len(part) == 1 and part[0] in titles.academic) or (
                tuple(part) in titles.academic_phrases
            ):
                continue
        out.append(part)
    return out


def _is_office(words: Sequence[str]) -> bool:
    """Whether a part has a title, and no second person behind it."""
    person = behind_office(words)
    return has_title(words) and not (len(person) < len(words) and len(person) > 1)


def _is_detail(words: Sequence[str]) -> bool:
    """An age, or the party and state of a member of the American congress: "D-N.Y."."""
    return words[0].isdigit() or (_PARTY.fullmatch(words[0]) is not None and len(words) < 4)


def _says_whose(name: str, office: Sequence[str]) -> bool:
    """ "Chairman, Exxon Mobil" names a company; "the chairman, Ann Roe" a person."""
    titles = lexicon().titles
    return _ARTICLE.match(visible(name)) is not None or not all(
        is_noun(word) or word in titles.modifiers or word in titles.surnames for word in office
    )
