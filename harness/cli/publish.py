"""What `run` and `merge` leave behind: tables on stdout, and as Markdown beside the record."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.printer import print_tables, print_whole
from harness.decide.ranking import rankings
from harness.formats.files import write_text
from harness.paths import LEADERBOARD
from harness.report.run import details, in_order, leaderboard, ranking_tables
from harness.results.record import RunRecord
from harness.results.stored import to_json

__all__ = ["publish"]


def publish(args: argparse.Namespace, record: RunRecord) -> None:
    """Print the tables of the record in the folder `args.out` and write its leaderboard."""
    found = rankings(record, args.out)
    ranked, each = ranking_tables(record, found), details(record, args.out, found)
    write_text(Path(args.out) / LEADERBOARD, leaderboard(record, [*ranked, *each]))
    if args.json:
        print_whole(to_json(record))
        return
    shown = in_order(ranked, [] if args.rankings else each, args.format)
    print_tables(shown, args.format, args.columns)
