"""`harness report`: print a stored run's tables again, or write them as one HTML page."""

from __future__ import annotations

import argparse
from dataclasses import replace

from harness.cli.common import GOLD, add_flags, add_run, output

EPILOG = """\
Reads the run record and needs no backend. The HTML page is one file without any link to the
network; it shows every mention in its text when the gold set is on this machine.

example:
  harness report results --html report.html
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add_run(parser)
    add("--rankings", action="store_true", help="the ranking tables only")
    add_flags(parser, replace(GOLD, help="where a gold set lies now", metavar="PATH"))
    add("--html", metavar="FILE", help="write one self-contained page instead of printing")
    add_flags(parser, *output("print the run record"))


def run(args: argparse.Namespace) -> int:
    from harness.cli.printer import note, print_tables, print_whole
    from harness.cli.scored_runs import warn_of_scores
    from harness.report.run import description, details, ranking_tables
    from harness.results import stored
    from harness.results.finder import GoldFinder
    from harness.results.load import read_run, scored_in

    record, folder = read_run(args.run)
    finder = GoldFinder(args.gold)
    finder.learn(record, folder)
    finder.check_patterns()
    if args.json:
        print_whole(stored.to_json(record))
        if not args.html:
            return 0
    warn_of_scores(scored_in(record, folder, (*record.results, *record.common)))
    first, rest = ranking_tables(record, folder), [] if args.rankings else details(record, folder)
    if not args.html:
        print_tables([*rest, *first], args.format, args.columns)
        return 0
    from harness.formats.files import write_text
    from harness.report.browse import browse
    from harness.report.html import page

    browsed, missing = browse(record, folder, finder)
    head = [*description(record), *missing]
    write_text(args.html, page("NLP backends compared", head, first, folded=rest, groups=browsed))
    for text in missing:
        note(text)
    note(f"wrote {args.html}")
    return 0
