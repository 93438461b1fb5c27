"""`harness check`: the CI gate. Has a score really dropped?"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.common import (
    BACKEND,
    BASELINE,
    GOLD,
    HISTORY,
    RESAMPLES,
    add_flags,
    add_run,
    output,
    reading_flags,
)
from harness.cli.printer import note, print_json, print_lines, print_sections
from harness.media import verbatim

if TYPE_CHECKING:
    from harness.decide.gate.verdicts import GateReport
    from harness.results.load import Opened

EPILOG = """\
A drop fails when it is larger than its margin and its paired interval lies below 0; so do a
document that had five right mentions and has none, and a pinned mention that is not found; types
with little support warn. Whatever is in the baseline and not in the run was not checked, and that
is exit status 3. The baseline changes by `harness baseline accept` alone. Without --rules the
headline may drop by 1 point, each entity type by 3.

examples:
  harness check results/now --baseline results/baseline.json
  harness check --replay results --baseline results/baseline.json --rules gate.toml --junit gate.xml
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add_run(parser)
    add_flags(parser, BASELINE)
    add("--rules", metavar="FILE", help="floors, largest drops and pinned mentions (TOML)")
    add("--replay", action="store_true", help="count the run's stored predictions again; no model")
    add_flags(parser, GOLD, BACKEND, *reading_flags())
    add("--junit", metavar="FILE", help="write JUnit XML")
    add("--summary", metavar="FILE", help="append the Markdown summary (always in GitHub Actions)")
    add("--badge", metavar="FILE", help="write a shields.io badge")
    add("--all", action="store_true", help="show what passed, too")
    add_flags(parser, HISTORY, RESAMPLES, *output("every verdict, for machines"))


def run(args: argparse.Namespace) -> int:
    from harness.cli.history_file import append_last
    from harness.results.load import read_run

    opened: Opened = read_run(args.run)
    report = _report(args, opened)
    _write(report, args)
    if args.json:
        print_json(report.to_json())
    else:
        _print(report, args)
    # Whatever the verdict, which stands; what the run counted, also of a replay.
    added = append_last(args.history, opened)
    return report.exit_status or added


def _report(args: argparse.Namespace, opened: Opened) -> GateReport:
    from dataclasses import replace

    from harness.decide import baseline
    from harness.decide.gate.check import check
    from harness.decide.rules import default_rules, read_rules
    from harness.results.finder import GoldFinder
    from harness.results.load import from_run
    from harness.results.record import ResultKey

    rules = default_rules() if args.rules is None else read_rules(args.rules)
    accepted = baseline.read(args.baseline)
    record, folder = opened
    finder = GoldFinder(args.gold)
    unread: dict[ResultKey, str] = {}
    scored = from_run(opened, finder=finder, replay=args.replay, lenient=True, unread=unread)
    report = check(
        record,
        scored,
        accepted,
        rules,
        gold=finder.patterns,
        backends=args.backend,
        unread=unread,
        reading={flag.name: getattr(args, flag.name) for flag in reading_flags()},
        resamples=args.resamples,
    )
    shown = f"{folder}, counted again" if args.replay else str(folder)
    return replace(report, baseline=str(args.baseline), run=shown)


def _write(report: GateReport, args: argparse.Namespace) -> None:
    from harness.report.badge import write_badge
    from harness.report.github import append_summary
    from harness.report.junit import write_junit

    if args.junit:
        write_junit(args.junit, report)
    if args.badge:
        write_badge(args.badge, report)
    for file in (args.summary, os.environ.get("GITHUB_STEP_SUMMARY")):
        if file and (problem := append_summary(report, Path(file))):
            note(problem)


def _print(report: GateReport, args: argparse.Namespace) -> None:
    from harness.report.gate import gate_lines, gate_table
    from harness.report.github import annotation_commands
    from harness.report.sections import Section

    table = gate_table(report, everything=args.all)
    lines = list(gate_lines(report))
    if not table.rows and args.format == "simple":
        print_lines([table.title, *table.notes, *(["", *lines] if lines else ())], args.format)
    else:
        print_sections([Section([table], lines)], args.format, args.columns)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in annotation_commands(report):
            verbatim(sys.stdout, f"{line}\n")
