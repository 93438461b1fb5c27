"""`harness baseline`: show the baseline, or accept a run as the new one."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.cli.common import (
    BACKEND,
    BASELINE,
    DEFAULT_RUN,
    GOLD,
    add_flags,
    add_run,
    output,
)
from harness.cli.printer import note, print_json, print_tables
from harness.errors import UsageError
from harness.media import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.decide.baseline import Baseline
    from harness.results.scored import Scored
    from harness.table import Table

EPILOG = """\
`accept` is the only way in which the baseline changes. It shows the difference first, and asks; in
a script, --yes answers. Entries that the run does not speak of are kept unless --remove-missing.

examples:
  harness baseline accept results --baseline results/baseline.json
  harness baseline show --baseline results/baseline.json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("action", choices=("accept", "show"))
    add_run(parser, "the run to accept")
    add_flags(parser, BASELINE)
    add("--yes", action="store_true", help="do not ask")
    add("--dry-run", action="store_true", help="show the difference and change nothing")
    add("--remove-missing", action="store_true", help="drop entries that the run does not have")
    add_flags(parser, GOLD, BACKEND, *output("show: for machines"))


def run(args: argparse.Namespace) -> int:
    return _show(args) if args.action == "show" else _accept(args)


def _show(args: argparse.Namespace) -> int:
    from harness.decide import baseline
    from harness.report.baseline import baseline_table
    from harness.results.finder import fits

    if args.run != DEFAULT_RUN:
        raise UsageError("show is of a baseline and takes no run: name the file with --baseline")
    accepted = baseline.read(args.baseline)
    entries = [
        entry
        for entry in accepted.entries
        if fits(entry.gold, args.gold) and fits(entry.backend, args.backend)
    ]
    if accepted.entries and not entries:
        raise UsageError(f"{args.baseline} has nothing that fits --gold and --backend")
    accepted = replace(accepted, entries=tuple(entries))
    table = baseline_table(accepted, title=str(args.baseline))
    _print(table, args)
    return 0


def _print(table: Table, args: argparse.Namespace) -> None:
    if args.json:
        print_json([dict(zip(table.headers, row, strict=True)) for row in table.rows])
    else:
        print_tables([table], args.format, args.columns)


def _accept(args: argparse.Namespace) -> int:
    from pathlib import Path

    from harness.cli.scored_runs import warn_of_scores
    from harness.decide import baseline
    from harness.report.baseline import difference_table
    from harness.results.finder import GoldFinder
    from harness.results.load import from_run, read_run
    from harness.results.select import asked_for, named_backends

    record, _ = opened = read_run(args.run)
    finder = GoldFinder(args.gold)
    measured = asked_for(from_run(opened, finder=finder), finder)
    scored = named_backends(measured, args.backend)
    warn_of_scores(scored)
    new = baseline.accepted(scored, record)
    # A broken baseline is an error here too: it is never overwritten unseen.
    old = baseline.read(args.baseline) if Path(args.baseline).exists() else None
    merged = baseline.merge(old, new, remove_missing=args.remove_missing)
    _print(difference_table(old, merged), args)
    sys.stdout.flush()
    if args.dry_run:
        note("nothing was changed (--dry-run)")
        return 0
    _confirm(args, old)
    baseline.write(args.baseline, merged)
    _tell(merged, args.baseline, scored)
    return 0


def _confirm(args: argparse.Namespace, old: Baseline | None) -> None:
    if args.yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("the baseline was not changed: nobody to ask; --yes accepts in a script")
    what = "Replace" if old is not None else "Write"
    sys.stderr.write(f"{what} {one_line(str(args.baseline))}? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("the baseline was not changed")


def _tell(accepted: Baseline, path: str, scored: Sequence[Scored]) -> None:
    from harness.decide import baseline
    from harness.report.method import shared

    reasons = {(one.gold, one.task, one.backend): one.without_outcomes for one in scored}
    bare = (
        (entry.backend, "", reasons.get(entry.key, "it was accepted so before"))
        for entry in accepted.entries
        if entry.outcomes is None
    )
    second = baseline.second_file(path)
    note(f"{path}: {len(accepted.entries)} entries; counts and mentions are in {second} beside it")
    for line in shared(bare):
        note(f"without mentions, so that flips cannot be shown: {line}")
