"""What changed around the scores, and where the answers come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.decide.gate.presence import MatchedEntry
from harness.results.scored import read_losses

__all__ = ["notes", "gate_remarks"]


def notes(matched_entries: Sequence[MatchedEntry]) -> Iterator[str]:
    """What changed around the scores and may explain them."""
    pairs = ((one.accepted.signature, one.current.signature) for one in matched_entries)
    for old, new in sorted({(was.version, now.version) for was, now in pairs}):
        if old != new:
            yield f"the baseline was counted by version {old} of the harness, the run by {new}"
    for matched in matched_entries:
        entry, result = matched.entry, matched.current.result
        if result is None:
            continue
        where = f"{entry.backend} on {entry.gold}"
        if entry.spec != result.spec:
            yield f"{where}: stood for {entry.spec or '–'}, stands for {result.spec or '–'}"
        for name in ("version", "digest"):
            old, new = (getattr(one.model, name) if one.model else "" for one in (entry, result))
            if old != new:
                yield f"{where}: the model's {name} was {old[:12] or '–'}, is {new[:12] or '–'}"
        for package in sorted(entry.packages.keys() | result.packages.keys()):
            old, new = entry.packages.get(package, "–"), result.packages.get(package, "–")
            if old != new:
                yield f"{where}: {package} was {old}, is {new}"
        if result.unstable:
            yield f"{where}: {result.unstable} documents were answered differently when asked again"


def gate_remarks(matched_entries: Sequence[MatchedEntry]) -> Iterator[str]:
    """Answers that were not asked for in this run, and mentions that cannot be shown."""
    stored: dict[str, list[str]] = {}
    for matched in matched_entries:
        result = matched.current.result
        if result is not None and result.costs.replayed:
            why = result.why_replayed
            stored.setdefault(why, []).append(
                f"{result.costs.replayed} of {result.documents} answers of {result.backend} on "
                f"{result.gold} ({result.task})"
            )
    for why, rows in stored.items():
        yield f"From the store, not asked for in this run: {'; '.join(rows)}. Allowed since {why}."
    yield from read_losses([matched.current for matched in matched_entries])
    reasons = dict.fromkeys(matched.current.without_outcomes for matched in matched_entries)
    yield from (f"Which mentions flipped is not shown: {reason}" for reason in reasons if reason)
