"""Compare backends honestly: differences with intervals, tests, corrections, ties, and flips.

The first system is the reference. Nothing is scored again: everything is computed from the counts
per paragraph (`harness.decide.pairwise`). Systems that were not counted the same
way are refused, with the field that differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from harness.annotation import Task
from harness.decide.comparison import Comparison, PartRow, Row
from harness.decide.pairwise import Pairwise, pairwise
from harness.errors import NotComparable, NothingMeasured, SchemaError, UsageError
from harness.labels.meeting import meet
from harness.results.measures import (
    ATTRIBUTION_PARTS,
    Columns,
    as_float,
    columns,
    entity_types,
    headline_part,
    metric_named,
    part_named,
    score_of,
    support,
    withheld_parts,
)
from harness.results.outcomes import flips
from harness.results.systems import System, distinct_names
from harness.results.terms import not_scored
from harness.signature import diff
from harness.stats.permutation import PairedTest, holm_steps, randomisation_test
from harness.stats.resample import Resampler
from harness.stats.units import Units
from harness.tasks.ner.options import MATCH_MODES, Match
from harness.tasks.ner.tally import NerTally

__all__ = [
    "MIN_SUPPORT",
    "Comparison",
    "PartRow",
    "Row",
    "System",
    "check_same_count",
    "compare",
    "match_of",
    "shared_units",
    "systems_of",
]

MIN_SUPPORT = 20
"""Parts with fewer gold mentions than this are not compared on their own."""


def compare(
    systems: Sequence[System],
    *,
    metric: str = "f1",
    part: str | None = None,
    match: Match | None = None,
    resamples: int = 10_000,
    seed: int = 0,
    force: bool = False,
    min_support: int = MIN_SUPPORT,
) -> Comparison:
    """Compare systems on one gold set and task, the first being the reference.

    `part` is what is compared (default: all entity types, or `found50`), `match` the match mode
    for entities (default: as the reference was scored). Raises `NothingMeasured` for no system,
    `UsageError` for an unknown metric or part, `NotComparable` where systems were counted in
    different ways; with `force` those are compared on the units that they share.
    """
    if not systems:
        raise NothingMeasured("there is nothing to compare: no system was measured")
    known_metric = metric_named(metric)
    notes = check_same_count(systems, force=force)
    systems, dropped = shared_units(distinct_names(systems), force=force)
    if dropped:
        notes.append(f"{dropped} units that not every system has are left out")
    reference = systems[0]
    task = reference.task
    mode = match or match_of(reference)
    types = entity_types(reference.tallies)
    every_type = sorted({label for system in systems for label in entity_types(system.tallies)})
    known_part = part_named(part or headline_part(task), task, every_type)
    resampler = Resampler(reference.documents, resamples=resamples, seed=seed)

    def counted(name: str) -> list[Columns]:
        macro = [label for label in types if types[label]]
        return [
            columns(system.tallies, name, match=mode, types=macro, metric=known_metric)
            for system in systems
        ]

    measured = counted(known_part)
    unable = {s.name for s in systems if known_part in _withheld(s)}
    # Nothing at all is undefined; what a backend cannot give is not 0.
    measured = [
        replace(one, counts=one.counts * 0) if system.name in unable else one
        for system, one in zip(systems, measured, strict=True)
    ]
    notes += [f"{name}: cannot give {known_part}" for name in sorted(unable)]
    score = score_of(measured[0])
    found = pairwise(measured, score, resampler, seed=seed)
    system_names = [system.name for system in systems]
    names = (
        [label for label, n in types.items() if n >= min_support]
        if task == "ner"
        else [name for name in ATTRIBUTION_PARTS if name != known_part]
    )
    parts = _part_rows(
        systems,
        {name: counted(name) for name in names},
        min_support,
        resampler.units,
        seed,
    )
    as_scored = (known_metric, known_part) == ("f1", headline_part(task))
    notes += [
        f"{s.name}: {said}"
        for s in systems
        for said in _labels(s, with_f1=as_scored and mode == match_of(s))
    ]
    notes += _strange(systems, types)
    outcomes = {s.name: s.outcomes for s in systems}
    notes += dict.fromkeys(
        f"flips are not shown: {s.without_outcomes}" for s in systems if s.without_outcomes
    )
    base = outcomes[reference.name]
    return Comparison(
        gold=reference.gold,
        task=task,
        part=known_part,
        metric=known_metric,
        match=mode if task == "ner" else "found50",
        signature=str(reference.signature.but(match=mode if task == "ner" else None)),
        rows=tuple(_rows(system_names, found)),
        groups=found.groups(system_names),
        pairs=found.tested(),
        parts=parts,
        types=measured[0].types,
        thin=tuple(_thin(measured[0], resampler.units)),
        flips={
            system.name: flips(base, other)
            for system in systems[1:]
            if base is not None and (other := outcomes[system.name]) is not None
        },
        unit=resampler.unit,
        resamples=resamples,
        seed=seed,
        notes=tuple(notes),
        texts=reference.texts() if len(systems) > 1 else {},
    )


def _labels(system: System, *, with_f1: bool) -> Iterator[str]:
    """What was assumed of a system's labels, and which predictions do not count."""
    source = system.counted or system.result
    if source is None:
        return
    if source.not_scored:
        yield not_scored(source.not_scored, source.f1_with_all if with_f1 else None)
    if system.counted is not None:
        yield from (*system.counted.terms.gold_assumed, *system.counted.terms.assumed)


