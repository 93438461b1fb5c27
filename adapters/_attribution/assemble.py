"""Relations turned into the harness's annotations: kinds, speakers, order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.adapters._attribution.merge import union
from harness.adapters._attribution.names import NameMention
from harness.adapters._attribution.quotation import Quotation
from harness.adapters._attribution.relation import DraftAttribution
from harness.adapters._attribution.speakers import SourceMention, resolve
from harness.annotation import Attribution
from harness.quotation.regions import quoted_regions
from harness.tasks.attribution.kinds import kind_of

__all__ = ["assemble"]


def assemble(
    text: str,
    relations: Sequence[DraftAttribution],
    quotes: Sequence[Quotation],
    mentions: Iterable[NameMention] | None,
) -> list[Attribution]:
    """Sorted by content; `mentions=None` leaves the speakers out."""
    quoted = quoted_regions(text) if relations else ()
    speakers: list[str | None] = [None] * len(relations)
    if mentions is not None:
        sources = [
            SourceMention(relation.source, tuple(relation.content)) for relation in relations
        ]
        speakers = resolve(text, sources, mentions, quotes)
    made = [
        Attribution(
            union(relation.content),
            relation.source,
            relation.cue,
            kind_of(text, relation.content, quoted, cue=relation.cue),
            speaker,
        )
        for relation, speaker in zip(relations, speakers, strict=True)
    ]
    return sorted(made, key=lambda item: (item.content, item.cue or (0, 0)))
