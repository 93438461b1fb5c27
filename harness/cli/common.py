"""Options that several verbs have: spelling, choices, range and help of each are written here.

A verb puts its command line together from these and from flags of its own:

    add_run(parser)
    add_flags(parser, GOLD, TASK, RESAMPLES, *output("every verdict, for machines"))
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.options import Flag, check_text, comma_list, flags_of
from harness.paths import cache_folder as default_cache
from harness.report.tables import TABLE_FORMS
from harness.run.options import RunOptions, WorkerOptions, task_flags
from harness.scale.names import EXECUTORS
from harness.shards import shard_here
from harness.stats.units import DEFAULT_RESAMPLES
from harness.tasks.registry import task_names, tasks

__all__ = [
    "BACKEND",
    "BASELINE",
    "DEFAULT_HISTORY",
    "DEFAULT_RUN",
    "FORCE",
    "GOLD",
    "HISTORY",
    "LABELS_FLAG",
    "QUIET",
    "RANKINGS",
    "RECOUNT",
    "RESAMPLES",
    "SHARDS",
    "SEED",
    "TASK",
    "add_flags",
    "add_run",
    "chosen_cache",
    "count",
    "is_for_people",
    "output",
    "reading_flags",
    "store",
    "worker",
]


def count(
    name: str, text: str, *, least: int = 0, most: int | None = None, default: int | None = None
) -> Flag:
    """`--NAME N`, a whole number from `least` up."""
    return Flag(text, name=name, kind=int, default=default, metavar="N", least=least, most=most)


# What of a run is looked at.
DEFAULT_RUN = "results"

GOLD = Flag("only this gold set, or path", name="gold", metavar="NAME", many=True)
TASK = Flag("only this task", name="task", choices=task_names())
BACKEND = Flag("only these", name="backend", metavar="NAME", many=True)
RECOUNT = Flag("count again in this label schema (needs the gold)", name="schema", metavar="NAME")

BASELINE = Flag(
    "what was accepted",
    name="baseline",
    kind=Path,
    metavar="FILE",
    default="results/baseline.json",
)

DEFAULT_HISTORY = "results/history.jsonl"
HISTORY = Flag(
    "append the run's scores to this file (see harness history)",
    name="history",
    kind=Path,
    metavar="FILE",
)

# How it is tested.
FORCE = Flag("even where they were counted differently", name="force", kind=bool)
RESAMPLES = count(
    "resamples", "of the bootstrap", least=1, most=10_000_000, default=DEFAULT_RESAMPLES
)
(SEED,) = (flag for flag in flags_of(RunOptions) if flag.name == "seed")

RANKINGS = Flag("print the ranking tables only", name="rankings", kind=bool)

_shards = partial(Flag, group="shards")
SHARDS = (
    _shards(
        "these documents alone, the Ith of N shards by their ids, for harness merge; auto: of this "
        "task of a job array (Slurm), auto/N also of an indexed job (Kubernetes)",
        name="shard",
        metavar="I/N",
        parse=lambda text: shard_here(text, os.environ),
    ),
    _shards(
        "run all shards, as processes here or on a Ray cluster, and merge them",
        name="executor",
        choices=EXECUTORS,
    ),
    _shards(
        "shards at a time; default: as many as there are cores, --threads times --jobs for each",
        name="workers",
        kind=int,
        metavar="N",
        least=1,
        most=100_000,
    ),
    _shards(
        "how many at first, of which slow ones are cut in two; default: one for each worker",
        name="shards",
        kind=int,
        metavar="N",
        least=1,
        most=100_000,
    ),
    _shards(
        "of the cluster's head, HOST:6379, or auto on one of its nodes; default: a cluster of its "
        "own here",
        name="ray_address",
        metavar="ADDRESS",
    ),
)
"""How a run is cut."""

QUIET = Flag("no progress on stderr", name="quiet", kind=bool, short="-q")


def reading_flags() -> tuple[Flag, ...]:
    """Options by which counts that were made with others can be read; by default as they were."""
    known = {name for task in tasks().values() for name in task.read_off}
    return tuple(
        replace(flag, default=None, help=f"{flag.help}; default: as scored")
        for flag in task_flags()
        if flag.name in known
    )


LABELS_FLAG = Flag(
    "labels to ask a zero-shot backend for",
    name="labels",
    metavar="A,B",
    default=(),
    parse=comma_list,
)


COLUMNS = Flag(
    "these columns and the first, of the tables that have them",
    name="columns",
    metavar="A,B",
    default=(),
    parse=comma_list,
)


def output(machines: str, *, tables: bool = True) -> tuple[Flag, ...]:
    """`--json` with its help, and with `tables` also `--format` and `--columns`."""
    printed = (Flag(name="format", choices=TABLE_FORMS, default="simple"), COLUMNS)
    return (*(printed if tables else ()), Flag(machines, name="json", kind=bool))


def is_for_people(args: argparse.Namespace) -> bool:
    """Whether lines may stand beside the tables that `output` asks for."""
    return args.format in ("simple", "github")


def store(*, bypass: bool = True) -> tuple[Flag, ...]:
    """`--cache-dir` and, with `bypass`, `--no-cache`: where predictions are kept."""
    group = "predictions store"
    where = "folder (default: $HARNESS_CACHE, else cache in $HARNESS_HOME, .harness)"
    folder = Flag(where, name="cache_dir", kind=Path, metavar="FOLDER", group=group)
    none = Flag("neither read nor write the store", name="no_cache", kind=bool, group=group)
    return (folder, none) if bypass else (folder,)


def worker(options: type[WorkerOptions] = WorkerOptions) -> tuple[Flag, ...]:
    """What a verb that asks backends has: `options`, the store, `--quiet`."""
    return (*flags_of(options), *store(), QUIET)


def add_run(parser: argparse.ArgumentParser, what: str = "a run") -> None:
    """The argument RUN: a folder with run.json, or that file; by default `results`."""
    parser.add_argument(
        "run", nargs="?", default=DEFAULT_RUN, metavar="RUN", help=f"{what}; default: {DEFAULT_RUN}"
    )


def add_flags(parser: argparse.ArgumentParser, *flags: Flag) -> None:
    """An argument for every flag; those with a group stand below its heading.

    What is not UTF-8 is refused in every argument of the parser.
    """
    parser.register("type", None, _text)
    groups: dict[str, argparse._ActionsContainer] = {"": parser}
    for flag in flags:
        if flag.group not in groups:
            groups[flag.group] = parser.add_argument_group(flag.group)
        names = [f"--{flag.name.replace('_', '-')}", *filter(None, [flag.short])]
        if flag.kind is bool:
            groups[flag.group].add_argument(*names, action="store_true", help=flag.help)
            continue
        default = [] if flag.many and flag.default is None else flag.default
        groups[flag.group].add_argument(
            *names,
            action=_Collect if flag.many else "store",
            type=_text if flag.choices else _reader(flag),
            default=_Nothing() if default == "" else default,
            choices=flag.choices or None,
            metavar=flag.metavar,
            required=flag.required,
            help=_with_default(flag),
        )


def chosen_cache(args: argparse.Namespace) -> Path | None:
    """The store's folder, or `None` when it is bypassed."""
    if getattr(args, "no_cache", False):
        if args.cache_dir:
            raise UsageError("--no-cache and --cache-dir contradict each other")
        return None
    folder: Path = args.cache_dir or default_cache()
    return folder


class _Nothing(str):
    """An empty text that is a default: argparse reads it as if somebody had said it."""


class _Collect(argparse.Action):
    """Appends; the first value takes the place of a default, which a suite may have set."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        before: Iterable[Any] = getattr(namespace, self.dest)
        setattr(namespace, self.dest, [*([] if before is self.default else before), values])


def _text(text: str) -> str:
    """Any argument: a name that is not UTF-8 would be found out when a record is written."""
    try:
        check_text(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}, expected {error}") from None
    return text


def _reader(flag: Flag) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        if isinstance(text, _Nothing):
            return ""
        try:
            return flag.read_text(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r}, expected {error}") from None

    return read


def _with_default(flag: Flag) -> str:
    default = f"{flag.default:g}" if isinstance(flag.default, float) else str(flag.default)
    stated = f"default: {default}" if flag.default not in (None, (), "") else ""
    return "; ".join(filter(None, [flag.help, stated]))
