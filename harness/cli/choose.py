"""`harness choose`: which backend to take."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
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
)
from harness.cli.printer import note, print_json, print_sections
from harness.decide.constraints import Constraints
from harness.errors import NothingMeasured, UsageError
from harness.options import Flag, build, comma_list, flags_of

if TYPE_CHECKING:
    from harness.decide.choose import Choice
    from harness.decide.complement import Complement
    from harness.results.finder import GoldFinder
    from harness.results.record import RunRecord
    from harness.results.scored import Scored

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
    types = "entity types that matter; default: all"
    add_run(parser)
    add_flags(
        parser,
        replace(TASK, required=True, help=""),
        GOLD,
        BACKEND,
        Flag(types, name="types", metavar="A,B", default=(), parse=comma_list),
        Flag("attribution: what matters; default: found50", name="part", metavar="NAME"),
        Flag("weights for F", name="weight", metavar="recall=2", many=True),
        *flags_of(Constraints),
        Flag("what the backends find together, too", name="together", kind=bool),
        RECOUNT,
        FORCE,
        RESAMPLES,
        *output("everything, for machines"),
    )


def run(args: argparse.Namespace) -> int:
    from harness.cli.scored_runs import aligned, real_groups
    from harness.coding import encode
    from harness.decide.choose import choose
    from harness.decide.complement import complement
    from harness.results.finder import GoldFinder
    from harness.results.load import read_run

    constraints = _constraints(args)
    record, _ = opened = read_run(args.run)
    finder = GoldFinder(args.gold)
    groups = real_groups(opened, args, finder)
    if not groups:
        raise NothingMeasured(f"no backend in {args.run} was measured for the task {args.task}")
    scored = [aligned(group, force=args.force) for group in groups.values()]
    choices = [
        choose(
            group,
            _projected(constraints, group, record, finder),
            ran_offline=bool(record.options.get("offline")),
            resamples=args.resamples,
            seed=record.seed,
            force=args.force,
            thresholds=True,
        )
        for group in scored
    ]
    together = [complement(group, force=args.force) for group in scored if args.together]
    missing = _missing(record, finder, args.task)
    if args.json:
        body = [choice.to_json() for choice in choices]
        for value, one in zip(body, together, strict=False):
            value["together"] = encode(one)
        print_json({"choices": body, "not_measured": missing})
    else:
        _print(choices, together, missing, args)
    able = [any(one.qualifies for one in choice.candidates) for choice in choices]
    return 0 if all(able) else NothingMeasured.exit_status


def _projected(
    constraints: Constraints, group: Sequence[Scored], record: RunRecord, finder: GoldFinder
) -> Constraints:
    """The same with types under the names that they have where the group was counted."""
    if not constraints.parts or not group[0].definition.labelled:
        return constraints
    from harness.decide.constraints import in_schema

    gold, counted = group[0].gold, group[0].signature.schema
    goldset = finder.find(gold)
    own = next((one.schema for one in record.gold if one.name == gold), "")
    folders = goldset.schema_folders if goldset else ()
    names = in_schema(constraints.parts, own, counted, folders)
    for name, label in names.items():
        if name != label:
            note(f"{gold}: {name} is {label} in {counted}")
    return replace(constraints, parts=tuple(dict.fromkeys(names.values())))


def _print(
    choices: Sequence[Choice],
    together: Sequence[Complement],
    missing: list[str],
    args: argparse.Namespace,
) -> None:
    from harness.report.choice import choice_table, complement_tables
    from harness.report.sections import Section

    sections = [
        Section([choice_table(choice), *(complement_tables(one) if one else ())])
        for choice, one in zip_longest(choices, together)
    ]
    if missing:
        sections.append(Section((), [f"not measured: {'; '.join(missing)}"]))
    print_sections(sections, args.format, args.columns)


def _missing(record: RunRecord, finder: GoldFinder, task: str) -> list[str]:
    return [
        f"{result.backend} on {result.gold} ({result.status}: {result.reason})"
        for result in record.results
        if not result.answered and result.task == task and finder.wants(result.gold)
    ]


def _constraints(args: argparse.Namespace) -> Constraints:
    from harness.decide.constraints import parse_weights
    from harness.tasks.registry import task_named

    task = task_named(args.task)
    if args.types and not task.labelled:
        raise UsageError(f"--types are not for {task.title}; name a --part")
    if args.part and task.labelled:
        raise UsageError(f"--part is not for {task.title}; name --types")
    weights = parse_weights(args.weight)
    return build(
        Constraints,
        vars(args),
        task=args.task,
        parts=args.types or ((args.part,) if args.part else ()),
        precision_weight=weights.get("precision"),
        recall_weight=weights.get("recall"),
    )
