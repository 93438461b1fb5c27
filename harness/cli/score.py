"""`harness score`: two files in, a table out; no backend needed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.annotation import Record
from harness.cli.common import TASK, add_flags, is_for_people, output
from harness.cli.printer import note, print_json, print_lines, print_tables
from harness.cli.score_as import print_as, refuse
from harness.errors import InputError, UsageError
from harness.formats.losses import lost
from harness.formats.source import Source
from harness.formats.urls import is_url, last_name
from harness.interop.ask import SCORERS
from harness.options import flags_of, from_flags
from harness.run.options import task_flags
from harness.table import listed, tallied

if TYPE_CHECKING:
    from harness.gold.goldset import GoldSet
    from harness.results.scored import Scored

EPILOG = """\
Labels are compared as they are spelled; --schema NAME projects both sides onto that schema first.
Offsets are Unicode code points, half-open. A gold document without predictions counts as
all-missed and is listed; a predicted document that the gold does not have is an error.

SOURCE is a path, and perhaps how it is read (PATH?option=value); compressed, many files as one
('parts/*.jsonl.gz', in quotes), or a URL (s3://bucket/gold.jsonl.zst). See docs/formats.md.

example:
  harness score --gold seeds --pred results/predictions/seeds/ner/gazetteer.jsonl --task ner
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--gold", required=True, metavar="SOURCE", help="gold set, folder or file of annotations")
    add(
        "--pred",
        required=True,
        metavar="SOURCE",
        help="predictions, in any format that `harness formats` lists",
    )
    add_flags(parser, replace(TASK, required=True, help=""), *task_flags())
    add("--schema", metavar="NAME", help="project gold and predictions onto this label schema")
    add(
        "--strict-labels",
        action="store_true",
        help="a predicted label that --schema (without it: the gold and its schema) lacks is an "
        "error",
    )
    add("--as", dest="scorer", choices=SCORERS, help="what that scorer would say, and why")
    add("--doctor", action="store_true", help="look for a cause of a low score, whatever the score")
    add("--confusion", action="store_true", help="print the confusion matrix and error classes too")
    add_flags(parser, *output("the whole score, for machines"))


def run(args: argparse.Namespace) -> int:
    from harness.gold.loading import load_goldset
    from harness.results.load import from_file
    from harness.results.settle import not_scored
    from harness.tasks.registry import task_named

    task = task_named(args.task)
    options = from_flags(task.options, vars(args), *task.signed)
    own = {flag.name for flag in flags_of(task.options, *task.signed)}
    for flag in task_flags():
        if flag.name not in own and getattr(args, flag.name) != flag.default:
            raise UsageError(f"--{flag.name} is not for {task.title}, which have no such option")
    if args.scorer:
        refuse(args, configure, labelled=task.labelled)
    if args.strict_labels and not task.labelled:
        raise UsageError("--strict-labels is for entities")
    goldset = load_goldset(args.gold)
    try:
        scored = from_file(
            args.pred,
            goldset,
            args.task,
            options,
            schema=args.schema,
            strict_labels=args.strict_labels,
        )
    except InputError as error:
        raise error.of(None, hint=_explained(error.hint, args, goldset)) from None
    if args.scorer:
        _warn(scored)
        return print_as(args.scorer, scored, as_json=args.json)
    findings = _diagnose(args, scored)
    _warn(scored)
    assert scored.count is not None
    if args.json:
        unknown = {"gold": scored.count.unknown_gold, "predictions": scored.caveats.unknown_labels}
        extra = {
            "documents": len(scored.documents),
            "missing_documents": list(scored.missing),
            "failed_documents": [{"id": id_, "error": error} for id_, error in scored.failed],
            "unknown_labels": {side: dict(n) for side, n in unknown.items() if n},
            "not_scored": dict(scored.caveats.not_scored),
            "f1_with_all": scored.caveats.f1_with_all,
            "assumed": list(scored.assumptions),
            "losses": {side: dict(lost) for side, lost in scored.losses.items()},
            "sources": dict(scored.sources),
            "findings": findings,
        }
        print_json({**scored.to_json(), **extra})
        return 0
    read = [f"{side} read as {how}" for side, how in scored.sources.items() if "scheme=" in how]
    notes = [str(scored.signature), *read, *scored.assumptions]
    if scored.caveats.not_scored:
        notes.append(not_scored(scored.caveats.not_scored, scored.caveats.f1_with_all))
    title = " against ".join(_file_name(said) for said in (args.pred, args.gold))
    tables = list(task.tables(title, scored.score.to_json(), tuple(notes)))
    print_tables(tables if args.confusion else tables[:1], args.format, args.columns)
    # What a program reads has to stay JSON or CSV.
    stream = sys.stdout if is_for_people(args) else sys.stderr
    for finding in findings:
        seen = [f"  {line}" for line in finding["evidence"]]
        lines = [finding["message"], *seen, f"  -> {finding['mend']}"]
        print_lines(["", *lines], args.format, stream=stream)
    return 0


def _file_name(said: str) -> str:
    source = Source.parse(said)
    path = source.path
    name = last_name(path) if is_url(path) else Path(path).name
    return str(replace(source, path=name or path))


def _diagnose(args: argparse.Namespace, scored: Scored) -> list[dict[str, Any]]:
    """The why-zero doctor: asked for, or called in when the score is suspiciously low."""
    from harness.doctor.diagnose import diagnose, suspicious

    headline = scored.headline
    if not (args.doctor or (headline.support and suspicious(headline.f1 or 0.0))):
        return []
    gold = [pair.gold for pair in scored.documents]
    predicted = [
        Record(pair.gold.id, None, pair.predicted, error=pair.error)
        for pair in scored.documents
        if not pair.missing
    ]
    return [asdict(finding) for finding in diagnose(gold, predicted, args.task)]


def _explained(hint: str | None, args: argparse.Namespace, goldset: GoldSet) -> str | None:
    """The hint of an error, with what the doctor finds: offsets in other units overshoot texts."""
    from harness.doctor.diagnose import diagnose
    from harness.errors import HarnessError
    from harness.formats.opening import read_any
    from harness.results.pairs import renamed

    try:
        gold = goldset.read_all()
        predicted = renamed(gold, list(read_any(args.pred)), path=args.pred)
    except HarnessError:
        return hint
    findings = [str(finding) for finding in diagnose(gold, predicted, args.task)]
    lines = [line for part in (hint, *findings) if part for line in part.splitlines()]
    return "\n  ".join(lines) or None


def _warn(scored: Scored) -> None:
    """What the reader of the numbers must know, on stderr."""
    assert scored.count is not None
    notes = list(scored.score.warnings)
    notes += [line for side, lines in scored.losses.items() for line in lost(side, lines)]
    if scored.missing:
        notes.append(_missed("gold document(s) have no predictions", scored.missing))
    if scored.failed:
        failed = [f"{id_} ({why})" for id_, why in scored.failed]
        notes.append(_missed("document(s) failed", failed))
    unknown = (("gold", scored.count.unknown_gold), ("predictions", scored.caveats.unknown_labels))
    for side, counts in unknown:
        if counts:
            notes.append(f"labels in the {side} that the schema does not have: {tallied(counts)}")
    for text in notes:
        note(f"warning: {text}")


def _missed(what: str, names: Sequence[str]) -> str:
    return f"{len(names)} {what}, counted as all-missed: {listed(names, 5)}"
