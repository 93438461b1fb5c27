"""What a backend's predictions took, from the seconds of every round; a pure function."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import ceil, fsum, isnan
from statistics import median

from harness.results.record import Costs

__all__ = ["rounded", "timed"]


def timed(costs: Costs, rounds: Sequence[Sequence[float]], words: Sequence[int]) -> Costs:
    """The costs with all that the times of the rounds say.

    `rounds` holds the seconds of every document in each round, `nan` where it was not timed (it
    had no answer), `words` how many words each document has. All are of one length; their order
    decides the order of `document_seconds` and nothing else. A round in which nothing was timed
    says nothing; without any other the costs stay as they are. Single documents have no time of
    their own where `costs.batch_size` is above 1: their median and percentile are left out then.
    """
    rounds = [seconds for seconds in rounds if _numbers(seconds)]
    each = [median(_numbers(seconds) or [0.0]) for seconds in zip(*rounds, strict=True)]
    documents = [(seconds, size) for seconds, size in zip(each, words, strict=False) if seconds]
    if not documents:
        return costs
    sums = [fsum(_numbers(seconds)) for seconds in rounds]  # In whatever order they come.
    total = median(sums)
    alone = sorted(seconds for seconds, _ in documents) if costs.batch_size == 1 else []
    return replace(
        costs,
        predict_seconds=rounded(total),
        rounds=tuple(float(f"{seconds:.6g}") for seconds in sums),
        document_seconds=tuple(float(f"{seconds:.4g}") for seconds, _ in documents),
        documents_per_second=rounded(len(documents) / total) if total else None,
        words_per_second=rounded(sum(size for _, size in documents) / total) if total else None,
        median_seconds=rounded(median(alone)) if alone else None,
        p95_seconds=rounded(alone[ceil(0.95 * len(alone)) - 1]) if alone else None,
    )


def rounded(value: float | None) -> float | None:
    """Six significant digits: more is noise, and a record is read by people too."""
    return None if value is None else float(f"{value:.6g}")


def _numbers(seconds: Iterable[float]) -> list[float]:
    return [value for value in seconds if not isnan(value)]
