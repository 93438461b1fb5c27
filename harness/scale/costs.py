"""What a run took that was cut into shards: of its workers, and of all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import fsum
from statistics import median

from harness.results.record import Costs, ShardCosts
from harness.run.timing import rounded

__all__ = ["cluster_rate", "merged_costs"]


def merged_costs(costs: Sequence[Costs]) -> Costs:
    """The costs of shards as those of one run: seconds are sums over workers, so that rates are
    those of one worker; load and warm-up medians, memory the largest of any.

    Times of single documents are left out: nobody knows what else their machines did. `costs` is
    of at least one shard, and of shards that were run with the same options.
    """
    first = costs[0]
    timed = [one for one in costs if one.predict_seconds is not None]
    seconds = fsum(one.predict_seconds or 0.0 for one in timed)
    documents = sum(own.documents for one in timed for own in one.shards)
    words = fsum((one.words_per_second or 0.0) * (one.predict_seconds or 0.0) for one in timed)
    rounds = zip(*(one.rounds for one in timed), strict=False)
    return Costs(
        load_seconds=_median([one.load_seconds for one in costs]),
        warmup_seconds=_median([one.warmup_seconds for one in costs]),
        predict_seconds=rounded(seconds) if timed else None,
        rounds=tuple(float(f"{fsum(each):.6g}") for each in rounds),
        documents_per_second=rounded(documents / seconds) if seconds else None,
        words_per_second=rounded(words / seconds) if seconds else None,
        peak_memory_bytes=max(
            (one.peak_memory_bytes for one in costs if one.peak_memory_bytes is not None),
            default=None,
        ),
        model_bytes=first.model_bytes,
        batch_size=first.batch_size,
        threads=first.threads,
        replayed=sum(one.replayed for one in costs),
        timed=first.timed,
        shards=tuple(own for one in costs for own in one.shards),
    )


def cluster_rate(shards: Sequence[ShardCosts]) -> float | None:
    """Documents a second of all shards together, from when the first began until the last ended,
    loading and scoring included; `None` where nothing was answered or no time is stated."""
    try:
        starts = [datetime.fromisoformat(one.started).timestamp() for one in shards]
    except ValueError:
        return None
    documents = sum(one.documents for one in shards)
    if not documents:
        return None
    ends = [start + one.seconds for start, one in zip(starts, shards, strict=True)]
    span = max(ends) - min(starts)
    return documents / span if span > 0 else None


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return rounded(median(known)) if known else None