def _thin(counts: Columns, units: Units) -> Iterator[str]:
    """The types of an average that rest on too few units for an interval of their own."""
    for number, label in enumerate(counts.types):
        gold = counts.counts[:, counts.group * number + 2 : counts.group * number + 3]
        if units.evidence(gold).lacking:
            yield label


def _strange(systems: Sequence[System], types: Mapping[str, int]) -> Iterator[str]:
    """Types that are predicted and never gold: no row, no average but micro has them."""
    for system in systems:
        found: Counter[str] = Counter()
        for tally in system.tallies:
            if isinstance(tally, NerTally):
                for (*_, label), n in tally.cells("strict").items():
                    if label is not None and label not in types:
                        found[label] += n
        if found:
            listed = ", ".join(f"{label} ({n})" for label, n in sorted(found.items()))
            yield f"{system.name}: predicted, but never in the gold: {listed}"


def match_of(system: System) -> Match:
    """The match mode under which a system was scored; strict where that has no meaning."""
    for mode in MATCH_MODES:
        if system.signature.match == mode:
            return mode
    return "strict"


def check_same_count(systems: Sequence[System], *, force: bool = False) -> list[str]:
    """Remarks on how systems were counted; raises `NotComparable` where they differ.

    A backend's own labels may be projected in another way than the reference's: that is a property
    of the backend. The schema in which both meet the gold must be the same.
    """
    notes = []
    reference = systems[0]
    for other in systems[1:]:
        differences = [
            (name, one, two)
            for name, one, two in diff(reference.signature, other.signature)
            if name != "projection" or _gold_projection(one) != _gold_projection(two)
        ]
        if differences and not force:
            name, one, two = differences[0]
            mend = "--force compares them all the same"
            if name == "schema" and (common := _common_schema(one, two)):
                mend = f"--schema {common} counts them again in one schema; {mend}"
            raise NotComparable(
                f"{reference.name} and {other.name} were not counted the same way: "
                f"{name.replace('_', ' ')} is {one!r} in the first and {two!r} in the second "
                f"({mend})\n  {reference.signature}\n  {other.signature}"
            )
        notes += [
            f"forced: {name.replace('_', ' ')} of {other.name} is {two}, of the reference {one}"
            for name, one, two in differences
        ]
        if reference.signature.version != other.signature.version:
            notes.append(
                f"{other.name} was counted by version {other.signature.version}, the reference "
                f"by {reference.signature.version}"
            )
    return notes


def _common_schema(one: str, two: str) -> str | None:
    """The finest schema onto which both can be projected, if any."""
    try:
        return meet(one.partition("@")[0], two.partition("@")[0]).schema.name
    except SchemaError:
        return None


def _gold_projection(text: str) -> str:
    return next((part for part in text.split(",") if part.startswith("gold=")), "")


