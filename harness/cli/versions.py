"""`harness versions`: one backend with several releases of a library, and where it changed."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.common import (
    GOLD,
    RESAMPLES,
    TASK,
    add_flags,
    chosen_cache,
    count,
    output,
    worker,
)
from harness.cli.printer import note, print_json, print_sections
from harness.errors import NothingMeasured
from harness.options import Flag, build, changed
from harness.registry import BackendSpec
from harness.run.options import RunOptions, task_flags

if TYPE_CHECKING:
    from harness.decide.versions import Releases
    from harness.run.versions import Chosen, EnvironmentPlan, ReleaseRange

EPILOG = """\
FIRST..LAST are all final releases on the package index that this Python could install; of more than
--most both ends and evenly spaced ones between are taken. Which there are says this Python's pip,
configured as yours is. Each release gets an environment, which is kept and used again (harness env
list, harness env remove), and a run record in OUT/VERSION, for harness compare and report. A model
whose package is known here by its hash is installed as well; name others by --with. A release that
cannot be installed is a row that says why.

examples:
  harness versions spacy==3.8.2..3.8.11 --backend spacy/en_core_web_sm --gold seeds
  harness versions spacy==3.8.2,3.8.7,3.8.11 --gold seeds
"""


def configure(parser: argparse.ArgumentParser) -> None:
    from harness.run.versions import MOST_RELEASES, ReleaseRange

    parser.add_argument(
        "releases",
        type=ReleaseRange.parse,
        metavar="PACKAGE==RELEASES",
        help="FIRST..LAST, or VERSION,VERSION,...",
    )
    add_flags(
        parser,
        Flag(
            "whose library it is; default: the default model of the adapter of that name",
            name="backend",
            metavar="NAME",
            parse=BackendSpec.parse,
        ),
        replace(GOLD, help="gold set, folder or file; may be repeated", required=True),
        TASK,
        count("most", "releases of a range at most", least=2, most=1000, default=MOST_RELEASES),
        Flag(
            "one more requirement of every environment",
            name="with",
            metavar="REQUIREMENT",
            many=True,
        ),
        Flag("build a release from source where it has no wheel", name="build", kind=bool),
        *task_flags(),
        *changed(
            worker(RunOptions),
            out={"help": "folder for the records; default: results/versions/PACKAGE"},
        ),
        RESAMPLES,
        *output("everything, for machines"),
    )


def run(args: argparse.Namespace) -> int:
    from harness.decide.versions import compare_releases
    from harness.gold.loading import load_goldset
    from harness.labels.schema import load_schema
    from harness.run.progress import Progress
    from harness.run.runner import planned
    from harness.run.versions import EnvironmentPlan, backend_for, measure_release

    asked: ReleaseRange = args.releases
    spec = backend_for(asked.package, args.backend)
    options = build(
        RunOptions,
        vars(args),
        tasks=(args.task,) if args.task else None,
        counting={flag.name: getattr(args, flag.name) for flag in task_flags()},
        cache=chosen_cache(args),
        command=tuple(args.command),
    )
    options = replace(options, out=options.out or Path("results") / "versions" / asked.package)
    goldsets = [load_goldset(name) for name in args.gold]
    for goldset in goldsets if args.schema else ():
        load_schema(args.schema, goldset.schema_folders)
    cells = [(gold.name, task) for _, gold, task in planned([spec], goldsets, options)]
    plan = EnvironmentPlan(spec, asked.package, tuple(getattr(args, "with")), args.build)
    chosen = _chosen(asked, plan, args.most)
    say = (lambda line: None) if args.quiet else note
    releases = [
        measure_release(version, plan, goldsets, options, Progress(quiet=args.quiet), say)
        for version in chosen.versions
    ]
    found = [
        compare_releases(
            releases,
            chosen,
            package=asked.package,
            backend=str(spec),
            gold=gold,
            task=task,
            resamples=args.resamples,
        )
        for gold, task in cells
    ]
    _publish(found, args)
    return 0 if any(one.measured for one in found) else NothingMeasured.exit_status


def _chosen(asked: ReleaseRange, plan: EnvironmentPlan, most: int) -> Chosen:
    """Listed releases whose environments are all there need no index."""
    from harness.run.versions import Chosen, choose_releases, index_releases

    if not asked.is_range and all(map(plan.find, asked.versions)):
        return Chosen(asked.versions)
    return choose_releases(asked, index_releases(asked.package), most=most)


def _publish(found: list[Releases], args: argparse.Namespace) -> None:
    from harness.report.sections import Section
    from harness.report.versions import releases_lines, releases_table

    if args.json:
        print_json([one.to_json() for one in found])
        return
    sections = [Section([releases_table(one)], list(releases_lines(one))) for one in found]
    print_sections(sections, args.format, args.columns)
