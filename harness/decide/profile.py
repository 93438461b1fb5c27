"""Where the scores of a ranking come from: every part with intervals, error classes, confusions.

All of it is read off the counts that the ranking was made from, with the same resamples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.decide.draws import resample
from harness.results.scored import Scored
from harness.stats.resample import Interval, Resampler
from harness.stats.units import DEFAULT_RESAMPLES
from harness.tasks.parts import Block, block
from harness.tasks.tally import Part, Tally

__all__ = ["Measured", "PartProfile", "Profile", "profile"]


@dataclass(frozen=True, slots=True)
class Measured:
    """One backend in one part."""

    block: Block
    """Without rates where the backend cannot give the part: there are counts all the same."""
    interval: Interval | None
    """`None` where F is undefined."""


@dataclass(frozen=True, slots=True)
class PartProfile:
    """An entity type or attribution part, of every backend."""

    name: str
    support: int
    """Gold mentions; letters and digits, where `counts` says so."""
    counts: str
    measured: Mapping[str, Measured]
    """By backend."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The backends of a ranking in detail."""

    backends: tuple[str, ...]
    parts: tuple[PartProfile, ...]
    """Those that are listed, in the task's order; without the headline."""
    errors: Mapping[str, Mapping[str, int]]
    """By backend: how many mentions or pairs are in each class; empty where a task has none."""
    confusion: Mapping[str, Mapping[str, Mapping[str, int]]]
    """By backend: gold label, predicted label, number of pairs (`Task.confusion`)."""


def profile(
    scored: Sequence[Scored], *, resamples: int = DEFAULT_RESAMPLES, seed: int = 0
) -> Profile:
    """Look into backends that were counted in the same way on the same units.

    `scored` may be empty. A part without gold in any of them is left out by its task.
    """
    names = tuple(one.name for one in scored)
    if not scored:
        return Profile((), (), {}, {})
    task, options = scored[0].definition, scored[0].options
    everything = Tally.of(one.total for one in scored)
    parts = task.parts(everything, options)
    chosen = [part for part in parts[1:] if part.listed and part.over is None]
    able = [
        {part.name: part for part in task.parts(everything, one.options, one.capabilities)}
        for one in scored
    ]
    counts = [
        one.counts(own[part.name]) for part in chosen for one, own in zip(scored, able, strict=True)
    ]
    resampler = Resampler(scored[0].document_numbers, resamples=resamples, seed=seed)
    drawn = iter(resample(resampler, counts))
    return Profile(
        names,
        tuple(
            _part(part, scored, able, [next(drawn).interval() for _ in scored]) for part in chosen
        ),
        {one.name: dict(task.error_counts(one.total, one.options)) for one in scored},
        {one.name: task.confusion(one.total, one.options) for one in scored},
    )


def _part(
    part: Part,
    scored: Sequence[Scored],
    able: Sequence[Mapping[str, Part]],
    intervals: Sequence[Interval],
) -> PartProfile:
    rows = {}
    for one, own, interval in zip(scored, able, intervals, strict=True):
        measured = block(own[part.name], one.total)
        rows[one.name] = Measured(measured, interval if measured.f1 is not None else None)
    support = max(round(part.sums(one.total)[1]) for one in scored)
    return PartProfile(part.name, support, part.counts, rows)
