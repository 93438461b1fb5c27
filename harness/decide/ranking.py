"""The ranking of a run: every backend of a gold set and task by its headline, with intervals.

Where backends meet the gold in different label schemas there are two: those that meet it in its
own, and all of them in the finest schema that they have in common. Scores in different schemas
never stand in one ranking.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.decide.pairwise import Pairwise, pairwise
from harness.results.count import options_of
from harness.results.load import scored_in
from harness.results.record import GoldRecord, Result, RunRecord
from harness.results.scored import Scored
from harness.stats.resample import Interval, Resampler
from harness.tasks.base import Task
from harness.tasks.registry import task_named

__all__ = ["Ranked", "Ranking", "measured", "rankings"]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A result with its place; `scored` is `None` where nothing was measured."""

    result: Result
    scored: Scored | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Ranking:
    """One table: best F1 first; sanity rows and what could not run come after."""

    gold: GoldRecord
    task: Task
    rows: tuple[Ranked, ...]
    schema: str | None
    """Named where there are several rankings of one gold set."""
    shared: bool
    """Whether that is the schema that all backends reach."""
    as_annotated: bool
    """Whether it is counted as the agreement of annotators is."""
    unit: str
    """What was resampled; empty where nothing was measured."""
    resamples: int
    seed: int
    detectable: tuple[float, float] | None
    """The smallest and the largest true difference of two real backends that their comparison
    finds with 80 % power; `None` where that cannot be said."""
    pairs: int
    """How many pairs of them were tested."""


def measured(record: RunRecord) -> Iterator[tuple[str, Task]]:
    """Every gold set with every task of which the record has results."""
    for gold in record.gold:
        for name in gold.tasks:
            if record.select(gold=gold.name, task=name):
                yield gold.name, task_named(name)


def rankings(record: RunRecord, folder: str | Path) -> list[Ranking]:
    """One ranking per gold set and task, or two."""
    out = []
    for gold, task in measured(record):
        results = record.select(gold=gold, task=task.name)
        common = [r for r in record.common if (r.gold, r.task) == (gold, task.name)]
        if not common:
            out.append(_ranking(record, gold, task, folder, results))
            continue
        own = _majority_schema(results, record.find_gold(gold).schema)
        alike = [r for r in results if r.signature is None or r.counted.schema == own]
        out.append(_ranking(record, gold, task, folder, alike, schema=own))
        place = common[0].counted.schema
        out.append(_ranking(record, gold, task, folder, common, schema=place, shared=True))
    return out


def _ranking(
    record: RunRecord,
    gold: str,
    task: Task,
    folder: str | Path,
    results: Sequence[Result],
    *,
    schema: str | None = None,
    shared: bool = False,
) -> Ranking:
    scored = scored_in(record, folder, results)
    places = {one.backend: place for place, one in enumerate(scored)}
    real = [one for one in scored if not one.sanity]
    all_of, among, resampler = None, None, None
    if scored:
        resampler = Resampler(scored[0].document_numbers, seed=record.seed)
        all_of = pairwise([one.counts() for one in scored], resampler, among=())
    if resampler is not None and len(real) > 1:
        among = pairwise([one.counts() for one in real], resampler, seed=record.seed)
    rows = []
    for result in results:
        place = places.get(result.backend)
        one = None if place is None else scored[place]
        interval = None if place is None or all_of is None else all_of.intervals[place]
        rows.append(Ranked(result, one, interval))
    gold_record = record.find_gold(gold)
    return Ranking(
        gold=gold_record,
        task=task,
        rows=tuple(sorted(rows, key=_rank)),
        schema=schema,
        shared=shared,
        as_annotated=not shared and all(_is_annotators(task, r, gold_record) for r in results),
        unit="" if resampler is None else resampler.unit,
        resamples=0 if resampler is None else resampler.resamples,
        seed=record.seed,
        detectable=None if among is None else _detectable(among),
        pairs=0 if among is None else among.tested(),
    )


def _rank(row: Ranked) -> tuple[bool, bool, float]:
    f1 = None if row.scored is None else row.scored.f1
    return row.scored is None, row.result.sanity, -(f1 or 0.0)


def _detectable(among: Pairwise) -> tuple[float, float] | None:
    seen = [pair.detectable for pair in among.pairs if pair.detectable is not None]
    return (min(seen), max(seen)) if seen else None


def _is_annotators(task: Task, result: Result, gold_record: GoldRecord) -> bool:
    """Whether it is counted as annotators are: by default options in the gold's own labels."""
    if result.signature is None:
        return True
    signature = result.counted
    own = not task.labelled or signature.schema == gold_record.schema
    return own and task.comparable_with_annotators(options_of(task, signature))


def _majority_schema(results: Sequence[Result], own: str) -> str:
    """The gold's own schema where a real backend meets it there, else that of most backends."""
    met = [r.counted.schema for r in results if r.signature is not None and not r.sanity]
    return own if own in met or not met else max(met, key=met.count)
