"""One result over several gold sets: their counts added up, their documents resampled together.

Gold sets are pooled that were counted in the same way: in one label schema, with the same options.
What is in a gold set's own signature and is no way of counting (its digest, how its labels came to
the schema, which types it declares) may differ. A backend that has no counts on one of them is left
out: its sum would be of other texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import TypeAlias

from harness.decide.compare import shared_units
from harness.decide.pairwise import pairwise
from harness.errors import NotComparable
from harness.results.load import scored_in
from harness.results.record import Result, RunRecord
from harness.results.scored import Scored
from harness.results.signature import DECLARED, READ_AS, TOKENS, Signature
from harness.results.units import UnitIds
from harness.stats.resample import Interval, Resampler
from harness.tasks.columns import TallyColumns

__all__ = ["Pool", "PooledRow", "pools"]

_OF_THE_GOLD = ("proj", DECLARED, READ_AS, TOKENS)
"""Fields of a signature that say something of its gold set."""

_Way: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PooledRow:
    """A backend over all gold sets of a pool."""

    scored: Scored
    """Its counts on all of them, one after the other."""
    interval: Interval
    each: tuple[float | None, ...]
    """Its headline F on each gold set, in the pool's order."""
    results: tuple[Result, ...]
    """The run's account of it on each gold set."""

    @property
    def macro(self) -> float | None:
        """The plain mean over the gold sets; `None` where it is undefined on one."""
        known = [value for value in self.each if value is not None]
        return mean(known) if len(known) == len(self.each) else None


@dataclass(frozen=True, slots=True)
class Pool:
    """Gold sets of one task that were counted in the same way, and all backends on all of them."""

    task: str
    schema: str
    golds: tuple[str, ...]
    signatures: tuple[str, ...]
    """Of the best backend, by gold set."""
    rows: tuple[PooledRow, ...]
    """Best headline first."""
    others: tuple[str, ...]
    """Gold sets of the run that are not in here: they were counted in another way."""
    lacking: Mapping[str, tuple[str, ...]]
    """Backends that are left out, with the gold sets on which they have no counts."""
    documents: int
    unit: str
    resamples: int
    seed: int
    detectable: tuple[float, float] | None
    pairs: int
    best: frozenset[str]
    """The best and those that were not found to differ from it."""


def pools(record: RunRecord, folder: str | Path) -> list[Pool]:
    """A pool per task and way of counting in which several gold sets were counted.

    Raises `NotComparable` where there is none, or where no backend has counts on all of its gold
    sets.
    """
    found = [
        _pool(by_gold, record)
        for by_gold in _ways(record, folder).values()
        if len(by_gold) > 1 and _everywhere(by_gold)
    ]
    if not found:
        names = ", ".join(gold.name for gold in record.gold) or "none"
        raise NotComparable(
            "nothing to pool: it takes two gold sets of one task that a backend was counted on in "
            f"the same way; gold sets here: {names}"
        )
    return found


def _ways(record: RunRecord, folder: str | Path) -> dict[_Way, dict[str, dict[str, Scored]]]:
    """By way of counting and gold set: the real backends by name.

    Counts in a common schema stand for those of a backend that met the gold there anyway.
    """
    ways: dict[_Way, dict[str, dict[str, Scored]]] = {}
    for one in scored_in(record, folder, (*record.results, *record.common)):
        if not one.sanity:
            by_gold = ways.setdefault(_way(one.signature), {})
            by_gold.setdefault(one.gold, {})[one.backend] = one
    return ways


def _way(signature: Signature) -> _Way:
    fields = {k: v for k, v in signature.fields.items() if k not in _OF_THE_GOLD}
    return (("task", signature.task), *sorted(fields.items()))


def _everywhere(by_gold: Mapping[str, Mapping[str, Scored]]) -> list[str]:
    """The backends that have counts on every gold set."""
    first, *others = by_gold.values()
    return [name for name in first if all(name in other for other in others)]


def _pool(by_gold: Mapping[str, Mapping[str, Scored]], record: RunRecord) -> Pool:
    names, seed = _everywhere(by_gold), record.seed
    # The same documents and paragraphs of every backend, or resamples would not pair up.
    alike = {
        gold: shared_units([scored[name] for name in names], force=False)[0]
        for gold, scored in by_gold.items()
    }
    columns = list(zip(*alike.values(), strict=True))
    joined = [_joined(column) for column in columns]
    resampler = Resampler(joined[0].document_numbers, seed=seed)
    among = pairwise([one.counts() for one in joined], resampler, seed=seed)
    rows = [
        PooledRow(
            one,
            interval,
            tuple(each.f1 for each in column),
            tuple(each.result for each in column if each.result is not None),
        )
        for one, interval, column in zip(joined, among.intervals, columns, strict=True)
    ]
    ranked = among.ranked()
    first = joined[0]
    return Pool(
        task=first.task,
        schema=first.signature.schema,
        golds=tuple(by_gold),
        signatures=tuple(str(one.signature) for one in columns[ranked[0]]),
        rows=tuple(rows[place] for place in ranked),
        others=tuple(
            gold.name
            for gold in record.gold
            if gold.name not in by_gold and record.select(gold=gold.name, task=first.task)
        ),
        lacking=dict(_lacking(by_gold, names)),
        documents=first.columns.ids.document_count,
        unit=resampler.unit,
        resamples=resampler.resamples,
        seed=seed,
        detectable=among.detectable(),
        pairs=among.tested(),
        best=among.best(names),
    )


def _joined(each: Sequence[Scored]) -> Scored:
    """Counts of one backend on several gold sets, as of one; documents keep apart by number."""
    return replace(
        each[0],
        gold=" + ".join(one.gold for one in each),
        units=UnitIds.chained([one.columns.ids for one in each]),
        tallies=TallyColumns.chained([one.columns.tallies for one in each]),
        recall_pairs=None,
        known_outcomes=None,
        common=None,
    )


def _lacking(
    by_gold: Mapping[str, Mapping[str, Scored]], names: Sequence[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    every = dict.fromkeys(name for scored in by_gold.values() for name in scored)
    for name in every:
        if name not in names:
            yield name, tuple(gold for gold, scored in by_gold.items() if name not in scored)
