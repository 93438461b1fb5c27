"""`harness history`: add a run to the story of scores over time, or tell it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from harness.cli.common import (
    BACKEND,
    DEFAULT_HISTORY,
    DEFAULT_RUN,
    GOLD,
    TASK,
    add_flags,
    output,
)
from harness.cli.pages import figure_flags
from harness.cli.printer import print_json, print_sections
from harness.errors import InputError, UsageError
from harness.options import Flag
from harness.stats.permutation import ALPHA
from harness.table import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.decide.history.series import Series
    from harness.results.load import Opened

EPILOG = """\
add RUN      append the run's scores, a line for each backend, gold set, task and part; a run that
             is there already changes nothing
show [FILE]  every series with its steps and drifts, and what changed there; also without "show"
The file is added to only, and its lines may stand in any order: git merges it with
"results/history.jsonl merge=union" in .gitattributes. A line that cannot be used is named and left
out; with --strict that is exit status 2.

examples:
  harness history add results --history trend.jsonl && harness history show trend.jsonl
  harness history add results && harness history --task ner --part micro
  harness history add results && harness history show --html history.html
"""

_ACTIONS = ("add", "show")


def configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("action", nargs="?", metavar="add|show", help="default: show")
    add("path", nargs="?", metavar="RUN|FILE", help=f"default: {DEFAULT_RUN}, {DEFAULT_HISTORY}")
    add("--history", metavar="FILE", help=f"the file; default: {DEFAULT_HISTORY}")
    part = Flag("only this part, such as micro", name="part", metavar="NAME", many=True)
    alpha = Flag(
        "show: how often a series without a change may get one",
        name="alpha",
        kind=float,
        default=ALPHA,
        metavar="P",
        least=0.001,  # Of 5,000 turned courses too few would speak.
        most=0.5,
    )
    strict = Flag("a line that cannot be used is exit status 2", name="strict", kind=bool)
    add_flags(parser, GOLD, BACKEND, TASK, part, alpha, strict)
    add_flags(
        parser,
        Flag("show: write one self-contained page", name="html", metavar="FILE"),
        *figure_flags(),
        *output("show: every series, for machines"),
    )


def run(args: argparse.Namespace) -> int:
    action, path = args.action or "show", args.path
    if action not in _ACTIONS:
        if path is not None:
            raise UsageError(f"history {action!r}: expected add RUN, or show FILE")
        action, path = "show", action
    return _add(args, path) if action == "add" else _show(args, path)


def _add(args: argparse.Namespace, path: str | None) -> int:
    from harness.cli.history_file import append
    from harness.results.load import read_run

    if args.gold or args.backend or args.part or args.task:
        raise UsageError("history add takes the whole run: choose with history show")
    said = {
        "--alpha": args.alpha != ALPHA,
        "--html": args.html,
        "--figures": args.figures,
        "--figure-format": args.figure_format,
        "--format": args.format != "simple",
        "--columns": args.columns,
        "--json": args.json,
    }
    if unused := [name for name, value in said.items() if value]:
        raise UsageError(f"history add shows nothing: leave out {listed(unused)}")
    opened: Opened = read_run(path or DEFAULT_RUN)
    problems = append(args.history or DEFAULT_HISTORY, opened)
    return InputError.exit_status if args.strict and problems else 0


def _show(args: argparse.Namespace, path: str | None) -> int:
    from harness.cli.history_file import tell_problems
    from harness.decide.history.file import read_history
    from harness.decide.history.series import chosen_lines, series_of
    from harness.report.history import history_lines, history_table
    from harness.report.sections import Section

    if path is not None and args.history is not None:
        raise UsageError("history show was given two files: name one")
    if args.figure_format and not args.figures:
        raise UsageError("--figure-format is of figures: add --figures FOLDER, or leave it out")
    file = path or args.history or DEFAULT_HISTORY
    history = read_history(file)
    tell_problems(history.problems)
    lines = chosen_lines(
        history.lines, gold=args.gold, backend=args.backend, part=args.part, task=args.task
    )
    series = series_of(lines, alpha=args.alpha)
    written = _write(args, series, str(file))
    if args.json:
        problems = [{"line": one.line, "problem": one.message} for one in history.problems]
        print_json({"file": str(file), "series": series, "left_out": problems})
    elif written:
        pass
    elif not series:
        nothing = f"{file} holds no record yet: harness history add RUN"
        print_sections([Section([], [nothing])], args.format)
    else:
        table = history_table(series, title=str(file), alpha=args.alpha)
        section = Section([table], list(history_lines(series)))
        print_sections([section], args.format, args.columns)
    return InputError.exit_status if args.strict and history.problems else 0


def _write(args: argparse.Namespace, series: Sequence[Series], title: str) -> bool:
    """The page and the figures that were asked for; whether there were any."""
    from harness.cli.pages import write_charts, write_page
    from harness.report.figures.history import series_figure
    from harness.report.page.history import drawn_series, history_page

    if args.html:
        write_page(args.html, history_page(series, title=title, alpha=args.alpha))
    if args.figures:
        charts = map(series_figure, drawn_series(series))
        write_charts(args, [one for one in charts if one is not None])
    return bool(args.html or args.figures)
