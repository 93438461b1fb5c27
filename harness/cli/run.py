"""`harness run`: backends x gold sets, tables on stdout, everything else under results/."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.common import (
    GOLD,
    HISTORY,
    RANKINGS,
    SHARDS,
    TASK,
    add_flags,
    chosen_cache,
    output,
    worker,
)
from harness.errors import NothingMeasured, UsageError
from harness.options import Flag, build, changed
from harness.registry import BackendSpec
from harness.run.options import RunOptions, task_flags
from harness.run.suites import load_suite
from harness.scale.names import STORE

if TYPE_CHECKING:
    from harness.gold.goldset import GoldSet
    from harness.results.record import RunRecord
    from harness.run.progress import Progress

EPILOG = """\
Without a backend every adapter's default backends are run; one that is missing is a row that says
so. Without --gold every gold set in goldsets/ is used, or else those that come with the harness.
OUT gets run.json, leaderboard.md and the predictions. A killed run goes on where it stopped when
the same command is given again. Answers are taken from the store only where it is proven that the
same thing would give them; --fresh asks for all of them.

With --executor documents are cut into shards, which processes here or on a Ray cluster run; the
record is that of one run. Limits, --jobs and --threads are of each shard. A shard whose process
dies is run again, one that lags is cut in two, and a killed run goes on with the shards it had.

examples:
  harness run spacy/en_core_web_sm gazetteer --gold seeds
  harness run gazetteer --gold seeds --executor local --workers 2 --out results/shards
"""


def flags() -> tuple[Flag, ...]:
    """Every option that a suite may set as well."""
    return (
        replace(GOLD, help="gold set, folder or file; may be repeated"),
        TASK,
        Flag("fail without it (3)", name="require", metavar="BACKEND", many=True),
        *task_flags(),
        Flag("a label without a schema is an error", name="strict_labels", kind=bool),
        *changed(worker(RunOptions), out={"default": "results"}),
        *SHARDS,
        RANKINGS,
        HISTORY,
        *output("print the run record"),
    )


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "backend",
        nargs="*",
        default=[],
        type=BackendSpec.parse,
        help="for example spacy/en_core_web_sm, quotes, 'process:node x.js'; ALIAS=BACKEND names "
        "its row",
    )
    parser.add_argument(
        "--suite", metavar="NAME", help="backends, gold sets and options named in harness.toml"
    )
    add_flags(parser, *flags())


def preset(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    """What the suite sets becomes the default of the command line."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--suite", nargs="?")  # Without a name the whole command line is refused.
    first.add_argument("--help", "-h", action="store_true")
    said, _ = first.parse_known_args(arguments)
    if said.suite is not None and not said.help:
        parser.set_defaults(**load_suite(said.suite, flags()))


def run(args: argparse.Namespace) -> int:
    from harness.cli.history_file import append_last
    from harness.cli.publish import publish
    from harness.run.progress import Progress
    from harness.run.runner import check_required
    from harness.run.runner import run as run_backends

    specs, goldsets, options = _plan(args)
    progress = Progress(quiet=args.quiet)
    if args.executor is None:
        record = run_backends(specs, goldsets, options, progress)
    else:
        record = _run_shards(args, specs, goldsets, options, progress)
    publish(args, record)
    added = append_last(args.history, (record, Path(args.out)))
    if args.strict_labels:
        _refuse_unknown(record)
    check_required(record, args.require)
    return NothingMeasured.exit_status if record.status == "error" else added


def _plan(args: argparse.Namespace) -> tuple[list[BackendSpec], list[GoldSet], RunOptions]:
    from harness import registry
    from harness.gold.loading import load_goldset
    from harness.labels.schema import load_schema

    _check_shards(args)
    cache = chosen_cache(args)
    own = args.shard is not None and cache is not None and args.cache_dir is None
    options = build(
        RunOptions,
        vars(args),
        tasks=(args.task,) if args.task else None,
        counting={flag.name: getattr(args, flag.name) for flag in task_flags()},
        # A task of a job array has a store of its own, and looks into that of the others.
        cache=Path(args.out) / STORE if own else cache,
        behind=(cache,) if own and cache is not None else (),
        command=tuple(args.command),
        suite=args.suite,
        shard=args.shard,
    )
    goldsets = [load_goldset(name) for name in args.gold or _all_gold()]
    if args.schema:  # A wrong name is found here and not after every backend has run.
        for goldset in goldsets:
            load_schema(args.schema, goldset.schema_folders)
    specs = args.backend or _defaults(registry.default_backends(), goldsets, options)
    return specs, goldsets, options


def _check_shards(args: argparse.Namespace) -> None:
    if args.executor is None:
        for name in ("workers", "shards", "ray_address"):
            if getattr(args, name):
                flag = f"--{name.replace('_', '-')}"
                which = "ray" if name == "ray_address" else "local"
                raise UsageError(
                    f"{flag} is for a run by an executor: name one (--executor {which})"
                )
    elif args.shard is not None:
        raise UsageError("--executor runs all shards, --shard one of them: leave one of them out")
    elif args.ray_address and args.executor != "ray":
        raise UsageError("--ray-address is for --executor ray")
    if args.shard is not None and args.history is not None:
        raise UsageError("--history is of whole runs: leave it out here, harness merge has it too")


def _run_shards(
    args: argparse.Namespace,
    specs: Sequence[BackendSpec],
    goldsets: Sequence[GoldSet],
    options: RunOptions,
    progress: Progress,
) -> RunRecord:
    from harness.scale.driver import drive
    from harness.scale.executors import executor_named

    executor = executor_named(
        args.executor, options, workers=args.workers, address=args.ray_address or ""
    )
    shards = args.shards or executor.slots
    merged = drive(specs, goldsets, options, executor, shards=shards, progress=progress)
    for line in merged.partial:
        progress.note(line)
    return merged.record


def _defaults(
    specs: list[BackendSpec], goldsets: list[GoldSet], options: RunOptions
) -> list[BackendSpec]:
    """Default backends that know a task of the chosen gold: a narrower run is no error."""
    from harness import registry

    wanted = {task for gold in goldsets for task in gold.tasks}
    wanted &= set(options.tasks) if options.tasks else wanted
    return [s for s in specs if wanted & set(registry.adapter(s.adapter).declaration.tasks)]


def _all_gold() -> list[str]:
    from harness.gold.loading import known_goldsets
    from harness.paths import goldset_folders

    for folder in goldset_folders():  # The user's own, or else those that come with the harness.
        if places := known_goldsets((folder,)):
            return [str(place) for place in places]
    raise UsageError("no gold set is known by name here: name a file or folder with --gold")


def _refuse_unknown(record: RunRecord) -> None:
    from harness.errors import SchemaError

    unknown = {r.backend: dict(r.unknown_labels) for r in record.results if r.unknown_labels}
    if unknown:
        raise SchemaError(
            f"labels that no schema knows: {unknown}",
            hint="write a schema or a projection for them, or leave out --strict-labels",
        )
