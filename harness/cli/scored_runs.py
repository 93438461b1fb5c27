"""What verbs look at of a run, and what they say before they trust its numbers."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

from harness.cli.printer import note
from harness.results.consistent import other_scores
from harness.results.finder import GoldFinder
from harness.results.load import Opened, from_run
from harness.results.scored import Scored
from harness.results.select import asked_for, grouped, in_one_schema, named_backends

__all__ = ["aligned", "real_groups", "warn_of_scores"]


def real_groups(
    run: str | Opened, args: argparse.Namespace, finder: GoldFinder
) -> dict[tuple[str, str], list[Scored]]:
    """The backends of a run that were asked for, by gold set and task, counted in `--schema`.

    Sanity rows are left out, even if named: they check the harness, not a library.
    """
    measured = asked_for(from_run(run, finder=finder, schema=args.schema), finder, args.task)
    return grouped([one for one in named_backends(measured, args.backend) if not one.sanity])


def aligned(scored: Sequence[Scored], *, force: bool) -> list[Scored]:
    """Those of one gold set as their run counted them in one schema, where they met the gold in
    several.

    With `force` they stay as they are: what was counted differently is what is asked for. Where a
    run states other numbers than its counts make, that is said.
    """
    same, schema = (list(scored), None) if force else in_one_schema(scored)
    warn_of_scores(same)
    if schema is not None:
        note(f"{scored[0].gold}: compared in {schema}, the finest schema that all reach")
    return same


def warn_of_scores(scored: Iterable[Scored]) -> None:
    """Say on stderr where a run states other numbers than its counts make."""
    for one in scored:
        # What was counted again here has other counts than the run stated.
        if one.result is None or one.count is not None:
            continue
        if difference := other_scores(one.result, one.total):
            what = f"{one.backend} on {one.gold} ({one.task})"
            note(f"warning: {what}: {difference}")
