"""`harness report`: print stored runs' tables again, or write them as a page or as figures."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.cli.common import BACKEND, DEFAULT_RUN, GOLD, TASK, add_flags, output
from harness.cli.pages import HTML, figure_flags, write_charts, write_page
from harness.errors import NothingMeasured, UsageError
from harness.options import Flag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.report.page.report import RankedRun
    from harness.table import Table

EPILOG = """\
Reads run records and needs no backend. The HTML page is one file without any link to the network;
it shows every mention in its text when the gold set is on this machine. --gold takes a name of the
run, or a path, which also says where that gold set lies now. --json prints the whole record.

examples:
  harness report results --task ner --no-sanity --columns F1,words/s
  harness report results --html report.html
  harness report results --figures figures --figure-format json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    from harness.run.sizes import parse_size

    add = parser.add_argument
    add(
        "run", nargs="*", default=[DEFAULT_RUN], metavar="RUN", help=f"runs; default: {DEFAULT_RUN}"
    )
    add_flags(
        parser, replace(GOLD, help="only this gold set; a path: where it lies now"), TASK, BACKEND
    )
    add("--no-sanity", action="store_true", help="without the rows that check the harness")
    add("--rankings", action="store_true", help="the ranking tables only")
    add("--pool", action="store_true", help="one result over all gold sets, in place of the tables")
    add_flags(
        parser,
        *output("print the run record"),
        replace(HTML, group="page"),
        Flag(
            "of the texts in it; default: 14MB",
            name="page_size",
            metavar="SIZE",
            parse=parse_size,
            group="page",
        ),
        *figure_flags(),
    )


def run(args: argparse.Namespace) -> int:
    from harness.cli.printer import note, print_tables, print_whole
    from harness.cli.scored_runs import warn_of_scores
    from harness.report.page.report import RankedRun
    from harness.results import stored
    from harness.results.finder import GoldFinder
    from harness.results.load import read_run
    from harness.results.select import selected

    _check(args)
    opened = [read_run(one) for one in args.run]
    if args.json:
        print_whole(stored.to_json(opened[0][0]))
        if not args.html and not args.figures:
            return 0
    runs, refused = [], []
    for whole, folder in opened:
        # Each run has gold of its own: two may call different sets by one name.
        finder = GoldFinder(args.gold)
        finder.learn(whole, folder)
        try:
            record = selected(
                whole, finder, task=args.task, backends=args.backend, sanity=not args.no_sanity
            )
        except (NothingMeasured, UsageError) as error:
            refused.append((folder, error))
            continue
        runs.append(RankedRun.of(record, folder, finder))
        rows = (row.scored for ranking in runs[-1].rankings for row in ranking.rows)
        warn_of_scores(one for one in rows if one is not None)
    if not runs:
        raise refused[0][1]
    for folder, reason in refused:
        note(f"{folder} is left out: {reason}")
    if args.html or args.figures:
        _write(args, runs)
    else:
        print_tables(_tables(args, runs), args.format, args.columns)
    return 0


def _check(args: argparse.Namespace) -> None:
    """Raise `UsageError` for options that would do nothing."""
    writes = args.html or args.figures
    narrowing = {
        "--gold": args.gold and not writes,
        "--task": args.task,
        "--backend": args.backend,
        "--no-sanity": args.no_sanity,
        "--pool": args.pool,
        "--rankings": args.rankings,
        "a second run": len(args.run) > 1,
    }
    for option, given in narrowing.items():
        if given and args.json:
            raise UsageError(
                f"--json prints one whole record: leave out {option}, or say --format json"
            )
    for option, given in (("--columns", args.columns), ("--rankings", args.rankings)):
        if writes and given:
            raise UsageError(f"pages and figures have everything: leave out {option}")
    others = (
        ("--html", args.html),
        ("--figures", args.figures),
        ("--rankings", args.rankings),
        ("a second run", len(args.run) > 1),
    )
    for option, given in others:
        if given and args.pool:
            raise UsageError(f"--pool prints tables of its own: leave out {option}")
    for option, given, needed in (
        ("--page-size", args.page_size, "--html"),
        ("--figure-format", args.figure_format, "--figures"),
    ):
        if given and not getattr(args, needed[2:]):
            raise UsageError(f"{option} is for {needed}, which is not asked for")


def _tables(args: argparse.Namespace, runs: Sequence[RankedRun]) -> list[Table]:
    from harness.decide.pool import pools
    from harness.report.pool import pool_table
    from harness.report.run import details, in_order, noted, ranking_table

    if args.pool:
        return [
            table
            for record, folder, *_ in runs
            for table in noted(record, [pool_table(pool) for pool in pools(record, folder)])
        ]
    out = []
    for record, folder, ranked, _ in runs:
        each = [] if args.rankings else details(record, folder, ranked)
        shown = noted(record, [ranking_table(one) for one in ranked])
        tables = in_order(shown, each, args.format)
        before = f"{folder}: " if len(runs) > 1 else ""
        out += [replace(one, title=f"{before}{one.title}") for one in tables]
    return out


def _write(args: argparse.Namespace, runs: Sequence[RankedRun]) -> None:
    """The page and the figures that were asked for."""
    from harness.cli.printer import note

    if args.html:
        from harness.report.page.documents import PAGE_BYTES
        from harness.report.page.report import report_page

        text, missing = report_page(runs, room=args.page_size or PAGE_BYTES)
        for line in missing:
            note(line)
        write_page(args.html, text)
    if args.figures:
        from harness.report.page.report import panels_of, placed_figures

        write_charts(args, list(placed_figures(panels_of(runs, room=None)).values()))
