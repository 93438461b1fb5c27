"""Predictions that share a cue are one relation: "…," he said. "…"."""

from __future__ import annotations

from collections.abc import Iterable

from harness.annotation import Attribution, Span

__all__ = ["merge_shared_cues", "union"]


def merge_shared_cues(found: Iterable[Attribution]) -> list[Attribution]:
    """Unite the contents of relations with the same cue span; the first one's source stays.

    Relations without a cue stay as they are. Order: by first content.
    """
    merged: dict[tuple[int, int], Attribution] = {}
    alone: list[Attribution] = []
    for item in found:
        if item.cue is None:
            alone.append(item)
            continue
        key = (item.cue.start, item.cue.end)
        first = merged.get(key)
        if first is None:
            merged[key] = item
            continue
        kind = first.kind if first.kind == item.kind else "mixed"
        merged[key] = Attribution(
            union([*first.content, *item.content]),
            first.source or item.source,
            first.cue,
            kind,
            first.speaker or item.speaker,
        )
    return sorted([*merged.values(), *alone], key=lambda item: item.content)


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The spans as a set of characters: sorted, overlapping and touching ones joined."""
    out: list[Span] = []
    for span in sorted(spans):
        if out and span.start <= out[-1].end:
            out[-1] = Span(out[-1].start, max(out[-1].end, span.end))
        else:
            out.append(span)
    return tuple(out)
