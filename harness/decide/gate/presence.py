"""Is everything there that the baseline has, and was it counted the same way?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.decide.baseline import Baseline
from harness.decide.entry import Entry
from harness.decide.gate.verdicts import Verdict, about
from harness.results.consistent import other_scores
from harness.results.finder import fits, matches_pattern
from harness.results.record import ResultKey, RunRecord
from harness.results.scored import Scored, read_with
from harness.results.signature import diff
from harness.results.units import GoldCounts

__all__ = ["MatchedEntry", "match_entries"]

_CODES = {
    "gold": "other-gold",
    "gold version": "other-gold",
    "gold digest": "other-gold",
    "documents": "other-gold",
    "schema": "other-schema",
    "projection": "other-schema",
}
_HINTS = {
    "other-gold": "the gold has changed; look at the new scores and accept them",
    "other-schema": "the labels meet in another schema; run as the baseline was run, or accept",
}


@dataclass(frozen=True, slots=True, eq=False)
class MatchedEntry:
    """An entry of the baseline whose counterpart was measured and can be compared."""

    entry: Entry
    accepted: Scored
    current: Scored


def match_entries(
    record: RunRecord,
    scored: Sequence[Scored],
    baseline: Baseline,
    gold: Sequence[str],
    backends: Sequence[str],
    unread: Mapping[ResultKey, str],
    reading: Mapping[str, Any],
) -> tuple[list[MatchedEntry], list[Verdict]]:
    """What can be compared, and a verdict for everything that cannot.

    What was accepted is read with the options `reading`, as `scored` was.
    """
    wanted = [
        entry
        for entry in baseline.entries
        if fits(entry.gold, gold) and fits(entry.backend, backends)
    ]
    verdicts = list(_empty(record, wanted, baseline, gold, backends))
    by_key = {one.key: one for one in scored}
    matched_entries = []
    for entry in wanted:
        current = by_key.get(entry.key)
        if current is None:
            verdicts.append(_absent(entry, record, unread))
            continue
        accepted = read_with(entry.scored(), **reading)
        problem = _other_count(entry, accepted, current)
        if problem is not None:
            verdicts.append(problem)
            continue
        matched_entries.append(MatchedEntry(entry, accepted, current))
        if current.result is not None and (said := other_scores(current.result, current.total)):
            verdicts.append(
                about(entry, "warn", "other-scores", f"{said}; the counts were checked")
            )
        failed = current.result.failed if current.result else 0
        if failed > entry.failed:
            verdicts.append(
                about(
                    entry,
                    "warn",
                    "failed-documents",
                    f"{failed} documents have no answer (before: {entry.failed}); their mentions "
                    "count as missed",
                )
            )
    known = {entry.key for entry in baseline.entries}
    new = "is not in the baseline, so it was not checked (harness baseline accept)"
    verdicts += [
        about(one, "warn", "new", new)
        for key, one in by_key.items()
        if key not in known and not one.sanity
    ]
    return matched_entries, verdicts


def _empty(
    record: RunRecord,
    wanted: Sequence[Entry],
    baseline: Baseline,
    gold: Sequence[str],
    backends: Sequence[str],
) -> Iterator[Verdict]:
    if not record.results:
        yield Verdict(status="error", code="empty", message="the run holds no result")
    if not baseline.entries:
        yield Verdict(
            status="error",
            code="empty",
            message="the baseline is empty: accept a run first (harness baseline accept RUN)",
        )
    known = "; ".join(sorted({f"{e.backend} on {e.gold}" for e in baseline.entries}))
    for option, patterns, names in (
        ("--gold", gold, {entry.gold for entry in wanted}),
        ("--backend", backends, {entry.backend for entry in wanted}),
    ):
        for pattern in patterns:
            if baseline.entries and not any(matches_pattern(pattern, name) for name in names):
                yield Verdict(
                    status="error",
                    code="no-match",
                    message=f"nothing in the baseline fits {option} {pattern}, so nothing of it "
                    f"was checked; it has: {known}",
                )


def _absent(entry: Entry, record: RunRecord, unread: Mapping[ResultKey, str]) -> Verdict:
    if entry.key in unread:
        said = f"could not be counted again: {unread[entry.key]}"
        return about(entry, "error", "no-predictions", said)
    for result in record.results:
        if result.key == entry.key:
            reason = f": {result.reason}" if result.reason else ""
            return about(
                entry,
                "error",
                "missing-backend",
                f"was not measured, it is {result.status}{reason}",
            )
    if all(gold.name != entry.gold for gold in record.gold):
        return about(entry, "error", "missing-gold", f"the run has no gold set {entry.gold!r}")
    return about(entry, "error", "missing-backend", "is in the baseline, but not in the run")


def _other_count(entry: Entry, accepted: Scored, current: Scored) -> Verdict | None:
    differences = diff(accepted.signature, current.signature)
    if differences:
        name, old, new = differences[0]
        if name in current.definition.signed:
            code, hint = "other-match", f"run with the same --{name}, or accept"
        else:
            code = _CODES.get(name, "not-comparable")
            hint = _HINTS.get(code, "run as the baseline was run, or accept")
        return about(
            entry, "error", code, f"{name} was {old!r} in the baseline and is {new!r} now: {hint}"
        )
    if accepted.units != current.units:
        return about(
            entry,
            "error",
            "not-comparable",
            f"the counts are of other paragraphs ({len(accepted.units)} in the baseline, "
            f"{len(current.units)} now)",
        )
    golds, task = GoldCounts(), current.definition
    chosen = task.chosen_labels(current.options)
    sides = [golds.add(one.columns.tallies, task, chosen) for one in (accepted, current)]
    for document, what, before, now in golds.differences(current.columns.ids, *sides):
        return about(
            entry,
            "error",
            "not-comparable",
            f"the same gold set has {before} gold {what} in {document!r} in the baseline and {now} "
            "now: one of the two records is damaged, or was written by another version",
        )
    return None
