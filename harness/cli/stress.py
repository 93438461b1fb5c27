"""`harness stress`: how scores bend when texts are perturbed, and whether answers are stable."""

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
from harness.errors import NothingMeasured, UsageError
from harness.options import Flag, build, changed, comma_list
from harness.registry import BackendSpec
from harness.run.options import RunOptions, task_flags

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.decide.stress.result import Stress
    from harness.gold.goldset import GoldSet
    from harness.results.certificate import Trial
    from harness.results.record import Result, RunRecord
    from harness.run.progress import Progress

EPILOG = """\
Every backend is loaded once and asked about all texts, as they are and perturbed. OUT gets a record
as of a run, a gold set for each perturbation and level, called G~typos:0.05: report, check and
baseline take it like any other. Differences pair the paragraphs of a text with what has become of
them. The certificate asks about the same texts in another order, in batches, with other threads,
twice, and without the final full stop; it is made of gold sets of up to 50 documents unless
--certificate or --no-certificate says otherwise.

examples:
  harness stress gazetteer --gold seeds --perturb upper,typos:0.05
  harness stress --stored --out results/stress --format github
"""

_ONCE = {"jobs": 1, "rounds": 1}
"""Options of a run that there are not here: one worker at a time is asked, and once."""

_PERTURBED = (
    Flag(
        "perturbations, each with its levels or at one of them; default: all",
        name="perturb",
        metavar="NAME[:LEVEL],...",
        default=(),
        parse=comma_list,
    ),
    count("perturb_seed", "of what is perturbed at random", default=0),
)
_CERTIFIED = (
    Flag("certify the stability of answers, however large the gold", name="certificate", kind=bool),
    Flag("do not certify it", name="no_certificate", kind=bool),
)


def _run_flags() -> tuple[Flag, ...]:
    flags = changed(worker(RunOptions), out={"default": "results/stress"})
    return tuple(flag for flag in flags if flag.name not in _ONCE)


def _asking_flags() -> Iterator[Flag]:
    """What decides what is asked, and how it is counted: what is stored has that already."""
    for flag in (*_PERTURBED, *_CERTIFIED, *task_flags(), *_run_flags()):
        if flag.name not in ("out", "quiet"):
            yield flag


def _is_said(args: argparse.Namespace, flag: Flag) -> bool:
    value = getattr(args, flag.name)
    return bool(value) if flag.many or flag.kind is bool else value != flag.default


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "backend",
        nargs="*",
        default=[],
        type=BackendSpec.parse,
        help="for example spacy/en_core_web_sm; ALIAS=BACKEND names its row",
    )
    add_flags(
        parser,
        replace(GOLD, help="gold set, folder or file; may be repeated"),
        TASK,
        *_PERTURBED,
        Flag("print what --out has, and ask nobody", name="stored", kind=bool),
        *_CERTIFIED,
        count("lost", "lost mentions of each backend to show; --json: of each row", default=3),
        RESAMPLES,
        *task_flags(),
        *_run_flags(),
        *output("an object for each row, the certificate, and who could not be asked"),
    )


def run(args: argparse.Namespace) -> int:
    from harness.cli.printer import note
    from harness.decide.stress.families import strays_of, unanswered
    from harness.results.certificate import read_certificate
    from harness.results.load import read_run

    _check(args)
    if args.stored:
        record, folder = read_run(args.out)
        for one in unanswered(record):
            note(f"{one.backend} on {one.gold} ({one.task}): {one.status}: {one.reason}")
        for name in strays_of(record.gold, folder):
            note(f"{name} is not told of: the run has no original of it, run that beside")
        _print(args, record, folder, read_certificate(folder, record))
        return 0
    record, trials = _run(args)
    if record.status == "error":
        reasons = dict.fromkeys(f"{one.backend}: {one.reason}" for one in record.results)
        raise NothingMeasured(f"no backend answered: {'; '.join(reasons)}")
    _print(args, record, Path(args.out), trials)
    return 0


