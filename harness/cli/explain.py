"""`harness explain`: why the score is what it is, and what to mend first."""

from __future__ import annotations

import argparse
from dataclasses import replace
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
    add_run,
    count,
    is_for_people,
    output,
)
from harness.cli.printer import note, print_json, print_sections
from harness.options import Flag
from harness.stats.units import COMPARE_SUPPORT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.annotation import Record
    from harness.decide.explain.explain import Explained
    from harness.errors import HarnessError

EPILOG = """\
For each backend of a run: what each kind of error costs of F (mended in all orders, on average, so
that the costs add up to what lacks to 1), the slices of mentions and documents in which it is
better and worse than elsewhere, and the weak slices that a search finds. With --reference the same
of the difference to that backend. Works from the run's stored predictions and the gold set; nothing
is predicted.

examples:
  harness explain results --gold seeds --task ner
  harness explain results --backend spacy/en_core_web_sm --slice case --slice type
  harness explain results --task ner --reference gazetteer
"""

TRAIN = Flag(
    "what a backend may have learnt from, any format: slices of mentions seen there and unseen",
    name="train",
    metavar="FILE",
)
SLICE = Flag("only this slice, by its name", name="slice", metavar="NAME", many=True)
REFERENCE = Flag("explain how the others differ from it", name="reference", metavar="BACKEND")
ALL_ROWS = Flag("every kind and every slice, not the ten that matter most", name="all", kind=bool)


def configure(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    add_flags(
        parser,
        GOLD,
        TASK,
        BACKEND,
        REFERENCE,
        TRAIN,
        SLICE,
        count("min_support", "slices only from N gold up", least=1, default=COMPARE_SUPPORT),
        ALL_ROWS,
        RECOUNT,
        FORCE,
        RESAMPLES,
        replace(SEED, default=None, help="of the resampling; default: as the run says"),
        *output("everything, for machines"),
    )


def run(args: argparse.Namespace) -> int:
    from harness.cli.scored_runs import aligned, real_groups
    from harness.decide.explain.explain import ExplainOptions, explain
    from harness.errors import NothingMeasured, UsageError, nearest
    from harness.report.explain import difference_section, explanation_section, weak_table
    from harness.report.sections import Section
    from harness.results.finder import GoldFinder

    groups = real_groups(args.run, args, GoldFinder(args.gold))
    if not groups:
        raise NothingMeasured(
            "nothing to explain: no backend asked for has counts (rows that check the harness are "
            "not explained)"
        )
    with_reference = [
        key for key, group in groups.items() if args.reference in {one.name for one in group}
    ]
    if args.reference is not None and not with_reference:
        names = sorted({one.name for group in groups.values() for one in group})
        raise UsageError(
            f"no backend {args.reference!r} to compare with{nearest(args.reference, names)}"
        )
    options = ExplainOptions(
        training=_training(args.train),
        slices=tuple(args.slice),
        min_support=args.min_support,
        resamples=args.resamples,
        seed=args.seed,
        force=args.force,
    )
    done: list[Explained] = []
    unknown: list[UsageError] = []
    for key, group in groups.items():
        reference = args.reference if key in with_reference else None
        try:
            done.append(explain(aligned(group, force=args.force), options, reference=reference))
        except UsageError as wrong:  # A slice that another task may have.
            unknown.append(wrong)
    if not done:
        raise unknown[0]
    for problem in unknown:
        note(str(problem))
    left_out = [item for one in done for item in one.left_out]
    alone = [item for one in done for item in one.no_difference]
    explanations = [one for item in done for one in item.explanations]
    differences = [one for item in done for one in item.differences]
    if not explanations:
        raise _nothing(left_out)
    for name, error in left_out:
        note(f"{name} is left out: {error}")
    for gold, task in (key for key in groups if with_reference and key not in with_reference):
        note(f"{args.reference} was not measured on {gold} ({task}): nothing is compared there")
    for name, error in alone:
        note(f"{name}: no difference to {args.reference}: {error}")
    if args.reference is not None and not (differences or alone):
        note(f"nothing is compared with {args.reference}: no other backend is explained")
    if args.json:
        out = {
            "systems": [one.to_json() for one in explanations],
            "differences": [one.to_json() for one in differences],
            "left_out": [{"backend": name, "reason": str(error)} for name, error in left_out],
            "no_difference": [{"backend": name, "reason": str(error)} for name, error in alone],
        }
        print_json(out)
        return 0
    sections = [explanation_section(one, whole=args.all) for one in explanations]
    sections += [difference_section(one, whole=args.all) for one in differences]
    if not is_for_people(args):  # Data has no sentences.
        weak = [*map(weak_table, explanations), *map(weak_table, differences)]
        sections = [
            Section([*section.tables, table]) for section, table in zip(sections, weak, strict=True)
        ]
    print_sections(sections, args.format, args.columns)
    return 0


def _nothing(left_out: Sequence[tuple[str, HarnessError]]) -> HarnessError:
    """Why nothing is explained: the one reason, or that of each backend."""
    reasons = {str(error): error for _, error in left_out}
    if len(reasons) == 1:
        return next(iter(reasons.values()))
    from harness.errors import InputError, NothingMeasured

    listed = "; ".join(f"{name}: {error}" for name, error in left_out)
    message = f"nothing to explain{': ' if listed else ''}{listed}"
    wrong = all(isinstance(error, InputError) for error in reasons.values())
    return InputError(message) if reasons and wrong else NothingMeasured(message)


def _training(path: str | None) -> tuple[Record, ...] | None:
    if path is None:
        return None
    from harness.gold.loading import load_goldset

    return tuple(load_goldset(path).read_all())
