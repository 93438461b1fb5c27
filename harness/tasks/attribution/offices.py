"""Where an office in front of a name ends, and the name begins."""

from __future__ import annotations

from collections.abc import Sequence

from harness.tasks.attribution.lexicon import lexicon
from harness.tasks.attribution.persons import is_name, is_noun, without_generation

__all__ = ["behind_office", "has_title"]

_OF = frozenset(("of", "for", "to", "at"))
_NOT_WITHIN = frozenset(("by", "to", "from", "with", "about", "against", "without", "between"))


def behind_office(words: Sequence[str]) -> list[str]:
    """What is left when an office in front is taken off; all, if that would be no name."""
    base, suffix = without_generation(words)
    suffix = {"junior": "jr", "senior": "sr"}.get(suffix, suffix)
    tail = [suffix] if suffix else []
    phrases = lexicon().organisations.phrases
    for i in range(len(base) - 2, -1, -1):
        if not _is_title(base, i) or tuple(base[i:]) in phrases or _is_of_another(base, i):
            continue
        name = base[i + 1 :]
        if len(name) > 1 and name[0] in _OF:
            name = _behind_object(name)
        if _enough(base, i, name) and is_name(name, base[i]):
            return name + tail
    return base + tail if len(base) > 1 else list(words)


def has_title(words: Sequence[str]) -> bool:
    """Whether a word is a title where it stands."""
    return any(_is_title(words, i) for i in range(len(words)))


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


def _is_of_another(words: Sequence[str], i: int) -> bool:
    """ "Advisers to President Roe", "Mr. Roe and Mrs. Doe": the title is not the whole name's."""
    titles, organisations, *_ = lexicon()
    start = i + 1 - (_phrase(words, i) or 1)
    while start and (
        words[start - 1] in titles.modifiers
        or words[start - 1] == "the"
        or _is_title(words, start - 1)
    ):
        start -= 1
    before = words[start - 1] if start else ""
    if before in organisations.functions - {"and"} or not _NOT_WITHIN.isdisjoint(words[:i]):
        return True
    for k in range(1, i):
        if words[k] == "and":
            one = words[:k]
            begins = words[k + 1] in titles.modifiers or _is_title(words, k + 1)
            if len(behind_office(one)) < k or (begins and is_name(one)):
                return True
    return False


def _is_title(words: Sequence[str], i: int) -> bool:
    """Whether the word is a title there, or the last of one."""
    titles = lexicon().titles
    word, before = words[i], words[i - 1] if i else ""
    if is_noun(word) or _phrase(words, i):
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


def _phrase(words: Sequence[str], i: int) -> int:
    """How many words a title of several words has that ends there; 0 if none does."""
    phrases, end = lexicon().titles.phrases, i + 1
    return next((n for n in (4, 3, 2) if n <= end and tuple(words[end - n : end]) in phrases), 0)
