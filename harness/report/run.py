"""The tables of a run: a ranking per gold set and task, then a table per backend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.annotation import Task
from harness.decide.pairwise import pairwise
from harness.report.method import between, resampling, scope
from harness.report.remarks import remarks
from harness.report.scores import attribution_table, ner_table
from harness.report.tables import UNDEFINED, Cell, Table, number, quantity, render
from harness.results.measures import Columns, resample
from harness.results.record import GoldRecord, Result, RunRecord
from harness.results.rescore import UnitCounts, full_score, headline, unit_counts
from harness.signature import Signature
from harness.stats.rates import f1
from harness.stats.resample import Interval, Resampler

__all__ = ["description", "details", "leaderboard", "ranking_table", "rankings"]

# The last score column tells skill from convention, or finding from attributing.
_SECOND = {"ner": "F1 norm.", "attribution": "F1 +source"}
_COSTS = ("docs/s", "words/s", "peak MB", "load s")


def rankings(record: RunRecord, folder: str | Path) -> list[Table]:
    """One ranking table per gold set and task.

    Where entity backends meet the gold in different label schemas there are two: those that meet
    it in its own, and all of them in the finest schema that they have in common. Scores in
    different schemas never stand in one table.
    """
    tables = []
    for gold, task in _measured(record):
        results = record.select(gold=gold, task=task)
        common = [r for r in record.common if (r.gold, r.task) == (gold, task)]
        if not common:
            tables.append(ranking_table(record, gold, task, folder, results))
            continue
        own = _majority_schema(results, record.find_gold(gold).schema)
        alike = [r for r in results if r.signature is None or _schema(r) == own]
        tables.append(ranking_table(record, gold, task, folder, alike, schema=own))
        title = _schema(common[0])
        tables.append(ranking_table(record, gold, task, folder, common, schema=title, shared=True))
    return tables


def _schema(result: Result) -> str:
    return Signature.parse(str(result.signature)).schema


def _majority_schema(results: Sequence[Result], own: str) -> str:
    """The gold's own schema where a real backend meets it there, else that of most backends."""
    met = [_schema(r) for r in results if r.signature is not None and not _is_sanity(r)]
    return own if own in met or not met else max(met, key=met.count)


def details(record: RunRecord, folder: str | Path) -> list[Table]:
    """One table per backend, gold set and task: entity types, or attribution elements."""
    return [
        table
        for gold, task in _measured(record)
        for table in detail_tables(record, gold, task, folder)
    ]


def _measured(record: RunRecord) -> Iterator[tuple[str, Task]]:
    for gold in record.gold:
        for task in gold.tasks:
            if record.select(gold=gold.name, task=task):
                yield gold.name, task


def description(record: RunRecord) -> list[str]:
    """Where, when and with what a run was made: lines for the head of a page."""
    commit = "no checkout"
    if record.git is not None:
        commit = f"commit {record.git.commit[:10]}{' with changes' if record.git.dirty else ''}"
    if record.project is not None and record.project != record.git:
        changed = " with changes" if record.project.dirty else ""
        commit += f" (run in a project at commit {record.project.commit[:10]}{changed})"
    machine = record.machine
    return [
        f"Run {record.status}, {record.started} to {record.finished}; "
        f"nlp-harness {record.tool_version}, {commit}, Python {record.python}",
        f"{machine.cpu}, {machine.cores} cores, {machine.memory_bytes / 1e9:.0f} GB, "
        f"{machine.system}; {record.threads} thread(s) per worker",
    ]


def leaderboard(record: RunRecord, folder: str | Path) -> str:
    """The run as a Markdown page: where and when, the rankings, then every backend."""
    head = ["# Leaderboard", "", f"`{' '.join(record.command)}`", "", *description(record), ""]
    tables = [*rankings(record, folder), *details(record, folder)]
    return "\n".join(head) + "\n" + render(tables, "github") + "\n"


