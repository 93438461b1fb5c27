"""Mentions that must be found, whatever the score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.decide.entry import Entry
from harness.decide.gate.scope import speaks
from harness.decide.gate.verdicts import Verdict, about
from harness.decide.rules import Pin
from harness.errors import UsageError
from harness.results.outcomes import Mention, Outcomes
from harness.results.scored import Scored

__all__ = ["check_pins"]


def check_pins(scored: Scored, entry: Entry, pins: Sequence[Pin]) -> Iterator[Verdict]:
    """A verdict for each pin that speaks of these scores.

    Raises `UsageError` for a pin that names no gold mention.
    """
    mine = [pin for pin in pins if speaks(pin, entry)]
    if not mine:
        return
    outcomes = scored.outcomes
    if outcomes is None:
        why = f"{len(mine)} pinned mentions could not be looked up: {scored.without_outcomes}"
        yield about(entry, "error", "no-predictions", why, metric="pin")
        return
    before = entry.outcomes.found if entry.outcomes else frozenset()
    for pin in mine:
        for mention in _named(pin, outcomes, entry, scored.signature.schema):
            if mention in outcomes.found:
                verdict = about(entry, "ok", "ok", "found")
            else:
                said = "lost: the baseline has it" if mention in before else "not found"
                verdict = about(entry, "fail", "pin", f"pinned mention {said}")
            yield replace(verdict, metric="pin", part=mention.label, pin=mention)


def _named(pin: Pin, outcomes: Outcomes, entry: Entry, schema: str) -> list[Mention]:
    named = sorted(
        mention
        for mention in outcomes.gold
        if mention[:3] == (pin.document, pin.start, pin.end) and pin.label in (None, mention.label)
    )
    if named:
        return named
    wanted = f"{pin.document!r} [{pin.start}, {pin.end}) {pin.label or ''}".rstrip()
    near = min(
        (mention for mention in outcomes.gold if mention.document == pin.document),
        key=lambda mention: abs(mention.start - pin.start) + abs(mention.end - pin.end),
        default=None,
    )
    if near is None:
        guess = f"; {entry.gold!r} has no mention in that document"
    else:
        guess = f"; the nearest is [{near.start}, {near.end}) {near.label}"
    where = "" if schema == "none" else f" in {schema}, where {entry.backend} is counted"
    raise UsageError(f"pin {wanted} names no gold mention of {entry.gold!r}{where}{guess}")
