"""Choosing among what was scored: by backend, gold set and task, and in one label schema."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import NothingMeasured, UsageError
from harness.paths import RECORD
from harness.results.finder import GoldFinder, fits, matches_pattern
from harness.results.record import Result, RunRecord
from harness.results.scored import Scored

__all__ = [
    "asked_for",
    "distinct_names",
    "grouped",
    "in_one_schema",
    "named_backends",
    "selected",
]


def named_backends(scored: Sequence[Scored], names: Sequence[str]) -> list[Scored]:
    """Those asked for by name or pattern, in that order; without names all real ones.

    Rows that check the harness are there only where a name fits them. Raises `UsageError` for a
    name that fits nothing.
    """
    if not names:
        return [one for one in scored if not one.sanity]
    _check_backends(names, {one.backend for one in scored})
    chosen: list[Scored] = []
    for name in names:
        fitting = [one for one in scored if matches_pattern(name, one.backend)]
        chosen += [one for one in fitting if one not in chosen]
    return chosen


def _check_backends(names: Sequence[str], known: Collection[str]) -> None:
    for name in names:
        if not any(matches_pattern(name, one) for one in known):
            listed = ", ".join(sorted(known)) or "none"
            raise UsageError(f"no backend {name!r} in there; known: {listed}")


def selected(
    record: RunRecord,
    finder: GoldFinder,
    *,
    task: str | None = None,
    backends: Sequence[str] = (),
    sanity: bool = True,
) -> RunRecord:
    """The record with nothing but results of the gold sets, the task and the backends asked for.

    `finder` has learnt the record. Rows that check the harness are there unless backends are named
    and none of the names fits them, or `sanity` is false. Counts in a common schema go where those
    that are left meet the gold in one anyway. Raises `UsageError` for a gold set, a task or a
    backend that the record does not have, `NothingMeasured` where it has not all of them together.
    """
    finder.check_patterns()
    tasks = sorted({result.task for result in record.results})
    if task is not None and task not in tasks:
        raise UsageError(f"nothing there is of the task {task!r}; there is: {', '.join(tasks)}")
    _check_backends(backends, {result.backend for result in record.results})

    def wanted(result: Result) -> bool:
        return (
            finder.wants(result.gold)
            and task in (None, result.task)
            and fits(result.backend, backends)
            and (sanity or not result.sanity)
        )

    results = tuple(filter(wanted, record.results))
    if record.results and not results:
        raise NothingMeasured("the run has no result of that gold set, task and backend together")
    if len(results) == len(record.results):
        return record
    schemas: dict[tuple[str, str], set[str]] = {}
    for one in results:
        if one.signature is not None:
            schemas.setdefault((one.gold, one.task), set()).add(one.counted.schema)
    return replace(
        record,
        gold=tuple(gold for gold in record.gold if finder.wants(gold.name)),
        results=results,
        common=tuple(
            one
            for one in record.common
            if wanted(one) and len(schemas.get((one.gold, one.task), ())) > 1
        ),
    )


def in_one_schema(scored: Sequence[Scored]) -> tuple[list[Scored], str | None]:
    """Those of one gold set in one label schema, where their runs have counts in a common one.

    The schema's name comes with them; the same and `None` where they meet the gold in one
    schema already, and where their runs do not have all of them in one.
    """
    if len({one.signature.schema for one in scored}) < 2:
        return list(scored), None
    common = [one if one.common is None else one.common() for one in scored]
    schemas = {one.signature.schema for one in common}
    return (list(scored), None) if len(schemas) > 1 else (common, schemas.pop())


def distinct_names(scored: Sequence[Scored]) -> list[Scored]:
    """The same, with the file added to names that come twice."""
    names = [one.name for one in scored]
    out = []
    for one in scored:
        if names.count(one.name) > 1:
            out.append(replace(one, name=f"{one.name} ({_short(one.source)})"))
        else:
            out.append(one)
    again = [one.name for one in out]
    return [
        replace(one, name=f"{one.name} #{again[:index].count(one.name) + 1}")
        if again.count(one.name) > 1
        else one
        for index, one in enumerate(out)
    ]


def grouped(
    scored: Sequence[Scored], *, gold: str | None = None, task: str | None = None
) -> dict[tuple[str, str], list[Scored]]:
    """By gold set and task, in the order given; only those asked for.

    Raises `UsageError` for a gold set or task that none of them has.
    """
    groups: dict[tuple[str, str], list[Scored]] = {}
    for one in scored:
        groups.setdefault((one.gold, one.task), []).append(one)
    chosen = {
        key: group
        for key, group in groups.items()
        if gold in (None, key[0]) and task in (None, key[1])
    }
    if groups and not chosen:
        known = ", ".join(f"{name} ({kind})" for name, kind in groups)
        named = {"gold": gold, "task": task}
        wanted = ", ".join(f"{what} {name!r}" for what, name in named.items() if name is not None)
        raise UsageError(f"nothing measured for {wanted}; there is: {known}")
    return chosen


def asked_for(
    scored: Sequence[Scored], finder: GoldFinder, task: str | None = None
) -> list[Scored]:
    """Those of a task, every gold set that was asked for with --gold among them.

    Raises `UsageError` for a gold set or a task that no record has, `NothingMeasured` for a gold
    set of which nothing was measured for the task.
    """
    finder.check_patterns()
    grouped(scored, task=task)
    wanted = [one for one in scored if task in (None, one.task)]
    for pattern in finder.patterns:
        if not any(matches_pattern(pattern, one.gold) for one in wanted):
            what = f"for the task {task} " if task else ""
            raise NothingMeasured(f"nothing was measured {what}on the gold set {pattern!r}")
    return wanted


def _short(source: str) -> str:
    path = Path(source)
    return path.parent.name if path.name == RECORD else path.name
