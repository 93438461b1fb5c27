"""Where sentences end in a paragraph, counted between any two places of it."""

from __future__ import annotations

import re
from bisect import bisect_left

from harness.adapters._attribution.parse import Parse

__all__ = ["Stops", "stops_of"]

_STOP = re.compile(
    r"(?<![A-Z])(?<!Mr)(?<!Ms)(?<!Mrs)(?<!Dr)(?<!Sen)(?<!Rep)(?<!Gov)[.!?][”\"'’)]*(?=\s)"
)
_WITHOUT_TITLE = re.compile(r"[.!?][”\"'’)]*(?=\s)")
_SEEN = 3  # How far `_STOP` looks back, at a title or an initial.


class Stops:
    """The stops of `text[start:end]`, a paragraph."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self._text = text
        found = [match.span() for match in _STOP.finditer(text, start, end)]
        self._starts = [first for first, _ in found]
        self._ends = [last for _, last in found]

    def count(self, start: int, end: int) -> int:
        """How many `text[start:end]` has, by itself: a title before `start` is not seen."""
        far = min(start + _SEEN, end)
        whole = bisect_left(self._ends, end) - bisect_left(self._starts, far)
        return max(0, whole) + sum(self._near(start, place, end) for place in range(start, far))

    def last(self, end: int) -> int:
        """Where the last stop in front of `end` begins; -1 for none."""
        before = bisect_left(self._ends, end)
        return self._starts[before - 1] if before else -1

    def _near(self, start: int, place: int, end: int) -> bool:
        if not _WITHOUT_TITLE.match(self._text, place, end):
            return False
        return _STOP.match(self._text[start : place + 1] + " ", place - start) is not None


def stops_of(text: str, parse: Parse) -> Stops:
    """Those of a parsed paragraph, found once."""
    return parse.once("stops", lambda: Stops(text, parse[0].start, parse[len(parse) - 1].end))
