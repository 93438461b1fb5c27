"""Tables of a comparison: differences, ties, types, and the mentions that flipped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.decide.comparison import Comparison, Row
from harness.report.method import between, mean_over, p_value, points, resampling, scope, shared
from harness.results.outcomes import Flips, mention_lines
from harness.results.signature import Signature
from harness.stats.resample import shown_by
from harness.stats.ties import tied_with_best
from harness.stats.units import COMPARE_SUPPORT, LEAST_UNITS
from harness.table import UNDEFINED, Cell, Table, Tone, Toned, number

__all__ = ["comparison_tables", "flip_lines", "some_flip_lines"]

_SOME_FLIPS = 20
"""Of the one pair whose flips are shown unless more are asked for."""


def comparison_tables(comparison: Comparison, *, min_support: int = COMPARE_SUPPORT) -> list[Table]:
    """The table of differences, and one of types or parts where support allows."""
    tables = [_main_table(comparison)]
    if len(comparison.rows) > 1:
        tables.append(_part_table(comparison, min_support))
    return tables


def flip_lines(comparison: Comparison, *, limit: int | None = None) -> Iterator[str]:
    """For each backend, what it loses and gains against the reference, with context: `limit` of
    each kind, or all."""
    for row in comparison.rows[1:]:
        yield from _flips_of(row, comparison, [limit] * 4)


def some_flip_lines(comparison: Comparison) -> Iterator[str]:
    """The same of the best other backend alone, 20 lines of mentions at most, and how to see the
    rest."""
    others = comparison.rows[1:]
    if not others:
        return
    best = max(others, key=lambda row: -1.0 if row.score is None else row.score)
    flips = comparison.flips.get(best.name)
    sizes = [] if flips is None else [len(part) for part in flips.parts()]
    yield from _flips_of(best, comparison, _shares(sizes, _SOME_FLIPS))
    if sum(sizes) > _SOME_FLIPS or len(others) > 1:
        yield "Flips of all backends: --flips all, or --flips N of each kind."


def _shares(sizes: Sequence[int], most: int) -> list[int]:
    """How many of each kind are shown, `most` in all: none gives way to one that has more."""
    shares = [0] * len(sizes)
    while most and shares != list(sizes):
        for place, size in enumerate(sizes):
            if shares[place] < size and most:
                shares[place] += 1
                most -= 1
    return shares


def _flips_of(row: Row, comparison: Comparison, limits: Sequence[int | None]) -> Iterator[str]:
    flips = comparison.flips.get(row.name)
    if flips is None:
        yield f"{row.name}: flips are not known, as is said below its table"
        return
    yield f"{row.name} against {comparison.rows[0].name}: {flips.summary()}"
    yield from _parts(flips, comparison, limits)


def _parts(flips: Flips, comparison: Comparison, limits: Sequence[int | None]) -> Iterator[str]:
    titles = ("lost", "gained", "new error", "error gone")
    tones: tuple[Tone, ...] = ("bad", "good", "bad", "good")
    for title, tone, mentions, limit in zip(titles, tones, flips.parts(), limits, strict=True):
        for line in mention_lines(mentions, comparison.texts, limit=limit):
            yield Toned(f"  {title}: {line}", tone)


def _main_table(comparison: Comparison) -> Table:
    best = tied_with_best(comparison.groups) if len(comparison.rows) > 1 else frozenset()
    rows = tuple(_row(row, best) for row in comparison.rows)
    title = f"{comparison.gold} ({comparison.task}): {comparison.part} {comparison.metric}"
    title += f", {comparison.match}, against {comparison.rows[0].name}"
    metric = comparison.metric
    of_both = "CI of difference"
    headers = ("backend", metric, "95 % CI", "difference", of_both, "p", "p (Holm)", "verdict")
    notes = (comparison.signature, *_notes(comparison))
    return Table(title, headers, rows, notes, ("p", "95 % CI", "p (Holm)", of_both, metric))


def _row(row: Row, best: frozenset[str]) -> tuple[Cell, ...]:
    test, name, score = row.test, row.name, number(row.score)
    if name in best:
        name, score = Toned(name, "best"), Toned(score, "best")
    return (
        name,
        score,
        between(row.interval.bounds),
        _judged(points(row.difference), row.verdict),
        between(row.paired.bounds if row.paired else None, in_points=True),
        UNDEFINED if test is None else p_value(test.p_value, exact=test.exact),
        UNDEFINED if test is None else p_value(row.adjusted, exact=row.exact),
        _judged(row.verdict, row.verdict),
    )


def _judged(text: str, verdict: str) -> str:
    """What is better or worse, in the tone of that."""
    if verdict in ("better", "worse"):
        return Toned(text, "good" if verdict == "better" else "bad")
    return text


def _notes(comparison: Comparison) -> Iterator[str]:
    unit, rows, pairs = comparison.unit, comparison.rows, comparison.pairs
    yield from comparison.notes
    if comparison.types:
        yield f"{comparison.part}: {mean_over(comparison.types)}."
        if comparison.thin:
            yield (
                f"{', '.join(comparison.thin)}: in fewer than {LEAST_UNITS} {unit}s, too few to "
                "tell how other texts would come out; the interval takes them as they are."
            )
    elif comparison.part in comparison.letters:
        yield f"{comparison.part} counts letters and digits."
    documents = Signature.parse(comparison.signature).documents
    drawn = comparison.resamples, comparison.seed
    made = resampling(unit, *drawn, paired=len(rows) > 1, documents=documents)
    if len(rows) < 2:
        yield " ".join(filter(None, (f"CI: {made}.", scope(unit))))
        yield from shared(_lacking(comparison))
        return
    text = f"Differences in points, each interval for that pair alone. CI: {made}."
    if pairs:
        text += (
            f" p: paired randomisation test over the same {unit}s, how often swapping the "
            f"two backends' {unit}s at random gives a difference at least as large; the "
            f"verdict goes by p after Holm's correction over {_count(pairs, 'pair')}."
        )
    if any(row.test and not (row.test.exact and row.exact) for row in rows):
        text += " ~ marks a p-value that was sampled, not enumerated."
    yield " ".join(filter(None, (text, scope(unit))))
    yield from shared(_lacking(comparison))
    if comparison.groups:
        groups = "; ".join(" = ".join(group) for group in comparison.groups)
        yield (
            f"Groups, best first: {groups}. Of a group no two were found to differ; two that share "
            "none were."
        )
        untested = len(rows) * (len(rows) - 1) // 2 - pairs
        if untested:
            yield f"Not tested, and joined for that alone: {untested} of the pairs."
    yield from _unshown(comparison)
    yield from _detectable(comparison)


def _unshown(comparison: Comparison) -> Iterator[str]:
    """Says where resamples do not reach as far as an interval should."""
    unit = comparison.unit
    short = [
        row.name
        for row in comparison.rows
        if any(
            one is not None
            and one.bounds is not None
            and not shown_by(comparison.resamples, one.level, one.degrees)
            for one in (row.interval, row.paired)
        )
    ]
    if short:
        yield (
            f"{', '.join(short)}: so few {unit}s or resamples that the ends of an interval "
            "are the most extreme resamples."
        )


def _count(count: int, what: str) -> str:
    return f"the only {what}" if count == 1 else f"all {count} {what}s"


def _lacking(comparison: Comparison) -> Iterator[tuple[str, str, str | None]]:
    """Why rows have no interval or no test."""
    untested = "no interval of the difference and no test"
    for row in comparison.rows:
        yield row.name, "no interval", row.interval.lacking
        yield row.name, untested, row.test.lacking if row.test else None


def _detectable(comparison: Comparison) -> Iterator[str]:
    """What the verdicts are able to see, row by row."""
    reference, *others = comparison.rows
    seen = [f"{row.name} {100 * row.detectable:.1f}" for row in others if row.detectable]
    if seen:
        yield (
            f"True differences from {reference.name} that these verdicts find with 80 % power, "
            f"in points: {', '.join(seen)}."
        )
    blind = [row.name for row in others if row.adjusted is not None and not row.possible]
    if blind:
        yield (
            f"{', '.join(blind)}: with so few {comparison.unit}s no difference, however large, "
            "could be told from chance after the correction."
        )


def _part_table(comparison: Comparison, min_support: int) -> Table:
    reference = comparison.rows[0].name
    what = comparison.part_word
    rows: list[tuple[Cell, ...]] = []
    for part in comparison.parts:
        score = number(part.scores[reference])
        gold = f"{part.support} letters" if part.part in comparison.letters else part.support
        rows.append((part.part, gold, reference, score, UNDEFINED, UNDEFINED))
        for name in part.differences:
            rows.append(
                (
                    part.part,
                    gold,
                    name,
                    number(part.scores[name]),
                    _judged(points(part.differences[name]), part.verdict(name)),
                    p_value(part.adjusted[name], exact=name not in part.sampled),
                )
            )
    tested = sum(p is not None for part in comparison.parts for p in part.adjusted.values())
    note = f"Only with at least {min_support} gold mentions. Differences in points from {reference}"
    if tested:
        over = _count(tested, "difference")
        note += f"; p after Holm's correction over {over} of this table"
    note += "."
    if any(part.sampled for part in comparison.parts):
        note += " ~ marks a p-value that was sampled, not enumerated."
    if comparison.letters:
        note += " Overlap parts count letters and digits."
    headers = (what, "gold", "backend", comparison.metric, "difference", "p (Holm)")
    return Table(
        f"{comparison.gold} ({comparison.task}): by {what}",
        headers,
        tuple(rows),
        (note,),
        ("p (Holm)", "gold"),
        ("backend",),
    )
