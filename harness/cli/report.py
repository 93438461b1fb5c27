"""`harness report`: print a stored run's tables again, or write them as one HTML page."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.cli.common import BACKEND, GOLD, TASK, add_flags, add_run, output
from harness.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from harness.results.finder import GoldFinder
    from harness.results.record import RunRecord
    from harness.table import Table

EPILOG = """\
Reads the run record and needs no backend. The HTML page is one file without any link to the
network; it shows every mention in its text when the gold set is on this machine. --gold takes a
name of the run, or a path, which also says where that gold set lies now. --json prints the whole
record.

examples:
  harness report results --task ner --no-sanity --columns F1,words/s
  harness report results --html report.html
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add_run(parser)
    add_flags(
        parser, replace(GOLD, help="only this gold set; a path: where it lies now"), TASK, BACKEND
    )
    add("--no-sanity", action="store_true", help="without the rows that check the harness")
    add("--rankings", action="store_true", help="the ranking tables only")
    add("--pool", action="store_true", help="one result over all gold sets, in place of the tables")
    add("--html", metavar="FILE", help="write one self-contained page instead of printing")
    add_flags(parser, *output("print the run record"))


def run(args: argparse.Namespace) -> int:
    from harness.cli.printer import print_tables, print_whole
    from harness.cli.scored_runs import warn_of_scores
    from harness.results import stored
    from harness.results.finder import GoldFinder
    from harness.results.load import read_run, scored_in
    from harness.results.select import selected

    _check(args)
    whole, folder = read_run(args.run)
    finder = GoldFinder(args.gold)
    finder.learn(whole, folder)
    record = selected(
        whole, finder, task=args.task, backends=args.backend, sanity=not args.no_sanity
    )
    if args.json:
        print_whole(stored.to_json(whole))
        if not args.html:
            return 0
    warn_of_scores(scored_in(record, folder, (*record.results, *record.common)))
    if args.html:
        _write_page(args, record, folder, finder)
    else:
        print_tables(_tables(args, record, folder), args.format, args.columns)
    return 0


def _check(args: argparse.Namespace) -> None:
    """Raise `UsageError` for options that would do nothing."""
    narrowing = {
        "--gold": args.gold and not args.html,
        "--task": args.task,
        "--backend": args.backend,
        "--no-sanity": args.no_sanity,
        "--pool": args.pool,
    }
    for option, given in narrowing.items():
        if given and args.json:
            raise UsageError(
                f"--json prints the whole record: leave out {option}, or say --format json"
            )
    if args.html and args.columns:
        raise UsageError("the page has every column: leave out --columns")
    for option, given in (("--html", args.html), ("--rankings", args.rankings)):
        if given and args.pool:
            raise UsageError(f"--pool prints tables of its own: leave out {option}")


def _tables(args: argparse.Namespace, record: RunRecord, folder: Path) -> list[Table]:
    from harness.decide.pool import pools
    from harness.report.pool import pool_table
    from harness.report.run import details, in_order, ranking_tables

    if args.pool:
        return [pool_table(pool) for pool in pools(record, folder)]
    each = [] if args.rankings else details(record, folder)
    return in_order(ranking_tables(record, folder), each, args.format)


def _write_page(
    args: argparse.Namespace, record: RunRecord, folder: Path, finder: GoldFinder
) -> None:
    from harness.cli.printer import note
    from harness.formats.files import write_text
    from harness.report.browse import browse
    from harness.report.html import page
    from harness.report.run import description, details, ranking_tables

    browsed, missing = browse(record, folder, finder)
    first, rest = ranking_tables(record, folder), [] if args.rankings else details(record, folder)
    head = [*description(record), *missing]
    write_text(args.html, page("NLP backends compared", head, first, folded=rest, groups=browsed))
    for text in missing:
        note(text)
    note(f"wrote {args.html}")
