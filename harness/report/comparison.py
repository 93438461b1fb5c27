"""Tables of a comparison: differences, ties, types, and the mentions that flipped."""

from __future__ import annotations

from collections.abc import Iterator

from harness.comparison import MIN_SUPPORT
from harness.comparison.result import Comparison, Row
from harness.flips import Flips, describe
from harness.report.tables import UNDEFINED, Cell, Table, number
from harness.scoring.significance import Interval

__all__ = ["comparison_tables", "flip_lines"]

_SHOWN_FLIPS = 10


def comparison_tables(found: Comparison, *, min_support: int = MIN_SUPPORT) -> list[Table]:
    """The table of differences, and one of types or parts where support allows."""
    tables = [_main_table(found)]
    if len(found.rows) > 1:
        tables.append(_part_table(found, min_support))
    return tables


def flip_lines(found: Comparison, *, limit: int = _SHOWN_FLIPS) -> Iterator[str]:
    """For each system, what it loses and gains against the reference, with context."""
    reference = found.rows[0].name
    for row in found.rows[1:]:
        flips = found.flips.get(row.name)
        if flips is None:
            yield f"{row.name}: flips are not known: its predictions or the gold are not at hand"
            continue
        yield f"{row.name} against {reference}: {flips.summary()}"
        yield from _parts(flips, found, limit)


def _parts(flips: Flips, found: Comparison, limit: int) -> Iterator[str]:
    titles = ("lost", "gained", "new error", "error gone")
    for title, mentions in zip(titles, flips.parts(), strict=True):
        for line in describe(mentions, found.texts, limit=limit):
            yield f"  {title}: {line}"


def _main_table(found: Comparison) -> Table:
    rows = tuple(_row(row) for row in found.rows)
    title = f"{found.gold} ({found.task}): {found.part} {found.metric}"
    title += f", {found.match}, against {found.rows[0].name}"
    headers = ("backend", found.metric, "95 % CI", "difference", "95 % CI ", "p", "p (Holm)", "")
    return Table(title, headers, rows, (found.signature, *_notes(found)))


def _row(row: Row) -> tuple[Cell, ...]:
    test = row.test
    return (
        row.name,
        number(row.score),
        _between(row.interval),
        UNDEFINED if row.difference is None else f"{100 * row.difference:+.1f}",
        _between(row.paired, points=True),
        UNDEFINED if test is None else _p(test.p_value, exact=test.exact),
        UNDEFINED if test is None else _p(row.adjusted, exact=test.exact),
        row.verdict,
    )


def _notes(found: Comparison) -> Iterator[str]:
    yield from found.notes
    within = " within document" if found.unit == "paragraph" else ""
    text = (
        f"Differences in points. CI: {found.resamples:,} paired bootstrap resamples by "
        f"{found.unit}{within}, seed {found.seed}. p: paired randomisation test over paragraphs, "
        "how often swapping the two backends' paragraphs at random gives a difference as large; "
        "Holm's correction over all pairs."
    )
    if any(row.test is not None and not row.test.exact for row in found.rows):
        text += " ~ marks a p-value that was sampled, not enumerated."
    yield text
    if len(found.rows) > 1:
        yield "Groups, best first (tied within a group): " + "; ".join(
            " = ".join(group) for group in found.groups
        )
    if found.detectable is not None:
        yield (
            f"This gold set finds a true difference of {100 * found.detectable:.1f} points with "
            "80 % power; smaller ones look like ties."
        )


def _part_table(found: Comparison, min_support: int) -> Table:
    reference = found.rows[0].name
    what = "type" if found.task == "ner" else "part"
    rows: list[tuple[Cell, ...]] = []
    for part in found.parts:
        score = number(part.scores[reference])
        rows.append((part.part, part.support, reference, score, UNDEFINED, UNDEFINED))
        for name in part.differences:
            difference = part.differences[name]
            rows.append(
                (
                    part.part,
                    part.support,
                    name,
                    number(part.scores[name]),
                    UNDEFINED if difference is None else f"{100 * difference:+.1f}",
                    _p(part.adjusted[name], exact=True),
                )
            )
    note = (
        f"Only with at least {min_support} gold mentions. Differences in points from "
        f"{reference}; Holm's correction over the whole table."
    )
    if found.task == "attribution":
        note += " Overlap parts count letters and digits."
    headers = (what, "gold", "backend", found.metric, "difference", "p (Holm)")
    return Table(f"{found.gold} ({found.task}): by {what}", headers, tuple(rows), (note,))


def _between(interval: Interval | None, *, points: bool = False) -> str:
    if interval is None or interval.low is None or interval.high is None:
        return UNDEFINED
    if points:
        return f"[{100 * interval.low:+.1f}, {100 * interval.high:+.1f}]"
    return f"[{number(interval.low)}, {number(interval.high)}]"


def _p(value: float | None, *, exact: bool) -> str:
    if value is None:
        return UNDEFINED
    shown = "< .0001" if value < 0.0001 else f"{value:.4f}"
    return shown if exact else f"~{shown}"
