"""`harness audit`: where the gold itself may be wrong."""

from __future__ import annotations

import argparse

from harness.cli.common import (
    BACKEND,
    FORCE,
    GOLD,
    RECOUNT,
    TASK,
    add_flags,
    add_run,
    count,
    output,
)
from harness.cli.printer import print_json, print_lines
from harness.errors import NothingMeasured

EPILOG = """\
Lists the mentions on which all backends of a run agree with each other but not with the gold, with
context: candidates for gold errors. And the gold mentions that no backend finds. Works from the
run's stored predictions and the gold set; nothing is predicted.

example:
  harness audit results --gold seeds --task ner
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    add_flags(
        parser,
        GOLD,
        TASK,
        BACKEND,
        count("agree", "N backends have to agree; default: all", least=2),
        RECOUNT,
        FORCE,
        count("limit", "show at most N of each kind"),
        *output("for machines", tables=False),
    )


def run(args: argparse.Namespace) -> int:
    from harness.cli.scored_runs import aligned, real_groups
    from harness.coding import encode
    from harness.decide.audit import audit
    from harness.report.choice import audit_lines
    from harness.results.finder import GoldFinder

    groups = real_groups(args.run, args, GoldFinder(args.gold)).values()
    several = [aligned(one, force=args.force) for one in groups if len(one) > 1]
    if not several:
        raise NothingMeasured("an audit takes a run with at least two backends on one gold set")
    audits = [audit(group, agree=args.agree, force=args.force) for group in several]
    if args.json:
        values = []
        for one in audits:
            value = encode(one)
            del value["texts"]
            values.append(value)
        print_json(values)
        return 0
    for one in audits:
        print_lines([*audit_lines(one, limit=args.limit), ""])
    return 0
