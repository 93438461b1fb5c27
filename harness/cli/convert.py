"""`harness convert`: annotations from one format into another."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from harness.annotation import Record
from harness.cli.common import add_flags, output
from harness.cli.formats import print_formats
from harness.cli.printer import note, print_json, print_lines
from harness.errors import InputError, UsageError
from harness.formats.files import is_there
from harness.formats.losses import Losses, lost
from harness.formats.opening import open_source
from harness.formats.reader import Reader
from harness.formats.registry import FORMATS, Format, format_named
from harness.formats.source import Source, files_like, is_glob, is_remote, leads_to_files
from harness.formats.writing import for_output, write_any
from harness.gold.goldset import GoldSet
from harness.gold.loading import load_goldset
from harness.options import Flag
from harness.paths import CARD
from harness.tasks.registry import layer_names

EPILOG = """\
IN is a source: a path, and perhaps how it is to be read, PATH?option=value&...; several become one.
The input's format is told by its content, the output's by its ending; --from and --to override, as
do the options below for a single file. `harness formats` lists the formats and their options. What
the target cannot hold is counted on stderr. Nothing is written unless all of it is.

examples:
  harness convert eng.train train.jsonl --repair conlleval
  harness convert 'a.conll?tag-column=2' 'b.conll?scheme=IOB1' both.jsonl
  harness convert PolNeAR/data/dev dev.jsonl
  harness convert goldsets/seeds seeds.spacy
  harness convert export.json gold --to brat --offsets utf16
"""

_GROUP = "options of some formats"


def _flags() -> tuple[Flag, ...]:
    """The options of every format, each name once; those that two formats explain differently or
    give other choices are explained by the first."""
    every: dict[str, Flag] = {}
    for item in FORMATS.values():
        for flag in (*item.options, *item.write_options):
            every.setdefault(flag.name, replace(flag, default=None, group=_GROUP))
    return tuple(every[name] for name in sorted(every))


def configure(parser: argparse.ArgumentParser) -> None:
    names = ", ".join(FORMATS)
    parser.add_argument(
        "path", nargs="*", metavar="IN ... OUT", help="sources, and a file or folder to write"
    )
    parser.add_argument("--from", dest="source_format", metavar="FORMAT", help=names)
    parser.add_argument(
        "--to", dest="target_format", metavar="FORMAT", help="the same, if writable"
    )
    parser.add_argument("--formats", action="store_true", help="list the formats")
    add_flags(parser, *output("the counts, for machines", tables=False), *_flags())


class _Input(NamedTuple):
    """Where records come from: what it is called, and how it is read."""

    format: str
    read: Callable[[Losses], Iterator[Record]]
    name: str
    reader: Reader | None = None


def _paths(sources: Iterable[str]) -> Iterator[Path]:
    """The files and folders of this machine that are read."""
    for path in (Source.parse(source).path for source in sources):
        if is_glob(path) and not is_there(path):
            yield from map(Path, files_like(path))
        elif not is_remote(path):
            yield Path(path)


def run(args: argparse.Namespace) -> int:
    if args.formats:
        print_formats(as_json=args.json)
        return 0
    if len(args.path) < 2:
        raise UsageError("expected IN and OUT; see: harness convert --help")
    *sources, out = args.path
    target = for_output(out) if args.target_format is None else format_named(args.target_format)
    if not target.writes:
        raise UsageError(f"format {target.name} can be read, not written")
    said = {flag.name: getattr(args, flag.name) for flag in _flags()}
    given = {name: value for name, value in said.items() if value not in (None, False)}
    if len(sources) > 1 and given.keys() - {flag.name for flag in target.write_options}:
        raise UsageError(
            "options of reading are of one file: with several, say them as PATH?option"
        )
    if is_there(out) and any(one.exists() and one.samefile(out) for one in _paths(sources)):
        raise UsageError(f"{out} is what is read, and would be written over: name another file")
    inputs = [_input(source, args.source_format, given, target) for source in sources]
    lost_reading, lost_writing = Losses(), Losses()
    count: Counter[str] = Counter()
    written = {flag.name for flag in target.write_options}
    options = {key: value for key, value in given.items() if key in written}
    records = _counted(_joined(inputs, lost_reading), count)
    write_any(out, records, target.name, losses=lost_writing, **options)
    name = " + ".join(dict.fromkeys(one.format for one in inputs))
    if args.json:
        counts = {
            "from": name,
            "to": target.name,
            **{key: count[key] for key in ("documents", *layer_names())},
            "lost_reading": dict(lost_reading),
            "lost_writing": dict(lost_writing),
        }
        print_json(counts)
        return 0
    for one in inputs:
        if one.reader is not None and one.reader.decided:
            note(f"{one.format}: read as {one.reader.settled}")
    for where, losses in ((name, lost_reading), (target.name, lost_writing)):
        for line in lost(where, losses):
            note(line)
    if lost_writing:
        note(f"{target.name} holds: {target.holds}")
    shown = ", ".join(f"{count[key]} {key}" for key in ("documents", *layer_names()))
    print_lines([f"{out}: {shown} ({name} -> {target.name})"])
    return 0


def _joined(inputs: list[_Input], losses: Losses) -> Iterator[Record]:
    """The records of several inputs; a number in place of an id is given the input's name."""
    seen: dict[str, str] = {}
    for one in inputs:
        for record in one.read(losses):
            if len(inputs) > 1 and record.id in seen:
                raise InputError(
                    f"document id {record.id!r} comes a second time (first in {seen[record.id]})",
                    path=one.name,
                    hint="ids have to differ: convert one of the two by itself",
                )
            seen[record.id] = one.name
            yield record


def _input(said: str, source_format: str | None, given: dict[str, Any], target: Format) -> _Input:
    source = Source.parse(said)
    said = str(source)
    if source_format is None and "format" not in source.options and not is_remote(source.path):
        goldset = _gold_set(source, Path(source.path))
        if goldset is not None:
            _refuse(given, target.write_options, "a gold set", target)
            return _Input("goldset", goldset.read, said)
    reader = open_source(
        source, source_format, **_for_reading(source, source_format, given, target)
    )
    return _Input(reader.format.name, reader.records, said, reader)


def _gold_set(source: Source, path: Path) -> GoldSet | None:
    """The gold set that a source names; `None` for any other file or folder."""
    there = leads_to_files(source.path)
    if path.name == CARD or (there and (path / CARD).is_file()) or not there:
        return load_goldset(source)
    return None


def _for_reading(
    source: Source, source_format: str | None, given: dict[str, Any], target: Format
) -> dict[str, Any]:
    """The options that are the reader's."""
    reader: Reader = open_source(source, source_format)
    _refuse(given, (*reader.format.options, *target.write_options), reader.format.name, target)
    known = {flag.name for flag in reader.format.options}
    return {key: value for key, value in given.items() if key in known}


def _refuse(given: dict[str, Any], flags: Iterable[Flag], source: str, target: Format) -> None:
    known = {flag.name for flag in flags}
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
