"""`harness report`: print stored runs' tables again, or write them as a page or as figures."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.common import DEFAULT_RUN, GOLD, add_flags, output
from harness.options import Flag, comma_list

if TYPE_CHECKING:
    from harness.results.finder import GoldFinder
    from harness.results.record import RunRecord

EPILOG = """\
Reads the run record and needs no backend. The HTML page is one file without any link to the
network; it shows every mention in its text when the gold set is on this machine.

examples:
  harness report results --html report.html
  harness report results --figures figures --figure-format json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    from harness.run.sizes import parse_size

    add = parser.add_argument
    add(
        "run", nargs="*", default=[DEFAULT_RUN], metavar="RUN", help=f"runs; default: {DEFAULT_RUN}"
    )
    add("--rankings", action="store_true", help="the ranking tables only")
    add_flags(
        parser,
        replace(GOLD, help="where a gold set lies now", metavar="PATH"),
        Flag("write one self-contained page instead of printing", name="html", metavar="FILE"),
        Flag(
            "of the texts in the page; default: 14MB",
            name="page_size",
            metavar="SIZE",
            parse=parse_size,
        ),
        Flag("write every figure into a folder", name="figures", metavar="FOLDER"),
        Flag(
            "of the figures: svg, png, pdf, json; default: svg,png,pdf",
            name="figure_format",
            metavar="A,B",
            default=(),
            parse=comma_list,
        ),
        *output("print the run record"),
    )


def run(args: argparse.Namespace) -> int:
    from harness.cli.printer import print_tables, print_whole
    from harness.cli.scored_runs import warn_of_scores
    from harness.errors import UsageError
    from harness.report.run import details, ranking_tables
    from harness.results import stored
    from harness.results.finder import GoldFinder
    from harness.results.load import read_run, scored_in

    finder = GoldFinder(args.gold)
    runs = [read_run(one) for one in args.run]
    for record, folder in runs:
        finder.learn(record, folder)
    finder.check_patterns()
    if args.json:
        if len(runs) > 1:
            raise UsageError("--json prints one record: name one run")
        print_whole(stored.to_json(runs[0][0]))
    for record, folder in runs:
        warn_of_scores(scored_in(record, folder, (*record.results, *record.common)))
    _write(args, runs, finder)
    if args.json or args.html or args.figures:
        return 0
    tables = []
    for record, folder in runs:
        rest = [] if args.rankings else details(record, folder)
        tables += [*rest, *ranking_tables(record, folder)]
    print_tables(tables, args.format)
    return 0


def _write(
    args: argparse.Namespace, runs: list[tuple[RunRecord, Path]], finder: GoldFinder
) -> None:
    """The page and the figures that were asked for."""
    from harness.cli.printer import note

    if args.html:
        from harness.formats.files import write_text
        from harness.report.page.documents import PAGE_BYTES
        from harness.report.page.report import report_page

        text, missing = report_page(runs, finder, room=args.page_size or PAGE_BYTES)
        write_text(args.html, text)
        for line in missing:
            note(line)
        note(f"wrote {args.html}")
    if args.figures:
        from harness.report.figures.write import FIGURE_FORMS, write_figures
        from harness.report.page.report import panels_of, placed_figures

        forms = args.figure_format or FIGURE_FORMS[:3]
        figures = placed_figures(panels_of(runs, finder, room=None))
        files = write_figures(list(figures.values()), args.figures, forms)
        note(f"wrote {len(files)} files into {args.figures}")
