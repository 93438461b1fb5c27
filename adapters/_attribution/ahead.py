"""What lies ahead in a text, for places that are asked from left to right."""

from __future__ import annotations

import re

__all__ = ["Ahead"]


class Ahead:
    """The next match of a pattern from a place on; no character is searched twice.

    Places must not decrease, apart from those before the match that was found last.
    """

    def __init__(self, pattern: re.Pattern[str], text: str) -> None:
        self._pattern = pattern
        self._text = text
        self._match = pattern.search(text)

    def match(self, place: int) -> re.Match[str] | None:
        """The first match that begins at `place` or later."""
        if self._match is not None and self._match.start() < place:
            self._match = self._pattern.search(self._text, place)
        return self._match

    def start(self, place: int) -> int:
        """Where that match begins; the text's length where there is none."""
        match = self.match(place)
        return len(self._text) if match is None else match.start()
