"""`harness compare`: what differs between backends, and whether that means anything."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.cli.common import (
    BACKEND,
    FORCE,
    GOLD,
    RECOUNT,
    RESAMPLES,
    SEED,
    TASK,
    add_flags,
    count,
    output,
    reading_flags,
)
from harness.cli.pages import HTML, write_page
from harness.cli.printer import note, print_json, print_sections
from harness.coding import whole_number
from harness.options import Flag, changed, from_flags
from harness.run.options import task_flags
from harness.stats.units import COMPARE_SUPPORT

if TYPE_CHECKING:
    from harness.decide.comparison import Comparison
    from harness.report.sections import Section
    from harness.results.scored import Scored

EPILOG = """\
Give runs (a folder with run.json) or files of predictions; the first backend is the reference. One
run alone compares its backends with each other. Files of predictions need --gold and --task.
Backends that were not counted in the same way are refused, and the field that differs is named.

examples:
  harness compare results
  harness compare results/before results/after --backend spacy/en_core_web_sm
  harness compare a.jsonl b.jsonl --gold goldsets/seeds --task ner
  harness compare results --html compare.html
"""


ALL = "all"


def _flips(text: str) -> int | str:
    try:
        return text if text == ALL else whole_number(text)
    except ValueError:
        raise ValueError("a whole number from 0 up, or all") from None


FLIPS = Flag(
    "flips of every backend, N of each kind, or all; default: 20 of the best other",
    name="flips",
    metavar="N",
    parse=_flips,
)


def configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("input", nargs="+", metavar="RUN_OR_PRED", help="runs or predictions; reference first")
    add_flags(parser, GOLD, TASK, replace(BACKEND, help="only these; first = ref"))
    add("--metric", default="f1", help="precision, recall or f1 (default)")
    add("--part", metavar="NAME", help="an entity type or attribution part; default: the headline")
    counting = task_flags()
    changes: dict[str, dict[str, Any]] = {
        flag.name: {"help": "for predictions", "default": None} for flag in counting
    }
    for flag in reading_flags():
        changes[flag.name] = {"default": None, "help": flag.help}
    add_flags(
        parser,
        *changed(counting, **changes),
        RECOUNT,
        FORCE,
        count("min_support", "per type only from N gold up", default=COMPARE_SUPPORT),
        FLIPS,
        RESAMPLES,
        replace(SEED, default=None, help="of the resampling; default: as the run says"),
        HTML,
        *output("everything, for machines"),
    )


def run(args: argparse.Namespace) -> int:
    from harness.cli.scored_runs import aligned
    from harness.decide.compare import compare
    from harness.errors import NothingMeasured, UsageError
    from harness.results.select import grouped

    for option, given in (("--columns", args.columns), ("--flips", args.flips is not None)):
        if args.html and given:
            raise UsageError(f"the page has everything: leave out {option}")
    groups = grouped(_chosen(_scored(args), args.backend), task=args.task)
    if not groups:
        raise NothingMeasured("nothing to compare: no backend of these runs has counts")
    comparisons = [
        compare(
            aligned(group, force=args.force),
            metric=args.metric,
            part=args.part,
            **{flag.name: getattr(args, flag.name) for flag in reading_flags()},
            resamples=args.resamples,
            seed=args.seed,
            force=args.force,
            min_support=args.min_support,
        )
        for group in groups.values()
        if len(group) > 1 or len(groups) == 1
    ]
    if not comparisons:
        raise NothingMeasured(
            "nothing to compare: every gold set and task has one backend only; there is: "
            + ", ".join(f"{s[0].name} on {gold} ({task})" for (gold, task), s in groups.items())
        )
    if args.html:
        from harness.report.page.comparison import comparison_page

        write_page(args.html, comparison_page(comparisons, min_support=args.min_support))
    if args.json:
        print_json([one.to_json() for one in comparisons])
    if args.json or args.html:
        return 0
    print_sections([_section(one, args) for one in comparisons], args.format, args.columns)
    return 0


def _section(comparison: Comparison, args: argparse.Namespace) -> Section:
    from harness.report.comparison import comparison_tables, flip_lines, some_flip_lines
    from harness.report.sections import Section

    tables = comparison_tables(comparison, min_support=args.min_support)
    if args.flips is None:
        return Section(tables, list(some_flip_lines(comparison)))
    if args.flips == 0:
        return Section(tables)
    limit = None if args.flips == ALL else args.flips
    return Section(tables, list(flip_lines(comparison, limit=limit)))


def _scored(args: argparse.Namespace) -> list[Scored]:
    from harness.decide.baseline import is_baseline
    from harness.decide.sources import load_sources
    from harness.gold.loading import load_goldset
    from harness.results.finder import GoldFinder
    from harness.results.load import is_run
    from harness.results.select import asked_for
    from harness.tasks.registry import task_named

    finder = GoldFinder(args.gold)
    counted = any(is_run(one) or is_baseline(one) for one in args.input)
    if len(args.gold) == 1 and not finder.is_given and not counted:
        load_goldset(args.gold[0])  # No record knows it by name: it says what is not there.
    one_gold = len(args.gold) == 1 and finder.is_given
    options = None
    if args.task is not None:
        task = task_named(args.task)
        told = vars(args)
        options = from_flags(task.options, told, *task.signed)
    scored = load_sources(
        args.input,
        finder,
        goldset=load_goldset(args.gold[0]) if one_gold else None,
        task=args.task,
        options=options,
        schema=args.schema,
    )
    scored = [finder.under_known_name(one) for one in scored]
    return asked_for(scored, finder, args.task) if any(one.result for one in scored) else scored


def _chosen(scored: list[Scored], names: list[str]) -> list[Scored]:
    """Those asked for, in that order; without names, all but the sanity rows."""
    from harness.results.select import named_backends

    chosen = named_backends(scored, names)
    if not names and len(chosen) < len(scored):
        note("sanity rows are left out; name them with --backend")
    return chosen
