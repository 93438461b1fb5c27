"""What stands behind the rows of a ranking, one line for all the backends that share it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from harness.report.method import shared
from harness.results.record import Result
from harness.results.settle import not_scored
from harness.scale.costs import cluster_rate
from harness.table import number, plural, quantity, tallied

__all__ = ["remarks"]


def remarks(results: Sequence[Result]) -> list[str]:
    """Why rows are missing, what backends cannot produce, what was merged, left out, dropped.

    Labels of sanity rows are of no interest: they have those of the gold.
    """
    return list(
        shared(
            (result.backend, "", text)
            for result in results
            for text in (*_troubles(result), *_labels(result))
        )
    )


def _troubles(result: Result) -> Iterator[str]:
    if result.spec:
        yield f"stands for {result.spec}"
    if result.status == "unavailable":
        yield f"unavailable: {result.reason}"
    elif result.status == "failed":
        yield f"failed: {result.reason}"
    elif result.status == "partial":
        first = result.failures[0] if result.failures else None
        why = f" ({first.id}: {first.error})" if first else ""
        yield (
            f"{result.failed} of {result.documents} documents failed and count as all-missed{why}"
        )
    if result.dropped:
        shown = f", first {result.drops[0].id}: {result.drops[0].error}" if result.drops else ""
        yield f"{result.dropped} thing(s) in its answers did not fit and were left out{shown}"
    if result.duplicates:
        yield f"{plural(result.duplicates, 'identical duplicate')} counted once"
    if result.costs.replayed and not result.sanity:
        yield (
            f"{result.costs.replayed} of {result.documents} answers come from the store: "
            f"{result.why_replayed}"
        )
    if len(result.costs.shards) > 1 and not result.sanity:
        yield _cluster(result)
    if result.characters_seen is not None and result.characters_seen < result.characters:
        yield f"looked at {result.characters_seen:,} of {result.characters:,} characters"


def _cluster(result: Result) -> str:
    """How a run that was cut was timed, and on which machines."""
    shards = result.costs.shards
    machines = dict.fromkeys(str(one.machine) for one in shards)
    said = f"run in {_shards(result)}"
    rate = None if result.costs.replayed else cluster_rate(shards)
    if rate is not None:
        said += f", {quantity(rate)} documents/s together, loading and scoring included"
    if result.costs.documents_per_second is not None:
        said += "; docs/s and words/s are of one worker, and latency was not measured alone"
    return said if len(machines) == 1 else f"{said}; on machines that differ: {'; '.join(machines)}"


def _shards(result: Result) -> str:
    """How many shards there were: those that have costs, and those without any."""
    there = [one.shard for one in result.costs.shards]
    whole = max(shard.count for shard in there)
    if sum(Fraction(1, shard.count) for shard in there) == 1:
        return f"{len(there)} shards"
    lacking = "an answer" if result.failed else "a document"
    if any(shard.count != whole for shard in there):  # Some were cut again: who knows how many.
        return f"{len(there)} shards, and others without {lacking}"
    return f"{whole} shards, {whole - len(there)} of them without {lacking}"


def _labels(result: Result) -> Iterator[str]:
    if result.sanity:
        return
    if result.cannot_produce:
        costs = "which costs no recall where labels do not count"
        if result.ceiling_recall is not None and result.ceiling_recall < 1:
            costs = f"recall cannot pass {number(result.ceiling_recall)}"
        yield f"cannot produce {', '.join(result.cannot_produce)}; {costs}"
    if result.merged_labels:
        yield f"labels merged to compare: {'; '.join(result.merged_labels)}"
    if result.left_out_labels:
        yield f"gold labels without counterpart, not scored: {', '.join(result.left_out_labels)}"
    if result.not_scored:
        yield not_scored(result.not_scored, result.f1_with_all)
    yield from result.assumed
    if result.unknown_labels and not result.not_scored:  # Those of version 1 were scored.
        yield f"labels unknown to the backend's schema: {tallied(result.unknown_labels)}"
