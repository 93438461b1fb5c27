"""`harness run`: backends x gold sets, tables on stdout, everything else under results/."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.options import add_worker_options, cache_folder, limits
from harness.errors import UsageError
from harness.report.tables import FORMATS

if TYPE_CHECKING:
    from harness.gold.goldset import GoldSet
    from harness.registry import BackendSpec
    from harness.results.record import RunRecord
    from harness.run.runner import RunOptions

EPILOG = """\
Without a backend every adapter's default backends are run; one that is missing is a row that says
so. Without --gold every gold set in goldsets/ is used, or else those that come with the harness.
OUT gets run.json, leaderboard.md and the predictions. A killed run goes on where it stopped when
the same command is given again. Answers are taken from the store only where it is proven that the
same thing would give them; --fresh asks for all of them.

example:
  harness run spacy/en_core_web_sm gazetteer --gold seeds --task ner
"""

EXIT_NOTHING = 3


def configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("backend", nargs="*", help="for example spacy/en_core_web_sm, quotes, 'process:node x.js'")
    add("--gold", action="append", metavar="NAME", help="gold set, folder or file; may be repeated")
    add("--task", choices=("ner", "attribution"), help="only this task")
    add("--suite", metavar="NAME", help="backends, gold sets and options named in harness.toml")
    add("--require", action="append", metavar="BACKEND", help="fail without it (3)")
    add("--out", default="results", metavar="DIR", help="default: results")
    add("--match", choices=("strict", "exact", "partial", "type"), default="strict")
    add("--boundary", choices=("raw", "normalised"), default="raw")
    add("--schema", metavar="NAME", help="compare in this label schema")
    add("--strict-labels", action="store_true", help="a label without a schema is an error")
    add("--rounds", type=int, default=1, metavar="N", help="timing rounds, interleaved; default: 1")
    add(
        "--jobs",
        type=int,
        default=1,
        metavar="N",
        help="workers at a time; above 1 nothing is timed",
    )
    add("--seed", type=int, default=0, help="of the resampling; default: 0")
    add("--rankings", action="store_true", help="print the ranking tables only")
    add("--format", choices=FORMATS, default="simple", help="default: simple")
    add("--json", action="store_true", help="print the run record")
    add_worker_options(parser)
    parser.set_defaults(suite_require=())


def defaults(args: argparse.Namespace) -> dict[str, Any]:
    """Defaults of options that only the command line tells: those of a suite."""
    if not args.suite:
        return {}
    from harness.run.suites import load_suite

    return load_suite(args.suite).defaults()


def run(args: argparse.Namespace) -> int:
    from harness.run.progress import Progress
    from harness.run.runner import check_required
    from harness.run.runner import run as run_backends

    specs, goldsets, options = _plan(args)
    record = run_backends(specs, goldsets, options, Progress(quiet=args.quiet))
    _publish(args, record)
    if args.strict_labels:
        _refuse_unknown(record)
    check_required(record, args.suite_require if args.require is None else args.require)
    return EXIT_NOTHING if record.status == "error" else 0


def _plan(args: argparse.Namespace) -> tuple[list[BackendSpec], list[GoldSet], RunOptions]:
    from harness import registry
    from harness.gold.goldset import load_goldset
    from harness.labels.meeting import load_schema
    from harness.registry import BackendSpec
    from harness.run.runner import RunOptions

    specs = [BackendSpec.parse(name) for name in args.backend]
    gold = list(args.gold or [])
    if args.suite:
        from harness.run.suites import load_suite

        suite = load_suite(args.suite)
        specs = specs or list(suite.backends)
        gold = gold or list(suite.gold)
    options = RunOptions(
        tasks=(args.task,) if args.task else None,
        match=args.match,
        boundary=args.boundary,
        schema=args.schema,
        rounds=args.rounds,
        jobs=args.jobs,
        batch_size=args.batch_size,
        threads=args.threads,
        offline=not args.online,
        limits=limits(args),
        cache=cache_folder(args),
        fresh=args.fresh,
        out=Path(args.out),
        seed=args.seed,
        command=tuple(args.command),
        suite=args.suite,
    )
    goldsets = [load_goldset(name) for name in gold or _all_gold()]
    if args.schema:  # A wrong name is found here and not after every backend has run.
        for goldset in goldsets:
            load_schema(args.schema, goldset.schema_folders)
    return specs or _defaults(registry.default_backends(), goldsets, options), goldsets, options


def _defaults(
    specs: list[BackendSpec], goldsets: list[GoldSet], options: RunOptions
) -> list[BackendSpec]:
    """Default backends that know a task of the chosen gold: a narrower run is no error."""
    from harness import registry

    wanted = {task for gold in goldsets for task in gold.tasks}
    wanted &= set(options.tasks) if options.tasks else wanted
    return [s for s in specs if wanted & set(registry.adapter(s.adapter).declaration.tasks)]


def _all_gold() -> list[str]:
    from harness.gold.goldset import known_goldsets
    from harness.paths import goldset_folders

    for folder in goldset_folders():  # The user's own, or else those that come with the harness.
        if found := known_goldsets((folder,)):
            return [str(place) for place in found]
    raise UsageError("no gold set is known by name here: name a file or folder with --gold")


def _publish(args: argparse.Namespace, record: RunRecord) -> None:
    """The tables on stdout, and as Markdown beside the record."""
    from harness.formats.files import write_text
    from harness.report.run import details, leaderboard, ranking_tables
    from harness.report.tables import render

    write_text(Path(args.out) / "leaderboard.md", leaderboard(record, args.out))
    if args.json:
        from harness.results.record import to_json

        print(to_json(record), end="")
        return
    # A terminal is left at the end of what was printed: the rankings, which answer the question.
    shown = [] if args.rankings else details(record, args.out)
    print(render([*shown, *ranking_tables(record, args.out)], args.format))


def _refuse_unknown(record: RunRecord) -> None:
    from harness.errors import SchemaError

    unknown = {r.backend: dict(r.unknown_labels) for r in record.results if r.unknown_labels}
    if unknown:
        raise SchemaError(
            f"labels that no schema knows: {unknown}",
            hint="write a schema or a projection for them, or leave out --strict-labels",
        )
