"""The table of a pool: one result over several gold sets."""

from __future__ import annotations

from collections.abc import Iterator

from harness.decide.pool import Pool, PooledRow
from harness.report.method import between, detectable, resampling, scope, shared
from harness.report.remarks import remarks
from harness.table import Cell, Table, Toned, number, plural
from harness.tasks.parts import f_name
from harness.tasks.registry import task_named

__all__ = ["pool_table"]


def pool_table(pool: Pool) -> Table:
    """A row per backend, best F1 of the summed counts first, with its F1 on each gold set."""
    score = f_name(pool.rows[0].scored.parts[0].beta)
    each = tuple(f"{score} on {gold}" for gold in pool.golds)
    headers = ("backend", "P", "R", score, "95 % CI", f"mean {score}", *each)
    labels = "" if pool.schema == "none" else f", {pool.schema}"
    size = plural(pool.documents, "document")
    title = f"{' + '.join(pool.golds)}: {task_named(pool.task).title}{labels} ({size})"
    rows = tuple(_row(row, pool) for row in pool.rows)
    notes = (*pool.signatures, *_notes(pool, score))
    return Table(title, headers, rows, notes, (*reversed(each), f"mean {score}"))


def _row(row: PooledRow, pool: Pool) -> tuple[Cell, ...]:
    headline, name = row.scored.headline, row.scored.name
    score = number(headline.f1)
    if name in pool.best:
        name, score = Toned(name, "best"), Toned(score, "best")
    return (
        name,
        number(headline.precision),
        number(headline.recall),
        score,
        between(row.interval.bounds),
        number(row.macro),
        *map(number, row.each),
    )


def _notes(pool: Pool, score: str) -> Iterator[str]:
    first = pool.rows[0].scored
    by = " ".join(filter(None, (first.definition.match(first.options), first.parts[0].name)))
    made = resampling(pool.unit, pool.resamples, pool.seed, documents=pool.documents)
    lacking = [(row.scored.name, "no interval", row.interval.lacking) for row in pool.rows]
    sentences = [
        f"P, R and {score} ({by}) of the counts of all gold sets together, so that a large one "
        f"weighs more; mean {score}: every gold set weighs the same. CI: {made}, over all gold "
        "sets.",
        scope(pool.unit),
        *(f"{line}." for line in shared(lacking)),
        detectable(pool.detectable, pool.pairs, who="the test behind these groups", f=score),
    ]
    yield " ".join(filter(None, sentences))
    if pool.others:
        yield f"not in here, since they were counted in another way: {', '.join(pool.others)}"
    for place, gold in enumerate(pool.golds):
        said = remarks([row.results[place] for row in pool.rows if len(row.results) > place])
        yield from (f"{gold}: {line}" for line in said)
    for name, golds in pool.lacking.items():
        yield f"{name} is left out: not counted in this way on {', '.join(golds)}"
