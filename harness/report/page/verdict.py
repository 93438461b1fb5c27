"""Which backend for which purpose, in sentences with numbers, as `harness choose` decides."""

from __future__ import annotations

from collections.abc import Iterator

from harness.decide.choose import Candidate, Choice
from harness.report.method import between
from harness.table import listed, megabytes, number, quantity
from harness.tasks.parts import metric_title

__all__ = ["verdict"]


def verdict(choice: Choice) -> Iterator[str]:
    """Two sentences: the best by quality, or those that cannot be told apart; and what is fast or
    small instead."""
    able = [one for one in choice.candidates if one.qualifies]
    metric = metric_title(choice.metric)
    if not able:
        yield f"No backend was measured on {choice.gold} that qualifies."
        return
    best = able[0]
    if choice.recommended is not None:
        yield f"For quality take {_with_score(best, metric)}: it is {choice.why}."
    else:
        tied = listed(_with_score(one, metric) for one in able if one.name in choice.tied)
        yield f"This gold set cannot tell which is best: {tied} are tied ({choice.why})."
    # One that finds nothing is no advice.
    front = [one for one in able if one.pareto and one.quality]
    fast = max(front, key=lambda one: one.words_per_second or 0.0, default=None)
    small = min(
        (one for one in front if one.peak_memory_bytes is not None),
        key=lambda one: one.peak_memory_bytes or 0,
        default=None,
    )
    same = best if choice.recommended is not None else None
    sentence = " and ".join(filter(None, (_fast(fast, same, metric), _small(small, same, metric))))
    if sentence:
        yield f"{sentence[0].upper()}{sentence[1:]}."


def _with_score(one: Candidate, metric: str) -> str:
    interval = f" {between(one.interval)}" if one.interval else ""
    return f"{one.name} ({metric} {number(one.quality)}{interval})"


def _fast(one: Candidate | None, best: Candidate | None, metric: str) -> str:
    if one is None or not one.words_per_second:
        return ""
    speed = f"{quantity(one.words_per_second)} words/s"
    if one is best:
        return f"for speed take it too ({speed})"
    return f"for speed take {one.name} ({speed} at {metric} {number(one.quality)})"


def _small(one: Candidate | None, best: Candidate | None, metric: str) -> str:
    if one is None:
        return ""
    size = f"{megabytes(one.peak_memory_bytes)} MB peak"
    if one is best:
        return f"for little memory take it too ({size})"
    return f"for little memory take {one.name} ({size} at {metric} {number(one.quality)})"
