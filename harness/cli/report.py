"""`harness report`: print a stored run's tables again, or write them as one HTML page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.report.tables import FORMATS

EPILOG = """\
Reads the run record and needs no backend. The HTML page is one file without any link to the
network; it shows every mention in its text when the gold set is on this machine.

example:
  harness report results --html report.html
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("run", nargs="?", default="results", metavar="RUN", help="run folder or run.json")
    add("--format", choices=FORMATS, default="simple", help="default: simple")
    add("--rankings", action="store_true", help="the ranking tables only")
    add("--html", metavar="FILE", help="write one self-contained page instead of printing")
    add("--json", action="store_true", help="print the run record")


def run(args: argparse.Namespace) -> int:
    from harness import record as records
    from harness.report.run import description, details, rankings
    from harness.report.tables import render

    path = Path(args.run)
    folder = path if path.is_dir() else path.parent
    record = records.read(path)
    if args.json and not args.html:
        print(records.to_json(record), end="")
        return 0
    first, rest = rankings(record, folder), [] if args.rankings else details(record, folder)
    if not args.html:
        print(render([*rest, *first], args.format))
        return 0
    from harness.formats.files import write_text
    from harness.report.browse import groups
    from harness.report.html import page

    browsed = groups(record, folder)
    title = "NLP backends compared"
    write_text(args.html, page(title, description(record), first, folded=rest, groups=browsed))
    print(f"harness: wrote {args.html}", file=sys.stderr)
    return 0
