"""A relation while it is being built: character spans, and the rule that found it."""

from __future__ import annotations

from dataclasses import dataclass

from harness.annotation import Span

__all__ = ["DraftAttribution"]


@dataclass(slots=True)
class DraftAttribution:
    """Mutable, because a quotation that goes on joins the relation before it."""

    content: list[Span]
    """Sorted and disjoint, as `contents.united` gives them."""
    cue: Span | None
    source: Span | None
    rule: str = ""

    @property
    def end(self) -> int:
        """Where the last of its spans ends."""
        spans = [self.content[-1], self.cue, self.source]
        return max(span.end for span in spans if span is not None)

    @property
    def size(self) -> int:
        return sum(span.end - span.start for span in self.content)