def shared_units(systems: Sequence[System], *, force: bool) -> tuple[list[System], int]:
    """The systems on the paragraphs that all of them have, and how many one at most has more.

    Raises `NotComparable` where they differ, unless forced, and where they share none.
    """
    first = systems[0].units
    if all(system.units == first for system in systems):
        return list(systems), 0
    shared = set(first).intersection(*(set(system.units) for system in systems[1:]))
    if not force or not shared:
        raise NotComparable(
            "the systems have counts of different documents or paragraphs: "
            f"{len(shared)} units are shared, the reference has {len(first)}"
        )
    out = []
    for system in systems:
        by_unit = dict(zip(system.units, system.tallies, strict=True))
        kept = tuple(unit for unit in first if unit in shared)
        tallies = tuple(by_unit[unit] for unit in kept)
        out.append(replace(system, units=kept, tallies=tallies))
    return out, max(len(system.units) for system in systems) - len(shared)


def _rows(names: Sequence[str], found: Pairwise) -> Iterator[Row]:
    """A row per system, each against the first."""
    for place, name in enumerate(names):
        score, interval = found.scores[place], found.intervals[place]
        if place == 0:
            yield Row(name, score, interval)
            continue
        pair = found.pair(0, place)
        yield Row(
            name,
            score,
            interval,
            difference=pair.test.difference,
            paired=pair.paired,
            test=pair.test,
            adjusted=pair.adjusted,
            exact=pair.exact,
            detectable=pair.detectable,
            possible=pair.possible,
        )


def _part_rows(
    systems: Sequence[System],
    counted: Mapping[str, Sequence[Columns]],
    min_support: int,
    units: Units,
    seed: int,
) -> tuple[PartRow, ...]:
    names = [system.name for system in systems]
    withheld = {system.name: _withheld(system) for system in systems}
    kept = {part: cols for part, cols in counted.items() if support(cols[0]) >= min_support}
    tests: dict[tuple[str, str], PairedTest] = {}
    for part, cols in kept.items():
        score = score_of(cols[0])
        for name, col in zip(names[1:], cols[1:], strict=True):
            if part not in withheld[name] | withheld[names[0]]:
                behind = units.evidence(cols[0].basis, col.basis)
                tests[part, name] = randomisation_test(
                    cols[0].counts, col.counts, units, score, evidence=behind, seed=seed
                )
    known = [key for key, test in tests.items() if test.p_value is not None]
    steps = holm_steps([tests[key].p_value or 0.0 for key in known])
    corrected = dict(zip(known, steps, strict=True))
    rows = []
    for part, cols in kept.items():
        score = score_of(cols[0])
        scores = {
            name: None if part in withheld[name] else as_float(score(col.counts.sum(axis=0)))
            for name, col in zip(names, cols, strict=True)
        }
        found = {name: tests.get((part, name)) for name in names[1:]}
        differences = {name: test.difference if test else None for name, test in found.items()}
        there = {name: corrected[part, name] for name in found if (part, name) in corrected}
        adjusted = {name: there[name][0] if name in there else None for name in found}
        sampled = tuple(name for name, step in there.items() if not tests[known[step[1]]].exact)
        rows.append(PartRow(part, support(cols[0]), scores, differences, adjusted, sampled))
    return tuple(rows)


def _withheld(system: System) -> frozenset[str]:
    declaration = system.result.declaration if system.result else None
    return withheld_parts(declaration.capabilities if declaration else None)


def systems_of(
    systems: Sequence[System], *, gold: str | None = None, task: Task | None = None
) -> dict[tuple[str, Task], list[System]]:
    """Systems by gold set and task, in the order given; only those asked for.

    Raises `UsageError` for a gold set that none of them has.
    """
    groups: dict[tuple[str, Task], list[System]] = {}
    for system in systems:
        groups.setdefault((system.gold, system.task), []).append(system)
    chosen = {
        key: group
        for key, group in groups.items()
        if gold in (None, key[0]) and task in (None, key[1])
    }
    if groups and not chosen:
        known = ", ".join(f"{name} ({kind})" for name, kind in groups)
        raise UsageError(f"nothing measured for gold {gold!r}, task {task!r}; there is: {known}")
    return chosen
