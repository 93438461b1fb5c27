"""The words of a name, as names are compared: of every script, with its vowel signs and accents.

Letters, marks and numbers are kept. Characters that only format (joiners, direction marks, soft
hyphens, variation selectors) are as good as not there. Apostrophes and hyphens stay inside words;
"&", "+" and "/" are words; everything else separates words.
"""

from __future__ import annotations

import unicodedata

__all__ = ["folded", "visible"]

_APOSTROPHES = "'’ʼ‘ʻ´`′＇׳"
_HYPHENS = "-‐‑‒–֊־－﹣"
_SIGNS = {
    **dict.fromkeys(map(ord, _APOSTROPHES), "'"),
    **dict.fromkeys(map(ord, _HYPHENS), "-"),
}
_WORDS = {ord("&"): " and ", ord("+"): " plus ", ord("/"): " / "}
# Marks by category, but they choose a form of the sign before them and are no sign.
_SELECTORS = {0x034F, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}


def visible(text: str) -> str:
    """NFKC, case folded, without format characters; apostrophes and hyphens are ASCII."""
    before = None
    while text != before:
        before = text
        text = "".join(
            sign for sign in text.translate(_SIGNS)
            if unicodedata.category(sign) != "Cf" and ord(sign) not in _SELECTORS
        )  # fmt: skip
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return text


def folded(text: str) -> list[str]:
    """The words of `text`."""
    kept = "".join(
        sign if sign in "'-/" or unicodedata.category(sign)[0] in "LMN" else " "
        for sign in visible(text).translate(_WORDS)
    )
    return [word for part in kept.split() if (word := _trimmed(part))]


def _trimmed(word: str) -> str:
    """Without apostrophes and hyphens at the edges, and marks that no letter carries."""
    word = word.rstrip("'-")
    start = 0
    while start < len(word) and (
        word[start] in "'-" or unicodedata.category(word[start])[0] == "M"
    ):
        start += 1
    return word[start:]
