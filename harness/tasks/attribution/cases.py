"""Attribution: what would have to be mended of every relation.

    missed, spurious     a content without a partner
    content              less than half of the contents is shared (Dice under .5)
    null source          one side has a source, the other says that there is none
    wrong source         the predicted source is that of another gold relation: a wrong link
    source               any other source that shares nothing with the gold's
    cue                  no overlap, or on one side only
    speaker              another name than the gold's, or none

A pair is wrong by all that apply.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.annotation import Attribution, Capabilities
from harness.stats.overlaps import Reach
from harness.tasks.attribution.count import Pairing
from harness.tasks.cases import Case

__all__ = ["relation_cases"]


def relation_cases(
    pairs: Sequence[Pairing], gold: Sequence[Attribution], able: Capabilities
) -> Iterator[Case]:
    """The cases of one document. Cues and speakers that a backend cannot give are no fault."""
    sources = Reach((*one.source, one.source) for one in gold if one.source is not None)
    for one in pairs:
        mine = () if one.gold is None else (one.gold,)
        theirs = () if one.predicted is None else (one.predicted,)
        yield Case(tuple(_kinds(one, sources, able)), mine, theirs)


def _kinds(one: Pairing, sources: Reach, able: Capabilities) -> Iterator[str]:
    gold, predicted = one.gold, one.predicted
    if gold is None or predicted is None:
        yield one.error
        return
    if not one.is_found:
        yield "content"
    if one.source == "differ":
        if gold.source is None or predicted.source is None:
            yield "null source"
        elif sources.end(predicted.source.end, gold.source) > predicted.source.start:
            yield "wrong source"
        else:
            yield "source"
    if able.cues and one.cue == "differ":
        yield "cue"
    if able.speakers and one.speaker is False:
        yield "speaker"
