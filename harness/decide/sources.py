"""What can be compared, wherever it is kept: runs, baselines and files of predictions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.decide import baseline
from harness.errors import InputError, UsageError
from harness.formats.files import is_there
from harness.formats.source import Source, leads_to_files
from harness.gold.goldset import GoldSet
from harness.results.finder import GoldFinder
from harness.results.load import from_file, from_run, is_run
from harness.results.scored import Scored

__all__ = ["load_sources"]


def load_sources(
    sources: Iterable[str | Path],
    finder: GoldFinder,
    *,
    goldset: GoldSet | None = None,
    task: str | None = None,
    options: Any = None,
    schema: str | None = None,
    wanted: str = "one --gold and --task",
) -> list[Scored]:
    """Everything in these files and folders that is about a gold set which was asked for.

    Files of predictions need a gold set and a task; `options` are how they are counted, `wanted` is
    how a user gives the two. With `schema`, labels are counted again in that schema. Raises
    `UsageError` for what cannot be told apart or counted so, `InputError` for a file that is not
    there or cannot be read.
    """
    scored: list[Scored] = []
    for source in sources:
        said = Source.parse(source)
        path = Path(said.path)
        if not leads_to_files(said.path):
            raise InputError("no such file or folder", path=path)
        if said.options or not is_there(path):  # Runs and baselines have none, and lie here.
            if goldset is None or task is None:
                raise UsageError(f"{said} is read as predictions: give {wanted}")
            scored.append(from_file(str(said), goldset, task, options, schema=schema))
        elif baseline.is_baseline(path):
            if schema is not None:
                raise UsageError(
                    f"{path} is a baseline, which has counts and no predictions: it cannot be "
                    "counted again in another schema; name the run that it was accepted from"
                )
            entries = baseline.read(path).entries
            scored += [entry.scored() for entry in entries if finder.wants(entry.gold)]
        elif is_run(path) or (path.is_dir() and goldset is None):
            scored += from_run(path, finder=finder, schema=schema)
        elif goldset is None or task is None:
            raise UsageError(f"{source} is no run, so it is read as predictions: give {wanted}")
        else:
            scored.append(from_file(path, goldset, task, options, schema=schema))
    return scored
