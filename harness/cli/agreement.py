"""`harness agreement`: how far annotators agree, and every place where they do not."""

from __future__ import annotations

import argparse

from harness.cli.common import TASK, add_flags, count, is_for_people, output
from harness.cli.printer import note, print_json, print_lines, print_tables
from harness.curation.agreement.agreement import Agreement, agreement
from harness.curation.agreement.annotators import load_annotators
from harness.table import Cell, Table, number
from harness.tasks.registry import task_named

EPILOG = """\
F1 of each annotator against each other, as plain means over the pairs; no model is needed.
Krippendorff's alpha is over tokens in the categories source, cue, content and none.

examples:
  harness agreement goldsets/seeds/annotators/a goldsets/seeds/annotators/b
  harness agreement labelled_by_all.jsonl --task attribution --limit 0
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path",
        nargs="+",
        help="one path an annotator (a file or a folder of .ann), or a file of JSON lines that "
        "names its annotators, or a gold set that has several",
    )
    parser.add_argument(
        "--gold",
        metavar="SET",
        help="where the texts are, for folders of .ann alone: a gold set, or a folder of .txt",
    )
    listed = count("limit", "list N disagreements at most; default: all")
    add_flags(parser, TASK, listed, *output("everything, for machines"))


def run(args: argparse.Namespace) -> int:
    tasks = (args.task,) if args.task else None
    result = agreement(
        load_annotators(args.path, gold=args.gold), tasks=tasks, disagreements=args.limit != 0
    )
    if args.json:
        out = result.to_json()
        out["disagreements"] = out["disagreements"][: args.limit]
        print_json(out)
        return 0
    print_tables([table(result, task) for task in result.shared], args.format, args.columns)
    if is_for_people(args):
        _list(result, args.limit, args.format)
    return 0


def table(result: Agreement, task: str) -> Table:
    """A row a figure: mean over the pairs of annotators, the lowest and the highest pair."""
    several = len(result.annotators) > 2
    rows: list[tuple[Cell, ...]] = []
    for name, spread in result.figures(task).items():
        row: tuple[Cell, ...] = (" ".join(name), number(spread.mean))
        if several:
            row += (number(spread.lowest), number(spread.highest), spread.pairs)
        rows.append(row)
    headers = ("F1", "mean", "lowest", "highest", "pairs") if several else ("", "F1")
    notes = [f"annotators: {', '.join(result.annotators)}; documents: {result.shared[task]}"]
    if task in result.alphas:
        alpha, tokens = result.alphas[task]
        notes.append(f"Krippendorff's alpha: {number(alpha)} over {tokens} tokens")
    if ("kind",) in result.figures(task):
        notes.append("kind: share of the relations found by both that both give the same kind")
    if result.alone[task]:
        notes.append(f"labelled by one only, left out: {', '.join(result.alone[task])}")
    title = f"{task_named(task).title.capitalize()}: agreement"
    return Table(title, headers, tuple(rows), tuple(notes))


def _list(result: Agreement, limit: int | None, form: str) -> None:
    items = result.disagreements[:limit]
    for item in items:
        print_lines(["", *item.lines()], form)
    if len(items) < len(result.disagreements):
        left = len(result.disagreements) - len(items)
        note(f"{left} more disagreements not listed (--limit {limit})")
