"""The tables of a run: a ranking per gold set and task, then a table per backend."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness.decide.ranking import Ranked, Ranking, measured
from harness.formats.losses import lost
from harness.media import markdown, markdown_code
from harness.report.method import between, detectable, resampling, scope, shared
from harness.report.remarks import remarks
from harness.report.tables import render_tables
from harness.results.load import scored_in
from harness.results.record import Result, RunRecord
from harness.results.signature import Signature
from harness.table import UNDEFINED, Cell, Table, Tone, Toned, megabytes, number, quantity
from harness.tasks.parts import f_name

__all__ = [
    "description",
    "details",
    "in_order",
    "leaderboard",
    "name_of",
    "noted",
    "ranking_table",
    "ranking_tables",
    "signatures",
]

_COSTS = ("docs/s", "words/s", "peak MB", "load s")
_OPTIONAL = ("load s", "docs/s", "peak MB", "words/s")


def ranking_tables(record: RunRecord, found: Iterable[Ranking]) -> list[Table]:
    """A table for each of the record's rankings."""
    return noted(record, list(map(ranking_table, found)))


def noted(record: RunRecord, tables: Sequence[Table]) -> list[Table]:
    """Tables of a record, which say where it is that of a shard alone."""
    return [replace(table, notes=(*_shard_alone(record), *table.notes)) for table in tables]


def _shard_alone(record: RunRecord) -> list[str]:
    if record.shard is None:
        return []
    return [f"Shard {record.shard.shard} alone: harness merge puts all of them together."]


def details(record: RunRecord, folder: str | Path, found: Iterable[Ranking]) -> list[Table]:
    """One table per backend that answered, gold set and task: types, or attribution elements.
    `found` are the record's rankings: what was read for them is not read again."""
    read = {id(row.result): row.scored for ranking in found for row in ranking.rows}
    tables = []
    for gold, task in measured(record):
        for result in record.select(gold=gold, task=task.name):
            known = read.get(id(result))
            for one in scored_in(record, folder, [result]) if known is None else [known]:
                if not one.sanity:
                    title, how = f"{one.backend} on {gold}", (str(one.signature),)
                    tables.append(next(iter(task.tables(title, one.score.to_json(), how))))
    return tables


def in_order(ranked: Sequence[Table], each: Sequence[Table], form: str) -> list[Table]:
    """Both, as they are printed: a terminal is left at the end, which has the rankings, and a page
    is read from its beginning."""
    return [*ranked, *each] if form == "github" else [*each, *ranked]


def description(record: RunRecord) -> list[str]:
    """Where, when and with what a run was made: lines for the head of a page."""
    commit = "no checkout" if record.git is None else str(record.git)
    if record.project is not None and record.project != record.git:
        commit += f" (run in a project at {record.project})"
    return [
        f"Run {record.status}, {record.started} to {record.finished}; "
        f"nlp-harness {record.tool_version}, {commit}, Python {record.python}",
        f"{record.machine}; {record.threads} thread(s) per worker",
        *_shard_alone(record),
    ]


def leaderboard(record: RunRecord, tables: Sequence[Table]) -> str:
    """The run as a Markdown page: where and when, then its tables."""
    head = ["# Leaderboard", "", markdown_code(shlex.join(record.command)), ""]
    head += [*map(markdown, description(record)), ""]
    return "\n".join(head) + "\n" + render_tables(tables, "github") + "\n"


def ranking_table(ranking: Ranking) -> Table:
    """One row per backend, best F1 first; sanity rows and what could not run come after.

    The notes state the unit that was resampled, the seed and the smallest detectable differences.
    """
    recorded, task = ranking.gold, ranking.task
    ceiling = recorded.agreement.get(task.name) if ranking.as_annotated else None
    rows = [_row(row, ranking) for row in ranking.rows]
    notes = [*signatures(ranking), *_method(ranking)]
    if ceiling:
        who = recorded.agreement.get("who", "annotators")
        name = f"{who} (mean of {ceiling['pairs']} pairs)"
        costs = [UNDEFINED] * (1 + (task.column is not None) + len(_COSTS))
        rows.insert(0, (name, *([UNDEFINED] * 2), number(ceiling["f1"]), *costs))
        spread = f"{number(ceiling['lowest'])} to {number(ceiling['highest'])}"
        notes.append(
            f"{who}: F1 from the lowest to the highest of {ceiling['pairs']} pairs: {spread}."
        )
    notes.extend(lost(f"{recorded.name}, as it was read", recorded.losses))
    if task.labelled:
        notes.extend(recorded.assumed)
    notes.extend(remarks([row.result for row in ranking.rows]))
    labels = f", {ranking.schema}" if ranking.schema else ""
    labels += ", the finest schema that all backends reach" if ranking.shared else ""
    size = f"{recorded.documents} documents, {recorded.words} words"
    title = f"{recorded.name}: {task.title}{labels} ({size})"
    second = () if task.column is None else (_in_f(task.column.header, ranking),)
    headers = ("backend", "P", "R", f_name(_beta(ranking)), "95 % CI", *second, *_COSTS)
    return Table(title, headers, tuple(rows), tuple(notes), (*_OPTIONAL, *second))


