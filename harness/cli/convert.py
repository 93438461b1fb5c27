"""`harness convert`: annotations from one format into another."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, get_args

from harness.annotation import Record
from harness.cli.common import add_flags, output
from harness.cli.printer import note, print_json, print_lines, print_tables
from harness.errors import UsageError
from harness.formats.files import MOST_UNPACKED, is_there
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
from harness.formats.tokens import Tokens
from harness.gold.goldset import load_goldset
from harness.options import Flag
from harness.paths import CARD
from harness.table import Table
from harness.tasks.registry import layer_names

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

_option = partial(Flag, group="options of some formats")
# By the names that readers and writers know them under.
_OPTIONS = (
    _option("faulty tag sequences; default: strict", name="repair", choices=REPAIRS),
    _option("tag scheme; guessed when reading", name="scheme", choices=SCHEMES),
    _option("conll: number; datasets: name", name="tag_column", metavar="COLUMN"),
    _option("when writing tags", name="tokens", choices=get_args(Tokens)),
    _option("unit of a tool's offsets", name="offsets", choices=("codepoint", "utf16")),
    _option("labelstudio", name="layer", choices=("annotations", "predictions")),
    _option("polnear: this one's labels", name="annotator", metavar="NAME"),
    _option("datasets", name="split", metavar="NAME"),
    _option("docbin: span group to read", name="spans_key", metavar="KEY"),
    _option(
        f"docbin, datasets: what a file may unpack to; default: {MOST_UNPACKED}",
        name="most_unpacked",
        kind=int,
        metavar="MIB",
        least=1,
        most=1_000_000,
    ),
    _option("datasets: allow a download", name="online", kind=bool),
)


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
    add_flags(parser, *output("the counts, for machines", tables=False), *_OPTIONS)


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
    said = {flag.name: getattr(args, flag.name) for flag in _OPTIONS}
    given = {name: value for name, value in said.items() if value not in (None, False)}
    lost_reading: Counter[str] = Counter()
    lost_writing: Counter[str] = Counter()
    count: Counter[str] = Counter()
    name, records = _source(args, given, target, lost_reading)
    options = {key: value for key, value in given.items() if key in target.write_options}
    write_any(args.target, _counted(records, count), target.name, losses=lost_writing, **options)
    if args.json:
        out = {
            "from": name,
            "to": target.name,
            **{key: count[key] for key in ("documents", *layer_names())},
            "lost_reading": dict(lost_reading),
            "lost_writing": dict(lost_writing),
        }
        print_json(out)
        return 0
    for where, lost in ((name, lost_reading), (target.name, lost_writing)):
        for message, number in sorted(lost.items()):
            note(f"{where}: {number} {message}")
    if lost_writing:
        note(f"{target.name} holds: {target.holds}")
    shown = ", ".join(f"{count[key]} {key}" for key in ("documents", *layer_names()))
    print_lines([f"{args.target}: {shown} ({name} -> {target.name})"])
    return 0


def _source(
    args: argparse.Namespace, given: dict[str, Any], target: Format, lost: Counter[str]
) -> tuple[str, Iterable[Record]]:
    path = Path(args.source)
    there = is_there(path) or _is_hub(args.source)
    is_set = path.name == CARD or (there and (path / CARD).is_file())
    if args.source_format is None and (is_set or not there):
        goldset = load_goldset(args.source)
        _refuse(given, target.write_options, "a gold set", target)
        return "goldset", goldset.records()
    if args.source_format is None:
        chosen = guess(args.source)
    else:
        chosen = format_named(args.source_format)
    _refuse(given, (*chosen.options, *target.write_options), chosen.name, target)
    options = {key: value for key, value in given.items() if key in chosen.options}
    return chosen.name, read_any(args.source, chosen.name, losses=lost, **options)


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
        for layer in layer_names():
            count[layer] += len(record.annotations.layer(layer) or ())
        yield record


def _list_formats(*, as_json: bool) -> None:
    rows = [
        {
            "format": item.name,
            "read": True,
            "write": item.writes,
            "holds": item.holds if item.writes else "",
            "what": item.summary,
        }
        for item in FORMATS.values()
    ]
    if as_json:
        print_json(rows)
        return
    shown = [row | {key: "yes" if row[key] else "no" for key in ("read", "write")} for row in rows]
    cells = tuple(tuple(map(str, row.values())) for row in shown)
    print_tables([Table("Formats", tuple(shown[0]), cells)], "simple")