def _check(args: argparse.Namespace) -> None:
    """Raise `UsageError` for options that contradict each other."""
    if args.certificate and args.no_certificate:
        raise UsageError("--certificate and --no-certificate contradict each other")
    if not args.stored:
        if not args.backend:
            raise UsageError("name a backend to ask, or say --stored to print what --out has")
        if not args.gold:
            raise UsageError("name a gold set to perturb: --gold NAME_OR_PATH")
        return
    said = ["a backend"] if args.backend else []
    said += [f"--{one.name.replace('_', '-')}" for one in _asking_flags() if _is_said(args, one)]
    if said:
        raise UsageError(f"--stored asks nobody and counts nothing: leave out {', '.join(said)}")


def _run(args: argparse.Namespace) -> tuple[RunRecord, Sequence[Trial] | None]:
    from harness.gold.loading import load_goldset
    from harness.labels.schema import load_schema
    from harness.results.certificate import write_certificate
    from harness.run.progress import Progress
    from harness.run.stress import applied_from, stress_run

    options = build(
        RunOptions,
        {**vars(args), **_ONCE},
        tasks=(args.task,) if args.task else None,
        counting={flag.name: getattr(args, flag.name) for flag in task_flags()},
        cache=chosen_cache(args),
        command=tuple(args.command),
    )
    applied = applied_from(args.perturb)
    goldsets = [load_goldset(name) for name in args.gold]
    for goldset in goldsets if args.schema else ():
        load_schema(args.schema, goldset.schema_folders)
    progress = Progress(quiet=args.quiet)
    record = stress_run(
        args.backend, goldsets, applied, options, progress, perturb_seed=args.perturb_seed
    )
    trials = _certified(args, record, goldsets, options, progress)
    write_certificate(Path(args.out), record, trials)
    return record, trials


def _certified(
    args: argparse.Namespace,
    record: RunRecord,
    goldsets: Sequence[GoldSet],
    options: RunOptions,
    progress: Progress,
) -> list[Trial] | None:
    from harness.run.certificate import certify, is_small

    if args.no_certificate:
        return None
    chosen = [one for one in goldsets if args.certificate or is_small(one)]
    trials = []
    for gold in chosen:
        for spec in args.backend:
            for result in record.results:
                if (result.backend, result.gold) == (spec.row, gold.name) and result.answered:
                    trials += certify(spec, gold, result.task, options, progress)
    return trials if chosen else None


def _print(
    args: argparse.Namespace, record: RunRecord, folder: Path, trials: Sequence[Trial] | None
) -> None:
    from harness.cli.printer import note, print_json, print_sections
    from harness.decide.stress.families import unanswered
    from harness.decide.stress.stress import stresses
    from harness.report.sections import Section
    from harness.report.stress import (
        certificate_lines,
        certificate_tables,
        lost_lines,
        stress_tables,
    )
    from harness.results.finder import GoldFinder

    finder = GoldFinder(args.gold if args.stored else ())

    def wanted(one: Stress | Result) -> bool:
        return finder.wants(one.gold) and args.task in (None, one.task)

    found = [*filter(wanted, stresses(record, folder, finder, resamples=args.resamples))]
    if not found:
        raise NothingMeasured(f"{folder} has nothing perturbed that was asked for")
    if args.json:
        rows = [row for one in found for row in one.to_json(lost=args.lost)]
        left_out = [
            {name: getattr(one, name) for name in ("backend", "gold", "task", "status", "reason")}
            for one in filter(wanted, unanswered(record))
        ]
        print_json({"stress": rows, "certificate": trials, "left_out": left_out})
        return
    lines = [line for one in found for line in lost_lines(one, args.lost)]
    sections = [Section(stress_tables(found), lines)]
    if trials:
        sections.append(Section(certificate_tables(trials), certificate_lines(trials)))
    print_sections(sections, args.format, args.columns)
    if trials is None:
        note(
            "no certificate of stable answers was made: "
            + ("--no-certificate" if args.no_certificate else "--certificate makes one")
        )
