"""`harness convert`: annotations from one format into another."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from harness.annotation import Record
from harness.errors import UsageError
from harness.formats.registry import (
    FORMATS,
    Format,
    for_output,
    format_named,
    guess,
    read_any,
    write_any,
)
from harness.formats.tags import REPAIRS, SCHEMES
from harness.gold.card import CARD
from harness.gold.goldset import load_goldset

EPILOG = """\
The input's format is told by its content, the output's by its ending; --from and --to override.
What the target cannot hold is counted on stderr. Nothing is written unless all of it is.

examples:
  harness convert eng.train train.jsonl --repair conlleval
  harness convert PolNeAR/data/dev dev.jsonl
  harness convert goldsets/seeds seeds.spacy
  harness convert export.json gold --to brat --offsets utf16
  harness convert --formats
"""

_OPTIONS = (
    "annotator", "layer", "offsets", "online", "repair", "scheme", "spans_key", "split",
    "tag_column", "tokens",
)  # fmt: skip


def configure(parser: argparse.ArgumentParser) -> None:
    names = ", ".join(FORMATS)
    parser.add_argument("source", nargs="?", metavar="IN", help="file, folder, gold set, hf:ID")
    parser.add_argument(
        "target", nargs="?", metavar="OUT", help="file, or folder that is not there"
    )
    parser.add_argument("--from", dest="source_format", metavar="FORMAT", help=names)
    parser.add_argument(
        "--to", dest="target_format", metavar="FORMAT", help="the same, if writable"
    )
    parser.add_argument("--formats", action="store_true", help="list the formats")
    parser.add_argument("--json", action="store_true", help="the counts, for machines")
    options = parser.add_argument_group("options of some formats")
    options.add_argument("--repair", choices=REPAIRS, help="faulty tag sequences; default: strict")
    options.add_argument("--scheme", choices=SCHEMES, help="tag scheme; guessed when reading")
    options.add_argument("--tag-column", metavar="COLUMN", help="conll: number; datasets: name")
    options.add_argument("--tokens", choices=("auto", "space", "words"), help="when writing tags")
    options.add_argument(
        "--offsets", choices=("codepoint", "utf16"), help="unit of a tool's offsets"
    )
    options.add_argument("--layer", choices=("annotations", "predictions"), help="labelstudio")
    options.add_argument("--annotator", metavar="NAME", help="polnear: this one's labels")
    options.add_argument("--split", metavar="NAME", help="datasets")
    options.add_argument("--spans-key", metavar="KEY", help="docbin: span group to read")
    options.add_argument(
        "--online", action="store_true", default=None, help="datasets: allow a download"
    )


def run(args: argparse.Namespace) -> int:
    if args.formats:
        _list_formats(as_json=args.json)
        return 0
    if args.source is None or args.target is None:
        raise UsageError("expected IN and OUT; see: harness convert --help")
    target = (
        for_output(args.target) if args.target_format is None else format_named(args.target_format)
    )
    if not target.writes:
        raise UsageError(f"format {target.name} can be read, not written")
    given = {name: getattr(args, name) for name in _OPTIONS if getattr(args, name) is not None}
    lost_reading: Counter[str] = Counter()
    lost_writing: Counter[str] = Counter()
    count: Counter[str] = Counter()
    name, records = _source(args, given, target, lost_reading)
    options = {key: value for key, value in given.items() if key in target.write_options}
    write_any(args.target, _counted(records, count), target.name, report=lost_writing, **options)
    if args.json:
        out = {
            "from": name,
            "to": target.name,
            **{key: count[key] for key in ("documents", "entities", "attributions")},
            "lost_reading": dict(lost_reading),
            "lost_writing": dict(lost_writing),
        }
        print(json.dumps(out, ensure_ascii=False, indent=2))
        return 0
    for where, lost in ((name, lost_reading), (target.name, lost_writing)):
        for message, number in sorted(lost.items()):
            print(f"{where}: {number} {message}", file=sys.stderr)
    if lost_writing:
        print(f"{target.name} holds: {target.holds}", file=sys.stderr)
    shown = ", ".join(f"{count[key]} {key}" for key in ("documents", "entities", "attributions"))
    print(f"{args.target}: {shown} ({name} -> {target.name})")
    return 0


def _source(
    args: argparse.Namespace, given: dict[str, Any], target: Format, lost: Counter[str]
) -> tuple[str, Iterable[Record]]:
    path = Path(args.source)
    is_set = (path / CARD).is_file() or path.name == CARD
    if args.source_format is None and (is_set or not (path.exists() or _is_hub(args.source))):
        goldset = load_goldset(args.source)
        _refuse(given, target.write_options, "a gold set", target)
        return "goldset", goldset.records()
    if args.source_format is None:
        chosen = guess(args.source)
    else:
        chosen = format_named(args.source_format)
    _refuse(given, (*chosen.options, *target.write_options), chosen.name, target)
    options = {key: value for key, value in given.items() if key in chosen.options}
    return chosen.name, read_any(args.source, chosen.name, report=lost, **options)


def _is_hub(source: str) -> bool:
    return source.startswith("hf:")


def _refuse(given: dict[str, Any], known: tuple[str, ...], source: str, target: Format) -> None:
    for name in given:
        if name not in known:
            option = "--" + name.replace("_", "-")
            raise UsageError(f"{option} means nothing from {source} to {target.name}")


def _counted(records: Iterable[Record], count: Counter[str]) -> Iterator[Record]:
    for record in records:
        count["documents"] += 1
        count["entities"] += len(record.annotations.entities or ())
        count["attributions"] += len(record.annotations.attributions or ())
        yield record


def _list_formats(*, as_json: bool) -> None:
    rows = [
        {
            "format": item.name,
            "read": item.reads,
            "write": item.writes,
            "holds": item.holds if item.writes else "",
            "what": item.summary,
        }
        for item in FORMATS.values()
    ]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    from tabulate import tabulate

    shown = [row | {key: "yes" if row[key] else "no" for key in ("read", "write")} for row in rows]
    print(tabulate(shown, headers="keys", tablefmt="simple"))