def _row(row: Ranked, ranking: Ranking) -> tuple[Cell, ...]:
    result, task = row.result, ranking.task
    second = () if task.column is None else (number(_second(result, task.column.place)),)
    if row.scored is None:
        empty = [UNDEFINED] * (4 + len(second) + len(_COSTS))
        tone: Tone = "doubtful" if result.status == "unavailable" else "bad"
        return (Toned(f"{result.backend} ({result.status})", tone), *empty)
    headline, costs = row.scored.headline, result.costs
    name, score = name_of(result), number(headline.f1)
    if result.backend in ranking.best:
        name, score = Toned(name, "best"), Toned(score, "best")
    return (
        name,
        number(headline.precision),
        number(headline.recall),
        score,
        between(row.interval.bounds if row.interval else None),
        *second,
        quantity(costs.documents_per_second),
        quantity(costs.words_per_second),
        megabytes(costs.peak_memory_bytes),
        quantity(costs.load_seconds),
    )


def name_of(result: Result) -> str:
    """The backend's name with what a reader must know of it in brackets."""
    declaration = result.declaration
    marks = []
    if result.sanity:
        marks.append("sanity")
    if declaration and declaration.reference and result.asked.endswith("/reference"):
        marks.append("reference")
    if (machines := len({str(own.machine) for own in result.costs.shards})) > 1:
        marks.append(f"{machines} machines")
    if result.status == "partial":
        marks.append(f"{result.failed} of {result.documents} failed")
    return f"{result.backend} ({', '.join(marks)})" if marks else result.backend


def _second(result: Result, place: tuple[str, ...]) -> float | None:
    """The F1 that the task's own column shows, as the run states it."""
    block = result.scores
    for name in place:
        block = block.get(name, {})
    value: float | None = block.get("f1")
    return value


def _beta(ranking: Ranking) -> float:
    """Of F in this ranking: one run counts in one way."""
    return next((row.scored.parts[0].beta for row in ranking.rows if row.scored is not None), 1.0)


def _in_f(text: str, ranking: Ranking) -> str:
    """What a task says of F1, of the F of this ranking."""
    return text.replace("F1", f_name(_beta(ranking)))


def signatures(ranking: Ranking) -> list[str]:
    """Each different signature once; normally there is one."""
    seen: dict[str, list[str]] = {}
    for row in ranking.rows:
        if row.result.signature:
            signature = str(Signature.parse(row.result.signature))  # As it is written today.
            seen.setdefault(signature, []).append(row.result.backend)
    if len(seen) <= 1:
        return list(seen)
    return [f"{signature}  ({', '.join(names)})" for signature, names in seen.items()]


def _method(ranking: Ranking) -> Iterator[str]:
    scored = [row.scored for row in ranking.rows if row.scored is not None]
    if not scored:
        yield "Nothing was measured."
        return
    task, first = ranking.task, scored[0]
    by = " ".join(filter(None, (task.match(first.options), first.parts[0].name)))
    documents = ranking.gold.documents
    made = resampling(ranking.unit, ranking.resamples, ranking.seed, documents=documents)
    meaning = "" if task.column is None else f"{_in_f(task.column.meaning, ranking)} "
    sentences = [
        f"Ranked by {f_name(_beta(ranking))}, {by}. {meaning}CI: {made}.",
        scope(ranking.unit),
    ]
    lacking = [
        (row.result.backend, "no interval", row.interval.lacking)
        for row in ranking.rows
        if row.interval is not None
    ]
    sentences += [f"{line}." for line in shared(lacking)]
    seen = detectable(ranking.detectable, ranking.pairs)
    yield " ".join(filter(None, (*sentences, seen)))
