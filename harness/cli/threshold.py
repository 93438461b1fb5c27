"""`harness threshold`: where to set the confidence threshold of a backend."""

from __future__ import annotations

import argparse
from dataclasses import replace

from harness.cli.common import (
    BACKEND,
    GOLD,
    RECOUNT,
    RESAMPLES,
    SEED,
    TASK,
    add_flags,
    add_run,
    output,
)
from harness.cli.pages import figure_flags, write_charts
from harness.cli.printer import note, print_json, print_sections
from harness.errors import NothingMeasured, UsageError
from harness.options import build, flags_of

EPILOG = """\
Reads a run and the gold set that it was made on; nothing is predicted. Of backends that give every
entity a confidence it tells what each threshold leaves, which one to take for the best F, how far
up one may go and still keep a recall, and whether confidences are probabilities. A threshold is
chosen on some documents and measured on others, from 8 documents on. It is set with ?threshold=0.6
behind the backend's name.

examples:
  harness threshold results --backend transformers/reference
  harness threshold results --part ORG --beta 0.5 --columns P,R
  harness threshold results --figures figures --figure-format json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    from harness.decide.threshold.analyse import Wanted

    add_run(parser)
    add_flags(
        parser,
        replace(GOLD, help="only this gold set; a path: where it lies now"),
        TASK,
        BACKEND,
        *flags_of(Wanted),
        RECOUNT,
        RESAMPLES,
        replace(SEED, default=None, help="of folds and resamples; default: as the run says"),
        *output("everything, the curves too, for machines"),
        *figure_flags(),
    )


def run(args: argparse.Namespace) -> int:
    from harness.cli.scored_runs import real_groups, warn_of_scores
    from harness.decide.threshold.analyse import Wanted, systems
    from harness.report.threshold import left_out_lines
    from harness.results.finder import GoldFinder

    if args.figures and args.columns:
        raise UsageError("figures have no columns: leave out --columns")
    if args.figure_format and not args.figures:
        raise UsageError("--figure-format is for --figures FOLDER")
    groups = real_groups(args.run, args, GoldFinder(args.gold))
    scored = [one for group in groups.values() for one in group]
    if not scored:
        raise NothingMeasured(f"no backend in {args.run} was measured")
    warn_of_scores(scored)
    found, left = systems(
        scored, build(Wanted, vars(args), resamples=args.resamples, seed=args.seed)
    )
    if args.figures:
        from harness.report.figures.threshold import threshold_charts

        write_charts(args, [chart for one in found for chart in threshold_charts(one)])
        for line in left_out_lines(left):
            note(line)
    if args.json:
        print_json({"systems": [one.to_json() for one in found], "left_out": left})
    elif not args.figures:
        from harness.report.sections import Section
        from harness.report.threshold import threshold_tables

        sections = [Section(threshold_tables(one)) for one in found]
        sections.append(Section((), left_out_lines(left)))
        print_sections(sections, args.format, args.columns)
    return 0