def ranking_table(
    record: RunRecord,
    gold: str,
    task: Task,
    folder: str | Path,
    results: Sequence[Result],
    *,
    schema: str | None = None,
    shared: bool = False,
) -> Table:
    """One row per backend, best F1 first; sanity rows and what could not run come after.

    Intervals are percentile bootstraps over documents, or over paragraphs within them where there
    are few; the notes state the unit, the seed and the smallest detectable differences.
    """
    counted = {
        result.backend: unit_counts(result, folder)
        for result in results
        if result.status in ("ok", "partial")
    }
    resampler = _resampler(record, list(counted.values()))
    intervals = _intervals(counted, resampler)
    ranked = sorted(results, key=lambda result: _rank(result, counted.get(result.backend)))
    card = record.find_gold(gold)
    annotated = not shared and _as_agreement(results, card)
    rows = (
        *(_ceiling_row(card, task) if annotated else ()),
        *(_ranking_row(result, counted, intervals) for result in ranked),
    )
    labels = f", {schema}" if schema else ""
    labels += ", the finest schema that all backends reach" if shared else ""
    title = f"{gold}: {_TASKS[task]}{labels} ({card.documents} documents, {card.words} words)"
    notes = [*_signatures(results), *_method(task, results, counted, intervals, resampler)]
    if annotated:
        notes.extend(_ceiling_note(card, task))
    if task == "ner":
        notes.extend(card.assumed)
    notes.extend(remarks(ranked))
    headers = ("backend", "P", "R", "F1", "95 % CI", _SECOND[task], *_COSTS)
    return Table(title, headers, rows, tuple(notes))


def detail_tables(record: RunRecord, gold: str, task: Task, folder: str | Path) -> Iterator[Table]:
    """One table per backend that answered: entity types, or attribution elements and kinds."""
    for result in record.select(gold=gold, task=task):
        score = full_score(result, folder)
        if score is None or (result.declaration and result.declaration.sanity):
            continue
        title = f"{result.backend} on {gold}"
        notes = (result.signature,) if result.signature else ()
        make = ner_table if task == "ner" else attribution_table
        yield make(title, score.to_json(), notes=notes)


_TASKS = {"ner": "named entities", "attribution": "attributions"}


def _resampler(record: RunRecord, counts: list[UnitCounts]) -> Resampler | None:
    return Resampler(counts[0].documents, seed=record.seed) if counts else None


def _columns(counts: UnitCounts) -> Columns:
    import numpy as np

    return Columns(np.asarray(counts.counts, dtype=np.float64).reshape(-1, 3), 3)


def _intervals(counted: dict[str, UnitCounts], resampler: Resampler | None) -> dict[str, Interval]:
    """Of F1, as `harness compare` gives them."""
    if resampler is None:
        return {}
    drawn = resample(resampler, [*map(_columns, counted.values())], [f1] * len(counted))
    return {name: one.interval() for name, one in zip(counted, drawn, strict=True)}


def _rank(result: Result, counts: UnitCounts | None) -> tuple[bool, bool, float]:
    sanity = bool(result.declaration and result.declaration.sanity)
    return (counts is None, sanity, -(_f1(counts) or 0.0))


def _ranking_row(
    result: Result, counted: dict[str, UnitCounts], intervals: dict[str, Interval]
) -> tuple[Cell, ...]:
    counts = counted.get(result.backend)
    if counts is None:
        return (f"{result.backend} ({result.status})", *([UNDEFINED] * 9))
    tp, predicted, gold = _sums(counts)
    costs = result.costs
    memory = None if costs.peak_memory_bytes is None else costs.peak_memory_bytes / 1e6
    return (
        _name(result),
        number(tp / predicted if predicted else None),
        number(tp / gold if gold else None),
        number(_f1(counts)),
        between(intervals[result.backend]),
        number(_second(result)),
        quantity(costs.documents_per_second),
        quantity(costs.words_per_second),
        quantity(memory),
        quantity(costs.load_seconds),
    )


def _headline(results: Sequence[Result]) -> str:
    return next((headline(result) for result in results if result.signature), "undefined")


def _as_agreement(results: Sequence[Result], card: GoldRecord) -> bool:
    """Whether backends are counted as annotators are: strict and raw in the gold's own labels."""
    alike = (("strict", "raw", card.schema), ("found50", "none", "none"))
    counts = [Signature.parse(result.signature) for result in results if result.signature]
    return all((count.match, count.boundary, count.schema) in alike for count in counts)


