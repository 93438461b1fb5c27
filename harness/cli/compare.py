"""`harness compare`: what differs between backends, and whether that means anything."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

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
    counting,
    output,
)
from harness.errors import UsageError
from harness.options import changed

if TYPE_CHECKING:
    from harness.decide.compare import Comparison, System
    from harness.gold.goldset import GoldSet

EPILOG = """\
Give runs (a folder with run.json) or files of predictions; the first system is the reference. One
run alone compares its backends with each other. Files of predictions need --gold and --task.
Systems that were not counted in the same way are refused, and the field that differs is named.

examples:
  harness compare results
  harness compare results/before results/after --backend spacy/en_core_web_sm
  harness compare a.jsonl b.jsonl --gold goldsets/seeds --task ner
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("input", nargs="+", metavar="RUN_OR_PRED", help="runs or predictions; reference first")
    add_flags(parser, GOLD, TASK, replace(BACKEND, help="only these; first = ref"))
    add("--metric", default="f1", help="precision, recall or f1 (default)")
    add("--part", metavar="NAME", help="an entity type or attribution part; default: the headline")
    as_scored = {"default": None, "help": "default: as scored"}
    add_flags(
        parser,
        *changed(counting(), match=as_scored, boundary={"help": "for predictions"}),
        RECOUNT,
        FORCE,
        count("min_support", "per type only from N gold up", default=20),
        count("flips", "show at most N flips of each kind", default=10),
        RESAMPLES,
        SEED,
        *output("everything, for machines"),
    )


def run(args: argparse.Namespace) -> int:
    from harness.decide.compare import compare, systems_of
    from harness.errors import NothingMeasured

    groups = systems_of(_chosen(_systems(args), args.backend), task=args.task)
    if not groups:
        raise NothingMeasured("nothing to compare: no backend of these runs has counts")
    found = [
        compare(
            footing(systems, force=args.force),
            metric=args.metric,
            part=args.part,
            match=args.match,
            resamples=args.resamples,
            seed=args.seed,
            force=args.force,
            min_support=args.min_support,
        )
        for systems in groups.values()
        if len(systems) > 1 or len(groups) == 1
    ]
    if not found:
        raise NothingMeasured(
            "nothing to compare: every gold set and task has one backend only; there is: "
            + ", ".join(f"{s[0].name} on {gold} ({task})" for (gold, task), s in groups.items())
        )
    if args.json:
        print(json.dumps([one.to_json() for one in found], ensure_ascii=False, indent=2))
        return 0
    for one in found:
        _print(one, args)
    return 0


def footing(systems: list[System], *, force: bool) -> list[System]:
    """The systems as their run counted them in one schema, where they met the gold in several.

    With `force` they stay as they are: what was counted differently is what is asked for.
    Where a run states other numbers than its counts make, that is said.
    """
    from harness.cli.doubts import warn_of_systems
    from harness.results.systems import on_one_footing

    same, schema = (systems, None) if force else on_one_footing(systems)
    warn_of_systems(same)
    if schema is not None:
        print(
            f"harness: {systems[0].gold}: compared in {schema}, the finest schema that all reach",
            file=sys.stderr,
        )
    return same


def _print(found: Comparison, args: argparse.Namespace) -> None:
    from harness.report.comparison import comparison_tables, flip_lines
    from harness.report.tables import render

    print(render(comparison_tables(found, min_support=args.min_support), args.format))
    if args.format in ("simple", "github") and args.flips:
        print("\n" + "\n".join(flip_lines(found, limit=args.flips)))
    print()


def _systems(args: argparse.Namespace) -> list[System]:
    from harness.cli.doubts import asked_for
    from harness.decide import baseline
    from harness.errors import InputError
    from harness.gold.goldset import load_goldset
    from harness.results.load import from_run, is_run
    from harness.results.systems import GoldFinder, from_predictions
    from harness.tasks.ner.options import NerOptions

    finder = GoldFinder(args.gold)
    systems: list[System] = []
    goldset: GoldSet | None = None
    for name in args.input:
        path = Path(name)
        if not path.exists():
            raise InputError("no such file or folder", path=path)
        if baseline.is_baseline(path):
            systems += [entry.system() for entry in baseline.read(path).entries]
        elif is_run(path) or (path.is_dir() and not args.gold):
            systems += from_run(path, finder=finder, schema=args.schema)
        else:
            if len(args.gold) != 1 or args.task is None:
                raise UsageError(
                    f"{name} is no run, so it is read as predictions: give one --gold and --task"
                )
            goldset = goldset or load_goldset(args.gold[0])
            options = NerOptions(boundary=args.boundary)
            systems.append(
                from_predictions(path, goldset, task=args.task, options=options, schema=args.schema)
            )
    systems = [finder.under_known_name(system) for system in systems]
    if any(system.result for system in systems):
        return asked_for(systems, finder, args.task)
    return systems


def _chosen(systems: list[System], names: list[str]) -> list[System]:
    """Those asked for, in that order; without names, all but the sanity rows."""
    from harness.results.systems import named_backends

    chosen = named_backends(systems, names)
    if not names and len(chosen) < len(systems):
        print("harness: sanity rows are left out; name them with --backend", file=sys.stderr)
    return chosen
