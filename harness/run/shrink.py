"""A text made smaller as long as it shows something: by lines, then sentences, then words.

Zeller and Hildebrandt 2002, "Simplifying and Isolating Failure-Inducing Input" (ddmin), without the
search for complements: halves of the pieces are left out, then quarters, down to single ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["shrunk"]

_PIECES = (
    re.compile(r"[^\n]*\n+|[^\n]+"),
    re.compile(r"\S.*?(?:[.!?]+\s+|$)|\s+", re.DOTALL),
    re.compile(r"\s*\S+\s*"),
)
"""Each cuts a text into pieces that make it up again; blanks alone are one, or none."""


def shrunk(text: str, shows: Callable[[str], bool], *, most: int) -> tuple[str, int]:
    """The smallest part found of a text that `shows` it as well, and how often that was asked.

    `shows` is asked `most` times at most, and never about the text itself, which is taken to show
    it. The parts stand in their order.
    """
    asked = 0
    for pattern in _PIECES:
        pieces = pattern.findall(text)
        size = len(pieces) // 2
        while size and asked < most:
            at = 0
            while at < len(pieces) and asked < most and len(pieces) > 1:
                fewer = pieces[:at] + pieces[at + size :] or pieces[:1]
                asked += 1
                if shows("".join(fewer)):
                    pieces = fewer
                else:
                    at += size
            size //= 2
        text = "".join(pieces) or text
    return text, asked