def _ceiling_row(card: GoldRecord, task: Task) -> list[tuple[Cell, ...]]:
    """What the annotators reach against each other, where the gold set has several."""
    found = card.agreement.get(task)
    if not found:
        return []
    who = card.agreement.get("who", "annotators")
    name = f"{who} (mean of {found['pairs']} pairs)"
    return [(name, *([UNDEFINED] * 2), number(found["f1"]), *([UNDEFINED] * 6))]


def _ceiling_note(card: GoldRecord, task: Task) -> list[str]:
    """How far the pairs of annotators lie apart, which is a range and no interval."""
    found = card.agreement.get(task)
    if not found:
        return []
    who = card.agreement.get("who", "annotators")
    spread = f"{number(found['lowest'])} to {number(found['highest'])}"
    return [f"{who}: F1 from the lowest to the highest of {found['pairs']} pairs: {spread}."]


def _name(result: Result) -> str:
    """The backend's name with what a reader must know of it in brackets."""
    declaration = result.declaration
    marks = []
    if declaration and declaration.sanity:
        marks.append("sanity")
    if declaration and declaration.reference and result.backend.endswith("/reference"):
        marks.append("reference")
    if result.status == "partial":
        marks.append(f"{result.failed} of {result.documents} failed")
    return f"{result.backend} ({', '.join(marks)})" if marks else result.backend


def _second(result: Result) -> float | None:
    """F1 with normalised boundaries, or of content and source together."""
    if result.task == "ner":
        block = result.scores.get("normalised", {})
    else:
        block = result.scores.get("relations", {}).get("pair", {})
    value: float | None = block.get("f1")
    return value


def _f1(counts: UnitCounts | None) -> float | None:
    if counts is None:
        return None
    tp, predicted, gold = _sums(counts)
    return 2 * tp / (predicted + gold) if predicted + gold else None


def _sums(counts: UnitCounts) -> tuple[int, int, int]:
    tp, predicted, gold = (sum(column) for column in zip(*counts.counts, strict=True))
    return tp, predicted, gold


def _signatures(results: Sequence[Result]) -> list[str]:
    """Each different signature once; normally there is one."""
    seen: dict[str, list[str]] = {}
    for result in results:
        if result.signature:
            seen.setdefault(result.signature, []).append(result.backend)
    if len(seen) <= 1:
        return list(seen)
    return [f"{signature}  ({', '.join(names)})" for signature, names in seen.items()]


def _method(
    task: Task,
    results: Sequence[Result],
    counted: dict[str, UnitCounts],
    intervals: dict[str, Interval],
    resampler: Resampler | None,
) -> list[str]:
    if resampler is None:
        return ["Nothing was measured."]
    made = resampling(resampler.unit, resampler.resamples, resampler.seed)
    parts = [f"Ranked by F1, {_headline(results)}. {_MEANING[task]} CI: {made}."]
    parts.append(scope(resampler.unit))
    lacking: dict[str, list[str]] = {}
    for name, one in intervals.items():
        if one.lacking:
            lacking.setdefault(one.lacking, []).append(name)
    parts += [f"{', '.join(names)}: no interval: {why}." for why, names in lacking.items()]
    real = [r.backend for r in results if r.backend in counted and not _is_sanity(r)]
    parts.append(_detectable([counted[name] for name in real], resampler))
    return [" ".join(filter(None, parts))]


def _detectable(counted: Sequence[UnitCounts], resampler: Resampler) -> str:
    """What the tests of `harness compare` are able to see between these backends."""
    if len(counted) < 2:
        return ""
    found = pairwise([*map(_columns, counted)], f1, resampler, seed=resampler.seed)
    seen = [pair.detectable for pair in found.pairs if pair.detectable is not None]
    if not seen:
        return ""
    low, high = f"{100 * min(seen):.1f}", f"{100 * max(seen):.1f}"
    many = f"Holm's correction over {found.tested()} pairs"
    return (
        f"Between two of these backends harness compare finds a true difference of "
        f"{low if low == high else f'{low} to {high}'} F1 points with 80 % power"
        f"{f', by pair, after {many}' if found.tested() > 1 else ''}."
    )


_MEANING = {
    "ner": "F1 norm.: English determiners and possessives and edge punctuation do not count.",
    "attribution": "F1 +source: the source overlaps too.",
}


def _is_sanity(result: Result) -> bool:
    return bool(result.declaration and result.declaration.sanity)
