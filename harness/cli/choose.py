"""`harness choose`: which backend to take."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.cli.common import (
    BACKEND,
    FORCE,
    GOLD,
    RECOUNT,
    RESAMPLES,
    TASK,
    add_flags,
    add_run,
    output,
    split,
)
from harness.errors import NothingMeasured, UsageError
from harness.options import Flag
from harness.run.sizes import parse_size

if TYPE_CHECKING:
    from harness.decide.choose import Wishes
    from harness.decide.compare import System
    from harness.results.record import RunRecord
    from harness.results.systems import GoldFinder

EPILOG = """\
Reads a run; nothing is predicted. A backend is recommended when it is better than all others that
qualify; when the gold set cannot tell, the choice abstains and names those that are tied. What was
not measured or stated does not fulfil a limit. Where on a gold set no backend qualifies, the exit
status is 3. Types are the gold's, or those of the schema that the backends were counted in.

examples:
  harness choose results --task ner --types PERSON,ORG --weight recall=2 --max-memory 1GB
  harness choose results --task ner --max-seconds-per-1k-words 0.5 --licence permissive --offline
  harness choose results --task attribution --together
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add_run(parser)
    add_flags(parser, replace(TASK, required=True, help=""), GOLD, BACKEND)
    add(
        "--types",
        metavar="A,B",
        type=split,
        default=(),
        help="entity types that matter; default: all",
    )
    add("--part", metavar="NAME", help="attribution: what matters; default: found50")
    add("--weight", action="append", default=[], metavar="recall=2", help="weights for F")
    size = Flag("peak memory, for example 1GB or 512MiB", metavar="SIZE", parse=parse_size)
    score = Flag(kind=float, metavar="X", least=0, most=1, noun="a score")
    seconds = Flag(kind=float, metavar="S", least=0, noun="seconds")
    add_flags(
        parser,
        replace(score, name="min_precision"),
        replace(score, name="min_recall"),
        replace(size, name="max_memory"),
        replace(size, name="max_disk", help="size of the model's files"),
        replace(seconds, name="max_seconds_per_1k_words"),
        replace(seconds, name="max_load_seconds"),
    )
    add("--licence", choices=("any", "open", "permissive"), default="any", help="code and model")
    add("--offline", action="store_true", help="has to run without a network")
    add("--together", action="store_true", help="what the backends find together, too")
    add_flags(parser, RECOUNT, FORCE, RESAMPLES, *output("everything, for machines"))


def run(args: argparse.Namespace) -> int:
    from harness.cli.compare import footing
    from harness.cli.doubts import asked_for
    from harness.decide.choose import choose
    from harness.decide.compare import systems_of
    from harness.results.load import from_run, read_run
    from harness.results.systems import GoldFinder

    wishes = _wishes(args)
    record, _ = read_run(args.run)
    finder = GoldFinder(args.gold)
    measured = from_run(args.run, finder=finder, schema=args.schema)
    asked = asked_for(measured, finder, args.task)
    groups = systems_of(_candidates(asked, args.backend))
    if not groups:
        raise NothingMeasured(f"no backend in {args.run} was measured for the task {args.task}")
    groups = {key: footing(group, force=args.force) for key, group in groups.items()}
    choices = [
        choose(
            group,
            _projected(wishes, group, record, finder),
            ran_offline=bool(record.options.get("offline")),
            resamples=args.resamples,
            seed=record.seed,
            force=args.force,
        )
        for group in groups.values()
    ]
    missing = _missing(record, finder, args.task)
    if args.json:
        body = [choice.to_json() for choice in choices]
        if args.together:
            for value, group in zip(body, groups.values(), strict=True):
                value["together"] = _together_json(group, force=args.force)
        print(json.dumps({"choices": body, "not_measured": missing}, ensure_ascii=False, indent=2))
    else:
        _print(choices, list(groups.values()), missing, args)
    able = [any(one.qualifies for one in choice.candidates) for choice in choices]
    return 0 if all(able) else NothingMeasured.exit_status


def _projected(
    wishes: Wishes, group: Sequence[System], record: RunRecord, finder: GoldFinder
) -> Wishes:
    """The wishes with types under the names that they have where the group was counted."""
    if not wishes.types:
        return wishes
    from harness.decide.choose import in_schema

    gold, counted = group[0].gold, group[0].signature.schema
    goldset = finder.find(gold)
    own = next((one.schema for one in record.gold if one.name == gold), "")
    folders = goldset.schema_folders if goldset else ()
    names = in_schema(wishes.types, own, counted, folders)
    for name, label in names.items():
        if name != label:
            print(f"harness: {gold}: {name} is {label} in {counted}", file=sys.stderr)
    return replace(wishes, types=tuple(dict.fromkeys(names.values())))


def _print(
    choices: Sequence[object],
    groups: list[list[System]],
    missing: list[str],
    args: argparse.Namespace,
) -> None:
    from harness.decide.choose import Choice
    from harness.decide.complement import complement
    from harness.report.choice import choice_table, complement_tables
    from harness.report.tables import render

    for choice, group in zip(choices, groups, strict=True):
        assert isinstance(choice, Choice)
        tables = [choice_table(choice)]
        if args.together:
            tables += complement_tables(complement(group, force=args.force))
        print(render(tables, args.format) + "\n")
    if missing and args.format in ("simple", "github"):
        print("not measured: " + "; ".join(missing))


def _together_json(group: list[System], *, force: bool) -> object:
    from harness.coding import encode
    from harness.decide.complement import complement

    return encode(complement(group, force=force))


def _missing(record: RunRecord, finder: GoldFinder, task: str) -> list[str]:
    return [
        f"{result.backend} on {result.gold} ({result.status}: {result.reason})"
        for result in record.results
        if result.status not in ("ok", "partial")
        and result.task == task
        and finder.wants(result.gold)
    ]


def _candidates(systems: list[System], names: list[str]) -> list[System]:
    """Without the sanity rows, which check the harness and are no choice."""
    from harness.results.systems import named_backends

    return [system for system in named_backends(systems, names) if not system.sanity]


def _wishes(args: argparse.Namespace) -> Wishes:
    from harness.decide.choose import Wishes, parse_weights

    if args.types and args.task != "ner":
        raise UsageError("--types are for entities; for attribution name a --part")
    if args.part and args.task == "ner":
        raise UsageError("--part is for attribution; for entities name --types")
    weights = parse_weights(args.weight)
    return Wishes(
        task=args.task,
        types=args.types,
        part=args.part,
        precision_weight=weights.get("precision", 1.0),
        recall_weight=weights.get("recall", 1.0),
        min_precision=args.min_precision,
        min_recall=args.min_recall,
        max_memory=args.max_memory,
        max_disk=args.max_disk,
        max_seconds_per_1k_words=args.max_seconds_per_1k_words,
        max_load_seconds=args.max_load_seconds,
        licence=args.licence,
        offline=args.offline,
    )
