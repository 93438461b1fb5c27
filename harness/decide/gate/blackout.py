"""Documents that were answered well and are not answered at all: no noise, whatever the score says.

The loss of a few whole documents is invisible to an interval that resamples documents (three of
thirty may well be missing from a resample), so it is a rule of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.decide.gate.presence import MatchedEntry
from harness.decide.gate.verdicts import Verdict, about
from harness.results.scored import Scored
from harness.stats.units import added
from harness.table import tallied

if TYPE_CHECKING:
    from harness.stats.units import Array

__all__ = ["check_blackout"]

_SHOWN = 5


def check_blackout(matched: MatchedEntry, least: int) -> Verdict | None:
    """A failure for the documents that had `least` right mentions or more and have none now.

    Right is what the headline counts as such (entities of all types, contents found), in the match
    mode of the entry. `None` where there is no such document.
    """
    import numpy as np

    before, now = _right(matched.accepted), _right(matched.current)
    numbers = np.flatnonzero((before >= least) & (now == 0)).tolist()
    if not numbers:
        return None
    numbers.sort(key=lambda number: -before[number])
    dark = [matched.current.columns.ids.name(number) for number in numbers]
    shown = tallied(
        {name: f"{before[number]:g}" for name, number in zip(dark, numbers, strict=True)}, _SHOWN
    )
    count = "1 document that" if len(dark) == 1 else f"{len(dark)} documents that"
    have = "has" if len(dark) == 1 else "have"
    return about(
        matched.entry,
        "fail",
        "blackout",
        f"{count} had {least} or more right mentions and {have} none now: {shown}",
        part=matched.current.parts[0].name,
        metric="blackout",
        documents=tuple(dark),
    )


def _right(scored: Scored) -> Array:
    """Right mentions by the number of the document, which is the same on both sides."""
    ids = scored.columns.ids
    return added(scored.counts().rows[:, :1], ids.documents, ids.document_count)[:, 0]
