"""Compare backends honestly: differences with intervals, tests, corrections, ties, and flips.

The first backend is the reference. Nothing is scored again: everything is computed from the counts
per paragraph (`harness.decide.pairwise`). Backends that were not counted the same
way are refused, with the field that differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from harness.decide.comparison import Comparison, PartRow, Row
from harness.decide.pairwise import Pairwise, pairwise
from harness.errors import NotComparable, NothingMeasured
from harness.results.outcomes import flips
from harness.results.scored import Scored, check_types, read_losses, read_with
from harness.results.select import distinct_names
from harness.results.settle import common_schema, not_scored
from harness.results.signature import Signature, diff
from harness.results.units import UnitIds
from harness.stats.permutation import PairedTest, holm_steps, randomisation_test
from harness.stats.resample import Resampler
from harness.stats.units import COMPARE_SUPPORT, DEFAULT_RESAMPLES, Units
from harness.table import tallied
from harness.tasks.parts import PartCounts, metric_named, part_named, shown_metric
from harness.tasks.tally import Tally

__all__ = ["against", "check_same_count", "compare", "counted_apart", "shared_units"]


def compare(
    scored: Sequence[Scored],
    *,
    metric: str = "f1",
    part: str | None = None,
    match: str | None = None,
    types: str | None = None,
    beta: float | None = None,
    boundary: str | None = None,
    levels: str | None = None,
    resamples: int = DEFAULT_RESAMPLES,
    seed: int | None = None,
    force: bool = False,
    min_support: int = COMPARE_SUPPORT,
) -> Comparison:
    """Compare backends on one gold set and task, the first being the reference.

    `part` is what is compared (default: the task's headline); `match`, `types`, `beta`, `boundary`
    and `levels` are how counts of entities are read (default: as the reference was scored), `seed`
    that of the resampling (default: the run's).
    Raises `NothingMeasured` for no backend, `UsageError` for an unknown metric or part and for
    counts that do not serve for that reading, `NotComparable` where they were counted in different
    ways; with `force` those are compared on the units that they share.
    """
    if not scored:
        raise NothingMeasured("there is nothing to compare: no backend was measured")
    known_metric = metric_named(metric)
    notes = check_same_count(scored, force=force)
    scored, dropped = shared_units(distinct_names(scored), force=force)
    if dropped:
        notes.append(f"{dropped} units that not every backend has are left out")
    as_counted = scored[0].options
    if types is not None:
        check_types(scored, types=types)
    reading = {"match": match, "types": types, "beta": beta, "boundary": boundary, "levels": levels}
    scored = [read_with(one, **reading) for one in scored]
    reference = scored[0]
    seed = reference.seed if seed is None else seed
    task = reference.definition
    everything = Tally.of(one.total for one in scored)
    parts = task.parts(everything, reference.options)
    chosen = part_named(part or parts[0].name, parts, word=task.part_word)
    resampler = Resampler(reference.document_numbers, resamples=resamples, seed=seed)

    able = [
        {one.name: one for one in task.parts(everything, one.options, one.capabilities)}
        for one in scored
    ]

    def counted(name: str) -> list[PartCounts]:
        """Nothing at all where a backend cannot give it: undefined, and not 0."""
        return [
            one.counts(parts[name], known_metric) for one, parts in zip(scored, able, strict=True)
        ]

    measured = counted(chosen.name)
    pairs = pairwise(measured, resampler, seed=seed)
    listed = {p.name: counted(p.name) for p in parts if p.listed and p != parts[0]}
    as_scored = (known_metric, chosen.name) == ("f1", parts[0].name)
    notes += _notes(scored, measured, with_f1=as_scored and reference.options == as_counted)
    outcomes = {one.name: one.outcomes for one in scored}
    base = outcomes[reference.name]
    return Comparison(
        gold=reference.gold,
        task=reference.task,
        part=chosen.name,
        metric=shown_metric(known_metric, chosen.beta),
        match=task.match(reference.options) or parts[0].name,
        signature=str(reference.signature),
        rows=tuple(_rows([one.name for one in scored], pairs)),
        groups=pairs.groups([one.name for one in scored]),
        pairs=pairs.tested(),
        parts=_part_rows(scored, listed, min_support, resampler.units, seed),
        types=tuple(one.name for one in measured[0].part.over or ()),
        thin=tuple(_thin(measured[0], resampler.units)),
        flips={
            one.name: flips(base, other)
            for one in scored[1:]
            if base is not None and (other := outcomes[one.name]) is not None
        },
        unit=resampler.unit,
        resamples=resamples,
        seed=seed,
        part_word=task.part_word,
        letters=tuple(p.name for p in parts if p.counts == "letters"),
        notes=tuple(notes),
        texts=reference.texts() if len(scored) > 1 else {},
    )


def _notes(
    scored: Sequence[Scored], measured: Sequence[PartCounts], *, with_f1: bool
) -> Iterator[str]:
    """What cannot be given, was assumed, is not counted or not shown."""
    for one, counts in sorted(zip(scored, measured, strict=True), key=lambda row: row[0].name):
        if not counts.part.available:
            yield f"{one.name}: cannot give {counts.part.name}"
    yield from read_losses(scored)
    for one in scored:
        yield from (f"{one.name}: {note}" for note in _labels(one, with_f1=with_f1))
    yield from _strange(scored)
    reasons = dict.fromkeys(one.without_outcomes for one in scored if one.without_outcomes)
    yield from (f"flips are not shown: {reason}" for reason in reasons)
    task, options = scored[0].definition, scored[0].options
    if task.match(options) != task.match(task.options()):
        yield f"flips are told as under {task.match(task.options())}, in every match mode"


def _labels(scored: Scored, *, with_f1: bool) -> Iterator[str]:
    """What was assumed of its labels, and which predictions do not count."""
    if scored.caveats.not_scored:
        f1 = scored.caveats.f1_with_all if with_f1 else None
        yield not_scored(scored.caveats.not_scored, f1)
    yield from scored.assumptions


def _thin(counts: PartCounts, units: Units) -> Iterator[str]:
    """The types of an average that rest on too few units for an interval of their own."""
    for number, part in enumerate(counts.part.over or ()):
        if units.evidence(counts.rows[:, 4 * number + 1 : 4 * number + 2]).lacking:
            yield part.name


def _strange(scored: Sequence[Scored]) -> Iterator[str]:
    """Types that are predicted and never gold: no row, no average but micro has them."""
    for one in scored:
        others = one.definition.labels_not_in_gold(one.total)
        if others:
            listed = tallied(dict(sorted(others.items())))
            yield f"{one.name}: predicted, but never in the gold: {listed}"


def check_same_count(scored: Sequence[Scored], *, force: bool = False) -> list[str]:
    """Remarks on how backends were counted; raises `NotComparable` where they differ.

    A backend's own labels may be projected in another way than the reference's: that is a property
    of the backend. The schema in which both meet the gold must be the same.
    """
    notes = []
    reference = scored[0]
    for other in scored[1:]:
        differences = counted_apart(reference.signature, other.signature)
        if differences and not force:
            name, one, two = differences[0]
            hint = "--force compares them all the same"
            if name == "schema" and (common := common_schema(one, two)):
                hint = f"--schema {common} counts them again in one schema; {hint}"
            raise NotComparable(
                f"{reference.name} and {other.name} were not counted the same way: "
                f"{name} is {one!r} in the first and {two!r} in the second "
                f"({hint})\n  {reference.signature}\n  {other.signature}"
            )
        notes += [
            f"forced: {name} of {other.name} is {two}, of the reference {one}"
            for name, one, two in differences
        ]
        if reference.signature.version != other.signature.version:
            notes.append(
                f"{other.name} was counted by version {other.signature.version}, the reference "
                f"by {reference.signature.version}"
            )
    return notes


def counted_apart(one: Signature, other: Signature) -> list[tuple[str, str, str]]:
    """`(field, one, other)` for whatever of two counts keeps them from being compared.

    How a backend's own labels came to the schema is its own affair.
    """
    return [
        (name, left, right)
        for name, left, right in diff(one, other)
        if name != "projection" or _gold_projection(left) != _gold_projection(right)
    ]


def _gold_projection(text: str) -> str:
    return next((part for part in text.split(",") if part.startswith("gold=")), "")


def shared_units(scored: Sequence[Scored], *, force: bool) -> tuple[list[Scored], int]:
    """The same on the paragraphs that all of them have, and how many one at most has more.

    Raises `NotComparable` where they differ, unless forced, and where they share none.
    """
    first = scored[0].columns.ids
    if all(one.columns.ids == first for one in scored):
        return list(scored), 0
    shared = set(first).intersection(*(one.columns.ids for one in scored[1:]))
    if not force or not shared:
        raise NotComparable(
            "the backends have counts of different documents or paragraphs: "
            f"{len(shared)} units are shared, the reference has {len(first)}"
        )
    kept = UnitIds.of(unit for unit in first if unit in shared)
    out = []
    for one in scored:
        ids, tallies = one.columns
        places = {unit: place for place, unit in enumerate(ids) if unit in shared}
        out.append(replace(one, units=kept, tallies=tallies.at(places[unit] for unit in kept)))
    return out, max(len(one.units) for one in scored) - len(shared)


def _rows(names: Sequence[str], pairs: Pairwise) -> Iterator[Row]:
    """A row per backend, each against the first."""
    for place, name in enumerate(names):
        if place == 0:
            yield Row(name, pairs.scores[place], pairs.intervals[place])
        else:
            yield against(name, pairs, 0, place)


def against(name: str, pairs: Pairwise, reference: int, place: int) -> Row:
    """A backend's row against that at another place, whose pair was tested."""
    pair = pairs.pair(reference, place)
    return Row(
        name,
        pairs.scores[place],
        pairs.intervals[place],
        difference=pair.test.difference,
        paired=pair.paired,
        test=pair.test,
        adjusted=pair.adjusted,
        exact=pair.exact,
        detectable=pair.detectable,
        possible=pair.possible,
    )


def _part_rows(
    scored: Sequence[Scored],
    counted: Mapping[str, Sequence[PartCounts]],
    min_support: int,
    units: Units,
    seed: int,
) -> tuple[PartRow, ...]:
    names = [one.name for one in scored]
    kept = {
        part: counts
        for part, counts in counted.items()
        if max(one.support for one in counts) >= min_support
    }
    tests: dict[tuple[str, str], PairedTest] = {}
    for part, (first, *others) in kept.items():
        for name, other in zip(names[1:], others, strict=True):
            if first.part.available and other.part.available:
                behind = units.evidence(first.basis, other.basis)
                tests[part, name] = randomisation_test(
                    first.rows, other.rows, units, first.score, evidence=behind, seed=seed
                )
    known = [key for key, test in tests.items() if test.p_value is not None]
    steps = holm_steps([tests[key].p_value or 0.0 for key in known])
    corrected = dict(zip(known, steps, strict=True))
    rows = []
    for part, counts in kept.items():
        against = {name: tests.get((part, name)) for name in names[1:]}
        there = {name: corrected[part, name] for name in against if (part, name) in corrected}
        rows.append(
            PartRow(
                part,
                max(one.support for one in counts),
                {name: one.value for name, one in zip(names, counts, strict=True)},
                {name: test.difference if test else None for name, test in against.items()},
                {name: there[name][0] if name in there else None for name in against},
                tuple(n for n, step in there.items() if not tests[known[step[1]]].exact),
            )
        )
    return tuple(rows)
