"""Offsets that others count in UTF-16 units or bytes, turned into code points."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import Literal, get_args

__all__ = ["OFFSET_UNITS", "OffsetUnit", "Offsets"]

OffsetUnit = Literal["codepoint", "utf16", "byte"]
OFFSET_UNITS: tuple[str, ...] = get_args(OffsetUnit)


class Offsets:
    """Turns a worker's offsets into code points, exactly or not at all.

    An offset inside a character (between two surrogates, between two bytes) has no code point.
    """

    __slots__ = ("_starts", "length", "unit")

    def __init__(self, text: str, unit: OffsetUnit = "codepoint") -> None:
        self.unit = unit
        self._starts = _starts(text, unit)
        self.length = len(text) if self._starts is None else self._starts[-1]

    def code_point(self, offset: int) -> int | None:
        """The code point at which `offset` falls; `None` inside a character or outside."""
        if self._starts is None:
            return offset
        index = bisect_left(self._starts, offset)
        is_there = index < len(self._starts) and self._starts[index] == offset
        return index if is_there else None

    def code_points(self, units: int) -> int:
        """How many whole code points the first `units` hold."""
        return units if self._starts is None else bisect_right(self._starts, units) - 1


def _starts(text: str, unit: OffsetUnit) -> list[int] | None:
    # None: every character is one unit long. Offsets then need no table.
    if unit == "codepoint" or text.isascii():
        return None
    if unit == "utf16":
        if max(text) <= "\uffff":
            return None
        return list(accumulate((2 if char > "\uffff" else 1 for char in text), initial=0))
    lengths = (len(char.encode("utf-8", "surrogatepass")) for char in text)
    return list(accumulate(lengths, initial=0))
