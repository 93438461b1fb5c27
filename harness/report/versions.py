"""The table of a library's releases, and the lines that say where the score changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.decide.comparison import Row
from harness.decide.versions import ReleaseRow, Releases, ReleaseStep, Stretch
from harness.report.method import between, p_value, points, resampling, scope, shared
from harness.report.remarks import remarks
from harness.results.signature import Signature
from harness.table import (
    UNDEFINED,
    Cell,
    Table,
    listed,
    megabytes,
    number,
    plural,
    quantity,
)
from harness.tasks.parts import f_name

__all__ = ["releases_lines", "releases_table"]

_SHOWN = 8
"""So many releases or distributions are named in a line."""


def releases_table(found: Releases) -> Table:
    """A row per release in the order measured, each against the one before."""
    total = len(found.rows) + len(found.left_out)
    how_many = f"{len(found.rows)} of " if found.left_out else ""
    title = f"{found.backend} on {found.gold} ({found.task}) with {how_many}"
    title += f"{plural(total, 'release')} of {found.package}"
    beta = 1.0 if found.part is None else found.part.beta
    headers = (
        "version",
        "P",
        "R",
        f_name(beta),
        "95 % CI",
        "difference",
        "CI of difference",
        "p (Holm)",
    )
    return Table(
        title,
        (*headers, "", "docs/s", "peak MB"),
        tuple(map(_row, found.rows)),
        tuple(_notes(found)),
        optional=("peak MB", "docs/s", "P", "R", "95 % CI", "CI of difference"),
    )


def releases_lines(found: Releases) -> list[str]:
    """Where the score changed, and what would have been seen where it did not."""
    measured = found.measured
    if not measured:
        return ["nothing was measured"]
    if len(measured) == 1:
        return [f"{measured[0].version} alone was measured: there is nothing to compare it with"]
    lines = [_line(stretch, found) for stretch in found.stretches()]
    if found.whole is not None:
        first, last = measured[0].version, measured[-1].version
        lines.append(f"from {first} to {last}: {_difference(found.whole)} ({found.whole.verdict})")
    return lines


def _row(row: ReleaseRow) -> tuple[Cell, ...]:
    if row.scored is None or row.result is None:
        state = "not installed" if row.result is None else row.result.status
        return (f"{row.version} ({state})", *[UNDEFINED] * 7, "", *[UNDEFINED] * 2)
    headline, result = row.scored.headline, row.result
    failed = f" ({result.failed} of {result.documents} failed)" if result.failed else ""
    return (
        row.version + failed,
        number(headline.precision),
        number(headline.recall),
        number(headline.f1),
        between(row.interval.bounds if row.interval else None),
        *_step(row.step),
        quantity(result.costs.documents_per_second),
        megabytes(result.costs.peak_memory_bytes),
    )


def _step(step: ReleaseStep | None) -> tuple[Cell, ...]:
    if step is None:
        return (UNDEFINED, UNDEFINED, UNDEFINED, "")
    if step.row is None:
        return (UNDEFINED, UNDEFINED, UNDEFINED, step.verdict)
    row = step.row
    return (
        points(row.difference),
        between(row.paired.bounds if row.paired else None, in_points=True),
        p_value(row.adjusted, exact=row.exact),
        row.verdict,
    )


def _line(stretch: Stretch, found: Releases) -> str:
    first, last = stretch.ends
    missing = listed(stretch.unmeasured, _SHOWN)
    if stretch.kind in ("same answers", "no change"):
        many = plural(len(stretch.steps) + 1, "release")
        inside = f"{many}; not measured: {missing}" if missing else many
        where = f"from {first} to {last} ({inside})"
        if stretch.kind == "same answers":
            return f"the same answers {where}"
        what = "no single step is a change" if found.drifted else "no change"
        return f"{what} {where}: {_seen(stretch, found.unit)}"
    row = stretch.steps[0].row
    assert row is not None  # Where it is `None` the answers are the same.
    if stretch.kind == "changed":
        also = f" (or at {missing}, not measured)" if missing else ""
        return f"changed at {last}{also}: {_difference(row)} against {first}"
    why = row.test.lacking if row.test and row.test.lacking else "it could not be tested"
    return f"{last} against {first}: {row.verdict}: {why}"


def _seen(stretch: Stretch, unit: str) -> str:
    """What the tests of a stretch without a change would have found."""
    same = sum(step.row is None for step in stretch.steps)
    alike = f"; the same answers in {same} of {plural(len(stretch.steps), 'step')}" if same else ""
    if any(step.row is not None and not step.row.possible for step in stretch.steps):
        return f"with so few {unit}s no difference, however large, could be told{alike}"
    if stretch.detectable is None:
        return f"which true difference would have been found cannot be said{alike}"
    smallest = f"{100 * stretch.detectable:.1f} points"
    step = "a step" if len(stretch.steps) > 1 else "the step"
    return f"a true difference of {smallest} in {step} is found with 80 % power{alike}"


def _difference(row: Row) -> str:
    """`+1.2 [+0.4, +2.1], p (Holm) 0.0120`."""
    interval = between(row.paired.bounds if row.paired else None, in_points=True)
    return f"{points(row.difference)} {interval}, p (Holm) {p_value(row.adjusted, exact=row.exact)}"


def _notes(found: Releases) -> Iterator[str]:
    if found.signature:
        yield found.signature
    yield from found.notes
    if found.left_out:
        yield f"Left out: {listed(found.left_out, _SHOWN)}; name them, or give a larger --most."
    yield from shared((row.version, "not installed", row.trouble or None) for row in found.rows)
    yield from remarks(
        [replace(row.result, backend=row.version) for row in found.rows if row.result is not None]
    )
    if any(row.result is not None and row.result.status == "unavailable" for row in found.rows):
        yield "--with NAME installs what is lacking, such as a model's package, in each of them."
    if found.part is None:
        return
    yield _method(found)
    yield from shared(
        (row.version, "no interval", row.interval.lacking)
        for row in found.rows
        if row.interval is not None
    )
    for step in found.steps:
        if step.row is not None and step.others:
            told = (f"{name} {_change(*pair)}" for name, pair in step.others.items())
            yield f"Besides {found.package}, {step.after} has {listed(told, _SHOWN)}."


def _change(before: str | None, after: str | None) -> str:
    if before is None or after is None:
        return f"{after} (new)" if before is None else f"no more ({before} before)"
    return f"{after} (was {before})"


def _method(found: Releases) -> str:
    assert found.part is not None
    measured = f"{f_name(found.part.beta)}, {found.match}."
    compared = len(found.measured) > 1
    drawn, documents = (found.resamples, found.seed), Signature.parse(found.signature).documents
    made = resampling(found.unit, *drawn, paired=compared, documents=documents)
    sentences = [measured, f"CI: {made}."]
    if compared:
        sentences.append("Differences in points from the release measured before.")
    if found.tests:
        over = plural(found.tests, "test")
        whole = ", that of the last release against the first among them" if found.whole else ""
        sentences.append(
            f"p: paired randomisation test after Holm's correction over {over}{whole}; the same "
            "answers need none."
        )
    rows = [step.row for step in found.steps if step.row is not None]
    if any(row.test and not (row.test.exact and row.exact) for row in rows):
        sentences.append("~ marks a p-value that was sampled, not enumerated.")
    return " ".join(filter(None, (*sentences, scope(found.unit))))
