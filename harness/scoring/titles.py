"""Names without the titles and offices beside them; the rules are in `harness.scoring.speakers`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from harness.scoring.lexicon import lexicon
from harness.scoring.persons import is_name, is_noun, without_generation
from harness.scoring.words import folded, visible

__all__ = ["is_word_with_article", "normalise_name"]

_NOBODY = frozenset(("", "unknown"))
_PARTS = re.compile(r"(?<!\d),|,(?!\d)|[،、()\[\]—―]|\s-+\s")
_ARTICLE = re.compile(r"\W*the\s")
_PARTY = re.compile(r"[rdi](-\w+)?")
_OF = frozenset(("of", "for", "to", "at"))


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
        person = _behind_office(parts[1])
        if len(person) > 1 and is_name(without_generation(person)[0]):
            del parts[0]  # "The NATO secretary general, Jens Stoltenberg"
    kept = [_behind_office(parts[0])]
    is_person = is_name(without_generation(kept[0])[0], "mr")
    for part in parts[1:]:
        if is_person and (_is_office(part) or _is_detail(part)):
            break
        kept.append(part)
    offices = len(kept) > 1 and any(_has_title(part) for part in kept)
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
                if len(base) > 1 and is_name(_behind_office(base)):
                    words = words[:-size]
                    shorter = True
                    break
    return words


def _joined_suffixes(parts: list[list[str]]) -> list[list[str]]:
    """ "Kennedy, Jr." is "Kennedy Jr.", "Roe, M.D." is "Roe"; both only behind a name."""
    titles = lexicon().titles
    out: list[list[str]] = []
    for part in parts:
        if out and is_name(_behind_office(without_generation(out[-1])[0])):
            if len(part) == 1 and part[0] in titles.generations:
                out[-1] = [*out[-1], part[0]]
                continue
            if (len(part) == 1 and part[0] in titles.academic) or (
                tuple(part) in titles.academic_phrases
            ):
                continue
        out.append(part)
    return out


def _behind_office(words: Sequence[str]) -> list[str]:
    """What is left when an office in front is taken off; all, if that would be no name."""
    base, suffix = without_generation(words)
    suffix = {"junior": "jr", "senior": "sr"}.get(suffix, suffix)
    tail = [suffix] if suffix else []
    phrases = lexicon().organisations.phrases
    for i in range(len(base) - 2, -1, -1):
        if not _is_title(base, i) or tuple(base[i:]) in phrases:
            continue
        name = base[i + 1 :]
        if len(name) > 1 and name[0] in _OF:
            name = _behind_object(name)
        if _enough(base, i, name) and is_name(name, base[i]):
            return name + tail
    return base + tail if len(base) > 1 else list(words)


def _behind_object(words: list[str]) -> list[str]:
    """ "of the federal reserve jerome powell" without the organisation or place, else nothing."""
    _, organisations, _, places = lexicon()
    for k in range(len(words) - 3, 0, -1):
        if (words[k] in organisations.words or words[k] in places) and is_name(words[k + 1 :]):
            return words[k + 1 :]
    return []


def _enough(words: Sequence[str], i: int, name: Sequence[str]) -> bool:
    """Given names and "Chief" in front are titles only where a whole name follows."""
    weak = i == 0 and (words[0] in lexicon().titles.given or words[0] in ("chief", "executive"))
    return len(name) > 1 or not weak


def _is_title(words: Sequence[str], i: int) -> bool:
    """Whether the word is a title there, or the last of one."""
    titles = lexicon().titles
    word, before = words[i], words[i - 1] if i else ""
    if is_noun(word) or any(
        tuple(words[max(i + 1 - size, 0) : i + 1]) in titles.phrases for size in (2, 3, 4)
    ):
        return True
    if word in ("chief", "executive"):
        return before not in titles.modifiers or not before
    if word in titles.surnames:
        return (
            i == 0
            or before in titles.before_surnames
            or before in titles.modifiers
            or _is_title(words, i - 1)
        )
    return False


def _has_title(words: Sequence[str]) -> bool:
    return any(_is_title(words, i) for i in range(len(words)))


def _is_office(words: Sequence[str]) -> bool:
    """Whether a part has a title, and no second person behind it."""
    person = _behind_office(words)
    return _has_title(words) and not (len(person) < len(words) and len(person) > 1)


def _is_detail(words: Sequence[str]) -> bool:
    """An age, or the party and state of a member of the American congress: "D-N.Y."."""
    return words[0].isdigit() or (_PARTY.fullmatch(words[0]) is not None and len(words) < 4)


def _says_whose(name: str, office: Sequence[str]) -> bool:
    """ "Chairman, Exxon Mobil" names a company; "the chairman, Ann Roe" a person."""
    titles = lexicon().titles
    return _ARTICLE.match(visible(name)) is not None or not all(
        is_noun(word) or word in titles.modifiers or word in titles.surnames for word in office
    )
