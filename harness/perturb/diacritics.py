"""Letters without their diacritics, written as one character or as several."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from random import Random

from harness.perturb.edits import TextEdit
from harness.perturb.perturbation import EVERYWHERE, Level, TextPerturbation
from harness.perturb.places import each

__all__ = ["DIACRITICS", "has_diacritics"]

_BLOCKS = ((0x300, 0x36F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0xFE20, 0xFE2F))
"""Combining diacritical marks; vowels of Hebrew, Arabic or Indic scripts are no diacritics."""


def has_diacritics(text: str) -> bool:
    """Whether the perturbation would change it."""
    return not text.isascii() and any(map(_is_diacritic, unicodedata.normalize("NFD", text)))


def _is_diacritic(char: str) -> bool:
    return any(first <= ord(char) <= last for first, last in _BLOCKS)


def _off(text: str, level: Level, rng: Random) -> Iterator[TextEdit]:
    return each(text, [_bare(char) for char in text])


def _bare(char: str) -> str:
    """A character without its diacritics, and one that has none as it is."""
    if char.isascii():
        return char
    parts = unicodedata.normalize("NFD", char)
    kept = [part for part in parts if not _is_diacritic(part)]
    return char if len(kept) == len(parts) else unicodedata.normalize("NFC", "".join(kept))


DIACRITICS = TextPerturbation(
    "diacritics",
    "every letter without its diacritics (NFD): é is e; ø and ß stay",
    EVERYWHERE,
    _off,
)
