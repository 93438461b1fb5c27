"""Documents that were answered well and are not answered at all: no noise, whatever the score says.

The loss of a few whole documents is invisible to an interval that resamples documents (three of
thirty may well be missing from a resample), so it is a rule of its own.
"""

from __future__ import annotations

from collections import Counter

from harness.decide.gate.presence import MatchedEntry
from harness.decide.gate.verdicts import Verdict, about
from harness.results.scored import Scored
from harness.table import tallied

__all__ = ["check_blackout"]

_SHOWN = 5


def check_blackout(matched: MatchedEntry, least: int) -> Verdict | None:
    """A failure for the documents that had `least` right mentions or more and have none now.

    Right is what the headline counts as such (entities of all types, contents found), in the match
    mode of the entry. `None` where there is no such document.
    """
    before, now = _right(matched.accepted), _right(matched.current)
    dark = [name for name, right in before.items() if right >= least and not now[name]]
    if not dark:
        return None
    dark.sort(key=lambda name: -before[name])
    shown = tallied({name: f"{before[name]:g}" for name in dark}, _SHOWN)
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


def _right(scored: Scored) -> Counter[str]:
    """Right mentions by document."""
    right: Counter[str] = Counter()
    for (document, _), row in zip(scored.units, scored.counts().rows, strict=True):
        right[document] += row[0]
    return right
