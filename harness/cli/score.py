"""`harness score`: two files in, a table out; no backend needed."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.annotation import printable
from harness.cli.common import TASK, add_flags, counting, output
from harness.errors import InputError, UsageError

if TYPE_CHECKING:
    from harness.annotation import Record
    from harness.results.scored import Counted

EPILOG = """\
Labels are compared as they are spelled; --schema NAME projects both sides onto that schema first.
Offsets are Unicode code points, half-open. A gold document without predictions counts as
all-missed and is listed; a predicted document that the gold does not have is an error.

example:
  harness score --gold seeds --pred results/predictions/seeds/ner/gazetteer.jsonl --task ner
"""

SCORERS = ("seqeval", "conlleval", "nervaluate", "spacy")


def configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--gold", required=True, metavar="PATH", help="gold set, folder or file of annotations")
    add(
        "--pred",
        required=True,
        metavar="FILE",
        help="predictions, in any format that convert reads",
    )
    add_flags(parser, replace(TASK, required=True, help=""), *counting())
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
    from harness.formats.registry import read_any
    from harness.gold.goldset import load_goldset
    from harness.results.pairs import checked, renamed
    from harness.results.scored import count_records
    from harness.tasks.ner.count import NerOptions

    if args.task == "attribution" and (args.match != "strict" or args.boundary != "raw"):
        raise UsageError(
            "--match and --boundary are for entities; attribution prints all its modes"
        )
    if args.scorer and args.task != "ner":
        raise UsageError(f"--as {args.scorer} scores entities only")
    if args.strict_labels and (args.scorer or args.task != "ner"):
        raise UsageError("--strict-labels is for entities, and not for --as")
    goldset = load_goldset(args.gold)
    gold = goldset.read_all()
    predicted = renamed(gold, list(read_any(Path(args.pred))), path=args.pred)
    if args.scorer:
        return _print_as(args, gold, predicted)
    try:
        counted = count_records(
            goldset,
            predicted,
            task=args.task,
            options=NerOptions(match=args.match, boundary=args.boundary),
            schema=args.schema,
            strict_labels=args.strict_labels,
            gold=gold,
        )
        checked(args.pred, gold, predicted)
    except InputError as error:
        # Records do not know their file; whoever set them against each other does.
        hint = _explained(error.hint, args, gold, predicted)
        raise type(error)(
            error.message, path=error.path or args.pred, line=error.line, hint=hint
        ) from None
    signature = str(counted.signature)
    body: dict[str, Any] = {
        "signature": signature,
        "task": args.task,
        **counted.score.to_json(),
    }
    findings = _diagnose(args, gold, predicted, body)
    _warn(counted)
    if args.json:
        extra = {
            "documents": len(counted.pairs),
            "missing_documents": list(counted.missing),
            "failed_documents": [{"id": id_, "error": error} for id_, error in counted.failed],
            "unknown_labels": {side: dict(n) for side, n in counted.unknown_labels.items()},
            "not_scored": dict(counted.not_scored),
            "f1_with_all": counted.f1_with_all,
            "assumed": [*counted.terms.gold_assumed, *counted.terms.assumed],
            "findings": findings,
        }
        print(json.dumps({**body, **extra}, ensure_ascii=False, indent=2))
        return 0
    print(_tables(args, body, (signature, *_notes(counted))))
    # What a program reads has to stay JSON or CSV.
    stream = sys.stdout if args.format in ("simple", "github") else sys.stderr
    for finding in findings:
        seen = "".join(f"\n  {line}" for line in finding["evidence"])
        print(f"\n{finding['message']}{seen}\n  -> {finding['mend']}", file=stream)
    return 0


def _tables(args: argparse.Namespace, body: dict[str, Any], notes: tuple[str, ...]) -> str:
    from harness.report.scores import attribution_table, confusion_table, error_table, ner_table
    from harness.report.tables import render

    title = f"{Path(args.pred).name} against {Path(args.gold).name}"
    if args.task == "attribution":
        return render([attribution_table(title, body, notes=notes)], args.format)
    tables = [ner_table(title, body, notes=notes)]
    if args.confusion:
        tables += [error_table("Error classes", body), confusion_table("Confusion", body)]
    return render(tables, args.format)


def _notes(counted: Counted) -> list[str]:
    """What was assumed, and what does not count: a line each under the table."""
    from harness.results.terms import not_scored

    notes = [*counted.terms.gold_assumed, *counted.terms.assumed]
    if counted.not_scored:
        notes.append(not_scored(counted.not_scored, counted.f1_with_all))
    return notes


def _diagnose(
    args: argparse.Namespace, gold: list[Record], predicted: list[Record], body: dict[str, Any]
) -> list[dict[str, Any]]:
    """The why-zero doctor: asked for, or called in when the score is suspiciously low."""
    from harness.doctor.diagnose import SUSPICIOUS_F1, diagnose

    block = body["micro"] if args.task == "ner" else body["relations"]["found50"]
    low = block["support"] > 0 and (block["f1"] or 0.0) < SUSPICIOUS_F1
    if not (args.doctor or low):
        return []
    return [asdict(finding) for finding in diagnose(gold, predicted, args.task)]


def _explained(
    hint: str | None, args: argparse.Namespace, gold: list[Record], predicted: list[Record]
) -> str | None:
    """The hint of an error, with what the doctor finds: offsets in other units overshoot texts."""
    from harness.doctor.diagnose import diagnose

    findings = [str(finding) for finding in diagnose(gold, predicted, args.task)]
    lines = [line for part in (hint, *findings) if part for line in part.splitlines()]
    return "\n  ".join(lines) or None


def _print_as(args: argparse.Namespace, gold: list[Record], predicted: list[Record]) -> int:
    from harness.interop.ask import as_scorer

    result = as_scorer(args.scorer, gold, predicted)
    if args.json:
        print(json.dumps(result.to_json(), ensure_ascii=False, indent=2))
    else:
        print(json.dumps(result.scores, ensure_ascii=False, indent=2))
        print(f"\n{result.explanation}")
    return 0


def _warn(counted: Counted) -> None:
    """What the reader of the numbers must know, on stderr."""
    notes = list(counted.score.to_json().get("warnings", []))
    if counted.missing:
        notes.append(_listed("gold document(s) have no predictions", counted.missing))
    if counted.failed:
        notes.append(
            _listed("document(s) failed", [f"{id_} ({why})" for id_, why in counted.failed])
        )
    for side, counts in counted.unknown_labels.items():
        labels = ", ".join(f"{label} ({count})" for label, count in counts.items())
        notes.append(f"labels in the {side} that the schema does not have: {labels}")
    for note in notes:
        print(f"harness: warning: {printable(note)}", file=sys.stderr)


def _listed(what: str, names: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{len(names)} {what}, counted as all-missed: {', '.join(names[:5])}{more}"
