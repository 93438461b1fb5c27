"""What of a text is within quotation marks, by one rule for everybody.

A paragraph is a line. Double marks are paired first (`doubles`), single ones in what is left
(`singles`); what goes on over the end of a paragraph is open there. `docs/gold.md` has the rule
with examples.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.annotation import Span
from harness.paragraphs import lines
from harness.quotation.doubles import MARK, pair_doubles
from harness.quotation.singles import pair_singles

__all__ = ["outermost", "quoted_regions"]


def quoted_regions(text: str) -> tuple[Span, ...]:
    """What is within quotation marks, with them: sorted, disjoint, each in one paragraph."""
    regions: list[Span] = []
    paragraphs = [_stripped(text, *line) for line in lines(text)]
    carried = False
    for number, (start, end) in enumerate(paragraphs):
        following = paragraphs[number + 1] if number + 1 < len(paragraphs) else None
        pairs, tail = pair_doubles(
            text,
            start,
            end,
            carried=carried,
            resumed=following is not None and MARK.match(text, following[0]) is not None,
        )
        singles = pair_singles(text, start, end, outermost(pairs), following)
        if tail is not None and any(a < tail < b for a, b in singles):
            tail = None  # A stray mark within single marks: they are closed, it is not.
        carried = tail is not None
        if tail is not None:
            pairs.append((tail, end))
        regions += outermost([*pairs, *singles])
    return tuple(regions)


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    line = text[start:end]
    return start + len(line) - len(line.lstrip()), end - len(line) + len(line.rstrip())


def outermost(pairs: Iterable[tuple[int, int]]) -> list[Span]:
    """Spans without those inside others; of two that overlap the later one is shortened."""
    out: list[Span] = []
    for start, end in sorted(pairs, key=lambda pair: (pair[0], -pair[1])):
        if not out or start >= out[-1].end:
            out.append(Span(start, end))
        elif end > out[-1].end:
            out[-1] = Span(out[-1].start, end)
    return out
