"""`harness check-backend`: the contract test for anybody's adapter."""

from __future__ import annotations

import argparse
from dataclasses import replace

from harness.cli.common import LABELS_FLAG, TASK, add_flags, output, worker
from harness.cli.printer import print_json, print_lines
from harness.errors import UsageError
from harness.options import build
from harness.registry import BackendSpec, adapter_of

EPILOG = """\
Asks a backend what every backend is asked: empty, odd and very long texts, the same texts again, in
another order, in batches. Time has to be linear in the length of a text, whatever it consists of.
Nothing is cached. Exit status 1 when a check fails.

example:
  harness check-backend spacy/en_core_web_sm
"""

_MARKS = {"ok": "ok     ", "failed": "FAILED ", "warning": "warning"}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("backend", help="for example spacy/en_core_web_sm")
    add_flags(parser, replace(TASK, help="default: every task of the backend"), LABELS_FLAG)
    parser.add_argument(
        "--no-long", action="store_true", help="leave out the documents of 200,000 characters"
    )
    add_flags(parser, *output("for machines", tables=False), *worker())


def run(args: argparse.Namespace) -> int:
    from harness.run.contract import check_backend
    from harness.run.options import WorkerOptions

    spec = BackendSpec.parse(args.backend)
    options = build(WorkerOptions, vars(args))
    declared = adapter_of(spec).declaration
    if args.task and args.task not in declared.tasks:
        raise UsageError(declared.only(spec))
    by_task = {
        task: check_backend(
            spec,
            task,
            labels=args.labels,
            limits=options.limits,
            offline=options.offline,
            passed=options.pass_env,
            long=not args.no_long,
        )
        for task in declared.tasks
        if args.task in (None, task)
    }
    failed = sum(check.status == "failed" for checks in by_task.values() for check in checks)
    if args.json:
        print_json({"backend": str(spec), "failed": failed, "tasks": by_task})
        return 1 if failed else 0
    for task, checks in by_task.items():
        lines = [f"{spec} ({task})"]
        for check in checks:
            detail = f": {check.detail}" if check.detail else ""
            lines.append(f"  {_MARKS[check.status]} {check.name}{detail}")
            if check.mend and check.status != "ok":
                lines.append(f"          {check.mend}")
        print_lines(lines)
    print_lines([f"{failed} check(s) failed" if failed else "the contract is kept"])
    return 1 if failed else 0
