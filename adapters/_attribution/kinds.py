"""Direct, indirect or mixed: read off the quotation marks, never off the parse."""

from __future__ import annotations

from collections.abc import Sequence

from adapters._attribution.quotation import Quotation
from harness.annotation import Kind, Span

__all__ = ["kind_of"]

# A stray letter outside the marks does not make a long quotation mixed.
_DIRECT = 0.98


def kind_of(text: str, content: Sequence[Span], quotes: Sequence[Quotation]) -> Kind:
    """By the share of letters and digits of the content inside quotation marks.

    More than 98 % is direct, none is indirect, anything between is mixed.
    """
    total = inside = 0
    for start, end in content:
        total += _letters(text, start, end)
        for quote in quotes:
            low, high = max(start, quote.start), min(end, quote.end)
            if low < high:
                inside += _letters(text, low, high)
    if not inside:
        return "indirect"
    return "direct" if inside > _DIRECT * total else "mixed"


def _letters(text: str, start: int, end: int) -> int:
    return sum(char.isalnum() for char in text[start:end])
