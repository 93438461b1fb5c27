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
from harness.results.finder import GoldFinder
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
    groups: tuple[tuple[str, ...], ...]
    """Of the real backends, best first: the maximal sets of which no two were found to differ;
    empty where nothing could be tested."""

    among: Pairwise | None
    """The pairs of `real`, in that order; `None` where there are fewer than two."""

    best: frozenset[str]
    """The best real backend and those that were not found to differ from it; empty where nothing
    could be tested."""

    @property
    def real(self) -> list[Scored]:
        """The backends with counts that are no sanity rows, best first."""
        return [row.scored for row in self.rows if row.scored is not None and not row.result.sanity]


def measured(record: RunRecord) -> Iterator[tuple[str, Task]]:
    """Every gold set with every task of which the record has results."""
    for gold in record.gold:
        for name in gold.tasks:
            if record.select(gold=gold.name, task=name):
                yield gold.name, task_named(name)


def rankings(
    record: RunRecord, folder: str | Path, finder: GoldFinder | None = None
) -> list[Ranking]:
    """One ranking per gold set and task, or two; `finder` knows where gold lies, for who asks the
    backends in them for their mentions."""
    out = []
    finder = finder or GoldFinder()
    finder.learn(record, folder)
    for gold, task in measured(record):
        results = record.select(gold=gold, task=task.name)
        common = [r for r in record.common if (r.gold, r.task) == (gold, task.name)]
        if not common:
            out.append(_ranking(record, gold, task, folder, finder, results))
            continue
        own = _majority_schema(results, record.find_gold(gold).schema)
        alike = [r for r in results if r.signature is None or r.counted.schema == own]
        out.append(_ranking(record, gold, task, folder, finder, alike, schema=own))
        place = common[0].counted.schema
        out.append(_ranking(record, gold, task, folder, finder, common, schema=place, shared=True))
    return out


def _ranking(
    record: RunRecord,
    gold: str,
    task: Task,
    folder: str | Path,
    finder: GoldFinder,
    results: Sequence[Result],
    *,
    schema: str | None = None,
    shared: bool = False,
) -> Ranking:
    scored = scored_in(record, folder, results, finder=finder)
    real = sorted((one for one in scored if not one.sanity), key=lambda one: -(one.f1 or 0.0))
    sanity = [one for one in scored if one.sanity]
    among, resampler = None, None
    intervals: dict[str, Interval] = {}
    if scored:
        resampler = Resampler(scored[0].document_numbers, seed=record.seed)
        for group, pairs in ((sanity, ()), (real, None)):
            if group:
                counts = [one.counts() for one in group]
                among = pairwise(counts, resampler, seed=record.seed, among=pairs)
                names = (one.backend for one in group)
                intervals |= zip(names, among.intervals, strict=True)
    if len(real) < 2:
        among = None
    measured_as = {one.backend: one for one in scored}
    rows = []
    for result in results:
        one = measured_as.get(result.backend)
        rows.append(Ranked(result, one, intervals.get(result.backend)))
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
        detectable=None if among is None else among.detectable(),
        pairs=0 if among is None else among.tested(),
        groups=() if among is None else among.groups([one.name for one in real]),
        among=among,
        best=frozenset() if among is None else among.best([one.backend for one in real]),
    )


def _rank(row: Ranked) -> tuple[bool, bool, float]:
    f1 = None if row.scored is None else row.scored.f1
    return row.scored is None, row.result.sanity, -(f1 or 0.0)


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
